#!/usr/bin/env python3
"""The Helm chart on the driver: install, helm test, upgrade and rollback.

Helm renders; rig/cluster.py applies what it rendered and runs the test's pod. Helm's own bookkeeping of releases needs
an API server, and is not played.

PAPERSCOUT_LONG=1            the rollback is played too, and helm test without Redis
"""
import json
import os
import subprocess
import unittest

from rig import wait_until
from rig.containers import backend_asked
from rig.kube_case import KubeCase
from rig.manifests import K8S, helm_program, parse_yaml
from rig.pods import OneShot
from rig.reach import End, allowed

LONG = os.environ.get("PAPERSCOUT_LONG") == "1"
CHART = os.path.join(K8S, "helm", "paperscout")


class Installed(KubeCase):
    def render(self, **settings):
        """(objects, pods of helm test)"""
        values = {"settings": {**self.settings_apart(), "REDIS_KEY_PREFIX": "{paperscout}:", "HEALTH_BIND_HOST": "0.0.0.0",
                               **settings}, "secrets": {"postgresRoles": True}}
        path = os.path.join(self.fleet.folder, "values.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(values, file)
        done = subprocess.run([helm_program(), "template", "paperscout", CHART, "-n", "paperscout", "-f", path],
                              capture_output=True, text=True, timeout=60, env={**os.environ, "HOME": self.fleet.folder})
        self.assertEqual(done.returncode, 0, done.stderr)
        found = [item for item in parse_yaml(done.stdout) if item]
        hooks = [item for item in found if item["metadata"].get("annotations", {}).get("helm.sh/hook") == "test"]
        return [item for item in found if item not in hooks], hooks

    def helm_test(self, hooks):
        hook, = hooks
        pod = OneShot(self.cluster, hook)
        rules = [item for item in self.cluster.objects if item["kind"] == "NetworkPolicy"]
        end = End("helm test", "10.244.0.7", pod.labels, hook["metadata"]["namespace"])
        for name, port in (("Redis", 6379), ("PostgreSQL", 5432)):
            self.assertTrue(allowed(rules, end, End(name, "198.51.100.7"), port), f"helm test cannot reach {name}")
        return pod.run()

    def test_install_test_upgrade_and_roll_back(self):
        self.prepare_cluster(backend_asked(), POLL_INTERVAL_SECONDS=3)
        self.make_roles()
        secrets = self.secret_objects()
        first, hooks = self.render()
        self.cluster.apply(first, secrets)
        self.cluster.wait_settled(60)
        self.fleet.wait_cycles(1, 60)
        status, said = self.helm_test(hooks)
        self.assertEqual(status, 0, said)
        self.assertIn("leader", said)

        before = set(self.cluster.pods())
        second, hooks = self.render(PROBE_BACKOFF_MS="21")
        self.cluster.apply(second, secrets)
        least = []

        def replaced():
            least.append(min(len(deployment.available()) for deployment in self.cluster.deployments.values()))
            return not before & set(self.cluster.pods())
        wait_until(replaced, 90, "the upgrade has replaced every pod", every=0.05)
        self.cluster.wait_settled(60)
        self.assertEqual(min(least), 2, "fewer were available than replicas")
        self.assertEqual({pod.settings()["PROBE_BACKOFF_MS"] for pod in self.cluster.pods()}, {"21"})
        self.assertEqual(self.helm_test(hooks)[0], 0)

        if LONG:
            self.roll_back(first, hooks, secrets)
        self.add_drafts(2)
        self.finish()
        print(f"installed, tested, upgraded, tested{', rolled back; helm test fails without Redis' if LONG else ''}")

    def roll_back(self, first, hooks, secrets):
        self.cluster.apply(first, secrets)
        usual = str(self.settings["PROBE_BACKOFF_MS"])
        wait_until(lambda: {pod.settings()["PROBE_BACKOFF_MS"] for pod in self.cluster.pods()} == {usual}, 90,
                   "the rollback has brought the settings back")
        self.cluster.wait_settled(60)
        self.fleet.redis.kill()
        status, _ = self.helm_test(hooks)
        self.assertEqual(status, 69, "helm test fails where Redis is away")
        self.fleet.redis.start()
        wait_until(lambda: all(pod.ready for pod in self.cluster.pods()), 60, "all are ready again")


if __name__ == "__main__":
    unittest.main()
