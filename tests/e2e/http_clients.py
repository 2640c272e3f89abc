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
sandbox-fusion==0.3.7 verl==0.9.1 tinker-cookbook==0.6.1 ms-enclave==0.0.8
aiohappyeyeballs==2.7.1 aiohttp==3.14.5 aiosignal==1.4.0 annotated-doc==0.0.7 annotated-types==0.8.0 anyio==4.16.0 attrs==26.1.0
certifi==2026.10.18 charset-normalizer==3.5.2 docker==7.2.0 docstring-parser==0.18.0 fastapi==0.165.0 frozenlist==1.8.0
idna==3.20 multidict==7.2.1 opentelemetry-api==1.45.2 propcache==0.5.4 pydantic==2.14.3 pydantic_core==2.50.4 requests==2.34.2
shortuuid==1.0.13 starlette==1.10.0 tenacity==9.2.1 typing-inspection==0.4.5 typing_extensions==4.16.0 urllib3==2.8.0 yarl==1.25.1
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
