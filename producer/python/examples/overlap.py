#!/usr/bin/env python3
"""Grading behind generation: each rollout is submitted as soon as it is generated, and the step ends when the last
verdict is in. Prints how much of the grading time was hidden behind generation.

    python overlap.py 127.0.0.1:40123 [--steps 3] [--batches 8] [--batch-size 16] [--generate-s 0.4]

Generation is simulated by sleeping; grading is real. For comparison the first step is graded only after all of it was
generated, as a trainer does that calls a reward function at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time

from gradefarm import Farm, Limits, Request, Result, StdinCase, StdinStdout, Submission

CASES = [StdinCase(f"{n}\n", f"{n * (n + 1) // 2}\n") for n in (0, 1, 10, 100)]
PROGRAMS = [
    "n = int(input())\nprint(n * (n + 1) // 2)",
    "print(sum(range(int(input()) + 1)))",
    "print(sum(range(int(input()))))  # off by one",
    "n = int(input())\nwhile n: pass  # never ends for n > 0",
    "prnt(1)  # a typo",
]
WEIGHTS = [8, 8, 4, 1, 2]


async def generate(step: int, batch: int, size: int, seconds: float) -> list[Request]:
    await asyncio.sleep(seconds)  # the model
    rng = random.Random(f"{step}/{batch}")
    return [Request(Submission("python", code=rng.choices(PROGRAMS, WEIGHTS)[0]), StdinStdout(CASES), step=step,
                    group=f"prompt-{batch}", limits=Limits(run_cpu_ms=500, run_wall_ms=1000))
            for _ in range(size)]


async def step_in_turn(farm: Farm, step: int, options: argparse.Namespace) -> tuple[list[Result], float, float]:
    begin = time.perf_counter()
    requests = []
    for batch in range(options.batches):
        requests += await generate(step, batch, options.batch_size, options.generate_s)
    generated = time.perf_counter()
    results = await farm.grade_many_async(requests, progress=False)
    return results, generated - begin, time.perf_counter() - generated


async def step_overlapped(farm: Farm, step: int, options: argparse.Namespace) -> tuple[list[Result], float, float]:
    begin = time.perf_counter()
    grading = []
    for batch in range(options.batches):
        for request in await generate(step, batch, options.batch_size, options.generate_s):
            grading.append(await farm.submit_async(request))
    generated = time.perf_counter()
    results = list(await asyncio.gather(*grading))
    return results, generated - begin, time.perf_counter() - generated


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("brokers")
    parser.add_argument("--pool", default="cpu")
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--batches", type=int, default=8)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--generate-s", type=float, default=0.4)
    options = parser.parse_args()

    async with Farm(options.brokers, trainer="overlap-example", pool=options.pool, on_farm_error="mask") as farm:
        for step in range(options.steps + 1):
            run = step_overlapped if step else step_in_turn
            results, generating, waiting = await run(farm, step, options)
            scores = [result.score for result in results if result.score is not None]
            masked = len(results) - len(scores)
            if step == 0:
                alone = waiting
                print(f"in turn   generation {generating:5.2f} s, then grading {waiting:5.2f} s")
            else:
                hidden = max(0.0, 1 - waiting / alone)
                print(f"step {step}    generation {generating:5.2f} s, waited for verdicts {waiting:5.2f} s: "
                      f"{hidden:.0%} of the grading time was hidden; mean score {sum(scores) / len(scores):.2f}, "
                      f"{masked} masked")


if __name__ == "__main__":
    asyncio.run(main())
