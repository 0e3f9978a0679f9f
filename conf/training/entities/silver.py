#!/usr/bin/env python3
"""Labels texts with the small labelling network of the Python package jieba (LAC of Baidu, Apache licence 2.0), for `millrace train entities --before` and for lists.py.

  silver.py --words WORDS.jsonl --entities SILVER.jsonl FILE...

FILE: JSON lines with title and text, body or paras; or label<TAB>text; plain or gzipped. Needs jieba 0.42.1 and numpy. WORDS: a list of [word, mark] a sentence;
SILVER: {id, text, entities} with PER, LOC, ORG and WORK. Sentences of 4 to 200 characters, at least half of them ideographs, each once, shuffled (seed 1).
The network: characters to 128 numbers, two layers of gated recurrent units both ways, a conditional random field; its parameters are read from the package's
files, paddle is not needed. About 20,000 characters a second on one core.
"""
import argparse
import gzip
import json
import os
import random
import re
import struct
import sys

import jieba
import numpy as np

FOLDER = os.path.join(os.path.dirname(jieba.__file__), 'lac_small')
HIDDEN, TAGS, BATCH, CHUNK = 128, 57, 256, 8192
TYPES = {'PER': 'PER', 'nr': 'PER', 'LOC': 'LOC', 'ns': 'LOC', 'ORG': 'ORG', 'nt': 'ORG', 'nw': 'WORK'}
MARKS = '，。！？；：、“”‘’《》（）()【】[]…—,.!?;:"\' <>～~|/'


def parameter(name):
    """A tensor as paddle 1.x saves it: version, levels of detail, version, description (protobuf: type, dimensions), numbers."""
    data = open(os.path.join(FOLDER, 'model_baseline', name), 'rb').read()
    levels, = struct.unpack_from('<Q', data, 4)
    at = 12
    for _ in range(levels):
        at += 8 + struct.unpack_from('<Q', data, at)[0]
    size, = struct.unpack_from('<i', data, at + 4)
    at += 8
    description, dims, i = data[at:at + size], [], 0
    while i < size:
        tag, value, shift = description[i], 0, 0
        while True:
            i += 1
            value |= (description[i] & 127) << shift
            shift += 7
            if description[i] < 128:
                break
        i += 1
        if tag >> 3 == 2:
            dims.append(value)
    return np.frombuffer(data, dtype=np.float32, offset=at + size).reshape(dims)


def table(name):
    rows = (line.rstrip('\n').split('\t') for line in open(os.path.join(FOLDER, name), encoding='utf8'))
    return {int(row[0]): row[1] for row in rows if len(row) == 2}


