/* explain.c - the subcommand family `explain`: finds the subject. See explain.h. */
#include "explain.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "common/nearest.h"

const char explain_help[] =
	"Usage: millrace explain SUBJECT [OPTION]... FILE...\n"
	"\n"
	"Shows what a stage did with a document, and why.\n"
	"\n"
	"Subjects:\n"
	"  extract    which lines were kept, joined, dropped, repeated; what became title, byline, caption;\n"
	"             by which rule\n"
	"  dedup      whether a text is a copy of an earlier one: what is shared, what differs, the numbers,\n"
	"             the rule that decided\n"
	"  classify   which words pushed towards each label or away from it, and by how much\n"
	"  watch      which watches a text meets, what was found where, and why the others are not met\n"
	"\n"
	"explain extract [--as text|html] [--measures] [--color=WHEN] FILE\n"
	"  FILE may be gzipped; - is standard input. For a text every line with what became of it (title,\n"
	"  kicker, byline, text, joined to the line before, dropped, repeat, caption), the article it went to\n"
	"  and the rule that decided. For a web page what is said around the article, the element that was\n"
	"  taken for it, the runners-up with their scores, and the element's lines with the rule that dropped\n"
	"  them.\n"
	"  --as FORM        text or html; default: html for .html and .htm, else text\n"
	"  --measures       also widths, columns and ends of lines (text); amount of text, links, sentences\n"
	"                   and names of elements (html)\n"
	"  --color=WHEN     always, never or auto (on a terminal; default)\n"
	"\n"
	"explain dedup [--as json|text|html] [--json] [--color=WHEN] A B...\n"
	"  The records of all files are judged in their order, as the daemon does, in an empty index. Shown\n"
	"  is the last one beside the one that its verdict names, else the one most like it: verdict and\n"
	"  rule, the judge's numbers, the figures of both texts, and both texts with what the other one has\n"
	"  not. With more than two records first the verdicts on all of them; lines that a source repeats are\n"
	"  left out once it has shown them often enough.\n"
	"  --as FORM        json: a record a line; text, html: one document a file; default by ending, as\n"
	"                   `millrace process`\n"
	"  --json           one JSON object instead: verdicts, rule, evidence, figures, lines left out\n"
	"\n"
	"explain classify [--label NAME]... [--terms N] [--json] [--color=WHEN] FILE\n"
	"  FILE holds a text (its first line is the title) or JSON lines with title, kicker, subtitle and\n"
	"  text or body: so also what `millrace process` prints. Shown are for each label its probability,\n"
	"  threshold, score and component, then the text, each word coloured by the label it pushes towards,\n"
	"  and the terms that add most or take most away. The numbers add up: bias and words are the score,\n"
	"  exactly.\n"
	"  --label NAME     only this label (may be repeated)\n"
	"  --terms N        terms of each label (default: 12)\n"
	"  --json           all of it as one JSON object a text: labels with their terms, and words with\n"
	"                   bytes and contributions\n"
	"\n"
	"explain watch [--watches FILE] [--all] [--json] [--color=WHEN] FILE\n"
	"  FILE holds a text (its first line is the title) or JSON lines: what `millrace process` prints\n"
	"  (with names and labels), or title, text and source. Shown are for each watch of which something\n"
	"  was found: is it met, or the first condition that does not hold; and each term with where it\n"
	"  stands first.\n"
	"  --watches FILE   file of watches; default: watch.file of the configuration\n"
	"  --all            also watches of which nothing was found\n"
	"  --json           one JSON object a text: the watches met with their hits, and why others are not\n";

#define MOST_BYTES (64u << 20)           /* of one document, as `millrace process` reads them */

static const struct subject {
	const char *name;
	int (*main)(int argc, char **argv);
} subjects[] = {
	{"extract", explain_extract},
	{"dedup", explain_dedup},
	{"classify", explain_classify},
	{"watch", explain_watch},
};

int explain_term(const char *when, term *out)
{
	*out = term_of(stdout);
	if (!when || strcmp(when, "auto") == 0)
		return 0;
	if (strcmp(when, "always") == 0)
		out->colours = true;
	else if (strcmp(when, "never") == 0)
		out->colours = false;
	else
		return -1;
	return 0;
}

const char *explain_value(int argc, char **argv, int *i, const char *name)
{
	size_t n = strlen(name);
	if (strncmp(argv[*i], name, n) != 0)
		return NULL;
	if (argv[*i][n] == '=')
		return argv[*i] + n + 1;
	return !argv[*i][n] && *i + 1 < argc ? argv[++*i] : NULL;
}

bool explain_read(const char *path, buf *out)
{
	gzFile in = strcmp(path, "-") == 0 ? gzdopen(dup(STDIN_FILENO), "rb") : gzopen(path, "rb");
	char block[65536];
	int n = 0;
	if (!in)
		return false;
	while (out->len < MOST_BYTES && (n = gzread(in, block, sizeof block)) > 0)
		buf_add(out, block, (size_t)n);
	return gzclose(in) == Z_OK && n >= 0;
}

int explain_main(int argc, char **argv)
{
	if (argc < 2)
		return cli_usage("explain", "no subject");
	nearest guess = {.word = argv[1]};
	for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
		if (strcmp(argv[1], subjects[i].name) == 0)
			return subjects[i].main(argc - 1, argv + 1);
		nearest_offer(&guess, subjects[i].name);
	}
	if (guess.best)
		return cli_usage("explain", "unknown subject '%.60s' (did you mean '%s'?)", argv[1], guess.best);
	return cli_usage("explain", "unknown subject '%.60s'", argv[1]);
}
