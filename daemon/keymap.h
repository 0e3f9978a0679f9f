/* keymap.h - a multimap from hashed keys to small numbers (entries of the index), made for tens of millions of them.
 *
 * A key is folded to a 32-bit tag, so a search may return entries of another key (with n keys filed: one in 2^32/n): callers verify what
 * they get. Slots of 8 bytes, open addressing with linear probing, home slot = the tag's high bits, so that deletion can shift back and
 * nothing is ever left as a tombstone. A key that has several entries keeps them in a ring, most recent first: one that is removed is looked for from both
 * ends at once, because entries go young (dropped) or old (expired), and a key may have all of them (a feed with one url for everything). Loop thread.
 *
 *   slot  | tag:32 | head:32 |      head: 0 free; bit 31 clear: entry number + 1; set: first node of a ring
 *   node  | entry:32 | next:32 | previous:32 | */
#ifndef DAEMON_KEYMAP_H
#define DAEMON_KEYMAP_H

#include <stddef.h>
#include <stdint.h>

typedef struct keymap keymap;

keymap *keymap_new(void);
void keymap_free(keymap **self);
void keymap_add(keymap *self, uint64_t key, uint32_t entry);             /* entry < 2^31 - 1 */
void keymap_remove(keymap *self, uint64_t key, uint32_t entry);          /* must be there: our bug otherwise */
/* Writes up to `max` entries of the key, most recent first; returns their number. */
size_t keymap_find(const keymap *self, uint64_t key, uint32_t *entries, size_t max);
size_t keymap_memory(const keymap *self);                                /* bytes */

#endif
