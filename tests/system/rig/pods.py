"""What a kubelet does with one pod: runs its init containers, starts its container with settings and volumes, asks its
probes, restarts it when it ended or hangs, stops it in order. One thread a pod; no cluster behind it.

A container is a plain process here, or a real one where PAPERSCOUT_KUBELET=podman (containers.py). A process has no
file system and no network of its own: paths below a mount are replaced in its environment, and the address of the
pod, one of 127/8, takes the place of 0.0.0.0.
"""
import http.client
import os
import re
import signal
import subprocess
import threading
import time

from .fleet import environment
from .journal import chosen, parse
from .manifests import container_environment, data_of
from .places import program_path
from .process import Process

BINDS = ("HEALTH_BIND_HOST", "EVENTS_BIND_HOST")


class Plain:
    """The container as a process. A backend has start(pod, container) and leaves nothing behind when that ends."""

    def __init__(self, **environment_too):
        self.environment = environment_too

    def start(self, pod, container):
        mounts = pod.mounts_of(container)

        def here(text):
            for mount, folder in mounts.items():
                text = text.replace(mount + "/", folder + "/")
            return text
        values = {name: here(value) for name, value in {**pod.settings(container), **self.environment}.items()}
        home = os.path.join(pod.folder, f"{pod.name}.cwd")
        os.makedirs(home, exist_ok=True)
        program = program_of(container)
        argv = [here(text) for text in container.get("command", []) + container.get("args", [])]
        if "command" not in container:
            argv.insert(0, program)  # the image's entry point
        if program and argv[0] == program:
            argv[0] = program_path(program)
        return Process(pod.name, argv, pod.folder, cwd=home, env=environment(values))


def program_of(container):
    """paperscout-scheduler, -worker or -notifier, by the image's name; None for an image of others."""
    found = re.search(r"(?:^|/)(paperscout-(?:scheduler|worker|notifier))[:@]", container["image"])
    return found and found[1]


class Probe:
    """One probe of a container; due() after its period, ask() gives its verdict: None, True or False."""

    def __init__(self, spec, port_of, speed):
        get = spec["httpGet"]
        self.path = get["path"]
        self.port = get["port"] if isinstance(get["port"], int) else port_of[get["port"]]
        self.period = spec.get("periodSeconds", 10) / speed
        self.timeout = spec.get("timeoutSeconds", 1)
        self.failures = spec.get("failureThreshold", 3)
        self.successes = spec.get("successThreshold", 1)
        self.grace = spec.get("terminationGracePeriodSeconds")
        self.first = spec.get("initialDelaySeconds", 0) / speed
        self.restart()

    def restart(self):
        self.next = time.monotonic() + self.first
        self.row = 0  # answers in a row: of success above 0, of failure below
        self.last = ""

    def due(self):
        return time.monotonic() >= self.next

    def ask(self, address):
        self.next += self.period
        if self.next < time.monotonic():  # the ticks that an answer took are not made up for
            self.next = time.monotonic()
        try:
            link = http.client.HTTPConnection(address, self.port, timeout=self.timeout)
            try:
                link.request("GET", self.path)
                answer = link.getresponse()
                self.last = answer.read().decode("utf-8", "replace")
                good = 200 <= answer.status < 400
            finally:
                link.close()
        except OSError as error:
            good, self.last = False, str(error)
        except http.client.HTTPException as error:
            good, self.last = False, repr(error)
        self.row = max(self.row, 0) + 1 if good else min(self.row, 0) - 1
        if self.row >= self.successes:
            return True
        return False if -self.row >= self.failures else None


