"""Indexes for tests: the committee's real one or a made one, cut at a date.

Two cuts of one index differ by papers that are known, so a test can tell exactly what must be
announced between them. Dates are moved so that the second cut is of today: what counts as recent
then does not depend on the day the tests run.
"""
import datetime
import json
import re

from .places import real_index_path

P_PAPER = re.compile(r"P0*(\d+)R(\d+)\Z")
ID = re.compile(r"(?:[PD]\d+R\d+|N\d+|(?:CWG|EWG|LWG|LEWG|FS)\d+)\Z", re.IGNORECASE)
GAP = 50  # FRONTIER_GAP_THRESHOLD
ABOVE, BELOW = 60, 30  # FRONTIER_WINDOW_…


def ids(index):
    """The keys that name a paper; the real index has others (EDIT1000)."""
    return {name.upper() for name in index if ID.match(name)}


def load_real():
    """The real index, or None where it is not beside the checkout."""
    path = real_index_path()
    if path is None:
        return None
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def made_index():
    """About 240 entries of every kind, dated from 2018-01-01 on, one paper a day at the end."""
    authors = ("Ann Archer", "Bjørn Bø, Ann Archer", "Chris Ümlaut", "Dana Doe", "Σοφία Δημητρίου")
    start = datetime.date(2018, 1, 1)
    index = {}

    def add(name, number, day, kind, **more):
        index[name] = {"type": kind, "title": f"About thing {number} of {kind}", "link": f"https://wg21.link/{name}",
                       "date": (start + datetime.timedelta(day)).isoformat(),
                       "author": authors[number % len(authors)], **more}

    for number in range(900, 1050):
        add(f"P{number:04d}R0", number, number - 900, "paper")
        if number % 10 == 0:
            add(f"P{number:04d}R1", number, min(number - 900 + 100, 140), "paper")
    for number in range(4700, 4750):
        add(f"N{number}", number, number - 4700 + 99, "editorial")
    for number in range(1, 21):
        add(f"CWG{number}", number, number, "issue", submitter="Sam Sender", author=None)
        del index[f"CWG{number}"]["author"]
    return index


def cut(index, last_day):
    """What the index held on that day; undated entries stay."""
    return {name: entry for name, entry in index.items()
            if not entry.get("date") or entry["date"] <= last_day}


def moved(index, days):
    """A copy with every readable date moved."""
    def move(entry):
        try:
            day = datetime.date.fromisoformat(entry.get("date", ""))
        except ValueError:
            return entry
        return {**entry, "date": (day + datetime.timedelta(days)).isoformat()}
    return {name: move(entry) for name, entry in index.items()}


def p_papers(index):
    """{number: latest revision}"""
    latest = {}
    for name in index:
        match = P_PAPER.match(name)
        if match:
            number, revision = int(match[1]), int(match[2])
            latest[number] = max(revision, latest.get(number, -1))
    return latest


def frontier(index):
    numbers = sorted(p_papers(index), reverse=True)
    for number, lower in zip(numbers, numbers[1:]):
        if number - lower <= GAP:
            return number
    return numbers[-1] if numbers else 0


def author_of(entry):
    return entry.get("author") or entry.get("submitter") or ""


class TwoCuts:
    """An index on two days, and the drafts that make every kind of news between them."""

    def __init__(self, index, first_day, second_day):
        away = datetime.datetime.now(datetime.timezone.utc).date() - datetime.date.fromisoformat(
            second_day)
        self.before = moved(cut(index, first_day), away.days)
        self.after = moved(cut(index, second_day), away.days)
        self.new = sorted(set(self.after) - set(self.before))
        self._old_frontier, self._new_frontier = frontier(self.before), frontier(self.after)
        self._today = datetime.datetime.now(datetime.timezone.utc).date()
        self.transition = self._pick_transition()
        self.frontier_draft = f"D{self._new_frontier + 5:04d}R0"
        self.old_draft = f"D{self._new_frontier + 6:04d}R0"
        self.silent_draft = f"D{self._new_frontier + 8:04d}R0"
        self.recent_number = self._pick_recent()
        self.recent_draft = (f"D{self.recent_number:04d}"
                             f"R{p_papers(self.after)[self.recent_number] + 1}")

    def _pick_transition(self):
        """A number that is new in the second cut and was hot, yet unknown, in the first."""
        known = p_papers(self.before)
        for name in self.new:
            match = P_PAPER.match(name)
            if (match and match[2] == "0" and int(match[1]) not in known and
                    self._old_frontier - BELOW < int(match[1]) <= self._old_frontier + ABOVE):
                return name
        raise ValueError("no paper that could have been a draft")

    def _pick_recent(self):
        """A known number outside the frontier's window with a paper of the last weeks, unchanged
        between the cuts."""
        floor = (self._today - datetime.timedelta(25)).isoformat()
        changed = {int(match[1]) for match in map(P_PAPER.match, self.new) if match}
        for name, entry in sorted(self.before.items()):
            match = P_PAPER.match(name)
            if match and entry.get("date", "") >= floor and int(match[1]) not in changed and \
                    int(match[1]) <= min(self._old_frontier, self._new_frontier) - BELOW:
                return int(match[1])
        raise ValueError("no recent paper below the window")

    def latest_author(self, number):
        """The author of the latest revision in the second cut."""
        revision = p_papers(self.after)[number]
        for name, entry in self.after.items():
            match = P_PAPER.match(name)
            if match and (int(match[1]), int(match[2])) == (number, revision):
                return author_of(entry)
        return ""

    def new_by(self, author):
        """Ids of new entries whose author holds the text."""
        return [name for name in self.new if author.casefold() in
                author_of(self.after[name]).casefold()]

    def frequent_author(self):
        """A last name that several of the new entries share."""
        counts = {}
        for name in self.new:
            for person in author_of(self.after[name]).split(","):
                if person.strip():
                    last = person.split()[-1].casefold()
                    counts[last] = counts.get(last, 0) + 1
        return max(sorted(counts), key=lambda last: (2 <= counts[last], len(last) > 4,
                                                     counts[last]))


def cuts_of_real():
    index = load_real()
    return None if index is None else TwoCuts(index, "2018-06-21", "2018-06-25")


def cuts_of_made():
    return TwoCuts(made_index(), "2018-05-24", "2018-05-28")
