/* load_store.c - see load_store.h. */
#include "cli/load_store.h"

#include <inttypes.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "cli/load_copy.h"
#include "common/crash.h"
#include "common/mem.h"

struct load_store {
	PGconn *conn;
	const load_tables *tables;
	char *deletes[LOAD_KINDS], *upserts[LOAD_KINDS], *rejects;
};

/* ---- what the server says ---- */

/* First line of its message, without the severity's colon and line break. */
static void tell(buf *errors, const char *what, const char *message)
{
	buf_printf(errors, "%s: %.*s\n", what, (int)strcspn(message, "\n"), message);
}

/* By class of the SQLSTATE (postgresql.org/docs/current/errcodes-appendix.html). */
static enum load_result judge(const load_store *self, const PGresult *result)
{
	static const struct { const char *code; enum load_result result; } rules[] = {
		{"22", LOAD_REFUSED}, {"23", LOAD_REFUSED}, {"54", LOAD_REFUSED},                       /* data, constraints, program limits (key of an index) */
		{"P0001", LOAD_REFUSED},                                                                /* RAISE EXCEPTION in a trigger */
		{"08", LOAD_LOST}, {"40", LOAD_LOST}, {"53", LOAD_LOST}, {"55", LOAD_LOST},              /* connection, serialization, resources, locks */
		{"57", LOAD_LOST}, {"58", LOAD_LOST}, {"25006", LOAD_LOST},                             /* shutdown, its disk, a standby */
	};
	const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
	if (PQstatus(self->conn) != CONNECTION_OK || !state)
		return LOAD_LOST;
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		if (strncmp(state, rules[i].code, strlen(rules[i].code)) == 0)
			return rules[i].result;
	return LOAD_WRONG;
}

/* Ends the statement: LOAD_DONE, or what went wrong, told. Frees `result`. */
static enum load_result settle(load_store *self, PGresult *result, const char *what, buf *errors)
{
	ExecStatusType status = PQresultStatus(result);
	enum load_result rc = LOAD_DONE;
	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
		rc = judge(self, result);
		tell(errors, what, result ? PQresultErrorMessage(result) : PQerrorMessage(self->conn));
	}
	PQclear(result);
	return rc;
}

static enum load_result run(load_store *self, const char *sql, const char *what, buf *errors)
{
	return settle(self, PQexec(self->conn, sql), what, errors);
}

/* The same, and how many rows it touched is added to *count. */
static enum load_result run_counted(load_store *self, const char *sql, const char *what, uint64_t *count, buf *errors)
{
	PGresult *result = PQexec(self->conn, sql);
	*count += PQresultStatus(result) == PGRES_COMMAND_OK ? strtoull(PQcmdTuples(result), NULL, 10) : 0;
	return settle(self, result, what, errors);
}

/* ---- connecting ---- */

static char *made(void (*make)(const load_tables *, enum load_kind, buf *), const load_tables *tables, enum load_kind kind)
{
	buf sql = {0};
	make(tables, kind, &sql);
	return buf_take(&sql, NULL);
}

static void quiet(void *arg, const PGresult *notice)
{
	(void)arg;
	(void)notice;
}

static PGconn *connect_to(const char *conninfo)
{
	/* The application's name is a fallback: an operator's own wins. Times and texts do not depend on the server's defaults. */
	const char *const keys[] = {"dbname", "fallback_application_name", "client_encoding", "connect_timeout", NULL};
	const char *const with[] = {conninfo, "millrace load", "UTF8", "15", NULL};
	const char *const *words = getenv("PGCONNECT_TIMEOUT") ? (const char *const[]){conninfo, "millrace load", "UTF8", NULL, NULL} : with;
	return PQconnectdbParams(keys, words, 1);
}

