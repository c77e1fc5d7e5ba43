"""Pods in containers by podman, for a machine that has the images: k8s/README.md says how they are made."""
import os
import subprocess
import time

from .pods import program_of
from .process import Process


def backend_asked():
    """Podman where PAPERSCOUT_KUBELET asks for it, else None."""
    kind = os.environ.get("PAPERSCOUT_KUBELET", "process")
    if kind not in ("process", "podman"):
        raise ValueError(f"PAPERSCOUT_KUBELET is process or podman, not {kind}")
    return Podman() if kind == "podman" else None


class Container(Process):
    """`podman run` in the foreground; signals go to the program inside."""

    def __init__(self, name, argv, folder):
        self.podman_name = name
        super().__init__(name, argv, folder)
        self._inside = None

    def inside(self):
        """Process id of the program, once there is one."""
        end = time.monotonic() + 20
        while self._inside is None and self.alive() and time.monotonic() < end:
            done = subprocess.run(["podman", "inspect", "--format", "{{.State.Pid}}", self.podman_name],
                                  capture_output=True, text=True)
            if done.returncode == 0 and int(done.stdout) > 0:
                self._inside = int(done.stdout)
            else:
                time.sleep(0.05)
        return self._inside

    def send(self, number):
        if self.alive() and self.inside():
            try:
                os.kill(self._inside, number)
            except ProcessLookupError:
                pass

    def memory_peak(self):
        """Bytes, of the container's own control group; None where it cannot be read."""
        try:
            with open(f"/proc/{self.inside()}/cgroup", encoding="ascii") as file:
                group = next(line.split(":", 2)[2].strip() for line in file if ":memory:" in line)
            with open(f"/sys/fs/cgroup/memory{group}/memory.max_usage_in_bytes", encoding="ascii") as file:
                return int(file.read())
        except (OSError, StopIteration, TypeError):
            return None


def quantity(text):
    """Bytes of a Kubernetes quantity of memory."""
    for suffix, factor in (("Ki", 2 ** 10), ("Mi", 2 ** 20), ("Gi", 2 ** 30)):
        if text.endswith(suffix):
            return int(text[:-2]) * factor
    return int(text)


class Podman:
    """What the manifest says of the container, as podman's options."""

    def __init__(self):
        self.images = os.environ.get("PAPERSCOUT_IMAGES", "localhost/paperscout-%s:0.1.0")
        self.count = 0

    def start(self, pod, container):
        self.count += 1
        name = f"{pod.name}-{os.getpid()}-{self.count}"
        context, own = pod.spec["securityContext"], container["securityContext"]
        memory = quantity(container["resources"]["limits"]["memory"])
        argv = ["podman", "--runtime", "runc", "run", "--rm", "--name", name, "--network=host",
                "--ulimit", "nofile=20000:20000", "--ulimit", "nproc=4096:4096", "--no-healthcheck",
                 f"--user={context['runAsUser']}:{context['runAsGroup']}",
                 f"--memory={memory}", f"--memory-swap={memory}", "--pids-limit=64"]
        if own["readOnlyRootFilesystem"]:
            argv.append("--read-only")
            argv.append("--read-only-tmpfs=false")
        if not own["allowPrivilegeEscalation"]:
            argv.append("--security-opt=no-new-privileges")
        argv += [f"--cap-drop={capability}" for capability in own["capabilities"]["drop"]]
        for mount, folder in pod.mounts_of(container).items():
            argv.append(f"--volume={folder}:{mount}:ro")
        for key, value in pod.settings(container).items():
            argv.append(f"--env={key}={value}")
        image = self.images % program_of(container).removeprefix("paperscout-")
        first, *rest = container.get("command") or [None]
        entry = [f"--entrypoint={first}"] if first else []
        return Container(name, [*argv, *entry, image, *rest, *container.get("args", [])], pod.folder)
