/* The policy of promise 7, step by step: no socket, no clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "daemon/lending.h"

static const lending_rules rules = {.attempts = 3, .batch_tasks = 4, .batch_bytes = 1000, .deadline_ms = 100, .deadline_ms_per_mb = 1000};
static int tickets[64];

typedef struct loan {
	borrower *who;
	task *tasks[WIRE_TASKS_MAX];
	size_t count;
} loan;

static loan next(lending *l)
{
	loan n = {0};
	n.count = lending_next(l, &n.who, n.tasks);
	return n;
}

static void answer(lending *l, const loan *n)
{
	for (size_t i = 0; i < n->count; i++)
		lending_settle(l, n->tasks[i]);
}

static void batches_keep_to_their_limits_and_are_shared(void **state)
{
	(void)state;
	lending *l = lending_new(&rules, 7);
	borrower a = {.credit = 2}, b = {.credit = 2};
	lending_join(l, &a);
	lending_join(l, &b);
	assert_int_equal(next(l).count, 0);
	for (int i = 0; i < 4; i++)
		lending_submit(l, &tickets[i], 10, 0);
	loan first = next(l), second = next(l);
	assert_int_equal(first.count, 2);                /* four tasks, two workers */
	assert_int_equal(second.count, 2);
	assert_ptr_not_equal(first.who, second.who);
	answer(l, &first);
	answer(l, &second);
	lending_submit(l, &tickets[4], 5000, 0);         /* alone larger than a batch may be */
	lending_submit(l, &tickets[5], 600, 0);
	lending_submit(l, &tickets[6], 600, 0);
	b.closed = true;
	loan big = next(l), rest = next(l);
	assert_int_equal(big.count, 1);
	assert_int_equal(rest.count, 1);
	assert_int_equal(a.messages, 2);
	assert_int_equal(next(l).count, 0);              /* no credit left */
	assert_int_equal(big.tasks[0]->deadline_ms, 100 + 5000 * 1000 / (1 << 20));
	lending_free(&l);
}

static void leases_are_new_each_time_and_checked(void **state)
{
	(void)state;
	lending *l = lending_new(&rules, UINT32_MAX);    /* the number wraps at once */
	borrower a = {.credit = 1}, b = {.credit = 1};
	lending_join(l, &a);
	lending_submit(l, &tickets[0], 10, 0);
	loan n = next(l);
	uint64_t lease = n.tasks[0]->lease;
	assert_ptr_equal(lending_find(l, &a, lease, 1), n.tasks[0]);
	assert_null(lending_find(l, &b, lease, 1));      /* another worker's */
	assert_null(lending_find(l, &a, lease, 2));      /* another attempt's */
	assert_null(lending_find(l, &a, lease + 1, 1));
	assert_null(lending_find(l, &a, UINT64_MAX, 1));
	lending_fail(l, &a, "stage.crash", "test");
	assert_null(lending_find(l, &a, lease, 1));
	n = next(l);
	assert_true(n.tasks[0]->lease != lease);
	assert_null(lending_find(l, &a, lease, 1));
	lending_free(&l);
}

/* Worker proven, batch of four, one of them is poison: the others pass at their second attempt, it fails at the third. */
static void a_suspect_is_tried_alone_and_only_it_fails(void **state)
{
	(void)state;
	lending *l = lending_new(&rules, 1);
	borrower a = {.credit = 2, .proven = true};
	lending_join(l, &a);
	for (int i = 0; i < 4; i++)
		lending_submit(l, &tickets[i], 10, 0);
	loan n = next(l);
	assert_int_equal(n.count, 4);
	lending_fail(l, &a, "stage.crash", "signal 11");
	lending_submit(l, &tickets[4], 10, 0);
	int crashes = 1, passed = 0;
	for (int step = 0; step < 20 && lending_queued(l); step++) {
		n = next(l);
		assert_int_equal(n.count, 1);
		if (n.tasks[0]->tries)
			assert_int_equal(next(l).count, 0);      /* nothing beside a suspect */
		if (n.tasks[0]->ticket == &tickets[2]) {
			lending_fail(l, &a, "stage.crash", "signal 11");
			crashes++;
		} else {
			answer(l, &n);
			passed++;
		}
	}
	assert_int_equal(crashes, 3);
	assert_int_equal(passed, 4);
	task *failed = lending_pop_failed(l);
	assert_ptr_equal(failed->ticket, &tickets[2]);
	assert_int_equal(failed->counted, 3);
	lending_forget(l, failed);
	assert_null(lending_pop_failed(l));
	lending_free(&l);
}

