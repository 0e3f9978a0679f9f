/* record_identity.c - who a record is, and what it says: article ids and the raw fingerprint.
 *
 * XXH3-128 over length-prefixed parts, each kind under a word of its own, so that no two kinds meet. Ids must be the same for ever: whatever is
 * changed here needs a new RECORD_IDENTITY_VERSION. XXH3 is no cryptographic hash: who may write to the input topic can make two of his own records collide, as he can give
 * two records the same id. */
#include <xxhash.h>

#include "record_impl.h"

static void put(buf *text, mr_bytes part)
{
	buf_add_u64(text, part.len);
	if (part.len)
		buf_add(text, part.data, part.len);
}

static void put_number(buf *text, int64_t value)
{
	buf_add_u64(text, sizeof value);
	buf_add_u64(text, (uint64_t)value);
}

/* Hashes and frees what was put. */
static void end(buf *text, uint8_t out[16])
{
	XXH128_canonical_t canonical;
	XXH128_canonicalFromHash(&canonical, XXH3_128bits(text->data, text->len));
	memcpy(out, canonical.digest, 16);
	buf_free(text);
}

static mr_bytes value_text(const record *rec, enum field field)
{
	const json_t *value = rec->values[field];
	return json_is_string(value) ? (mr_bytes){json_string_value(value), json_string_length(value)} : (mr_bytes){NULL, 0};
}

/* docs/record.md, "Identity". `rec` may be NULL for a tombstone, which has nothing but key and place. */
void identity_of(const record_rules *rules, const record *rec, const record_source *source, uint8_t out[16])
{
	buf text = {0};
	origin from = origin_of(source);
	mr_bytes id = rec ? value_text(rec, FIELD_FEED_ID) : (mr_bytes){NULL, 0};
	if (rules->identity_is_key && source->key.data) {
		put(&text, mr_bytes_of("millrace.identity.key"));
		put(&text, source->key);
	} else if (!rules->identity_is_key && id.data) {
		mr_bytes owner = value_text(rec, FIELD_SOURCE_NAME);
		put(&text, mr_bytes_of(owner.data ? "millrace.identity.source-id" : "millrace.identity.topic-id"));
		put(&text, owner.data ? owner : from.topic);
		put(&text, id);
	} else if (!rules->identity_is_key && rec && rec->address.len) {
		put(&text, mr_bytes_of("millrace.identity.address"));
		put(&text, buf_bytes(&rec->address));
	} else {
		put(&text, mr_bytes_of("millrace.identity.place"));
		put(&text, from.topic);
		put_number(&text, from.partition);
		put_number(&text, from.offset);
	}
	end(&text, out);
}

void identity_page(const uint8_t identity[16], int page_index, uint8_t out[ARTICLE_ID_BYTES])
{
	buf text = {0};
	put(&text, mr_bytes_of("millrace.article"));
	put(&text, (mr_bytes){(const char *)identity, 16});
	put_number(&text, page_index);
	end(&text, out);
}

/* Members are added up, so their order does not matter; name and kind stand in the seed, so that values cannot change places. */
void fingerprint_add(fingerprint *self, mr_bytes name, char kind, mr_bytes value)
{
	uint64_t seed = XXH3_64bits_withSeed(name.data, name.len, (uint64_t)(unsigned char)kind);
	XXH128_hash_t hash = XXH3_128bits_withSeed(value.data ? value.data : "", value.len, seed);
	self->low += hash.low64;
	self->high += hash.high64 ^ seed;
	self->count++;
}

void fingerprint_end(const fingerprint *self, char form, uint8_t out[16])
{
	buf text = {0};
	put(&text, mr_bytes_of("millrace.fingerprint"));
	put(&text, (mr_bytes){&form, 1});
	put_number(&text, (int64_t)self->count);
	put_number(&text, (int64_t)self->low);
	put_number(&text, (int64_t)self->high);
	end(&text, out);
}

void record_article_id(const record *self, int page_index, uint8_t out[ARTICLE_ID_BYTES])
{
	identity_page(self->identity, page_index, out);
}

void record_tombstone_id(const record_rules *rules, const record_source *source, uint8_t out[ARTICLE_ID_BYTES])
{
	uint8_t identity[16];
	identity_of(rules, NULL, source, identity);
	identity_page(identity, 0, out);
}

void record_fingerprint(const record *self, uint8_t out[16])
{
	memcpy(out, self->fingerprint, 16);
}

void id_hex(const uint8_t id[ARTICLE_ID_BYTES], char out[33])
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < ARTICLE_ID_BYTES; i++) {
		out[2 * i] = digits[id[i] >> 4];
		out[2 * i + 1] = digits[id[i] & 15];
	}
	out[32] = 0;
}
