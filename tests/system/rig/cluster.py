"""Deployments, as their controller keeps them, over pods.py: replicas, rolling updates, scaling."""
import hashlib
import json
import math
import os
import signal
import threading
import time

from .manifests import COMPONENTS, objects, of_kind
from .pods import Plain, Pod, speed
from .wait import wait_until


DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"


def share(value, of, up):
    """A number or a percentage of replicas."""
    if isinstance(value, str):
        return (math.ceil if up else math.floor)(int(value.rstrip("%")) * of / 100)
    return value


class Node:
    """cordoned: takes no new pods. lost: its power is gone at this time (monotonic), and its kubelet with it."""

    def __init__(self, name):
        self.name = name
        self.cordoned = False
        self.lost = None


class TooManyRequests(Exception):
    """Status 429 of the eviction API: a budget allows no disruption now."""


class Deployment:
    def __init__(self, cluster, component):
        self.cluster = cluster
        self.component = component
        self.pods = []
        self.made = 0
        self.replicas = None
        self.restarted = 0

    def apply(self, item, least):
        self.template = item["spec"]["template"]
        text = json.dumps(self.template, sort_keys=True)
        self.hash = hashlib.sha256(text.encode()).hexdigest()[:8]
        if "replicas" in item["spec"]:
            self.replicas = item["spec"]["replicas"]
        elif self.replicas is None:
            self.replicas = least
        update = item["spec"]["strategy"]["rollingUpdate"]
        self.surge = share(update["maxSurge"], self.replicas, True)
        self.unavailable = share(update["maxUnavailable"], self.replicas, False)
        self.min_ready = item["spec"].get("minReadySeconds", 0) / self.cluster.speed

    def restart(self):
        """As "kubectl rollout restart": an annotation makes the template another one."""
        self.restarted += 1
        notes = {"kubectl.kubernetes.io/restartedAt": str(self.restarted)}
        self.template = {**self.template, "metadata": {**self.template["metadata"], "annotations": notes}}
        self.hash = hashlib.sha256(json.dumps(self.template, sort_keys=True).encode()).hexdigest()[:8]

    def standing(self):
        return [pod for pod in self.pods if not pod.deleting.is_set()]

    def available(self):
        return [pod for pod in self.standing() if pod.available(self.min_ready)]

    def node_for(self):
        """As the scheduler of Kubernetes: no node that is cordoned or not ready, none that a required anti-affinity
        forbids, and of the others the one with the fewest pods of this revision, then with the fewest pods."""
        taken = [pod.node for pod in self.pods if pod.hash == self.hash]
        affinity = self.template["spec"].get("affinity", {}).get("podAntiAffinity", {})
        apart = "requiredDuringSchedulingIgnoredDuringExecution" in affinity
        nodes = [node for node in self.cluster.nodes.values() if not node.cordoned and
                 not self.cluster.not_ready(node) and not (apart and node in taken)]
        return min(nodes, default=None, key=lambda node: (
            taken.count(node), sum(pod.node is node for pod in self.cluster.pods()), node.name))

    def reconcile(self):
        self.pods = [pod for pod in self.pods if pod.alive()]
        standing = self.standing()
        new = [pod for pod in standing if pod.hash == self.hash]
        old = [pod for pod in standing if pod.hash != self.hash]
        room = self.replicas + (self.surge if old else 0) - len(standing)
        for _ in range(min(self.replicas - len(new), room)):
            node = self.node_for()
            if node is None:
                break  # Pending, until a node takes it
            self.made += 1
            pod = Pod(self.cluster, self.component, self.template, self.hash, self.made)
            pod.node = node
            self.pods.append(pod)
            self.cluster.all_pods.append(pod)
        spare = len(self.available()) - (self.replicas - self.unavailable)
        for pod in sorted(old, key=lambda pod: pod.available(self.min_ready)):
            if pod.available(self.min_ready):
                if spare <= 0:
                    break
                spare -= 1
            pod.delete()
        if not old and len(new) > self.replicas:
            by_worth = sorted(new, key=lambda pod: (pod.ready, int(pod.annotations.get(DELETION_COST, 0)), -pod.made))
            for pod in by_worth[:len(new) - self.replicas]:
                pod.delete()

    def settled(self):
        standing = self.standing()
        return (len(standing) == self.replicas == len(self.available()) and
                all(pod.hash == self.hash for pod in standing) and len(self.pods) == len(standing))


