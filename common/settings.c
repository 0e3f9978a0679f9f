/* settings.c - see settings.h.
 *
 * Reading goes in four steps, later ones win: defaults of the table, the file, its drop-ins in byte order, --set. What none of them set of the labels comes
 * from the taxonomy file, when one is named. A setting that one file sets twice is
 * an error, for nobody knows which of the two was meant. Errors are collected and never quote a property's value. Rules over several
 * settings stand in settings_check.c, texts of numbers in option_values.c, refused librdkafka properties in properties.c. */
#include "settings.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "ini.h"
#include "log.h"
#include "mem.h"
#include "nearest.h"
#include "settings_parts.h"
#include "taxonomy.h"

#define DROP_INS_MAX 256
#define PROPERTIES_MAX 512               /* of one section */
#define SECRET_MAX (64 * 1024)           /* bytes of a secret file: a key with its chain fits */
#define NAME_MAX_BYTES (2 * INI_NAME_MAX + 2)

typedef struct reading {
	settings *self;
	buf *errors;
	int bad;
	const char *folder;              /* of the file being read: relative paths start here; NULL: --set, they stay */
	bool unknown_section;            /* told already */
} reading;

/* `what` may quote a value, cut anywhere: one line of whole characters comes out. */
static void complain(reading *at, const char *origin, const char *what)
{
	char clean[1025];
	buf_printf(at->errors, "%s: %s\n", origin, log_clean(clean, sizeof clean - 1, mr_bytes_of(what)));
	at->bad++;
}

/* ---- names ---- */

static bool section_of(const char *name, mr_bytes *section)
{
	const char *dot = strchr(name, '.');
	*section = (mr_bytes){name, dot ? (size_t)(dot - name) : 0};
	return dot != NULL;
}

static int property_section(const char *section)
{
	for (int i = 0; i < SECTION_COUNT; i++)
		if (strcmp(property_sections[i], section) == 0)
			return i;
	return -1;
}

static bool section_known(const char *section)
{
	mr_bytes known;
	for (size_t i = 0; i < option_count; i++)
		if (section_of(option_table[i].name, &known) && mr_bytes_equal(known, section))
			return true;
	return property_section(section) >= 0;
}

/* One letter wrong is the likeliest slip, then the same key in another section, then the nearest whole name. */
static const char *nearest_setting(const char *name, const char *key)
{
	nearest guess = {.word = name};
	const char *elsewhere = NULL;
	for (size_t i = 0; i < option_count; i++) {
		mr_bytes section;
		section_of(option_table[i].name, &section);
		if (!elsewhere && strcmp(section.data + section.len + 1, key) == 0)
			elsewhere = option_table[i].name;
		nearest_offer(&guess, option_table[i].name);
	}
	return elsewhere && !(guess.best && guess.distance <= 1) ? elsewhere : guess.best;
}

static void mark_wrong(reading *at, const char *name)
{
	const option *row = name ? option_find(name) : NULL;
	if (row)
		at->self->values[row - option_table].wrong = true;
}

static void complain_unknown(reading *at, const char *origin, const char *kind, const char *name, const char *guess)
{
	buf what = {0};
	mark_wrong(at, guess);
	buf_printf(&what, "unknown %s '%s'", kind, name);
	if (guess)
		buf_printf(&what, " (did you mean '%s'?)", guess);
	complain(at, origin, what.data);
	buf_free(&what);
}

static const char *nearest_section(const char *name, char out[INI_NAME_MAX + 1])
{
	nearest guess = {.word = name};
	for (int i = 0; i < SECTION_COUNT; i++)
		nearest_offer(&guess, property_sections[i]);
	for (size_t i = 0; i < option_count; i++) {
		char known[INI_NAME_MAX + 1];
		mr_bytes section;
		section_of(option_table[i].name, &section);
		snprintf(known, sizeof known, "%.*s", (int)section.len, section.data);
		nearest closer = {.word = name, .best = guess.best, .distance = guess.distance};
		nearest_offer(&closer, known);
		if (closer.best == known) {
			memcpy(out, known, sizeof known);
			guess = (nearest){name, out, closer.distance};
		}
	}
	return guess.best;
}

