#!/usr/bin/env python3
"""What people say in Slack: heard once, answered once, and where."""
import json
import os
import re
import unittest

from rig import wait_until
from rig.listening import ListeningCase
from rig.speaker import BOT, SECRET, SLOW, event_body, slash_body, sign

FORM = "application/x-www-form-urlencoded"
KIND = "Watchlist commands only work in a direct message"
# What is said, and what is answered in a direct message, a group message and a channel; None: not a word.
COMMANDS = [
    ("help", r"^\*Commands\*.*`watchlist add", r"^\*Commands\*.*`status`", r"^\*Commands\*.*`status`"),
    ("", r"^\*Commands\*", r"^\*Commands\*", r"^\*Commands\*"),
    ("status", r"^\*Paperscout status\*.*Papers in the index: 2,", r"^\*Paperscout status\*", r"^\*Paperscout status\*"),
    ("version", r"^Paperscout v\d+\.\d+\.\d+$", r"^Paperscout v", r"^Paperscout v"),
    ("uptime", r"^Paperscout started \S.* ago \(20", r"^Paperscout started", r"^Paperscout started"),
    ("search new köppe", r"P0042R1> A &lt;new&gt; kind of \*list\* — Thomas Köppe, 2026-01-02$", r"P0042R1", r"P0042R1"),
    ("search 100%", r"^No paper of the index", r"^No paper of the index", r"^No paper of the index"),
    ("nonsense", r"^Unknown command", r"^Unknown command", r"^Unknown command"),
    ("hi", r"^Hello!", r"^Hello!", r"^Hello!"),
    ("stattus", r"Did you mean `status`", r"Did you mean `status`", r"Did you mean `status`"),
    ("p0042", r"P0042R1", r"P0042R1", r"P0042R1"),
    ("watchlist add Köppe", r"^Added \*köppe\* \(author\)", KIND, None),
    ("watchlist add 42", r"^Added \*42\* \(paper number\)", KIND, None),
    ("watchlist add 042", r"^\*42\* \(paper number\) is already", KIND, None),
    ("watch subgroup LEWG", r"^Added \*lewg\* \(subgroup\)", KIND, None),
    ("watch /exec(utor|ute)s?/", r"^Added \*/exec\(utor\|ute\)s\?/\* \(pattern\)", KIND, None),
    ("watch /(/", r"not a regular expression", KIND, None),
    ("mute 42 for 3d", r"^Muted: \*42\* \(paper number\) until 20", KIND, None),
    ("snooze 2h", r"^Snoozed: everything until 20", KIND, None),
    ("watchlist list", r"^Your watchlist:\n• \*42\* \(paper number\), muted until .*\n• \*köppe\* \(author\)\n"
                       r"• \*lewg\* \(subgroup\)\n• \*/exec.*\n.*• everything, snoozed until", KIND, None),
    ("unmute", r"^everything is unmuted", KIND, None),
    ("unmute", r"^everything is not muted", KIND, None),
    ("watchlist remove 42", r"^Removed \*42\*", KIND, None),
    ("watchlist remove 42", r"^\*42\* \(paper number\) was not on", KIND, None),
    ("watchlist adds 42", r"^Usage: watchlist", KIND, None),
    ("digest daily 07:30", r"at 07:30 UTC", KIND, None),
    ("digest now", r"^Nothing is waiting", KIND, None),
    ("add 43", r"^Added \*43\*", KIND, None),
    ("list", r"\*43\* \(paper number\)", KIND, None),
    ("remove 43", r"^Removed \*43\*", KIND, None),
    ("stop", r"^Muted: everything until", KIND, None),
    ("subscribe", r"^everything is unmuted", KIND, None),
    ("digest off", r"as soon as something is found", KIND, None),
    ("why P0042R1", r"^You were not notified about \*P0042R1\*.*first poll.*köppe", KIND, None),
    ("why 42", r"^You were not notified about \*P0042\*", KIND, None),
]

SOAK = "PAPERSCOUT_LISTEN_ALL" in os.environ
NAMES = [f"jane {first}{second}" for first in "abcdefgh" for second in "klmno"]  # digits are in nobody's name
BURST = ["watchlist add jane doe", "watchlist remove jane doe"] * 4 + ["status", "version"]


