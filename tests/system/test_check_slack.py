#!/usr/bin/env python3
"""check-slack and send: each mistake of a set-up ends with a line that says what to do."""
import os
import time
import unittest

from rig import FleetCase, wait_until

ALL = ["chat:write", "commands", "app_mentions:read", "im:history", "mpim:history", "im:write", "channels:history",
       "groups:history", "channels:read", "groups:read", "users:read"]
SOCKET_OFF = {"app_token": "xapp-1", "methods": {"apps.connections.open": {"error": "socket_mode_off"}}}
CHANNELS = [
    {"id": "C001", "name": "general", "is_member": False},
    {"id": "C002", "name": "random", "is_member": False},
    {"id": "C003", "name": "cpp-papers", "is_member": True},
    {"id": "C004", "name": "uninvited", "is_member": False},
    {"id": "C005", "name": "old-papers", "is_member": True, "is_archived": True},
    {"id": "C006", "name": "announce", "is_member": True, "is_read_only": True},
    {"id": "C007", "name": "secret", "is_member": False, "is_private": True},
]
GOOD = {"SLACK_BOT_TOKEN": "xoxb-test", "NOTIFICATION_CHANNEL": "#cpp-papers", "OPS_ALERT_CHANNEL": "C003"}
SIGNED = {"SLACK_SIGNING_SECRET": "0123456789abcdef0123456789abcdef"}
# What is wrong, settings, patch of the scripted Slack, exit status, and what the last line says.
MISTAKES = [
    ("no token", {"SLACK_BOT_TOKEN": ""}, {}, 78, r"Set SLACK_BOT_TOKEN .*Bot User OAuth Token"),
    ("an app token as bot token", {"SLACK_BOT_TOKEN": "xapp-1-A-1"}, {}, 78, r"Set SLACK_BOT_TOKEN .*begins with xoxb-"),
    ("a user's token", {"SLACK_BOT_TOKEN": "xoxp-1"}, {}, 78, r"Set SLACK_BOT_TOKEN"),
    ("a token of another app", {"SLACK_BOT_TOKEN": "xoxb-wrong"}, {}, 78, r"It is cut, or of another app. Set"),
    ("a token that was revoked", {}, {"methods": {"auth.test": {"error": "token_revoked"}}}, 78, r"Install the app again"),
    ("a missing scope", SIGNED, {"scopes": [scope for scope in ALL if scope != "app_mentions:read"]}, 1,
     r"Add app_mentions:read .*Reinstall to Workspace"),
    ("not invited", {"NOTIFICATION_CHANNEL": "#uninvited"}, {}, 1, r"type /invite @paperscout in #uninvited\.$"),
    ("not invited, by id", {"OPS_ALERT_CHANNEL": "C004"}, {}, 1, r"type /invite @paperscout in #uninvited\.$"),
    ("a private channel", {"NOTIFICATION_CHANNEL": "#secret"}, {}, 1, r"private channel, type /invite @paperscout"),
    ("an archived channel", {"NOTIFICATION_CHANNEL": "#old-papers"}, {}, 1, r"Unarchive the channel .*NOTIFICATION_CHANNEL"),
    ("a channel where few may post", {"NOTIFICATION_CHANNEL": "C006"}, {}, 1, r"Allow @paperscout to post there"),
    ("a misspelt channel", {"NOTIFICATION_CHANNEL": "#cpp-paper"}, {}, 1, r"Did you mean #cpp-papers\?"),
    ("a wrong id", {"OPS_ALERT_CHANNEL": "C999"}, {}, 1, r"Copy the id .* OPS_ALERT_CHANNEL"),
    ("no channel at all", {"NOTIFICATION_CHANNEL": "C++ papers!"}, {}, 78, r"Set NOTIFICATION_CHANNEL to a name such as"),
    ("a misspelt setting", {"SLACK_BOT_TOKNE": "xoxb-test"}, {}, 78, r"rename it to SLACK_BOT_TOKEN\.$"),
    ("no network", {"SLACK_API_URL": "http://127.0.0.1:1/api/"}, {}, 69, r"Repair this machine's way to the Internet"),
    ("no such name", {"SLACK_API_URL": "http://slack.invalid/api/"}, {}, 69, r"Repair this machine's way to the Internet"),
    ("another site", {"SLACK_API_URL": "{url}/files/"}, {}, 69, r"Correct SLACK_API_URL"),
    ("Slack is ill", {}, {"methods": {"auth.test": {"status": 503}}}, 69, r"try again later"),
    ("Socket Mode off", {"SLACK_APP_TOKEN": "xapp-1"}, SOCKET_OFF,
     1, r"Switch on Socket Mode at"),
    ("the bot token as app token", {"SLACK_APP_TOKEN": "xoxb-test"}, {}, 78, r"app-level token .*connections:write"),
    ("an app token without its scope", {"SLACK_APP_TOKEN": "xapp-1"},
     {"app_token": "xapp-1", "methods": {"apps.connections.open": {"error": "missing_scope"}}}, 1, r"connections:write"),
]


