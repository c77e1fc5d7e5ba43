#!/usr/bin/env python3
"""The settings that deploy/compose.yaml passes on are those that the programs have.

usage: compose_names.py PROGRAM [--write]     in the source folder; PROGRAM knows the settings (--env-example)

Prints what differs and exits with 1. With --write it regenerates the block between "# names:begin" and "# names:end".
"""
import re
import subprocess
import sys

COMPOSE = "deploy/compose.yaml"
BEGIN, END = "  # names:begin\n", "  # names:end\n"
# What compose.yaml decides itself: secrets are files, stores and ports are inside, the images have certificates.
DECIDED = {"REDIS_URL", "REDIS_CA_FILE", "REDIS_CERT_FILE", "REDIS_CERT_KEY_FILE", "REDIS_SENTINELS",
           "REDIS_SENTINEL_MASTER", "REDIS_SENTINEL_USER", "REDIS_SENTINEL_PASSWORD", "DATABASE_URL",
           "LEGACY_DATABASE_URL", "INSTANCE_ID", "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "PORT", "EVENTS_BIND_HOST",
           "HEALTH_PORT", "HEALTH_BIND_HOST", "HTTP_CA_FILE", "SHUTDOWN_GRACE_SECONDS", "LOG_FORMAT"}


def wanted(program, rest):
    """Names in the programs' own order that the rest of the file does not set."""
    text = subprocess.run([program, "--env-example"], check=True, capture_output=True, text=True).stdout
    set_elsewhere = set(re.findall(r"^ +([A-Z][A-Z0-9_]+):", rest, re.MULTILINE))
    names = re.findall(r"^#?([A-Z][A-Z0-9_]*)=", text, re.MULTILINE)
    return [name for name in names if name not in DECIDED | set_elsewhere and f"{name}_FILE" not in set_elsewhere]


def main():
    with open(COMPOSE, encoding="utf-8") as file:
        text = file.read()
    head, _, rest = text.partition(BEGIN)
    block, _, tail = rest.partition(END)
    own = "".join(f"  {name}:\n" for name in wanted(sys.argv[1], head + tail))
    if "--write" in sys.argv:
        with open(COMPOSE, "w", encoding="utf-8") as file:
            file.write(head + BEGIN + own + END + tail)
        return 0
    for name in sorted(set(own.split()) ^ set(block.split())):
        print(f"docs: {COMPOSE} and the programs differ in {name}; run tests/lint/docs.sh --write BUILD-FOLDER")
    return 1 if block != own else 0


if __name__ == "__main__":
    sys.exit(main())
