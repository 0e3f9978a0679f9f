/* journal_message.c - see journal_message.h. */
#include "journal_message.h"

#include <stdio.h>

#include "common/settings.h"
#include "common/url.h"
#include "workers/text/fold.h"

void journal_versions(const struct settings *settings, char out[JOURNAL_VERSIONS_MAX])
{
	snprintf(out, JOURNAL_VERSIONS_MAX, "fold=%d ids=%d identity=%s", FOLD_VERSION, RECORD_IDENTITY_VERSION * 1000 + URL_VERSION, settings_str(settings, "intake.identity"));
}

int journal_message_read(mr_bytes value, mr_bytes told, const char *versions, index_entry *entry, mr_bytes *topic, const char **why)
{
	uint32_t format = value.data ? index_entry_format(value) : 0;
	*why = "it is no entry, or damaged";
	if (!told.data || !mr_bytes_equal(told, versions)) {
		*why = "it was made by a program with other versions of folding or ids, or with another intake.identity";
		return -1;
	}
	if (format > INDEX_FORMAT) {
		*why = "its format is newer than this program";
		return -1;
	}
	return format < 2 || index_entry_decode(value, format, entry, topic) ? -1 : 0;
}