/* ---- values ---- */

static void value_clear(value *v)
{
	free(v->text);
	free(v->origin);
	for (size_t i = 0; i < v->item_count; i++)
		free(v->items[i]);
	free(v->items);
	*v = (value){0};
}

static bool set_twice(reading *at, const char *section, const char *key, const char *old, const char *origin)
{
	const char *colon = strrchr(origin, ':');
	size_t file = colon ? (size_t)(colon - origin) : 0;
	if (!old || !file || strncmp(old, origin, file + 1) != 0 || strchr(old + file + 1, ':'))
		return false;
	buf what = {0};
	buf_printf(&what, "%s%s%s: set a second time (first on line %s)", section, section[0] ? "." : "", key, old + file + 1);
	complain(at, origin, what.data);
	buf_free(&what);
	return true;
}

static char *absolute(const reading *at, const option *row, const char *text)
{
	buf path = {0};
	if (row->type == OPTION_PATH && at->folder && text[0] && text[0] != '/')
		buf_printf(&path, "%s/", at->folder);
	buf_add_str(&path, text);
	return buf_take(&path, NULL);
}

static void set_value(reading *at, const option *row, const char *origin, const char *text)
{
	value *slot = &at->self->values[row - option_table];
	value fresh = {0};
	buf why = {0};
	if (set_twice(at, "", row->name, slot->origin, origin))
		return;
	if (option_parse(row, text, &fresh, &why) != 0) {
		slot->wrong = true;
		buf what = {0};
		buf_printf(&what, "%s: %s", row->name, why.data);
		complain(at, origin, what.data);
		buf_free(&what);
		value_clear(&fresh);
	} else {
		fresh.text = absolute(at, row, text);
		fresh.origin = mem_string(origin);
		value_clear(slot);
		*slot = fresh;
	}
	buf_free(&why);
}

/* ---- librdkafka properties ---- */

static void property_clear(property *p)
{
	free(p->key);
	free(p->text);
	if (p->secret)
		explicit_bzero(p->secret, strlen(p->secret));
	free(p->secret);
	free(p->unread);
	free(p->origin);
}

/* Reads `file:NAME`. What another user or another place could read is no error of the configuration: `unread` keeps the reason. */
static void read_secret(reading *at, property *p)
{
	const char *name = p->text + 5, *credentials = getenv("CREDENTIALS_DIRECTORY");
	buf path = {0}, data = {0}, why = {0};
	if (name[0] != '/' && !credentials) {
		p->unread = mem_string("relative name, and $CREDENTIALS_DIRECTORY is not set (LoadCredential= of the unit sets it)");
		return;
	}
	if (name[0] != '/')
		buf_printf(&path, "%s/", credentials);
	buf_add_str(&path, name);
	if (ini_load(path.data, SECRET_MAX, &data, &why) != 0) {
		why.data[why.len - 1] = 0;
		if (access(path.data, R_OK) != 0 && errno == EACCES)
			p->unread = mem_string(why.data);
		else
			complain(at, p->origin, why.data);
	} else if (!data.len || memchr(data.data, 0, data.len)) {
		complain(at, p->origin, data.len ? "the secret file holds a NUL byte" : "the secret file is empty");
	} else {
		if (data.data[data.len - 1] == '\n')
			data.data[--data.len] = 0;
		if (data.len && data.data[data.len - 1] == '\r')
			data.data[--data.len] = 0;
		p->secret = mem_copy(data.data, data.len);
	}
	if (data.data)
		explicit_bzero(data.data, data.cap);
	buf_free(&path);
	buf_free(&data);
	buf_free(&why);
}

