"""Which settings somebody has given, and those that a run has chosen, for commands beside it."""
import json
import os
import re
import socket

LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")
EMPTY = re.compile(r"(''|\"\")?\s*(#.*)?")


def given(folder, environment):
    """Names with a value, in the environment or in the .env of the folder. The programs read values."""
    known = {name.upper() for name in environment}  # the case of letters does not count
    names = {name.upper() for name, value in environment.items() if value}
    try:
        with open(os.path.join(folder, ".env"), encoding="utf-8", errors="replace") as file:
            lines = [LINE.fullmatch(line.rstrip("\r\n")) for line in file]
    except OSError:
        lines = []
    names |= {line[1].upper() for line in lines
              if line and not EMPTY.fullmatch(line[2]) and line[1].upper() not in known}
    return names | {name.removesuffix("_FILE") for name in names if name.endswith("_FILE")}


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def keep(path, value):
    """For this user's eyes only, because the addresses hold passwords; there as a whole or not at all."""
    with open(os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(value, file)
    os.replace(path + ".new", path)


def forget(path):
    if os.path.exists(path):
        os.unlink(path)


def kept(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return None
