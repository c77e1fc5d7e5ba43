#!/usr/bin/env python3
"""paperscout-worker read: title, authors and words of documents; and the same in the results of a worker."""
import http.server
import json
import os
import signal
import subprocess
import tempfile
import threading
import unittest

from rig import RigCase, wait_until
from rig.places import program_path

PAGE = """<html><head><meta http-equiv="Content-Type" content="text/html; charset={charset}">
<title>Queues that forget</title></head><body><table><tr><td>Document number:<td>D9041R0<tr><td>Date:<td>2026-11-20
<tr><td>Reply-To:<td>{author} &lt;someone@example.org&gt;</table><h1>Queues that forget</h1><p>{words}</body></html>"""

FILES = {  # name: (bytes, author, a word)
    "utf8.html": (PAGE.format(charset="utf-8", author="Jörg Kühlmann", words="naïve").encode(), "Jörg Kühlmann", "naïve"),
    "latin1.html": (PAGE.format(charset="iso-8859-1", author="Jörg Kühlmann", words="“naïve”").encode("cp1252"),
                    "Jörg Kühlmann", "“naïve”"),
    "ascii.html": (PAGE.format(charset="us-ascii", author="Jörg Kühlmann", words="naïve").encode("cp1252"),
                   "Jörg Kühlmann", "naïve"),
    "gb2312.html": (PAGE.format(charset="gb2312", author="Wei Zhang", words="你好").encode("gb18030") + b"<p>\xff x",
                    "Wei Zhang", "你好"),
    "shift_jis.html": (PAGE.format(charset="shift_jis", author="Ken Sato", words="日本").encode("cp932") + b"<p>\xff x",
                       "Ken Sato", "日本"),
    "meta_utf16.html": (PAGE.format(charset="utf-16le", author="Jörg Kühlmann", words="naïve").encode(),
                        "Jörg Kühlmann", "naïve"),
    "utf16.html": (PAGE.format(charset="unicode", author="Jörg Kühlmann", words="naïve").encode("utf-16"),
                   "Jörg Kühlmann", "naïve"),
}


def pdf(text):
    stream = b"BT /F 24 Tf 50 700 Td (Queues that forget) Tj /F 11 Tf 0 -60 Td (%s) Tj ET" % text.encode("latin-1")
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
               b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> >>",
               b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
               b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
               b"<< /Title (Queues that forget) /Author (Wren Quillfeather) >>"]
    body, places = b"%PDF-1.7\n", []
    for number, item in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, item)
    table = b"xref\n0 7\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    return body + table + b"trailer\n<< /Size 7 /Root 1 0 R /Info 6 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(body)


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self, body=True):
        name = self.path.rpartition("/")[2]
        if name == "moved":
            self.send_response(302)
            self.send_header("Location", "/papers/D9041R0.html")
            self.end_headers()
            return
        data = {"D9041R0.html": FILES["ascii.html"][0], "D9042R0.pdf": pdf("some words of the paper")}.get(name)
        self.send_response(404 if data is None else 200)
        self.send_header("Content-Type", "application/pdf" if name.endswith(".pdf") else "text/html; charset=us-ascii")
        self.end_headers()
        if body:
            self.wfile.write(data or b"")

    def do_HEAD(self):
        self.do_GET(False)


