#!/bin/bash
# Each step, function, script and guard that a model names exists in the tree (tests/model/check.py --names).
exec python3 -B "$(dirname "${BASH_SOURCE[0]}")/../model/check.py" --names