load_store *load_store_open(const char *conninfo, const load_tables *tables, buf *errors)
{
	load_store *self = mem_alloc(sizeof *self);
	buf sql = {0};
	self->tables = tables;
	self->conn = connect_to(conninfo);
	if (PQstatus(self->conn) != CONNECTION_OK) {
		tell(errors, "PostgreSQL cannot be reached", PQerrorMessage(self->conn));
		load_store_close(&self);
		return NULL;
	}
	PQsetNoticeReceiver(self->conn, quiet, NULL);
	const char *encoding = PQparameterStatus(self->conn, "server_encoding");
	if (!encoding || strcmp(encoding, "UTF8") != 0) {
		buf_printf(errors, "database %s: its encoding is %s; news in many languages need UTF8 (createdb --encoding UTF8)\n", PQdb(self->conn),
			encoding ? encoding : "unknown");
		load_store_close(&self);
		return NULL;
	}
	for (enum load_kind kind = 0; kind < LOAD_KINDS; kind++) {
		self->deletes[kind] = made(load_schema_delete, tables, kind);
		self->upserts[kind] = made(load_schema_upsert, tables, kind);
	}
	load_schema_rejects(tables, &sql);
	self->rejects = buf_take(&sql, NULL);
	if (run(self, "SET client_min_messages = error; SET search_path = pg_catalog", "the session cannot be set up", errors) != LOAD_DONE)
		load_store_close(&self);
	return self;
}

void load_store_close(load_store **self_p)
{
	load_store *self = *self_p;
	if (!self)
		return;
	PQfinish(self->conn);
	for (enum load_kind kind = 0; kind < LOAD_KINDS; kind++) {
		free(self->deletes[kind]);
		free(self->upserts[kind]);
	}
	free(self->rejects);
	free(self);
	*self_p = NULL;
}

bool load_store_names_password(const char *conninfo, char error[256])
{
	char *why = NULL;
	bool found = false;
	PQconninfoOption *options = PQconninfoParse(conninfo, &why);
	error[0] = 0;
	if (!options && (strchr(conninfo, '=') || strstr(conninfo, "://")))       /* else it is the name of a database */
		snprintf(error, 256, "%.*s", (int)strcspn(why ? why : "out of memory", "\n"), why ? why : "out of memory");
	for (const PQconninfoOption *o = options; o && o->keyword; o++)
		found = found || (o->val && o->dispchar[0] == '*');
	PQconninfoFree(options);
	PQfreemem(why);
	return found;
}

/* ---- schema ---- */

enum load_result load_store_create(load_store *self, buf *errors)
{
	buf sql = {0};
	/* Two at once would be in each other's way. */
	buf_printf(&sql, "BEGIN; SELECT pg_advisory_xact_lock(%" PRId32 ", 0);\n", (int32_t)XXH32("millrace schema", 15, 0));
	load_schema_print(self->tables, &sql);
	buf_add_str(&sql, "COMMIT;");
	enum load_result rc = run(self, buf_bytes(&sql).data, "the schema cannot be made", errors);
	buf_free(&sql);
	return rc;
}

static bool has_table(load_store *self, const char *table, enum load_result *rc, buf *errors)
{
	char name[128];
	const char *const values[] = {name};
	snprintf(name, sizeof name, "%s.%s", self->tables->schema, table);
	PGresult *result = PQexecParams(self->conn, "SELECT to_regclass($1) IS NOT NULL", 1, NULL, values, NULL, NULL, 0);
	bool there = PQntuples(result) == 1 && PQgetvalue(result, 0, 0)[0] == 't';
	*rc = settle(self, result, "the tables cannot be looked at", errors);
	return there;
}

/* Names of columns that the table lacks, with blanks. */
static enum load_result missing_columns(load_store *self, enum load_kind kind, buf *missing, buf *errors)
{
	char name[128];
	const char *const values[] = {name};
	const row_columns *columns = &self->tables->columns[kind];
	snprintf(name, sizeof name, "%s.%s", self->tables->schema, load_table(kind));
	PGresult *result = PQexecParams(self->conn, "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped",
		1, NULL, values, NULL, NULL, 0);
	for (size_t i = 0; i < columns->count; i++) {
		bool found = false;
		for (int k = 0; k < PQntuples(result) && !found; k++)
			found = strcmp(PQgetvalue(result, k, 0), columns->list[i].name) == 0;
		if (!found)
			buf_printf(missing, " %s", columns->list[i].name);
	}
	return settle(self, result, "the tables cannot be looked at", errors);
}

