/* hook.c - the stage `hook`: passes every article unchanged, and does harm on demand. The tests of promise 7 use it.
 *
 * A line of the body asks for a fault:
 *   hook: crash      the worker aborts                  hook: hang     it never comes back
 *   hook: bloat      it eats memory until it may not    hook: refuse   the article is refused
 *   hook: slow N     it takes N milliseconds
 * MILLRACE_TEST_HOOKS=always-crash stands for a broken build: the first task of any kind ends the worker. Without that variable in its
 * environment a worker does not know this stage (stages.c). */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "cage.h"
#include "millrace/stage.h"

#define BLOAT_MAX (8ULL << 30)           /* beyond any sensible workers.memory_bytes */
#define BLOAT_MAX_FREE (256ULL << 20)    /* where a worker without limits (sanitizers) stops eating */
#define BLOAT_STEP (16u << 20)

extern const mr_stage hook_stage;

static int hook_open(void **ctx, const struct settings *settings, char error[256])
{
	(void)settings;
	(void)error;
	static int always_crash = 1;
	const char *mode = getenv("MILLRACE_TEST_HOOKS");
	*ctx = mode && strcmp(mode, "always-crash") == 0 ? &always_crash : NULL;
	return 0;
}

static void hook_close(void *ctx)
{
	(void)ctx;
}

static const char *hook_fingerprint(void *ctx)
{
	return ctx ? "hook/always-crash" : "hook/1";
}

static void nap(long ms)
{
	struct timespec left = {ms / 1000, ms % 1000 * 1000000};
	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
		;
}

static void bloat(void)
{
	unsigned long long most = cage_possible() ? BLOAT_MAX : BLOAT_MAX_FREE;
	for (unsigned long long eaten = 0; eaten < most; eaten += BLOAT_STEP) {
		char *more = malloc(BLOAT_STEP);
		if (!more)
			break;
		for (size_t i = 0; i < BLOAT_STEP; i += 4096)
			((volatile char *)more)[i] = 1;
	}
	abort();
}

static bool begins(mr_bytes line, const char *word)
{
	size_t n = strlen(word);
	return line.len >= n && memcmp(line.data, word, n) == 0;
}

static void obey(mr_bytes line, mr_answer *answer)
{
	if (begins(line, "hook: crash"))
		abort();
	if (begins(line, "hook: hang"))
		for (;;)
			nap(1000);
	if (begins(line, "hook: bloat"))
		bloat();
	if (begins(line, "hook: refuse"))
		mr_answer_refuse(answer, "stage.refused", "the article asked for it");
	if (begins(line, "hook: slow ")) {
		long ms = 0;
		for (size_t i = 11; i < line.len && line.data[i] >= '0' && line.data[i] <= '9' && ms < 100000; i++)
			ms = ms * 10 + (line.data[i] - '0');
		nap(ms);
	}
}

static void hook_apply(void *ctx, const mr_task *task, mr_answer *answer)
{
	if (ctx)
		abort();
	const char *at = task->body.data, *end = at + task->body.len;
	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		mr_bytes line = {at, (size_t)((stop ? stop : end) - at)};
		if (begins(line, "hook: "))
			obey(line, answer);
		at = stop ? stop + 1 : end;
	}
}

static const char *const hook_fields[] = {"title", NULL};

const mr_stage hook_stage = {
	.name = "hook",
	.fields = hook_fields,
	.open = hook_open,
	.apply = hook_apply,
	.close = hook_close,
	.fingerprint = hook_fingerprint,
};
