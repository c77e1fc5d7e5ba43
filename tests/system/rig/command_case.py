"""Cases about the scheduler's commands that need no server: a folder, files in it, and what a command prints."""
import json
import os
import subprocess
import tempfile
import unittest

from .places import program_path


class CommandCase(unittest.TestCase):
    SECONDS = 60  # that one command may take

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def file(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(content if isinstance(content, str) else json.dumps(content))
        return path

    def run_it(self, *arguments, **settings):
        env = {"PATH": os.environ["PATH"], **settings}
        return subprocess.run([program_path("paperscout-scheduler"), *arguments], env=env, timeout=self.SECONDS,
                              cwd=self.folder, capture_output=True, text=True, check=False)

    def lines(self, *arguments, **settings):
        done = self.run_it(*arguments, **settings)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.splitlines(), done.stderr