enum load_result load_store_prepare(load_store *self, bool dry, buf *errors)
{
	static const char *const tables[] = {"articles", "duplicates", "places", "rejects"};
	enum load_result rc = LOAD_DONE;
	for (size_t i = 0; i < sizeof tables / sizeof *tables && !dry; i++) {
		bool there = has_table(self, tables[i], &rc, errors);
		if (rc == LOAD_DONE && !there)
			buf_printf(errors, "schema %s of database %s has no table %s: run with --create once\n", self->tables->schema, PQdb(self->conn), tables[i]);
		if (rc != LOAD_DONE || !there)
			return rc != LOAD_DONE ? rc : LOAD_WRONG;
	}
	for (enum load_kind kind = 0; kind < LOAD_KINDS && !dry; kind++) {
		buf missing = {0};
		rc = missing_columns(self, kind, &missing, errors);
		if (rc == LOAD_DONE && missing.len) {
			buf_printf(errors, "%s.%s has no column%s: run with --create once, which adds what is new\n", self->tables->schema, load_table(kind), missing.data);
			rc = LOAD_WRONG;
		}
		buf_free(&missing);
		if (rc != LOAD_DONE)
			return rc;
	}
	buf sql = {0};
	load_schema_stage(self->tables, &sql);
	if (!dry)
		rc = run(self, sql.data, "the temporary tables cannot be made", errors);
	buf_free(&sql);
	return rc;
}

/* ---- partitions ---- */

static int32_t lock_class(const load_store *self, const char *topic)
{
	char text[400];
	int len = snprintf(text, sizeof text, "millrace load %s %s", self->tables->schema, topic);
	return (int32_t)XXH32(text, (size_t)len, 0);
}

static enum load_result try_lock(load_store *self, load_partition *p, buf *errors)
{
	char sql[120];
	snprintf(sql, sizeof sql, "SELECT pg_try_advisory_lock(%" PRId32 ", %" PRId32 ")", lock_class(self, p->topic), p->number);
	PGresult *result = PQexec(self->conn, sql);
	p->ours = PQntuples(result) == 1 && PQgetvalue(result, 0, 0)[0] == 't';
	return settle(self, result, "the lock of a partition cannot be asked for", errors);
}

static enum load_result read_place(load_store *self, load_partition *p, const char *cluster, bool again, buf *errors)
{
	char sql[200], number[16];
	const char *const values[] = {p->topic, number};
	snprintf(number, sizeof number, "%" PRId32, p->number);
	snprintf(sql, sizeof sql, "SELECT next_offset, coalesce(cluster, '') FROM %s.places WHERE topic = $1 AND \"partition\" = $2::integer", self->tables->schema);
	PGresult *result = PQexecParams(self->conn, sql, 2, NULL, values, NULL, NULL, 0);
	bool there = PQntuples(result) == 1;
	const char *of = there ? PQgetvalue(result, 0, 1) : "";
	enum load_result rc = LOAD_DONE;
	p->saved = there ? strtoll(PQgetvalue(result, 0, 0), NULL, 10) : -1;
	if (there && of[0] && cluster[0] && strcmp(of, cluster) != 0 && !again) {
		buf_printf(errors, "%s:%" PRId32 " was loaded from another Kafka cluster (%s, this one is %s): take another --schema, or --again to load this one from its "
			"beginning\n", p->topic, p->number, of, cluster);
		rc = LOAD_WRONG;
	}
	enum load_result said = settle(self, result, "the places cannot be read", errors);
	return said != LOAD_DONE ? said : rc;
}

