"""Where things lie: the checkout, the build, the shared data, the servers' programs."""
import glob
import os
import shutil
import socket

CHECKOUT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))


def build_dir():
    return os.path.abspath(os.environ.get("PAPERSCOUT_BUILD") or os.path.join(CHECKOUT, "build", "debug"))


def program_path(name, build=None):
    """Path of a program built in build (that of the tests), or None when it has not been built."""
    folder = {"paperscout-upstream": "tests", "paperscout-scheduler-fast": "tests"}.get(name, name.replace("paperscout-", ""))
    build = build or build_dir()
    for candidate in (os.path.join(build, folder, name), os.path.join(build, name),
                      os.path.join(build, "bin", name)):
        if os.access(candidate, os.X_OK):
            return candidate
    return None


def real_index_path():
    """The committee's index of 2018, or None where the shared data is not beside the checkout."""
    shared = os.environ.get("PAPERSCOUT_SHARED") or os.path.join(CHECKOUT, "..", "shared")
    path = os.path.join(shared, "data", "wg21-index-2018.json")
    return os.path.realpath(path) if os.path.exists(path) else None


def find_server(name):
    own = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), reverse=True)
    # Of psql, the PATH has Debian's script that looks for its own, with a good deal of Perl.
    found = own[0] if own and name == "psql" else (
        shutil.which(name) or shutil.which(name, path="/usr/sbin") or (own or [None])[0])
    if found:
        return found
    raise FileNotFoundError(f"{name} is not installed")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
