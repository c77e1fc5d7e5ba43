"""One child process with its output in files."""
import os
import signal
import subprocess

from .pace import paced


class Process:
    def __init__(self, name, argv, folder, **popen):
        self.name = name
        self.argv = argv
        self.out_path = os.path.join(folder, f"{name}.out")
        self.log_path = os.path.join(folder, f"{name}.log")
        with open(self.out_path, "ab") as out, open(self.log_path, "ab") as log:
            self.child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=log,
                                          **popen)

    @property
    def pid(self):
        return self.child.pid

    def alive(self):
        return self.child.poll() is None

    def send(self, number):
        if self.alive():
            self.child.send_signal(number)

    def kill(self):
        """kill -9, and waits until it is gone."""
        self.send(signal.SIGKILL)
        self.child.wait(paced(10))

    def pause(self):
        self.send(signal.SIGSTOP)

    def resume(self):
        self.send(signal.SIGCONT)

    def wait(self, seconds=30):
        """The exit status."""
        return self.child.wait(paced(seconds))

    def stop(self, number=signal.SIGTERM, seconds=10):
        """Asks it to end, insists after the time; the exit status."""
        self.send(signal.SIGCONT)
        self.send(number)
        try:
            return self.child.wait(paced(seconds))
        except subprocess.TimeoutExpired:
            self.kill()
            return self.child.returncode

    def output(self):
        with open(self.out_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def tail(self, lines=25):
        text = [f"---- {self.name} (pid {self.pid}, exit status {self.child.poll()})"]
        for path in (self.log_path, self.out_path):
            try:
                with open(path, encoding="utf-8", errors="replace") as file:
                    last = file.read().splitlines()[-lines:]
            except OSError:
                continue
            text += [f"  {line[:400]}" for line in last]
        return "\n".join(text)
