#!/usr/bin/env python3
"""Two installations in one namespace (k8s/examples/two-installations), one of them broken: only its alerts fire.

Each installation runs on the driver from its example. A real Prometheus scrapes both, with the relabelings of their
PodMonitors, and evaluates the one copy of the rules.

PAPERSCOUT_LONG=1            waits for the all-clear too
"""
import os
import re
import time
import unittest

from rig import Redis, wait_until
from rig.cluster import Cluster
from rig.kube_case import KubeCase
from rig.manifests import example, objects, of_kind
from rig.prometheus import Prometheus, prometheus_is_there
from rig.reach import selects

NAMES = ("production", "staging")


def snake(text):
    return re.sub(r"([A-Z])", lambda match: "_" + match[1].lower(), text)


@unittest.skipUnless(prometheus_is_there(), "prometheus is not installed (deploy/packages.sh test names it)")
class Installations(KubeCase):
    def install(self, name, cluster, redis, database):
        """The example, with the settings and servers of this test."""
        prefix = "" if name == "production" else f"{name}-"
        found = objects(example(f"two-installations/{name}"))
        for item in found:
            if item["kind"] == "ConfigMap" and "LOG_FORMAT" in item.get("data", {}):
                own = {key: item["data"][key] for key in ("REDIS_KEY_PREFIX", "NOTIFICATION_CHANNEL", "OPS_ALERT_CHANNEL")}
                item["data"].update({**self.settings_apart(), **own})
            if item["kind"] == "Deployment":
                item["spec"]["replicas"] = 1
        cluster.apply(found, self.secret_objects(prefix, redis, database))

    def scrape(self, cluster):
        """What the operator makes of the PodMonitor."""
        monitor, = of_kind(cluster.objects, "PodMonitor").values()
        endpoint, = monitor["spec"]["podMetricsEndpoints"]
        chosen = [pod for pod in cluster.pods() if selects(monitor["spec"]["selector"], pod.labels)]
        self.assertEqual(len(chosen), 3)
        targets = []
        for pod in chosen:
            port = next(port["containerPort"] for port in pod.container["ports"] if port["name"] == endpoint["port"])
            labels = {f"__meta_kubernetes_pod_label_{re.sub(r'[^a-z0-9]', '_', key)}": value for key, value in pod.labels.items()}
            targets.append({"targets": [f"{pod.ip}:{port}"],
                            "labels": {"namespace": "paperscout", "__meta_kubernetes_pod_name": pod.name, **labels}})
        return {"job_name": f"podMonitor/paperscout/{monitor['metadata']['name']}", "metrics_path": endpoint["path"],
                "static_configs": targets,
                "relabel_configs": [{snake(key): value for key, value in rule.items()} for rule in endpoint["relabelings"]]}

    def test_only_the_alerts_of_the_broken_one_fire(self):
        self.prepare_cluster(POLL_INTERVAL_SECONDS=3, PROBE_RATE_LIMIT=2000, PROBE_RATE_BURST=1000)
        other = os.path.join(self.fleet.folder, "staging")
        os.mkdir(other)
        redis = Redis(other)
        redis.start()
        self.addCleanup(redis.stop)
        second = Cluster(other)
        self.fleet.extras.append(second)
        second.next_address = self.cluster.next_address  # both are in one network
        self.fleet.postgres.execute("CREATE DATABASE staging TEMPLATE template0 ENCODING 'UTF8'")
        clusters = dict(zip(NAMES, (self.cluster, second)))
        for name, server, database in (("production", self.fleet.redis, "postgres"), ("staging", redis, "staging")):
            self.make_roles(database)
            self.install(name, clusters[name], server, database)
        for cluster in clusters.values():
            cluster.wait_settled(60)
        self.fleet.wait_cycles(2, 60)
        prometheus = Prometheus(self.fleet.folder, [], [self.scrape(cluster) for cluster in clusters.values()])
        self.fleet.extras.append(prometheus)
        prometheus.start()
        wait_until(lambda: prometheus.up() == 6, 30, "all six pods are scraped")
        # Once the rates of the first seconds are past, nothing is wrong with either of them.
        wait_until(lambda: not prometheus.firing(), 60, lambda: f"nothing fires, but: {prometheus.firing_labels()}")

        redis.kill()
        seen = {}

        def look():
            for labels in prometheus.firing_labels():
                seen.setdefault(labels.get("installation"), set()).add(labels["alertname"])
            return {"PaperscoutRedisDown", "PaperscoutNoLeader"} <= seen.get("staging", set())
        wait_until(look, 60, lambda: f"the alerts of staging fire: {seen}")
        end = time.monotonic() + 3
        while time.monotonic() < end:
            look()
            time.sleep(0.2)
        print(f"staging lost its Redis: {', '.join(sorted(seen['staging']))}; nothing of production")
        self.assertEqual(set(seen), {"staging"}, seen)
        if os.environ.get("PAPERSCOUT_LONG") != "1":
            return
        redis.start()
        wait_until(lambda: not prometheus.firing(), 90, lambda: f"all clear, but: {prometheus.firing_labels()}")


if __name__ == "__main__":
    unittest.main()
