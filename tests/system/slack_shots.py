#!/usr/bin/env python3
"""Every kind of message, the App Home and the modal as pictures, for people to look at: slack_shots.py FOLDER

A real fleet makes them and the scripted Slack takes them; slack-blocks-to-jsx (npm, installed below the build folder) and a headless
Chromium draw them. Nothing is compared: whether a text is clear and a post is pleasant, only a person can say.
"""
import json
import os
import subprocess
import sys

from rig import Fleet, wait_until
from rig.browser import Browser
from rig.clicks import button, in_message, in_view
from rig.places import build_dir
from rig.socket_mode import SocketMode
from rig.speaker import event_body

PACKAGES = ["slack-blocks-to-jsx@1.1.1", "react@19", "react-dom@19"]
HERE = os.path.dirname(os.path.abspath(__file__))
HOSTILE = "*Bold* _it_ ~gone~ `code` <!channel> <https://evil.example|click> & :tada: @here &lt;b&gt; \u202eright to left"
LONG = "A proposal whose title goes on and on because its authors could not agree on a shorter one, " * 4
PAPERS = {
    "P2300R10": ("std::execution", "Eric Niebler, Michał Dominiak, Lewis Baker, Lucian Radu Teodorescu, Lee Howes, Kirk Shoop"),
    "P0042R1": (HOSTILE, "<@U1> & <b>Mallory</b>"),
    "P0043R0": (LONG, ", ".join(f"Author Number{number}" for number in range(30))),
    "P0044R0": ("x" * 250, "Thomas Köppe"),
    "P0045R0": ("範囲とビューについての提案", "山田太郎"),
    "P0046R3": ("", ""),
    "P3000R0": ("A plain title of usual length for a paper of WG21", "Jane Doe"),
    "LWG4000": ("Is the wording of [range.adaptor.object] missing a remove_cvref_t?", "Jane Doe"),
}


def draft(which, title="", authors="", modified="2026-11-30T07:00:00Z", revision=1, **more):
    name = f"D{which:04d}R{revision}"
    return {"id": name, "url": f"https://isocpp.org/files/papers/{name}.pdf", "title": title, "author": authors, "draft": True,
            "modified": modified, **more}


def paper(name, **more):
    title, authors = PAPERS[name]
    return {"id": name, "url": f"https://wg21.link/{name.lower()}", "title": title, "author": authors, "date": "2026-11-29", **more}


# name of the picture, rows of the outbox: (kind, channel, data)
POSTS = [
    ("one draft", [("draft", draft(2300, *PAPERS["P2300R10"], revision=11))]),
    ("one draft that is not known", [("draft", draft(9999, revision=0))]),
    ("a hostile draft", [("draft", draft(42, *PAPERS["P0042R1"]))]),
    ("long titles", [("draft", draft(43, *PAPERS["P0043R0"])), ("draft", draft(44, *PAPERS["P0044R0"]))]),
    ("a post of several kinds", [("frontier", draft(3301, "New things", "Jane Doe", revision=0)), ("draft", draft(45, *PAPERS["P0045R0"])),
                                 ("draft_update", draft(2300, *PAPERS["P2300R10"], revision=11)), ("new_paper", paper("P3000R0")),
                                 ("new_paper", paper("LWG4000"))]),
    ("twenty drafts", [("draft", draft(1000 + number, f"Title of paper {number}", "Jane Doe")) for number in range(20)]),
    ("a draft became a paper", [("dp_transition", paper("P2300R10", draft_url="https://isocpp.org/files/papers/D2300R10.pdf"))]),
    ("a personal find", [("watchlist", draft(2300, *PAPERS["P2300R10"], revision=11, reason="eric niebler", by="author", by_author=True))]),
    ("personal finds", [("watchlist", draft(42, *PAPERS["P0042R1"], reason="42", by="number", number="42")),
                        ("watchlist", paper("P0043R0", reason="lewg", by="subgroup")),
                        ("watchlist", paper("P0046R3", reason="P0046", by="paper"))]),
    ("an alert", [("ops_alert", {"text": "Paperscout: no successful poll for 61 minutes.\nCause: wg21.link does not answer (TIMEOUT).\n"
                                         "Next step: see RUNBOOK.md, stale_poll."})]),
    ("its end", [("ops_recovery", {"text": "Paperscout: polls succeed again, after 74 minutes."})]),
]
WORDS = ["hi", "help", "status", "list", "watch P2300, author Köppe, subgroup LEWG and /exec(utor|ute)s?/", "list", "search execution", "search e",
         "P2300", "why P2300R10", "why 42", "mute P2300 3d", "snooze 2h", "digest daily 08:00", "digest now", "watch LEWG", "watch /(/", "stattus",
         "version", "uptime", "list", "unwatch P2300", "watch <!channel> & *x*"]


def renderer():
    """The folder that holds the renderer's node_modules."""
    folder = os.path.join(build_dir(), "slack-renderer")
    if not os.path.exists(os.path.join(folder, "node_modules", "slack-blocks-to-jsx")):
        os.makedirs(folder, exist_ok=True)
        subprocess.run(["npm", "install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", folder, *PACKAGES],
                       check=True, cwd=folder)
    return os.path.join(folder, "node_modules")


