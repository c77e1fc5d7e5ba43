"""The scripted upstream (tests/upstream/README.md) and a real nginx in front of it."""
import copy
import http.client
import json
import os
import re
import shutil
import subprocess
import time

from .places import find_server, free_port, program_path
from .process import Process
from .wait import wait_until


class Upstream:
    """scenario: a dict, kept here too. patch() is a JSON merge patch: None deletes."""

    def __init__(self, folder, scenario=None):
        self.folder = folder
        self.scenario = copy.deepcopy(scenario or {})
        self.process = None
        self.port = None

    def start(self):
        program = program_path("paperscout-upstream")
        if program is None:
            raise FileNotFoundError("paperscout-upstream is not built")
        path = os.path.join(self.folder, "scenario.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(self.scenario, file)
        argv = [program, "--port", str(self.port or 0), "--scenario", path]
        self.process = Process("upstream", argv, self.folder)
        wait_until(self._find_port, 10, "the upstream listens")

    def _find_port(self):
        if not self.process.alive():
            raise AssertionError(self.process.tail())
        found = re.findall(r"listening http://127\.0\.0\.1:(\d+)", self.process.output())
        if found:
            self.port = int(found[-1])
        return found

    def stop(self):
        if self.process:
            self.process.stop()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def index_url(self):
        return f"{self.url}/index.json"

    @property
    def drafts_url(self):
        return f"{self.url}/files/papers/"

    @property
    def slack_url(self):
        return f"{self.url}/api/"

    def request(self, method, path, body=None, headers=None, timeout=20):
        """(status, headers, body) of one request on a connection of its own."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            link.request(method, path, body, headers or {})
            answer = link.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            link.close()

    def _control(self, method, what, value=None):
        body = None if value is None else json.dumps(value)
        status, _, text = self.request(method, f"/_control/{what}", body)
        if status != 200:
            raise ValueError(f"{what}: {status} {text.decode()}")
        return json.loads(text)

    def load(self, scenario):
        self.scenario = copy.deepcopy(scenario)
        return self._control("POST", "scenario", scenario)

    def patch(self, patch):
        return self._control("POST", "patch", patch)

    def set_clock(self, **change):
        return self._control("POST", "clock", change)

    def reset(self):
        return self._control("POST", "reset")

    def stats(self):
        return self._control("GET", "stats")

    def requests(self, prefix="", from_ms=0, until_ms=0):
        return self._control(
            "GET", f"requests?prefix={prefix}&from_ms={from_ms}&until_ms={until_ms}")["requests"]

    def count(self, path):
        return self.stats()["paths"].get(path, {}).get("count", 0)

    def drafts_stats(self):
        return self.stats()["folders"].get("/files/papers/", {"count": 0, "status": {}})

    def slack(self):
        """What Slack took, in order: dicts with t_ms, channel, text, thread_ts, ts, body."""
        return self._control("GET", "slack")["messages"]

    def hooks(self):
        """What came to /hooks/…: dicts with t_ms, path, body."""
        return self._control("GET", "slack")["hooks"]

    def views(self):
        """Calls of views.publish, views.open and views.update: dicts with t_ms, method, error, why, body."""
        return self._control("GET", "slack")["views"]

    def slack_refused(self):
        return self._control("GET", "slack")["refused"]


NGINX = """
daemon off; master_process off; worker_processes 1;
pid {folder}/nginx.pid; error_log {folder}/nginx-error.log warn;
events {{ worker_connections 1024; }}
http {{
    client_body_temp_path {folder}/nginx-body; proxy_temp_path {folder}/nginx-proxy;
    fastcgi_temp_path {folder}/nginx-f; uwsgi_temp_path {folder}/nginx-u;
    scgi_temp_path {folder}/nginx-s;
    log_format paperscout '$server_protocol $request_method $uri $status $connection';
    access_log {folder}/nginx-access.log paperscout;
    keepalive_requests 1000000;
    server {{
        listen 127.0.0.1:{port} ssl http2;
        server_name localhost;
        ssl_certificate {folder}/tls.crt; ssl_certificate_key {folder}/tls.key;
        location / {{
            proxy_pass {target}; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_set_header Host $http_host; proxy_buffering off;
        }}
    }}
}}
"""


class Nginx:
    """TLS and HTTP/2 in front of an upstream; its authority is at ca_path."""

    def __init__(self, folder, target):
        self.folder = folder
        self.target = target
        self.port = free_port()
        self.process = None
        self.ca_path = os.path.join(folder, "ca.crt")

    @property
    def url(self):
        return f"https://localhost:{self.port}"

    def start(self):
        self._make_certificate()
        config = os.path.join(self.folder, "nginx.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write("user root;\n" if os.geteuid() == 0 else "")
            file.write(NGINX.format(folder=self.folder, port=self.port, target=self.target))
        self.process = Process("nginx", [find_server("nginx"), "-p", self.folder, "-c", config],
                               self.folder)
        link = wait_until(self._reach, 10, "nginx listens")
        link.close()

    def _reach(self):
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=1)
        link.connect()
        return link

    def _make_certificate(self):
        def openssl(*arguments):
            subprocess.run([find_server("openssl"), *arguments], cwd=self.folder, check=True,
                           capture_output=True)

        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out",
                "ca.crt", "-days", "2", "-subj", "/CN=Paperscout test authority",
                "-addext", "basicConstraints=critical,CA:TRUE",
                "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "tls.key", "-out", "tls.csr",
                "-subj", "/CN=localhost")
        with open(os.path.join(self.folder, "san.cnf"), "w", encoding="ascii") as file:
            file.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        openssl("x509", "-req", "-in", "tls.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
                "-CAcreateserial", "-out", "tls.crt", "-days", "2", "-extfile", "san.cnf")

    def stop(self):
        if self.process:
            self.process.stop()

    def connections(self):
        """How many connections carried requests so far."""
        return len({line.rpartition(" ")[2] for line in self.access_log()})

    def access_log(self):
        """Lines "HTTP/2.0 HEAD /path 200 7": the last is the connection."""
        with open(os.path.join(self.folder, "nginx-access.log"), encoding="utf-8") as file:
            return file.read().splitlines()


def nginx_is_there():
    try:
        find_server("nginx")
        return shutil.which("openssl") is not None
    except FileNotFoundError:
        return False


def now_ms():
    return time.time() * 1000.0