const property *property_find(const settings *self, int section, const char *key)
{
	for (size_t i = 0; i < self->properties[section].count; i++)
		if (strcmp(self->properties[section].items[i].key, key) == 0)
			return &self->properties[section].items[i];
	return NULL;
}

static property *property_slot(property_list *list, const property *old)
{
	if (old) {
		property *slot = &list->items[old - list->items];
		property_clear(slot);
		return slot;
	}
	list->items = mem_grow(list->items, list->count + 1, sizeof *list->items);
	return &list->items[list->count++];
}

static void set_property(reading *at, int section, const char *origin, const char *key, const char *text)
{
	property_list *list = &at->self->properties[section];
	const property *old = property_find(at->self, section, key);
	const char *refusal = property_refusal(key, text);
	if (refusal) {
		buf what = {0};
		buf_printf(&what, "%s.%s cannot be set: %s", property_sections[section], key, refusal);
		complain(at, origin, what.data);
		buf_free(&what);
	} else if (!old && list->count == PROPERTIES_MAX) {
		complain(at, origin, "too many properties in this section");
	} else if (!old || !set_twice(at, property_sections[section], key, old->origin, origin)) {
		property *p = property_slot(list, old);
		*p = (property){.key = mem_string(key), .text = mem_string(text), .origin = mem_string(origin)};
		if (strncmp(text, "file:", 5) == 0)
			read_secret(at, p);
	}
}

/* ---- sources ---- */

static void set_any(reading *at, const char *origin, const char *section, const char *key, const char *text)
{
	char name[NAME_MAX_BYTES];
	int properties = property_section(section);
	if (properties >= 0) {
		set_property(at, properties, origin, key, text);
		return;
	}
	snprintf(name, sizeof name, "%s.%s", section, key);
	const option *row = option_find(name);
	if (row)
		set_value(at, row, origin, text);
	else
		complain_unknown(at, origin, "setting", name, nearest_setting(name, key));
}

static void on_section(void *arg, ini_place place, const char *name)
{
	reading *at = arg;
	char origin[4352], guess[INI_NAME_MAX + 1];
	at->unknown_section = !section_known(name);
	snprintf(origin, sizeof origin, "%s:%d", place.file, place.line);
	if (at->unknown_section)
		complain_unknown(at, origin, "section", name, nearest_section(name, guess));
}

static void on_entry(void *arg, ini_place place, const char *section, const char *key, const char *text)
{
	reading *at = arg;
	char origin[4352];
	snprintf(origin, sizeof origin, "%s:%d", place.file, place.line);
	if (!at->unknown_section)
		set_any(at, origin, section, key, text);
}

static char *folder_of(const char *file)
{
	const char *slash = strrchr(file, '/');
	if (!slash)
		return mem_string(".");
	return mem_copy(file, slash == file ? 1 : (size_t)(slash - file));
}

static void read_file(reading *at, const char *file)
{
	buf text = {0};
	char *folder = folder_of(file);
	at->folder = folder;
	at->unknown_section = false;
	int lines = ini_load(file, INI_FILE_MAX, &text, at->errors) ? 1 : ini_parse(buf_bytes(&text), file, (ini_hooks){on_section, on_entry, at}, at->errors);
	at->bad += lines;                        /* not in one: the hooks change `bad`, too */
	at->folder = NULL;
	free(folder);
	if (text.data)
		explicit_bzero(text.data, text.cap);     /* it may hold passwords */
	buf_free(&text);
}

static int is_drop_in(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);
	return len > 5 && entry->d_name[0] != '.' && strcmp(entry->d_name + len - 5, ".conf") == 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);       /* not alphasort: that one follows the locale */
}

