"""Slack as it speaks to us: signed events and slash commands, by Python's own hmac."""
import hashlib
import hmac
import http.client
import itertools
import json
import socket
import time
import urllib.parse

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
BOT = "UBOT"
SLOW = "slow"
_numbers = itertools.count(1)


def sign(body, timestamp=None, secret=SECRET, version="v0"):
    """The headers that Slack signs a body with."""
    timestamp = str(int(time.time())) if timestamp is None else str(timestamp)
    base = b":".join((version.encode(), timestamp.encode(), body))
    digest = hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"{version}={digest}"}


def event_body(text, place="im", channel=None, user="U1", thread=None, event_id=None, **more):
    """A message said in a direct message (im), a group message (mpim) or a channel."""
    number = next(_numbers)
    said = {"type": "app_mention" if place == "channel" else "message", "user": user, "text": text,
            "channel": channel or {"im": "D1", "mpim": "G1", "channel": "C1"}[place],
            "ts": f"1700000000.{number:06d}", **more}
    if place != "channel":
        said["channel_type"] = place
    if thread:
        said["thread_ts"] = thread
    return json.dumps({"token": "x", "team_id": "T00000001", "api_app_id": "A1", "type": "event_callback",
                       "event_id": event_id or f"Ev{number:08d}", "event_time": int(time.time()),
                       "authorizations": [{"team_id": "T00000001", "user_id": BOT, "is_bot": True}],
                       "event": said}).encode()


def slash_body(text, name="directmessage", user="U1", trigger=None, url="https://hooks.slack.com/commands/T1/1/x"):
    number = next(_numbers)
    return urllib.parse.urlencode({
        "token": "x", "team_id": "T00000001", "channel_id": "D1", "channel_name": name, "user_id": user,
        "user_name": "someone", "command": "/paperscout", "text": text, "api_app_id": "A1",
        "response_url": url,
        "trigger_id": trigger or f"{number}.738474920.8088930838d88f008e0"}).encode()


class SocketSpeaker:
    """Speaks over Socket Mode: the same words, by way of the scripted Slack's server (socket_mode.py)."""

    def __init__(self, slack):
        self.slack = slack

    def _answer(self, kind, payload):
        envelope = self.slack.deliver(kind, payload)
        while envelope not in self.slack.answers:
            time.sleep(0.002)
        return self.slack.answers[envelope]

    def deliver(self, body, headers=None):
        """As Slack does; headers have no place here. The status that stands for an acknowledgement."""
        del headers
        self._answer("events_api", json.loads(body))
        return 200

    def say(self, text, **where):
        return self.deliver(event_body(text, **where))

    def slash(self, text, **where):
        """(200, body)"""
        fields = dict(urllib.parse.parse_qsl(slash_body(text, **where).decode(), keep_blank_values=True))
        answer = self._answer("slash_commands", fields)
        text = "" if answer is None else json.dumps(answer)
        return 200, SLOW if "slow right now" in text else text


class Speaker:
    """Speaks to one events port."""

    def __init__(self, port):
        self.port = port

    def post(self, body, headers=None, path="/slack/events", kind="application/json"):
        """(status, body, seconds)"""
        begun = time.monotonic()
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            link.request("POST", path, body, {"Content-Type": kind, **(headers or {})})
            answer = link.getresponse()
            return answer.status, answer.read().decode(), time.monotonic() - begun
        finally:
            link.close()

    def deliver(self, body, headers=None, **how):
        """As Slack does: comes again where it is told to (503, from a machine that is too busy); the status."""
        for _ in range(100):
            status = self.post(body, {**sign(body), **(headers or {})}, **how)[0]
            if status != 503:
                return status
        return 503

    def say(self, text, **where):
        """A signed event; the status."""
        return self.deliver(event_body(text, **where))

    def slash(self, text, **where):
        """A signed slash command; (status, body). SLOW where the machine is too busy."""
        body = slash_body(text, **where)
        status, text, _ = self.post(body, sign(body), "/slack/commands", "application/x-www-form-urlencoded")
        return status, SLOW if "slow right now" in text else text

    def raw(self, data, seconds=5):
        """Bytes as they are; the status of the answer, None when there was none."""
        with socket.create_connection(("127.0.0.1", self.port), seconds) as link:
            link.settimeout(seconds)
            try:
                link.sendall(data)
                answer = link.recv(65536)
            except (ConnectionError, socket.timeout):
                return None
        return int(answer.split()[1]) if answer.startswith(b"HTTP/1.") else None
