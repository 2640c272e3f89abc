"""Where a process stands in the host's control groups, and a group of memory of a test's own."""

import os
import pathlib
import re

import farm


def group_of(pid, controller):
    """The folder of the process's group, version 1 or 2, and the root of that hierarchy."""
    mounts = pathlib.Path("/proc/mounts").read_text()
    groups = pathlib.Path(f"/proc/{pid}/cgroup").read_text()
    if found := re.search(rf"^cgroup (\S+) cgroup \S*\b{controller}\b", mounts, re.MULTILINE):
        path = re.search(rf"^\d+:[^:]*\b{controller}\b[^:]*:(.*)$", groups, re.MULTILINE)[1]
    else:
        found, path = re.search(r"^cgroup2 (\S+) ", mounts, re.MULTILINE), re.search(r"^0::(.*)$", groups, re.MULTILINE)[1]
    root = pathlib.Path(found[1])
    return root / path.lstrip("/"), root


class MemoryGroup:
    """A group for a whole grader as a context: what ends in it is gone by its end, and so is the group."""

    def __init__(self, name):
        self.path = group_of(os.getpid(), "memory")[1] / f"{name}-{os.getpid()}"
        self.v1 = (self.path.parent / "memory.limit_in_bytes").exists() or not (
            self.path.parent / "cgroup.controllers").exists()

    def __enter__(self):
        self.path.mkdir()
        return self

    def __exit__(self, *_):
        self.lift()
        farm.wait_until(lambda: not (self.path / "cgroup.procs").read_text(), 60, f"{self.path} to be empty")
        for folder, _, _ in os.walk(self.path, topdown=False):
            os.rmdir(folder)

    def command(self, *command):
        """The command line of a program that runs in the group."""
        return ["/bin/sh", "-c", f'echo $$ > {self.path}/cgroup.procs && exec "$@"', "sh", *command]

    def used(self):
        return int((self.path / ("memory.usage_in_bytes" if self.v1 else "memory.current")).read_text())

    def leave(self, free):
        """No more than so many bytes beyond what is used now; no swap."""
        limit = str(self.used() + free)
        for name in ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes") if self.v1 else ("memory.max",):
            self.write(name, limit)
        if not self.v1:
            self.write("memory.swap.max", "0")

    def lift(self):
        for name in ("memory.memsw.limit_in_bytes", "memory.limit_in_bytes") if self.v1 else ("memory.max",):
            self.write(name, "-1" if self.v1 else "max")

    def write(self, name, value):
        if (self.path / name).exists():  # not every kernel counts swap
            (self.path / name).write_text(value)
