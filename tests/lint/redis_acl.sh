#!/bin/bash
# The Redis user of deploy/redis.acl may do what the code does, and nothing else.
exec python3 -B tests/lint/redis_acl.py
