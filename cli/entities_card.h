/* entities_card.h - the card of a tagger's model: what it was made of, for people. Says nothing of the machine it was made on, and equal training gives
 * equal text. Pure but for reading the notes. */
#ifndef CLI_ENTITIES_CARD_H
#define CLI_ENTITIES_CARD_H

#include "cli/entities_args.h"

/* Appends the card. 0; -1 with error (the file model cannot be read back, the notes cannot be read). */
int entities_card_text(const entities_args *args, const entity_data *data, const word_list *words, mr_bytes file, buf *out, char error[256]) MR_MUST_USE;

#endif