class Network:
    def __init__(self):
        self.numbers = {word: number for number, word in table('word.dic').items()}
        self.tags = table('tag.dic')
        names = ['word_emb', 'crfw'] + [f'fc_{i}.{k}_0' for i in range(5) for k in 'wb'] + [f'gru_{i}.{k}_0' for i in range(4) for k in 'wb']
        self.p = {name: parameter(name) for name in names}

    def layer(self, x, mask, i, reverse):
        p = self.p
        x = x @ p[f'fc_{i}.w_0'] + p[f'fc_{i}.b_0'].reshape(-1) + p[f'gru_{i}.b_0'].reshape(-1)
        flat = p[f'gru_{i}.w_0'].reshape(-1)
        gates = flat[:2 * HIDDEN * HIDDEN].reshape(HIDDEN, 2 * HIDDEN)
        candidate = flat[2 * HIDDEN * HIDDEN:].reshape(HIDDEN, HIDDEN)
        state, out = np.zeros((len(x), HIDDEN), np.float32), np.zeros(x.shape[:2] + (HIDDEN,), np.float32)
        for t in range(x.shape[1] - 1, -1, -1) if reverse else range(x.shape[1]):
            g = 1 / (1 + np.exp(-(x[:, t, :2 * HIDDEN] + state @ gates)))
            update, reset = g[:, :HIDDEN], g[:, HIDDEN:]
            new = (1 - update) * state + update * np.tanh(x[:, t, 2 * HIDDEN:] + (reset * state) @ candidate)
            state = np.where(mask[:, t:t + 1], new, state)
            out[:, t] = state
        return out

    def best(self, emission, mask):
        start, end, steps = self.p['crfw'][0], self.p['crfw'][1], self.p['crfw'][2:]
        batch, length = mask.shape
        value, back = start + emission[:, 0], np.zeros((batch, length, TAGS), np.int8)
        for t in range(1, length):
            ways = value[:, :, None] + steps[None]
            before = ways.argmax(1)
            new = np.take_along_axis(ways, before[:, None, :], 1)[:, 0] + emission[:, t]
            back[:, t] = np.where(mask[:, t:t + 1], before, np.arange(TAGS)[None])
            value = np.where(mask[:, t:t + 1], new, value)
        path = np.zeros((batch, length), np.int64)
        path[:, -1] = (value + end).argmax(1)
        for t in range(length - 1, 0, -1):
            path[:, t - 1] = back[np.arange(batch), t, path[:, t]]
        return path

    def words(self, sentences):
        length = max(map(len, sentences))
        ids, mask = np.zeros((len(sentences), length), np.int64), np.zeros((len(sentences), length), bool)
        for k, s in enumerate(sentences):
            ids[k, :len(s)] = [self.numbers.get(c, self.numbers['OOV']) for c in s]
            mask[k, :len(s)] = True
        x = self.p['word_emb'][ids]
        for i in (0, 2):
            x = np.concatenate([self.layer(x, mask, i, False), self.layer(x, mask, i + 1, True)], 2)
        path = self.best(x @ self.p['fc_4.w_0'] + self.p['fc_4.b_0'].reshape(-1), mask)
        for k, s in enumerate(sentences):
            out = []
            for i, c in enumerate(s):
                mark, _, part = self.tags[path[k, i]].partition('-')
                if out and (part == 'I' or (mark == 'O' and out[-1][1] == 'O')):
                    out[-1][0] += c
                else:
                    out.append([c, mark])
            yield out


def texts(path):
    with gzip.open(path, 'rt', encoding='utf8') if path.endswith('.gz') else open(path, encoding='utf8') as lines:
        for line in lines:
            if not line.startswith('{'):
                yield line.rstrip('\n').split('\t', 1)[-1]
                continue
            record = json.loads(line)
            if record.get('lang', 'zh') == 'zh':
                yield '\n'.join([record.get('title') or '', record.get('text') or record.get('body') or ''] + (record.get('paras') or []))


def sentences(paths):
    seen, out = set(), []
    for path in paths:
        for text in texts(path):
            for s in re.split(r'(?<=[。！？；!?])|\n', text):
                s = s.strip().replace('\u3000', ' ')
                if 4 <= len(s) <= 200 and s not in seen and 2 * sum('\u4e00' <= c <= '\u9fff' for c in s) > len(s):
                    seen.add(s)
                    out.append(s)
    random.Random(1).shuffle(out)
    return out


def bare(word):
    """Begin and end of a word without the punctuation that the network leaves on it."""
    return len(word) - len(word.lstrip(MARKS)), len(word.rstrip(MARKS))


def entities(words):
    at, out = 0, []
    for word, mark in words:
        begin, end = bare(word)
        if begin < end and mark in TYPES:
            out.append({'start': at + begin, 'end': at + end, 'type': TYPES[mark]})
        at += len(word)
    return out


def main():
    a = argparse.ArgumentParser()
    a.add_argument('--words', required=True)
    a.add_argument('--entities', required=True)
    a.add_argument('files', nargs='+')
    a = a.parse_args()
    network, number = Network(), 0
    todo = sentences(a.files)
    with open(a.words, 'w', encoding='utf8') as words_out, open(a.entities, 'w', encoding='utf8') as out:
        for i in range(0, len(todo), CHUNK):
            chunk = sorted(todo[i:i + CHUNK], key=len)
            for j in range(0, len(chunk), BATCH):
                for words in network.words(chunk[j:j + BATCH]):
                    words_out.write(json.dumps(words, ensure_ascii=False) + '\n')
                    text = ''.join(word for word, _ in words)
                    out.write(json.dumps({'id': str(number), 'text': text, 'entities': entities(words)}, ensure_ascii=False) + '\n')
                    number += 1
            print(f'{number} of {len(todo)} sentences', file=sys.stderr)


if __name__ == '__main__':
    main()