static void read_drop_ins(reading *at, const char *file)
{
	char *folder = folder_of(file);
	buf path = {0};
	struct dirent **names = NULL;
	buf_printf(&path, "%s/conf.d", folder);
	int count = scandir(path.data, &names, is_drop_in, by_bytes);
	if (count < 0 && errno != ENOENT)
		complain(at, path.data, strerror(errno));
	if (count > DROP_INS_MAX)
		complain(at, path.data, "more than 256 drop-in files");
	for (int i = 0; i < count; i++) {
		buf_clear(&path);
		buf_printf(&path, "%s/conf.d/%s", folder, names[i]->d_name);
		if (i < DROP_INS_MAX)
			read_file(at, path.data);
		free(names[i]);
	}
	free(names);
	free(folder);
	buf_free(&path);
}

/* `kafka.consumer.fetch.wait.max.ms=10`: the longest known section that is a prefix of the name wins. */
static size_t longest_section(const char *name)
{
	size_t best = 0;
	for (size_t len = 0; name[len]; len++) {
		char section[INI_NAME_MAX + 1];
		if (name[len] != '.' || len > INI_NAME_MAX)
			continue;
		snprintf(section, sizeof section, "%.*s", (int)len, name);
		if (section_known(section))
			best = len;
	}
	return best;
}

static void read_set(reading *at, const char *text)
{
	char name[NAME_MAX_BYTES], section[INI_NAME_MAX + 1];
	const char *sign = strchr(text, '=');
	size_t len = sign ? (size_t)(sign - text) : 0;
	const char *wrong = ini_wrong_bytes(mr_bytes_of(text));
	if (wrong || !len || len >= sizeof name) {
		complain(at, "--set", wrong ? wrong : "wants section.key=value");
		return;
	}
	snprintf(name, sizeof name, "%.*s", (int)len, text);
	size_t dot = longest_section(name);
	if (!dot || !name[dot + 1]) {
		complain_unknown(at, "--set", "setting", name, nearest_setting(name, strrchr(name, '.') ? strrchr(name, '.') + 1 : name));
		return;
	}
	snprintf(section, sizeof section, "%.*s", (int)dot, name);
	set_any(at, "--set", section, name + dot + 1, sign + 1);
}

static void set_defaults(reading *at)
{
	for (size_t i = 0; i < option_count; i++)
		set_value(at, &option_table[i], "default", option_table[i].fallback);
	assert(at->bad == 0 && "a default of the option table is not allowed by the table");
}

/* ---- derived values ---- */

static char *instance_dir(const settings *self, const char *name, const char *variable, const char *fallback)
{
	const char *base = settings_str(self, name), *from_unit = getenv(variable);
	buf path = {0};
	if (!base[0] && from_unit && from_unit[0] == '/')
		buf_add(&path, from_unit, strcspn(from_unit, ":"));      /* systemd joins several folders with ':' */
	else
		buf_add_str(&path, base[0] ? base : fallback);
	buf_printf(&path, "/%s", settings_str(self, "daemon.instance"));
	return buf_take(&path, NULL);
}

static int derive_port(const settings *self)
{
	const char *instance = settings_str(self, "daemon.instance");
	int64_t port = settings_int(self, "admin.port");
	if (port)
		return (int)port;
	if (strcmp(instance, "millrace") == 0)
		return 9180;
	return 9180 + (int)(XXH32(instance, strlen(instance), 0) % 400);
}

/* ---- the taxonomy ---- */

/* What the file says for one setting, unless somebody set that himself. `field` of a label NULL: left out; `label` alone when there is none to name. */
static void taxonomy_set(reading *at, const taxonomy *labels, const char *file, const char *name, size_t field)
{
	const option *row = option_find(name);
	const char *origin = at->self->values[row - option_table].origin;
	if (strcmp(origin, "default") != 0)
		return;
	buf text = {0};
	for (size_t i = 0; i < labels->count; i++) {
		const taxonomy_label *label = &labels->labels[i];
		const char *value = *(char *const *)(const void *)((const char *)label + field);
		if (!value)
			continue;
		if (text.len)
			buf_add_char(&text, ' ');
		buf_add_str(&text, label->label);
		if (value != label->label)
			buf_printf(&text, "=%s", value);
	}
	buf_add(&text, "", 1);
	set_value(at, row, file, text.data);
	buf_free(&text);
}

