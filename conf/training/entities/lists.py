#!/usr/bin/env python3
"""Makes the word lists of the entity tagger from what silver.py labelled.

  lists.py WORDS.jsonl WORDS.txt CHARACTERS.txt

Words of 2 to 8 ideographs, met three times or more: the mark they have most often, with a `-` behind it when that is less than four of five times; then names, places,
organisations and proper nouns of jieba's dictionary that were not met, marked J and the dictionary's mark. Characters: k-means (96 groups, cosine, weighted by
the root of their frequency) over the network's character vectors. Needs jieba 0.42.1 and numpy.
"""
import collections
import json
import os
import sys

import jieba
import numpy as np

import silver

GROUPS, TIMES, ROUNDS = 96, 3, 40


def is_word(word):
    return 2 <= len(word) <= 8 and all('\u4e00' <= c <= '\u9fff' or c == '·' for c in word)


def count(path):
    counts = collections.defaultdict(collections.Counter)
    for line in open(path, encoding='utf8'):
        for word, mark in json.loads(line):
            begin, end = silver.bare(word)
            if begin < end:
                counts[word[begin:end]][mark] += 1
    return counts


def classes(counts):
    out = {}
    for word, marks in counts.items():
        times = sum(marks.values())
        if is_word(word) and times >= TIMES:
            mark, most = max(marks.items(), key=lambda x: (x[1], x[0]))
            out[word] = mark + ('' if most / times > 0.8 else '-')
    for line in open(os.path.join(os.path.dirname(jieba.__file__), 'dict.txt'), encoding='utf8'):
        word, times, mark = line.split()
        if word not in out and is_word(word) and mark in ('nr', 'ns', 'nt', 'nrt', 'nrfg', 'nz') and int(times) >= TIMES:
            out[word] = 'J' + mark[:3]
    return out


def groups(counts):
    network, times = silver.Network(), collections.Counter()
    for word, marks in counts.items():
        for c in word:
            times[c] += sum(marks.values())
    chars = [c for c in network.numbers if len(c) == 1 and '\u4e00' <= c <= '\u9fff' and times[c] >= 5]
    x = network.p['word_emb'][[network.numbers[c] for c in chars]].astype(np.float64)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    weight = np.array([times[c] for c in chars], float) ** 0.5
    centres = x[np.random.RandomState(1).choice(len(chars), GROUPS, replace=False, p=weight / weight.sum())]
    for _ in range(ROUNDS):
        nearest = (x @ centres.T).argmax(1)
        for k in range(GROUPS):
            if (nearest == k).any():
                mean = (x[nearest == k] * weight[nearest == k, None]).sum(0)
                centres[k] = mean / np.linalg.norm(mean)
    return zip(chars, nearest)


def main():
    words, words_out, chars_out = sys.argv[1:]
    counts = count(words)
    with open(words_out, 'w', encoding='utf8') as out:
        for word, mark in sorted(classes(counts).items()):
            out.write(f'{word}\t{mark}\n')
    with open(chars_out, 'w', encoding='utf8') as out:
        for c, k in groups(counts):
            out.write(f'{c}\tk{k}\n')


if __name__ == '__main__':
    main()
