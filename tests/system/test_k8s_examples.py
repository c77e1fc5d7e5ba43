#!/usr/bin/env python3
"""The overlays of k8s/examples and the optional components: rendered, validated, and right in what they are for."""
import math
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from rig import program_path
from rig.fleet import environment
from rig.manifests import (COMPONENTS, EXAMPLES, K8S, container_environment, example, need_tools, objects, of_kind, overlay,
                           rendered, validate, write_overlay)
from rig.reach import End, allowed, selects


def deployment(found, component):
    item, = [item for item in found if item["kind"] == "Deployment" and
             item["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/component"] == component]
    return item


def pod_of(found, component):
    return deployment(found, component)["spec"]["template"]["spec"]


def end_of(found, component):
    template = deployment(found, component)["spec"]["template"]
    ports = {port["name"]: port["containerPort"] for port in template["spec"]["containers"][0]["ports"]}
    return End(component, "10.244.0.7", template["metadata"]["labels"], deployment(found, component)["metadata"]["namespace"], ports)


def policies(found):
    return list(of_kind(found, "NetworkPolicy").values())


class Case(unittest.TestCase):
    def setUp(self):
        need_tools()
        self.folder = tempfile.mkdtemp(prefix="paperscout-test-")
        self.addCleanup(shutil.rmtree, self.folder)

    def over(self, resource, components=(), **more):
        folder = tempfile.mkdtemp(dir=self.folder)
        return objects(write_overlay(folder, resource, components, **more))


