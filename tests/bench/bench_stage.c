/* bench_stage.c - what the transport alone carries: tasks of 13 KB through a ROUTER, one worker process with the stage `hook` (it reads the body
 * and changes nothing), and back.
 *   cc -O2 -D_GNU_SOURCE -DBINARY_DIR='"build"' -I. -Iinclude tests/bench/bench_stage.c build/libmr_daemon.a build/libmr_core.a build/libmr_common.a \
 *      -o build/bench_stage -lzmq -levent_core -ljansson -lxxhash -lsystemd -lcmocka -lm -lpthread && build/bench_stage [TASKS [WORKERS]] */
#include "tests/unit/stage_bed.h"

#define BODY 13312
#define WINDOW 64                        /* tasks in flight for each worker: what credit 2 and batches of 16 need, twice */

int main(int argc, char **argv)
{
	long tasks = argc > 1 ? atol(argv[1]) : 200000, workers = argc > 2 ? atol(argv[2]) : 1;
	char *body = mem_alloc(BODY);
	pid_t pids[16];
	memset(body, 'x', BODY);
	for (size_t i = 80; i < BODY; i += 81)
		body[i] = '\n';
	log_setup("bench", LOG_LEVEL_WARN, LOG_LOGFMT, 100);
	bed *b = bed_new(NULL);
	for (long i = 0; i < workers && i < 16; i++)
		pids[i] = bed_worker(b, "1");
	BED_WAIT(b, 10000, stage_workers(b->stage) == (size_t)workers);
	for (long i = 0; i < BED_TICKETS; i++)
		b->tickets[i] = (ticket){.body = body, .len = BODY};
	long sent = 0;
	int64_t begin = bed_now_ms();
	while (b->done < (size_t)tasks) {
		for (; sent < tasks && sent - (long)b->done < WINDOW * workers; sent++)
			stage_submit(b->stage, &b->tickets[sent % BED_TICKETS], BODY);
		event_base_loop(b->base, EVLOOP_ONCE);
		if (!stage_workers(b->stage))
			return fprintf(stderr, "a worker died\n"), 1;
	}
	double seconds = (double)(bed_now_ms() - begin) / 1000;
	const stage_counts *c = stage_counts_get(b->stage);
	printf("%ld tasks of %d bytes, %ld worker(s): %.0f tasks/s, %.0f MB/s, %.1f tasks a message\n", tasks, BODY, workers, (double)tasks / seconds,
	       (double)c->bytes_out / 1e6 / seconds, (double)tasks / (double)c->batches);
	for (long i = 0; i < workers && i < 16; i++)
		kill(pids[i], SIGKILL);
	b->count = 0;
	free(body);
	bed_free(b);
	return 0;
}
