"""A TCP proxy that can be told to stall or to be slow: a bad network, for one client."""
import collections
import re
import selectors
import socket
import threading
import time


class Proxy:
    def __init__(self, target_port):
        self.target = target_port
        self.stalled = False
        self.delay = 0.0  # seconds that all it passes on is kept
        self._kept = collections.deque()  # (when, to whom, bytes)
        self._unanswered = None  # re.Pattern, or None
        self._stall_then = False  # once an answer was lost
        self.lost = 0  # answers
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._wake = socket.socketpair()
        self._peers = {}
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self.process = None  # nothing to show in the tails

    def stall(self):
        """Takes connections and bytes and gives nothing on, either way."""
        self.stalled = True

    def heal(self):
        """Passes on again. Old connections are cut: what they swallowed is lost."""
        self.stalled = False
        self._wake[0].send(b"c")

    def slow(self, seconds):
        """From now on everything takes so much longer, either way."""
        self.delay = seconds

    def lose_answer(self, pattern, stall=False):
        """Of the next request that has the pattern (bytes) the answer is lost: the server gets it, and the connection is cut.
        stall: from then on nothing passes, so the client cannot ask again."""
        self._unanswered = re.compile(pattern)
        self._stall_then = stall

    def stop(self):
        self._wake[0].send(b"q")
        self._thread.join(5)

    def _run(self):
        with selectors.DefaultSelector() as self._selector:
            for thing in (self._listener, self._wake[1]):
                self._selector.register(thing, selectors.EVENT_READ)
            while self._turn():
                pass
            self._cut()
        self._listener.close()

    def _turn(self):
        for key, _ in self._selector.select(self._give_kept()):
            if key.fileobj is self._wake[1]:
                if self._wake[1].recv(1) == b"q":
                    return False
                self._cut()
            elif key.fileobj is self._listener:
                self._take(self._listener.accept()[0])
            elif key.fileobj in self._peers:
                self._pass_on(key.fileobj)
        return True

    def _take(self, client):
        try:
            server = socket.create_connection(("127.0.0.1", self.target), 5)
        except OSError:
            client.close()
            return
        for one, other in ((client, server), (server, client)):
            self._peers[one] = other
            self._selector.register(one, selectors.EVENT_READ)

    def _give_kept(self):
        """Gives on what was kept long enough; seconds until the next, None for nothing."""
        while self._kept and self._kept[0][0] <= time.monotonic():
            _, target, data = self._kept.popleft()
            try:
                if target in self._peers:
                    target.sendall(data)
            except OSError:
                self._drop(target)
        return max(0.0, self._kept[0][0] - time.monotonic()) if self._kept else None

    def _pass_on(self, source):
        try:
            data = source.recv(65536)
            if data and self._unanswered and self._unanswered.search(data):
                self._unanswered = None
                self._peers[source].sendall(data)
                time.sleep(0.2)  # the server has read it before it sees the end
                self.stalled = self.stalled or self._stall_then
                self.lost += 1
                data = b""
            if data and not self.stalled:
                self._kept.append((time.monotonic() + self.delay, self._peers[source], data))
        except OSError:
            data = b""
        if not data:
            self._drop(source)

    def _drop(self, one):
        for link in (one, self._peers.get(one)):
            if link in self._peers:
                del self._peers[link]
                self._selector.unregister(link)
                link.close()

    def _cut(self):
        for link in list(self._peers):
            if link in self._peers:
                self._drop(link)
