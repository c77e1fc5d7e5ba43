"""What the figures were taken on."""
import os
import platform
import re
import subprocess

from rig.places import build_dir, find_server


def _first(pattern, text, otherwise="?"):
    found = re.search(pattern, text, re.M)
    return found[1].strip() if found else otherwise


def _read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _said(*argv):
    done = subprocess.run(argv, capture_output=True, text=True, timeout=10, check=False)
    return done.stdout + done.stderr


def build_type():
    return _first(r"^CMAKE_BUILD_TYPE:\w+=(.*)$", _read(os.path.join(build_dir(), "CMakeCache.txt")))


def facts():
    memory = int(_first(r"^MemTotal:\s+(\d+)", _read("/proc/meminfo"), "0")) / 1024 / 1024
    cpu = _first(r"^model name\s*:(.*)$", _read("/proc/cpuinfo"), platform.machine())
    compiler = _first(r"^CMAKE_C_COMPILER:\w+=(.*)$",
                      _read(os.path.join(build_dir(), "CMakeCache.txt")))
    load = os.getloadavg()[0]
    return [
        f"{len(os.sched_getaffinity(0))} x {cpu}, {memory:.0f} GB, "
        f"{platform.system()} {platform.release()}, load {load:.2f} at the start",
        f"build type {build_type()}, {_said(compiler, '--version').splitlines()[0]}",
        f"redis-server {_first(r'v=([0-9.]+)', _said(find_server('redis-server'), '--version'))}, "
        f"nginx {_first(r'nginx/([0-9.]+)', _said(find_server('nginx'), '-v'))}, "
        f"PAPERSCOUT_BUILD={build_dir()}",
    ]
