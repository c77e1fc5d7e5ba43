#!/usr/bin/env python3
"""Headers of the index are another's bytes: none of them stops the polls or spoils a later download."""
import json
import socketserver
import threading
import unittest

from rig import FleetCase, wait_until
from rig.index import made_index


class Site:
    """Serves the index with an ETag as .etag says it, byte for byte. It refuses a request whose
    header is larger than 8 kB, as nginx does, and any conditional one while .picky."""

    def __init__(self):
        self.etag = b'"plain"'
        self.picky = False
        self.heads = []
        site = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    line = self.rfile.readline()
                    if not line:
                        return
                    head += line
                self.wfile.write(site.answer(head))

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/index.json"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.process = None  # as the rig's other parts

    def answer(self, head):
        self.heads.append(head)
        if len(head) > 8192:
            return b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        if self.picky and b"if-none-match" in head.lower():
            return (b"HTTP/1.1 412 Precondition Failed\r\nContent-Length: 0\r\n"
                    b"Connection: close\r\n\r\n")
        body = json.dumps(made_index()).encode()
        return (b"HTTP/1.1 200 OK\r\nETag: " + self.etag + b"\r\nLast-Modified: " + self.etag +
                b"\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Headers(FleetCase):
    def good_polls(self, fleet):
        return fleet.postgres.value("SELECT poll_count FROM meta") or 0

    def more_good_polls(self, fleet, what):
        before = len(fleet.programs[0].events("INDEX-LOAD"))
        wait_until(lambda: len(fleet.programs[0].events("INDEX-LOAD")) >= before + 2 and
                   fleet.programs[0].health()["last_cycle_status"] in ("success", "empty"), 30,
                   f"polls go on: {what}")

    def test_no_header_stops_the_polls(self):
        site = Site()
        fleet = self.make_fleet({"index": {"inline": made_index()}}, POLL_INTERVAL_SECONDS="1")
        fleet.extras.append(site)
        fleet.start_servers()
        site.etag = b'"\xff"'
        fleet.start("scheduler", WG21_INDEX_URL=site.url)
        fleet.start("worker")
        self.more_good_polls(fleet, "a byte that is no text")
        for etag in (b'"' + b"x" * 16384 + b'"', b'"a\tb"', b'"caf\xc3\xa9"'):
            site.etag = etag
            self.more_good_polls(fleet, etag[:20])
        self.assertFalse(any(b"if-none-match" in head.lower() for head in site.heads))
        site.etag = b'"plain"'
        wait_until(lambda: b'if-none-match: "plain"' in site.heads[-1].lower(), 20,
                   "a good validator is sent back")
        site.picky = True
        self.more_good_polls(fleet, "a server that refuses conditional requests")
        self.assertEqual(fleet.programs[0].events("POLL-ERROR"), [])


if __name__ == "__main__":
    unittest.main()