enum load_result load_store_take(load_store *self, load_partition *p, const char *cluster, bool again, buf *errors)
{
	enum load_result rc;
	bool there = has_table(self, "places", &rc, errors);
	p->ours = true;                  /* a dry run on no schema: nobody to ask */
	p->saved = -1;
	if (rc == LOAD_DONE && there)
		rc = try_lock(self, p, errors);
	if (rc == LOAD_DONE && there && p->ours)
		rc = read_place(self, p, cluster, again, errors);
	return rc;
}

enum load_result load_store_forget(load_store *self, load_partition *p, bool anew, buf *errors)
{
	const char *schema = self->tables->schema;
	buf sql = {0};
	char *topic = PQescapeLiteral(self->conn, p->topic, strlen(p->topic));
	if (!topic)
		return LOAD_LOST;
	static const char *const books[] = {"places", "rejects"};
	buf_add_str(&sql, "BEGIN;");
	for (size_t i = 0; i < sizeof books / sizeof *books; i++)
		buf_printf(&sql, "DELETE FROM %s.%s WHERE topic = %s AND \"partition\" = %" PRId32 ";", schema, books[i], topic, p->number);
	for (enum load_kind kind = 0; kind < LOAD_KINDS && anew; kind++)
		buf_printf(&sql, "UPDATE %s.%s SET record_offset = -1 WHERE record_topic = %s AND record_partition = %" PRId32 ";", schema, load_table(kind), topic,
			p->number);
	buf_add_str(&sql, "COMMIT;");
	enum load_result rc = run(self, sql.data, "a place cannot be taken back", errors);
	if (rc == LOAD_DONE)
		p->saved = -1;
	PQfreemem(topic);
	buf_free(&sql);
	return rc;
}

/* ---- a batch ---- */

static enum load_result end_copy(load_store *self, const char *why, const char *what, buf *errors)
{
	enum load_result rc = LOAD_DONE;
	PGresult *result;
	if (PQputCopyEnd(self->conn, why) != 1) {
		tell(errors, what, PQerrorMessage(self->conn));
		return LOAD_LOST;
	}
	while ((result = PQgetResult(self->conn))) {
		enum load_result said = settle(self, result, what, errors);
		rc = rc == LOAD_DONE ? said : rc;
	}
	return rc;
}

static bool put(load_store *self, const char *data, size_t len)
{
	return PQputCopyData(self->conn, data, (int)len) == 1;
}

/* Entries of one kind into its temporary table. *count: how many there were. */
static enum load_result copy(load_store *self, enum load_stage stage, const load_part *part, size_t *count, buf *errors)
{
	static const char *const tables[STAGES] = {"new_articles", "new_duplicates", "gone", "gone", "new_rejects"};
	char sql[80];
	buf frame = {0};
	*count = 0;
	for (size_t i = part->from; i < part->to; i++)
		*count += part->entries[i].stage == stage;
	if (*count == 0)
		return LOAD_DONE;
	snprintf(sql, sizeof sql, "COPY pg_temp.%s FROM STDIN (FORMAT binary)", tables[stage]);
	PGresult *result = PQexec(self->conn, sql);
	if (PQresultStatus(result) != PGRES_COPY_IN)
		return settle(self, result, sql, errors);
	PQclear(result);
	copy_begin(&frame);
	bool sent = put(self, frame.data, frame.len);
	for (size_t i = part->from; i < part->to && sent; i++)
		if (part->entries[i].stage == stage)
			sent = put(self, part->bytes + part->entries[i].from, part->entries[i].len);
	buf_clear(&frame);
	copy_end(&frame);
	sent = sent && put(self, frame.data, frame.len);
	buf_free(&frame);
	return end_copy(self, sent ? NULL : "not sent", sql, errors);
}

