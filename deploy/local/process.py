"""Processes that are found again: each is written down with its start time, so that a number that was
given to another process meanwhile is never mistaken for it."""
import json
import os
import signal
import subprocess
import time


def started_at(pid):
    """Start time in ticks since boot, None when there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


class Ledger:
    """The file that says what runs."""

    def __init__(self, path):
        self.path = path

    def read(self):
        """[{name, pid, started}] of those that still run, in the order they were started."""
        try:
            with open(self.path, encoding="utf-8") as file:
                entries = json.load(file)
        except (OSError, ValueError):
            return []
        return [entry for entry in entries if started_at(entry["pid"]) == entry["started"]]

    def add(self, name, pid):
        entries = self.read() + [{"name": name, "pid": pid, "started": started_at(pid)}]
        with open(self.path + ".new", "w", encoding="utf-8") as file:
            json.dump(entries, file)
        os.replace(self.path + ".new", self.path)

    def remove(self):
        try:
            os.unlink(self.path)
        except FileNotFoundError:
            pass


def end(entry, seconds, number=signal.SIGTERM):
    """Asks a process that was written down to end, insists after the time. True when it obeyed."""
    def runs():
        return started_at(entry["pid"]) == entry["started"]

    if runs():
        os.kill(entry["pid"], number)
    limit = time.monotonic() + seconds
    while runs() and time.monotonic() < limit:
        time.sleep(0.05)
    if not runs():
        return True
    os.kill(entry["pid"], signal.SIGKILL)
    return False


class Patience:
    """How often one thing may be started again: so many times within so many seconds."""

    def __init__(self, times=5, within=600.0):
        self.times, self.within, self.tries = times, within, {}

    def ends(self, name):
        """Counts one more try."""
        now = time.monotonic()
        self.tries[name] = [at for at in self.tries.get(name, []) if now - at < self.within] + [now]
        return len(self.tries[name]) > self.times


class Process:
    """One child, in a session of its own so that Ctrl-C reaches it through its owner only."""

    def __init__(self, name, argv, folder, ledger, **popen):
        self.name, self.asked = name, False
        self.log_path = os.path.join(folder, f"{name}.log")
        self.out_path = os.path.join(folder, f"{name}.out")
        with open(self.out_path, "ab") as out, open(self.log_path, "ab") as log:
            self.log_start, self.out_start = log.tell(), out.tell()
            self.child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=log,
                                          start_new_session=True, **popen)
        ledger.add(name, self.child.pid)

    def alive(self):
        return self.child.poll() is None

    def ask_to_stop(self, number=signal.SIGTERM):
        """Once: to be asked again may mean to hurry."""
        if self.alive() and not self.asked:
            self.child.send_signal(number)
        self.asked = True

    def stop(self, seconds, number=signal.SIGTERM):
        """True when it ended by itself, with exit status 0."""
        self.ask_to_stop(number)
        try:
            return self.child.wait(seconds) == 0
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            return False

    def how_it_ended(self):
        """"was killed by SIGKILL", "ended with exit status 1"; of one that has ended."""
        status = self.child.poll()
        return (f"was killed by {signal.Signals(-status).name}" if status < 0 else
                f"ended with exit status {status}")

    def tail(self, lines=15):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-lines:])
