/* The key table of the index against plain lists: keys that few or many numbers have, numbers that die and are raised again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "common/mem.h"
#include "daemon/keymap.h"

#define KEYS 3000                /* key k is filed under by more numbers the smaller it is */
#define NUMBERS 20000
#define FILED_MOST 4             /* keys of a number */

typedef struct filed {
	uint32_t *numbers;       /* in the order of filing; dead ones are taken out */
	size_t count, cap;
} filed;

typedef struct model {
	keymap *map;
	filed keys[KEYS];
	uint16_t filed_under[NUMBERS][FILED_MOST];
	size_t key_count[NUMBERS];
	uint32_t free[NUMBERS], living[NUMBERS];
	size_t free_count, living_count;
	uint64_t seed;
	size_t searches, strangers;
} model;

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static uint64_t table_key(size_t k)
{
	return k % 2 ? k : k * 0x9E3779B97F4A7C15u;      /* small ones, too: the table mixes them */
}

static size_t any_key(model *m)
{
	uint64_t r = next_random(&m->seed) % 100;
	return r < 20 ? 0 : r < 50 ? next_random(&m->seed) % 50 : next_random(&m->seed) % KEYS;
}

static void add(model *m)
{
	if (!m->free_count)
		return;
	uint32_t number = m->free[--m->free_count];
	keymap_raise(m->map, number);
	m->living[m->living_count++] = number;
	m->key_count[number] = 1 + next_random(&m->seed) % FILED_MOST;
	for (size_t i = 0; i < m->key_count[number]; i++) {
		size_t k = any_key(m);
		for (size_t j = 0; j < i; j++)
			if (m->filed_under[number][j] == k)
				k = (k + 1 + i) % KEYS;          /* once under each is enough */
		filed *f = &m->keys[k];
		if (f->count == f->cap)
			f->numbers = mem_grow(f->numbers, f->cap += f->cap + 8, sizeof *f->numbers);
		f->numbers[f->count++] = number;
		m->filed_under[number][i] = (uint16_t)k;
		keymap_file(m->map, table_key(k), number);
	}
}

static void bury(model *m)
{
	if (!m->living_count)
		return;
	size_t which = next_random(&m->seed) % m->living_count;
	uint32_t number = m->living[which];
	m->living[which] = m->living[--m->living_count];
	keymap_bury(m->map, number);
	assert_false(keymap_is_alive(m->map, number));
	for (size_t i = 0; i < m->key_count[number]; i++) {
		filed *f = &m->keys[m->filed_under[number][i]];
		size_t kept = 0;
		for (size_t j = 0; j < f->count; j++)
			if (f->numbers[j] != number)
				f->numbers[kept++] = f->numbers[j];
		f->count = kept;
	}
}

static int is_filed(const model *m, uint32_t number, size_t k)
{
	for (size_t i = 0; i < m->key_count[number]; i++)
		if (m->filed_under[number][i] == k)
			return 1;
	return 0;
}

/* The last filed come first. Numbers of another key that has the same 27 bits may stand between them. */
static void check(model *m, size_t k)
{
	uint32_t found[NUMBERS];
	const filed *f = &m->keys[k];
	size_t n = keymap_find(m->map, table_key(k), found, NUMBERS), want = f->count;
	m->searches++;
	for (size_t i = 0; i < n; i++) {
		assert_true(keymap_is_alive(m->map, found[i]));
		if (!is_filed(m, found[i], k))
			m->strangers++;
		else if (!want || f->numbers[--want] != found[i])
			fail_msg("key %zu: %u in the wrong place", k, found[i]);
	}
	assert_int_equal(want, 0);
	uint32_t first[5];
	size_t few = keymap_find(m->map, table_key(k), first, 5);
	assert_int_equal(few, n < 5 ? n : 5);
	for (size_t i = 0; i < few; i++)
		assert_int_equal(first[i], found[i]);
}