static enum load_result move_place(load_store *self, const load_partition *p, int64_t next, const char *cluster, buf *errors)
{
	char sql[400], number[16], to[24], old[24];
	const char *const values[] = {p->topic, number, to, cluster[0] ? cluster : NULL, old};
	snprintf(number, sizeof number, "%" PRId32, p->number);
	snprintf(to, sizeof to, "%" PRId64, next);
	snprintf(old, sizeof old, "%" PRId64, p->saved);
	if (p->saved < 0)
		snprintf(sql, sizeof sql, "INSERT INTO %s.places (topic, \"partition\", next_offset, cluster) VALUES ($1, $2::integer, $3::bigint, $4) "
			"ON CONFLICT DO NOTHING", self->tables->schema);
	else
		snprintf(sql, sizeof sql, "UPDATE %s.places SET next_offset = $3::bigint, cluster = coalesce($4, cluster), loaded_at = now() "
			"WHERE topic = $1 AND \"partition\" = $2::integer AND next_offset = $5::bigint", self->tables->schema);
	PGresult *result = PQexecParams(self->conn, sql, p->saved < 0 ? 4 : 5, NULL, values, NULL, NULL, 0);
	bool moved = strcmp(PQcmdTuples(result), "1") == 0;
	enum load_result rc = settle(self, result, "a place cannot be moved", errors);
	if (rc == LOAD_DONE && !moved) {
		buf_printf(errors, "%s:%" PRId32 ": its place in the database is no longer %" PRId64 ": another loader moved it\n", p->topic, p->number, p->saved);
		rc = LOAD_STOLEN;
	}
	return rc;
}

static enum load_result write_rows(load_store *self, const load_part *part, load_counts *counts, buf *errors)
{
	size_t found[STAGES];
	enum load_result rc = LOAD_DONE;
	for (enum load_kind kind = 0; kind < LOAD_KINDS && rc == LOAD_DONE; kind++) {
		enum load_stage gone = kind == LOAD_ARTICLES ? STAGE_GONE_ARTICLES : STAGE_GONE_DUPLICATES;
		rc = copy(self, kind == LOAD_ARTICLES ? STAGE_ARTICLES : STAGE_DUPLICATES, part, &found[kind], errors);
		if (rc == LOAD_DONE)
			rc = copy(self, gone, part, &found[gone], errors);
		if (rc == LOAD_DONE && found[gone])
			rc = run_counted(self, self->deletes[kind], "rows cannot be deleted", &counts->deleted, errors);
		if (rc == LOAD_DONE && found[kind])
			rc = run_counted(self, self->upserts[kind], "rows cannot be written", &counts->written, errors);
		if (rc == LOAD_DONE && found[gone])
			rc = run(self, "TRUNCATE pg_temp.gone", "tombstones cannot be put away", errors);
	}
	if (rc == LOAD_DONE)
		rc = copy(self, STAGE_REJECTS, part, &found[STAGE_REJECTS], errors);
	if (rc == LOAD_DONE && found[STAGE_REJECTS])
		rc = run_counted(self, self->rejects, "rejects cannot be written", &counts->rejected, errors);
	return rc;
}

enum load_result load_store_write(load_store *self, const load_part *part, load_counts *counts, buf *errors)
{
	load_counts written = {0};
	enum load_result rc = run(self, "BEGIN", "no transaction can be begun", errors);
	if (rc != LOAD_DONE)
		return rc;
	rc = write_rows(self, part, &written, errors);
	crash_point("load-after-rows");
	for (size_t i = 0; i < part->partition_count && rc == LOAD_DONE; i++)
		if (part->next[i] >= 0)
			rc = move_place(self, &part->partitions[i], part->next[i], part->cluster, errors);
	crash_point("load-before-commit");
	if (rc == LOAD_DONE)
		rc = run(self, "COMMIT", "the transaction cannot be committed", errors);
	if (rc != LOAD_DONE) {
		PQclear(PQexec(self->conn, "ROLLBACK"));
		return rc;
	}
	crash_point("load-after-commit");
	for (size_t i = 0; i < part->partition_count; i++)
		if (part->next[i] >= 0)
			part->partitions[i].saved = part->next[i];
	counts->written += written.written;
	counts->deleted += written.deleted;
	counts->rejected += written.rejected;
	return LOAD_DONE;
}
