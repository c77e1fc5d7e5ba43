#!/usr/bin/env python3
"""deploy/up.sh: the demo shows what it must and leaves nothing behind; wrong usage is refused."""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from rig.pace import paced, paced_now
from rig.places import build_dir
from rig.upstream import Upstream
from rig.wait import wait_until

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def runs(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


class Up(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="ps-up-")
        os.chmod(self.folder, 0o755)  # the server user must get through
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.state = os.path.join(self.folder, "state")
        # Settings of whoever runs the tests must not reach the demo.
        self.environment = {**os.environ, "PAPERSCOUT_BUILD": build_dir(),
                            "PAPERSCOUT_STATE": self.state, "POLL_INTERVAL_SECONDS": "nonsense"}

    def start(self, *arguments):
        return subprocess.Popen([os.path.join(ROOT, "deploy", "up.sh"), *arguments],
                                cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run_to_end(self, *arguments, seconds=120):
        child = self.start(*arguments)
        for limit in (paced, paced_now):
            try:
                text, _ = child.communicate(timeout=limit(seconds))
                return child.returncode, text
            except subprocess.TimeoutExpired:
                pass
        child.send_signal(signal.SIGTERM)
        text, _ = child.communicate(timeout=paced(60))
        self.fail(f"up.sh did not end:\n{text}")

    def processes(self):
        try:
            with open(os.path.join(self.state, "processes.json"), encoding="utf-8") as file:
                return json.load(file)
        except OSError:
            return []

    def assert_no_program_is_roots(self):
        for entry in self.processes():
            with open(f"/proc/{entry['pid']}/status", encoding="ascii", errors="replace") as file:
                identities = [line.split()[1:] for line in file if line.startswith(("Uid:", "Gid:"))]
            self.assertEqual(len(identities), 2)
            self.assertNotIn("0", identities[0] + identities[1], entry["name"])

    def wait_for(self, what, check, seconds=40):
        wait_until(check, seconds, what, every=0.1)

    def test_the_demo_ends_well(self):
        status, text = self.run_to_end("--demo")
        self.assertEqual(status, 0, text)
        for part in ("nobody was told, as it must be", "was a draft that had been found before",
                     "message to #cpp-papers", "message to U0TEXTONLY", "asked us to slow down",
                     "a 429 is never a miss", "nothing was lost"):
            self.assertIn(part, text)
        self.assertRegex(text, r"\b0  things not told yet")
        self.assertEqual(self.processes(), [])
        logs = os.path.join(self.state, "demo", "logs")
        for name in os.listdir(logs):
            with open(os.path.join(logs, name), encoding="utf-8", errors="replace") as file:
                log = file.read()
            for mark in ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:"):
                self.assertNotIn(mark, log, name)

    def test_one_run_at_a_time_and_down_stops_it(self):
        child = self.start("--demo", "--stay")
        self.addCleanup(child.stdout.close)
        self.wait_for("all programs run", lambda: len(self.processes()) == 8)
        self.assert_no_program_is_roots()
        pids = [entry["pid"] for entry in self.processes()]
        status, text = self.run_to_end("--demo")
        self.assertEqual(status, 1)
        self.assertIn("runs already", text)
        status, text = self.run_to_end("down", "--wipe")
        self.assertEqual(status, 0, text)
        self.assertEqual(child.wait(10), 0)
        self.assertEqual([pid for pid in pids if runs(pid)], [])
        self.assertEqual(os.listdir(self.state), [])

    def test_down_ends_what_a_crashed_run_has_left(self):
        child = self.start("--demo", "--stay")
        self.addCleanup(child.stdout.close)
        self.wait_for("all programs run", lambda: len(self.processes()) == 8)
        pids = [entry["pid"] for entry in self.processes()]
        child.kill()
        child.wait()
        self.assertTrue(all(runs(pid) for pid in pids))
        status, text = self.run_to_end("down")
        self.assertEqual(status, 0, text)
        self.assertIn("left by an earlier run", text)
        self.assertEqual([pid for pid in pids if runs(pid)], [])

    def test_live_keeps_to_the_settings_in_dotenv(self):
        upstream = Upstream(self.folder)
        upstream.start()
        self.addCleanup(upstream.stop)
        with open(os.path.join(self.folder, "token"), "w", encoding="ascii") as file:
            file.write("xoxb-of-a-test\n")
        with open(os.path.join(self.folder, ".env"), "w", encoding="utf-8") as file:
            os.chmod(file.fileno(), 0o600)  # only its owner may read it
            file.write(f"SLACK_BOT_TOKEN_FILE=token # beside this file\nSLACK_API_URL={upstream.slack_url}\n"
                       "export NOTIFICATION_CHANNEL='C0READERS' # and no other\nNOTIFY_ON_STARTUP=true\n"
                       f"WG21_INDEX_URL={upstream.index_url}\nISO_BASE_URL={upstream.drafts_url}\n"
                       "ALLOW_PRIVATE_UPSTREAMS=true\nHEALTH_PORT=0\n")
        del self.environment["POLL_INTERVAL_SECONDS"]
        status, text = self.run_to_end("run", "true")
        self.assertEqual((status, "nothing runs" in text), (1, True), text)
        begun = time.monotonic()
        child = self.start("--live")
        self.addCleanup(child.stdout.close)
        self.addCleanup(child.wait, 60)
        self.addCleanup(child.send_signal, signal.SIGTERM)
        self.wait_for("all programs are ready", lambda: os.path.exists(os.path.join(self.state, "run.json")))
        self.assert_no_program_is_roots()
        self.wait_for("the channel of .env is notified of the start",
                      lambda: [m for m in upstream.slack() if m["channel"] == "C0READERS"])
        print(f"from .env to the first message in Slack: {time.monotonic() - begun:.1f} s")
        status, text = self.run_to_end("run", "paperscout-notifier", "watchlist", "U1", "add", "stroustrup")
        self.assertEqual(status, 0, text)
        status, text = self.run_to_end("run", "paperscout-scheduler", "healthcheck", "ready")
        self.assertEqual((status, text.strip()), (0, '{"ready":true,"reasons":[]}'))
        with open(os.path.join(self.state, "run.json"), encoding="utf-8") as file:
            databases = json.load(file)["databases"]
        for component in ("scheduler", "notifier"):  # as roles that cannot change a table
            url = databases[f"paperscout-{component}"]
            self.assertIn(f"//paperscout_{component}:", url)
            status, text = self.run_to_end("run", "psql", "-X", url, "-c", "CREATE TABLE not_ours ()")
            self.assertEqual((status, "permission denied for schema public" in text), (1, True), text)
        fallen = {entry["name"]: entry["pid"] for entry in self.processes()}
        for name in ("scheduler-1", "redis"):
            os.kill(fallen[name], signal.SIGKILL)
        self.wait_for("what fell is started again", lambda: {"scheduler-1", "redis"} <= {
            entry["name"] for entry in self.processes() if entry["pid"] != fallen[entry["name"]]})
        self.wait_for("they do their work", lambda: self.run_to_end(
            "run", "paperscout-scheduler", "healthcheck", "ready")[0] == 0)
        self.assertEqual(os.stat(os.path.join(self.state, "run.json")).st_mode & 0o777, 0o600)
        self.assertEqual({m["channel"] for m in upstream.slack()}, {"C0READERS"})
        child.send_signal(signal.SIGTERM)
        text, _ = child.communicate(timeout=paced(60))
        self.assertEqual(child.returncode, 0, text)
        self.assertIn("a message went to Slack", text)
        self.assertIn("scheduler-1 was killed by SIGKILL; it is started again", text)
        self.assertFalse(os.path.exists(os.path.join(self.state, "run.json")))

    def test_live_stops_where_slack_would_not_take_messages(self):
        upstream = Upstream(self.folder, {"slack": {"token": "xoxb-another"}})
        upstream.start()
        self.addCleanup(upstream.stop)
        with open(os.path.join(self.folder, ".env"), "w", encoding="utf-8") as file:
            file.write(f"SLACK_BOT_TOKEN=xoxb-of-a-test\nSLACK_API_URL={upstream.slack_url}\n"
                       f"WG21_INDEX_URL={upstream.index_url}\nHEALTH_PORT=0\n")
        del self.environment["POLL_INTERVAL_SECONDS"]
        status, text = self.run_to_end("--live")
        self.assertEqual(status, 69, text)
        self.assertRegex(text, "To do: It is cut, or of another app. Set SLACK_BOT_TOKEN")
        self.assertNotIn("xoxb-of-a-test", text)
        self.assertEqual(self.processes(), [])

    @unittest.skipUnless(os.geteuid() == 0, "only root has programs run by another user")
    def test_root_is_told_what_the_programs_could_not_read(self):
        with open(os.path.join(self.folder, "token"), "w", encoding="ascii") as file:
            os.chmod(file.fileno(), 0o600)
            file.write("xoxb-of-a-test\n")
        with open(os.path.join(self.folder, ".env"), "w", encoding="utf-8") as file:
            file.write("SLACK_BOT_TOKEN_FILE=token\n")
        status, text = self.run_to_end("--live")
        self.assertEqual(status, 69, text)
        self.assertRegex(text, "SLACK_BOT_TOKEN_FILE: the user (nobody|paperscout), .*, cannot read .*/token; let it")
        self.environment["PAPERSCOUT_USER"] = "no-such-user"
        status, text = self.run_to_end("--demo")
        self.assertEqual((status, "there is no user no-such-user" in text), (69, True), text)
        os.chmod(self.folder, 0o700)
        del self.environment["PAPERSCOUT_USER"]
        status, text = self.run_to_end("--demo")
        self.assertEqual(status, 69, text)
        self.assertRegex(text, "the user (nobody|paperscout) cannot enter .*PAPERSCOUT_STATE names another folder")

    def test_wrong_usage(self):
        for arguments in (["--lunar"], ["--wipe"], ["--stay"], ["down", "--demo"],
                          ["--demo", "--live"], ["run"]):
            status, text = self.run_to_end(*arguments, seconds=20)
            self.assertEqual(status, 64, (arguments, text))
            self.assertIn("--help", text)
        self.assertFalse(os.path.exists(self.state))


if __name__ == "__main__":
    unittest.main()
