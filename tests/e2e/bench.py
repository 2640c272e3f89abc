#!/usr/bin/env python3
"""`gradefarm bench` lists its scenarios, measures a tiny one, and says no to what is not there. Nothing here is timed."""

import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import farm  # noqa: E402


def bench(*options, code=0):
    """Stdout and stderr of `gradefarm bench`, which must end with this exit code."""
    done = subprocess.run([farm.program("gradefarm"), "bench", *options], capture_output=True, text=True, timeout=240,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == code, (options, done.returncode, done.stdout, done.stderr)
    return done.stdout, done.stderr


def check_list():
    listed = {row["scenario"]: row for row in map(json.loads, bench("--list", "--json")[0].splitlines())}
    assert all(row["available"] for row in listed.values()), listed
    text, _ = bench("--list")
    assert all(name in text for name in listed), text


def check_refusals():
    assert "there is no scenario 'pyhton'" in bench("pyhton", code=2)[1]


def check_measurement(scenario, *options):
    """One JSON object with a median of each side, one number a turn."""
    out, errors = bench(scenario, "--rounds", "2", "--count", "2", "--json", "--profile", *options)
    finding = json.loads(out)
    assert finding["scenario"] == scenario, finding
    for side in ("farm", "baseline", finding["figure"] if finding["figure"] == "ratio" else "added_ms"):
        assert len(finding[side]["turns"]) == 2, finding[side]
        assert finding[side]["low"] <= finding[side]["median"] <= finding[side]["high"], finding[side]
    assert finding["farm"]["low"] > 0 and finding["baseline"]["low"] > 0, finding
    assert scenario in errors, "progress is told on stderr"
    return finding


def main():
    farm.needs_root()
    check_list()
    check_refusals()
    profile = check_measurement("python-stdin")["profile"]
    assert [step for step in profile if step["step"] == "programs, wall" and step["median_us"] > 0], profile
    own = check_measurement("python-assert", "--datasets", "/nonexistent")
    assert "of our own" in own["notes"][0], own["notes"]


if __name__ == "__main__":
    main()