class CheckSlack(FleetCase):
    def start(self, servers=False, **slack):
        self.slack = {"token": "xoxb-test", "scopes": ALL, "conversations": CHANNELS, **slack}
        self.fleet = self.make_fleet({"slack": self.slack})
        if servers:
            self.fleet.start_servers()
        else:
            self.fleet.upstream.start()
        return self.fleet

    def check(self, *arguments, **settings):
        return self.fleet.command("notifier", "check-slack", *arguments, **{**GOOD, **settings})

    def test_each_mistake_ends_with_what_to_do(self):
        fleet = self.start()
        for name, settings, patch, status, remedy in MISTAKES:
            with self.subTest(mistake=name):
                fleet.upstream.load({"slack": {**self.slack, **patch}})
                settings = {key: value.replace("{url}", fleet.upstream.url) for key, value in settings.items()}
                code, text, errors = self.check(**settings)
                self.assertEqual((code, errors), (status, ""), text)
                self.assertRegex(text.strip().splitlines()[-1], "^ *To do: .*" + remedy)
                for secret in ("xoxb-test", "xapp-1", "0123456789abcdef0123456789abcdef"):
                    self.assertNotIn(secret, text)
        print(f"{len(MISTAKES)} mistakes, each with a remedy")

    def test_a_good_set_up(self):
        fleet = self.start()
        begun = time.monotonic()
        code, text, errors = self.check("--send", **SIGNED)
        took = time.monotonic() - begun
        self.assertEqual((code, errors), (0, ""), text)
        self.assertIn("@paperscout in the workspace Upstream (T00000001)", text)
        self.assertIn("NOTIFICATION_CHANNEL: Paperscout is in #cpp-papers (C003).", text)
        self.assertEqual(text.splitlines()[-1], "Paperscout can send to Slack.")
        self.assertNotIn("problem", text)
        self.assertEqual([message["channel"] for message in fleet.upstream.slack()], ["#cpp-papers", "C003"])
        print(f"from settings to the first message: {took:.2f} s")

    def test_scopes_that_it_works_without(self):
        """Without the reading scopes nothing is known of a channel: that is a note, and --send finds out."""
        fleet = self.start(scopes=["chat:write"])
        code, text, _ = self.check(NOTIFICATION_CHANNEL="#uninvited")
        self.assertEqual(code, 0, text)
        self.assertIn("it is not known whether Paperscout may post in #uninvited", text)
        self.assertIn("Paperscout only sends", text)
        code, text, _ = self.check("--send", NOTIFICATION_CHANNEL="#uninvited")
        self.assertEqual(code, 1, text)
        self.assertRegex(text.splitlines()[-1], "To do: In Slack, type /invite @paperscout in #uninvited.$")
        fleet.upstream.load({"slack": {**self.slack, "scopes": ALL + ["chat:write.public"]}})
        code, text, _ = self.check("--send", NOTIFICATION_CHANNEL="#uninvited")
        self.assertEqual(code, 0, text)
        self.assertIn("without being in it", text)

    def test_wrong_usage(self):
        self.start()
        self.assertEqual(self.check("--sent")[0], 64)
        self.assertEqual(self.fleet.command("notifier", "send", "--no-wait", "C1")[0], 64)

    def test_send_waits_for_the_answer(self):
        fleet = self.start(servers=True)
        code, text, errors = fleet.command("notifier", "send", "--no-wait", "#cpp-papers", "before")
        self.assertEqual((code, errors), (0, ""))
        notifier = fleet.start_slack_notifier(**{key: GOOD[key] for key in ("NOTIFICATION_CHANNEL", "OPS_ALERT_CHANNEL")})
        wait_until(notifier.ready, 20, "the notifier is ready")
        code, text, errors = fleet.command("notifier", "send", "#cpp-papers", "hello")
        self.assertEqual((code, errors), (0, ""))
        self.assertEqual([message["text"] for message in fleet.upstream.slack()], ["before", "hello"])
        for channel, reason, remedy in (("#uninvited", "not_in_channel", "/invite @paperscout in #uninvited"),
                                        ("#old-papers", "is_archived", "Unarchive"), ("C999", "channel_not_found", "Correct")):
            code, text, errors = fleet.command("notifier", "send", channel, "hello")
            self.assertEqual(code, 1, errors)
            self.assertIn(f"not sent: {reason}; it is in notify:dead", errors)
            self.assertRegex(errors.splitlines()[-1], f"^To do: .*{remedy}")
        fleet.upstream.patch({"slack": {"scopes": ["commands"]}})
        code, text, errors = fleet.command("notifier", "send", "#cpp-papers", "later")
        self.assertEqual(code, 1)
        self.assertIn("not sent: missing_scope; it stays in the queue", errors)
        self.assertRegex(errors.splitlines()[-1], "^To do: Add chat:write")

    def test_the_first_start_says_what_is_wrong(self):
        fleet = self.start(servers=True)
        first = fleet.start_slack_notifier(NOTIFICATION_CHANNEL="#uninvited", OPS_ALERT_CHANNEL="C003")
        problem = first.wait_event("SLACK-PROBLEM", seconds=20)
        self.assertIn("/invite @paperscout in #uninvited", problem["remedy"])
        self.assertEqual(first.wait_event("SLACK-CHECKED")["problems"], 1)
        self.assertNotIn("xoxb-test", first.log())
        second = fleet.start_slack_notifier(NOTIFICATION_CHANNEL="#uninvited", OPS_ALERT_CHANNEL="C003")
        wait_until(second.ready, 20, "the other is ready")
        self.assertEqual(second.events("SLACK-CHECKED"), [])  # once an hour, by one of them


if __name__ == "__main__":
    unittest.main()
