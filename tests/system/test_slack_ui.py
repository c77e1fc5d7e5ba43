#!/usr/bin/env python3
"""Buttons, menus, the App Home, the modal and the shortcut: each over the events port and over Socket Mode, done once, and valid."""
import json
import unittest

from rig import FleetCase, wait_until
from rig.clicks import button, click_http, in_message, in_view, option, shortcut, submission
from rig.listening import INDEX
from rig.socket_mode import SocketMode
from rig.speaker import SECRET, Speaker, event_body

DRAFT = {"D0042R2.pdf": {"modified": "-1h", "text": "Senders and receivers"}}
# What each action does for a person who did nothing before: the element, part of the answer (None: none), and the watchlist afterwards.
ACTIONS = [
    (lambda: button("watch", "P0042"), "Added *P0042*", [("paper", "P0042", True, False)]),
    (lambda: option("watch P0042"), "Added *P0042*", [("paper", "P0042", True, False)]),
    (lambda: button("remove", "P0042"), "was not on your watchlist", []),
    (lambda: option("remove P0042"), "was not on your watchlist", []),
    (lambda: button("mute", "P0042"), "Muted: *P0042*", [("paper", "P0042", False, "muted")]),
    (lambda: option("mute P0042"), "Muted: *P0042*", [("paper", "P0042", False, "muted")]),
    (lambda: button("unmute", "P0042"), "is not muted", []),
    (lambda: option("unmute P0042"), "is not muted", []),
    (lambda: button("snooze_day", "P0042"), "Snoozed: *P0042*", [("paper", "P0042", False, "snoozed")]),
    (lambda: option("snooze_day P0042"), "Snoozed: *P0042*", [("paper", "P0042", False, "snoozed")]),
    (lambda: button("snooze_week", "P0042"), "Snoozed: *P0042*", [("paper", "P0042", False, "snoozed")]),
    (lambda: option("snooze_week P0042"), "Snoozed: *P0042*", [("paper", "P0042", False, "snoozed")]),
    (lambda: {"type": "timepicker", "action_id": "digest_daily", "selected_time": "07:30"}, "at 07:30", []),
    (lambda: button("digest_off", "x"), "as soon as something is found", []),
    (lambda: button("open", "P0042"), None, []),
    (lambda: button("of_next_year", "P0042"), None, []),
]
# Slack says nothing of guests in these payloads: they are people of our workspace, as members are.
PEOPLE = {"member": ({}, True), "guest": ({}, True), "external": ({"person_team": "T999"}, False), "allowed": ({"person_team": "T777"}, True),
          "elsewhere": ({"team": "T999"}, False)}
REFUSAL = "only people of its own workspace"