class Pod:
    def __init__(self, cluster, component, template, template_hash, number):
        self.cluster = cluster
        self.component = component
        self.node = None
        self.lost = threading.Event()  # its node has no power: the process is gone, and nobody restarts it
        self.hash = template_hash
        self.name = f"paperscout-{component}-{template_hash}-{number}"
        self.ip = cluster.next_address()
        self.folder = cluster.folder
        self.spec = template["spec"]
        self.labels = template["metadata"]["labels"]
        self.annotations = dict(template["metadata"].get("annotations", {}))
        self.container = self.spec["containers"][0]
        self.objects = cluster.objects  # those of when it was made
        self.volumes = {}
        self.mounts = self.mounts_of(self.container)
        ports = {port["name"]: port["containerPort"] for port in self.container["ports"]}
        self.startup, self.liveness, self.readiness = (
            Probe(self.container[f"{name}Probe"], ports, cluster.speed)
            for name in ("startup", "liveness", "readiness"))
        self.process = None
        self.ready_since = None  # monotonic
        self.restarts = 0
        self.history = []  # (seconds since the pod was made, what happened)
        self.made = time.monotonic()
        self.deleting = threading.Event()
        self.thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self.thread.start()

    def mounts_of(self, container):
        """{path in the container: folder with the files}"""
        return {mount["mountPath"]: self._volume(mount["name"]) for mount in container.get("volumeMounts", [])}

    def _volume(self, name):
        """Folder with the files of a Secret or a ConfigMap."""
        if name in self.volumes:
            return self.volumes[name]
        volume, = (volume for volume in self.spec["volumes"] if volume["name"] == name)
        kind, source = ("Secret", volume["secret"]) if "secret" in volume else ("ConfigMap", volume["configMap"])
        data = data_of(self.objects, kind, source.get("secretName", source.get("name")))
        if data is None:
            raise AssertionError(f"{self.name}: no {kind} for the volume {name}")
        folder = os.path.join(self.folder, "volumes", self.name, name)
        os.makedirs(folder, exist_ok=True)  # a pod of the same name may have been here before
        for item in source.get("items") or [{"key": key, "path": key} for key in data]:
            path = os.path.join(folder, item["path"])
            with open(path, "wb") as file:
                file.write(data[item["key"]])
            os.chmod(path, source.get("defaultMode", 0o644))
            if os.geteuid() == 0 and "fsGroup" in self.spec["securityContext"]:
                os.chown(path, 0, self.spec["securityContext"]["fsGroup"])
        self.volumes[name] = folder
        return folder

    def settings(self, container=None):
        values = container_environment(self.objects, self.spec, {"name": self.name}, container)
        if container not in (None, self.container):
            return {**values, **self.cluster.servers}
        for name in BINDS:
            if values.get(name, "0.0.0.0") == "0.0.0.0":
                values[name] = self.ip
        return values

    def note(self, what):
        self.history.append((time.monotonic() - self.made, what))

    @property
    def ready(self):
        return self.ready_since is not None and not self.deleting.is_set()

    def available(self, seconds):
        since = self.ready_since
        return self.ready and since is not None and time.monotonic() - since >= seconds

    def alive(self):
        return self.thread.is_alive()

    # The kubelet's side: one container after the other until the pod is deleted.
    def _run(self):
        for container in self.spec.get("initContainers", []):
            if not self._initialise(container):
                return
        while not self.deleting.is_set():
            for probe in (self.startup, self.liveness, self.readiness):
                probe.restart()
            self.process = self.cluster.backend.start(self, self.container)
            grace = self._watch()
            if self.lost.is_set():  # nobody watches; that the pod is not ready is found out late, by others
                self.deleting.wait()
                return
            self.ready_since = None
            if self.deleting.is_set():
                break
            if self.process.alive():
                self._stop(grace)
            self.note(f"ended with {self.process.child.returncode}")
            self.restarts += 1
            if self.restarts > 1:  # the back-off of a crash loop
                self.deleting.wait(min(10 * 2 ** (self.restarts - 2), 300) / self.cluster.speed)
        if self.process is not None:
            self._delete()

    def _initialise(self, container):
        """Runs an init container until it succeeds; False when the pod is deleted before."""
        pause = 10
        while not self.deleting.is_set():
            process = self.cluster.backend.start(self, container)
            while process.alive() and not self.deleting.is_set():
                self.deleting.wait(0.02)
            if process.alive():
                process.kill()
            status = process.wait()
            self.note(f"init container {container['name']} ended with {status}")
            if status == 0:
                return True
            self.deleting.wait(min(pause, 300) / self.cluster.speed)
            pause *= 2
        return False

    def _watch(self):
        """Until the container ended, is to be killed, or the pod deleted; the grace that a kill leaves it."""
        judged = self._until_over(self.startup)
        if judged is not True or self.lost.is_set():
            return self.startup.grace
        over = threading.Event()  # each probe has a thread of its own, as in a kubelet
        readiness = threading.Thread(target=self._watch_readiness, args=(over,), daemon=True)
        readiness.start()
        self.liveness.restart()
        while self._until_over(self.liveness):
            pass
        over.set()
        readiness.join()
        return self.liveness.grace

    def _until_over(self, probe):
        """The probe's next verdict; None when the container ended or the pod is deleted before."""
        while self.process.alive() and not self.deleting.is_set() and not self.lost.is_set():
            verdict = probe.ask(self.ip) if probe.due() else None
            if verdict is False:
                self.note(f"failed {probe.path}: {probe.last}")
            if verdict is not None:
                return verdict
            self.deleting.wait(0.02)
        return None

    def _watch_readiness(self, over):
        self.readiness.restart()
        while not over.is_set() and not self.deleting.is_set() and not self.lost.is_set():
            if self.readiness.due():
                self._judge(self.readiness.ask(self.ip))
            over.wait(0.02)

    def _judge(self, verdict):
        if verdict is True and self.ready_since is None:
            self.ready_since = time.monotonic()
            self.note("ready")
        elif verdict is False and self.ready_since is not None:
            self.ready_since = None
            self.note(f"not ready: {self.readiness.last.strip()}")

    def _stop(self, grace):
        """SIGTERM, then SIGKILL after the grace; the exit status."""
        seconds = self.spec["terminationGracePeriodSeconds"] if grace is None else grace
        self.process.send(signal.SIGTERM)
        try:
            return self.process.wait(max(seconds, 0.1))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.note(f"killed after {seconds:g} s")
            return self.process.child.returncode

    def _delete(self):
        """The grace period counts from the deletion, what runs before the stop included."""
        before = self.container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        grace = self.spec["terminationGracePeriodSeconds"]
        began = time.monotonic()
        if before and self.process.alive():
            try:
                self.process.wait(before)
            except subprocess.TimeoutExpired:
                pass
        status = self._stop(grace - before)
        self.note(f"deleted, exit status {status} after {time.monotonic() - began:.1f} s")
        self.cluster.stopped.append((self.component, status, time.monotonic() - began))

    def delete(self):
        self.deleting.set()

    def lose(self):
        """The power of its node fails. For the cluster it stays ready until somebody misses the node."""
        self.lost.set()
        if self.process is not None:
            self.process.kill()

    def memory_peak(self):
        """MB at most so far: of the container's control group, or the process' resident pages."""
        if hasattr(self.process, "memory_peak"):
            return (self.process.memory_peak() or 0) / 2 ** 20
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024

    # For tests: as Program has them.
    def log(self):
        return self.process.log() if self.process else ""

    def events(self, name):
        return chosen(parse(self.log().splitlines()), name)

    def tail(self):
        story = "; ".join(f"{at:.1f} s {what}" for at, what in self.history)
        return f"{self.process.tail() if self.process else self.name}\n  story: {story}"


class OneShot(Pod):
    """A pod that ends by itself, without probes: run() is its only thread."""

    def __init__(self, cluster, item):  # pylint: disable=super-init-not-called
        self.cluster = cluster
        self.spec, self.labels = item["spec"], item["metadata"]["labels"]
        self.name, self.folder, self.objects = item["metadata"]["name"], cluster.folder, cluster.objects
        self.container = self.spec["containers"][0]
        self.volumes = {}

    def run(self, seconds=60):
        """(exit status, what it printed)"""
        before = len(self.printed())
        process = self.cluster.backend.start(self, self.container)
        status = process.wait(seconds)
        return status, self.printed()[before:]

    def printed(self):
        path = os.path.join(self.folder, f"{self.name}.out")
        if not os.path.exists(path):
            return ""
        with open(path, encoding="utf-8") as file:
            return file.read()

    def settings(self, container=None):
        return container_environment(self.objects, self.spec, {"name": self.name}, container)


def speed():
    """How much faster than real time periods, back-offs and minReadySeconds go; what a stop
    may take and timeouts never do."""
    return float(os.environ.get("PAPERSCOUT_KUBELET_SPEED", "10"))
