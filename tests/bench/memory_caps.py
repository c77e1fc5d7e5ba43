#!/usr/bin/env python3
"""The memory of each program at its caps: what the limits in k8s/base must leave room for.

    PAPERSCOUT_BUILD=$PWD/build/release python3 tests/bench/memory_caps.py

The scheduler gets an index of 64 MiB with 50,000 entries and a million values, twice, with every title changed in between.
The worker reads two PDFs of 32 MiB at once, whose page inflates until pdftotext is at the limit of its own. The notifier
has a full queue of the longest messages, and people who ask. Prints resident pages at most, those of children included
(pages that processes share count for each: an upper bound).
"""
import http.server
import json
import os
import random
import string
import sys
import tempfile
import threading
import time
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))

from rig import Fleet, wait_until  # noqa: E402
from rig.index import made_index  # noqa: E402

MIB = 2 ** 20
ENTRIES, VALUES, INDEX_BYTES = 50000, 1000000, 64 * MIB  # scheduler/core/paper_index.h
PDF_BYTES = 32 * MIB  # worker/io/document_child.h


def full_index(path, turn):
    """As large as the caps allow; ${turn} changes every title."""
    rnd = random.Random(turn)
    each = VALUES // ENTRIES - 1
    texts = ["".join(rnd.choices(string.ascii_lowercase + " ", k=960)) for _ in range(200)]
    with open(path, "w", encoding="ascii") as file:
        for number in range(ENTRIES):
            entry = {"type": "paper", "title": texts[number % 200] + str(turn), "author": "Ann Author, Bob Builder",
                     "date": "2020-01-01", "link": f"https://wg21.link/p{number}", "subgroup": "LEWG", "status": "x"}
            entry.update({f"k{i}": i for i in range(each - len(entry) - 1)})
            file.write(("{" if number == 0 else ",") + json.dumps(f"P{number // 10 + 1:04d}R{number % 10}") + ":" + json.dumps(entry))
        file.write("}")
    size = os.path.getsize(path)
    assert INDEX_BYTES * 0.9 < size < INDEX_BYTES, size
    return size


def hungry_pdf():
    """32 MiB; its one page has as many characters as pdftotext's memory holds, and more."""
    page = zlib.compress(b"BT /F 8 Tf 9 800 Td " + b"(abcdefghij klmnopqrst uvwxyz0123) Tj 0 -9 Td " * 250000 + b"ET", 9)
    padding = random.Random(1).randbytes(PDF_BYTES - len(page) - 4096)
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
               b"<</Type/Page/Parent 2 0 R/MediaBox[0 -2300000 900 900]/Contents 5 0 R/Resources<</Font<</F 4 0 R>>>>>>",
               b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
               b"<</Filter/FlateDecode/Length %d>>stream\n" % len(page) + page + b"\nendstream",
               b"<</Length %d>>stream\n" % len(padding) + padding + b"\nendstream"]
    out, offsets = b"%PDF-1.4\n", []
    for number, text in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj" % number + text + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + b"".join(b"%010d 00000 n \n" % at for at in offsets)
    return out + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)


