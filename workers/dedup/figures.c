/* figures.c - see figures.h. One pass over the characters, half- and full-width digits alike; a number longer than 24 digits is cut. */
#include "figures.h"

#include "common/utf8.h"

#define DIGITS_MAX 24

typedef struct scan {
	uint64_t hash;                   /* of the digits so far; 0: not in a number */
	unsigned digits;
	bool han;                        /* the last letter before the number was an ideograph */
	unsigned gap;                    /* white space since the last digit */
	uint32_t joint;                  /* '.' or ',' seen behind the last digit; 0: none */
	size_t from, to, piece;          /* of the number */
	figures_found found;
	void *arg;
} scan;

static void finish(scan *self)
{
	if (self->digits) {
		uint64_t h = (self->hash ^ self->hash >> 29) * 0xBF58476D1CE4E5B9u;
		self->found(self->arg, self->from, self->to, self->piece, (unsigned)(h >> 57));
	}
	self->hash = 0;
	self->digits = self->gap = 0;
	self->joint = 0;
}

static void digit(scan *self, uint32_t c, size_t from, size_t to, size_t piece)
{
	if (self->digits && self->gap && !self->han)
		finish(self);
	if (!self->digits) {
		self->from = from;
		self->piece = piece;
	}
	self->to = to;
	if (self->joint == '.')
		self->hash = (self->hash ^ '.') * 0x9E3779B97F4A7C15u;
	self->joint = 0;
	self->gap = 0;
	if (self->digits++ < DIGITS_MAX)
		self->hash = (self->hash ^ (c - '0' + 1)) * 0x9E3779B97F4A7C15u;
}

void figures_each(const figures_text *in, figures_found found, void *arg)
{
	scan self = {.found = found, .arg = arg};
	const char *at = in->text.data, *end = at + in->text.len;
	size_t piece = 0;
	while (at < end) {
		size_t from = (size_t)(at - in->text.data);
		while (piece + 1 < in->count && from >= in->begin[piece + 1])
			piece++;
		uint32_t c = utf8_next(&at, end);
		if (c >= 0xFF0C && c <= 0xFF19 && c != 0xFF0D && c != 0xFF0F)
			c -= 0xFEE0;
		if (c >= '0' && c <= '9') {
			digit(&self, c, from, (size_t)(at - in->text.data), piece);
			continue;
		}
		if (c == 0x200B || c == 0xFEFF)                  /* zero-width space, stray byte order mark */
			continue;
		bool space = c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == 0xA0 || c == 0x3000;
		if (self.digits && !self.joint && space && self.gap < 4) {
			self.gap++;
			continue;
		}
		if (self.digits && !self.joint && !self.gap && (c == '.' || c == ',')) {
			self.joint = c;
			continue;
		}
		finish(&self);
		if (!space)
			self.han = utf8_is_han(c) || (self.han && c > 0x2E80);
	}
	finish(&self);
}

typedef struct figures_bits {
	uint64_t (*bits)[2];
	size_t found;
} figures_bits;

static void set_bit(void *arg, size_t from, size_t to, size_t piece, unsigned bit)
{
	figures_bits *self = arg;
	(void)from;
	(void)to;
	self->bits[piece][bit / 64] |= (uint64_t)1 << bit % 64;
	self->found++;
}

size_t figures_scan(const figures_text *in, uint64_t bits[][2])
{
	figures_bits all = {bits, 0};
	figures_each(in, set_bit, &all);
	return all.found;
}
