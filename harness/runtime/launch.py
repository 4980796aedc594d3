"""Starts one service as a local process; run by its path, it needs nothing but the standard library.

It writes down its own process before it becomes the service, so there is no moment at which a service runs
that no later sweep could find; and on Linux it asks the kernel to end it when the harness dies.
"""

from __future__ import annotations

import json
import os
import sys

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_SET_SECUREBITS = 28
SECBIT_NO_SETUID_FIXUP = 1 << 2
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAPABILITY_VERSION_3 = 0x20080522
CAP_DAC_OVERRIDE = 1

LINUX = sys.platform.startswith("linux")


def start_time(pid: int) -> str:
    """When a living process started, told so that no other process can share it; "" when there is none."""
    return _started_on_linux(pid) if LINUX else _started_by_ps(pid)


def _started_on_linux(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            # The second field, the program's name in brackets, may itself hold spaces and brackets.
            fields = stat.read().rpartition(b")")[2].split()
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as boot:
            place = f"{boot.read().strip()}/{os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""
    return "" if fields[0] in {b"Z", b"X"} else f"{place}/{fields[19].decode()}"


def _started_by_ps(pid: int) -> str:
    import subprocess

    told = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    state, _, when = told.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else when.strip()


def write_down(record: str, pid: int, signal: int, grace: float) -> None:
    """Keep what a sweep needs to know of a process; the file is there whole or not at all."""
    partial = f"{record}.part"
    with open(partial, "w", encoding="utf-8") as file:
        json.dump({"pid": pid, "start": start_time(pid), "signal": signal, "grace": grace}, file)
    os.replace(partial, record)


def _end_with_parent(signal: int) -> None:
    if LINUX:
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0)


def _become(uid: int, gid: int) -> None:
    """Give up being root (PostgreSQL refuses it) but not the right to pass folders that only root may enter."""
    import ctypes

    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    # Without this access(2), by which PostgreSQL looks at its own programs, would not know of that right.
    libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    wanted = 1 << CAP_DAC_OVERRIDE
    data = (ctypes.c_uint32 * 6)(wanted, wanted, wanted, 0, 0, 0)  # effective, permitted, inheritable; low, high
    # Where the right is not ours to keep, the folders may be open anyway; the service's own error tells if not.
    if libc.capset(header, data) == 0:
        libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)


def main(told: str, command: list[str]) -> None:
    """Become the command. `told` is JSON: record, parent, signal, grace, orphaned, stay, perhaps uid and gid."""
    orders = json.loads(told)
    write_down(orders["record"], os.getpid(), orders["signal"], orders["grace"])
    if orders.get("uid") is not None:
        _become(orders["uid"], orders["gid"])
    _end_with_parent(orders["orphaned"])  # after the change of user, which makes the kernel forget it
    if os.getppid() != orders["parent"]:
        sys.exit("the harness has gone")  # before the kernel was asked to tell
    if orders.get("stay"):
        _end_with_parent(0)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
