"""The commands of kubectl that our documents and scripts use, on the driver of cluster.py.

tests/k8s/kubectl is the client: it sends its arguments over a Unix socket, and Kubectl answers. What needs no cluster
(kustomize, --dry-run=client) is left to the real kubectl. An argument that nothing here knows is an error, so that a
document cannot grow a command that no test runs.
"""
import copy
import json
import os
import shutil
import socket
import subprocess
import threading
import time

from .cluster import TooManyRequests
from .fleet import environment
from .manifests import parse_yaml
from .places import program_path

REAL = shutil.which("kubectl")


class Refused(Exception):
    """What kubectl would say on standard error, with exit status 1."""


def take(arguments, *names):
    """The value of the last of an option's names, taken out; "" for one without a value; None where it is not given."""
    value = None
    for name in names:
        for argument in [each for each in arguments if each == name or each.startswith(name + "=")]:
            at = arguments.index(argument)
            if "=" in argument:
                value = argument.partition("=")[2]
                del arguments[at]
            else:
                value = arguments[at + 1]
                del arguments[at:at + 2]
    return value


def flag(arguments, *names):
    found = [name for name in names if name in arguments]
    for name in found:
        arguments.remove(name)
    return bool(found)


class Kubectl:
    def __init__(self, cluster, folder, overlay_of, stores=None):
        """overlay_of(path) is the folder to apply in place of an overlay that a document names; stores: the servers of
        the rig that stand for pods of overlays/dev, by the pod's name."""
        self.cluster = cluster
        self.stores = stores or {}
        self.overlay_of = overlay_of
        self.secrets = []  # made by hand
        self.revisions = []  # objects of each "apply -k"
        self.store = {}  # what was applied and not deleted: (kind, name): labels
        self.applied = None
        self.namespaces = set()
        self.calls = []
        self.path = os.path.join(folder, "driver.sock")
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(self.path)
        self.server.listen(16)
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def environment(self):
        """For a child that calls kubectl."""
        shim = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "k8s")
        return {**os.environ, "PATH": f"{os.path.abspath(shim)}:{os.environ['PATH']}", "PAPERSCOUT_DRIVER": self.path}

    def close(self):
        self.server.close()

    def _serve(self):
        while True:
            try:
                link, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(link,), daemon=True).start()

    def _answer(self, link):
        with link:
            asked = json.loads(b"".join(iter(lambda: link.recv(65536), b"")))
            self.calls.append(asked["arguments"])
            try:
                answer = self.run(list(asked["arguments"]), asked["folder"], asked["stdin"])
            except Refused as error:
                answer = (1, "", f"error: {error}\n")
            except Exception as error:  # pylint: disable=broad-except
                answer = (1, "", f"error: the driver failed: {error!r}\n")
            link.sendall(json.dumps(dict(zip(("status", "stdout", "stderr"), answer))).encode())

    def run(self, arguments, folder, text):
        whole = list(arguments)
        before, after = arguments, []
        if "--" in arguments:
            at = arguments.index("--")
            before, after = arguments[:at], arguments[at + 1:]
        if "--dry-run=client" in before or before[0] == "kustomize":
            done = subprocess.run([REAL, *whole], cwd=folder, input=text, capture_output=True, text=True, timeout=60)
            return done.returncode, done.stdout, done.stderr
        namespace = take(before, "-n", "--namespace")
        if namespace not in (None, "paperscout"):
            raise Refused(f"namespaces \"{namespace}\" not found")
        verb = before.pop(0)
        method = getattr(self, f"do_{verb.replace('-', '_')}", None)
        if method is None:
            raise Refused(f"the driver has no kubectl {verb}")
        if verb == "exec":
            return self.do_exec(before, after)
        if verb == "debug":
            return self.do_debug(before, folder, after)
        said = method(before, folder, text)
        if before:
            raise Refused(f"the driver does not know {before} of {whole}")
        return 0, said, ""

    # Objects
    def do_apply(self, rest, folder, text):
        kinds, selector, prune = take(rest, "--prune-allowlist"), take(rest, "-l"), flag(rest, "--prune")
        kustomization, file = take(rest, "-k"), take(rest, "-f")
        if kustomization:
            self.applied = self.overlay_of(os.path.join(folder, kustomization))
            self.cluster.apply(self.applied, self.secrets)
            self.revisions.append(self.cluster.objects)
            self.store.update(self.described())
            if prune:
                self.forget(lambda key: key[0] in kinds.rpartition("/")[2] and key not in self.described(), selector)
            return "applied\n"
        if file != "-":
            with open(os.path.join(folder, file), encoding="utf-8") as source:
                text = source.read()
        for item in parse_yaml(text):
            if item["kind"] == "Namespace":
                self.namespaces.add(item["metadata"]["name"])
            elif item["kind"] == "Secret":
                self.keep_secret(item)
            else:
                raise Refused(f"the driver takes no {item['kind']} from a file")
        return "applied\n"

    def described(self):
        """What the kustomization that was applied last has."""
        return {(item["kind"], item["metadata"]["name"]): item["metadata"].get("labels", {})
                for item in self.cluster.objects if item not in self.secrets}

    def forget(self, unwanted, selector=None):
        wanted = dict(pair.split("=", 1) for pair in (selector or "").split(",") if pair)
        for key in [key for key, labels in self.store.items() if unwanted(key) and wanted.items() <= labels.items()]:
            del self.store[key]

    def keep_secret(self, item):
        if not self.namespaces:
            raise Refused('namespaces "paperscout" not found')
        self.secrets[:] = [each for each in self.secrets if each["metadata"]["name"] != item["metadata"]["name"]] + [item]

    def do_create(self, rest, folder, text):
        raw = take(rest, "--raw")
        if raw is not None:
            take(rest, "-f")
            return self.evict(raw, json.loads(text))
        done = subprocess.run([REAL, "-n", "paperscout", "create", *rest, "--dry-run=client", "-o", "json"], cwd=folder,
                              capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise Refused(done.stderr)
        made = json.loads(done.stdout)
        rest.clear()
        if made["kind"] == "Secret":
            if any(each["metadata"]["name"] == made["metadata"]["name"] for each in self.secrets):
                raise Refused(f"secrets \"{made['metadata']['name']}\" already exists")
            self.keep_secret(made)
        return f"{made['kind']} created\n"

    def evict(self, path, body):
        name = path.split("/")[-2]
        if not path.endswith("/eviction") or (body["kind"], body["metadata"]["name"]) != ("Eviction", name):
            raise Refused(f"the driver takes no {body['kind']} at {path}")
        try:
            self.cluster.evict(self.pod(name))
        except TooManyRequests as error:
            raise Refused(f"Error from server (TooManyRequests): {error}") from error
        return "evicted\n"

    def do_delete(self, rest, folder, _):
        if rest[0] in ("configmap", "secret"):
            kind = {"configmap": "ConfigMap", "secret": "Secret"}[rest.pop(0)]
            selector, names = take(rest, "-l"), list(rest)
            rest.clear()
            if selector is not None:
                self.forget(lambda key: key[0] == kind, selector)
            self.secrets[:] = [each for each in self.secrets if each["metadata"]["name"] not in names]
            return "deleted\n"
        if take(rest, "-k"):
            self.forget(lambda key: key in self.described())
            for deployment in self.cluster.deployments.values():
                deployment.replicas = 0
            self.wait(lambda: not any(each.pods for each in self.cluster.deployments.values()), 60, "the pods are gone")
            return "deleted\n"
        flag(rest, "--wait=false")
        names = [each.removeprefix("pod/") for each in rest if each != "pod"]
        rest.clear()
        for name in [name for name in names if name in self.stores]:
            self.stores[name].stop()
            self.stores[name].start()
            names.remove(name)
        chosen = [self.pod(name) for name in names]
        for pod in chosen:
            pod.delete()
        self.wait(lambda: not any(pod.alive() for pod in chosen), 60, "the pod is gone")
        return "".join(f'pod "{name}" deleted\n' for name in names)

    # Deployments
    def deployment(self, name):
        component = name.rpartition("/")[2].removeprefix("paperscout-")
        if component not in self.cluster.deployments:
            raise Refused(f'deployments.apps "{name}" not found')
        return self.cluster.deployments[component]

    def named(self, rest):
        """deployment, deployment NAME, or deployment/NAME once or more: the Deployments."""
        kind = rest.pop(0)
        if "/" in kind:
            names = [kind, *rest]
            rest.clear()
            return [self.deployment(name) for name in names]
        return [self.deployment(rest.pop(0))] if rest else list(self.cluster.deployments.values())

    def do_scale(self, rest, *_):
        replicas = int(take(rest, "--replicas"))
        for deployment in self.named(rest):
            self.cluster.scale(deployment.component, replicas)
        return "scaled\n"

    def do_rollout(self, rest, *_):
        what = rest.pop(0)
        seconds = float((take(rest, "--timeout") or "60s").rstrip("s"))
        chosen = self.named(rest)
        if what == "restart":
            for deployment in chosen:
                deployment.restart()
        elif what == "undo":
            if len(self.revisions) < 2:
                raise Refused("no rollout history found")
            before = self.revisions[-2]
            kept = {(item["kind"], item["metadata"]["name"]) for item in self.cluster.objects}
            self.cluster.objects = self.cluster.objects + [  # ConfigMaps and Secrets that nobody has pruned
                item for item in before if (item["kind"], item["metadata"]["name"]) in set(self.store) - kept and
                item["kind"] in ("ConfigMap", "Secret")]
            for deployment in chosen:
                deployment.apply(next(item for item in before if item["kind"] == "Deployment" and
                                      item["metadata"]["name"] == f"paperscout-{deployment.component}"), 1)
        elif what == "status":
            self.wait(lambda: all(each.settled() for each in chosen), seconds, "the rollout has finished")
        else:
            raise Refused(f"the driver has no kubectl rollout {what}")
        return "done\n"

    def do_annotate(self, rest, *_):
        flag(rest, "--overwrite")
        if rest.pop(0) != "pod":
            raise Refused("the driver annotates pods alone")
        pod, note = self.pod(rest.pop(0)), rest.pop(0)
        name, _, value = note.partition("=")
        pod.annotations[name] = value
        return "annotated\n"

    def do_wait(self, rest, *_):
        seconds = float((take(rest, "--timeout") or "30s").rstrip("s"))
        if take(rest, "--for") != "delete":
            raise Refused("the driver waits for deletion alone")
        name = rest.pop(0).removeprefix("pod/")
        self.wait(lambda: name not in [pod.name for pod in self.pods()], seconds, f"{name} is gone")
        return "condition met\n"

    @staticmethod
    def wait(look, seconds, what):
        end = time.monotonic() + seconds
        while not look():
            if time.monotonic() > end:
                raise Refused(f"timed out waiting until {what}")
            time.sleep(0.05)

    # Pods
    def pods(self, selector=None):
        wanted = dict(pair.split("=", 1) for pair in (selector or "").split(",") if pair)
        return [pod for deployment in self.cluster.deployments.values() for pod in deployment.pods
                if all(pod.labels.get(key) == value for key, value in wanted.items())]

    def pod(self, name):
        name = name.removeprefix("pod/")
        if name.startswith(("deployment/", "deploy/")):
            found = self.deployment(name).standing()
        else:
            found = [pod for pod in self.pods() if pod.name == name]
        if not found:
            raise Refused(f'pods "{name}" not found')
        return next((pod for pod in found if pod.ready), found[0])

    def do_get(self, rest, *_):
        kind, _, name = rest.pop(0).partition("/")
        selector, output = take(rest, "-l"), take(rest, "-o")
        take(rest, "--field-selector")
        if kind in ("deployment", "deploy"):
            if output != "jsonpath={.spec.replicas}":
                raise Refused(f"the driver prints no {output}")
            return str(self.deployment(name).replicas)
        if kind not in ("pod", "pods"):
            raise Refused(f"the driver knows no {kind}")
        chosen = [pod for pod in self.pods(selector) if not pod.deleting.is_set()]
        if output == "name":
            return "".join(f"pod/{pod.name}\n" for pod in chosen)
        if output is not None:
            raise Refused(f"the driver prints no {output}")
        return "NAME  READY  STATUS  RESTARTS\n" + "".join(
            f"{pod.name}  {int(pod.ready)}/1  Running  {pod.restarts}\n" for pod in chosen)

    def do_describe(self, rest, *_):
        """Of each pod, with the last line that its container wrote before it ended (FallbackToLogsOnError)."""
        if rest.pop(0) != "pod":
            raise Refused("the driver describes pods alone")
        said = []
        for pod in self.pods(take(rest, "-l")):
            ended = [what for _, what in pod.history if what.startswith("ended with")]
            said.append(f"Name: {pod.name}\nReady: {pod.ready}\nRestart Count: {pod.restarts}\n")
            if ended:
                said.append(f"Last State: {ended[-1]}\n  Message: {pod.log().splitlines()[-1:]}\n")
        return "".join(said)

    def do_logs(self, rest, *_):
        selector, tail = take(rest, "-l"), int(take(rest, "--tail") or -1)
        take(rest, "--max-log-requests")
        prefix = flag(rest, "--prefix")
        chosen = self.pods(selector) if selector is not None else [self.pod(rest.pop(0))]
        said = []
        for pod in chosen:
            if pod.process is None:
                continue
            lines = (pod.process.output() + pod.process.log()).splitlines()
            lines = lines[-tail:] if tail >= 0 else lines
            said += [f"[pod/{pod.name}/{pod.component}] {line}" if prefix else line for line in lines]
        return "".join(f"{line}\n" for line in said)

    def do_port_forward(self, rest, *_):
        """Ends at once, where kubectl goes on until Ctrl-C: the pod's port answers."""
        pod, port = self.pod(rest.pop(0)), int(rest.pop(0).rpartition(":")[2])
        with socket.create_connection((pod.ip, port), 5):
            return f"Forwarding from 127.0.0.1:{port}\n"

    def do_debug(self, rest, folder, command):
        """The container's security context is restricted, and its command reaches the Redis of the pod."""
        flag(rest, "-it")
        profile, image, custom = (take(rest, name) for name in ("--profile", "--image", "--custom"))
        pod = self.pod(rest.pop(0))
        with open(os.path.join(folder, custom), encoding="utf-8") as file:
            context = json.load(file)["securityContext"]
        if profile != "restricted" or context["runAsUser"] < 1 or not context["readOnlyRootFilesystem"] or rest:
            raise Refused(f"pods \"{pod.name}\" is forbidden: violates PodSecurity \"restricted:latest\"")
        if "valkey" not in image or command[0] != "valkey-cli":
            raise Refused(f'exec: "{command[0]}": executable file not found in $PATH')
        with open(os.path.join(pod.mounts["/run/secrets/paperscout/redis"], "url"), encoding="utf-8") as file:
            done = subprocess.run(["redis-cli", "-u", file.read(), "PING"], capture_output=True, text=True, timeout=30)
        return int(done.stdout != "PONG\n"), done.stdout, done.stderr

    def do_exec(self, rest, command):
        flag(rest, "-i", "-it")
        if rest == ["statefulset/postgres"] and command[0] == "pg_dump":
            done = subprocess.run(["pg_dump", "--no-owner", "--no-privileges", self.stores["postgres-0"].url],  # as text
                                  capture_output=True, text=True, timeout=60)
            return done.returncode, done.stdout, done.stderr
        pod = self.pod(rest.pop(0))
        if rest or not command:
            raise Refused(f"exec: unknown {rest}")
        if command[0] != f"paperscout-{pod.component}":
            raise Refused(f'exec: "{command[0]}": executable file not found in $PATH')
        values = pod.settings()
        for name, value in values.items():
            for mount, folder in pod.mounts.items():
                if value.startswith(mount + "/"):
                    values[name] = folder + value[len(mount):]
        done = subprocess.run([program_path(command[0]), *command[1:]], cwd=pod.folder, env=environment(copy.copy(values)),
                              capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr
