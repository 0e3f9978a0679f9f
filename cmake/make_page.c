/* make_page.c - the generator of the status page (a program of the build; see cmake/page.cmake).
 *
 *   make_page PAGE.html STYLE.css SCRIPT.js... OUT
 *
 * The line `@STYLE@` of the page is replaced by the style, `@SCRIPT@` by the scripts, one behind the other. OUT gets, for daemon/admin_pages.c:
 *
 *   page_plain, page_gzip    the document, as it is and compressed
 *   PAGE_TAG                 its entity tag, weak, because both forms bear it
 *   PAGE_POLICY              Content-Security-Policy: this style and this script and nothing else, named by their SHA-256; answers from the port it came from */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "cli/sha256.h"
#include "common/buf.h"

static int read_file(const char *path, buf *out)
{
	FILE *file = fopen(path, "r");
	size_t n;
	if (!file) {
		perror(path);
		return -1;
	}
	while ((n = fread(buf_reserve(out, 65536), 1, 65536, file)) > 0)
		out->len += n;
	buf_reserve(out, 1)[0] = 0;
	return fclose(file);
}

static void base64(const uint8_t *data, size_t len, buf *out)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		uint32_t v = (uint32_t)data[i] << 16 | (left > 1 ? (uint32_t)data[i + 1] << 8 : 0) | (left > 2 ? data[i + 2] : 0);
		buf_add_char(out, letters[v >> 18]);
		buf_add_char(out, letters[v >> 12 & 63]);
		buf_add_char(out, left > 1 ? letters[v >> 6 & 63] : '=');
		buf_add_char(out, left > 2 ? letters[v & 63] : '=');
	}
}

static void add_hash(buf *out, const buf *text)
{
	uint8_t digest[32];
	sha256(buf_bytes(text), digest);
	buf_add_str(out, "'sha256-");
	base64(digest, sizeof digest, out);
	buf_add_char(out, '\'');
}

/* Puts `text` where `mark` stands. */
static int put_in(buf *page, const char *mark, const buf *text)
{
	char *at = strstr(page->data, mark);
	buf out = {0};
	if (!at || strstr(at + 1, mark)) {
		fprintf(stderr, "make_page: %s must stand in the page once\n", mark);
		return -1;
	}
	buf_add(&out, page->data, (size_t)(at - page->data));
	buf_add(&out, text->data, text->len);
	buf_add_str(&out, at + strlen(mark));
	buf_free(page);
	*page = out;
	return 0;
}

static int compress_page(const buf *page, buf *out)
{
	z_stream z = {0};
	if (deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK)      /* 16: gzip's frame, without a time in it */
		return -1;
	size_t most = deflateBound(&z, page->len);
	z.next_in = (unsigned char *)page->data;
	z.avail_in = (unsigned)page->len;
	z.next_out = (unsigned char *)buf_reserve(out, most);
	z.avail_out = (unsigned)most;
	int rc = deflate(&z, Z_FINISH);
	out->len = z.total_out;
	deflateEnd(&z);
	return rc == Z_STREAM_END ? 0 : -1;
}

static void write_array(FILE *out, const char *name, const buf *bytes)
{
	fprintf(out, "static const unsigned char %s[] = {", name);
	for (size_t i = 0; i < bytes->len; i++)
		fprintf(out, "%u,%s", (unsigned char)bytes->data[i], i % 32 == 31 ? "\n" : "");
	fputs("};\n", out);
}

static int write_all(const char *path, const buf *page, const buf *packed, const buf *policy)
{
	uint8_t digest[32];
	FILE *out = fopen(path, "w");
	if (!out) {
		perror(path);
		return -1;
	}
	sha256(buf_bytes(page), digest);
	fprintf(out, "/* made by cmake/make_page.c from daemon/page/ */\n#define PAGE_TAG \"W/\\\"%02x%02x%02x%02x%02x%02x%02x%02x\\\"\"\n#define PAGE_POLICY \"%s\"\n", digest[0], digest[1],
		digest[2], digest[3], digest[4], digest[5], digest[6], digest[7], policy->data);
	write_array(out, "page_plain", page);
	write_array(out, "page_gzip", packed);
	return fclose(out);
}

int main(int argc, char **argv)
{
	buf page = {0}, style = {0}, script = {0}, packed = {0}, policy = {0};
	if (argc < 5)
		return 2;
	if (read_file(argv[1], &page) || read_file(argv[2], &style))
		return 1;
	for (int i = 3; i < argc - 1; i++)
		if (read_file(argv[i], &script))
			return 1;
	buf_add_str(&policy, "default-src 'none'; style-src ");
	add_hash(&policy, &style);
	buf_add_str(&policy, "; script-src ");
	add_hash(&policy, &script);
	buf_add_str(&policy, "; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
	int failed = put_in(&page, "@STYLE@", &style) || put_in(&page, "@SCRIPT@", &script) || compress_page(&page, &packed) || write_all(argv[argc - 1], &page, &packed, &policy);
	buf_free(&page);
	buf_free(&style);
	buf_free(&script);
	buf_free(&packed);
	buf_free(&policy);
	return failed ? 1 : 0;
}