static void read_taxonomy(reading *at)
{
	const char *file = settings_str(at->self, "classify.taxonomy");
	taxonomy labels;
	if (!*file)
		return;
	int bad = taxonomy_read(&labels, file, at->errors);
	at->bad += bad;
	if (!bad) {
		taxonomy_set(at, &labels, file, "classify.labels", offsetof(taxonomy_label, label));
		taxonomy_set(at, &labels, file, "classify.thresholds", offsetof(taxonomy_label, threshold));
		taxonomy_set(at, &labels, file, "classify.media_topics", offsetof(taxonomy_label, media_topic));
	}
	taxonomy_free(&labels);
}

settings *settings_read_good(const char *file, const char *const *sets, size_t set_count, buf *errors, int *bad)
{
	settings *self = mem_alloc(sizeof *self);
	reading at = {.self = self, .errors = errors};
	self->values = mem_array(option_count, sizeof *self->values);
	set_defaults(&at);
	if (file) {
		read_file(&at, file);
		read_drop_ins(&at, file);
	}
	for (size_t i = 0; i < set_count; i++)
		read_set(&at, sets[i]);
	read_taxonomy(&at);
	self->state_dir = instance_dir(self, "daemon.state_dir", "STATE_DIRECTORY", "/var/lib/millrace");
	self->runtime_dir = instance_dir(self, "daemon.runtime_dir", "RUNTIME_DIRECTORY", "/run/millrace");
	self->admin_port = derive_port(self);
	*bad = at.bad;
	return self;
}

settings *settings_read(const char *file, const char *const *sets, size_t set_count, buf *errors)
{
	int bad;
	settings *self = settings_read_good(file, sets, set_count, errors, &bad);
	if (bad)
		settings_free(&self);
	return self;
}

void settings_free(settings **self_p)
{
	settings *self = *self_p;
	*self_p = NULL;
	if (!self)
		return;
	for (size_t i = 0; i < option_count; i++)
		value_clear(&self->values[i]);
	for (int s = 0; s < SECTION_COUNT; s++) {
		for (size_t i = 0; i < self->properties[s].count; i++)
			property_clear(&self->properties[s].items[i]);
		free(self->properties[s].items);
	}
	free(self->values);
	free(self->state_dir);
	free(self->runtime_dir);
	free(self);
}

/* ---- asking ---- */

static const value *value_of(const settings *self, const char *name, unsigned types)
{
	const option *row = option_find(name);
	assert(row && "a setting of the option table");
	assert(types & 1u << row->type && "asked by its type");
	return &self->values[row - option_table];
}

const char *settings_str(const settings *self, const char *name)
{
	return value_of(self, name, 1u << OPTION_STRING | 1u << OPTION_PATH | 1u << OPTION_ENUM)->text;
}

int64_t settings_int(const settings *self, const char *name)
{
	return value_of(self, name, 1u << OPTION_INT | 1u << OPTION_BYTES | 1u << OPTION_MS)->number;
}

bool settings_bool(const settings *self, const char *name)
{
	return value_of(self, name, 1u << OPTION_BOOL)->number != 0;
}

size_t settings_list(const settings *self, const char *name, const char *const **items)
{
	const value *v = value_of(self, name, 1u << OPTION_LIST);
	*items = (const char *const *)v->items;
	return v->item_count;
}

const char *settings_origin(const settings *self, const char *name)
{
	return value_of(self, name, ~0u)->origin;
}

const char *settings_text(const settings *self, const char *name)
{
	return value_of(self, name, ~0u)->text;
}

int settings_section(const settings *self, const char *section, settings_each each, void *arg)
{
	int index = property_section(section);
	assert(index >= 0 && "a pass-through section");
	const property_list *list = &self->properties[index];
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].unread) {
			log_error("cannot read a secret", "setting", "%s", list->items[i].key, "origin", "%s", list->items[i].origin,
				  "reason", "%s", list->items[i].unread);
			return -1;
		}
	for (size_t i = 0; i < list->count; i++) {
		const property *p = &list->items[i];
		int rc = each(arg, p->key, p->secret ? p->secret : p->text);
		if (rc)
			return rc;
	}
	return 0;
}

