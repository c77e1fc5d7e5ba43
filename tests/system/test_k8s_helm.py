#!/usr/bin/env python3
"""The Helm chart, rendered by Helm: its default objects are those of k8s/base, and wrong values are refused."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from rig.manifests import (COMPONENTS, K8S, helm_program, need_tools, objects, of_kind, overlay, parse_yaml, validate,
                           write_overlay)

CHART = os.path.join(K8S, "helm", "paperscout")
DIGEST = "sha256:" + "0" * 64
# Values that people set together, and a check of the objects that come of them.
VARIANTS = {
    "socket": {"events": "socket"},
    "none": {"events": "none", "image": {"pullSecrets": ["login"]}},
    "ingress": {"ingress": {"enabled": True, "className": "nginx", "annotations": {"a": "b"}}},
    "gateway": {"httpRoute": {"enabled": True, "parentRefs": [{"name": "public", "namespace": "gateways"}],
                              "hostnames": ["paperscout.example.com"]}},
    "openshift": {"openshift": True},
    "monitoring": {"monitoring": {"podMonitor": True, "rules": True, "dashboard": True, "labels": {"release": "x"}},
                   "settings": {"RUNBOOK_URL": "https://docs.example.com/paperscout/RUNBOOK.md"}},
    "authorities": {"secrets": {"redisCa": True, "postgresCa": True, "postgresRoles": True},
                    "networkPolicy": {"redisCidrs": ["198.51.100.7/32"], "postgresCidrs": ["10.0.0.0/8"],
                                      "inClusterWebhooks": True}},
    "placed": {"worker": {"replicas": 5, "digest": DIGEST, "affinity": {"podAntiAffinity": {}}},
               "tolerations": [{"operator": "Exists"}], "nodeSelector": {"kubernetes.io/os": "linux"},
               "priorityClassName": "paperscout", "podAnnotations": {"a": "b"}, "podLabels": {"team": "x"}},
}
REFUSED = ({"setings": {}}, {"settings": {"REDIS_URL": "redis://x"}}, {"settings": {"NOTIFICATION_CHANNEL": "CHANGE-ME"}},
           {"settings": {"lower": "x"}}, {"events": "carrier-pigeon"}, {"worker": {"replicas": 0}},
           {"worker": {"digest": "0123"}}, {"image": {"tag": "latest"}}, {"image": {"prefix": "registry.example.com"}},
           {"ports": {"health": 80}}, {"networkPolicy": {"redisCidrs": ["10.0.0.1"]}},
           {"httpRoute": {"enabled": True}}, {"events": "none", "ingress": {"enabled": True}},
           {"monitoring": {"rules": True}})


class Helm(unittest.TestCase):
    def setUp(self):
        need_tools()
        self.helm = helm_program()
        self.folder = tempfile.mkdtemp(prefix="paperscout-test-")
        self.addCleanup(shutil.rmtree, self.folder)

    def run_helm(self, *arguments, values=None):
        if values is not None:
            path = os.path.join(self.folder, "values.json")
            with open(path, "w", encoding="utf-8") as file:
                json.dump(values, file)
            arguments = (*arguments, "-f", path)
        return subprocess.run([self.helm, *arguments], capture_output=True, text=True, timeout=60,
                              env={**os.environ, "HOME": self.folder})

    def template(self, values=None, release="paperscout"):
        done = self.run_helm("template", release, CHART, "--namespace", "paperscout", values=values)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.text = done.stdout
        return [item for item in parse_yaml(done.stdout) if item]

    def plain(self, found):
        """{(kind, name): object} without what only one of the two ways has."""
        table = {}
        text = re.sub(r"paperscout-settings-[a-z0-9]{10}", "paperscout-settings", json.dumps(found))
        for item in json.loads(text):
            if "helm.sh/hook" in item["metadata"].get("annotations", {}):
                continue
            for meta in (item["metadata"], item.get("spec", {}).get("template", {}).get("metadata", {})):
                for label in ("helm.sh/chart", "app.kubernetes.io/managed-by"):
                    meta.get("labels", {}).pop(label, None)
                meta.get("annotations", {}).pop("checksum/settings", None)
                if not meta.get("annotations", True):
                    del meta["annotations"]
            table[item["kind"], item["metadata"]["name"]] = item
        return table

    def test_the_default_objects_are_those_of_the_base(self):
        self.maxDiff = None
        base, chart = self.plain(objects(os.path.join(K8S, "base"))), self.plain(self.template())
        self.assertEqual(set(chart), set(base))
        for key, item in base.items():
            self.assertEqual(chart[key], item, key)
        print(f"{len(base)} objects of the chart equal those of k8s/base")

    def test_values_give_what_the_components_give(self):
        """Where kustomize has a component and the chart a value, the objects are the same."""
        self.maxDiff = None
        for components, values in ((("database-roles",), {"secrets": {"postgresRoles": True}}),
                                   (("database-roles", "redis-ca", "postgres-ca"),
                                    {"secrets": {"postgresRoles": True, "redisCa": True, "postgresCa": True}}),
                                   (("no-events",), {"events": "none"}), (("socket-mode",), {"events": "socket"}),
                                   (("in-cluster-webhooks",), {"networkPolicy": {"inClusterWebhooks": True}}),
                                   (("pull-secret",), {"image": {"pullSecrets": ["paperscout-registry"]}}),
                                   (("openshift",), {"openshift": True, "networkPolicy": {
                                       "eventsFrom": "openshift-ingress", "scrapeFrom": "openshift-user-workload-monitoring"}})):
            with self.subTest(components=components):
                folder = tempfile.mkdtemp(dir=self.folder)
                base = self.plain(objects(write_overlay(folder, os.path.join(K8S, "base"), components)))
                chart = self.plain(self.template(values))
                self.assertEqual(set(chart), set(base))
                for key, item in base.items():
                    self.assertEqual(self.ordered(chart[key]), self.ordered(item), key)

    @staticmethod
    def ordered(item):
        """Settings in the environment, wherever they come from, and lists of names in one order."""
        item = json.loads(json.dumps(item))
        if item["kind"] == "ConfigMap":
            item["data"].pop("REDIS_CA_FILE", None)  # the chart gives it to the pods directly
        for container in item.get("spec", {}).get("template", {}).get("spec", {}).get("containers", []):
            container["env"] = sorted((entry for entry in container["env"] if entry["name"] != "REDIS_CA_FILE"),
                                      key=lambda entry: entry["name"])
        return item

    def test_lint_and_package(self):
        done = self.run_helm("lint", "--strict", CHART)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        done = self.run_helm("package", CHART, "--destination", self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(os.path.join(K8S, "..", "CMakeLists.txt"), encoding="utf-8") as file:
            version = re.search(r"project\(paperscout VERSION ([0-9.]+)", file.read())[1]
        self.assertTrue(os.path.exists(os.path.join(self.folder, f"paperscout-{version}.tgz")))
        with open(os.path.join(CHART, "Chart.yaml"), encoding="utf-8") as file:
            self.assertEqual(parse_yaml(file.read())[0]["appVersion"], version)

    def test_every_variant_has_the_fields_of_its_kinds(self):
        paths, count = [], 0
        for name, values in VARIANTS.items():
            count += len(self.template(values))
            paths.append(os.path.join(self.folder, f"{name}.yaml"))
            with open(paths[-1], "w", encoding="utf-8") as file:
                file.write(self.text)
        self.assertEqual(validate(*paths), (0, [f"{count} passed, 0 failed"]))

    def test_variants_do_what_they_say(self):
        found = self.template(VARIANTS["socket"])
        self.assertNotIn("paperscout-events", of_kind(found, "NetworkPolicy"))
        self.assertNotIn("signing-secret", self.text)
        self.assertIn("SLACK_APP_TOKEN_FILE", self.text)
        self.template(VARIANTS["none"])
        self.assertNotIn("signing-secret", self.text)
        found = self.template(VARIANTS["openshift"])
        self.assertNotIn("runAsUser", self.text)
        self.assertIn("5353", str(of_kind(found, "NetworkPolicy")["paperscout-dns"]))
        found = self.template(VARIANTS["monitoring"])
        rules, = (of_kind(objects(overlay("prod")), "PrometheusRule")).values()
        self.assertEqual(of_kind(found, "PrometheusRule")["paperscout"]["spec"], rules["spec"])
        self.assertEqual(of_kind(found, "PodMonitor")["paperscout"]["spec"],
                         of_kind(objects(overlay("prod")), "PodMonitor")["paperscout"]["spec"])
        self.assertEqual(of_kind(found, "ConfigMap")["paperscout-dashboard"]["data"],
                         of_kind(objects(overlay("prod")), "ConfigMap")["paperscout-dashboard"]["data"])
        found = self.template(VARIANTS["placed"])
        worker = of_kind(found, "Deployment")["paperscout-worker"]["spec"]
        self.assertEqual((worker["replicas"], worker["template"]["spec"]["containers"][0]["image"]),
                         (5, f"paperscout-worker@{DIGEST}"))

    def test_changed_settings_are_a_rolling_update(self):
        sums = set()
        for level in ("INFO", "DEBUG"):
            deployment = of_kind(self.template({"settings": {"LOG_LEVEL": level}}), "Deployment")["paperscout-worker"]
            sums.add(deployment["spec"]["template"]["metadata"]["annotations"]["checksum/settings"])
        self.assertEqual(len(sums), 2)

    def test_two_releases_share_nothing(self):
        first, second = self.plain(self.template()), self.plain(self.template(release="staging"))
        self.assertEqual(set(first) & set(second), set())
        for component in COMPONENTS:
            selector = second["Deployment", f"staging-paperscout-{component}"]["spec"]["selector"]["matchLabels"]
            self.assertEqual(selector["app.kubernetes.io/instance"], "staging")

    def test_wrong_values_are_refused_with_their_name(self):
        for values in REFUSED:
            done = self.run_helm("template", "paperscout", CHART, values=values)
            self.assertNotEqual(done.returncode, 0, values)
            names = re.findall(r'"(\w+)":', json.dumps(values))
            self.assertTrue(any(name in done.stderr for name in names), f"{values}: {done.stderr}")

    def test_the_notes_name_the_next_steps(self):
        done = self.run_helm("install", "paperscout", CHART, "--dry-run=client", "--namespace", "scout")
        self.assertEqual(done.returncode, 0, done.stderr)
        notes = done.stdout[done.stdout.index("NOTES:"):]
        for step in ("paperscout-redis (url)", "signing-secret", "helm test paperscout -n scout", "NOTIFICATION_CHANNEL is not set",
                     "Nothing leads Slack's events", "No alert rules"):
            self.assertIn(step, notes)


if __name__ == "__main__":
    unittest.main()
