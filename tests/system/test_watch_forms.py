#!/usr/bin/env python3
"""Every form of a watch entry, typed in Slack, and what the fleet then matches: papers, issues, authors, subgroups."""
import re
import unittest

from rig import FleetCase, wait_until
from rig.speaker import SECRET, Speaker


def paper(name, title="Something else", author="Ada Byrd", subgroup=""):
    return {name: {"type": "issue" if name[1] in "WE" else "paper", "title": title, "author": author, "date": "2026-01-01",
                   "subgroup": subgroup, "link": f"https://wg21.link/{name.lower()}"}}


# A field of the index, and the subgroups that it names.
SUBGROUPS = [
    ("EWGI SG17: EWG Incubator", "EWGI"),
    ("LEWGI SG18: LEWG Incubator", "LEWGI"),
    ("LEWG Library Evolution", "LEWG"),
    ("SG1 Concurrency and Parallelism,LEWG Library Evolution", "SG1 LEWG"),
    ("EWGI SG17: EWG Incubator,EWG Evolution", "EWGI EWG"),
    ("CWG Core,LWG Library", "CWG LWG"),
    ("EWG", "EWG"),
    ("All of WG21", "WG21"),
]
FIELDS = {f"P91{number:02d}R0": row for number, row in enumerate(SUBGROUPS)}
NEW = {
    **paper("P2300R11"), **paper("N2300"), **paper("LWG2300"), **paper("N5007"), **paper("P5007R0"), **paper("LWG4000"),
    **paper("CWG4000"), **paper("CWG2345"), **paper("P9001R0", author="Bjarne Stroustrup"),
    **paper("P9002R0", author="Thomas Koeppe"), **paper("P9003R0", author="Koppe"), **paper("P9004R0", author="Arthur O'Dwyer"),
    **paper("P9005R0", author="Casey Carter, Eric Niebler"), **paper("P9006R0", "ranges for all"),
    **paper("P9007R0", "On ranges", author="Validation Smith"),
    **{name: paper(name, subgroup=field)[name] for name, (field, _) in FIELDS.items()},
}
NUMBER, PAPER = ["LWG2300", "N2300", "P2300R11"], ["P2300R11"]
# What is typed after "watch" or "watchlist add", how it is answered, and the new papers of which the person is notified.
FORMS = [
    ("2300", r"\*2300\* \(paper number\)", NUMBER),
    ("P2300", r"\*P2300\* \(paper\)", PAPER),
    ("p2300r10", r"\*P2300\* \(paper\)", PAPER),
    ("D2300R11.pdf", r"\*P2300\* \(paper\)", PAPER),
    ("<https://wg21.link/p2300>", r"\*P2300\* \(paper\)", PAPER),
    ("<https://wg21.link/p2300r4>", r"\*P2300\* \(paper\)", PAPER),
    ("<https://wg21.link/p2300|P2300>", r"\*P2300\* \(paper\)", PAPER),
    ("N5007", r"\*N5007\* \(paper\)", ["N5007"]),
    ("5007", r"\*5007\* \(paper number\)", ["N5007", "P5007R0"]),
    ("LWG4000", r"\*LWG4000\* \(issue\)", ["LWG4000"]),
    ("CWG2345", r"\*CWG2345\* \(issue\)", ["CWG2345"]),
    ("  Bjarne   Stroustrup \t", r"\*bjarne stroustrup\* \(author\)", ["P9001R0"]),
    ("Köppe", r"\*köppe\* \(author\)", ["P9002R0", "P9003R0"]),
    ("“koeppe”", r"\*koeppe\* \(author\)", ["P9002R0", "P9003R0"]),
    ("o’dwyer", r"\*o'dwyer\* \(author\)", ["P9004R0"]),
    ("author Niebler", r"\*niebler\* \(author\)", ["P9005R0"]),
    ("vali", r"\*vali\* \(author\)", []),
    ("/^ranges/", r"\*/\^ranges/\* \(pattern\)", ["P9006R0"]),
    ("N5007, LWG4000 and p2300", r"\*N5007\* .*\nAdded \*LWG4000\* .*\nAdded \*P2300\* ", ["LWG4000", "N5007", "P2300R11"]),
    *[(f"subgroup {name}", rf"\*{name.lower()}\* \(subgroup\)",
       sorted(paper for paper, (_, names) in FIELDS.items() if name in names.split()))
      for name in ("EWG", "EWGI", "LEWG", "LEWGI", "SG1", "CWG", "LWG", "WG21")],
]
REFUSED = [
    ("LEWG", "did you mean `subgroup LEWG`?"),
    ("P3051 please", "did you mean `P3051`?"),
    ("Stroustrup, Bjarne", "did you mean `Bjarne Stroustrup`?"),
    ("author 7", "did you mean `7`?"),
]


