#!/usr/bin/env python3
"""Load on the HTTP gateway: requests that all wait at once, each on a connection of its own, and then connections that
come and go. Nothing may be lost and nothing answered wrong; how fast `/v1/ping` is meanwhile and what memory the gateway
takes is printed, and held against the promise with --strict.

  gateway_load.py [--pending 500] [--connections 2000] [--rate 500] [--strict]

The heavy form, on a quiet host: --pending 5000 --connections 40000 --rate 2000 --strict.
"""

import argparse
import asyncio
import json
import pathlib
import resource
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import farm  # noqa: E402
import gateway  # noqa: E402

PATIENCE = 900  # of a request, seconds
MOST_MEMORY = 400 << 20
MOST_PING_MS = 50


def message(method, path, body=b"", keep=False):
    return (f"{method} {path} HTTP/1.1\r\nHost: gateway\r\nContent-Length: {len(body)}\r\n"
            f"Connection: {'keep-alive' if keep else 'close'}\r\n\r\n").encode() + body


async def read_reply(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    return int(head[9:12]), json.loads(await reader.readexactly(length))


async def ask(port, method, path, body=b""):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(message(method, path, body))
        return await asyncio.wait_for(read_reply(reader), PATIENCE)
    finally:
        writer.close()


async def run_program(port, i):
    body = json.dumps({"language": "python", "code": f"print({i} * {i})"}).encode()
    status, reply = await ask(port, "POST", "/run_code", body)
    return status == 200 and reply["run_result"]["stdout"] == f"{i * i}\n"


async def ping_until(port, done):
    """Milliseconds of each ping, one at a time on one connection."""
    times = []
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while not done.is_set():
        begin = time.monotonic()
        writer.write(message("GET", "/v1/ping", keep=True))
        assert await read_reply(reader) == (200, "pong")
        times.append((time.monotonic() - begin) * 1000)
        await asyncio.sleep(0.02)
    writer.close()
    return sorted(times)


async def wait_at_once(port, count):
    # The pings are of a process of their own: this one's loop is busy with its own thousands.
    pings = await asyncio.create_subprocess_exec(sys.executable, __file__, "--ping", str(port), stdin=asyncio.subprocess.PIPE,
                                                 stdout=asyncio.subprocess.PIPE)
    begin = time.monotonic()
    right = await asyncio.gather(*(run_program(port, i) for i in range(count)))
    taken = time.monotonic() - begin
    out, _ = await pings.communicate(b"")  # and no more: its end
    assert pings.returncode == 0
    return sum(right), taken, json.loads(out)


async def churn(port, count, rate):
    """How many of `count` connections, `rate` a second where this host can, got their pong."""
    good, running = 0, set()

    async def one():
        nonlocal good
        got = await ask(port, "GET", "/v1/ping")
        good += got == (200, "pong")

    begin = time.monotonic()
    for i in range(count):
        task = asyncio.create_task(one())
        running.add(task)
        task.add_done_callback(running.discard)
        await asyncio.sleep(max(0.0, begin + i / rate - time.monotonic()))
    await asyncio.gather(*running)
    return good, time.monotonic() - begin


def ping_process(port):
    async def main():
        loop, done = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(sys.stdin, done.set)  # its end
        print(json.dumps(await ping_until(port, done)))
    asyncio.run(main())


def peak_memory(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) << 10
    raise AssertionError(f"no VmHWM of {pid}")


def percentile(times, share):
    return times[min(len(times) - 1, int(len(times) * share))]


def measure(options):
    with tempfile.TemporaryDirectory(prefix="gateway-load-") as name:
        work = pathlib.Path(name)
        work.chmod(0o755)
        with gateway.FarmWithGateway(work) as up:
            (pid,) = up.children("gradefarm-gateway")
            right, taken, pings = asyncio.run(wait_at_once(up.port, options.pending))
            memory = peak_memory(pid)
            slow = percentile(pings, 0.99)
            print(f"{right} of {options.pending} requests that waited at once were answered right, in {taken:.1f} s; "
                  f"p99 of {len(pings)} pings {slow:.1f} ms; gateway at most {memory >> 20} MiB", flush=True)
            good, taken = asyncio.run(churn(up.port, options.connections, options.rate))
            print(f"{good} of {options.connections} connections were answered, {good / taken:.0f} a second", flush=True)
            assert up.children("gradefarm-gateway") == [pid], "the gateway ended"
    assert right == options.pending and good == options.connections
    assert memory < MOST_MEMORY, f"{memory >> 20} MiB"
    assert not options.strict or slow < MOST_PING_MS, f"p99 {slow:.1f} ms"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pending", type=int, default=500)
    parser.add_argument("--connections", type=int, default=2000)
    parser.add_argument("--rate", type=float, default=500)
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("--ping", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.ping:
        return ping_process(options.ping)
    farm.needs_root()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    measure(options)
    print("all as it should be")


if __name__ == "__main__":
    main()
