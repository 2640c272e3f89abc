#!/usr/bin/env python3
"""Grades the canonical solutions of public data sets, which must pass, and a mutant of each, which must not.

  humaneval.py [--embedded | --brokers LIST] [--set NAME]... [--workers N] [--first N] [--canonical-only]

Of the Python sets, 95 of 100 rows must be judged with integrity `isolated`; the others are named. The default sets are
humaneval_x_python and humaneval_x_cpp. Canonical solutions that the bare toolchain itself finds wrong are left out and
named; a few rows of MBXP are such. Exits 1 on any other count than all and none, and 77 where the shared test data is
missing.
"""

import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import datasets  # noqa: E402
import farm  # noqa: E402
import mutate  # noqa: E402

SHOWN = 20  # wrong verdicts a set
ISOLATED = {"python": 0.95}  # the share of canonical solutions whose tests must run apart from them


def requests_of(name, first, canonical_only):
    """The canonical requests and those of the mutants, told apart by their ids."""
    language, convert = datasets.ASSERT_SETS[name]
    mutants = {} if canonical_only else mutate.mutants(name)
    canonical, mutated = [], []
    for row in datasets.rows(name)[:first]:
        request = convert(row, language)
        canonical.append({**request, "request_id": f"{name}/{row['task_id']}/canonical"})
        if row["task_id"] in mutants:
            request = convert(row, language, mutants[row["task_id"]])
            mutated.append({**request, "request_id": f"{name}/{row['task_id']}/mutant"})
    return canonical, mutated


def main():
    farm.precompiles_headers()
    parser = argparse.ArgumentParser(description="Canonical solutions must pass, mutants must not.")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--embedded", action="store_true", help="with an embedded broker and grader (the default)")
    where.add_argument("--brokers", help="through this Kafka, where graders are running")
    parser.add_argument("--set", action="append", choices=sorted(datasets.ASSERT_SETS), dest="sets")
    parser.add_argument("--workers", type=int)
    parser.add_argument("--first", type=int, metavar="N", help="only that many rows of each set")
    parser.add_argument("--canonical-only", action="store_true", help="no mutants")
    options = parser.parse_args()
    sets = options.sets or ["humaneval_x_python", "humaneval_x_cpp"]
    if not options.brokers:
        farm.needs_root()
    plans = {name: requests_of(name, options.first, options.canonical_only) for name in sets}
    requests = [request for canonical, mutated in plans.values() for request in canonical + mutated]
    work = farm.BUILD / "conformance" / ("kafka" if options.brokers else "embedded") / "-".join(sets)
    results = {row["request_id"]: row
               for row in farm.grade(requests, work, brokers=options.brokers, workers=options.workers)}

    failed = False
    for name, (canonical, mutated) in plans.items():
        language, _ = datasets.ASSERT_SETS[name]
        refused = [r for r in canonical if results[r["request_id"]]["verdict"] != "accepted"]
        wrong_rows = [r for r in refused if mutate.bare_verdict(datasets.program(r), language) != "passes"]
        passed = [r for r in mutated if results[r["request_id"]]["verdict"] == "accepted"]
        unjudged = [r for r in mutated if results[r["request_id"]]["fault"] not in ("none", "submission")
                    or results[r["request_id"]]["verdict"] == "compile_error"]
        print(f"{name}: canonical {len(canonical) - len(refused)} of {len(canonical)} accepted, mutants {len(passed)} of "
              f"{len(mutated)} accepted, {len(unjudged)} not run to a verdict")
        together = [r for r in canonical if results[r["request_id"]]["integrity"] != "isolated"]
        too_few = len(together) > (1 - ISOLATED.get(language, 0)) * len(canonical)
        if language in ISOLATED:
            print(f"  isolated: {len(canonical) - len(together)} of {len(canonical)}" + (", TOO FEW" if too_few else ""))
            for request in together:
                print(f"  {request['request_id']}: {results[request['request_id']].get('warnings')}")
        for request in wrong_rows:
            print(f"  {request['request_id']}: refused, and wrong by the bare toolchain too")
        astray = [r for r in refused if r not in wrong_rows] + passed + unjudged
        for request in astray[:SHOWN]:
            result = results[request["request_id"]]
            detail = result.get("message") or next((c for c in result["cases"] if c["verdict"] != "accepted"), "")
            print(f"  {request['request_id']}: {result['verdict']} {str(detail)[:600]}")
        failed = failed or bool(astray) or too_few
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
