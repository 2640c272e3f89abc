#!/usr/bin/env python3
"""Says which tests were skipped and why, label by label.

report_skips.py CTEST_JSON JUNIT_XML LABEL... [--strict]
CTEST_JSON is the output of `ctest --show-only=json-v1`, JUNIT_XML that of `ctest --output-junit`. With --strict a
label of which no test ran is a failure.
"""

import json
import re
import sys
import xml.etree.ElementTree as xml


def labels_of(listing):
    """The names of the tests of each label.

    >>> labels_of({"tests": [{"name": "a", "properties": [{"name": "LABELS", "value": ["unit"]}]}, {"name": "b"}]})
    {'unit': ['a']}
    """
    found = {}
    for test in listing["tests"]:
        for item in test.get("properties", []):
            if item["name"] == "LABELS":
                for label in item["value"]:
                    found.setdefault(label, []).append(test["name"])
    return found


def reason(output):
    """Why a test skipped itself: our `SKIPPED: …` line, or the message of GTEST_SKIP.

    >>> reason("x\\nSKIPPED: no network\\n")
    'no network'
    >>> reason("[ RUN      ] A.B\\n/src/a.cc:7: Skipped\\nno cgroups\\n\\n[  SKIPPED ] A.B (0 ms)")
    'no cgroups'
    """
    found = re.search(r"^SKIPPED: (.*)$|: Skipped\n(.+)$", output, re.MULTILINE)
    return (found[1] or found[2]).strip() if found else "no reason given"


def skipped_in(junit):
    return {case.get("name"): reason(case.findtext("system-out") or "")
            for case in junit.iter("testcase") if case.find("skipped") is not None}


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--strict"]
    strict = "--strict" in sys.argv
    with open(arguments[0], encoding="utf-8") as listing:
        by_label = labels_of(json.load(listing))
    junit = xml.parse(arguments[1]).getroot()
    ran = {case.get("name") for case in junit.iter("testcase")}
    skipped = skipped_in(junit)
    failed = False
    for label in arguments[2:]:
        tests = [name for name in by_label.get(label, []) if name in ran]
        silent = [name for name in tests if name in skipped]
        for text in sorted({skipped[name] for name in silent}):
            count = sum(skipped[name] == text for name in silent)
            print(f"{label}: skipped {count} of {len(tests)}: {text}")
        if len(silent) == len(tests):
            print(f"!!! NOTHING of label {label} ran" + ("" if tests else ": it has no tests"))
            failed = True
    if not skipped and not failed:
        print("none")
    sys.exit(1 if failed and strict else 0)


if __name__ == "__main__":
    main()
