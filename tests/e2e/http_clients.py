#!/usr/bin/env python3
"""Clients that others wrote, as they come from PyPI, against the HTTP gateway and a real farm: each script in http_clients/
drives one of them, unchanged.

  http_clients.py [NAME…]

Frameworks are installed without what they depend on; listed here is what the modules used import.
"""

import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import farm  # noqa: E402
import gateway  # noqa: E402
import python_environment  # noqa: E402

ENVIRONMENT = """
sandbox-fusion verl tinker-cookbook ms-enclave
""".split()
SCRIPTS = pathlib.Path(__file__).resolve().parent / "http_clients"
PATIENCE = 600  # of one script, seconds


def main():
    farm.needs_root()
    names = sys.argv[1:] or sorted(script.stem for script in SCRIPTS.glob("*.py"))
    python = python_environment.make(ENVIRONMENT)
    failed = []
    with tempfile.TemporaryDirectory(prefix="http-clients-") as name:
        work = pathlib.Path(name)
        work.chmod(0o755)
        with gateway.FarmWithGateway(work) as up:
            for client in names:
                print(f"-- {client}", flush=True)
                begin = time.monotonic()
                done = subprocess.run([python, "-P", SCRIPTS / f"{client}.py", f"http://127.0.0.1:{up.port}"], timeout=PATIENCE)
                print(f"{'ok' if done.returncode == 0 else 'FAILED'} in {time.monotonic() - begin:.1f} s", flush=True)
                if done.returncode != 0:
                    failed.append(client)
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
