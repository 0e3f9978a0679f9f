/* record_settings.c - the rules of records as the configuration gives them. A file of its own, so that who makes rules by hand need not link
 * the configuration. */
#include "record.h"
#include "settings.h"

record_rules *record_rules_new(const struct settings *config)
{
	const char *const *stages;
	record_rules_values values = {
		.max_record_bytes = (size_t)settings_int(config, "intake.max_record_bytes"),
		.max_depth = (int)settings_int(config, "intake.max_depth"),
		.identity_is_key = mr_bytes_equal(mr_bytes_of(settings_str(config, "intake.identity")), "key"),
		.staged = settings_list(config, "pipeline.stages", &stages) > 0,
		.detail = settings_str(config, "sink.detail"),
		.envelope = mr_bytes_equal(mr_bytes_of(settings_str(config, "sink.envelope")), "connect"),
		.spans = settings_bool(config, "extract.spans"),
	};
	values.format_count = settings_list(config, "intake.format", &values.formats);
	values.label_count = settings_list(config, "classify.labels", &values.labels);
	return record_rules_new_from(&values);
}
