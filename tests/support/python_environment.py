"""Virtual environments with packages of PyPI, made once a machine by pip and kept in ~/.cache/gradefarm."""

import fcntl
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys

import farm

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "gradefarm"
PYTHON = "/usr/bin/python3"  # whose files sandboxes see anyway


def make(packages):
    """The interpreter of an environment with exactly these packages ("name==version"), not what they depend on. One
    program at a time makes it; the test is skipped where PyPI is out of reach."""
    version = subprocess.run([PYTHON, "--version"], capture_output=True, text=True, check=True).stdout
    key = hashlib.sha256("\n".join([version, *packages]).encode()).hexdigest()[:16]
    folder = CACHE / f"environment-{key}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / f"environment-{key}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            install(folder, packages)
            (folder / "complete").touch()
    return folder / "bin" / "python3"


def install(folder, packages):
    print(f"making {folder}", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    for command in ([PYTHON, "-m", "venv", folder],
                    [folder / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
                     "--only-binary", ":all:", *packages]):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode == 0:
            continue
        print(done.stdout[-2000:])
        shutil.rmtree(folder, ignore_errors=True)
        if re.search("No module named (venv|ensurepip)|ensurepip is not", done.stdout):
            farm.skip("python3-venv is not installed")
        if re.search("No matching distribution|connection|timed out|resolution|unreachable|Max retries", done.stdout, re.I):
            farm.skip("PyPI is out of reach: this test needs packages of it")
        sys.exit(f"{command[0]} ended with {done.returncode}")
