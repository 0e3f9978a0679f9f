"""`millrace load postgres` without --follow, when the database takes longer than Kafka may be silent (SILENCE_MS, 30 s): waiting for a lock is no silence of Kafka's. Part of ./run soak."""
import subprocess

from test_load import article, make_id, records, warehouse             # noqa: F401  fixtures
from wait import wait_until


def test_a_slow_database_is_no_silence_of_kafka(warehouse, article):   # noqa: F811
    place = warehouse(partitions=1)
    place.put([(make_id(n), article(n), 0) for n in range(20)])
    holder = subprocess.Popen([place.database.server.bin / "psql", "-X", "-q", "-c", "BEGIN; LOCK TABLE millrace.articles; SELECT pg_sleep(32); COMMIT"], env=place.database.env,
                              stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: place.database.value("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = 'millrace.articles'::regclass AND granted"), 20,
                   "the table is locked")
        assert place.load("--batch", "20").startswith("20 records: 20 rows written")       # full: written before the end of the log is heard
    finally:
        holder.kill()
        holder.wait(20)
