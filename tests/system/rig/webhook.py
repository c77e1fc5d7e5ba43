"""A receiver of webhooks: keeps each request, checks its signature, and misbehaves as told."""
import base64
import hashlib
import hmac
import http.server
import json
import threading
import time


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        receiver = self.server.receiver
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = {"method": self.command, "path": self.path, "body": body, "at": time.monotonic(),
                   "headers": {name.lower(): value for name, value in self.headers.items()}}
        rule = receiver.rule_for(self.path)
        request["taken"] = rule.get("take", rule.get("status", 200) < 300)
        with receiver.lock:
            receiver.requests.append(request)
        receiver.release.wait(rule.get("delay", 0))
        if rule.get("drop"):
            self.close_connection = True
            return
        self.send_response(rule.get("status", 200))
        for name, value in rule.get("headers", {}).items():
            self.send_header(name, value)
        text = rule.get("text", "").encode()
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_PUT = do_POST

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass  # a client that was killed


class WebhookReceiver:
    """Answers 200 unless a rule says otherwise; a rule counts for a path, for so many requests (times)."""

    def __init__(self):
        self.lock = threading.Lock()
        self.release = threading.Event()
        self.requests = []
        self.rules = {}
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.receiver = self
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self):
        self.release.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def rule(self, path, times=None, **rule):
        """status, headers, text, delay (seconds before the answer), drop (no answer), take (it counts as taken)."""
        with self.lock:
            self.rules[path] = {"times": times, **rule}

    def heal(self):
        with self.lock:
            self.rules.clear()
            self.requests.clear()

    def rule_for(self, path):
        with self.lock:
            rule = self.rules.get(path)
            if rule is None or rule["times"] == 0:
                return {}
            if rule["times"] is not None:
                rule["times"] -= 1
            return rule

    def got(self, path=None):
        with self.lock:
            return [request for request in self.requests if path in (None, request["path"])]

    def taken(self, path=None):
        return [request for request in self.got(path) if request["taken"]]

    @staticmethod
    def event(request):
        return json.loads(request["body"])


def signature_of(secret, request):
    """As the Standard Webhooks specification computes it."""
    key = base64.b64decode(secret[6:]) if secret.startswith("whsec_") else secret.encode()
    headers = request["headers"]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + request["body"]
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
