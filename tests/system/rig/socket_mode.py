"""Socket Mode of the scripted Slack: a small WebSocket server (RFC 6455) in a thread, Python's standard library alone.

The scripted upstream answers apps.connections.open with this server's address (scenario()); @slack/socket-mode, Slack's own
client, is held against it in test_socket_peer.py.
"""
import base64
import collections
import hashlib
import itertools
import json
import os
import socket
import struct
import threading
import time

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class Closed(Exception):
    """The peer is gone."""


class Connection:
    """One client. Frames are read in a thread of its own."""

    def __init__(self, server, link, number):
        self.server, self.link, self.number = server, link, number
        self.rest = b""
        self.lock = threading.Lock()
        self.open = True
        self.hello_at = None
        self.pings = self.pongs = 0
        self.closed_by_client = None  # its code

    def _read(self, size):
        while len(self.rest) < size:
            data = self.link.recv(65536)
            if not data:
                raise Closed
            self.rest += data
        data, self.rest = self.rest[:size], self.rest[size:]
        return data

    def handshake(self):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self._read(1)
        lines = head.decode().split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
        assert lines[0].startswith("GET /link?ticket="), lines[0]
        assert fields["upgrade"].lower() == "websocket" and "upgrade" in fields["connection"].lower(), fields
        assert fields["sec-websocket-version"] == "13", fields
        accept = base64.b64encode(hashlib.sha1(fields["sec-websocket-key"].encode() + GUID).digest()).decode()
        self.link.sendall(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                           f"Sec-WebSocket-Accept: {accept}\r\n\r\n").encode())

    def frame(self, opcode, data, final=True):
        head = bytes([(0x80 if final else 0) | opcode])
        if len(data) < 126:
            head += bytes([len(data)])
        elif len(data) < 65536:
            head += struct.pack(">BH", 126, len(data))
        else:
            head += struct.pack(">BQ", 127, len(data))
        with self.lock:
            try:
                self.link.sendall(head + data)
            except OSError:
                self.open = False

    def send(self, value, parts=1):
        data = json.dumps(value).encode()
        size = max(1, -(-len(data) // parts))
        pieces = [data[at:at + size] for at in range(0, len(data), size)] or [b""]
        for number, piece in enumerate(pieces):
            self.frame(TEXT if number == 0 else 0, piece, number == len(pieces) - 1)

    def read_frame(self):
        first, second = self._read(2)
        assert second & 0x80, f"a client masks its frames: {bytes([first, second]) + self.rest[:60]!r}"
        size = second & 0x7f
        if size == 126:
            size, = struct.unpack(">H", self._read(2))
        elif size == 127:
            size, = struct.unpack(">Q", self._read(8))
        mask, data = self._read(4), self._read(size)
        return first & 15, bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))

    def run(self):
        try:
            self.handshake()
            self.server.arrived(self)
            while True:
                opcode, data = self.read_frame()
                if opcode == TEXT:
                    self.server.heard(self, json.loads(data))
                elif opcode == PING:
                    self.pings += 1
                    self.frame(PONG, data)
                elif opcode == PONG:
                    self.pongs += 1
                elif opcode == CLOSE:
                    self.closed_by_client = struct.unpack(">H", data[:2])[0] if len(data) > 1 else 1005
                    self.open = False  # Slack sends nothing more on it
                    self.frame(CLOSE, data[:2])
                    raise Closed
        except (Closed, OSError):
            pass
        finally:
            self.open = False
            self.server.left(self)
            self.link.close()

    def drop(self):
        """Without a word, as a network does."""
        self.open = False
        try:
            self.link.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class SocketMode:
    """Listens. Envelopes that are not acknowledged in time, or whose connection ends, are sent again on another one."""

    def __init__(self, retry_s=3.0, lasts_s=0, refuse=None):
        self.retry_s, self.lasts_s = retry_s, lasts_s
        self.lock = threading.RLock()
        self.connections = []
        self.numbers = itertools.count(1)
        self.pending = collections.OrderedDict()  # envelope_id: [envelope, connection, sent at, first sent at, times]
        self.answers = {}  # envelope_id: what the first acknowledgement said
        self.latencies = []  # seconds, of those sent once
        self.again = 0
        self.strangers = []  # acknowledgements of nothing that waits
        self.stopped = False
        self.disabled = False
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.address = f"ws://127.0.0.1:{self.port}"  # where clients reach it; a front with TLS has another one
        self.threads = [threading.Thread(target=target, daemon=True) for target in (self._accept, self._retry)]
        for thread in self.threads:
            thread.start()

    @property
    def url(self):
        return f"{self.address}/link?ticket=secret-ticket&app_id=A1"

    def scenario(self, app_token="xapp-1-A1-1-test"):
        """For "slack" in the scripted upstream's scenario."""
        return {"app_token": app_token,
                "methods": {"apps.connections.open": {"body": json.dumps({"ok": True, "url": self.url})}}}

    def _accept(self):
        while not self.stopped:
            try:
                link, _ = self.listener.accept()
            except OSError:
                return
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(self, link, next(self.numbers))
            threading.Thread(target=connection.run, daemon=True).start()

    def arrived(self, connection):
        if self.disabled:
            connection.send({"type": "disconnect", "reason": "link_disabled"})
            connection.drop()
            return
        connection.hello_at = time.monotonic()
        connection.send({"type": "hello", "num_connections": len(self.live()) + 1, "connection_info": {"app_id": "A1"},
                         "debug_info": {"host": "applink-1", "build_number": 1,
                                        **({"approximate_connection_time": self.lasts_s} if self.lasts_s else {})}})
        with self.lock:
            self.connections.append(connection)

    def left(self, connection):
        with self.lock:
            if connection in self.connections:
                self.connections.remove(connection)
            for entry in self.pending.values():
                if entry[1] is connection:
                    entry[1] = None

    def live(self):
        with self.lock:
            return [connection for connection in self.connections if connection.open]

    def heard(self, connection, answer):
        now = time.monotonic()
        with self.lock:
            entry = self.pending.pop(answer["envelope_id"], None)
            if entry is None:
                self.strangers.append(answer["envelope_id"])
                return
            self.answers[answer["envelope_id"]] = answer.get("payload")
            if entry[4] == 1:
                self.latencies.append(now - entry[2])

    def _put(self, entry):
        """On any live connection; False where there is none."""
        live = self.live()
        if not live:
            return False
        connection = live[entry[4] % len(live)]
        entry[1], entry[2] = connection, time.monotonic()
        entry[4] += 1
        envelope = dict(entry[0], retry_attempt=entry[4] - 1) if entry[4] > 1 else entry[0]
        connection.send(envelope, parts=3 if entry[4] == 2 else 1)
        return True

    def deliver(self, kind, payload, **more):
        """Sends an envelope, again until it is acknowledged; its id."""
        envelope = {"type": kind, "envelope_id": os.urandom(12).hex(), "payload": payload,
                    "accepts_response_payload": kind == "slash_commands", **more}
        with self.lock:
            entry = [envelope, None, 0.0, time.monotonic(), 0]
            self.pending[envelope["envelope_id"]] = entry
            self._put(entry)
        return envelope["envelope_id"]

    def _retry(self):
        while not self.stopped:
            time.sleep(0.05)
            with self.lock:
                now = time.monotonic()
                for entry in list(self.pending.values()):
                    if entry[1] is None or now - entry[2] > self.retry_s:
                        if self._put(entry) and entry[4] > 1:
                            self.again += 1

    def request_refresh(self, connection, reason="refresh_requested"):
        connection.send({"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-1"}})

    def stop(self):
        self.stopped = True
        self.listener.close()
        for connection in self.live():
            connection.drop()
