#!/usr/bin/env python3
"""Two cells of tests/system/alarm_matrix.py, which has them all: Redis refuses writes, and a site that forbids
everything while the leader changes."""
import unittest

from alarm_matrix import make


def load_tests(_loader, _tests, _pattern):
    return make(["redis/refusing/one", "site/refusing/leader"])


if __name__ == "__main__":
    unittest.main()