static void nothing_counts_while_nobody_is_proven(void **state)
{
	(void)state;
	lending *l = lending_new(&rules, 1);
	for (int i = 0; i < 6; i++)
		lending_submit(l, &tickets[i], 10, 0);
	for (int round = 0; round < 50; round++) {       /* a broken build: each new worker dies with what it got */
		borrower fresh = {.credit = 2};
		lending_join(l, &fresh);
		loan n = next(l);
		assert_true(n.count > 0);
		if (round)
			assert_int_equal(n.count, 1);        /* it must prove itself by one thing first */
		lending_fail(l, &fresh, "stage.crash", "signal 6");
		lending_part(l, &fresh);
		assert_null(lending_pop_failed(l));
		assert_false(lending_healthy(l));
	}
	borrower good = {.credit = 2};                   /* a good one at last */
	lending_join(l, &good);
	int answered = 0;
	for (loan n = next(l); n.count; n = next(l)) {
		answered += (int)n.count;
		answer(l, &n);
	}
	assert_int_equal(answered, 6);
	assert_true(lending_healthy(l));
	lending_free(&l);
}

/* Half of the pool is broken: innocents that meet the broken worker are tried by the proven one only. */
static void a_half_broken_pool_fails_nobody(void **state)
{
	(void)state;
	lending *l = lending_new(&rules, 1);
	borrower good = {.credit = 1, .proven = true};
	lending_join(l, &good);
	int answered = 0;
	for (int i = 0; i < 40; i++)
		lending_submit(l, &tickets[i], 10, 0);
	for (int round = 0; round < 200 && answered < 40; round++) {
		borrower broken = {.credit = 1};
		lending_join(l, &broken);
		for (loan n = next(l); n.count; n = next(l)) {
			for (size_t i = 0; i < n.count; i++)
				assert_true(n.who == &good || !n.tasks[i]->tries);
			if (n.who == &good) {
				answered += (int)n.count;
				answer(l, &n);
			}
		}
		lending_fail(l, &broken, "stage.crash", "signal 6");
		lending_part(l, &broken);
		assert_null(lending_pop_failed(l));
	}
	assert_int_equal(answered, 40);
	lending_free(&l);
}

static void the_canary_proves_a_new_worker(void **state)
{
	(void)state;
	lending *l = lending_new(&rules, 1);
	borrower first = {.credit = 2};
	mr_field field = {mr_bytes_of("title"), mr_bytes_of("t")};
	mr_task filled = {mr_bytes_of("a good body"), &field, 1};
	lending_join(l, &first);
	lending_submit(l, &tickets[0], 10, 0);
	loan n = next(l);
	lending_offer_canary(l, n.tasks[0], &filled);
	answer(l, &n);
	lending_submit(l, &tickets[1], 10, 0);           /* the poison, and nothing else ever again */
	n = next(l);
	lending_fail(l, &first, "stage.timeout", "late");
	lending_part(l, &first);
	for (int attempt = 2; attempt <= 3; attempt++) {
		borrower fresh = {.credit = 2};
		lending_join(l, &fresh);
		n = next(l);
		assert_int_equal(n.count, 1);
		assert_true(n.tasks[0]->canary);
		assert_true(mr_bytes_equal(lending_canary(l)->body, "a good body"));
		assert_true(mr_bytes_equal(lending_canary(l)->fields[0].name, "title"));
		assert_int_equal(next(l).count, 0);
		assert_null(lending_settle(l, n.tasks[0]));
		n = next(l);
		assert_ptr_equal(n.tasks[0]->ticket, &tickets[1]);
		lending_fail(l, &fresh, "stage.timeout", "late");
		lending_part(l, &fresh);
	}
	task *failed = lending_pop_failed(l);
	assert_non_null(failed);
	assert_int_equal(failed->counted, 3);
	assert_string_equal(failed->code, "stage.timeout");
	lending_forget(l, failed);
	lending_free(&l);
}

