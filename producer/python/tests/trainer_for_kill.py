"""A trainer that test_restart.py kills: submits requests with a state file and notes each answer that it took.

    trainer_for_kill.py BROKERS POOL STATE LOG first COUNT TAKE   submits COUNT, takes TAKE answers, kills itself
    trainer_for_kill.py BROKERS POOL STATE LOG again              takes what is left, and says how much that was
"""

from __future__ import annotations

import os
import signal
import sys
import time

from conftest import request

from gradefarm import Farm

brokers, pool, state, log, life, *rest = sys.argv[1:]
with open(log, "a") as out, Farm(brokers, trainer=pool, pool=pool, state_file=state) as farm:
    if life == "first":
        count, take = map(int, rest)
        futures = [farm.submit(request(f"r{i}", code="#" * 500)) for i in range(count)]
        for future in farm.as_completed(futures[:take]):
            out.write(future.result().request_id + "\n")
        out.flush()
        while farm.stats().answered < take + (count - take) // 2:  # half of the rest is answered and not taken
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGKILL)
    resumed = farm.resumed
    print(len(resumed), flush=True)
    for future in farm.as_completed(resumed.values()):
        out.write(future.result().request_id + "\n")
