/* keystrokes.h - what a terminal sends when keys are pressed, read byte by byte: characters, arrows, pages; everything else is left out. Pure. */
#ifndef CLI_KEYSTROKES_H
#define CLI_KEYSTROKES_H

#include <stdbool.h>

enum key { KEY_NONE, KEY_ESCAPE = 0x1B, KEY_UP = 0x100, KEY_DOWN, KEY_LEFT, KEY_RIGHT, KEY_PAGE_UP, KEY_PAGE_DOWN, KEY_HOME, KEY_END, KEY_BACK_TAB };

typedef struct keystrokes {
	char sequence[8];                /* begun with an escape; not over yet */
	int len;
	bool skip;                       /* a sequence too long to be one of ours: passed over up to its last byte */
} keystrokes;

/* A zeroed one is new. The key that this byte completes: one of enum key, or a character of ASCII; KEY_NONE: none yet. */
int keystrokes_take(keystrokes *self, unsigned char byte);
/* Nothing came for a while: an escape that stood alone is the key. */
int keystrokes_idle(keystrokes *self);

#endif
