/* screen.c - see screen.h. ANSI sequences that every terminal of today knows (ECMA-48, and xterm's 1049 and 7). */
#include "cli/screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "cli/keystrokes.h"

#define ENTER "\033[?1049h\033[?25l\033[?7l\033[2J"     /* alternate screen, no cursor, no wrapping at the right edge, empty */
#define LEAVE "\033[0m\033[?7h\033[?25h\033[?1049l"
#define WAIT_MOST_MS 250         /* a signal that comes right before poll is seen after so long */
#define ESCAPE_MS 50             /* an escape is a key when nothing follows it for so long */
#define WIDTH_MOST 400
#define HEIGHT_MOST 200

static const int end_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT}, fatal_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

static struct screen {
	volatile sig_atomic_t open, ended, resized, stopped;
	struct termios before;
	bool registered;                 /* atexit */
	keystrokes keys;
	int key;                         /* that silence has completed; KEY_NONE */
	unsigned char typed[64];
	size_t typed_at, typed_len;
	buf lines[HEIGHT_MOST];          /* what stands on the terminal */
	bool fresh;                      /* nothing of it can be trusted */
	buf out;
} screen;

bool screen_possible(void)
{
	const char *kind = getenv("TERM");
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && kind && *kind && strcmp(kind, "dumb") != 0;
}

/* ---- taking and giving back; called by signal handlers, too ---- */

static void give_back(void)
{
	if (!screen.open)
		return;
	screen.open = 0;
	if (write(STDOUT_FILENO, LEAVE, sizeof LEAVE - 1) < 0)
		return;
	tcsetattr(STDIN_FILENO, TCSANOW, &screen.before);
}

static int take_over(void)
{
	struct termios raw;
	if (tcgetattr(STDIN_FILENO, &screen.before))
		return -1;
	raw = screen.before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_iflag &= ~(tcflag_t)(IXON | ICRNL);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	screen.open = 1;                         /* before anything is changed: a signal in between undoes what was done */
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) || write(STDOUT_FILENO, ENTER, sizeof ENTER - 1) < 0) {
		give_back();
		return -1;
	}
	screen.fresh = true;
	screen.keys = (keystrokes){0};
	return 0;
}

/* ---- signals ---- */

static void on_end(int number)
{
	(void)number;
	screen.ended = 1;
}

static void on_size(int number)
{
	(void)number;
	screen.resized = 1;
}

static void on_stop(int number)
{
	(void)number;
	screen.stopped = 1;
}

/* A bug of ours: the terminal first, then what would have happened. */
static void on_fatal(int number)
{
	give_back();
	raise(number);                           /* SA_RESETHAND: the default now */
}

static void listen_to(int number, void (*handler)(int), int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
	sigemptyset(&action.sa_mask);
	sigaction(number, &action, NULL);
}

static void set_signals(bool ours)
{
	for (size_t i = 0; i < sizeof end_signals / sizeof *end_signals; i++)
		listen_to(end_signals[i], ours ? on_end : SIG_DFL, 0);           /* no SA_RESTART: a write that hangs ends with them */
	for (size_t i = 0; i < sizeof fatal_signals / sizeof *fatal_signals; i++)
		listen_to(fatal_signals[i], ours ? on_fatal : SIG_DFL, ours ? SA_RESETHAND | (int)SA_NODEFER : 0);
	listen_to(SIGWINCH, ours ? on_size : SIG_DFL, 0);
	listen_to(SIGTSTP, ours ? on_stop : SIG_DFL, 0);
}

/* Ctrl-Z: the shell gets its terminal back as it was; after `fg` it is ours again. */
static void stop_here(void)
{
	screen.stopped = 0;
	give_back();
	listen_to(SIGTSTP, SIG_DFL, 0);
	raise(SIGTSTP);
	listen_to(SIGTSTP, on_stop, 0);
	if (take_over())
		screen.ended = 1;
	screen.resized = 1;
}

/* ---- life ---- */

int screen_open(void)
{
	if (!screen.registered)
		atexit(screen_close);
	screen.registered = true;
	screen.ended = screen.resized = screen.stopped = 0;
	set_signals(true);
	if (take_over() == 0)
		return 0;
	set_signals(false);
	return -1;
}