class Examples(Case):
    def test_every_example_has_the_fields_of_its_kinds(self):
        files = []
        for name in EXAMPLES:
            files.append(os.path.join(self.folder, name.replace("/", "-") + ".yaml"))
            with open(files[-1], "w", encoding="utf-8") as file:
                file.write(rendered(example(name)))
        count = sum(len(objects(example(name))) for name in EXAMPLES)
        self.assertEqual(validate(*files), (0, [f"{count} passed, 0 failed"]))

    def test_no_example_is_left_out(self):
        found = {os.path.relpath(folder, example("")) for folder, _, files in os.walk(example(""))
                 if "kustomization.yaml" in files}
        self.assertEqual(found, set(EXAMPLES))

    def test_every_object_names_its_installation(self):
        """Selectors, alerts, removal with a label and people go by these."""
        everything = [(name, objects(example(name))) for name in EXAMPLES] + [
            ("all components", self.over(os.path.join(K8S, "base"), ("monitoring", "keda", "gateway", "in-cluster-webhooks")))]
        for name, found in everything:
            for item in found:
                if item["kind"] == "PriorityClass":  # of the cluster, not of an installation
                    continue
                labels = item["metadata"].get("labels", {})
                wanted = {"instance": "staging" if name.endswith("staging") else "paperscout", "part-of": "paperscout"}
                self.assertLessEqual({f"app.kubernetes.io/{key}": value for key, value in wanted.items()}.items(),
                                     labels.items(), f"{name}: {item['kind']} {item['metadata']['name']}")
                if "template" in item.get("spec", {}):
                    labels = item["spec"]["template"]["metadata"]["labels"]
                    self.assertEqual({key.rpartition("/")[2] for key in labels},
                                     {"name", "instance", "component", "part-of", "managed-by", "version"})

    def test_their_settings_are_known_and_valid(self):
        known = subprocess.run([program_path("paperscout-scheduler"), "--env-example"], check=True, capture_output=True,
                               text=True).stdout
        known = set(re.findall(r"^#?([A-Z][A-Z0-9_]*)=", known, re.MULTILINE))
        secrets = {"REDIS_URL_FILE": "redis://redis.example.com:6379/0", "SLACK_BOT_TOKEN_FILE": "xoxb-1",
                   "DATABASE_URL_FILE": "postgresql://u:p@postgres.example.com/d", "SLACK_SIGNING_SECRET_FILE": "s",
                   "SLACK_APP_TOKEN_FILE": "xapp-1"}
        for name in EXAMPLES:
            found = objects(example(name))
            for component in COMPONENTS:
                values = container_environment(found, pod_of(found, component), {"name": "pod"})
                values.pop("REDIS_CA_FILE", None)  # no such file here
                for file, text in secrets.items():
                    if file in values:
                        values[file] = os.path.join(self.folder, file)
                        with open(values[file], "w", encoding="utf-8") as out:
                            out.write(text)
                unknown = {key.removesuffix("_FILE") for key in values} - known
                self.assertLessEqual(unknown, {"SLACK_APP_TOKEN"}, name)  # until this program has Socket Mode
                done = subprocess.run([program_path(f"paperscout-{component}"), "check-config"], cwd=self.folder,
                                      env=environment(values), capture_output=True, text=True, timeout=20)
                self.assertEqual(done.returncode, 0, f"{name} {component}: {done.stderr}")

    def test_a_single_namespace_needs_no_right_beyond_it(self):
        found = objects(example("single-namespace"))
        self.assertEqual({item["metadata"]["namespace"] for item in found}, {"team-a"})
        self.assertLessEqual({item["apiVersion"] for item in found},
                             {"v1", "apps/v1", "policy/v1", "networking.k8s.io/v1"})
        for account in of_kind(found, "ServiceAccount").values():
            self.assertEqual(account["imagePullSecrets"], [{"name": "paperscout-registry"}])

    def test_two_installations_in_one_namespace_share_nothing(self):
        first, second = (objects(example(f"two-installations/{name}")) for name in ("production", "staging"))
        names = [{(item["kind"], item["metadata"].get("namespace"), item["metadata"]["name"]) for item in found}
                 for found in (first, second)]
        self.assertEqual(names[0] & names[1], set())
        for found, others in ((first, second), (second, first)):
            labels = [deployment(others, component)["spec"]["template"]["metadata"]["labels"] for component in COMPONENTS]
            for item in found:
                selector = item.get("spec", {}).get("podSelector", item.get("spec", {}).get("selector"))
                if not selector or item["kind"] == "PrometheusRule":
                    continue
                if item["kind"] == "Service":
                    selector = {"matchLabels": selector}
                self.assertFalse(any(selects(selector, each) for each in labels),
                                 f"{item['kind']} {item['metadata']['name']} selects pods of the other installation")
        for component in COMPONENTS:
            pods = [pod_of(found, component) for found in (first, second)]
            values = [container_environment(found, pod, {"name": "x"}) for found, pod in zip((first, second), pods)]
            self.assertNotEqual(values[0]["REDIS_KEY_PREFIX"], values[1]["REDIS_KEY_PREFIX"])
            secrets = [{volume["secret"]["secretName"] for volume in pod["volumes"]} for pod in pods]
            self.assertEqual(secrets[0] & secrets[1], set())
        self.assertEqual(sum(len(of_kind(found, "PrometheusRule")) for found in (first, second)), 1)

    def test_an_external_redis_alone_is_reached_with_its_authority(self):
        found = objects(example("external-redis-tls"))
        for component in COMPONENTS:
            pod = end_of(found, component)
            for address, port, wanted in (("198.51.100.7", 6380, True), ("198.51.100.7", 6379, False),
                                          ("198.51.100.8", 6380, False)):
                self.assertIs(allowed(policies(found), pod, End(address, address), port), wanted)
            values = container_environment(found, pod_of(found, component), {"name": "x"})
            self.assertEqual(values["REDIS_CA_FILE"], "/run/secrets/paperscout/redis/ca.crt")

    def test_socket_mode_opens_no_port_and_needs_no_signing_secret(self):
        found = objects(example("socket-mode"))
        pod = pod_of(found, "notifier")
        values = container_environment(found, pod, {"name": "x"})
        self.assertNotIn("SLACK_SIGNING_SECRET_FILE", values)
        keys = [item["key"] for volume in pod["volumes"] for item in volume["secret"]["items"]
                if volume["name"] == "slack"]
        self.assertEqual(keys, ["bot-token", "app-token"])
        self.assertEqual(values["SLACK_APP_TOKEN_FILE"], "/run/secrets/paperscout/slack/app-token")
        for namespace in ("ingress-nginx", "default"):
            client = End("a pod", "10.244.0.9", {}, namespace)
            self.assertFalse(allowed(policies(found), client, end_of(found, "notifier"), 3000))
        self.assertTrue(allowed(policies(found), end_of(found, "notifier"), End("Slack", "93.184.216.34"), 443))

    def test_a_gateway_reaches_the_events_port(self):
        found = objects(example("gateway-api"))
        backend, = of_kind(found, "HTTPRoute")["paperscout-events"]["spec"]["rules"][0]["backendRefs"]
        service = of_kind(found, "Service")[backend["name"]]
        self.assertIn(backend["port"], [port["port"] for port in service["spec"]["ports"]])
        for namespace, wanted in (("envoy-gateway-system", True), ("default", False)):
            client = End("a proxy", "10.244.0.9", {}, namespace)
            self.assertIs(allowed(policies(found), client, end_of(found, "notifier"), 3000), wanted)

    def test_openshift_chooses_the_user_and_answers_dns_on_its_own_port(self):
        found = objects(example("openshift"))
        dns = End("DNS", "10.128.0.3", {}, "openshift-dns")
        for component in COMPONENTS:
            context = pod_of(found, component)["securityContext"]
            self.assertEqual(context, {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}})
            self.assertTrue(allowed(policies(found), end_of(found, component), dns, 5353, "UDP"))
            self.assertFalse(allowed(policies(found), end_of(found, component), dns, 53, "UDP"))
        router = End("the router", "10.128.0.9", {}, "openshift-ingress")
        self.assertTrue(allowed(policies(found), router, end_of(found, "notifier"), 3000))


