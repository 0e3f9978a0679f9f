/* pace.h - how fast records are taken: a token bucket (Turner 1986, "leaky bucket as a meter") that is told the time.
 *
 * Holds credit for at most BURST of time, so what was not used a while ago cannot be made up for later. Plain struct, owned by who takes; any thread, one at a time. */
#ifndef DAEMON_PACE_H
#define DAEMON_PACE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct pace {
	int64_t per_second;                      /* 0: no limit */
	int64_t credit;                          /* millionths of a record */
	int64_t at_us;                           /* monotonic, when the credit was reckoned */
} pace;

/* From now on; what was saved up stays, within the new bounds. `per_second` 0 ... 10 million. */
void pace_set(pace *self, int64_t per_second, int64_t now_us);
/* May one more be taken? If so it is counted. Over any time t it says yes at most t x per_second + burst times; burst: one, and a quarter of a second's. */
bool pace_take(pace *self, int64_t now_us);

#endif
