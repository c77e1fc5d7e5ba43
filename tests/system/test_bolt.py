#!/usr/bin/env python3
"""The same requests to Slack's own receiver (@slack/bolt) and to ours: what one takes the other takes, what one refuses
the other refuses. Where Node and npm are; the package is installed below the build folder, once."""
import fcntl
import json
import os
import re
import shutil
import subprocess
import time
import unittest

from rig import FleetCase, wait_until
from rig.clicks import button, form as interaction, in_message, in_view, option, shortcut, submission
from rig.places import build_dir
from rig.process import Process
from rig.speaker import SECRET, Speaker, event_body, sign, slash_body

VERSION = "4.4.0"
HERE = os.path.dirname(os.path.abspath(__file__))
FORM = "application/x-www-form-urlencoded"


def bolt():
    """The folder that holds node_modules/@slack/bolt; None where it cannot be had."""
    if not (shutil.which("node") and shutil.which("npm")):
        return None
    folder = os.path.join(build_dir(), "bolt")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(os.path.join(folder, "node_modules", "@slack", "bolt", "package.json")):
            done = subprocess.run(["npm", "install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error", "--prefix",
                                   folder, f"@slack/bolt@{VERSION}"], capture_output=True, text=True, timeout=180, cwd=folder)
            if done.returncode != 0:
                return None
    return folder


class Bolt(FleetCase):
    def setUp(self):
        super().setUp()
        folder = bolt()
        if folder is None:
            self.skipTest("needs node, npm and its registry")
        self.fleet = self.make_fleet(SLACK_SIGNING_SECRET=SECRET, EVENTS_BIND_HOST="127.0.0.1", POLL_INTERVAL_SECONDS=60,
                                     ENABLE_BULK_WG21="false", ENABLE_ISO_PROBE="false")
        self.fleet.start_servers()
        scheduler = self.fleet.start("scheduler")
        receiver = Process("bolt", ["node", os.path.join(HERE, "bolt", "receiver.js")], self.fleet.folder,
                           env={"PATH": os.environ["PATH"], "SLACK_SIGNING_SECRET": SECRET,
                                "NODE_PATH": os.path.join(folder, "node_modules")})
        self.addCleanup(receiver.stop)
        port = wait_until(lambda: re.search(r"port (\d+)", receiver.output()), 60, "Bolt listens")
        wait_until(scheduler.ready, 20, "the scheduler is ready")
        notifier = self.fleet.start_slack_notifier()
        wait_until(notifier.ready, 20, "the notifier is ready")
        self.theirs, self.receiver = Speaker(int(port[1])), receiver
        self.ours = Speaker(int(notifier.wait_event("EVENTS-LISTEN")["port"]))

    def test_what_slacks_own_receiver_takes_and_refuses_so_do_we(self):
        now = int(time.time())
        body, form = event_body("status"), slash_body("status")
        good = sign(body)
        challenge = json.dumps({"type": "url_verification", "challenge": "abc", "token": "x"}).encode()
        requests = [
            ("event", body, good, "application/json"),
            ("event again", body, good, "application/json"),
            ("event, charset", body, sign(body), "application/json; charset=utf-8"),
            ("slash command", form, sign(form), FORM),
            ("certificate check", b"ssl_check=1&token=x", None, FORM),
            ("the same, unsigned", b"ssl_check=1&token=x", {}, FORM),
            ("another, unsigned", b"ssl_check=&token=x", {}, FORM),
            ("challenge", challenge, sign(challenge), "application/json"),
            ("bot's event", event_body("status", bot_id="B1"), None, "application/json"),
            ("four minutes old", body, sign(body, now - 240), "application/json"),
            ("six minutes old", body, sign(body, now - 360), "application/json"),
            ("changed body", body.replace(b"status", b"Status"), good, "application/json"),
            ("changed form", form + b"&text=help", sign(form), FORM),
            ("space added", body + b" ", good, "application/json"),
            ("no signature", body, {"X-Slack-Request-Timestamp": str(now)}, "application/json"),
            ("no timestamp", body, {"X-Slack-Signature": good["X-Slack-Signature"]}, "application/json"),
            ("no headers", body, {}, "application/json"),
            ("other secret", body, sign(body, secret="x" * 32), "application/json"),
            ("other version", body, sign(body, version="v1"), "application/json"),
            ("no version", body, {**good, "X-Slack-Signature": good["X-Slack-Signature"][3:]}, "application/json"),
            ("cut signature", body, {**good, "X-Slack-Signature": good["X-Slack-Signature"][:-1]}, "application/json"),
            ("other timestamp", body, {**good, "X-Slack-Request-Timestamp": str(now - 1)}, "application/json"),
            ("timestamp of letters", body, {**good, "X-Slack-Request-Timestamp": "soon"}, "application/json"),
            ("unsigned challenge", challenge, {}, "application/json"),
            ("no body", b"", sign(b""), "application/json"),
            ("no JSON", b"{", sign(b"{"), "application/json"),
        ]
        self.both_agree(requests)
        self.assertIn("abc", self.theirs.post(challenge, sign(challenge))[1])
        self.assertIn("abc", self.ours.post(challenge, sign(challenge))[1])
        self.interactions()

    def interactions(self):
        """Bolt reads each payload of the rig's clicks as what it is meant to be, and so do we."""
        url = "https://hooks.slack.com/actions/T1/1/x"
        click = interaction(in_message(button("watch", "P0042"), url))
        good = [("button", click, "button watch"),
                ("menu", interaction(in_message(option("mute P0042"), url)), "overflow menu"),
                ("Home's button", interaction(in_view(button("digest_off", "x"))), "button digest_off"),
                ("Home's time", interaction(in_view({"type": "timepicker", "action_id": "digest_daily", "block_id": "b",
                                                     "selected_time": "07:30"})), "timepicker digest_daily"),
                ("modal's input", interaction(in_view({"type": "plain_text_input", "action_id": "entry", "block_id": "entry",
                                                       "value": "P0042"}, kind="modal")), "plain_text_input entry"),
                ("shortcut", interaction(shortcut("P0042R1", url)), "message_action why_message"),
                ("modal", interaction(submission("P0042")), "modal add_watch")]
        bad = [("unsigned click", click, {}, FORM), ("old click", click, sign(click, int(time.time()) - 360), FORM),
               ("changed click", click.replace(b"watch", b"mute"), sign(click), FORM),
               ("no JSON in it", b"payload=%7B", None, FORM)]
        self.both_agree([(what, sent, None, FORM) for what, sent, _ in good] + bad, "/slack/interactions")
        for what, _, meaning in good:
            with self.subTest(what):
                wait_until(lambda: f"seen {meaning}\n" in self.receiver.output(), 20, meaning)  # pylint: disable=cell-var-from-loop

    def both_agree(self, requests, path="/slack/events"):
        seen = []
        for what, sent, headers, kind in requests:
            headers = sign(sent) if headers is None else headers
            theirs = self.theirs.post(sent, headers, path, kind)
            ours = self.ours.post(sent, headers, path, kind)
            if ours[0] == 503:  # the machine is busy: Slack comes again
                ours = (self.ours.deliver(sent, headers, path=path, kind=kind),)
            seen.append((what, theirs[0], ours[0]))
            with self.subTest(what):
                self.assertEqual(ours[0], theirs[0])
        for what, theirs, ours in seen:
            print(f"{what:22} Bolt {theirs}, we {ours}")


if __name__ == "__main__":
    unittest.main()
