/* The key table of the index against a plain list, with keys that collide. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/keymap.h"

#define ENTRIES 20000

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static int holds(keymap *m, uint64_t key, uint32_t entry)
{
	uint32_t found[512];
	size_t n = keymap_find(m, key, found, 512);
	for (size_t i = 0; i < n; i++)
		if (found[i] == entry)
			return 1;
	return 0;
}

static void what_is_filed_is_found_until_removed(void **state)
{
	(void)state;
	static uint64_t key[ENTRIES];
	static char in[ENTRIES];
	keymap *m = keymap_new();
	uint64_t seed = 88172645463325252ULL;
	for (uint32_t i = 0; i < ENTRIES; i++) {
		key[i] = next_random(&seed) % 3 ? next_random(&seed) : next_random(&seed) % 50;      /* a third share 50 keys */
		keymap_add(m, key[i], i);
		in[i] = 1;
		uint32_t gone = (uint32_t)(next_random(&seed) % (i + 1));
		if (in[gone] && next_random(&seed) % 2) {
			keymap_remove(m, key[gone], gone);
			in[gone] = 0;
		}
	}
	for (uint32_t i = 0; i < ENTRIES; i++)
		if (key[i] >= 50)
			assert_int_equal(holds(m, key[i], i), in[i]);
	for (uint32_t i = 0; i < ENTRIES; i++)
		if (in[i])
			keymap_remove(m, key[i], i);
	for (uint32_t i = 0; i < ENTRIES; i++)
		assert_int_equal(holds(m, key[i], i), 0);
	keymap_free(&m);
}

static void a_chain_is_most_recent_first(void **state)
{
	(void)state;
	keymap *m = keymap_new();
	for (uint32_t i = 0; i < 100; i++)
		keymap_add(m, 42, i);
	uint32_t found[3];
	assert_int_equal(keymap_find(m, 42, found, 3), 3);
	assert_int_equal(found[0], 99);
	assert_int_equal(found[2], 97);
	keymap_remove(m, 42, 99);
	assert_int_equal(keymap_find(m, 42, found, 3), 3);
	assert_int_equal(found[0], 98);
	keymap_free(&m);
}

/* All entries under one key: the oldest go (expiry) while new ones come. Looking for each through the whole chain would take hours. */
static void a_key_that_everybody_has_costs_nothing(void **state)
{
	enum { MOST = 1000000, MORE = 2000000 };
	(void)state;
	keymap *m = keymap_new();
	uint32_t found[2];
	for (uint32_t i = 0; i < MORE; i++) {
		keymap_add(m, 7, i);
		if (i >= MOST)
			keymap_remove(m, 7, i - MOST);
		if (i % 3 == 0) {                /* one that is dropped at once */
			keymap_add(m, 7, MORE + i);
			keymap_remove(m, 7, MORE + i);
		}
	}
	assert_int_equal(keymap_find(m, 7, found, 2), 2);
	assert_true(found[0] == MORE - 1 && found[1] == MORE - 2);
	for (uint32_t i = MORE - MOST; i < MORE; i++)
		keymap_remove(m, 7, i);
	assert_int_equal(keymap_find(m, 7, found, 2), 0);
	keymap_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_filed_is_found_until_removed),
		cmocka_unit_test(a_chain_is_most_recent_first),
		cmocka_unit_test(a_key_that_everybody_has_costs_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
