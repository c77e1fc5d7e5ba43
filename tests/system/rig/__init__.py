"""The rig of the whole-fleet tests: private servers, a scripted upstream, the three programs.

Standard library only. Everything it starts is stopped by process id at the end, also after a
failure; then the tails of the logs are printed.
"""
from .case import FleetCase, RigCase  # noqa: F401
from .cycles import CycleCase  # noqa: F401
from .fleet import Fleet, Program  # noqa: F401
from .places import build_dir, program_path, real_index_path  # noqa: F401
from .redis import Redis  # noqa: F401
from .wait import TimedOut, wait_until  # noqa: F401
