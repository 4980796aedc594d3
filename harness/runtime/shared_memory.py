"""The one thing that a killed PostgreSQL leaves outside of its folder: a few bytes of System V shared memory."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

IPC_RMID = 0
SEGMENTS = Path("/proc/sysvipc/shm")


def remove_data(folder: Path) -> None:
    """Remove a folder with databases, and the shared memory that their servers did not give back."""
    for lock in folder.glob("**/postmaster.pid"):
        _give_back(lock)
    shutil.rmtree(folder, ignore_errors=True)


def _give_back(lock: Path) -> None:
    """A server that ends well removes its lock file; one that was killed leaves it, with key and id in line 7."""
    try:
        key, segment = map(int, lock.read_text().splitlines()[6].split())
    except (OSError, ValueError, IndexError):
        return
    if sys.platform.startswith("linux") and _exists(key, segment):
        import ctypes

        # A process that is still on its way out keeps it until it has gone.
        ctypes.CDLL(None).shmctl(segment, IPC_RMID, None)


def _exists(key: int, segment: int) -> bool:
    """Whether that very segment is still there; ids are given anew, so the key has to fit as well."""
    try:
        lines = SEGMENTS.read_text().splitlines()
    except OSError:
        return False
    names = lines[0].split()
    found = (dict(zip(names, map(int, line.split()), strict=False)) for line in lines[1:])
    # One of the two places tells the key with its sign, the other without.
    return any(each["shmid"] == segment and (each["key"] - key) % 2**32 == 0 for each in found)
