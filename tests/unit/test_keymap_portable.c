/* The same for the way that machines without SSE2 go. */
#define KEYMAP_PORTABLE
#include "daemon/keymap.c"
#include "tests/unit/test_keymap.c"
