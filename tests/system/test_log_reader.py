#!/usr/bin/env python3
"""Whoever reads the log may stand still: the program goes on without them."""
import os
import select
import subprocess
import unittest
import urllib.request

from rig import RigCase, program_path, wait_until
from rig.fleet import environment
from rig.places import free_port


class LogReader(RigCase):
    needs = ("worker",)

    def test_a_full_pipe_stops_nobody(self):
        fleet = self.make_fleet()
        fleet.redis.start()
        port = free_port()
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        try:
            while True:
                os.write(writer, b"x" * 4096)
        except BlockingIOError:
            pass
        os.set_blocking(writer, True)  # as the program gets it
        home = os.path.join(fleet.folder, "home")
        os.makedirs(home)
        settings = fleet.settings_for(INSTANCE_ID="w", HEALTH_PORT=port)
        worker = subprocess.Popen([program_path("paperscout-worker")], cwd=home, stderr=writer,
                                  stdin=subprocess.DEVNULL, env=environment(settings))
        self.addCleanup(worker.wait)
        self.addCleanup(worker.kill)
        os.close(writer)

        def alive():
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
                return answer.status == 200

        def answers():
            try:
                return alive()
            except OSError:
                return False

        wait_until(answers, 15, "it is ready although nobody reads its log")
        while set(os.read(reader, 4096)) == {ord("x")}:  # now somebody does
            os.set_blocking(reader, False)
            if not select.select([reader], [], [], 0)[0]:
                break
        worker.terminate()
        self.assertEqual(worker.wait(15), 0)
        text = os.read(reader, 65536).decode()
        os.close(reader)
        self.assertTrue(text.splitlines()[-1].endswith("}"), text)
        self.assertIn("WORKER-STOP", text)


if __name__ == "__main__":
    unittest.main()
