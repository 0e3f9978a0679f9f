/* load_views.c - see load_views.h.
 *
 * No view may fail for the sake of one strange record: what stands in `detail` is looked at by type before it is taken. Days are those of the session's time zone. */
#include "cli/load_views.h"

/* `@` stands for the schema. */
static const struct {
	const char *name, *meaning, *query;
} views[] = {
	{"editions", "every published piece once: articles, and duplicates that did not become one",
	 "SELECT article_id, story_id, duplicate_of, duplicate_kind, source_name, title, url, published_at, processed_at\n"
	 "FROM @.articles\n"
	 "UNION ALL\n"
	 "SELECT d.article_id, d.story_id, d.duplicate_of, d.duplicate_kind, d.source_name, d.title, d.url, d.published_at, d.processed_at\n"
	 "FROM @.duplicates AS d\n"
	 "WHERE NOT EXISTS (SELECT FROM @.articles AS a WHERE a.article_id = d.article_id)"},
	{"stories", "one row a story: its first title and labels, articles (revisions under their own address count), reprints withheld or marked as duplicates, houses that ran it",
	 "SELECT e.story_id, coalesce(a.title, (array_agg(e.title ORDER BY e.published_at NULLS LAST, e.article_id))[1]) AS title,\n"
	 "       a.labels, a.primary_label,\n"
	 "       count(*) FILTER (WHERE e.duplicate_kind IS NULL) AS articles,\n"
	 "       count(*) FILTER (WHERE e.duplicate_kind IS NOT NULL) AS reprints,\n"
	 "       count(DISTINCT e.source_name) AS sources,\n"
	 "       min(e.published_at) AS first_published_at, max(e.published_at) AS last_published_at\n"
	 "FROM @.editions AS e LEFT JOIN @.articles AS a ON a.article_id = e.story_id\n"
	 "GROUP BY e.story_id, a.article_id"},
	{"labels_per_day", "articles and stories of each day and label (none: no label); an article with two labels counts in both; day: null when the publication time is unknown",
	 "SELECT a.published_at::date AS day, label, count(*) AS articles, count(DISTINCT a.story_id) AS stories\n"
	 "FROM @.articles AS a\n"
	 "CROSS JOIN LATERAL unnest(CASE WHEN cardinality(a.labels) > 0 THEN a.labels ELSE ARRAY['none'] END) AS label\n"
	 "GROUP BY 1, 2"},
	{"top_organizations", "organizations named, those in most stories first",
	 "SELECT organization, count(DISTINCT a.story_id) AS stories, count(*) AS articles, count(DISTINCT a.source_name) AS sources,\n"
	 "       min(a.published_at) AS first_published_at, max(a.published_at) AS last_published_at\n"
	 "FROM @.articles AS a CROSS JOIN LATERAL unnest(a.organizations) AS organization\n"
	 "GROUP BY organization ORDER BY stories DESC, articles DESC, organization COLLATE \"C\""},
	{"top_persons", "persons named, those in most stories first",
	 "SELECT person, count(DISTINCT a.story_id) AS stories, count(*) AS articles, count(DISTINCT a.source_name) AS sources,\n"
	 "       min(a.published_at) AS first_published_at, max(a.published_at) AS last_published_at\n"
	 "FROM @.articles AS a CROSS JOIN LATERAL unnest(a.persons) AS person\n"
	 "GROUP BY person ORDER BY stories DESC, articles DESC, person COLLATE \"C\""},
	{"person_roles", "offices of persons as the articles print them",
	 "SELECT a.article_id, a.published_at, p->>'name' AS name, p->>'role' AS role, p->>'organization' AS organization\n"
	 "FROM @.articles AS a CROSS JOIN LATERAL jsonb_path_query(a.detail, '$.persons[*] ? (@.type() == \"object\")') AS p"},
	{"metrics", "figures that the articles tell, with unit and the words of the source",
	 "SELECT a.article_id, a.published_at, a.source_name, m->>'what' AS what,\n"
	 "       CASE jsonb_typeof(m->'value') WHEN 'number' THEN (m->>'value')::double precision END AS value,\n"
	 "       CASE jsonb_typeof(m->'value_to') WHEN 'number' THEN (m->>'value_to')::double precision END AS value_to,\n"
	 "       m->>'unit' AS unit, m->>'qualifier' AS qualifier, m->>'text' AS text\n"
	 "FROM @.articles AS a CROSS JOIN LATERAL jsonb_path_query(a.detail, '$.metrics[*] ? (@.type() == \"object\")') AS m"},
	{"sources_per_day", "what each house brought a day, and how much of it was printed elsewhere before",
	 "SELECT published_at::date AS day, source_name, count(*) FILTER (WHERE duplicate_kind IS NULL) AS articles,\n"
	 "       count(*) FILTER (WHERE duplicate_kind IS NOT NULL) AS reprints\n"
	 "FROM @.editions GROUP BY 1, 2"},
};

void load_views_print(const char *schema, buf *out)
{
	for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
		buf_printf(out, "\nCREATE OR REPLACE VIEW %s.%s AS\n", schema, views[i].name);
		for (const char *c = views[i].query; *c; c++) {
			if (*c == '@' && c[1] == '.' && (c == views[i].query || c[-1] == ' '))
				buf_add_str(out, schema);
			else
				buf_add_char(out, *c);
		}
		buf_printf(out, ";\nCOMMENT ON VIEW %s.%s IS '%s';\n", schema, views[i].name, views[i].meaning);
	}
}
