#!/usr/bin/env python3
"""The manifests, without a cluster: schemas, what refers to what, the restricted Pod Security, settings."""
import copy
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest

from rig import Redis, program_path, wait_until
from rig.fleet import environment
from rig.manifests import (COMPONENTS, K8S, OVERLAYS, container_environment, data_of, need_tools,
                           objects, of_kind, overlay, parse_yaml, rendered, validate, write_overlay)
from rig.reach import selects

# One wrong thing each: kind, name's end, path to what is changed, new value (None: taken out).
MUTANTS = (
    ("Deployment", "worker", "spec/template/spec/containers/0/livenesProbe", {"httpGet": {"port": 1}}),
    ("Deployment", "worker", "spec/template/spec/containers/0/livenessProbe/httpGet/pth", "/livez"),
    ("Deployment", "worker", "spec/template/spec/containers/0/securityContext/readOnlyRootFileSystem", True),
    ("Deployment", "worker", "spec/template/spec/containers/0/resources/limits/memory", "64Mbb"),
    ("Deployment", "worker", "spec/template/spec/containers/0/readinessProbe/periodSeconds", "five"),
    ("Deployment", "worker", "spec/template/spec/containers/0/image", 7),
    ("Deployment", "worker", "spec/template/spec/containers/0/name", None),
    ("Deployment", "worker", "spec/template/spec/terminationGracePeriod", 40),
    ("Deployment", "worker", "spec/template/spec/automountServiceAccountTokens", False),
    ("Deployment", "worker", "spec/strategy/rollingUpdate/maxSurges", 1),
    ("Deployment", "worker", "spec/selector", None),
    ("Deployment", "worker", "metadata/name", "Paperscout_Worker"),
    ("Deployment", "worker", "apiVersion", "apps/v1beta1"),
    ("Service", "notifier", "spec/ports/0/targetport", "events"),
    ("PodDisruptionBudget", "worker", "spec/minAvailabel", 1),
    ("NetworkPolicy", "upstreams", "spec/egress/0/to/0/ipBlock/excepts", []),
    ("HTTPRoute", "events", "spec/rules/0/backendRef", []),
    ("HTTPRoute", "events", "spec/rules/0/matches/0/path/type", "Prefix"),
    ("ScaledObject", "worker", "spec/triggers/0/metadatas", {}),
    ("ScaledObject", "worker", "spec/triggers/0/type", None),
    ("ScaledObject", "worker", "spec/minReplicas", 1),
    ("ScaledObject", "worker", "spec/scaleTargetRef/nam", "x"),
    ("PodMonitor", "paperscout", "spec/podMetricsEndpoints/0/interval", "15 s"),
    ("PodMonitor", "paperscout", "spec/podMetricsEndpoint", []),
    ("ServiceAccount", "worker", "automountServiceAccounttoken", False),
)


def mutated(found, kind, name, path, value):
    item = copy.deepcopy(next(item for item in found if item["kind"] == kind
                              and item["metadata"]["name"].endswith(name)))
    *way, last = path.split("/")
    part = item
    for key in way:
        part = part[int(key)] if isinstance(part, list) else part[key]
    if value is None:
        del part[last]
    else:
        part[last] = value
    return item


