/* record_envelope.c - every value with its schema, as Kafka Connect's JsonConverter wants it with schemas.enable = true (org.apache.kafka.connect.json.JsonConverter, JsonSchema).
 *
 * {"schema":{"type":"struct","fields":[{"type":"string","optional":false,"field":"article_id"},...],"optional":false,"name":"millrace.article","version":1},"payload":{...}}
 *
 * The fields are those of the record, in its order. Integers are int64 whatever their range, so that none ever changes its type. Those that are epoch milliseconds (their names end in _ms)
 * bear the name of Connect's logical type, so a JDBC sink makes TIMESTAMP columns of them; ISO times stay strings. Lists are arrays of strings. The text is the same for every record of its kind and
 * is made once, with the rules. */
#include "record_impl.h"

#define TIMESTAMP "org.apache.kafka.connect.data.Timestamp"      /* its version is 1 */

static bool is_moment(const char *name, enum field_type type)
{
	size_t len = strlen(name);
	return type == TYPE_INT && len > 3 && strcmp(name + len - 3, "_ms") == 0;
}

static const char *connect_type(enum field_type type)
{
	switch (type) {
	case TYPE_INT:
		return "int64";
	case TYPE_NUMBER:
	case TYPE_SCORES:
		return "double";
	case TYPE_BOOL:
		return "boolean";
	case TYPE_STRINGS:
		return "array";
	default:
		return "string";
	}
}

void envelope_begin(buf *out, const char *name)
{
	buf_printf(out, "{\"schema\":{\"type\":\"struct\",\"optional\":false,\"name\":\"%s\",\"version\":1,\"fields\":[", name);
}

void envelope_field(buf *out, const char *name, enum field_type type, bool null)
{
	if (out->data[out->len - 1] != '[')
		buf_add_char(out, ',');
	buf_printf(out, "{\"type\":\"%s\"", connect_type(type));
	if (type == TYPE_STRINGS)
		buf_add_str(out, ",\"items\":{\"type\":\"string\",\"optional\":false}");
	if (is_moment(name, type))
		buf_add_str(out, ",\"name\":\"" TIMESTAMP "\",\"version\":1");
	buf_printf(out, ",\"optional\":%s,\"field\":\"%s\"}", null ? "true" : "false", name);
}

void envelope_end(buf *out)
{
	buf_add_str(out, "]},\"payload\":");
}

void envelope_fields(const record_rules *rules, unsigned which, buf *out)
{
	for (int f = 0; f < FIELD_COUNT; f++) {
		const field_row *row = &field_table[f];
		if ((row->flags & which) != which || (f == FIELD_DETAIL && rules->detail == DETAIL_NONE))
			continue;
		for (size_t i = 0; f == FIELD_SCORES && i < rules->label_count; i++)
			envelope_field(out, rules->score_names[i], row->type, false);
		if (f != FIELD_SCORES)
			envelope_field(out, row->name, row->type, row->flags & FIELD_NULL);
	}
}
