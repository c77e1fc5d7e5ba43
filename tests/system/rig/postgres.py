"""A private PostgreSQL; its data folder is copied from one that initdb made once."""
import fcntl
import json
import os
import pwd
import select
import shutil
import signal
import subprocess
import tempfile
import time

from .pace import paced
from .places import find_server, free_port
from .process import Process
from .wait import wait_until


def _as_server_user():
    """PostgreSQL does not run as root: then it runs as the user postgres."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam("postgres")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _own(path):
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(path, user.pw_uid, user.pw_gid)


def _template():
    """Data folder made by initdb, once for each user and version."""
    initdb = find_server("initdb")
    version = initdb.split("/")[-3] if "/postgresql/" in initdb else "local"
    base = os.path.join(tempfile.gettempdir(), f"paperscout-pg-{os.geteuid()}-{version}")
    os.makedirs(base, exist_ok=True)
    _own(base)
    data = os.path.join(base, "data")
    with open(os.path.join(tempfile.gettempdir(), f"{os.path.basename(base)}.lock"), "w",
              encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(os.path.join(data, "ready")):
            shutil.rmtree(data, ignore_errors=True)
            subprocess.run([initdb, "-D", data, "-A", "trust", "-U", "paperscout", "-E", "UTF8",
                            "--locale=C", "--no-sync"], check=True, cwd=base,
                           stdout=subprocess.DEVNULL, **_as_server_user())
            with open(os.path.join(data, "ready"), "w", encoding="ascii"):
                pass
    return data


PSQL = (find_server("psql"), "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1")


def surroundings():
    return {**os.environ, "PGCONNECT_TIMEOUT": "5"}


class Session:
    """A psql that is asked one thing after the other: tests look many times a second, and to start
    one each time took a good part of a processor. Any error ends it."""

    END = "what was asked is answered"

    def __init__(self, url):
        # Errors go where answers go.
        self.child = subprocess.Popen([*PSQL, "-d", url], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                      env=surroundings())

    def ask(self, sql, seconds=20):
        self.child.stdin.write(f"{sql}\n\\echo {self.END}\n".encode())
        self.child.stdin.flush()
        text, mark = b"\n", f"\n{self.END}\n".encode()  # also where there is nothing before it
        end = time.monotonic() + paced(seconds)
        while not text.endswith(mark):
            readable = select.select([self.child.stdout], [], [], max(0, end - time.monotonic()))[0]
            more = os.read(self.child.stdout.fileno(), 65536) if readable else b""
            if not more:
                raise ValueError(f"psql: {text.decode().strip() or 'no answer'}")
            text += more
        return text[:-len(mark)].decode()

    def close(self):
        self.child.kill()
        self.child.communicate()


class Postgres:
    def __init__(self, folder):
        self.folder = os.path.join(folder, "pg")
        self.port = free_port()
        self.process = None
        self.session = None
        os.mkdir(self.folder)
        _own(self.folder)
        os.chmod(folder, 0o755)

    @property
    def url(self):
        return f"postgresql://paperscout@127.0.0.1:{self.port}/postgres"

    def start(self, **extra):
        """extra: more settings of the server."""
        data = os.path.join(self.folder, "data")
        if not os.path.exists(data):
            subprocess.run(["cp", "-a", _template(), data], check=True)
        settings = {"port": self.port, "listen_addresses": "127.0.0.1",
                    "unix_socket_directories": self.folder, "fsync": "off",
                    "full_page_writes": "off", "shared_buffers": "16MB", "max_connections": "40",
                    "autovacuum": "off", **extra}
        argv = [find_server("postgres"), "-D", data]
        for name, value in settings.items():
            argv += ["-c", f"{name}={value}"]
        self.process = Process("postgres", argv, os.path.dirname(self.folder), cwd=self.folder,
                               **_as_server_user())
        wait_until(lambda: self.query("SELECT 1 AS one"), 20, "PostgreSQL answers")

    def stop(self):
        self._hang_up()
        if self.process:
            self.process.stop(signal.SIGQUIT)

    def cut(self):
        """Ends every connection but this one; the server stays."""
        self.query("SELECT count(pg_terminate_backend(pid)) AS n FROM pg_stat_activity "
                   "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'")

    def query(self, sql):
        """Rows as dicts; column types come through JSON."""
        sql = ("SELECT coalesce(json_agg(row_to_json(q)), '[]') FROM "
               f"({sql.rstrip().rstrip(';')}) q;")
        for last in (False, True):  # the session may be of a server that was ended since
            fresh = self.session is None
            if fresh:
                self.session = Session(self.url_of("postgres"))
            try:
                return json.loads(self.session.ask(sql))
            except (OSError, ValueError):
                self._hang_up()
                if last or fresh:
                    raise

    def _hang_up(self):
        if self.session:
            self.session.close()
        self.session = None

    def value(self, sql):
        rows = self.query(sql)
        return next(iter(rows[0].values())) if rows else None

    def execute(self, sql, database="postgres"):
        """However long it is; what it answers, as text."""
        done = subprocess.run([*PSQL, "-d", self.url_of(database), "-f", "-"], input=sql,
                              capture_output=True, text=True, timeout=paced(20), env=surroundings())
        if done.returncode != 0:
            raise ValueError(f"psql: {done.stderr.strip()}")
        return done.stdout.strip()

    def url_of(self, database):
        return self.url.rpartition("/")[0] + "/" + database

