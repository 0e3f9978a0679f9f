/* keymap.h - a multimap from hashed keys to small numbers (entries of the index), made for a hundred million of them in five bytes each.
 *
 * Owns the life of numbers: one is RAISED before it is filed, and BURIED as a whole - no key of it has to be named again, so its owner need not keep them. From then on
 * it is never found. Slots that name it are cleared when their part of the table is rebuilt or SWEPT; a buried number may be raised again only after a
 * whole sweep has passed over the table (keymap_free_number gives it back).
 *
 * A key is folded to 27 bits and two keys with the same bits are one: a search may return numbers of another key, whatever else is filed (with n keys filed: one
 * in 2^27/n searches). Callers verify what they get, or can do with a candidate too many. Nothing else can make the answer differ: neither growth nor order
 * nor what was buried meanwhile.
 *
 *   8192 shards (13 bits of the key), each a hash table of pages with 64 slots, growing by itself (no pause worth naming). The rest of the key says in which page a slot
 *   belongs; it stands behind those that were filed before, or in the next page when that one is full.
 *   tag   8 bits     0 free; 1..254: part of the key; 255: a chain
 *   slot  32 bits    rest of the key:6 | number:26     number 0: cleared.  Chain: its youngest node
 *   node  64 bytes   younger:32 | older:32 | key:32 | 13 numbers, oldest first
 * The tags of a page are one cache line, and most searches look at no more. All pages have one size and come from one store: what one shard gives back another takes.
 *
 * Where a slot belongs follows from its bits alone, so that a shard is rebuilt without asking anybody. Slots of one key stand in the order of filing; a key that
 * has many gets a chain, or it would fill the shard. Loop thread. */
#ifndef DAEMON_KEYMAP_H
#define DAEMON_KEYMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEYMAP_NUMBERS (1u << 26)        /* numbers are smaller than this, and not 0 */

typedef struct keymap keymap;

keymap *keymap_new(void);
void keymap_free(keymap **self);

void keymap_raise(keymap *self, uint32_t number);
void keymap_bury(keymap *self, uint32_t number);                 /* must be alive: our bug otherwise */
bool keymap_is_alive(const keymap *self, uint32_t number);       /* any number */
uint64_t keymap_alive(const keymap *self, uint32_t block);       /* of the 64 numbers from 64 * block on; one bit each */

void keymap_file(keymap *self, uint64_t key, uint32_t number);   /* must be alive */
/* Writes up to `max` living numbers filed under the key, last filed first; returns how many. */
size_t keymap_find(const keymap *self, uint64_t key, uint32_t *numbers, size_t max);
/* A search or filing for this key follows soon: its memory is fetched meanwhile, in two steps (0, 1) with other work between them. */
void keymap_prefetch(const keymap *self, uint64_t key, unsigned step);

/* Files it some time later, many of one shard at once: several times as fast when millions are filed, and the number is not found under this key before
 * keymap_catch_up. Takes up to 64 MB meanwhile. */
void keymap_file_later(keymap *self, uint64_t key, uint32_t number);
void keymap_catch_up(keymap *self);
/* About so many keys will be filed later: tables are made for them at once, instead of growing a dozen times. Too large a number costs memory until as many came. */
void keymap_expect(keymap *self, size_t keys);

/* Sweeps over about `slots` slots, if enough is buried to make it worth while. */
void keymap_sweep(keymap *self, size_t slots);
/* A buried number that nothing names any more and that may be raised again; 0: none now. Each is given once. */
uint32_t keymap_free_number(keymap *self);

size_t keymap_memory(const keymap *self);        /* bytes */
size_t keymap_void_slots(const keymap *self);    /* of these, slots of buried numbers, estimated: what sweeps will give back */

#endif