class Stage:
    """A fleet, and what it showed so far."""

    def __init__(self):
        self.slack = SocketMode()
        index = {name: {"type": "issue" if name.startswith("LWG") else "paper", "title": title, "author": authors, "date": "2026-11-01",
                        "subgroup": "LEWG", "link": f"https://wg21.link/{name.lower()}"} for name, (title, authors) in PAPERS.items()}
        self.fleet = Fleet({"index": {"inline": index}, "slack": self.slack.scenario()}, POLL_INTERVAL_SECONDS=60, ENABLE_ISO_PROBE="false",
                           SLACK_APP_TOKEN="xapp-1-A1-1-test", EVENTS_BIND_HOST="127.0.0.1")
        self.fleet.start_servers()
        programs = [self.fleet.start("scheduler"), self.fleet.start_slack_notifier()]
        wait_until(lambda: all(program.ready() for program in programs) and self.slack.live(), 60, "all are ready")
        self.fleet.wait_cycles(1)
        self.shots, self.seen, self.keys = [], 0, 0

    def shoot(self, name, blocks, text=""):
        self.shots.append({"name": f"{len(self.shots):02d} {name}", "blocks": blocks, "text": text})

    def new_messages(self, name):
        messages = self.fleet.upstream.slack()
        for message in messages[self.seen:]:
            self.shoot(name, message["body"].get("blocks"), message["text"])
        self.seen = len(messages)

    def post(self, name, rows):
        self.fleet.postgres.execute("; ".join(
            f"INSERT INTO outbox (dedupe_key, kind, channel, data) VALUES ('shot:{self.keys + number}', '{kind}', "
            f"'{'U1' if kind == 'watchlist' else 'C1'}', $shot${json.dumps(data)}$shot$)" for number, (kind, data) in enumerate(rows)))
        self.keys += len(rows)
        self.fleet.wait_sent(60)
        self.new_messages(name)

    def say(self, words):
        self.slack.deliver("events_api", json.loads(event_body(words, channel="D1", user="U1")))
        wait_until(lambda: len(self.fleet.upstream.slack()) > self.seen, 60, f"{words} is answered", every=0.05)
        self.new_messages(f"> {words}".replace("<", "").replace("&", "and"))

    def view(self, name, kind, payload):
        known = len(self.fleet.upstream.views())
        self.slack.deliver(kind, payload)
        wait_until(lambda: len(self.fleet.upstream.views()) > known, 60, name, every=0.05)
        self.shoot(name, self.fleet.upstream.views()[-1]["body"]["view"]["blocks"])

    def home(self, name, user):
        opened = json.loads(event_body("x", user=user))
        opened["event"] = {"type": "app_home_opened", "user": user, "channel": "D1", "tab": "home"}
        self.view(name, "events_api", opened)

    def play(self):
        for name, rows in POSTS:
            self.post(name, rows)
        for words in WORDS:
            self.say(words)
        self.home("the Home", "U1")
        self.home("an empty Home", "U2")
        self.fleet.postgres.execute("INSERT INTO watchlist (user_id, entry) SELECT 'U3', 'P' || 1000 + n FROM generate_series(1, 40) n")
        self.home("a Home of many entries", "U3")
        self.view("the modal", "interactive", in_view(button("add", "x"), "U1"))
        for typed in ("P2300", "P0042 P0043 P9999", "LEWG", "/(/", "Thomas Köppe", "<!channel> *x*"):
            action = {"type": "plain_text_input", "action_id": "entry", "value": typed}
            self.view(f"the modal: {typed}".replace("<", ""), "interactive", in_view(action, "U1", "modal", "V7"))
        self.slack.deliver("interactive", in_message(button("watch", "P3000"), f"{self.fleet.upstream.url}/hooks/x", "U4", "C1"))
        wait_until(self.fleet.upstream.hooks, 60, "it is answered in place")
        body = self.fleet.upstream.hooks()[-1]["body"]
        self.shoot("in place", body.get("blocks"), body["text"])

    def close(self):
        self.slack.stop()
        self.fleet.close()


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else "slack-shots"
    os.makedirs(folder, exist_ok=True)
    modules = renderer()
    stage = Stage()
    try:
        stage.play()
    finally:
        stage.close()
    data, page = (os.path.abspath(os.path.join(folder, name)) for name in ("shots.json", "page.html"))
    with open(data, "w", encoding="utf-8") as file:
        json.dump(stage.shots, file, ensure_ascii=False, indent=1)
    subprocess.run(["node", os.path.join(HERE, "bolt", "render.js"), data, page], check=True, env={**os.environ, "NODE_PATH": modules})
    browser = Browser(folder)
    try:
        browser.size(680, 900)
        browser.open(f"file://{page}")
        for number in range(0, len(stage.shots), 6):  # six to a picture
            browser.evaluate(f"document.querySelectorAll('article').forEach((part, at) => part.hidden = at < {number} || at >= {number + 6})")
            browser.size(680, browser.evaluate("document.documentElement.scrollHeight"))
            browser.screenshot(os.path.join(folder, f"shots-{number:02d}.png"))
            browser.size(680, 300)
    finally:
        browser.close()
    print(f"{len(stage.shots)} messages and views in {folder}")


if __name__ == "__main__":
    main()
