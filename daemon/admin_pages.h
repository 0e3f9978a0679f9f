/* admin_pages.h - what the admin port shows: the table of its pages. Owns nothing; each page asks the part that knows. Loop thread.
 *
 *   GET /          the status page for people, one document without anything from elsewhere (daemon/page/)
 *   GET /live      200 while the event loop turns
 *   GET /ready     200, or 503 with the reason as text
 *   GET /metrics   Prometheus text
 *   GET /status    JSON: what is wrong, how it flows, state of every part
 *   GET /history   JSON: the last hour in rows; ?since=AT_MS gives later ones only
 *   GET /articles  JSON: the latest outcomes; ?since=SEQ gives that one and later ones only
 *   GET /article   JSON: one of them with its whole record; ?seq=SEQ
 *   GET /tap       records as they go by, a line of JSON each, without end (daemon/tap.h) */
#ifndef DAEMON_ADMIN_PAGES_H
#define DAEMON_ADMIN_PAGES_H

#include "daemon/admin.h"
#include "daemon/report.h"

extern const admin_route route_table[];          /* their argument is a `report` */
extern const size_t route_count;

#endif