class Components(Case):
    def test_an_image_by_its_digest_in_every_container(self):
        """Also in the init container that migrates, whose image the component names with a tag."""
        digest = "sha256:" + "1" * 64
        found = self.over(overlay("prod"), images=[
            {"name": f"registry.example.com/paperscout/paperscout-{component}", "newName": f"mirror.example.com/{component}",
             "digest": digest} for component in COMPONENTS])
        for component in COMPONENTS:
            pod = pod_of(found, component)
            for container in pod["containers"] + pod.get("initContainers", []):
                self.assertEqual(container["image"], f"mirror.example.com/{component}@{digest}")

    def test_a_prefix_reaches_what_an_operator_is_told_to_scale_and_to_route_to(self):
        found = self.over(overlay("prod"), ("keda", "gateway"), namePrefix="eu-")
        scaled = of_kind(found, "ScaledObject")["eu-paperscout-worker"]["spec"]["scaleTargetRef"]["name"]
        self.assertIn(scaled, of_kind(found, "Deployment"))
        backend, = of_kind(found, "HTTPRoute")["eu-paperscout-events"]["spec"]["rules"][0]["backendRefs"]
        self.assertIn(backend["name"], of_kind(found, "Service"))

    def test_webhooks_in_the_cluster_pass_only_where_a_namespace_says_so(self):
        found = self.over(overlay("prod"), ("in-cluster-webhooks",))
        rule, = of_kind(found, "NetworkPolicy")["paperscout-webhooks"]["spec"]["egress"]
        self.assertEqual(rule["to"], [{"namespaceSelector": {"matchLabels": {"paperscout/receives-webhooks": "true"}}}])
        self.assertEqual(set(rule), {"to"})

    def test_without_events_no_secret_of_theirs_is_needed(self):
        found = self.over(overlay("prod"), ("no-events",))
        self.assertNotIn("signing-secret", str(pod_of(found, "notifier")))

    def test_workers_are_scaled_by_requests_on_the_wire(self):
        """The query's value at three sites, computed by Prometheus, and the number that the autoscaler makes of it."""
        found = self.over(overlay("prod"), ("keda",))
        self.assertNotIn("replicas", deployment(found, "worker")["spec"])
        spec = of_kind(found, "ScaledObject")["paperscout-worker"]["spec"]
        trigger, = spec["triggers"]
        self.assertEqual((trigger["type"], trigger["metricType"]), ("prometheus", "AverageValue"))
        self.assertNotIn("authenticationRef", trigger)  # no password a second time
        threshold = float(trigger["metadata"]["threshold"])
        values = container_environment(found, pod_of(found, "worker"), {"name": "x"})
        self.assertLess(threshold, float(values.get("HTTP_CONCURRENCY", 20)))
        if shutil.which("promtool") is None:
            raise unittest.SkipTest("there is no promtool on this machine")
        # (site, workers, seconds spent in requests per second and worker, workers wanted)
        sites = (("default limits, 100 ms answers: 20 on the wire", 2, 10, 2), ("nothing to do", 2, 0, 2),
                 ("a limit of 1,000 a second, 100 ms answers, workers full", 2, 20, 3),
                 ("the same with 7 workers: 100 on the wire", 7, 100 / 7, 7), ("more than the maximum", 8, 20, 8))
        for title, workers, each, wanted in sites:
            series = "".join(f"""
      - series: paperscout_probe_duration_seconds_sum{{namespace="paperscout",installation="paperscout",instance="worker-{i}"}}
        values: 0+{each * 15:.4f}x40""" for i in range(workers))
            with open(os.path.join(self.folder, "test.yml"), "w", encoding="utf-8") as file:
                file.write(f"""rule_files: []
evaluation_interval: 15s
tests:
  - interval: 15s
    input_series:{series}
    promql_expr_test:
      - expr: round({trigger["metadata"]["query"]}, 0.1)
        eval_time: 5m
        exp_samples:
          - value: {round(workers * each, 1)}
""")
            done = subprocess.run(["promtool", "test", "rules", os.path.join(self.folder, "test.yml")], capture_output=True,
                                  text=True, timeout=30)
            self.assertEqual(done.returncode, 0, f"{title}: {done.stdout}{done.stderr}")
            replicas = min(max(math.ceil(workers * each / threshold), spec["minReplicaCount"]), spec["maxReplicaCount"])
            self.assertEqual(replicas, wanted, title)


if __name__ == "__main__":
    unittest.main()
