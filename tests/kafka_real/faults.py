#!/usr/bin/env python3
"""Faults on Apache Kafka, each while a trainer asks requests whose right verdict is known; its ledger says that none was
lost, none answered twice or wrongly, and that no fault of the farm was scored.

    faults.py [FAULT…] [--requests 5000] [--rate 50] [--seed N] [--keep]

`--requests` is how many are asked at least, by turns of the fault until then; CI takes few, the long form is 100000.
Each fault shows that it happened before its turn counts. What comes out is a line a fault; README.md has a table of them.
"""

import argparse
import concurrent.futures
import datetime
import json
import os
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import apache  # noqa: E402
import farm  # noqa: E402
import fault_run  # noqa: E402
import proxy  # noqa: E402
import small_disk  # noqa: E402

PORT, PROXIED, PROXY = 19792, 19795, 19796  # also PORT + 100 and the next ones
# A second listener, which tells its clients to come by the proxy.
LISTENERS = f"""\
listeners=PLAINTEXT://127.0.0.1:{PORT},CONTROLLER://127.0.0.1:{PORT + 100},PROXIED://127.0.0.1:{PROXIED}
advertised.listeners=PLAINTEXT://127.0.0.1:{PORT},PROXIED://127.0.0.1:{PROXY}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT
"""
ROOM = 64 << 20
CLOCK_STEPS_S = (1800, -1800, 2 * 3600, -2 * 3600)  # a broker refuses what is more than an hour ahead of its own time
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"


# --- faults: each injects itself until run.goes_on() says that it is enough; how many farm_error answers there may be ----


def kill(run):
    """grader kill -9, at random times; another one starts."""
    run.begin()
    while run.goes_on(at_least=3):
        run.pause(0.5, 4)
        with run.injection():
            run.kill(run.dice.choice(run.graders))
        run.start_grader()
    return run.deaths  # a request that met two of them is given up


def stop(run):
    """grader SIGSTOP until another one has its partitions, which is past the session timeout; then SIGCONT."""
    run.begin()
    while run.goes_on(at_least=1):
        victim, other = run.dice.sample(run.graders, 2)
        run.await_shares()
        with run.injection():
            begin = time.monotonic()
            victim.process.send_signal(signal.SIGSTOP)
            farm.wait_until(lambda: state(victim.process.pid) == "T", 10, "the grader to be stopped")
            farm.wait_until(lambda: run.assigned(other) == run.all_partitions, fault_run.PATIENCE_S,
                            "all partitions at the other grader")
            run.deaths += 1  # as far as the group can tell
            assert time.monotonic() - begin > fault_run.SESSION_S - 1, "the partitions moved before the session ended"
            assert state(victim.process.pid) == "T", "the grader went on by itself"
            victim.process.send_signal(signal.SIGCONT)
        run.pause(1, 3)
    return run.deaths


def producer(run):
    """trainer kill -9, at random times; it comes back with its state file."""
    run.begin(state=True)
    while run.goes_on(at_least=3):
        lives, told = run.ledger().lives, len(run.ledger().told)
        farm.wait_until(lambda: len(run.ledger().told) > told, fault_run.PATIENCE_S, "an answer in this life")
        run.pause(0.2, 3)
        with run.injection():
            run.trainer.kill()
            assert run.trainer.wait() == -signal.SIGKILL, f"the trainer ended by itself, with {run.trainer.returncode}"
        run.start_trainer()
        farm.wait_until(lambda: run.ledger().lives > lives, fault_run.PATIENCE_S, "the trainer's next life")
    return 0


def broker_restart(run):
    """a broker of three is stopped in order and started again."""
    run.begin()
    while run.goes_on(at_least=1):
        broker_leaves(run, lambda node: run.cluster.done("stop", "--node", str(node)))
    return 0


def broker_kill(run):
    """a broker of three, kill -9, and started again."""
    run.begin()
    while run.goes_on(at_least=1):
        broker_leaves(run, lambda node: os.kill(run.cluster.pid(node), signal.SIGKILL))
    return 0


def broker_leaves(run, leave):
    node = run.dice.randint(1, 3)
    pid = run.cluster.pid(node)
    run.pause(0.5, 3)
    with run.injection():
        leave(node)
        farm.wait_until(lambda: not listens(run.cluster.port + node - 1), 60, f"broker {node} to be away")
        run.pause(1, 5)
        assert not listens(run.cluster.port + node - 1), f"broker {node} came back by itself"
        run.cluster.start_node(node)
    assert run.cluster.pid(node) != pid, f"broker {node} never ended"