class SlackUi(FleetCase):
    def start(self, **settings):
        """Two notifiers: both listen on the port and over Socket Mode."""
        self.slack = SocketMode()
        self.addCleanup(self.slack.stop)
        self.fleet = self.make_fleet(
            {"index": {"inline": INDEX}, "drafts": {}, "slack": self.slack.scenario()}, POLL_INTERVAL_SECONDS=60,
            ENABLE_ISO_PROBE="false", SLACK_APP_TOKEN="xapp-1-A1-1-test", SLACK_SIGNING_SECRET=SECRET, EVENTS_BIND_HOST="127.0.0.1",
            **settings)
        self.fleet.start_servers()
        scheduler = self.fleet.start("scheduler")
        self.notifiers = [self.fleet.start_slack_notifier() for _ in range(2)]
        wait_until(lambda: all(program.ready() for program in [scheduler, *self.notifiers]), 30, "all are ready")
        wait_until(lambda: len(self.slack.live()) >= 2, 30, "each replica is connected")
        wait_until(lambda: self.fleet.upstream.count("/api/auth.test") >= 2, 20, "our workspace is known")
        self.fleet.wait_cycles(1)
        self.speakers = [Speaker(int(program.wait_event("EVENTS-LISTEN")["port"])) for program in self.notifiers]

    def url(self, name):
        """A response_url of this Slack."""
        return f"{self.fleet.upstream.url}/hooks/{name}"

    def shown(self, name):
        """What was shown at a response_url."""
        return [hook["body"] for hook in self.fleet.upstream.hooks() if hook["path"] == f"/hooks/{name}"]

    def views(self, method, user=None):
        return [view for view in self.fleet.upstream.views() if view["method"] == method and user in (None, view["body"].get("user_id"))]

    def click(self, value, over):
        """Over "http" or "socket"; Slack's answer payload."""
        if over == "http":
            status, answer = click_http(self.speakers[0], value)
            self.assertEqual(status, 200)
            return answer
        envelope = self.slack.deliver("interactive", value)
        wait_until(lambda: envelope in self.slack.answers, 20, "it is acknowledged", every=0.02)
        return self.slack.answers[envelope]

    def settled(self):
        wait_until(lambda: self.value("SELECT count(*) FROM heard WHERE answered_at IS NULL") == 0, 40, "all is answered", every=0.1)
        self.fleet.wait_sent(40)

    def value(self, query):
        return self.fleet.postgres.value(query)

    def watched(self, user):
        rows = self.fleet.postgres.query(f"SELECT kind, value, watched, quiet, snooze FROM watch_now WHERE user_id = '{user}' ORDER BY 1, 2")
        return [(row["kind"], row["value"], row["watched"], row["quiet"] and ("snoozed" if row["snooze"] else "muted")) for row in rows]

    def all_valid(self, known=()):
        self.assertEqual([view for view in self.fleet.upstream.views() if view["error"] and view["error"] not in known], [])
        self.assertEqual([hook for hook in self.fleet.upstream.hooks() if hook.get("error")], [])
        self.assertEqual(self.fleet.upstream.slack_refused(), [])
        for program in self.notifiers:
            self.assertNotIn("/hooks/", program.log())

    def test_each_action_over_both_ways(self):
        self.start()
        for over in ("http", "socket"):
            # A direct, a group message and a channel; all buttons once, and one of them everywhere.
            for channel in ("D1", "G1", "C1") if over == "http" else ("C1",):
                with self.subTest(over=over, channel=channel):
                    self.buttons_of_messages(over, channel)
            self.the_home(over)
            self.the_modal(over)
            self.why(over)
        self.all_valid()

    def buttons_of_messages(self, over, channel):
        user, at = f"UM{over}{channel}".upper(), f"{over}-{channel}"
        steps = (
            (button("watch", "P0042"), "Added *P0042*", [("paper", "P0042", True, False)]),
            (option("mute P0042"), "Muted: *P0042*", [("paper", "P0042", True, "muted")]),
            (button("snooze_day", "P0042"), "Snoozed: *P0042* (paper) until 20", [("paper", "P0042", True, "snoozed")]),
            (option("unmute P0042"), "*P0042* (paper) is unmuted", [("paper", "P0042", True, False)]),
            (option("remove P0042"), "Removed *P0042*", []),
        )
        for number, (action, text, wanted) in enumerate(steps if channel == "D1" else steps[:1]):
            name = f"{at}-{number}"
            self.assertIsNone(self.click(in_message(action, self.url(name), user, channel), over))
            wait_until(lambda: self.shown(name), 20, f"{action} is answered in place", every=0.05)  # pylint: disable=cell-var-from-loop
            body, = self.shown(name)
            self.assertEqual((body["response_type"], body["replace_original"]), ("ephemeral", False))
            self.assertIn(text, body["text"])
            self.assertEqual(self.watched(user), wanted)
        self.assertIsNone(self.click(in_message(button("open", "P0042"), self.url("open"), user, channel), over))
        self.assertEqual(self.shown("open"), [])

    def last_home(self, user, count):
        wait_until(lambda: len(self.views("views.publish", user)) >= count, 20, f"home {count} of {user}", every=0.05)
        return json.dumps(self.views("views.publish", user)[-1]["body"]["view"], ensure_ascii=False)

    def the_home(self, over):
        user = f"UH{over}".upper()
        opened = json.loads(event_body("x", user=user))
        opened["event"] = {"type": "app_home_opened", "user": user, "channel": "D1", "tab": "home"}
        if over == "http":
            self.assertEqual(self.speakers[1].deliver(json.dumps(opened).encode()), 200)
        else:
            self.slack.deliver("events_api", opened)
        self.assertIn("You watch nothing yet", self.last_home(user, 1))
        self.click(submission("P0042", user), over)
        self.assertIn('"remove"', self.last_home(user, 2))
        steps = ((button("mute", "P0042"), "muted"), (button("unmute", "P0042"), '"Mute"'),
                 (option("snooze_week P0042"), "snoozed until"),
                 ({"type": "timepicker", "action_id": "digest_daily", "selected_time": "07:30"}, "at 07:30"),
                 (button("digest_off", "x"), "as soon as something is found"), (button("remove", "P0042"), "nothing yet"))
        for number, (action, text) in enumerate(steps):
            self.assertIsNone(self.click(in_view(action, user, hash=f"{number}.x"), over))
            wait_until(lambda: text in self.last_home(user, 3), 20, f"{text} is on the Home", every=0.05)  # pylint: disable=cell-var-from-loop
        self.settled()
        told = [message["text"] for message in self.fleet.upstream.slack() if message["channel"] == user]
        self.assertEqual(len(told), 1)  # of the modal; what is done in the Home is seen there
        self.assertIn("Added *P0042*", told[0])

    def the_modal(self, over):
        user = f"UV{over}".upper()
        before = len(self.views("views.open"))
        self.click(in_view(button("add", "x"), user), over)
        wait_until(lambda: len(self.views("views.open")) == before + 1, 20, "the modal is open", every=0.02)
        for typed, part in (("P0042", "*P0042* is A &lt;new&gt; kind of *list* by Thomas Köppe; 0 drafts seen."), ("LEWG", "subgroup LEWG"),
                            ("Thomas Köppe", "matches *thomas köppe* (author)"), ("P0042 P0777", "*P0777* is not in the index yet")):
            known = len(self.views("views.update"))
            action = {"type": "plain_text_input", "action_id": "entry", "value": typed}
            self.click(in_view(action, user, "modal", "V7"), over)
            wait_until(lambda: len(self.views("views.update")) > known, 20, f"{typed} is checked", every=0.02)  # pylint: disable=cell-var-from-loop
            update = self.views("views.update")[-1]["body"]
            self.assertEqual((update["view_id"], update["hash"]), ("V7", "1.abc"))
            self.assertIn(part, json.dumps(update["view"], ensure_ascii=False))
        answer = self.click(submission("LEWG", user), over)
        self.assertEqual(answer["response_action"], "errors")
        self.assertIn("subgroup LEWG", answer["errors"]["entry"])
        self.assertEqual(self.watched(user), [])
        self.assertIsNone(self.click(submission("subgroup LEWG", user), over))
        self.settled()
        self.assertEqual(self.watched(user), [("subgroup", "lewg", True, False)])

    def why(self, over):
        for number, (text, part) in enumerate((("*New draft*\n• <https://x/D0042R2.pdf|D0042R2> and <https://wg21.link/p0043r0|P0043R0>",
                                                "D0042R2"), ("Good morning", "names no paper"))):
            name = f"{over}-why-{number}"
            self.assertIsNone(self.click(shortcut(text, self.url(name), "UWHY"), over))
            wait_until(lambda: self.shown(name), 20, "it is answered in place", every=0.05)  # pylint: disable=cell-var-from-loop
            self.assertIn(part, self.shown(name)[0]["text"])

    def test_who_may_do_what_and_where(self):
        """Each action in each kind of place by each kind of person: done once although it is clicked twice, sent again and heard by both
        notifiers; or refused where only that person sees it."""
        self.start(SLACK_ALLOWED_TEAMS="T777")
        cells = {}
        for who in PEOPLE:
            for action, text, rows in ACTIONS:
                for place in ("D1", "G1", "C1", "home"):
                    cells[self.press_thrice(len(cells), who, place, action)] = (who, place, text, rows)
            for place in ("D1", "G1", "C1"):
                name = f"UT{len(cells):04d}"
                self.deliver_twice(len(cells), shortcut("P0042R1", self.url(name), name, place, **PEOPLE[who][0]))
                cells[name] = (who, place, "You were not notified about *P0042R1*", [])
            opens, types, adds = (f"UT{len(cells) + number:04d}" for number in range(3))
            self.deliver_twice(len(cells), in_view(button("add", "x"), opens, **PEOPLE[who][0]))
            entry = {"type": "plain_text_input", "action_id": "entry", "value": "P0042"}
            self.deliver_twice(len(cells), in_view(entry, types, "modal", f"V{types}", **PEOPLE[who][0]))
            self.deliver_twice(len(cells), submission("P0042", adds, view=f"V{adds}", **PEOPLE[who][0]))
            cells.update({opens: (who, "views.open", None, []), types: (who, "views.update", None, []),
                          adds: (who, "modal", "Added *P0042*", [("paper", "P0042", True, False)])})
        wait_until(lambda: not self.slack.pending, 60, "all is acknowledged", every=0.05)
        self.settled()
        served = [name for name, (who, *_) in cells.items() if PEOPLE[who][1]]
        wait_until(lambda: all(self.views("views.publish", name) for name in served if cells[name][1] == "home" and cells[name][2]), 60,
                   "every Home is shown again", every=0.2)
        self.cells_are_right(cells)
        self.all_valid(known=("exchanged_trigger_id",))
        print(f"{len(cells)} actions of {len(PEOPLE)} kinds of people")

    def deliver_twice(self, number, value):
        """As Slack does that had no answer to its first attempt: the same over the other way, to the other notifier."""
        for attempt in range(2):
            if (number + attempt) % 2 == 0:
                self.assertEqual(click_http(self.speakers[number // 2 % 2], value)[0], 200)
            else:
                self.slack.deliver("interactive", value)

    def press_thrice(self, number, who, place, action):
        """A click, sent again, and a second click of the same person; the person's name."""
        name = f"UT{number:04d}"
        for _ in range(2):
            value = in_view(action(), name, view=f"V{name}", **PEOPLE[who][0]) if place == "home" else \
                in_message(action(), self.url(name), name, place, ts=f"18.{number}", **PEOPLE[who][0])
            self.deliver_twice(number, value)
        return name

    def cells_are_right(self, cells):
        hooks, direct, heard = ({name: [] for name in cells} for _ in range(3))
        for hook in self.fleet.upstream.hooks():
            hooks[hook["path"].rpartition("/")[2]].append(hook["body"]["text"])
        for message in self.fleet.upstream.slack():
            if message["channel"] in direct:
                direct[message["channel"]].append(message["text"])
        for row in self.fleet.postgres.query("SELECT user_id FROM heard"):
            heard[row["user_id"]].append(row)
        rows = {name: [] for name in cells}
        for row in self.fleet.postgres.query("SELECT user_id, kind, value, watched, quiet, snooze FROM watch_now ORDER BY 1, 2, 3"):
            rows[row["user_id"]].append((row["kind"], row["value"], row["watched"], row["quiet"] and ("snoozed" if row["snooze"] else "muted")))
        views = {method: {view["body"].get("user_id") or view["body"].get("view_id") for view in self.views(method)}
                 for method in ("views.publish", "views.update")}
        for name, (who, place, text, watched) in cells.items():
            with self.subTest(who=who, place=place, text=text):
                served = PEOPLE[who][1]
                in_place = place in ("D1", "G1", "C1")
                self.assertEqual(rows[name], watched if served else [])
                self.assertEqual(len(heard[name]), 1 if served and text else 0)
                self.assertEqual(name in views["views.publish"], served and bool(text) and place in ("home", "modal"))
                self.assertEqual(f"V{name}" in views["views.update"], served and place == "views.update")
                if in_place and not served and text:
                    self.assertTrue(hooks[name] and all(REFUSAL in shown for shown in hooks[name]))
                else:
                    self.assertEqual(len(hooks[name]), 1 if in_place and text else 0)
                    self.assertTrue(not hooks[name] or text in hooks[name][0], hooks[name])
                self.assertEqual([text in shown for shown in direct[name]], [True] if served and place == "modal" else [])
        # A trigger opens one modal: Slack refuses the second notifier's.
        opened = [view["error"] for view in self.views("views.open")]
        self.assertEqual(opened.count(None) + opened.count(""), sum(served for _, served in PEOPLE.values()), opened)
        self.assertLessEqual(set(opened), {None, "", "exchanged_trigger_id"})

    def test_times_are_those_of_the_persons_zone(self):
        """users.info is asked once; a digest stays at its hour when the clocks change; without the scope it is UTC."""
        self.start()
        info = {"ok": True, "user": {"id": "UZ", "tz": "Europe/Berlin", "tz_offset": 3600}}
        self.fleet.upstream.patch({"slack": {"methods": {"users.info": {"body": json.dumps(info)}}}})
        for words in ("digest daily 07:30", "digest daily 08:00", "watch P0042", "mute P0042 until 2027-01-02 09:00"):
            self.assertEqual(self.speakers[0].say(words, channel="DZ", user="UZ"), 200)
        self.settled()
        texts = [message["text"] for message in self.fleet.upstream.slack() if message["channel"] == "DZ"]
        self.assertIn("at 08:00 Europe/Berlin", texts[1])
        self.assertIn("until 2027-01-02 08:00 UTC", texts[3])
        self.assertLessEqual(self.fleet.upstream.count("/api/users.info"), 2)  # by each notifier once
        block = json.dumps([message["body"]["blocks"] for message in self.fleet.upstream.slack()])
        self.assertIn("<!date^1798876800^{date_short_pretty} {time}|2027-01-02 08:00 UTC>", block)
        for at, last, upcoming in (("2026-03-28 12:00", "2026-03-28 07:00", "2026-03-29 06:00"), ("2026-10-24 12:00", "2026-10-24 06:00", "2026-10-25 07:00"),
                                   ("2026-12-01 06:59", "2026-11-30 07:00", "2026-12-01 07:00"), ("2026-12-01 07:00", "2026-12-01 07:00", "2026-12-02 07:00")):
            row, = self.fleet.postgres.query(
                f"SELECT ps_digest_last(minute, zone, '{at}+00') = '{last}+00' AS a, ps_digest_next(minute, zone, '{at}+00') = '{upcoming}+00' AS b "
                "FROM digest WHERE user_id = 'UZ'")
            self.assertEqual((row["a"], row["b"]), (True, True), at)
        self.fleet.upstream.patch({"slack": {"methods": {"users.info": {"error": "missing_scope", "body": None}}}})
        self.assertEqual(self.speakers[0].say("digest daily 07:30", channel="DY", user="UY"), 200)
        self.settled()
        self.assertIn("at 07:30 UTC", [message["text"] for message in self.fleet.upstream.slack() if message["channel"] == "DY"][0])
        self.all_valid()

    def test_done_once(self):
        """Double clicks, Slack's retries, both replicas and both ways at once: one effect, one answer."""
        self.start()
        clicks = []
        for number in range(8):
            name, user = f"once-{number}", f"UO{number}"
            first = in_message(button("watch", "P0042"), self.url(name), user, ts=f"17.{number}")
            again = in_message(button("watch", "P0042"), self.url(name), user, ts=f"17.{number}")  # a second click
            clicks.append((name, user))
            for value in (first, again, first):
                for speaker in self.speakers:
                    self.assertEqual(click_http(speaker, value)[0], 200)
                self.slack.deliver("interactive", value)
        wait_until(lambda: not self.slack.pending, 30, "all is acknowledged", every=0.05)
        self.settled()
        for name, user in clicks:
            self.assertEqual([body["text"] for body in self.shown(name)], ["Added *P0042* (paper) to your watchlist."])
            self.assertEqual(self.watched(user), [("paper", "P0042", True, False)])
        self.assertEqual(self.value("SELECT count(*) FROM outbox WHERE kind = 'reply'"), len(clicks))
        # Later the same button means it again.
        self.fleet.postgres.execute("UPDATE heard SET heard_at = heard_at - interval '1 minute'")
        value = in_message(button("watch", "P0042"), self.url("later"), "UO0", ts="17.0")
        self.click(value, "http")
        wait_until(lambda: self.shown("later"), 20, "it is answered", every=0.05)
        self.assertIn("already on your watchlist", self.shown("later")[0]["text"])
        self.quick_clicks_all_count()
        self.a_response_url_that_leads_elsewhere()
        self.finds_of_one_poll_are_one_post()
        self.all_valid()

    def quick_clicks_all_count(self):
        """Another click in between makes the same button a new click; a shortcut has no second click, and each use is answered."""
        user = "UQUICK"
        self.click(in_message(button("watch", "P0042"), self.url("quick"), user), "http")
        for number, action in enumerate(("mute", "unmute", "mute", "unmute", "mute")):
            self.click(in_message(option(f"{action} P0042"), self.url(f"quick-{number}"), user), ("http", "socket")[number % 2])
        for number in range(3):
            self.click(shortcut("P0042R0", self.url(f"quick-why-{number}"), user), ("http", "socket")[number % 2])
        self.settled()
        self.assertEqual(self.watched(user), [("paper", "P0042", True, "muted")])
        for name in [*(f"quick-{number}" for number in range(5)), *(f"quick-why-{number}" for number in range(3))]:
            self.assertEqual(len(self.shown(name)), 1, name)

    def finds_of_one_poll_are_one_post(self):
        """A section for each kind, and a menu or buttons for each find."""
        rows = ", ".join(
            f"""('{kind}:{number}', '{kind}', 'CPOST', '{{"id": "D{number:04d}R0", "url": "https://isocpp.org/files/papers/D{number:04d}R0.pdf"}}')"""
            for number, kind in enumerate(("draft", "frontier", "new_paper", "draft_update", "draft", "frontier"), 1))
        self.fleet.postgres.execute(f"INSERT INTO outbox (dedupe_key, kind, channel, data) VALUES {rows}")
        self.fleet.wait_sent(40)
        post, = [message for message in self.fleet.upstream.slack() if message["channel"] == "CPOST"]
        self.assertEqual([line for line in post["text"].splitlines() if line.startswith("*New") or line.startswith("*Draft")], [
            "*New drafts near the highest paper numbers*", "*New drafts*", "*Draft that has changed*", "*New paper in the index*"])
        blocks = post["body"]["blocks"]
        self.assertEqual([block["type"] for block in blocks].count("header"), 4)
        self.assertEqual(len([block for block in blocks if block.get("accessory", {}).get("type") == "overflow"]), 6)

    def a_response_url_that_leads_elsewhere(self):
        """No request leaves for another host; the answer is a direct message. So it is where Slack refuses the URL."""
        value = in_message(button("watch", "P0042"), "http://169.254.169.254/latest/meta-data", "USSRF")
        self.click(value, "http")
        self.fleet.upstream.patch({"rules": {"gone": {"match": "/hooks/gone", "status": 404, "body": "used_url"}}})
        self.click(in_message(button("watch", "P0042"), self.url("gone"), "UGONE"), "socket")
        self.settled()
        for user in ("USSRF", "UGONE"):
            self.assertEqual([message["text"] for message in self.fleet.upstream.slack() if message["channel"] == user],
                             ["Added *P0042* (paper) to your watchlist."])
        self.assertEqual(self.value("SELECT count(*) FROM outbox WHERE response_url IS NOT NULL"), 0)


if __name__ == "__main__":
    unittest.main()