class Listening(ListeningCase):
    def test_every_command_in_every_kind_of_channel(self):
        self.every_command(self.start(), COMMANDS)

    def test_every_command_over_socket_mode(self):
        """A fleet with neither a public address nor a signing secret. The soak plays all of the table, and bursts."""
        self.every_command(self.start_over_socket(), COMMANDS if SOAK else COMMANDS[::3])

    def every_command(self, speaker, commands):
        wanted = {}

        def expect(channel, pattern, thread=None):
            wanted[channel] = (pattern, thread)

        for number, (words, direct, group, channel) in enumerate(commands):
            where = f"{number:03d}"
            # Personal ones one after the other, for their answers depend on it.
            self.assertEqual(speaker.say(words, channel=f"D{where}", user="UD"), 200)
            expect(f"D{where}", direct if commands is COMMANDS else "")  # each third command leaves another state
            self.assertEqual(speaker.say(f"<@{BOT}> {words}", place="mpim", channel=f"G{where}", thread="1.5"), 200)
            expect(f"G{where}", group, "1.5")
            self.assertEqual(speaker.say(words, place="mpim", channel=f"N{where}"), 200)
            expect(f"N{where}", None)
            self.assertEqual(speaker.say(f"<@{BOT}> {words}", place="channel", channel=f"C{where}"), 200)
            expect(f"C{where}", channel)
            # Nobody else sees the answer to a slash command, so that all commands work wherever it is typed: the answer is shown in place,
            # and comes as a direct message where Slack's address for it leads elsewhere than to Slack.
            self.assertIn(speaker.slash(words, user=f"UA{where}"), ((200, ""), (200, SLOW)))
            status, body = speaker.slash(words, name="general", user=f"UE{where}")
            self.assertEqual(status, 200)
            self.assertTrue(body == SLOW or "direct message" in json.loads(body)["text"], body)
            for who, name in (("UB", "general"), ("UC", "mpdm-a--b-1")):
                self.assertIn(speaker.slash(words, name=name, user=f"{who}{where}", url=f"{self.fleet.upstream.url}/hooks/{who}{where}"),
                              ((200, ""), (200, SLOW)))
                expect(f"{who}{where}", None)
            wait_until(lambda: self.fleet.postgres.value(f"SELECT count(*) FROM heard WHERE channel = 'D{where}' AND "
                                                         "answered_at IS NOT NULL") == 1, 20, "it is answered", every=0.02)
        # In quick succession: done and answered in the order they were said.
        for person in range(12 if commands is COMMANDS else 2):
            for words in BURST:
                self.assertEqual(speaker.say(words, channel=f"DBURST{person}", user=f"UBURST{person}"), 200)
        self.settled()
        answers = self.answers()
        for person in range(12 if commands is COMMANDS else 2):
            self.assertEqual([answer["text"].split()[0] for answer in answers[f"DBURST{person}"]],
                             ["Added", "Removed"] * 4 + ["*Paperscout", "Paperscout"])
        for channel, (pattern, thread) in wanted.items():
            with self.subTest(channel=channel, words=commands[int(channel[-3:])][0]):
                if pattern is None:
                    self.assertEqual(answers.get(channel, []), [])
                    continue
                self.assertEqual(len(answers[channel]), 1)
                self.assertRegex(answers[channel][0]["text"], re.compile(pattern, re.DOTALL))
                self.assertEqual(answers[channel][0].get("thread_ts"), thread)
        for who in ("UA", "UE"):
            self.assertEqual({channel for channel in answers if channel.startswith(who)},
                             {f"{who}{number:03d}" for number in range(len(commands))})
        self.shown_in_place(commands)
        rows = self.fleet.postgres.query("SELECT DISTINCT user_id FROM watchlist")
        self.assertEqual({row["user_id"] for row in rows if row["user_id"][:2] not in ("UA", "UB", "UC", "UE")}, {"UD"})
        print(f"{len(commands)} commands, {len(wanted) + len(commands)} places, {sum(map(len, answers.values()))} answers")
        self.nothing_of_people_is_logged()

    def shown_in_place(self, commands):
        shown = {}
        for hook in self.fleet.upstream.hooks():
            self.assertEqual(hook["body"]["response_type"], "ephemeral")
            shown.setdefault(hook["path"].rpartition("/")[2], []).append(hook["body"]["text"])
        for number, (words, direct, group, _) in enumerate(commands):
            for who in ("UB", "UC"):
                text, = shown[f"{who}{number:03d}"]
                self.assertNotIn(KIND, text, words)
                if group != KIND:
                    self.assertRegex(text, re.compile(direct, re.DOTALL))

    def nothing_of_people_is_logged(self):
        log = self.notifier.log()
        self.assertNotIn("köppe", log.lower())
        self.assertNotIn(SECRET, log)

    def test_commands_to_two_notifiers_keep_their_order(self):
        """The first notifier waits for the person's zone; the command that the other one gets takes effect after it."""
        first, second = self.start(), self.another()
        info = {"ok": True, "user": {"id": "UZ", "tz": "Europe/Berlin", "tz_offset": 3600}}
        self.fleet.upstream.patch({"slack": {"methods": {"users.info": {"body": json.dumps(info), "delay_ms": 1500}}}})
        self.assertEqual(first.say("digest daily 08:00", channel="DZ", user="UZ"), 200)
        self.assertEqual(second.say("digest off", channel="DZ", user="UZ"), 200)
        self.assertEqual(second.say("list", channel="DZ", user="UZ"), 200)
        self.settled()
        self.assertEqual(self.fleet.postgres.value("SELECT count(*) FROM digest WHERE user_id = 'UZ'"), 0)
        texts = [message["text"] for message in self.answers()["DZ"]]
        self.assertRegex(texts[0], "08:00 Europe/Berlin")
        self.assertRegex(texts[2], "watchlist is empty")

    def test_said_once_is_answered_once(self):
        """Two replicas, a kill -9 after each 200, a restart: each message has one answer and no effect is made twice."""
        speakers = [self.start(), self.another()]
        first, second = self.fleet.programs[-2:]
        bodies = [event_body(f"watchlist add author {NAMES[number]}", channel=f"D{number:03d}") for number in range(40)]
        for number, body in enumerate(bodies[:20]):
            self.assertEqual(speakers[number % 2].deliver(body), 200)
            self.assertEqual(speakers[(number + 1) % 2].deliver(body), 200)  # Slack's retry, to the other
        for body in bodies[20:]:
            self.assertEqual(speakers[0].deliver(body), 200)
            if body is bodies[29]:
                first.kill()
                speakers[0] = speakers[1]
        second.kill()
        # Tried too often, and answered long ago.
        self.fleet.postgres.execute(
            "INSERT INTO heard (event_id, said, place, user_id, channel, words, tries, tried_at, answered_at) VALUES "
            "('EvTried', 'DT:1', 'direct', 'UT', 'DT', 'version', 5, now() - interval '1 minute', NULL), "
            "('EvOld', 'DO:1', 'direct', 'UO', 'DO', '', 1, now(), now() - interval '8 days')")
        speaker = self.another()
        for body in bodies:
            self.assertEqual(speaker.deliver(body, {"X-Slack-Retry-Num": "1"}), 200)
        # One that was heard by a notifier that died: others respect it for ten seconds.
        self.fleet.postgres.execute("UPDATE heard SET tried_at = tried_at - interval '1 minute' WHERE answered_at IS NULL; "
                                    "UPDATE outbox SET claimed_at = claimed_at - interval '1 hour' WHERE sent_at IS NULL")
        # The same words through two events: a mention in a group message is told of twice.
        said = event_body(f"<@{BOT}> version", place="mpim", channel="GX")
        twin = json.loads(said)
        twin["event_id"], twin["event"]["type"] = "EvTwin", "app_mention"
        twin = json.dumps(twin).encode()
        self.assertEqual(speaker.deliver(twin), 200)
        self.assertEqual(speaker.deliver(said), 200)
        slash = slash_body("version", user="US")
        for _ in range(2):
            self.assertEqual(speaker.post(slash, sign(slash), "/slack/commands", FORM)[0], 200)
        self.settled()
        texts = {channel: [message["text"] for message in messages] for channel, messages in self.answers().items()}
        ambiguous = 0  # killed between Slack's answer and writing it down: promise of the sending half
        for number in range(40):
            answers = texts[f"D{number:03d}"]
            self.assertEqual(set(answers), {f"Added *{NAMES[number]}* (author) to your watchlist."})
            ambiguous += len(answers) - 1
        self.assertLessEqual(ambiguous, 2)
        self.assertEqual(len(texts["GX"]), 1)
        self.assertRegex(texts["DT"][0], "^I could not do that")
        self.assertEqual(self.fleet.postgres.query("SELECT * FROM heard WHERE event_id = 'EvOld' OR words <> ''"), [])
        self.assertEqual(len(texts["US"]), 1)
        self.assertEqual(self.fleet.postgres.value("SELECT count(*) FROM outbox WHERE kind = 'reply'"), 43)
        self.assertEqual(self.fleet.postgres.value("SELECT count(*) FROM watchlist"), 40)
        print(f"43 answers, {ambiguous} sent twice by a kill between sending and noting")


if __name__ == "__main__":
    unittest.main()