static void what_is_filed_is_found_until_it_is_buried(void **state)
{
	(void)state;
	model *m = mem_alloc(sizeof *m);
	m->map = keymap_new();
	m->seed = 88172645463325252ULL;
	for (uint32_t i = NUMBERS; i-- > 1;)
		m->free[m->free_count++] = i;
	size_t given_back = 0;
	for (int turn = 0; turn < 300000; turn++) {
		int growing = turn / 30000 % 2 == 0;     /* it grows, then shrinks, and so on */
		if (next_random(&m->seed) % 10 < (growing ? 7u : 4u))
			add(m);
		else
			bury(m);
		if (turn % 7 == 0)
			check(m, any_key(m));
		if (turn % 3 == 0)
			keymap_sweep(m->map, 300);
		for (uint32_t number; turn % 2 && (number = keymap_free_number(m->map)); given_back++)
			m->free[m->free_count++] = number;
	}
	assert_true(given_back > NUMBERS);
	for (size_t k = 0; k < KEYS; k++)
		check(m, k);
	assert_true(m->strangers * 500 < m->searches);
	while (m->living_count)
		bury(m);
	for (size_t k = 0; k < KEYS; k++) {
		check(m, k);
		free(m->keys[k].numbers);
	}
	keymap_free(&m->map);
	free(m);
}

/* All numbers under one key: the oldest go (expiry) while new ones come, and a third is dropped at once. None of it may take time that grows with their count. */
static void a_key_that_everybody_has_costs_nothing(void **state)
{
	enum { MOST = 1000000, MORE = 2000000 };
	(void)state;
	keymap *map = keymap_new();
	uint32_t *window = mem_array(MORE, sizeof *window), fresh = 1, found[2];
	for (size_t i = 0; i < MORE; i++) {
		for (size_t k = 0; k < 1 + (i % 3 == 0); k++) {
			uint32_t number = keymap_free_number(map);
			number = number ? number : fresh++;
			keymap_raise(map, number);
			keymap_file(map, 7, number);
			window[i] = number;
			if (k == 0 && i % 3 == 0)
				keymap_bury(map, number);
		}
		if (i >= MOST)
			keymap_bury(map, window[i - MOST]);
		keymap_sweep(map, 100);
	}
	assert_int_equal(keymap_find(map, 7, found, 2), 2);
	assert_true(found[0] == window[MORE - 1] && found[1] == window[MORE - 2]);
	assert_true(fresh < 2 * MOST);           /* numbers come back */
	assert_true(keymap_memory(map) < 30 * MOST);
	for (size_t i = MORE - MOST; i < MORE; i++)
		keymap_bury(map, window[i]);
	assert_int_equal(keymap_find(map, 7, found, 2), 0);
	for (int i = 0; i < 3; i++)
		keymap_sweep(map, SIZE_MAX / 2);
	assert_int_not_equal(keymap_free_number(map), 0);
	free(window);
	keymap_free(&map);
}

/* Slots of the dead are given back: the table of a steady window does not grow. */
static void a_steady_window_takes_steady_memory(void **state)
{
	enum { WINDOW = 60000, TURNS = 400000 };
	(void)state;
	keymap *map = keymap_new();
	static uint32_t window[WINDOW], clean[WINDOW];
	uint32_t fresh = 1, number;
	uint64_t seed = 1;
	size_t full = 0, clean_count = 0;
	for (size_t i = 0; i < TURNS; i++) {
		uint32_t *at = &window[i % WINDOW];
		if (i >= WINDOW)
			keymap_bury(map, *at);
		*at = clean_count ? clean[--clean_count] : fresh++;
		keymap_raise(map, *at);
		for (int k = 0; k < 11; k++)
			keymap_file(map, next_random(&seed), *at);
		keymap_sweep(map, 256);
		while ((number = keymap_free_number(map)))
			clean[clean_count++] = number;
		if (i == WINDOW - 1)
			full = keymap_memory(map);
	}
	assert_true(fresh < WINDOW * 3 / 2);
	assert_true(keymap_memory(map) < full * 13 / 10);
	keymap_free(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_filed_is_found_until_it_is_buried),
		cmocka_unit_test(a_key_that_everybody_has_costs_nothing),
		cmocka_unit_test(a_steady_window_takes_steady_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
