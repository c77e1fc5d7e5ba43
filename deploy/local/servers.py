"""A private Redis and a private PostgreSQL, whose data stays between runs."""
import glob
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import time

from process import Process

ROLES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "roles.sql")


class NotStarted(Exception):
    """A server that is needed is not there; the text says why."""


def find_program(name):
    found = shutil.which(name)
    if found:
        return found
    places = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"),
                    key=lambda path: int(path.split("/")[4]) if path.split("/")[4].isdigit() else 0)
    if not places:
        raise NotStarted(f"there is no {name} on this machine; deploy/packages.sh names what holds it")
    return places[-1]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, check, seconds, process):
    limit = time.monotonic() + seconds
    while True:
        if check():
            return
        if not process.alive() or time.monotonic() > limit:
            raise NotStarted(f"{what} did not start:\n{process.tail()}")
        time.sleep(0.05)


def give(user, folder):
    """The folder and all in it becomes the user's (what Popen takes), also what root left there in an earlier run."""
    if user:
        for here, folders, files in os.walk(folder):
            for path in (here, *(os.path.join(here, name) for name in folders + files)):
                os.chown(path, user["user"], user["group"], follow_symlinks=False)


class Redis:
    """On a socket in the state folder that only this user may open. Writes are on disk within a
    second (AOF), and nothing is ever evicted: both are what the streams need."""

    def __init__(self, state, logs, ledger, user):
        """user: what Popen takes to run it as another user."""
        self.user = user
        self.folder = os.path.join(state, "redis")
        self.socket = os.path.join(self.folder, "redis.sock")
        self.logs, self.ledger = logs, ledger
        self.process = None

    @property
    def url(self):
        return f"unix://{self.socket}"

    @property
    def cli(self):
        return f"redis-cli -s {self.socket}"

    def start(self):
        os.makedirs(self.folder, exist_ok=True)
        give(self.user, self.folder)
        if len(self.socket) > 100:
            raise NotStarted(f"{self.socket}: too long for a socket; PAPERSCOUT_STATE names another folder")
        self.process = Process(
            "redis", [find_program("redis-server"), "--port", "0", "--unixsocket", self.socket,
                      "--unixsocketperm", "700", "--dir", self.folder, "--appendonly", "yes",
                      "--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction"],
            self.logs, self.ledger, cwd="/", **self.user)
        wait_for("Redis", lambda: self.call("PING") == "PONG", 20, self.process)

    revive = start

    def call(self, *words):
        """What redis-cli prints; None when Redis does not answer."""
        done = subprocess.run([find_program("redis-cli"), "-s", self.socket, *words],
                              capture_output=True, text=True, timeout=10, check=False)
        return done.stdout.strip() if done.returncode == 0 else None

    def stop(self):
        return self.process is None or self.process.stop(20)


def server_user():
    """PostgreSQL refuses to run as root: then it runs as the user of Debian's package."""
    if os.geteuid() != 0:
        return {}
    try:
        user = pwd.getpwnam("postgres")
    except KeyError as error:
        raise NotStarted("PostgreSQL does not run as root, and there is no user postgres") from error
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


class Postgres:
    """On a loopback port, with a password that lies in the state folder."""

    def __init__(self, state, logs, ledger):
        self.folder = os.path.join(state, "postgresql")
        self.data = os.path.join(self.folder, "data")
        self.logs, self.ledger = logs, ledger
        self.secret_path = os.path.join(state, "postgresql.password")
        self.port = free_port()
        self.process = None

    @property
    def password(self):
        with open(self.secret_path, encoding="ascii") as file:
            return file.read().strip()

    @property
    def url(self):
        return f"postgresql://paperscout:{self.password}@127.0.0.1:{self.port}/postgres"

    def start(self):
        user = server_user()
        os.makedirs(self.folder, exist_ok=True)
        os.chmod(self.folder, 0o700)
        if user:
            os.chown(self.folder, user["user"], user["group"])
        if not os.path.exists(os.path.join(self.data, "PG_VERSION")):
            self._make(user)
        self.process = Process(
            "postgresql", [find_program("postgres"), "-D", self.data, "-c", f"port={self.port}",
                           "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
                           "-c", "max_connections=50"],
            self.logs, self.ledger, cwd="/", **user)
        wait_for("PostgreSQL", lambda: self.value("SELECT 1") == "1", 30, self.process)

    revive = start

    def _make(self, user):
        shutil.rmtree(self.data, ignore_errors=True)
        secret = secrets.token_hex(16)
        for_initdb = os.path.join(self.folder, "password")
        for path in (self.secret_path, for_initdb):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(secret + "\n")
        if user:
            os.chown(for_initdb, user["user"], user["group"])
        done = subprocess.run(
            [find_program("initdb"), "-D", self.data, "-U", "paperscout", "-A", "scram-sha-256",
             f"--pwfile={for_initdb}", "-E", "UTF8", "--locale=C"], cwd="/",
            capture_output=True, text=True, check=False, **user)
        os.unlink(for_initdb)
        if done.returncode != 0:
            raise NotStarted(f"initdb failed:\n{done.stderr.strip()}")

    def value(self, sql):
        """The first value that a query answers, as text; None when there is none."""
        where = {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": "paperscout",
                 "PGDATABASE": "postgres", "PGPASSWORD": self.password, "PGCONNECT_TIMEOUT": "3"}
        done = subprocess.run([find_program("psql"), "-X", "-A", "-t", "-q", "-c", sql],
                              capture_output=True, text=True, timeout=20, check=False,
                              env={**os.environ, **where})
        return done.stdout.strip() or None if done.returncode == 0 else None

    def make_roles(self, scheduler, user):
        """The owner migrates, as user; the programs get roles that cannot change a table (deploy/roles.sql), with passwords of
        this run. scheduler: path of the program. DATABASE_URL by component."""
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "ASAN_OPTIONS") if name in os.environ}
        done = subprocess.run([scheduler, "migrate"], env={**environment, "DATABASE_URL": self.url},
                              cwd=os.path.dirname(scheduler), capture_output=True, text=True, timeout=120, check=False, **user)
        if done.returncode != 0:
            raise NotStarted(f"the tables were not made:\n{(done.stdout + done.stderr).strip()}")
        passwords = {component: secrets.token_hex(16) for component in ("scheduler", "notifier")}
        with open(ROLES, encoding="utf-8") as file:
            # By standard input: everybody on this machine can read the arguments of a process.
            script = "".join(f"\\set {component}_password {secret}\n" for component, secret in passwords.items()) + file.read()
        done = subprocess.run([find_program("psql"), "-X", "-q", self.url.replace(f":{self.password}@", "@")],
                              input=script, env={**environment, "PGPASSWORD": self.password}, capture_output=True,
                              text=True, timeout=60, check=False)
        if done.returncode != 0:
            raise NotStarted(f"the roles were not made:\n{done.stderr.strip()}")
        return {component: f"postgresql://paperscout_{component}:{secret}@127.0.0.1:{self.port}/postgres"
                for component, secret in passwords.items()}

    def stop(self):
        return self.process is None or self.process.stop(30, signal.SIGINT)