void screen_close(void)
{
	bool was_open = screen.open;
	give_back();
	if (was_open)
		set_signals(false);
	for (int i = 0; i < HEIGHT_MOST; i++)
		buf_free(&screen.lines[i]);
	buf_free(&screen.out);
}

void screen_size(int *width, int *height)
{
	struct winsize size = {0};
	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	*width = size.ws_col ? size.ws_col : 80;
	*height = size.ws_row ? size.ws_row : 24;
	*width = *width > WIDTH_MOST ? WIDTH_MOST : *width;
	*height = *height > HEIGHT_MOST ? HEIGHT_MOST : *height;
}

bool screen_ended(void)
{
	if (screen.stopped)
		stop_here();
	return screen.ended;
}

bool screen_changed(void)
{
	bool changed = screen.resized;
	screen.resized = 0;
	screen.fresh = screen.fresh || changed;
	return changed;
}

/* ---- drawing ---- */

static void write_all(const buf *out)
{
	size_t done = 0;
	while (done < out->len && !screen.ended) {
		ssize_t n = write(STDOUT_FILENO, out->data + done, out->len - done);
		if (n >= 0)
			done += (size_t)n;
		else if (errno == EAGAIN)
			poll(&(struct pollfd){STDOUT_FILENO, POLLOUT, 0}, 1, WAIT_MOST_MS);
		else if (errno != EINTR)
			screen.ended = 1;        /* the terminal is gone */
	}
}

static bool same(const buf *a, const buf *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

/* A line that fills the terminal leaves the cursor on its last column: what clears the rest would clear that. */
static void draw_line(int row, const buf *text, bool full)
{
	buf *shown = &screen.lines[row];
	if (!screen.fresh && same(shown, text))
		return;
	buf_printf(&screen.out, "\033[%d;1H", row + 1);
	buf_add(&screen.out, text->data ? text->data : "", text->len);
	buf_add_str(&screen.out, full ? "" : "\033[K");
	buf_clear(shown);
	buf_add(shown, text->data ? text->data : "", text->len);
}

void screen_draw(const frame *frame)
{
	static const buf empty = {0};
	int width, height;
	screen_size(&width, &height);
	buf_clear(&screen.out);
	if (screen.fresh)
		buf_add_str(&screen.out, "\033[2J");
	for (int row = 0; row < height; row++)
		draw_line(row, (size_t)row < frame->count ? &frame->lines[row].text : &empty, (size_t)row < frame->count && frame->lines[row].cells >= width);
	screen.fresh = false;
	write_all(&screen.out);
}

/* ---- keys ---- */

int screen_key(void)
{
	int completed = screen.key;
	screen.key = KEY_NONE;
	if (completed != KEY_NONE)
		return completed;
	if (screen.typed_at == screen.typed_len) {
		ssize_t n = read(STDIN_FILENO, screen.typed, sizeof screen.typed);
		struct pollfd look = {STDIN_FILENO, POLLIN, 0};
		if (n <= 0 && poll(&look, 1, 0) == 1 && (look.revents & (POLLHUP | POLLERR)))
			return -1;
		screen.typed_at = 0;
		screen.typed_len = n > 0 ? (size_t)n : 0;
	}
	while (screen.typed_at < screen.typed_len) {
		int key = keystrokes_take(&screen.keys, screen.typed[screen.typed_at++]);
		if (key != KEY_NONE)
			return key;
	}
	return KEY_NONE;
}

void screen_wait(int fd, short events, int wait_ms)
{
	struct pollfd look[2] = {{STDIN_FILENO, POLLIN, 0}, {fd, events, 0}};
	wait_ms = wait_ms < 0 ? 0 : wait_ms > WAIT_MOST_MS ? WAIT_MOST_MS : wait_ms;
	if (screen.keys.len && wait_ms > ESCAPE_MS)
		wait_ms = ESCAPE_MS;
	if (screen.typed_at < screen.typed_len)
		return;
	if (poll(look, fd >= 0 ? 2 : 1, wait_ms) == 0 && screen.keys.len && wait_ms == ESCAPE_MS)
		screen.key = keystrokes_idle(&screen.keys);
}