def cut(run):
    """the network between a grader and the broker is cut until another one has its partitions, by broken connections and by
    silence in turn."""
    way, near = one_behind_a_proxy(run)
    while run.goes_on(at_least=2):
        run.await_shares()
        silent = len(run.injected) % 2
        before = way.held, way.cut, way.refused
        with run.injection():
            (way.silence if silent else way.reset)()
            farm.wait_until(lambda: run.assigned(near) == run.all_partitions, fault_run.PATIENCE_S,
                            "all partitions at the grader that is not cut off")
            if silent:
                assert way.held > before[0], "nothing was on its way while the network was silent"
            else:
                assert way.cut > before[1] and way.refused > before[2], "no connection was broken"
            way.heal()
        run.deaths += 1  # as far as the group can tell
        run.pause(1, 3)
    return run.deaths


def slow(run):
    """the network between a grader and the broker takes long and carries little."""
    way, _ = one_behind_a_proxy(run)
    run.await_shares()
    while run.goes_on(at_least=2):
        before = way.delayed
        with run.injection():
            way.slow(delay=run.dice.uniform(0.1, 0.4), bytes_a_second=64 << 10)
            run.pause(5, 8)
            farm.wait_until(lambda: way.delayed > before + 10_000, fault_run.PATIENCE_S, "traffic through the slow network")
            way.heal()
        run.pause(0.5, 2)
    return 0


def one_behind_a_proxy(run):
    """The proxy, and the grader that is not behind it."""
    run.begin(graders=1)
    way = run.beside.enter_context(proxy.Proxy(PROXY, PROXIED))
    run.start_grader(f"127.0.0.1:{PROXY}")
    return way, run.graders[0]


def storm(run):
    """a rebalance storm: a grader joins or leaves each second."""
    run.begin(graders=1)
    stays = run.graders[0]
    before = run.metric(stays, "gradefarm_rebalances_total")
    moved = lambda: run.metric(stays, "gradefarm_rebalances_total") - before
    changes, joins, leaves = [], 0, 0
    with concurrent.futures.ThreadPoolExecutor(16) as at_once, run.injection():
        tick = time.monotonic()
        end = tick + fault_run.PATIENCE_S
        stormed = lambda: joins >= 3 and leaves >= 3 and joins + leaves >= 12 and moved() >= 3
        while not run.asked_enough() or (not stormed() and tick < end):
            leavers = [grader for grader in run.graders if grader is not stays]
            if leavers and (joins - leaves >= 4 or run.dice.random() < 0.5):
                leaver = run.dice.choice(leavers)
                run.graders.remove(leaver)
                changes.append(at_once.submit(run.leave, leaver))
                leaves += 1
            elif joins - leaves < 4:
                changes.append(at_once.submit(run.start_grader))
                joins += 1
            tick = max(tick + 1, time.monotonic())
            time.sleep(max(0.0, tick - time.monotonic()))
    for change in changes:
        change.result()
    assert stormed(), f"{joins} joined, {leaves} left, {moved():.0f} rebalances of the grader that stayed: no storm"
    print(f"storm: {joins} joined, {leaves} left, {run.aborted} of them aborted by librdkafka at their very end; {moved():.0f} "
          f"rebalances of the one that stayed")
    return 0


def disk(run):
    """the disk of dumps and of the compile cache is full for a while."""
    small = run.beside.enter_context(small_disk.Disk(run.work / "small-disk", ROOM))
    dumps = small.path / "bad"
    run.begin(graders=1, with_cpp=True, options=[
        "--bad-cases", dumps, "--bad-cases-filter", "sample:0.5",
        "--compile-cache", "16MiB", "--compile-cache-dir", small.path / "compiled"])
    grader = run.graders[0]
    unkept = lambda: run.metric(grader, "gradefarm_compile_cache_failures_total")
    complaints = lambda: grader.log.read_text().count("bad cases are lost")
    while run.goes_on(at_least=1):
        farm.wait_until(lambda: any(dumps.iterdir()), fault_run.PATIENCE_S, "the first dump")
        before = unkept(), complaints()
        with run.injection():
            small.fill()
            farm.wait_until(lambda: complaints() > before[1], fault_run.PATIENCE_S, "word of dumps that were lost")
            farm.wait_until(lambda: unkept() > before[0], fault_run.PATIENCE_S, "a compiled program that was not kept")
            small.free()
        kept = set(dumps.iterdir())
        farm.wait_until(lambda: set(dumps.iterdir()) - kept, fault_run.PATIENCE_S, "a dump since there is room again")
        run.pause(1, 3)
    return 0