void settings_section_show(const settings *self, const char *section, settings_show_each each, void *arg)
{
	int index = property_section(section);
	assert(index >= 0 && "a pass-through section");
	for (size_t i = 0; i < self->properties[index].count; i++) {
		const property *p = &self->properties[index].items[i];
		bool from_file = strncmp(p->text, "file:", 5) == 0;
		each(arg, p->key, property_is_secret(p->key) && !from_file ? "***" : p->text, p->origin);
	}
}

int settings_secrets_unread(const settings *self, buf *notes)
{
	int count = 0;
	for (int s = 0; s < SECTION_COUNT; s++)
		for (size_t i = 0; i < self->properties[s].count; i++) {
			const property *p = &self->properties[s].items[i];
			if (!p->unread)
				continue;
			buf_printf(notes, "%s: %s.%s: %s\n", p->origin, property_sections[s], p->key, p->unread);
			count++;
		}
	return count;
}

static bool same_property(const property *a, const property *b)
{
	return b && strcmp(a->text, b->text) == 0 && strcmp(a->secret ? a->secret : "", b->secret ? b->secret : "") == 0;
}

static int add_changed(buf *names, const char *section, const char *key)
{
	buf_printf(names, "%s%s%s%s", names->len ? " " : "", section, section[0] ? "." : "", key);
	return 1;
}

int settings_changed_fixed(const settings *before, const settings *after, buf *names)
{
	int count = 0;
	for (size_t i = 0; i < option_count; i++)
		if (!option_table[i].reloadable && strcmp(before->values[i].text, after->values[i].text) != 0)
			count += add_changed(names, "", option_table[i].name);
	for (int s = 0; s < SECTION_COUNT; s++) {
		const property_list *old = &before->properties[s], *now = &after->properties[s];
		for (size_t i = 0; i < old->count; i++)
			if (!same_property(&old->items[i], property_find(after, s, old->items[i].key)))
				count += add_changed(names, property_sections[s], old->items[i].key);
		for (size_t i = 0; i < now->count; i++)
			if (!property_find(before, s, now->items[i].key))
				count += add_changed(names, property_sections[s], now->items[i].key);
	}
	return count;
}

const char *settings_state_dir(const settings *self) { return self->state_dir; }
const char *settings_runtime_dir(const settings *self) { return self->runtime_dir; }
int settings_admin_port(const settings *self) { return self->admin_port; }

bool settings_has_stage(const settings *self, const char *name)
{
	const char *const *stages;
	size_t count = settings_list(self, "pipeline.stages", &stages);
	for (size_t i = 0; i < count; i++)
		if (strcmp(stages[i], name) == 0)
			return true;
	return false;
}

const char *settings_alerts_topic(const settings *self)
{
	return settings_has_stage(self, "watch") ? settings_str(self, "watch.alerts_topic") : "";
}

void settings_keep_fixed(settings *self, const settings *running)
{
	for (size_t i = 0; i < option_count; i++) {
		const option *row = &option_table[i];
		const value *old = &running->values[i];
		value *slot = &self->values[i];
		buf why = {0};
		if (row->reloadable || strcmp(old->text, slot->text) == 0)
			continue;
		value_clear(slot);
		int bad = option_parse(row, old->text, slot, &why);      /* it was read before */
		assert(!bad);
		slot->text = mem_string(old->text);
		slot->origin = mem_string(old->origin);
		buf_free(&why);
	}
	free(self->state_dir);
	free(self->runtime_dir);
	self->state_dir = mem_string(running->state_dir);
	self->runtime_dir = mem_string(running->runtime_dir);
	self->admin_port = running->admin_port;
}
