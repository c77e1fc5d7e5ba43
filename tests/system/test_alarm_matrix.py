#!/usr/bin/env python3
"""One cell of tests/system/alarm_matrix.py, which has them all: Redis answers and refuses writes.
The alert needs neither the leader nor the list."""
import unittest

from alarm_matrix import make


def load_tests(_loader, _tests, _pattern):
    return make(["redis/refusing/one"])


if __name__ == "__main__":
    unittest.main()