class WatchForms(FleetCase):
    def setUp(self):
        super().setUp()
        self.fleet = self.make_fleet(
            {"index": {"inline": {**paper("P0042R1"), **paper("P0043R0")}}}, POLL_INTERVAL_SECONDS=2, ENABLE_ISO_PROBE="false",
            SLACK_SIGNING_SECRET=SECRET, EVENTS_BIND_HOST="127.0.0.1", NOTIFICATION_CHANNEL=None)
        self.fleet.start_servers()
        scheduler = self.fleet.start("scheduler")
        notifier = self.fleet.start_slack_notifier()
        wait_until(scheduler.ready, 20, "the scheduler is ready")
        wait_until(notifier.ready, 20, "the notifier is ready")
        self.fleet.wait_cycles(1)
        self.speaker = Speaker(int(notifier.wait_event("EVENTS-LISTEN")["port"]))

    def say(self, user, words):
        self.assertEqual(self.speaker.say(words, channel=f"D{user}", user=user), 200)

    def answered(self):
        wait_until(lambda: self.fleet.postgres.value("SELECT count(*) FROM heard WHERE answered_at IS NULL") == 0, 30,
                   "everything is answered", every=0.1)

    def reply(self, user):
        rows = self.fleet.postgres.query(f"SELECT message_text FROM outbox WHERE channel = 'D{user}' ORDER BY id DESC LIMIT 1")
        return rows[0]["message_text"] if rows else ""

    def told(self, user):
        texts = " ".join(message["text"] for message in self.fleet.upstream.slack() if message["channel"] == user)
        return sorted(name for name in NEW if re.search(rf"\b{name}\b", texts))

    def people(self):
        """(user, what is typed, the answer's pattern, the papers): each form by both commands."""
        for number, (form, answer, papers) in enumerate(FORMS):
            for letter, verb in (("A", "watch"), ("B", "watchlist add")):
                yield f"U{letter}{number:02d}", f"{verb} {form}", answer, papers

    def test_each_form_means_what_it_says(self):
        people = list(self.people())
        for user, words, _, _ in people:
            self.say(user, words)
        for number, (words, _) in enumerate(REFUSED):
            self.say(f"UR{number}", f"watch {words}")
            self.say(f"US{number}", f"watchlist add {words}")
        self.answered()
        for user, words, answer, _ in people:
            with self.subTest(words):
                self.assertRegex(self.reply(user), "^Added " + answer)
        for number, (words, suggestion) in enumerate(REFUSED):
            for user in (f"UR{number}", f"US{number}"):
                with self.subTest(words):
                    self.assertIn(suggestion, self.reply(user))
        self.fleet.upstream.patch({"index": {"inline": NEW}})
        last = people[-1]
        wait_until(lambda: self.told(last[0]) == last[3], 30, "papers are matched", every=0.2)
        self.fleet.wait_cycles(len(self.fleet.wait_cycles(1)) + 2, 30)
        self.fleet.wait_sent(40)
        for user, words, _, papers in people:
            with self.subTest(words):
                self.assertEqual(self.told(user), papers)
        for number in range(len(REFUSED)):
            self.assertEqual(self.told(f"UR{number}") + self.told(f"US{number}"), [])
        # What was added by one spelling is removed by another.
        for user, words in (("UA12", "unwatch koppe"), ("UB12", "watchlist remove KOEPPE"), ("UA01", "unwatch D2300R7.html")):
            self.say(user, words)
        self.answered()
        for user in ("UA12", "UB12", "UA01"):
            self.assertRegex(self.reply(user), "^Removed ")
            self.assertEqual(self.fleet.postgres.query(f"SELECT * FROM watchlist WHERE user_id = '{user}'"), [])
        print(f"{len(FORMS)} forms by two commands, {len(REFUSED)} refused, {len(NEW)} new papers and issues")


if __name__ == "__main__":
    unittest.main()
