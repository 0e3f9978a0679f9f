"""PostgreSQL for the tests: Debian's server in a folder of its own, on a Unix socket alone, stopped by whoever started it.

It does not run as root, so under root it is started as the user that Debian's package made. Clients name themselves by a password file, as an operator's would."""
import json
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile

from daemon import BIN
from process import Process
from wait import wait_until

USER, PASSWORD = "loader", "a pass:word \\ of its own"


class Unavailable(Exception):
    """PostgreSQL cannot be had on this machine; the message says why."""


def programs():
    """The folder of the newest server."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if not found:
        raise Unavailable("no PostgreSQL here (Debian: postgresql)")
    return found[-1].parent


class Postgres:
    """With a port also on loopback: drivers of Java know no Unix sockets."""

    def __init__(self, life=1800, port=None):
        self.bin, self.life, self.process, self.port = programs(), life, None, port or 5432
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mr-pg-", dir="/tmp"))        # paths of sockets have a short limit
        self.owner = []
        if os.getuid() == 0:
            try:
                user = pwd.getpwnam("postgres")
            except KeyError:
                raise Unavailable("no user postgres to run PostgreSQL as (Debian: postgresql)")
            self.owner = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--pdeathsig=QUIT"]
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        (self.folder / "password").write_text(PASSWORD)
        (self.folder / "password").chmod(0o644)
        self.passfile = pathlib.Path(tempfile.mkstemp(prefix="mr-pgpass-", dir="/tmp")[1])
        self.passfile.write_text("*:*:*:%s:%s\n" % (USER, PASSWORD.replace("\\", "\\\\").replace(":", "\\:")))
        done = subprocess.run([*self.owner, self.bin / "initdb", "-D", self.folder / "data", "--encoding=UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256",
                               f"--username={USER}", f"--pwfile={self.folder / 'password'}", "--no-sync"], cwd="/", capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        with open(self.folder / "data" / "postgresql.conf", "a") as out:
            out.write(f"listen_addresses = '{'127.0.0.1' if port else ''}'\nport = {self.port}\nunix_socket_directories = '{self.folder}'\nfsync = off\nfull_page_writes = off\nshared_buffers = 64MB\n"
                      "timezone = 'America/New_York'\nDateStyle = 'SQL, DMY'\n")             # what it tells must not depend on them

    def env(self, database="postgres"):
        """Where it is and who asks, by libpq's own variables."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        return {**inherited, "PGHOST": str(self.folder), "PGPORT": str(self.port), "PGUSER": USER, "PGDATABASE": database, "PGPASSFILE": str(self.passfile)}

    # ---- life ----
    def start(self, seconds=60):
        self.process = Process([*self.owner, self.bin / "postgres", "-D", self.folder / "data"], self.passfile.with_suffix(".log"), cwd="/", life=self.life)
        wait_until(self.answers, seconds, lambda: f"PostgreSQL answers: {self.log()[-1000:]}")
        return self

    def answers(self):
        assert self.process.running(), self.log()
        return subprocess.run([self.bin / "pg_isready", "-q"], env=self.env(), timeout=20).returncode == 0

    def log(self):
        return self.passfile.with_suffix(".log").read_text(errors="replace")

    def stop(self, how=signal.SIGINT):
        """SIGINT: connections are cut, all is written; SIGQUIT: as a crash."""
        if self.process and self.process.running():
            self.process.signal(how)
            self.process.wait(60)

    def clean(self):
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)
        for path in (self.passfile, self.passfile.with_suffix(".log")):
            path.unlink(missing_ok=True)

    # ---- asked ----
    def create_database(self, name, *options):
        done = subprocess.run([self.bin / "createdb", *options, name], env=self.env(), capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return Database(self, name)


class Database:
    def __init__(self, server, name):
        self.server, self.name, self.env = server, name, server.env(name)

    def psql(self, sql, *options):
        done = subprocess.run([self.server.bin / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *options, "-f", "-"], input=sql.encode(), env=self.env, capture_output=True,
                              timeout=60)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def rows(self, query):
        """The rows of a query, as dicts."""
        text = self.psql(f"SELECT coalesce(json_agg(t), '[]') FROM ({query}) AS t", "-At")
        return json.loads(text)

    def value(self, query):
        rows = self.rows(query)
        assert len(rows) == 1 and len(rows[0]) == 1, rows
        return next(iter(rows[0].values()))

    def count(self, table):
        return self.value(f"SELECT count(*) FROM {table}")

    def load(self, *arguments, code=0, env=None):
        """`millrace load postgres`; what it said on standard output."""
        done = subprocess.run([BIN / "millrace", "load", "postgres", *arguments], env={**self.env, **(env or {})}, capture_output=True, timeout=120)
        assert done.returncode == code, (done.returncode, done.stdout.decode(), done.stderr.decode())
        self.said = done.stderr.decode()
        return done.stdout.decode()

    def start(self, log, *arguments):
        """The same in the background."""
        return Process([BIN / "millrace", "load", "postgres", *arguments], log, env=self.env, life=300)