class Site(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    pdf, names = b"", ()

    def answer(self, body):
        name = self.path.rpartition("/")[2]
        found = name in self.names
        data = self.pdf if found else b"no"
        kept = self.headers.get("Range")
        if found and kept:
            data = data[:int(kept.rpartition("-")[2]) + 1]
        self.send_response((206 if kept else 200) if found else 404)
        self.send_header("Content-Type", "application/pdf" if found else "text/plain")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Last-Modified", self.date_time_string(time.time() - 600))
        self.end_headers()
        if body:
            self.wfile.write(data)

    def do_HEAD(self):
        self.answer(False)

    def do_GET(self):
        self.answer(True)

    def log_message(self, *_):
        pass


class Watch(threading.Thread):
    """Samples a process and its children."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.most, self.processes, self.over = pid, 0, 0, threading.Event()
        self.start()

    def run(self):
        while not self.over.wait(0.02):
            total, seen = 0, [self.pid]
            for pid in seen:
                try:
                    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
                        total += next((int(line.split()[1]) for line in file if line.startswith("VmRSS")), 0)
                    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
                        seen += [int(child) for child in file.read().split()]
                except OSError:
                    continue
            if total > self.most:
                self.most, self.processes = total, len(seen)

    def __str__(self):
        return f"{self.most / 1024:.0f} MB at most, {self.processes} process(es)"


def scheduler(folder):
    path = os.path.join(folder, "index.json")
    size = full_index(path, 0)
    fleet = Fleet({"index": {"file": path}, "drafts": {}}, PROBE_PREFIXES='["D"]', ENABLE_ISO_PROBE="false",
                  POLL_INTERVAL_SECONDS="5", CACHE_TTL_HOURS="0", WG21_INDEX_TIMEOUT_S="120", LEADER_TTL_MS="60000")
    try:
        fleet.start_servers()
        programs = [fleet.start("scheduler"), fleet.start("scheduler")]
        watches = [Watch(program.pid) for program in programs]
        wait_until(lambda: any(program.events("INDEX-LOAD") for program in programs), 120, "the index is loaded")
        wait_until(lambda: fleet.postgres.value("SELECT count(*) FROM papers") == ENTRIES, 120, "it is stored", every=0.5)
        print(f"scheduler, leader or standby, first index of {size / MIB:.0f} MiB: {max(watch.most for watch in watches) / 1024:.0f} MB")
        full_index(path, 1)
        fleet.upstream.patch({"index": {"file": path}})
        wait_until(lambda: any(program.events("INDEX-UPD") for program in programs), 300, "every title has changed", every=0.5)
        time.sleep(20)
        leader = (fleet.redis.call("GET", fleet.redis.key("leader")) or "").rpartition(":")[0]
        for program, watch in zip(programs, watches):
            print(f"scheduler{' (leader)' if program.name == leader else ' (standby)'}: {watch}")
    finally:
        fleet.close()


def worker(_):
    Site.pdf, Site.names = hungry_pdf(), {f"D{1050 + i}R0.pdf" for i in range(6)}
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    fleet = Fleet({"index": {"inline": made_index()}, "drafts": {}})
    try:
        fleet.start_servers()
        site = {"ISO_BASE_URL": f"http://127.0.0.1:{server.server_port}/files/papers/"}
        program = fleet.start("worker", **site)
        watch = Watch(program.pid)
        fleet.start("scheduler", **site)
        wait_until(lambda: len(program.events("PROBE-HIT")) >= len(Site.names), 300, "all are read", every=0.5)
        print(f"worker, two PDFs of {len(Site.pdf) / MIB:.1f} MiB at once: {watch}")
    finally:
        fleet.close()
        server.shutdown()


def notifier(_):
    fleet = Fleet({"index": {"inline": made_index()}, "drafts": {}, "rules": {"slack": {"match": "/api/*", "delay_ms": 2000}}})
    try:
        fleet.start_servers()
        program = fleet.start_slack_notifier()
        watch = Watch(program.pid)
        for number in range(1000):
            fleet.redis.call("RPUSH", fleet.redis.key("notify"), json.dumps(
                {"id": f"m{number}", "kind": "manual", "channel": f"C{number}", "text": "x" * 39000,
                 "created_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}))
        time.sleep(20)
        print(f"notifier, 1,000 messages of 39 kB for as many channels: {watch}")
    finally:
        fleet.close()


def main():
    folder = tempfile.mkdtemp(prefix="paperscout-memory-")
    for name in sys.argv[1:] or ("scheduler", "worker", "notifier"):
        {"scheduler": scheduler, "worker": worker, "notifier": notifier}[name](folder)


if __name__ == "__main__":
    main()
