#!/usr/bin/env python3
"""What people watch, mute, snooze and collect by a command in Slack takes effect in what they are told."""
import unittest

from rig import FleetCase, wait_until
from rig.speaker import SECRET, Speaker


def paper(name, title, author, subgroup=""):
    return {name: {"type": "paper", "title": title, "author": author, "date": "2026-01-01", "subgroup": subgroup,
                   "link": f"https://wg21.link/{name.lower()}"}}


NEW = paper("P0050R0", "Coroutines for all", "Thomas KÖPPE", "EWG, LEWG")
# What each person says, and whether they are told of P0050R0 when it comes.
PEOPLE = {
    "UAUTHOR": (["watchlist add köppe"], True),
    "UNUMBER": (["watchlist add 50"], True),
    "USUBGROUP": (["watch subgroup lewg"], True),
    "UOTHERSUB": (["watch subgroup ewgi"], False),
    "UALL": (["watch all"], True),
    "UALLMUTED": (["watch all", "mute 50"], False),
    "UPATTERN": (["watch /^coroutines? for/"], True),
    "UNOPATTERN": (["watch /^for/"], False),
    "UUNWATCHED": (["watch subgroup LEWG", "unwatch subgroup lewg"], False),
    "UMUTED": (["watchlist add köppe", "mute köppe"], False),
    "UMUTEDALL": (["watchlist add köppe", "mute 3d"], False),
    "UMUTEDPAPER": (["watchlist add köppe", "mute 50 for 1 week"], False),
    "UOTHERMUTED": (["watchlist add köppe", "watch subgroup LEWG", "mute köppe"], True),
    "UUNMUTED": (["watchlist add köppe", "mute köppe", "unmute köppe"], True),
    "USNOOZED": (["watchlist add köppe", "snooze 2d"], False),
    "USNOOZEDENTRY": (["watchlist add köppe", "snooze köppe 2d"], False),
    "USNOOZEDPAPER": (["watchlist add köppe", "snooze 50 2d"], False),
    "UOTHERSNOOZED": (["watchlist add köppe", "watch subgroup LEWG", "snooze köppe 2d"], True),
    "UDIGEST": (["watchlist add köppe", "digest daily"], False),
    "UDAILY": (["watchlist add köppe", "watch subgroup SG1", "digest daily 12:00"], False),
    "UDIGESTOFF": (["watchlist add köppe", "digest daily", "digest off"], True),
    "UDIGESTMUTED": (["watchlist add köppe", "digest daily"], False),
    "UDRAFT": (["watch /senders? and receivers/"], False),
}


