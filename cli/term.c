/* term.c - see term.h: the terminal itself, widths, wrapping, progress. table.c has the table. */
#include "cli/term.h"

#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "common/utf8.h"

#define WIDTH_DEFAULT 100
#define WIDTH_LEAST 60
#define WIDTH_MOST 200
#define BAR_CELLS 20

static int width_of(FILE *out)
{
	struct winsize size;
	const char *columns = getenv("COLUMNS");
	int width = WIDTH_DEFAULT;
	if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		width = size.ws_col;
	else if (columns && atoi(columns) > 0)
		width = atoi(columns);
	return width < WIDTH_LEAST ? WIDTH_LEAST : width > WIDTH_MOST ? WIDTH_MOST : width;
}

term term_of(FILE *out)
{
	const char *no = getenv("NO_COLOR"), *kind = getenv("TERM");
	bool is_terminal = isatty(fileno(out));
	return (term){out, width_of(out), is_terminal, is_terminal && !(no && *no) && kind && *kind && strcmp(kind, "dumb") != 0};
}

const char *term_code(const term *self, enum term_style style)
{
	static const char *const codes[TERM_STYLES] = {"\033[0m", "\033[1m", "\033[2m", "\033[31m", "\033[32m", "\033[33m", "\033[36m"};
	return self->colours ? codes[style] : "";
}

/* ---- widths ---- */

struct range {
	uint32_t first, last;
};

static bool in(const struct range *ranges, size_t count, uint32_t c)
{
	for (size_t i = 0; i < count && c >= ranges[i].first; i++)
		if (c <= ranges[i].last)
			return true;
	return false;
}

/* Blocks of EastAsianWidth.txt (Unicode 15) that are W or F; unassigned places inside a block count with it, as that file says for ideographs. */
static const struct range wide[] = {
	{0x1100, 0x115F}, {0x231A, 0x231B}, {0x2329, 0x232A}, {0x23E9, 0x23EC}, {0x25FD, 0x25FE}, {0x2614, 0x2615}, {0x2648, 0x2653}, {0x26AA, 0x26AB}, {0x26BD, 0x26BE},
	{0x26C4, 0x26C5}, {0x2705, 0x2705}, {0x270A, 0x270B}, {0x2728, 0x2728}, {0x274C, 0x274C}, {0x2753, 0x2755}, {0x2757, 0x2757}, {0x2795, 0x2797}, {0x2B1B, 0x2B1C},
	{0x2B50, 0x2B50}, {0x2B55, 0x2B55}, {0x2E80, 0x303E}, {0x3041, 0xA4CF}, {0xA960, 0xA97F}, {0xAC00, 0xD7A3}, {0xF900, 0xFAFF}, {0xFE10, 0xFE19}, {0xFE30, 0xFE6F},
	{0xFF01, 0xFF60}, {0xFFE0, 0xFFE6}, {0x16FE0, 0x18AFF}, {0x1AFF0, 0x1B2FF}, {0x1F004, 0x1F004}, {0x1F0CF, 0x1F0CF}, {0x1F18E, 0x1F18E}, {0x1F191, 0x1F19A},
	{0x1F200, 0x1F320}, {0x1F32D, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F7E0, 0x1F7EB}, {0x1F90C, 0x1F9FF}, {0x1FA70, 0x1FAFF}, {0x20000, 0x3FFFD},
};

/* Marks that stand on the character before, and format characters. */
static const struct range none[] = {
	{0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x064B, 0x065F}, {0x0E31, 0x0E31}, {0x0E34, 0x0E3A}, {0x0E47, 0x0E4E}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF},
	{0x200B, 0x200F}, {0x202A, 0x202E}, {0x2060, 0x206F}, {0x20D0, 0x20FF}, {0x302A, 0x302D}, {0x3099, 0x309A}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF},
	{0xE0100, 0xE01EF},
};

int term_char_cells(uint32_t c)
{
	if (c < 0x300)
		return 1;
	if (in(none, sizeof none / sizeof *none, c))
		return 0;
	return in(wide, sizeof wide / sizeof *wide, c) ? 2 : 1;
}

int term_cells(mr_bytes text)
{
	int cells = 0;
	const char *at = text.data, *end = text.data + text.len;
	while (at < end)
		cells += term_char_cells(utf8_next(&at, end));
	return cells;
}

/* ---- wrapping ---- */

static bool is_one_of(const char *set, uint32_t c)
{
	for (const char *at = set, *end = set + strlen(set); at < end;)
		if (utf8_next(&at, end) == c)
			return true;
	return false;
}

