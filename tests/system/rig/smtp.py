"""A mail server that keeps each mail, knows its senders by password, and misbehaves as told."""
import base64
import email
import email.policy
import socket
import socketserver
import ssl
import threading
import time


class Handler(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")
        self.wfile.flush()

    def answer(self, command, usual):
        """False when the connection ends instead of an answer."""
        rule = self.server.rig.rule_for(command)
        if rule is None:
            self.say(usual)
            return True
        if rule.get("hang"):
            self.server.rig.release.wait(rule["hang"])
        if rule.get("drop"):
            return False
        self.say(rule.get("say", usual))
        return True

    def secure(self):
        self.connection = self.server.rig.context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", 0)
        self.tls = True

    def handle(self):
        try:
            self.talk()
        except (OSError, ValueError):
            pass  # a client that was killed, or that does not like our certificate

    def talk(self):
        rig = self.server.rig
        self.tls = False
        self.user = None
        if rig.implicit_tls:
            self.secure()
        if not self.answer("CONNECT", "220 rig ESMTP"):
            return
        while True:
            line = self.rfile.readline(4096)
            if not line:
                return
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            command = text.split(" ")[0].upper()
            rig.note(command, text, self.tls)
            if command in ("EHLO", "HELO"):
                self.say("250-rig")
                if rig.context and not self.tls:
                    self.say("250-STARTTLS")
                self.say("250-AUTH PLAIN")
                self.say("250 SIZE 10000000")
            elif command == "STARTTLS":
                self.say("220 go ahead")
                self.secure()
            elif command == "AUTH":
                self.log_in(text)
            elif command == "MAIL":
                if rig.user and not self.user:
                    self.say("530 5.7.0 log in first")
                    continue
                self.sender, self.receivers = text, []
                if not self.answer("MAIL", "250 ok"):
                    return
            elif command == "RCPT":
                self.receivers.append(text)
                if not self.answer("RCPT", "250 ok"):
                    return
            elif command == "DATA":
                self.say("354 go on")
                data = b""
                while not data.endswith(b"\r\n.\r\n"):
                    more = self.rfile.readline(100000)
                    if not more:
                        return
                    data += more
                rig.take(self, data[:-3])
                if not self.answer("END", "250 2.0.0 taken"):
                    return
            elif command == "QUIT":
                if self.answer("QUIT", "221 bye"):
                    return
            else:
                self.say("250 ok")

    def log_in(self, text):
        word = text.split(" ")[2:] or [self.challenge()]
        _, user, password = base64.b64decode(word[0]).decode().split("\0")
        if (user, password) == (self.server.rig.user, self.server.rig.password):
            self.user = user
            self.say("235 welcome")
        else:
            self.say("535 5.7.8 wrong user or password")

    def challenge(self):
        self.say("334 ")
        return self.rfile.readline(4096).decode().strip()


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64


class MailServer:
    """certificate: files of a certificate and its key, for STARTTLS, or with implicit_tls for TLS from the first byte."""

    def __init__(self, user=None, password=None, certificate=None, implicit_tls=False):
        self.lock = threading.Lock()
        self.release = threading.Event()
        self.user, self.password, self.implicit_tls = user, password, implicit_tls
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*certificate)
        self.commands, self.mails, self.rules = [], [], {}
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.rig = self
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def url(self, host="127.0.0.1", scheme="smtp", login=""):
        return f"{scheme}://{login}{host}:{self.port}"

    def close(self):
        self.release.set()
        self.server.shutdown()
        self.server.server_close()

    def rule(self, command, times=None, **rule):
        """say (an answer), hang (seconds), drop (the connection); for CONNECT, MAIL, RCPT, END (of the mail) and QUIT."""
        with self.lock:
            self.rules[command] = {"times": times, **rule}

    def heal(self):
        with self.lock:
            self.rules.clear()

    def rule_for(self, command):
        with self.lock:
            rule = self.rules.get(command)
            if rule is None or rule["times"] == 0:
                return None
            if rule["times"] is not None:
                rule["times"] -= 1
            return rule

    def note(self, command, text, tls):
        with self.lock:
            self.commands.append((command, text, tls))

    def said(self, command):
        with self.lock:
            return [text for name, text, _ in self.commands if name == command]

    def take(self, handler, data):
        """Un-stuffs the dots; all that was sent counts, also what is refused afterwards."""
        data = data.replace(b"\r\n..", b"\r\n.")
        with self.lock:
            self.mails.append({"from": handler.sender, "to": handler.receivers, "data": data, "tls": handler.tls, "at": time.monotonic()})

    def got(self, address=None):
        with self.lock:
            return [mail for mail in self.mails if address is None or f"<{address}>" in mail["to"][0]]

    @staticmethod
    def parsed(mail):
        return email.message_from_bytes(mail["data"], policy=email.policy.default)