class Cluster:
    """apply() a kustomization; what it names runs until stop()."""

    def __init__(self, folder, backend=None):
        self.folder = os.path.join(folder, "node")
        os.makedirs(self.folder)
        self.speed = speed()
        self.backend = backend or Plain()
        self.objects = []
        self.all_pods = []
        self.stopped = []  # (component, exit status, seconds) of deleted pods
        self.addresses = 0
        self.deployments = {component: Deployment(self, component) for component in COMPONENTS}
        self.closing = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.fault = None
        self.nodes = {name: Node(name) for name in ("node-1", "node-2", "node-3")}
        self.servers = {}  # what init containers have to know of the test's servers, such as PGHOST

    def next_address(self):
        """Of 127/8; other tests that run now have others."""
        self.addresses += 1
        return f"127.{100 + (os.getpid() >> 8) % 100}.{os.getpid() & 255}.{self.addresses}"

    def apply(self, source, more=()):
        """source: the folder of a kustomization, or objects. more: objects that were created by hand before, which is
        how Secrets come into a cluster."""
        found = (objects(source) if isinstance(source, str) else list(source)) + list(more)
        least = {item["spec"]["scaleTargetRef"]["name"]:
                 item["spec"].get("minReplicaCount", item["spec"].get("minReplicas"))
                 for kind in ("ScaledObject", "HorizontalPodAutoscaler")
                 for item in of_kind(found, kind).values()}
        self.objects = found
        for name, item in of_kind(found, "Deployment").items():
            component = item["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/component"]
            self.deployments[component].apply(item, least.get(name, 1))
        if not self.thread.is_alive():
            self.thread.start()

    # Nodes and evictions.
    NOT_READY_AFTER = 40  # the controller manager's --node-monitor-grace-period

    def not_ready(self, node):
        return node.lost is not None and time.monotonic() - node.lost > self.NOT_READY_AFTER / self.speed

    def lose(self, name):
        """The power of a node fails."""
        node = self.nodes[name]
        node.lost = time.monotonic()
        for pod in self.all_pods:
            if pod.node is node:
                pod.lose()

    def _watch_nodes(self):
        for pod in [pod for pod in self.all_pods if pod.node and self.not_ready(pod.node)]:
            pod.ready_since = None
            stays = next((each["tolerationSeconds"] for each in pod.spec.get("tolerations", [])
                          if each.get("key") == "node.kubernetes.io/unreachable"), 300)  # what each pod gets by itself
            if time.monotonic() - pod.node.lost > (self.NOT_READY_AFTER + stays) / self.speed:
                pod.delete()

    def evict(self, pod):
        """The eviction API: deletes the pod where its budget allows that, else raises TooManyRequests."""
        for budget in of_kind(self.objects, "PodDisruptionBudget").values():
            spec, labels = budget["spec"], budget["spec"]["selector"]["matchLabels"]
            guarded = [each for each in self.pods() if labels.items() <= each.labels.items()]
            if pod not in guarded or (not pod.ready and spec.get("unhealthyPodEvictionPolicy") == "AlwaysAllow"):
                continue
            wanted = sum(deployment.replicas for deployment in self.deployments.values()
                         if deployment.replicas and labels.items() <= deployment.template["metadata"]["labels"].items())
            healthy = sum(each.ready for each in guarded)
            least = spec["minAvailable"] if "minAvailable" in spec else wanted - share(spec["maxUnavailable"], wanted, True)
            if healthy - 1 < least:
                raise TooManyRequests(f"Cannot evict pod as it would violate the pod's disruption budget "
                                      f"{budget['metadata']['name']}.")
        pod.delete()

    def drain(self, name, seconds=120):
        """As "kubectl drain": cordons the node, and evicts each pod on it as soon as its budget allows that. Returns how
        often an eviction was refused."""
        node, refused = self.nodes[name], 0
        node.cordoned = True
        end = time.monotonic() + seconds
        while True:
            left = [pod for pod in self.all_pods if pod.node is node and pod.alive()]
            if not left:
                return refused
            for pod in [pod for pod in left if not pod.deleting.is_set()]:
                try:
                    self.evict(pod)
                except TooManyRequests:
                    refused += 1
            if time.monotonic() > end:
                raise AssertionError(f"{name} is not drained: {[pod.name for pod in left]}")
            time.sleep(0.5 / self.speed)

    def _run(self):
        while not self.closing.wait(0.05):
            try:
                self._watch_nodes()
                for deployment in self.deployments.values():
                    if deployment.replicas is not None:
                        deployment.reconcile()
            except Exception as error:  # told by wait_settled
                self.fault = error
                raise

    def scale(self, component, replicas):
        self.deployments[component].replicas = replicas

    def pods(self, component=None):
        return [pod for name, deployment in self.deployments.items()
                if component in (None, name) for pod in deployment.standing()]

    def wait_settled(self, seconds=60):
        """As many pods as wanted, all new, all available, none on its way out."""
        def look():
            if self.fault:
                raise AssertionError(f"the controller failed: {self.fault!r}")
            return all(deployment.settled() for deployment in self.deployments.values())
        wait_until(look, seconds, "every Deployment is as it should be", every=0.05)

    def endpoints(self, service):
        """Addresses that a Service would lead to."""
        wanted = of_kind(self.objects, "Service")[service]["spec"]["selector"]
        return sorted(pod.ip for pod in self.pods() if pod.ready and
                      all(pod.labels.get(key) == value for key, value in wanted.items()))

    def stop(self):
        self.closing.set()
        if self.thread.is_alive():
            self.thread.join(5)
        for pod in self.all_pods:
            pod.deleting.set()
            if pod.process is not None:
                pod.process.send(signal.SIGCONT)
        end = time.monotonic() + 40
        for pod in self.all_pods:
            pod.thread.join(max(end - time.monotonic(), 0.1))
            if pod.process is not None and pod.process.alive():
                pod.process.kill()

    # As the rig's other parts: for the logs of a failure.
    @property
    def process(self):
        return self

    def tail(self):
        return "\n".join(pod.tail() for pod in self.all_pods)
