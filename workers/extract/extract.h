/* extract.h - the stage `extract`: raw text or HTML in, clean articles out. One feed record may become several parts (a newspaper page). */
#ifndef EXTRACT_EXTRACT_H
#define EXTRACT_EXTRACT_H

#include "millrace/stage.h"

extern const mr_stage extract_stage;

#endif