class Site:
    def __init__(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/papers/"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Read(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="paperscout-test-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def read(self, *arguments, data=b"", **settings):
        env = {"PATH": os.environ["PATH"], "ALLOW_PRIVATE_UPSTREAMS": "true", **settings}
        done = subprocess.run([program_path("paperscout-worker"), "read", *arguments], env=env, cwd=self.folder,
                              input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, check=False)
        return done.returncode, [json.loads(line) for line in done.stdout.decode().splitlines()], done.stderr.decode()

    def test_files_in_many_encodings_and_pdf(self):
        for name, (data, _, _) in FILES.items():
            with open(os.path.join(self.folder, name), "wb") as file:
                file.write(data)
        with open(os.path.join(self.folder, "paper.pdf"), "wb") as file:
            file.write(pdf("some words of the paper"))
        status, lines, _ = self.read(*FILES, "paper.pdf")
        self.assertEqual(status, 0, lines)
        for line, (name, (_, author, word)) in zip(lines, FILES.items()):
            with self.subTest(name):
                self.assertEqual((line["file"], line["title"], line["authors"]), (name, "Queues that forget", [author]))
                self.assertIn(word, line["words"])
        self.assertEqual(lines[-1], {"file": "paper.pdf", "title": "Queues that forget", "authors": ["Wren Quillfeather"],
                                     "words": "Queues that forget some words of the paper"})

    def test_standard_input_and_what_has_no_title(self):
        self.assertEqual(self.read("-", data=b"<p>a few words")[:2],
                         (0, [{"file": "-", "title": None, "authors": [], "words": "a few words"}]))
        self.assertEqual(self.read("-", data=b"")[:2], (0, [{"file": "-", "title": None, "authors": [], "words": ""}]))

    def test_what_cannot_be_read_is_a_line_with_an_error_and_exit_1(self):
        with open(os.path.join(self.folder, "broken.pdf"), "wb") as file:
            file.write(b"%PDF-1.7\nno more")
        status, lines, _ = self.read("missing.html", "broken.pdf", "-", data=b"words")
        self.assertEqual(status, 1)
        self.assertEqual([line["file"] for line in lines], ["missing.html", "broken.pdf", "-"])
        self.assertEqual((lines[0]["error"], lines[0]["words"]), ("No such file or directory", ""))
        self.assertIn("no PDF, broken or encrypted", lines[1]["error"])
        self.assertNotIn("error", lines[2])

    def test_without_poppler_it_says_so(self):
        status, (line,), _ = self.read("-", data=pdf("words"), PATH="/nonexistent")
        self.assertEqual((status, line["failure_category"]), (1, "CONFIGURATION"))
        self.assertIn("pdftotext is not installed", line["error"])

    def test_urls_go_through_the_workers_http_client(self):
        site = Site()
        self.addCleanup(site.close)
        status, lines, _ = self.read(site.url + "D9041R0.html", site.url + "moved", site.url + "D9042R0.pdf")
        self.assertEqual(status, 0, lines)
        self.assertEqual([(line["url"], line["title"], line["authors"]) for line in lines], [
            (site.url + "D9041R0.html", "Queues that forget", ["Jörg Kühlmann"]),
            (site.url + "moved", "Queues that forget", ["Jörg Kühlmann"]),
            (site.url + "D9042R0.pdf", "Queues that forget", ["Wren Quillfeather"])])
        status, (line,), _ = self.read(site.url + "absent.html")
        self.assertEqual((status, line["error"], line["failure_category"]), (1, "HTTP status 404", "NETWORK"))
        status, (line,), _ = self.read(site.url + "D9041R0.html", ALLOW_PRIVATE_UPSTREAMS="false")
        self.assertEqual((status, line["failure_category"]), (1, "CONFIGURATION"))
        status, (line,), _ = self.read("http://127.0.0.1:1/x.html")
        self.assertEqual((status, line["failure_category"]), (69, "NETWORK"))

    def test_wrong_usage(self):
        self.assertEqual(self.read()[0], 64)
        status, lines, said = self.read("--fast", "x.html")
        self.assertEqual((status, lines), (64, []))
        self.assertIn('no option "--fast"', said)


class Results(RigCase):
    needs = ("worker",)

    def test_a_worker_started_with_sigchld_ignored_reads_title_and_authors(self):
        site = Site()
        self.addCleanup(site.close)
        fleet = self.make_fleet()
        redis = fleet.redis
        redis.start()
        before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # a child inherits that
        try:
            fleet.start("worker")
        finally:
            signal.signal(signal.SIGCHLD, before)
        for number, ext in ((9041, ".html"), (9042, ".pdf")):
            file = f"D{number}R0{ext}"
            redis.call("XADD", redis.key("tasks"), "*", "task", f"1:{file}", "cycle", 1, "epoch", 1, "url", site.url + file,
                       "tier", "frontier", "prefix", "D", "number", number, "revision", 0, "ext", ext)
        wait_until(lambda: redis.length("results") == 2, 30, "both have results")
        results = {fields["task"]: fields for _, fields in redis.entries("results")}
        page, paper = results["1:D9041R0.html"], results["1:D9042R0.pdf"]
        self.assertEqual((page["title"], page["authors"]), ("Queues that forget", '["Jörg Kühlmann"]'))
        self.assertEqual((paper["title"], paper["authors"]), ("Queues that forget", '["Wren Quillfeather"]'))
        self.assertEqual(paper["front_text"], "Queues that forget some words of the paper")


if __name__ == "__main__":
    unittest.main()
