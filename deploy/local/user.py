"""The user that servers and programs run as when root starts them: a fault in a program that reads what strangers wrote must
not give them the machine."""
import os
import pwd
import re
import shutil
import subprocess

from servers import NotStarted, give
from settings import LINE

EXAMPLE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "env.example")
PREFERRED, ELSE = "paperscout", "nobody"
VALUE = re.compile(r"'([^']*)'|\"([^\"]*)\"|([^#]*?)(?:\s+#.*)?\s*")


def run_as():
    """What Popen takes; {} where nothing is to change."""
    if os.geteuid() != 0:
        return {}
    named = os.environ.get("PAPERSCOUT_USER")
    if named == "root":
        return {}
    for name in [named] if named else [PREFERRED, ELSE]:
        try:
            user = pwd.getpwnam(name)
            return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        except KeyError:
            pass
    raise NotStarted(f"there is no user {named or ELSE}; PAPERSCOUT_USER names another")


def name_of(user):
    return pwd.getpwuid(user["user"]).pw_name


def may(user, what, path):
    """what: -r or -x, as test(1) takes it."""
    return subprocess.run(["test", what, path], cwd="/", check=False, **user).returncode == 0


def copy_programs(build, state, user):
    """Where the user can reach them, wherever the build is. Gives the folder, laid out like a build."""
    copy = os.path.join(state, "programs")
    shutil.rmtree(copy, ignore_errors=True)
    for part in ("scheduler/paperscout-scheduler", "worker/paperscout-worker", "notifier/paperscout-notifier",
                 "tests/paperscout-upstream"):
        if os.path.exists(os.path.join(build, part)):
            os.makedirs(os.path.join(copy, os.path.dirname(part)), exist_ok=True)
            shutil.copyfile(os.path.join(build, part), os.path.join(copy, part))
            for path in (copy, os.path.join(copy, os.path.dirname(part)), os.path.join(copy, part)):
                os.chmod(path, 0o755)  # whatever root's umask is
    if not may(user, "-x", os.path.join(copy, "scheduler", "paperscout-scheduler")):
        raise NotStarted(f"the user {name_of(user)} cannot enter {state}: PAPERSCOUT_STATE names another folder, "
                         "PAPERSCOUT_USER another user")
    return copy


def files_named(folder, environment):
    """{name: path} of the settings that name a file, in the environment or in the folder's .env; a path as it is written."""
    found = {}
    try:
        with open(os.path.join(folder, ".env"), encoding="utf-8", errors="replace") as file:
            for line in file:
                match = LINE.fullmatch(line.rstrip("\r\n"))
                if match:
                    value = VALUE.fullmatch(match[2])
                    found[match[1].upper()] = next((part for part in value.groups() if part), "") if value else ""
    except OSError:
        pass
    found.update(environment)
    with open(EXAMPLE, encoding="utf-8") as file:
        settings = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]*)=", file.read(), re.MULTILINE))
    return {name: path for name, path in found.items()
            if path and name.endswith("_FILE") and {name, name.removesuffix("_FILE")} & settings}


def working_folder(folder, state, environment, user):
    """Where the programs run: a folder of theirs with a copy of .env, because root's own may be closed to them. Paths that are
    relative to root's are made whole in the environment. Refuses a file that they cannot read."""
    own = os.path.join(state, "work")
    shutil.rmtree(own, ignore_errors=True)
    os.makedirs(own)
    if os.path.exists(os.path.join(folder, ".env")):
        copy = os.path.join(own, ".env")
        shutil.copyfile(os.path.join(folder, ".env"), copy)
        os.chmod(copy, 0o400)
    give(user, own)
    for name, path in files_named(folder, environment).items():
        whole = os.path.join(folder, path)
        if os.path.exists(whole) and not may(user, "-r", whole):
            raise NotStarted(f"{name}: the user {name_of(user)}, that the programs run as, cannot read {whole}; "
                             f"let it (chgrp, chmod g+r, and x for its folders), or set PAPERSCOUT_USER")
        if whole != path:
            environment[name] = whole
    return own
