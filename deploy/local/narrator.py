"""Plain words for what the programs log and send."""
import re
import sys
import textwrap
import time

LINK = re.compile(r"<([^|>]+)\|([^>]+)>")


class Narrator:
    def __init__(self, out=sys.stdout):
        self.out = out
        self.began = time.monotonic()
        self.by_clock = False  # a run of days is told by the clock, a demo by its seconds
        self.to_slack = False
        self.retrying = None  # why, told once
        self.messages = []
        self.events = []

    def say(self, text=""):
        print(text, file=self.out, flush=True)

    def heading(self, text):
        self.say(f"\n== {text}")

    def step(self, text):
        when = time.strftime("%H:%M:%S") if self.by_clock else f"{time.monotonic() - self.began:6.1f} s"
        self.say(f"{when}  {text}")

    def message(self, message):
        """As the person sees it: Slack shows the name of a link, not where it leads."""
        self.messages.append(message)
        text = LINK.sub(r"\2", message["text"]).replace("*", "")
        for mark, plain in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
            text = text.replace(mark, plain)
        self.step(f"message to {message['channel']}:")
        for line in text.splitlines():
            self.say(textwrap.fill(line, 96, initial_indent="            | ",
                                   subsequent_indent="            |   "))

    def event(self, member, event):
        self.events.append(event)
        words = self._words(member, event)
        if words:
            self.step(words)

    def _words(self, member, event):
        name = event.get("event")
        if name == "LEADER-ACQUIRED":
            return f"{member.name} leads (epoch {event['epoch']})"
        if name == "INDEX-LOAD" and "papers" in event:
            return f"the index has {event['papers']:,} entries"
        if name == "INDEX-NEW" and "paper" in event:
            return f"new in the index: {event['paper']} {event.get('title', '')}"
        if name == "INDEX-STALE-FALLBACK":
            return (f"the index was not downloaded ({event.get('error')}); going on with the stored "
                    f"copy, {event['age_seconds']} s old")
        if name == "PROBE-START":
            return (f"cycle {event['cycle']}: {event['planned']:,} probes go to the workers "
                    f"({event['hot_probes']:,} hot, {event['cold_probes']:,} cold)")
        if name == "PROBE-CYCLE-SUMMARY":
            return (f"cycle {event['cycle']} is closed after {event['cycle_duration_s']:.1f} s: "
                    f"{event['cycle_status']}, {event['hit_total']} found, {event['miss']:,} not "
                    f"there, {event['errors']} errors")
        if name == "PROBE-COOLDOWN":
            return f"{member.name}: the site asked us to slow down; all workers pause"
        if name == "D-TO-P":
            return f"{event['paper']} was a draft that had been found before"
        if name == "WATCHLIST-MATCH":
            return f"{event['paper']} is on a watchlist"
        if name == "SCHEDULER-SLEEP" and self.by_clock:
            due = time.localtime(time.time() + event["seconds"])
            return f"the next poll is at {time.strftime('%H:%M:%S', due)}"
        if name == "NOTIFIER-START":
            self.to_slack = event.get("sink") == "slack"
        if name == "MQ-SENT" and self.to_slack:
            self.retrying = None
            return f"a message went to Slack ({event['kind']})"
        if name == "MQ-RETRY" and event["error"] != self.retrying:
            self.retrying = event["error"]
            return f"Slack did not take a message, which is tried again: {event['error']}"
        if event.get("level") == "ERROR":
            why = [event[field] for field in ("what", "error") if event.get(field)]
            return f"{member.name}: {name} {': '.join(why)}"
        return None

    def look(self, fleet):
        """Tells what came since the last look."""
        came = [(event.get("ts", ""), member, event) for member in fleet.members
                for event in member.new_events()]
        for _, member, event in sorted(came, key=lambda entry: entry[0]):
            self.event(member, event)
        for member in fleet.of("notifier"):
            for message in member.new_messages():
                self.message(message)
