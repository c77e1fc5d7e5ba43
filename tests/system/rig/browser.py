"""A headless Chromium driven by the DevTools protocol over a pipe: no framework, no port."""
import base64
import json
import os
import select
import shutil
import subprocess
import time

from .wait import TimedOut

FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--disable-extensions", "--disable-default-apps",
         "--no-default-browser-check", "--mute-audio", "--hide-scrollbars",
         "--remote-debugging-pipe"]


def find_browser():
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Browser:
    """One page. What its console, its errors and its requests told is kept."""

    def __init__(self, folder, path=None):
        self.profile = os.path.join(folder, "browser")
        self.complaints = []  # console errors and warnings, exceptions, violations of the policy
        self.requests = []    # URLs asked for
        self._number = 0
        self._read = b""
        self._answers = {}
        to_read, self._to = os.pipe()
        self._from, to_write = os.pipe()
        # Chromium reads commands from descriptor 3 and writes answers to 4.
        self._log = open(os.path.join(folder, "browser.log"), "wb")
        self.process = subprocess.Popen(
            ["bash", "-c", 'exec "$@" 3<&%d 4>&%d' % (to_read, to_write), "chromium",
             path or find_browser(), *FLAGS, f"--user-data-dir={self.profile}", "about:blank"],
            pass_fds=(to_read, to_write), stdin=subprocess.DEVNULL, stdout=self._log,
            stderr=subprocess.STDOUT, cwd=folder)
        os.close(to_read)
        os.close(to_write)
        self._session = None
        target = self._wait_target()
        self._session = self.send("Target.attachToTarget", targetId=target,
                                  flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        self.send("Emulation.setFocusEmulationEnabled", enabled=True)

    def _wait_target(self, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pages = [target for target in self.send("Target.getTargets")["targetInfos"]
                     if target["type"] == "page"]
            if pages:
                return pages[0]["targetId"]
            time.sleep(0.05)
        raise TimedOut("the browser opens a page")

    def close(self):
        try:
            self._session = None
            self.send("Browser.close", seconds=5)
        except (OSError, AssertionError):
            pass
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for end in (self._to, self._from):
            os.close(end)
        self._log.close()

    def send(self, method, seconds=60, **parameters):
        """One command and its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._write(json.dumps(message).encode() + b"\0")
        end = time.monotonic() + seconds
        while self._number not in self._answers:
            self._take(end - time.monotonic(), method)
        answer = self._answers.pop(self._number)
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']}")
        return answer["result"]

    def _write(self, data):
        while data:
            data = data[os.write(self._to, data):]

    def _take(self, seconds, what):
        if seconds <= 0 or not select.select([self._from], [], [], seconds)[0]:
            raise TimedOut(f"the browser answers {what}")
        data = os.read(self._from, 1 << 20)
        if not data:
            raise OSError("the browser has ended")
        *messages, self._read = (self._read + data).split(b"\0")
        for message in map(json.loads, messages):
            if "id" in message:
                self._answers[message["id"]] = message
            else:
                self._note(message["method"], message["params"])

    def _note(self, method, told):
        if method == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning", "assert"):
            self.complaints.append(" ".join(str(arg.get("value", arg.get("description")))
                                            for arg in told["args"]))
        elif method == "Runtime.exceptionThrown":
            details = told["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description",
                                                                    details["text"]))
        elif method == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
            entry = told["entry"]
            self.complaints.append(f"{entry['source']}: {entry['text']} {entry.get('url', '')}")
        elif method == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])

    def evaluate(self, expression):
        """The value of a JavaScript expression; a promise is waited for."""
        told = self.send("Runtime.evaluate", expression=expression, returnByValue=True,
                         awaitPromise=True)
        if "exceptionDetails" in told:
            raise AssertionError(told["exceptionDetails"].get("exception", {}).get("description"))
        return told["result"].get("value")

    def wait(self, expression, seconds=20, what=None):
        """Until the expression is true; its value."""
        end = time.monotonic() + seconds
        while True:
            value = self.evaluate(expression)
            if value:
                return value
            if time.monotonic() >= end:
                shown = self.evaluate("document.body.innerText")[:800]
                raise TimedOut(f"{what or expression}: not within {seconds} s\n{shown}")
            time.sleep(0.05)

    def open(self, url):
        self.send("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'")

    def size(self, width, height, scale=1, phone=False):
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=scale, mobile=phone)

    def scheme(self, name):
        """light or dark"""
        self.send("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": name}])

    def key(self, key, code=None, number=0, text=None):
        """text: what the key types; Enter presses a button only with it."""
        for kind in ("keyDown", "keyUp"):
            typed = {"text": text} if text and kind == "keyDown" else {}
            self.send("Input.dispatchKeyEvent", type=kind, key=key, code=code or key,
                      windowsVirtualKeyCode=number, **typed)

    def screenshot(self, path, whole=True):
        data = self.send("Page.captureScreenshot", captureBeyondViewport=whole)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
