/* keystrokes.c - see keystrokes.h. Sequences are those of ECMA-48: CSI is ESC [, ended by a byte from @ to ~; SS3 (ESC O) comes with cursor keys in application mode. */
#include "cli/keystrokes.h"

#include <string.h>

static int meaning(const char *sequence)
{
	static const struct {
		const char *sequence;
		int key;
	} known[] = {{"[A", KEY_UP}, {"[B", KEY_DOWN}, {"[C", KEY_RIGHT}, {"[D", KEY_LEFT}, {"OA", KEY_UP}, {"OB", KEY_DOWN}, {"OC", KEY_RIGHT}, {"OD", KEY_LEFT}, {"[5~", KEY_PAGE_UP},
		     {"[6~", KEY_PAGE_DOWN}, {"[H", KEY_HOME}, {"[F", KEY_END}, {"OH", KEY_HOME}, {"OF", KEY_END}, {"[1~", KEY_HOME}, {"[4~", KEY_END}, {"[7~", KEY_HOME}, {"[8~", KEY_END},
		     {"[Z", KEY_BACK_TAB}};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(known[i].sequence, sequence) == 0)
			return known[i].key;
	return KEY_NONE;
}

static int finish(keystrokes *self)
{
	self->sequence[self->len] = 0;
	int key = self->skip ? KEY_NONE : meaning(self->sequence + 1);
	*self = (keystrokes){0};
	return key;
}

int keystrokes_take(keystrokes *self, unsigned char byte)
{
	if (self->len == 0) {
		if (byte != KEY_ESCAPE)
			return byte < 0x80 ? byte : KEY_NONE;
		self->sequence[self->len++] = (char)byte;
		return KEY_NONE;
	}
	if (byte == KEY_ESCAPE) {                        /* the one before stood alone, or broke off */
		bool alone = self->len == 1;
		*self = (keystrokes){.sequence = {KEY_ESCAPE}, .len = 1};
		return alone ? KEY_ESCAPE : KEY_NONE;
	}
	if (self->len < (int)sizeof self->sequence - 1)
		self->sequence[self->len++] = (char)byte;
	else
		self->skip = true;
	if (self->len == 2)                              /* ESC and a character is that character with Alt: not ours */
		return byte == '[' || byte == 'O' ? KEY_NONE : finish(self);
	return self->sequence[1] == 'O' || (byte >= 0x40 && byte <= 0x7E) ? finish(self) : KEY_NONE;
}

int keystrokes_idle(keystrokes *self)
{
	bool alone = self->len == 1;
	*self = (keystrokes){0};
	return alone ? KEY_ESCAPE : KEY_NONE;
}
