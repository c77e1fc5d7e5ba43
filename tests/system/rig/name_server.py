"""A name server for one test: it answers each name with one address, or misbehaves.

Programs that are to use it see a resolv.conf of their own, in a mount namespace; this needs root (private_resolver_is_there).
"""
import os
import random
import socket
import subprocess
import threading
import time

REFUSED, SERVFAIL = 5, 2


def private_resolver_is_there():
    try:
        return subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


class NameServer:
    """behaviour: "answer", "down" (its port is closed), "hang" (takes questions and answers none), "refuse", or "slow"."""

    def __init__(self, folder, address="127.0.0.1"):
        self.address = address  # the answer to every question
        self.delay = 4.0        # of "slow", in seconds
        self.behaviour = "answer"
        self.process = None     # nothing to show in the tails
        self.host = None
        self._socket = None
        self._open()
        self._stopped = False
        self.resolv_conf = os.path.join(folder, "resolv.conf")
        with open(self.resolv_conf, "w", encoding="ascii") as file:
            file.write(f"nameserver {self.host}\n")

    def prefix(self):
        """What to put before a program's command line, so that it asks this server."""
        return ["unshare", "-m", "sh", "-c", 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"', "sh",
                self.resolv_conf]

    def set(self, behaviour):
        was_down, self.behaviour = self.behaviour == "down", behaviour
        if behaviour == "down":
            self._close()
        elif was_down:
            self._open()

    def stop(self):
        self._stopped = True
        self._close()

    def _open(self):
        """resolv.conf names no port, so each server has an address of its own."""
        for _ in range(50):
            host = self.host or f"127.{random.randint(1, 250)}.{random.randint(0, 250)}.{random.randint(1, 250)}"
            link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                link.bind((host, 53))
            except OSError:
                link.close()
                continue
            self.host, self._socket = host, link
            threading.Thread(target=self._serve, args=(link,), daemon=True).start()
            return
        raise OSError("no loopback address has a free port 53")

    def _close(self):
        link, self._socket = self._socket, None
        if link is not None:
            try:
                link.shutdown(socket.SHUT_RDWR)  # wakes the thread
            except OSError:
                pass
            link.close()

    def _serve(self, link):
        while True:
            try:
                question, client = link.recvfrom(4096)
            except OSError:
                return
            if len(question) < 17:
                if self._socket is not link:
                    return
                continue
            if self.behaviour == "answer":
                self._answer(link, question, client)
            elif self.behaviour == "refuse":
                self._send(link, question[:2] + bytes([0x81, 0x80 | REFUSED]) + question[4:6] + bytes(6)
                           + self._question(question), client)
            elif self.behaviour == "slow":
                threading.Timer(self.delay, self._answer, (link, question, client)).start()

    @staticmethod
    def _question(question):
        at = 12
        while question[at]:
            at += 1 + question[at]
        return question[12:at + 5]

    def _answer(self, link, question, client):
        asked = self._question(question)
        is_a = asked[-4:-2] == b"\x00\x01"
        answer = b"\xc0\x0c\x00\x01\x00\x01" + bytes(4) + b"\x00\x04" + socket.inet_aton(self.address) if is_a else b""
        self._send(link, question[:2] + b"\x81\x80\x00\x01" + (b"\x00\x01" if is_a else b"\x00\x00") + bytes(4)
                   + asked + answer, client)

    @staticmethod
    def _send(link, data, client):
        try:
            link.sendto(data, client)
        except OSError:
            pass  # it was stopped meanwhile


if __name__ == "__main__":
    import tempfile
    with tempfile.TemporaryDirectory() as here:
        server = NameServer(here)
        print(server.host, subprocess.run(server.prefix() + ["getent", "ahosts", "drafts.test"], check=False,
                                          capture_output=True, text=True).stdout)
        time.sleep(0)
        server.stop()
