"""Sentinels: real ones around a master and its replica, and one that says what it is told."""
import os
import socketserver
import threading

from .places import find_server, free_port
from .process import Process
from .redis import Redis
from .wait import wait_until


class Sentinels:
    """Three, who watch a master. fleet.extras stops them."""

    def __init__(self, folder, master):
        self.servers = []
        for number in range(3):
            port = free_port()
            place = os.path.join(folder, f"sentinel-{number}")
            os.mkdir(place)
            path = os.path.join(place, "sentinel.conf")
            with open(path, "w", encoding="ascii") as file:
                file.write(f"port {port}\nbind 127.0.0.1\ndir {place}\n"
                           f"sentinel monitor mymaster 127.0.0.1 {master.port} 2\n"
                           "sentinel down-after-milliseconds mymaster 1000\n"
                           "sentinel failover-timeout mymaster 6000\n")
            server = Redis(place)
            server.port = port
            server.process = Process(f"sentinel-{number}",
                                     [find_server("redis-server"), path, "--sentinel"], folder)
            self.servers.append(server)
        for server in self.servers:
            wait_until(lambda: server.call("PING") == "PONG", 10, "a Sentinel answers")
        self.process = self.servers[0].process  # for its log

    @property
    def list(self):
        return ",".join(f"127.0.0.1:{server.port}" for server in self.servers)

    def info(self, server):
        flat = server.call("SENTINEL", "MASTER", "mymaster")
        return dict(zip(flat[::2], flat[1::2]))

    def wait_formed(self):
        """They know each other and the replica, and the replica is fit to be promoted."""
        def look():
            infos = [self.info(server) for server in self.servers]
            return all(info["num-other-sentinels"] == "2" and info["num-slaves"] == "1"
                       and info["flags"] == "master" for info in infos)
        wait_until(look, 20, "the Sentinels know each other")

    def master_port(self):
        return int(self.servers[0].call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster")[1])

    def wait_master(self, port, seconds=20):
        wait_until(lambda: self.master_port() == port, seconds, "the replica is promoted")

    def failover(self):
        self.servers[0].call("SENTINEL", "FAILOVER", "mymaster")

    def stop(self):
        for server in self.servers:
            server.stop()


class ToldSentinel:
    """Answers SENTINEL GET-MASTER-ADDR-BY-NAME with .port, or that it knows none (None); by TLS with a context."""

    def __init__(self, port, context=None):
        self.port = port
        self.asked = 0
        told = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                while True:
                    head = self.rfile.readline()
                    if not head.startswith(b"*"):
                        return
                    words = []
                    for _ in range(int(head[1:])):
                        size = int(self.rfile.readline()[1:])
                        words.append(self.rfile.read(size + 2)[:-2].decode())
                    self.wfile.write(told.answer(words))

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                if context is None:  # else somebody did not like our certificate
                    super().handle_error(request, client_address)

        self.server = Server(("127.0.0.1", 0), Handler)
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def answer(self, words):
        if words[0].upper() != "SENTINEL":
            return b"+PONG\r\n"
        self.asked += 1
        port = self.port
        if port is None:
            return b"*-1\r\n"
        return b"*2\r\n$9\r\n127.0.0.1\r\n$%d\r\n%d\r\n" % (len(str(port)), port)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