def clock(run):
    """the wall clock of the graders steps, forth and back (the realtime clock, by libfaketime)."""
    if not pathlib.Path(FAKETIME).exists():
        farm.skip(f"clock: {FAKETIME} is not there (Debian's libfaketime)")
    set_clock(run, 0)
    waits = run.work / "timed_waits.so"
    subprocess.run(["g++", "-x", "c", "-O2", "-shared", "-fPIC", "-o", waits, farm.ROOT / "tests/support/timed_waits.c"],
                   check=True)
    run.begin(options=["--log-level", "debug"], environment={
        "LD_PRELOAD": f"{waits}:{FAKETIME}", "FAKETIME_TIMESTAMP_FILE": str(run.work / "clock"),
        "FAKETIME_CACHE_DURATION": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"})
    while run.goes_on(at_least=len(CLOCK_STEPS_S)):
        step = CLOCK_STEPS_S[len(run.injected) % len(CLOCK_STEPS_S)]
        with run.injection():
            set_clock(run, step)
            for grader in run.graders:
                farm.wait_until(lambda: abs(ahead(grader) - step) < 600, fault_run.PATIENCE_S, f"a clock {step} s away")
            told = len(run.ledger().told)
            farm.wait_until(lambda: len(run.ledger().told) > told + 20, fault_run.PATIENCE_S,
                            f"answers of graders whose clock is {step} s away")
    return 0


def ahead(grader):
    """Seconds, as far as its log says."""
    said = json.loads(grader.log.read_text().rpartition("\n")[0].rpartition("\n")[2])["time"]
    return datetime.datetime.fromisoformat(said).timestamp() - time.time()


def set_clock(run, step):
    (run.work / "clock.part").write_text(f"{step:+d}\n")
    (run.work / "clock.part").rename(run.work / "clock")


FAULTS = {  # name → what injects it, nodes
    "kill": (kill, 1), "stop": (stop, 1), "producer": (producer, 1), "cut": (cut, 1), "slow": (slow, 1), "storm": (storm, 1),
    "disk": (disk, 1), "clock": (clock, 1), "broker-restart": (broker_restart, 3), "broker-kill": (broker_kill, 3),
}


def state(pid):
    """The letter of proc(5): T is stopped."""
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def listens(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def meet(name, cluster, work, options):
    """The status of a program that does only this."""
    inject, _ = FAULTS[name]
    print(f"{name}: {' '.join(inject.__doc__.split())}", flush=True)
    try:
        with fault_run.Run(name, cluster, work, options) as run:
            farm_errors = inject(run)
            problems, results = run.finish(farm_errors)
        print(results, flush=True)
    except (SystemExit, AssertionError) as error:
        if isinstance(error, SystemExit) and error.code == farm.SKIPPED:
            return farm.SKIPPED
        problems = [str(error)]
    for problem in problems:
        print(f"{name}: WRONG: {problem}", flush=True)
    if not problems:
        return 0
    for log in sorted(work.glob(f"{name}/*.log")):
        print(f"--- the end of {log.name}\n{log.read_text(errors='replace')[-1500:]}")
    return 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=f"all of them if none is given: {', '.join(FAULTS)}")
    parser.add_argument("--requests", type=int, default=5000, help="at least, for each fault")
    parser.add_argument("--rate", type=float, default=50, help="requests a second")
    parser.add_argument("--resubmit-after", type=float, default=30, help="seconds, of the client")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--keep", action="store_true", help="leave logs and ledgers where they are")
    options = parser.parse_args()
    unknown = set(options.faults) - set(FAULTS)
    if unknown:
        parser.error(f"no such fault: {', '.join(sorted(unknown))}")
    farm.needs_root()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what we have started ends with us
    print(f"seed {options.seed}", flush=True)
    chosen = options.faults or list(FAULTS)
    work = pathlib.Path(tempfile.mkdtemp(prefix="faults-"))
    work.chmod(0o755)
    (work / "listeners").write_text(LISTENERS)
    statuses = set()
    try:
        for nodes in sorted({FAULTS[name][1] for name in chosen}):
            with apache.Kafka(work / f"kafka-{nodes}", nodes, PORT, work / "listeners" if nodes == 1 else None) as cluster:
                statuses |= {meet(name, cluster, work, options) for name in chosen if FAULTS[name][1] == nodes}
    finally:
        if options.keep:
            print(f"logs and ledgers are in {work}")
        else:
            shutil.rmtree(work, ignore_errors=True)
    if 1 in statuses:
        print(f"once more the same: --seed {options.seed}")
    sys.exit(1 if 1 in statuses else min(statuses))


if __name__ == "__main__":
    main()
