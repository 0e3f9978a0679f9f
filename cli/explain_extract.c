/* explain_extract.c - `millrace explain extract`: one document through the passes of the stage, line by line. See explain.h. */
#include "explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workers/extract/charset.h"
#include "workers/extract/html.h"

struct options {
	const char *as, *color, *file;
	bool measures;
};

static int read_options(int argc, char **argv, struct options *o)
{
	for (int i = 1; i < argc; i++) {
		const char *value;
		if ((value = explain_value(argc, argv, &i, "--as")))
			o->as = value;
		else if ((value = explain_value(argc, argv, &i, "--color")))
			o->color = value;
		else if (strcmp(argv[i], "--measures") == 0)
			o->measures = true;
		else if (argv[i][0] == '-' && argv[i][1])
			return cli_usage("explain extract", "unknown option or missing value: %.60s", argv[i]);
		else if (o->file)
			return cli_usage("explain extract", "one file at a time");
		else
			o->file = argv[i];
	}
	if (o->as && strcmp(o->as, "text") != 0 && strcmp(o->as, "html") != 0)
		return cli_usage("explain extract", "--as %.20s: text or html", o->as);
	return o->file ? EXIT_CLEAN : cli_usage("explain extract", "no file");
}

static bool is_page(const struct options *o)
{
	if (o->as)
		return strcmp(o->as, "html") == 0;
	static const char *const endings[] = {".html", ".htm", ".html.gz", ".htm.gz"};
	size_t length = strlen(o->file);
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
		if (length > strlen(endings[i]) && strcmp(o->file + length - strlen(endings[i]), endings[i]) == 0)
			return true;
	return false;
}

int explain_extract(int argc, char **argv)
{
	struct options o = {0};
	term out;
	int rc = read_options(argc, argv, &o);
	if (rc != EXIT_CLEAN)
		return rc;
	if (explain_term(o.color, &out) != 0)
		return cli_usage("explain extract", "--color=%.20s: always, never or auto", o.color);
	settings *settings = cli_settings();
	if (!settings)
		return EXIT_CONFIG;
	buf bytes = {0}, text = {0};
	if (!explain_read(o.file, &bytes)) {
		rc = cli_failed("explain extract", "cannot read %s: %m", o.file);
	} else if (is_page(&o)) {
		html_preload();
		explain_html(buf_bytes(&bytes), settings, &out, o.measures);
	} else {
		charset_preload();
		charset_decode(buf_bytes(&bytes), (mr_bytes){0}, &text, NULL);
		explain_text(buf_bytes(&text), &out, o.measures);
	}
	buf_free(&text);
	buf_free(&bytes);
	settings_free(&settings);
	return rc;
}