/* A canary that kills is no canary: it is dropped, and something else must prove the next worker. */
static void a_canary_that_kills_is_dropped(void **state)
{
	(void)state;
	lending *l = lending_new(&rules, 1);
	borrower a = {.credit = 1};
	mr_task filled = {mr_bytes_of("body"), NULL, 0};
	lending_join(l, &a);
	lending_submit(l, &tickets[0], 10, 0);
	loan n = next(l);
	lending_offer_canary(l, n.tasks[0], &filled);
	answer(l, &n);
	lending_submit(l, &tickets[1], 10, 0);
	n = next(l);
	lending_fail(l, &a, "stage.crash", "x");
	a.proven = false;
	n = next(l);
	assert_true(n.tasks[0]->canary);
	lending_fail(l, &a, "stage.crash", "x");
	n = next(l);
	assert_ptr_equal(n.tasks[0]->ticket, &tickets[1]);
	lending_free(&l);
}

static void cancelled_tickets_are_forgotten_in_every_state(void **state)
{
	(void)state;
	lending *l = lending_new(&rules, 1);
	borrower a = {.credit = 1, .proven = true};
	lending_join(l, &a);
	for (int i = 0; i < 64; i++)
		lending_submit(l, &tickets[i], 10, 0);
	loan n = next(l);
	assert_int_equal(n.count, 4);
	for (int i = 63; i >= 0; i -= 2)
		assert_true(lending_cancel(l, &tickets[i]));
	assert_false(lending_cancel(l, &tickets[63]));
	assert_int_equal(lending_lent(l), 2);
	assert_int_equal(lending_queued(l), 30);
	lending_fail(l, &a, "stage.crash", "x");
	assert_int_equal(lending_suspects(l), 2);        /* cancelled ones are no suspects */
	assert_true(lending_cancel(l, &tickets[0]));
	assert_int_equal(lending_queued(l), 31);
	assert_int_equal(a.messages, 0);
	for (int i = 0; i < 64; i++)
		lending_cancel(l, &tickets[i]);
	assert_int_equal(lending_queued(l), 0);
	lending_free(&l);
}

static void order_is_kept_when_work_comes_back(void **state)
{
	(void)state;
	lending *l = lending_new(&rules, 1);
	borrower a = {.credit = 2};
	lending_join(l, &a);
	for (int i = 0; i < 8; i++)
		lending_submit(l, &tickets[i], 10, 0);
	loan first = next(l), second = next(l);
	assert_int_equal(first.count + second.count, 8);
	lending_return(l, &a);
	loan again = next(l);
	for (int i = 0; i < 4; i++)
		assert_ptr_equal(again.tasks[i]->ticket, &tickets[i]);
	lending_undo(l, again.who, again.tasks, again.count);
	assert_int_equal(a.messages, 0);
	again = next(l);
	assert_ptr_equal(again.tasks[0]->ticket, &tickets[0]);
	assert_int_equal(again.tasks[0]->lendings, 2);
	lending_free(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(batches_keep_to_their_limits_and_are_shared),
		cmocka_unit_test(leases_are_new_each_time_and_checked),
		cmocka_unit_test(a_suspect_is_tried_alone_and_only_it_fails),
		cmocka_unit_test(nothing_counts_while_nobody_is_proven),
		cmocka_unit_test(a_half_broken_pool_fails_nobody),
		cmocka_unit_test(the_canary_proves_a_new_worker),
		cmocka_unit_test(a_canary_that_kills_is_dropped),
		cmocka_unit_test(cancelled_tickets_are_forgotten_in_every_state),
		cmocka_unit_test(order_is_kept_when_work_comes_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