/* A line may end between a and b. */
static bool breaks(uint32_t a, uint32_t b)
{
	if (a == ' ' || a == '-' || a == '/')
		return b != ' ';
	if (term_char_cells(a) != 2 && term_char_cells(b) != 2)
		return false;
	return !is_one_of("，。、；：？！”’）》」』】…,.;:?!)", b) && !is_one_of("“‘（《「『【(", a) && term_char_cells(b) > 0;
}

size_t term_wrap(mr_bytes text, int cells, size_t *next)
{
	const char *at = text.data, *end = text.data + text.len, *good = NULL, *fits = NULL;
	uint32_t last = 0;
	int used = 0;
	while (at < end) {
		const char *begin = at;
		uint32_t c = utf8_next(&at, end);
		if (begin > text.data && breaks(last, c))
			good = begin;
		used += term_char_cells(c);
		if (used > cells && c != ' ') {
			fits = begin > text.data ? begin : at;
			break;
		}
		last = c;
	}
	const char *stop = !fits ? end : good ? good : fits;
	*next = (size_t)(stop - text.data);
	while (stop > text.data && stop[-1] == ' ')
		stop--;
	return (size_t)(stop - text.data);
}

void term_heading(const term *self, const char *format, ...)
{
	va_list args;
	fprintf(self->out, "\n%s", term_code(self, TERM_BOLD));
	va_start(args, format);
	vfprintf(self->out, format, args);
	va_end(args);
	fprintf(self->out, "%s\n", term_code(self, TERM_PLAIN));
}

void term_print(const term *self, mr_bytes text)
{
	for (size_t i = 0; i < text.len; i++) {
		bool no_break = i + 1 < text.len && (unsigned char)text.data[i] == 0xC2 && (unsigned char)text.data[i + 1] == 0xA0;
		fputc(no_break ? ' ' : text.data[i], self->out);
		i += no_break;
	}
}

void term_paragraph(const term *self, int indent, const char *text)
{
	mr_bytes rest = mr_bytes_of(text);
	while (rest.len > 0) {
		size_t next, len = term_wrap(rest, self->width - indent - 1, &next);
		fprintf(self->out, "%*s", indent, "");
		term_print(self, (mr_bytes){rest.data, len});
		fputc('\n', self->out);
		rest = (mr_bytes){rest.data + next, rest.len - next};
	}
}

/* ---- progress ---- */

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

progress progress_new(void)
{
	return (progress){.out = term_of(stderr)};
}

/* The text is cut to what is left of the line: a line that wraps could not be written over. */
static void write_over(progress *self, const char *bar, const char *text)
{
	mr_bytes bytes = mr_bytes_of(text);
	size_t next, len = term_wrap(bytes, self->out.width - (int)strlen(bar) - 3, &next);
	fprintf(self->out.out, "\r  %s%.*s\033[K", bar, (int)len, text);
	fflush(self->out.out);
}

static bool is_time(progress *self, bool force)
{
	int64_t now = now_ms();
	if (!self->out.is_terminal || (!force && now - self->shown_ms < 100))
		return false;
	self->shown_ms = now;
	return true;
}

void progress_show(progress *self, uint64_t done, uint64_t all, const char *text)
{
	char bar[BAR_CELLS + 32];
	if (!is_time(self, done >= all))
		return;
	size_t filled = all ? (size_t)((done < all ? done : all) * BAR_CELLS / all) : BAR_CELLS;
	bar[0] = '[';
	memset(bar + 1, '.', BAR_CELLS);
	memset(bar + 1, '#', filled);
	snprintf(bar + 1 + BAR_CELLS, 31, "] %llu of %llu  ", (unsigned long long)done, (unsigned long long)all);
	write_over(self, bar, text);
}

void progress_say(progress *self, const char *text)
{
	char clean[256];
	if (is_time(self, false))
		write_over(self, "", log_clean(clean, sizeof clean - 1, mr_bytes_of(text)));
}

void progress_end(progress *self)
{
	if (self->shown_ms)
		fputs("\r\033[K", self->out.out);
	fflush(self->out.out);
	self->shown_ms = 0;
}

enum term_style term_label(const char *label)
{
	static const struct {
		const char *label;
		enum term_style style;
	} styles[] = {{"education", TERM_GREEN}, {"science", TERM_CYAN}, {"talent", TERM_YELLOW}, {"none", TERM_DIM}};
	for (size_t i = 0; i < sizeof styles / sizeof *styles; i++)
		if (strcmp(label, styles[i].label) == 0)
			return styles[i].style;
	return TERM_PLAIN;
}