class Watching(FleetCase):
    def setUp(self):
        super().setUp()
        self.fleet = self.make_fleet(
            {"index": {"inline": {**paper("P0042R1", "Old", "Jane Doe"), **paper("P0043R0", "Older", "Jane Doe")}},
             "drafts": {}},
            POLL_INTERVAL_SECONDS=1, SLACK_SIGNING_SECRET=SECRET, EVENTS_BIND_HOST="127.0.0.1", NOTIFICATION_CHANNEL=None,
            FRONTIER_WINDOW_ABOVE=4, FRONTIER_WINDOW_BELOW=1, GAP_MAX_REV=0, PROBE_EXTENSIONS='[".pdf"]',
            PROBE_PREFIXES='["D"]', HOT_LOOKBACK_MONTHS=0, COLD_CYCLE_DIVISOR=1000)
        self.fleet.start_servers()
        scheduler = self.fleet.start("scheduler")
        self.fleet.start("worker")
        self.notifier = self.fleet.start_slack_notifier()
        wait_until(scheduler.ready, 20, "the scheduler is ready")
        wait_until(self.notifier.ready, 20, "the notifier is ready")
        self.fleet.wait_cycles(1)
        self.speaker = Speaker(int(self.notifier.wait_event("EVENTS-LISTEN")["port"]))

    def say_all(self, said):
        """{user: words}; waits until all of it is done."""
        for user, words in said.items():
            self.assertEqual(self.speaker.say(words, channel=f"D{user}", user=user), 200)
        wait_until(lambda: self.fleet.postgres.value("SELECT count(*) FROM heard WHERE answered_at IS NULL") == 0, 20,
                   f"{said} is answered")

    def say(self, user, words):
        self.say_all({user: words})

    def told(self, user, part="P0050R0"):
        return [message["text"] for message in self.fleet.upstream.slack()
                if message["channel"] == user and part in message["text"]]

    def reply(self, user, words):
        self.say(user, words)
        wait_until(lambda: self.replies(user), 20, "the answer is there", every=0.05)
        return self.replies(user)[-1]

    def replies(self, user):
        rows = self.fleet.postgres.query(f"SELECT message_text FROM outbox WHERE channel = 'D{user}' ORDER BY id")
        return [row["message_text"] for row in rows]

    def wait_told(self, user, part="P0050R0"):
        wait_until(lambda: self.told(user, part), 20, f"{user} is told of {part}", every=0.1)
        self.assertEqual(len(self.told(user, part)), 1)

    def wait_polls(self, count):
        closed = len(self.fleet.wait_cycles(1))
        self.fleet.wait_cycles(closed + count, 30)

    def test_what_is_said_takes_effect(self):
        for number in range(max(len(commands) for commands, _ in PEOPLE.values())):
            self.say_all({user: commands[number] for user, (commands, _) in PEOPLE.items() if number < len(commands)})
        self.fleet.upstream.patch({"index": {"inline": NEW}})
        for user, (_, at_once) in PEOPLE.items():
            if at_once:
                self.wait_told(user)
        self.wait_polls(2)
        for user, (_, at_once) in PEOPLE.items():
            with self.subTest(user):
                self.assertEqual(len(self.told(user)), 1 if at_once else 0)
        self.assertIn("subgroup: lewg", self.told("USUBGROUP")[0])
        self.assertIn("pattern: ^coroutines? for", self.told("UPATTERN")[0])
        self.assertIn("author: köppe", self.told("UAUTHOR")[0])
        self.assertIn("(you watch everything)", self.told("UALL")[0])
        self.assertIn("subgroup: lewg", self.told("UOTHERSNOOZED")[0])
        self.what_a_snooze_kept_is_told_when_it_is_over()
        self.a_digest_gives_what_it_kept_at_once()
        self.what_waits_can_still_be_muted()
        self.what_was_told_can_be_asked()
        self.a_pattern_finds_the_text_of_a_draft()
        muted = [user for user in PEOPLE if user.startswith("UMUTED")]
        self.assertEqual([user for user in muted if self.told(user)], [])

    def what_a_snooze_kept_is_told_when_it_is_over(self):
        self.fleet.postgres.execute("UPDATE mute SET until = now() WHERE user_id = 'USNOOZED'")
        self.say("USNOOZEDENTRY", "unsnooze köppe")
        self.say("USNOOZEDPAPER", "unmute")
        for user in ("USNOOZED", "USNOOZEDENTRY", "USNOOZEDPAPER"):
            self.wait_told(user)

    def a_digest_gives_what_it_kept_at_once(self):
        more = paper("P0051R0", "Threads", "Thomas Köppe", "SG1")
        self.fleet.upstream.patch({"index": {"inline": {**NEW, **more}}})
        self.wait_told("UAUTHOR", "P0051R0")
        self.assertEqual(self.told("UDAILY") + self.told("UDIGEST"), [])
        self.assertIn("on its way", self.reply("UDIGEST", "digest now"))
        self.wait_told("UDIGEST")
        self.assertEqual(self.told("UDIGEST"), self.told("UDIGEST", "P0051R0"))
        # A day goes by: both papers come in one message.
        self.assertEqual(self.told("UDAILY"), [])
        self.say("UDIGESTMUTED", "mute köppe")
        self.fleet.postgres.execute(
            "UPDATE outbox SET created_at = created_at - interval '1 day' WHERE channel = 'UDAILY'; "
            "UPDATE cycles SET finished_at = finished_at - interval '1 day' WHERE status <> 'running'")
        self.wait_told("UDAILY")
        self.assertEqual(self.told("UDAILY"), self.told("UDAILY", "P0051R0"))

    def what_waits_can_still_be_muted(self):
        self.assertIn("Nothing is waiting", self.reply("UDIGESTMUTED", "digest now"))
        self.say("UDIGESTMUTED", "digest off")
        self.assertIn("matched and was muted", self.reply("UDIGESTMUTED", "why P0050R0"))
        self.wait_polls(1)
        self.assertEqual(self.told("UDIGESTMUTED"), [])

    def what_was_told_can_be_asked(self):
        self.assertRegex(self.reply("UAUTHOR", "why 50"), r"P0050R0 was sent to you 20.* because you watch \*köppe\* \(author\)")
        self.assertRegex(self.reply("UPATTERN", "why p0050r0"), r"because you watch \*/\^coroutines\? for/\* \(pattern\)")
        self.assertIn("matched nothing", self.reply("UOTHERSUB", "why P0050R0"))

    def a_pattern_finds_the_text_of_a_draft(self):
        self.fleet.upstream.patch({"drafts": {"D0052R0.pdf": {"modified": "-1h", "text": "Senders and\nreceivers, again"}}})
        self.wait_told("UDRAFT", "D0052R0")
        self.assertRegex(self.reply("UDRAFT", "why 52"), r"D0052R0 was sent .*\n.*\n.*D0052R0> was found 20.*in cycle \d")


if __name__ == "__main__":
    unittest.main()
