#!/usr/bin/env python3
"""Slack's own client (@slack/socket-mode) against the scripted Socket Mode: what the script does is what Slack's client
expects of Slack. Where Node and npm are; the package is installed below the build folder, once."""
import fcntl
import json
import os
import shutil
import subprocess
import unittest

from rig import FleetCase, wait_until
from rig.clicks import button, in_message, shortcut, submission
from rig.places import build_dir
from rig.process import Process
from rig.socket_mode import SocketMode
from rig.speaker import event_body, slash_body
from test_socket_mode import fields

VERSION = "3.1.0"
HERE = os.path.dirname(os.path.abspath(__file__))


def client_folder():
    """The folder that holds node_modules/@slack/socket-mode; None where it cannot be had."""
    if not (shutil.which("node") and shutil.which("npm")):
        return None
    folder = os.path.join(build_dir(), "socket-mode")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(os.path.join(folder, "node_modules", "@slack", "socket-mode", "package.json")):
            done = subprocess.run(["npm", "install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error", "--prefix",
                                   folder, f"@slack/socket-mode@{VERSION}"], capture_output=True, text=True, timeout=180,
                                  cwd=folder)
            if done.returncode != 0:
                return None
    return folder


class Peer(FleetCase):
    def test_slacks_own_client_understands_the_script(self):
        folder = client_folder()
        if folder is None:
            self.skipTest("needs node, npm and its registry")
        slack = SocketMode(retry_s=1)
        self.addCleanup(slack.stop)
        fleet = self.make_fleet({"slack": slack.scenario()})
        fleet.upstream.start()
        client = Process("client", ["node", os.path.join(HERE, "bolt", "socket_client.js")], fleet.folder,
                         env={"PATH": os.environ["PATH"], "SLACK_APP_TOKEN": "xapp-1-A1-1-test", "SLACK_API_URL": fleet.upstream.slack_url,
                              "NODE_PATH": os.path.join(folder, "node_modules")})
        self.addCleanup(client.stop)
        wait_until(slack.live, 60, "it is connected")
        body = json.loads(event_body("status"))
        event = slack.deliver("events_api", body)
        slash = slack.deliver("slash_commands", fields(slash_body("status")))
        clicks = [slack.deliver("interactive", value) for value in (
            in_message(button("watch", "P0042"), "https://hooks.slack.com/actions/T1/1/x"),
            shortcut("P0042R1", "https://hooks.slack.com/actions/T1/1/x"), submission("P0042"))]
        wait_until(lambda: not slack.pending, 30, "all are acknowledged")
        self.assertFalse(any(slack.answers[click] for click in clicks))
        wait_until(lambda: client.output().count("seen interactive") == 3, 20, "clicks reach it")
        self.assertFalse(slack.answers[event])
        self.assertEqual(slack.answers[slash], {"text": "seen"})
        first = slack.live()[0]
        slack.request_refresh(first)
        wait_until(lambda: slack.live() and slack.live()[0] is not first, 30, "it connects anew where a refresh is asked for")
        slack.live()[0].drop()
        later = slack.deliver("events_api", json.loads(event_body("version")))
        wait_until(lambda: later in slack.answers, 60, "and after a loss")
        self.assertIn(f"seen events_api {body['event_id']} 0", client.output())
        self.assertEqual(slack.strangers, [])


if __name__ == "__main__":
    unittest.main()