class Schemas(unittest.TestCase):
    def setUp(self):
        need_tools()
        self.folder = tempfile.mkdtemp(prefix="paperscout-test-")
        self.addCleanup(shutil.rmtree, self.folder)

    def file(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def test_every_object_of_each_overlay_has_the_fields_of_its_kind(self):
        files = [self.file(f"{name}.yaml", rendered(overlay(name))) for name in OVERLAYS]
        files.append(os.path.join(K8S, "base", "secret.example.yaml"))
        status, lines = validate(*files)
        count = sum(len(objects(overlay(name))) for name in OVERLAYS) + 3
        self.assertEqual((status, lines), (0, [f"{count} passed, 0 failed"]))
        print(f"{count} objects have the fields of their kinds")

    def test_a_field_that_is_not_there_or_wrong_is_caught(self):
        found = objects(write_overlay(self.folder, overlay("prod"), ("keda", "gateway")))
        bad = [mutated(found, *mutant) for mutant in MUTANTS]
        status, lines = validate(self.file("mutants.yaml", "\n---\n".join(map(json.dumps, bad))))
        self.assertEqual((status, lines[-1]), (1, f"0 passed, {len(MUTANTS)} failed"), "\n".join(lines))
        self.assertIn("containers/0/livenesProbe unknown field", lines[0])
        print(f"{len(MUTANTS)} of {len(MUTANTS)} wrong fields were caught")


def pod_named(found, component):
    return of_kind(found, "Deployment")[f"paperscout-{component}"]["spec"]["template"]["spec"]


class Overlays(unittest.TestCase):
    """What no schema knows. Each test looks at every overlay."""

    def setUp(self):
        need_tools()

    def overlays(self):
        for name in OVERLAYS:
            with self.subTest(overlay=name):
                yield objects(overlay(name))

    def pods(self, found):
        """(name, pod spec, template) of everything that makes pods."""
        for item in found:
            if "template" in item.get("spec", {}):
                yield item["metadata"]["name"], item["spec"]["template"]["spec"], item["spec"]["template"]

    def ours(self, found):
        for component in COMPONENTS:
            item = of_kind(found, "Deployment")[f"paperscout-{component}"]
            yield component, item, item["spec"]["template"]["spec"]

    def test_pods_are_what_restricted_pod_security_wants(self):
        for found in self.overlays():
            # In no overlay: "kubectl delete -k" must not delete the namespace, and every claim in it.
            self.assertEqual(of_kind(found, "Namespace"), {})
            for name, pod, _ in self.pods(found):
                self.assertFalse({"hostNetwork", "hostPID", "hostIPC"} & set(pod), name)
                self.assertIs(pod["automountServiceAccountToken"], False, name)
                context = pod["securityContext"]
                self.assertIs(context["runAsNonRoot"], True, name)
                self.assertGreater(context["runAsUser"], 0, name)
                self.assertEqual(context["seccompProfile"], {"type": "RuntimeDefault"}, name)
                self.assertLessEqual({next(iter(set(volume) - {"name"})) for volume in pod["volumes"]},
                                     {"secret", "configMap", "emptyDir"}, name)
                for container in pod["containers"] + pod.get("initContainers", []):
                    self.assertEqual(container["securityContext"],
                                     {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                                      "capabilities": {"drop": ["ALL"]}}, name)
                    self.assertFalse(any("hostPort" in port for port in container.get("ports", [])), name)

    def test_the_namespace_of_its_own_enforces_restricted_pod_security(self):
        with open(os.path.join(K8S, "namespace.yaml"), encoding="utf-8") as file:
            namespace, = parse_yaml(file.read())
        self.assertEqual(namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"], "restricted")

    def test_two_installations_in_one_namespace_select_their_own_pods(self):
        """Each selector of ours names the instance, so a second one with another value shares nothing."""
        for found in self.overlays():
            for item in found:
                selectors = [item["spec"][name] for name in ("selector", "podSelector")
                             if isinstance(item.get("spec", {}).get(name), dict)]
                for selector in selectors if item["kind"] != "PodMonitor" else ():
                    labels = selector if item["kind"] == "Service" else selector.get("matchLabels", {})
                    self.assertEqual(labels.get("app.kubernetes.io/instance"), "paperscout",
                                     f"{item['kind']} {item['metadata']['name']}")

    def test_the_last_line_of_a_log_is_the_reason_that_describe_shows(self):
        for found in self.overlays():
            for component, _, pod in self.ours(found):
                self.assertEqual(pod["containers"][0]["terminationMessagePolicy"], "FallbackToLogsOnError", component)

    def test_images_are_named_by_version_and_memory_has_a_limit(self):
        for found in self.overlays():
            for name, pod, _ in self.pods(found):
                for container in pod["containers"]:
                    tag = container["image"].rpartition(":")[2]
                    self.assertRegex(tag, r"^\d", name)
                    self.assertIn("memory", container["resources"]["limits"], name)
                    self.assertEqual(set(container["resources"]["requests"]), {"cpu", "memory"}, name)
        version = subprocess.run([program_path("paperscout-worker"), "--version"], check=True,
                                 capture_output=True, text=True).stdout.split()[1]
        for _, _, pod in self.ours(objects(overlay("prod"))):
            self.assertTrue(pod["containers"][0]["image"].endswith(f":{version}"))

    def test_probes_mean_what_they_say(self):
        for found in self.overlays():
            for component, item, pod in self.ours(found):
                container = pod["containers"][0]
                paths = {probe: container[f"{probe}Probe"]["httpGet"] for probe in
                         ("startup", "liveness", "readiness")}
                self.assertEqual({name: get["path"] for name, get in paths.items()},
                                 {"startup": "/livez", "liveness": "/livez",
                                  "readiness": "/readyz/events" if component == "notifier" else "/readyz"})
                ports = {port["name"]: port["containerPort"] for port in container["ports"]}
                self.assertEqual({get["port"] for get in paths.values()}, {"health"})
                values = container_environment(found, pod, {"name": "pod"})
                self.assertEqual(int(values["HEALTH_PORT"]), ports["health"])
                self.assertEqual(values["HEALTH_BIND_HOST"], "0.0.0.0")
                if component == "notifier":
                    self.assertEqual(int(values["PORT"]), ports["events"])
                before = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
                self.assertGreaterEqual(pod["terminationGracePeriodSeconds"],
                                        before + float(values["SHUTDOWN_GRACE_SECONDS"]) + 5)
                self.assertEqual(item["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"], 0)

    def test_every_setting_is_known_and_check_config_takes_them_all(self):
        known = subprocess.run([program_path("paperscout-scheduler"), "--env-example"], check=True,
                               capture_output=True, text=True).stdout
        known = set(re.findall(r"^#?([A-Z][A-Z0-9_]*)=", known, re.MULTILINE))
        self.assertGreater(len(known), 60)
        example = os.path.join(K8S, "base", "secret.example.yaml")
        with open(example, encoding="utf-8") as file:
            secrets = parse_yaml(file.read().replace("CHANGE-ME", "changed"))
        for found in self.overlays():
            if "paperscout-redis" not in of_kind(found, "Secret"):
                found = found + [item for item in secrets
                                 if item["metadata"]["name"] not in of_kind(found, "Secret")]
            for component, _, pod in self.ours(found):
                values = container_environment(found, pod, {"name": f"{component}-0"})
                self.assertEqual({name.removesuffix("_FILE") for name in values} - known, set())
                with tempfile.TemporaryDirectory() as folder:
                    self.mount(found, pod, folder, values)
                    self.check_config(component, values, folder)

    def mount(self, found, pod, folder, values):
        """The pod's secrets as files below folder, and the settings that name them."""
        for volume, mount in zip(pod["volumes"], pod["containers"][0]["volumeMounts"]):
            self.assertEqual(volume["name"], mount["name"])
            secret = next(data_of(found, "Secret", name) for name in of_kind(found, "Secret")
                          if re.fullmatch(volume["secret"]["secretName"], name))
            place = folder + mount["mountPath"]
            os.makedirs(place)
            for item in volume["secret"]["items"]:
                with open(os.path.join(place, item["path"]), "wb") as file:
                    file.write(secret[item["key"]])
        for name, value in values.items():
            if name.endswith("_FILE"):
                values[name] = folder + value

    def check_config(self, component, values, folder):
        if values.get("REDIS_URL_FILE"):
            with open(values["REDIS_URL_FILE"], encoding="utf-8") as file:
                url = file.read()
            if url.startswith("rediss:"):  # this build may be one without TLS to Redis
                with open(values["REDIS_URL_FILE"], "w", encoding="utf-8") as file:
                    file.write(url.replace("rediss:", "redis:"))
        done = subprocess.run([program_path(f"paperscout-{component}"), "check-config"], cwd=folder,
                              env=environment(values), capture_output=True, text=True, timeout=20)
        self.assertEqual((done.returncode, done.stderr), (0, ""), component)
        told = dict(line.split("=", 1) for line in done.stdout.splitlines())
        self.assertEqual(told["INSTANCE_ID"], f"{component}-0")
        self.assertEqual(told["REDIS_URL"], "(set)")
        for name in set(values) & set(told) - {"PROBE_RATE_LIMIT"}:
            self.assertEqual(told[name], values[name], name)

    def test_a_secret_is_a_file_and_only_with_whom_needs_it(self):
        wanted = {"scheduler": {"paperscout-redis", "paperscout-postgres"}, "worker": {"paperscout-redis"},
                  "notifier": {"paperscout-redis", "paperscout-postgres", "paperscout-slack"}}
        for found in self.overlays():
            for component, _, pod in self.ours(found):
                secrets = [volume["secret"] for volume in pod["volumes"] if "secret" in volume]
                self.assertEqual({re.sub(r"-[a-z0-9]{10}$", "", secret["secretName"]) for secret in secrets},
                                 wanted[component])
                self.assertTrue(all(secret["defaultMode"] == 0o440 for secret in secrets))
                self.assertNotIn("secretKeyRef", str(pod))
                self.assertNotIn("secretRef", str(pod))

    def test_what_selects_pods_finds_some_and_what_is_named_is_there(self):
        for found in self.overlays():
            labels = {name: template["metadata"]["labels"] for name, _, template in self.pods(found)}
            for item in found:
                spec = item.get("spec", {})
                selector = spec.get("podSelector", spec.get("selector"))
                if not selector or item["kind"] == "PrometheusRule":
                    continue
                if item["kind"] == "Service":
                    selector = {"matchLabels": selector}
                chosen = {name for name, have in labels.items() if selects(selector, have)}
                self.assertTrue(chosen, f"{item['kind']} {item['metadata']['name']} selects nothing")
                if item["kind"] in ("Deployment", "StatefulSet", "PodDisruptionBudget"):
                    self.assertEqual(chosen, {item["metadata"]["name"]})
            accounts = of_kind(found, "ServiceAccount")
            for _, _, pod in self.ours(found):
                self.assertIs(accounts[pod["serviceAccountName"]]["automountServiceAccountToken"], False)
            self.assertFalse({"Role", "ClusterRole", "RoleBinding"} & {item["kind"] for item in found})
            if "priorityClassName" in str(found):
                self.assertIn("paperscout", of_kind(found, "PriorityClass"))

    def test_a_node_can_be_drained_and_does_not_take_all(self):
        for found in self.overlays():
            least = {item["spec"]["scaleTargetRef"]["name"]: item["spec"].get("minReplicaCount", item["spec"].get("minReplicas"))
                     for kind in ("ScaledObject", "HorizontalPodAutoscaler") for item in of_kind(found, kind).values()}
            budgets = of_kind(found, "PodDisruptionBudget")
            for component, item, _ in self.ours(found):
                name = f"paperscout-{component}"
                replicas = least.get(name) or item["spec"]["replicas"]
                budget = budgets[name]["spec"]
                may_go = budget.get("maxUnavailable", replicas - budget.get("minAvailable", 0))
                self.assertGreaterEqual(may_go, 1, f"{name}: {replicas} of them, a drain would never end")
                self.assertTrue(replicas == 1 or may_go < replicas, name)
                self.assertEqual(budget["unhealthyPodEvictionPolicy"], "AlwaysAllow", name)

    def test_no_more_nodes_are_needed_than_two(self):
        """An anti-affinity that is required wants a node for each replica: a fourth would never start on three, and
        so would an update, which takes no old pod away before a new one is there."""
        found = objects(overlay("prod"))
        most = {item["spec"]["scaleTargetRef"]["name"]: item["spec"].get("maxReplicaCount", item["spec"].get("maxReplicas"))
                for kind in ("ScaledObject", "HorizontalPodAutoscaler") for item in of_kind(found, kind).values()}
        for component, item, pod in self.ours(found):
            replicas = most.get(f"paperscout-{component}") or item["spec"]["replicas"]
            required = "requiredDuringSchedulingIgnoredDuringExecution" in str(pod.get("affinity"))
            self.assertTrue(not required or replicas <= 2, f"{component}: a node for each of {replicas}")
            apart = required or "DoNotSchedule" in str(pod["topologySpreadConstraints"])
            self.assertTrue(apart or component == "worker", f"{component}: all of them on one node")

    def test_replicas_are_fixed_where_nothing_scales_them(self):
        for found in self.overlays():
            for component, item, _ in self.ours(found):
                self.assertGreaterEqual(item["spec"]["replicas"], 1, component)
            self.assertFalse({"ScaledObject", "HorizontalPodAutoscaler"} & {item["kind"] for item in found})

    def test_authorities_of_ones_own_reach_every_program(self):
        with tempfile.TemporaryDirectory() as folder:
            write_overlay(folder, overlay("prod"), ("redis-ca", "postgres-ca"))
            found = objects(folder)
            path = os.path.join(folder, "rendered.yaml")
            with open(path, "w", encoding="utf-8") as file:
                file.write(rendered(folder))
            self.assertEqual(validate(path), (0, [f"{len(found)} passed, 0 failed"]))
        with open(os.path.join(K8S, "components", "postgres-ca", "kustomization.yaml"), encoding="utf-8") as file:
            of_postgres = re.search(r"sslrootcert=(\S+)", file.read())[1]
        for component, _, pod in self.ours(found):
            of_redis = container_environment(found, pod, {"name": "x"})["REDIS_CA_FILE"]
            files = {f"{mount['mountPath']}/{item['path']}": volume["secret"]["secretName"]
                     for volume, mount in zip(pod["volumes"], pod["containers"][0]["volumeMounts"])
                     for item in volume["secret"]["items"]}
            self.assertEqual(files[of_redis], "paperscout-redis")
            self.assertEqual(files.get(of_postgres), None if component == "worker" else "paperscout-postgres")

    def test_the_alerts_are_those_of_deploy(self):
        folder = os.path.join(K8S, "components", "monitoring")
        made = subprocess.run(["python3", os.path.join(folder, "make_rule.py"), "--print"], check=True,
                              capture_output=True, text=True).stdout
        with open(os.path.join(folder, "prometheusrule.yaml"), encoding="utf-8") as file:
            self.assertEqual(file.read(), made, "k8s/components/monitoring/make_rule.py makes it anew")
        dashboard = subprocess.run(["python3", os.path.join(folder, "make_rule.py"), "--print-dashboard"], check=True,
                                   capture_output=True, text=True).stdout
        have = data_of(objects(overlay("prod")), "ConfigMap", "paperscout-dashboard")["paperscout.json"].decode()
        self.assertEqual(have, dashboard, "k8s/components/monitoring/make_rule.py makes it anew")
        with open(os.path.join(K8S, "..", "deploy", "alerts", "paperscout.yml"), encoding="utf-8") as file:
            alerts = parse_yaml(file.read())[0]
        prod = objects(overlay("prod"))
        url = next(item["data"]["RUNBOOK_URL"] for item in prod if item["metadata"]["name"].startswith("paperscout-settings"))
        for alert in alerts["groups"][0]["rules"]:  # each links to the runbook that RUNBOOK_URL names
            alert["annotations"]["runbook_url"] = f"{url}#{alert['alert']}"
        self.assertEqual(of_kind(prod, "PrometheusRule")["paperscout"]["spec"], alerts)

    def test_the_ingress_of_the_readme_leads_to_the_notifier(self):
        with open(os.path.join(K8S, "README.md"), encoding="utf-8") as file:
            command = re.search(r"^ *(kubectl .* create ingress .*)$", file.read(), re.MULTILINE)[1]
        done = subprocess.run([*shlex.split(command), "--dry-run=client", "-o", "yaml"], check=True, capture_output=True,
                              text=True)
        ingress, = parse_yaml(done.stdout)
        path, = ingress["spec"]["rules"][0]["http"]["paths"]
        self.assertEqual((path["path"], path["pathType"]), ("/slack/", "Prefix"))
        backend = path["backend"]["service"]
        service = of_kind(objects(overlay("prod")), "Service")[backend["name"]]
        self.assertEqual(service["metadata"]["namespace"], ingress["metadata"]["namespace"])
        self.assertIn(backend["port"]["name"], [port["name"] for port in service["spec"]["ports"]])

    def test_an_alert_names_the_pod(self):
        """Alerts keep the label instance alone, which would be an address otherwise; so many a pod, so many names."""
        endpoint, = of_kind(objects(overlay("prod")), "PodMonitor")["paperscout"]["spec"]["podMetricsEndpoints"]
        self.assertIn({"sourceLabels": ["__meta_kubernetes_pod_name"], "targetLabel": "instance"}, endpoint["relabelings"])

    def test_memory_limits_leave_room_above_what_was_seen(self):
        """Of what each program takes at its caps, as deploy/SIZING.md has it; a container above its limit is killed."""
        with open(os.path.join(K8S, "..", "deploy", "SIZING.md"), encoding="utf-8") as file:
            text = file.read()
        for component in COMPONENTS:
            most, limit = re.search(rf"^\| {component} \| [^|]+ \| (\d+) MB \| (\d+) MiB \|$", text, re.MULTILINE).groups()
            self.assertGreater(int(limit) * 2 ** 20, 1.3 * int(most) * 10 ** 6, component)
            for found in self.overlays():
                container = pod_named(found, component)["containers"][0]
                self.assertEqual(container["resources"]["limits"]["memory"], f"{limit}Mi", component)

    def test_roles_of_ones_own_in_the_database(self):
        """The owner's URL reaches the init container that migrates; no program that runs later sees it."""
        for found in self.overlays():
            for component, _, pod in self.ours(found):
                keys = {volume["name"]: [item["key"] for item in volume["secret"]["items"]] for volume in pod["volumes"]
                        if "secret" in volume}
                mounted = [mount["name"] for mount in pod["containers"][0]["volumeMounts"]]
                self.assertNotIn("postgres-owner", mounted, component)
                self.assertFalse([name for name in mounted if {"owner-url", "password", "url"} & set(keys[name]) and
                                  name.startswith("postgres")], component)
                if component == "worker":
                    self.assertNotIn("postgres", keys)
                else:
                    self.assertEqual(keys["postgres"], [f"{component}-url"])
                for container in pod.get("initContainers", []):
                    self.assertEqual((component, container["securityContext"]), ("scheduler", pod["containers"][0]["securityContext"]))
            migrate = pod_named(found, "scheduler")["initContainers"][0]
            self.assertEqual((migrate["args"], migrate["image"]),
                             (["migrate"], pod_named(found, "scheduler")["containers"][0]["image"]))
        with open(os.path.join(K8S, "..", "deploy", "roles.sql"), encoding="utf-8") as file, \
                open(os.path.join(overlay("dev"), "roles.sql"), encoding="utf-8") as copied:
            self.assertEqual(copied.read(), file.read(), "k8s/overlays/dev/roles.sql is a copy of deploy/roles.sql")

    def test_the_redis_of_dev_is_one_that_paperscout_takes(self):
        found = objects(overlay("dev"))
        name = next(name for name in of_kind(found, "Secret") if name.startswith("redis-config"))
        with tempfile.TemporaryDirectory() as folder:
            redis = Redis(folder)
            text = data_of(found, "Secret", name)["redis.conf"].decode()
            path = os.path.join(folder, "redis.conf")
            with open(path, "w", encoding="utf-8") as file:
                file.write(text.replace("dir /data", f"dir {folder}"))
            server = subprocess.Popen([shutil.which("redis-server"), path, "--port", str(redis.port),
                                       "--bind", "127.0.0.1"], stdout=subprocess.DEVNULL)
            try:
                wait_until(lambda: redis.call("AUTH", "development") == "OK", 10, "Redis takes the password")
                for setting, value in (("maxmemory-policy", "noeviction"), ("appendonly", "yes")):
                    self.assertEqual(redis.call("CONFIG", "GET", setting), [setting, value])
            finally:
                redis.stop()
                server.terminate()
                server.wait(10)
        url = data_of(found, "Secret", next(name for name in of_kind(found, "Secret")
                                            if name.startswith("paperscout-redis")))["url"]
        self.assertEqual(url, b"redis://:development@redis:6379/0")


if __name__ == "__main__":
    unittest.main()
