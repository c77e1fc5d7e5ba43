#!/usr/bin/env python3
"""Files made to hurt whoever reads them: each costs a worker a bounded time and bounded memory."""
import http.server
import threading
import time
import unittest
import zlib

from rig import RigCase, wait_until
from rig.pace import paced

GIB = 1024 * 1024 * 1024
HOPS = 10000
LARGE = 12
PIECE = b"x" * 65536


def pdf(*objects, trailer=b""):
    """A PDF of these objects, from number 1 on, with its table."""
    text, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(text))
        text += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(text)
    text += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    text += b"".join(b"%010d 00000 n \n" % place for place in places)
    return text + b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1, trailer, start)


def stream(data, entries=b""):
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), entries, data)


CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
PAGES = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font " \
       b"<< /F 5 0 R >> /XObject << /X 6 0 R >> >> >>"
FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
FLATE = b"/Filter /FlateDecode"


def bomb():
    packer, packed = zlib.compressobj(9), b""
    for _ in range(1024):
        packed += packer.compress(b" " * (1024 * 1024))
    packed += packer.flush()
    return pdf(CATALOG, PAGES, PAGE, stream(zlib.compress(packed, 9), b"/Filter [/FlateDecode /FlateDecode]"),
               FONT, FONT)


def many_words():
    lines = b"BT /F 8 Tf " + b"1 0 0 1 9 9 Tm (word) Tj " * 400000 + b" ET"
    return pdf(CATALOG, PAGES, PAGE, stream(zlib.compress(lines, 9), FLATE), FONT, FONT)


def drawn_in_itself():
    form = b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 6 0 R /Y 6 0 R >> >>"
    return pdf(CATALOG, PAGES, PAGE, stream(b"/X Do"), FONT, stream(b"/X Do /Y Do " * 50, form))


