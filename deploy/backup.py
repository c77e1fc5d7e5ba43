#!/usr/bin/env python3
"""Saves and restores what Paperscout must not lose: its database.

    backup.py save FILE       PostgreSQL at DATABASE_URL (or DATABASE_URL_FILE) to FILE, while the fleet runs
    backup.py check FILE      says what FILE holds; exit status 1 when it is no whole backup
    backup.py restore FILE    into an empty database, the fleet stopped; refuses one that has Paperscout's tables

Redis needs no backup: it holds work in flight, which the leader makes anew from the database. So a restore has a
second step. Work in flight belongs to the time after the backup: delete the fleet's keys before it starts again,

    redis-cli --scan --pattern 'paperscout:*' | xargs -r redis-cli unlink

(paperscout: is REDIS_KEY_PREFIX; k8s/overlays/prod has {paperscout}: there).
What was told after the backup was taken is told once more: the restored database does not know of it.

Where only the fleet reaches the database, as in deploy/compose.yaml, its container does the same; so it does with
kubectl -n paperscout exec -i statefulset/postgres -- in k8s/overlays/dev. For compose, save:

    docker compose -f deploy/compose.yaml exec -T postgres pg_dump -U paperscout -Fc --no-owner --no-privileges paperscout >FILE

and restore, with a new database and, for the second step, a new Redis:

    docker compose -f deploy/compose.yaml down && docker volume rm paperscout_redis paperscout_postgres
    docker compose -f deploy/compose.yaml up -d --wait postgres redis
    docker compose -f deploy/compose.yaml exec -T postgres pg_restore -U paperscout -d paperscout --no-owner --no-privileges --single-transaction --exit-on-error <FILE
    docker compose -f deploy/compose.yaml up -d

Wants pg_dump and pg_restore, as new as the server. Python's standard library only. The password goes to them by
the environment, never by an argument. Exit status: 0 done, 1 failed, 64 wrong usage, 69 no server, 78 no DATABASE_URL.
"""
import glob
import os
import re
import shutil
import subprocess
import sys
import urllib.parse

NEEDED = ("papers", "discovered", "cycles", "probes", "outbox", "watchlist", "meta", "schema_version")


class Failed(Exception):
    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


PAIR = re.compile(r"\s*([a-z_]+)\s*=\s*('(?:[^'\\]|\\.)*'|(?:[^\s'\\]|\\.)*)\s*", re.DOTALL)
SEEN = "DATABASE_URL: sslpassword would be seen by everybody here; use a key without one"


def pairs_without_password(text):
    """The same of keyword=value pairs: host=db password='it\\'s' is quoted and escaped as libpq has it."""
    kept, password, end = [], None, 0
    while end < len(text):
        pair = PAIR.match(text, end)
        if not pair or pair.end() == end:
            raise Failed(78, "DATABASE_URL: keyword=value pairs that libpq can read are wanted")
        end = pair.end()
        if pair[1] == "sslpassword":
            raise Failed(78, SEEN)
        if pair[1] == "password":
            value = pair[2][1:-1] if pair[2].startswith("'") else pair[2]
            password = re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL)
        else:
            kept.append(f"{pair[1]}={pair[2]}")
    return " ".join(kept), password


def without_password(url):
    """(the URL without its password, the password or None): as libpq takes them apart."""
    if not re.match("postgres(ql)?://", url):
        return pairs_without_password(url)
    password = None
    found = re.match(r"(postgres(?:ql)?://[^:@/]*):([^@/]*)@", url)
    if found:
        password, url = urllib.parse.unquote(found[2]), f"{found[1]}@{url[found.end():]}"
    head, _, query = url.partition("?")
    kept = []
    for pair in filter(None, query.split("&")):
        name, _, value = pair.partition("=")
        name = urllib.parse.unquote(name)
        if name == "sslpassword":
            raise Failed(78, SEEN)
        if name == "password":
            password = urllib.parse.unquote(value)
        else:
            kept.append(pair)
    return head + ("?" if kept else "") + "&".join(kept), password


def database():
    """(DATABASE_URL without its password, the environment with it)"""
    url, path = os.environ.get("DATABASE_URL", ""), os.environ.get("DATABASE_URL_FILE", "")
    if path and not url:
        try:
            with open(path, encoding="utf-8") as file:
                url = file.read().strip()
        except OSError as error:
            raise Failed(78, f"DATABASE_URL_FILE={path}: {error.strerror}") from None
    if not re.match("postgres(ql)?://", url) and not re.match(r" *[a-z_]+ *=", url):
        raise Failed(78, "DATABASE_URL: postgresql://user:password@host:port/name, or host=… dbname=…, is wanted")
    url, password = without_password(url)
    return url, {"PGCONNECT_TIMEOUT": "10", **os.environ, **({} if password is None else {"PGPASSWORD": password})}


def find(name):
    places = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), key=lambda path: int(path.split("/")[4]))
    found = places[-1] if places else shutil.which(name)
    if not found:
        raise Failed(69, f"there is no {name} on this machine (Debian: postgresql-client)")
    return found


def run(environment, name, *arguments):
    done = subprocess.run([find(name), *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True)
    if done.returncode != 0:
        unreached = "connection to server" in done.stderr or "could not connect" in done.stderr
        raise Failed(69 if unreached else 1, done.stderr.strip())
    return done.stdout


def tables_in(path):
    """Names of the tables whose rows a backup holds."""
    lines = run(os.environ, "pg_restore", "--list", path).splitlines()
    return {words[6] for words in map(str.split, lines) if words[3:5] == ["TABLE", "DATA"]}


def check(path):
    missing = set(NEEDED) - tables_in(path)
    if missing:
        raise Failed(1, f"{path}: no rows of {', '.join(sorted(missing))} in it")
    # Reads every block, so that a file cut short is found.
    run(os.environ, "pg_restore", f"--file={os.devnull}", path)
    return f"{path}: {os.path.getsize(path):,} bytes, whole"


def save(path):
    part = f"{path}.part"
    try:
        os.umask(0o077)
        url, environment = database()
        run(environment, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={part}",
            f"--dbname={url}")
        check(part)
        os.replace(part, path)
    finally:
        if os.path.exists(part):
            os.unlink(part)
    return f"{path}: {os.path.getsize(path):,} bytes"


def restore(path):
    url, environment = database()
    check(path)
    there = run(environment, "psql", f"--dbname={url}", "-XAtc", "SELECT count(*) FROM pg_tables WHERE schemaname = "
                "current_schema() AND tablename IN ('papers', 'cycles', 'outbox')").strip()
    if there != "0":
        raise Failed(1, "this database has Paperscout's tables already; restore into an empty one (createdb)")
    run(environment, "pg_restore", "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error",
        f"--dbname={url}", path)
    prefix = os.environ.get("REDIS_KEY_PREFIX") or "paperscout:"
    return ("restored; now delete the fleet's keys in Redis before it starts:\n"
            f"  redis-cli --scan --pattern '{prefix}*' | xargs -r redis-cli unlink")


def main(arguments):
    if arguments in (["-h"], ["--help"]):
        print(__doc__.strip())
        return 0
    commands = {"save": save, "check": check, "restore": restore}
    if len(arguments) != 2 or arguments[0] not in commands:
        print("usage: backup.py save|check|restore FILE (--help says more)", file=sys.stderr)
        return 64
    try:
        print(commands[arguments[0]](arguments[1]))
        return 0
    except Failed as error:
        print(f"backup.py: {error}", file=sys.stderr)
        return error.status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
