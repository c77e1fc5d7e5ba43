"""A private redis-server, and just enough of its protocol to ask it things."""
import os
import re
import signal
import socket
import subprocess
import threading

from .pace import paced
from .places import find_server, free_port
from .process import Process
from .wait import wait_until


class RedisError(Exception):
    pass


class Redis:
    def __init__(self, folder, prefix="paperscout:"):
        self.folder = folder
        self.prefix = prefix
        self.port = free_port()
        self.login = ""  # "user:password@" of the programs; the tests are the default user
        self.process = None
        self.link = None

    @property
    def url(self):
        return f"redis://{self.login}127.0.0.1:{self.port}/0"

    def start(self, *options):
        self.process = Process(
            "redis", [find_server("redis-server"), "--port", str(self.port), "--bind", "127.0.0.1",
                      "--dir", self.folder, "--save", "", "--appendonly", "no", *options],
            self.folder)
        wait_until(lambda: self.call("PING") == "PONG", 10, "redis-server answers")

    def kill(self):
        """kill -9: what was not saved is gone."""
        self._hang_up()
        self.process.kill()

    def stop(self):
        self._hang_up()
        if self.process:
            self.process.stop(signal.SIGKILL)

    def cut(self):
        """Ends every connection but this one; the server stays."""
        self.call("CLIENT", "KILL", "TYPE", "normal")

    def key(self, name):
        return self.prefix + name

    def call(self, *words):
        """One command; raises RedisError where the server does."""
        if self.link is None:
            with socket.create_connection(("127.0.0.1", self.port), paced(5)) as link:
                self.link = link.makefile("rwb")  # which keeps it open
        parts = [str(word).encode() for word in words]
        try:
            self.link.write(b"*%d\r\n" % len(parts))
            for part in parts:
                self.link.write(b"$%d\r\n%s\r\n" % (len(part), part))
            self.link.flush()
            return self._read()
        except (OSError, ValueError):
            self._hang_up()
            raise

    def _hang_up(self):
        if self.link:
            try:
                self.link.close()
            except OSError:
                pass
        self.link = None

    def _read(self):
        line = self.link.readline()
        if not line.endswith(b"\r\n"):
            raise OSError("redis-server hung up")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            raise RedisError(rest.decode())
        if kind == b":":
            return int(rest)
        count = int(rest)
        if count < 0:
            return None
        if kind == b"$":
            return self.link.read(count + 2)[:-2].decode("utf-8", "replace")
        return [self._read() for _ in range(count)]

    def cli(self, *words):
        """What redis-cli prints for people."""
        done = subprocess.run([find_server("redis-cli"), "-p", str(self.port), *map(str, words)],
                              capture_output=True, text=True, timeout=paced(10), check=True)
        return done.stdout

    def monitor(self):
        """Every command from now on, as MONITOR tells them."""
        return Monitor(self.port)

    def length(self, stream):
        return self.call("XLEN", self.key(stream))

    def entries(self, stream):
        """[(entry id, {field: value})]"""
        return [(entry, dict(zip(pairs[::2], pairs[1::2])))
                for entry, pairs in self.call("XRANGE", self.key(stream), "-", "+")]

    def hash(self, name):
        flat = self.call("HGETALL", self.key(name))
        return dict(zip(flat[::2], flat[1::2]))

    def pending(self, stream, group):
        try:
            return self.call("XPENDING", self.key(stream), group)[0]
        except RedisError:
            return 0

    def list(self, name):
        return self.call("LRANGE", self.key(name), 0, -1)

    def keys(self, pattern):
        return sorted(self.call("KEYS", self.key(pattern)))


class Monitor:
    """Lines of MONITOR: (address or "lua", [word, ...])."""
    LINE = re.compile(rb'\+[0-9.]+ \[\d+ ([^\]]+)\] (.*)\r\n')
    WORD = re.compile(r'"((?:[^"\\]|\\.)*)"')

    def __init__(self, port):
        self._socket = socket.create_connection(("127.0.0.1", port), 5)
        self._file = self._socket.makefile("rb")
        self._socket.sendall(b"MONITOR\r\n")
        self._file.readline()
        self._socket.settimeout(None)
        self._lines = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        try:
            for line in self._file:
                self._lines.append(line)
        except (OSError, ValueError):
            pass

    def stop(self):
        """The lines."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._file.close()
        self._socket.close()
        return [(match[1].decode(), self.WORD.findall(match[2].decode("utf-8", "replace")))
                for match in map(self.LINE.match, self._lines) if match]