FILES = {  # name: (the file, whether it has a front text; None: on a fast machine)
    "flate bomb of 1 GiB": (bomb, False),
    "400,000 words on a spot": (many_words, None),
    "a form that draws itself": (drawn_in_itself, False),
    "pages within themselves": (lambda: pdf(CATALOG, b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 9 >>"), False),
    "a table that points to itself": (lambda: pdf(CATALOG, PAGES, PAGE, stream(b""), FONT, FONT, trailer=b"/Prev 9"),
                                      False),
    "encrypted by nothing known": (lambda: pdf(CATALOG, PAGES, PAGE, stream(b"\1\2"), FONT, FONT, trailer=(
        b"/Encrypt << /Filter /Standard /V 5 /R 6 /Length 256 /O (a) /U (b) /P -1 >> /ID [(a) (b)]")), False),
    "a million brackets": (lambda: pdf(CATALOG, b"[" * 1000000), False),
    "only a beginning": (lambda: b"%PDF-1.7\n" + bytes(range(256)) * 400, False),
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    def log_message(self, *_):
        pass

    def header(self, kind, length=None, status=200, **more):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if length is not None:
            self.send_header("Content-Length", str(length))
        for name, value in more.items():
            self.send_header(name, value)
        self.end_headers()

    def pour(self, first, most):
        """So many bytes, or as many as the other side takes."""
        sent = 0
        while sent < most:
            self.wfile.write(first or PIECE)
            sent += len(first or PIECE)
            first = None

    def answer(self, body):
        case, _, step = self.path.rpartition("/")[2].partition(".")[0].partition("-")
        site = self.server.site
        try:
            if case in site.files and self.path.endswith(".pdf"):
                data = site.files[case]
                self.header("application/pdf", len(data))
                if body:
                    self.wfile.write(data)
            elif case == "D2001R0":  # a gibibyte that begins as a page does
                self.header("text/html", GIB)
                if body:
                    self.pour(b"<!DOCTYPE html><p>A page", GIB)
            elif case == "D2002R0":  # the same, without an end
                self.header("text/html")
                if body:
                    self.pour(b"<!DOCTYPE html><p>A page", 64 * GIB)
            elif case == "D2003R0":
                self.send_response(200)
                for number in range(1000000):
                    self.wfile.write(b"X-Header-%d: %s\r\n" % (number, b"y" * 1000))
            elif case == "D2004R0":
                self.header("text/plain", 0, 302, Location=f"D2004R0-{int(step or 0) + 1}.html"
                            if int(step or 0) < HOPS else "D2001R0.html")
            elif case == "D2005R0":  # and a tree as deep as it gets
                self.header("text/html")
                if body:
                    self.wfile.write(b"<!DOCTYPE html>" + b"<div><b>" * 200000 + b"deep")
            else:
                self.header("text/plain", 0, 404)
        except OSError:
            pass  # the worker had enough

    def do_HEAD(self):
        self.answer(False)

    def do_GET(self):
        self.server.site.gets += 1
        self.answer(True)


class Site:
    def __init__(self):
        self.files, self.gets = {}, 0
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.site = self
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}/files/papers/"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class PoisonFiles(RigCase):
    needs = ("worker",)

    def peak_mb(self):
        with open(f"/proc/{self.worker.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024

    def ask(self, number, ext):
        """Its result and the seconds it took."""
        redis = self.fleet.redis
        file = f"D{number}R0{ext}"
        began = time.monotonic()
        redis.call("XADD", redis.key("tasks"), "*", "task", f"1:{file}", "cycle", 1, "epoch", 1,
                   "url", self.site.url + file, "tier", "frontier", "prefix", "D",
                   "number", number, "revision", 0, "ext", ext)
        found = wait_until(lambda: [fields for _, fields in redis.entries("results")
                                    if fields["task"] == f"1:{file}"], 60, f"a result for {file}")
        return found[0], time.monotonic() - began

    def test_many_large_ones_at_once_cost_no_more_than_a_few(self):
        self.site = Site()
        self.addCleanup(self.site.close)
        self.fleet = self.make_fleet(HTTP_TIMEOUT_SECONDS=8, PROBE_MAX_ATTEMPTS=1)
        self.fleet.redis.start()
        self.worker = self.fleet.start("worker")
        wait_until(self.worker.ready, 15, "the worker is ready")
        redis, data = self.fleet.redis, b"%PDF-1.7\n" + bytes(24 * 1024 * 1024)
        for number in range(2200, 2200 + LARGE):
            file = f"D{number}R0.pdf"
            self.site.files[file[:-4]] = data
            redis.call("XADD", redis.key("tasks"), "*", "task", f"1:{file}", "cycle", 1, "epoch", 1,
                       "url", self.site.url + file, "tier", "frontier", "prefix", "D",
                       "number", number, "revision", 0, "ext", ".pdf")
        wait_until(lambda: redis.length("results") == LARGE, 60, "each has a result", every=0.1)
        self.assertEqual({fields["outcome"] for _, fields in redis.entries("results")}, {"hit_no_lm"})
        self.assertGreater(self.site.gets, 2.5 * LARGE)  # each: the second look, no page, the PDF
        print(f"{LARGE} PDFs of 24 MiB at once: {self.peak_mb():.1f} MB at most")
        if "asan" not in self.worker.argv[0]:
            self.assertLess(self.peak_mb(), 150)

    def test_each_costs_little(self):
        self.site = Site()
        self.addCleanup(self.site.close)
        self.fleet = self.make_fleet(HTTP_TIMEOUT_SECONDS=3, PROBE_MAX_ATTEMPTS=1)
        self.fleet.redis.start()
        self.worker = self.fleet.start("worker")
        wait_until(self.worker.ready, 15, "the worker is ready")
        rows = [("a body of 1 GiB", 2001, ".html", "hit_no_lm", True),
                ("a body without end", 2002, ".html", "hit_no_lm", True),
                ("header lines without end", 2003, ".html", "error", False),
                (f"{HOPS:,} redirects", 2004, ".html", "error", False),
                ("200,000 elements deep", 2005, ".html", "hit_no_lm", None)]
        for number, (name, (make, text)) in enumerate(FILES.items(), 2100):
            self.site.files[f"D{number}R0"] = make()
            rows.append((name, number, ".pdf", "hit_no_lm", text))
        for name, number, ext, outcome, text in rows:
            with self.subTest(name):
                result, took = self.ask(number, ext)
                words = len(result["front_text"].split())
                print(f"{name:32}{outcome:12}{took:6.1f} s{self.peak_mb():8.1f} MB at most so far"
                      f"{words:6} words")
                self.assertEqual(result["outcome"], outcome, result)
                self.assertLess(took, paced(25))
                if text is not None:
                    self.assertEqual(bool(words), text)
                self.assertLessEqual(words, 1000)
        self.assertTrue(self.worker.alive())
        self.assertEqual(self.fleet.redis.length("tasks"), 0)
        if "asan" not in self.worker.argv[0]:
            self.assertLess(self.peak_mb(), 100)


if __name__ == "__main__":
    unittest.main()
