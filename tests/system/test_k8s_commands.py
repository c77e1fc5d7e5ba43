#!/usr/bin/env python3
"""Every command of k8s/README.md, of the plugin kubectl-paperscout and of tests/k8s/on-cluster.sh, on the driver.

The blocks of the README run as they are, in order, with kubectl's place taken by rig/kubectl.py. Three things differ: images
are not built, the overlays are given the servers of the test, and so are the placeholders of the Secrets.

PAPERSCOUT_ON_CLUSTER="all"   scenarios of tests/k8s/on-cluster.sh to play (two short ones by default)
"""
import os
import re
import subprocess
import time
import unittest

from rig import wait_until
from rig.kube_case import SIGNING_SECRET, KubeCase
from rig.kubectl import Kubectl
from rig.manifests import K8S, overlay
from rig.places import CHECKOUT

NOT_HERE = ("deploy/images.sh ", "kind ")  # they build images and load them into a node
FENCE = re.compile(r"^( *)```sh\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def blocks(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    return ["\n".join(line.removeprefix(match[1]) for line in match[2].splitlines()) for match in FENCE.finditer(text)]


class Commands(KubeCase):
    def start_driver(self):
        self.prepare_cluster(POLL_INTERVAL_SECONDS="5")
        self.home = os.path.join(self.fleet.folder, "checkout")
        os.mkdir(self.home)
        for name in ("k8s", "deploy"):
            os.symlink(os.path.join(CHECKOUT, name), os.path.join(self.home, name))
        self.kubectl = Kubectl(self.cluster, self.fleet.folder, self.overlay_of,
                               {"redis-0": self.fleet.redis, "postgres-0": self.fleet.postgres})
        self.addCleanup(self.kubectl.close)

    def overlay_of(self, path):
        name = os.path.basename(path)
        sink = "console" if name == "dev" else "slack"
        return self.kustomization(resource=overlay(name), with_secrets=name == "dev", NOTIFY_SINK=sink)

    def run_text(self, text, patience=20):
        """Runs lines of shell; those that only look may have to wait until the fleet is ready."""
        end = time.monotonic() + patience
        while True:
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=self.home, capture_output=True, text=True,
                                  timeout=200, env=self.kubectl.environment())
            if done.returncode == 0:
                return done.stdout
            if time.monotonic() > end or " create " in text:
                self.fail(f"exit status {done.returncode} of\n{text}\n{done.stdout}{done.stderr}")
            time.sleep(1)

    def plugin(self, *arguments):
        return subprocess.run([os.path.join(K8S, "kubectl-paperscout"), *arguments], capture_output=True, text=True,
                              timeout=100, env=self.kubectl.environment())

    def test_the_readme_the_plugin_and_the_script_for_any_cluster(self):
        self.start_driver()
        text = blocks(os.path.join(K8S, "README.md"))
        secrets_gone, at_end = text.pop(), text.pop()
        self.assertIn("kubectl delete -k", at_end)
        for block in text:
            for placeholder, value in (
                    ("rediss://paperscout:PASSWORD@redis.example.com:6380/0", self.fleet.redis.url),
                    ("postgres.example.com:5432/paperscout?sslmode=verify-full&sslrootcert=system",
                     self.fleet.postgres.url.partition("@")[2]), ("$OWNER_URL", self.fleet.postgres.url),
                    ("xoxb-TOKEN", "xoxb-test"), ("SIGNING-SECRET", SIGNING_SECRET)):
                block = block.replace(placeholder, value)
            kept = "\n".join(line for line in block.splitlines() if not line.startswith(NOT_HERE))
            self.assertTrue(kept)
            if "rollout undo" in kept:  # somebody has changed a setting before
                self.settings["PROBE_BACKOFF_MS"] = "22"
                self.run_text("kubectl apply -k k8s/overlays/prod")
            self.run_text(kept)
            if "--replicas=0" in kept:
                wait_until(lambda: not self.cluster.pods(), 60, "the fleet has stopped")
                self.run_text("kubectl apply -k k8s/overlays/prod\n"
                              "kubectl -n paperscout rollout status deployment --timeout=180s")
            if "k8s/overlays/dev" in kept:
                self.check_script()
        print(f"{len(text) + 2} blocks of k8s/README.md, {len(self.kubectl.calls)} calls of kubectl")
        self.cluster.wait_settled(60)
        self.check_plugin()
        made = {each["metadata"]["name"] for each in self.kubectl.secrets}
        self.assertEqual(len([kind for kind, name in self.kubectl.store if kind == "ConfigMap" and "settings" in name]), 1,
                         "ConfigMaps of earlier settings were pruned")
        self.run_text(at_end)
        self.assertEqual(self.cluster.pods(), [])
        left = {name for kind, name in self.kubectl.store if kind in ("ConfigMap", "Deployment", "Service")}
        self.assertEqual(left, {"postgres", "redis"}, "what overlays/prod removes; those two are of overlays/dev")
        self.assertEqual({each["metadata"]["name"] for each in self.kubectl.secrets}, made, "Secrets made by hand stay")
        self.assertIn("paperscout", self.kubectl.namespaces)
        self.run_text(secrets_gone)
        self.assertEqual(self.kubectl.secrets, [])

    def test_no_command_of_the_readme_stands_outside_of_a_block(self):
        """What this file runs are the blocks."""
        with open(os.path.join(K8S, "README.md"), encoding="utf-8") as file:
            text = FENCE.sub("", file.read())
        shown = set(re.findall(r"`((?:kubectl|helm|deploy/\w+\.(?:sh|py)) [^`]+)`", text))
        self.assertEqual(shown, {
            "kubectl get storageclass", "kubectl rollout undo", "kubectl paperscout", "helm test", "deploy/packages.sh test", "kubectl paperscout status", "kubectl delete namespace paperscout",
            "deploy/images.sh --prefix registry.example.com/paperscout/", "deploy/backup.py save FILE"})

    def check_plugin(self):
        done = self.plugin("status", "--json")
        self.assertIn('"leader"', done.stdout, done.stderr)
        for arguments, wanted in ((("pods",), "paperscout-worker-"), (("ready",), "ready"), (("streams",), "tasks"),
                                  (("queue",), ""), (("dead", "list"), ""), (("config",), "REDIS_URL=(set)"),
                                  (("logs", "worker", "--tail=5"), "/worker]")):
            done = self.plugin(*arguments)
            self.assertEqual((done.returncode, wanted in done.stdout), (0, True), f"{arguments}: {done.stdout}{done.stderr}")
        pod, before = self.cluster.pods("worker")[0], len(self.cluster.pods("worker"))
        done = self.plugin("drain", pod.name, "--remove")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertFalse(pod.alive(), "another worker than the one named was removed")
        self.assertEqual(len(self.cluster.pods("worker")), before - 1)
        for arguments, status, word in (((), 64, "which command"), (("fly",), 64, "unknown command"),
                                        (("-x", "status"), 64, "unknown option"), (("drain", "nobody"), 64, "no running worker"),
                                        (("-i", "other", "status"), 69, "no running scheduler")):
            done = self.plugin(*arguments)
            self.assertEqual((done.returncode, word in done.stderr), (status, True), f"{arguments}: {done.stderr}")

    def check_script(self):
        asked = os.environ.get("PAPERSCOUT_ON_CLUSTER", "scale delete-leader").split()
        done = subprocess.run([os.path.join(CHECKOUT, "tests", "k8s", "on-cluster.sh"),
                               *([] if asked == ["all"] else ["-m", "3", *asked])],
                              capture_output=True, text=True, timeout=600, env=self.kubectl.environment())
        print(done.stdout)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        rows = [line.split() for line in done.stdout.splitlines() if re.match(r"^[a-z-]+ +[0-9.]+ +\d+ +\d+ +\d+$", line)]
        self.assertGreaterEqual(len(rows), len(asked))
        for name, _, sent, lost, _ in rows:
            self.assertEqual((int(lost), int(sent) > 0), (0, True), name)


if __name__ == "__main__":
    unittest.main()
