"""A private PgBouncer in front of the fleet's PostgreSQL."""
import os
import pwd
import subprocess

from .places import find_server, free_port
from .postgres import PSQL, surroundings
from .process import Process
from .wait import wait_until


class PgBouncer:
    """mode: transaction or session. A pool in transaction mode is small, so that one client gets the
    server connection that another one used."""

    def __init__(self, folder, postgres, mode, pool_size=None):
        self.folder = os.path.join(folder, f"pgbouncer-{mode}")
        self.postgres = postgres
        self.mode = mode
        self.pool_size = pool_size or (4 if mode == "transaction" else 30)
        self.port = free_port()
        self.process = None

    @property
    def url(self):
        return f"postgresql://paperscout@127.0.0.1:{self.port}/postgres"

    def start(self):
        os.makedirs(self.folder, exist_ok=True)
        users = os.path.join(self.folder, "users.txt")
        settings = os.path.join(self.folder, "pgbouncer.ini")
        with open(users, "w", encoding="ascii") as file:
            file.write('"paperscout" ""\n')
        with open(settings, "w", encoding="ascii") as file:
            file.write(f"""[databases]
* = host=127.0.0.1 port={self.postgres.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {self.port}
unix_socket_dir =
auth_type = trust
auth_file = {users}
admin_users = paperscout
pool_mode = {self.mode}
default_pool_size = {self.pool_size}
max_client_conn = 200
server_login_retry = 1
""")
        argv = [find_server("pgbouncer"), settings]
        if os.geteuid() == 0:  # it does not run as root
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            argv[1:1] = ["-u", "postgres"]
        self.process = Process(f"pgbouncer-{self.mode}", argv, os.path.dirname(self.folder))
        wait_until(lambda: self.execute("SELECT 1") == "1", 20, "PgBouncer answers")

    def execute(self, sql):
        """On a connection of its own, as a foreign client does it; None where there is no answer."""
        done = subprocess.run([*PSQL, "-d", self.url, "-c", sql], capture_output=True, text=True,
                              timeout=20, env=surroundings())
        return done.stdout.strip() if done.returncode == 0 else None

    def stop(self):
        if self.process:
            self.process.stop()
