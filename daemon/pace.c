/* pace.c - see pace.h. */
#include "pace.h"

#define RECORD 1000000               /* what one costs: a microsecond earns per_second */
#define BURST_US 250000              /* more than two of the loop's beats (POLL_MS in intake.c), so that a late one loses nothing */

static int64_t most(const pace *self)
{
	return RECORD + self->per_second * BURST_US;     /* the one: what is due between two beats is not lost at a slow rate */
}

static void earn(pace *self, int64_t now_us)
{
	int64_t passed = now_us - self->at_us, full = most(self);
	self->at_us = now_us;
	if (passed <= 0)
		return;
	if (passed > RECORD)                     /* a second fills it, whatever the rate: the product stays small */
		self->credit = full;
	else
		self->credit += passed * self->per_second;
	self->credit = self->credit < full ? self->credit : full;
}

void pace_set(pace *self, int64_t per_second, int64_t now_us)
{
	earn(self, now_us);
	self->per_second = per_second;
	self->credit = self->credit < most(self) ? self->credit : most(self);
}

bool pace_take(pace *self, int64_t now_us)
{
	if (!self->per_second)
		return true;
	earn(self, now_us);
	if (self->credit < RECORD)
		return false;
	self->credit -= RECORD;
	return true;
}
