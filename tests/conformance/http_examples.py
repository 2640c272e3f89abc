#!/usr/bin/env python3
"""The shared examples of SandboxFusion's and ICIP's HTTP contract against a gateway and a real farm.

What is not served yet is skipped by name. Where the gateway differs on purpose the example has our expectation here
instead, and COMPATIBILITY.md the reason.
"""

import base64
import json
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import farm  # noqa: E402
import gateway  # noqa: E402

NOT_SERVED = ("/run_jupyter", "/get_metrics", "/get_metrics_function", "/get_prompts", "/get_prompt_by_id", "/list_ids",
              "/submit")
LANGUAGES = ("python", "cpp", "bash", "java", "typescript", "sql", "js")  # the last two are refused, as expected
CALLABLE = ("python", "cpp")
# Expectations of ours in place of the peers', by the end of the note.
DIFFERENT = {
    "QUIRK ICIP accepts a correct prefix; SF and a sane judge reject": {"accepted": False},
    "QUIRK un-wrapped scalar output cannot pass": {"accepted": True},
    "QUIRK fn_name key is mandatory even for stdio (superset should accept)": {"$status": 200, "tests": {"$len": 1}},
    "absolute fetch path, key echoed": {"status": "Success", "files": {}},
}


def why_skipped(example):
    path = example["endpoint"].split()[1]
    if path in NOT_SERVED:
        return f"{path} is not served yet"
    request = example["request"] or {}
    config = request.get("config") or {}
    language = request.get("language") or config.get("language") or "python"
    if language not in LANGUAGES:
        return f"no grader has {language} yet"
    cases = (config.get("provided_data") or {}).get("test_cases") or {}
    if isinstance(cases, dict) and cases.get("type") == "function_call" and language not in CALLABLE:
        return f"function_call in {language} is not served yet"
    return None


MATCHERS = {
    "$contains": lambda wanted, got: isinstance(got, str) and wanted in got,
    "$ne": lambda wanted, got: got != wanted,
    "$len": lambda wanted, got: isinstance(got, list) and len(got) == wanted,
    "$has": lambda wanted, got: isinstance(got, list) and all(any(fits(w, g) is None for g in got) for w in wanted),
    "$last": lambda wanted, got: isinstance(got, list) and got and fits(wanted, got[-1]) is None,
    "$startswith": lambda wanted, got: isinstance(got, str) and got.startswith(wanted),
    "$b64": lambda wanted, got: isinstance(got, str) and base64.b64decode(got).decode() == wanted,
    "$notnull": lambda wanted, got: (got is not None) == wanted,
}


def fits(wanted, got, where=""):
    """Why `got` is not what was wanted; None: it is.

    >>> fits({"a": [{"$ne": 1}]}, {"a": [2], "b": 3})
    >>> fits({"a": [1]}, {"a": [1, 2]})
    '/a: wanted 1 items, got 2'
    >>> fits({"a": {"b": None}}, {"a": {}})
    '/a/b: absent'
    """
    if isinstance(wanted, dict):
        matchers = [name for name in wanted if name in MATCHERS]
        if matchers:
            failed = [name for name in matchers if not MATCHERS[name](wanted[name], got)]
            return f"{where}: {failed[0]} {wanted[failed[0]]!r}, got {str(got)[:200]!r}" if failed else None
        if not isinstance(got, dict):
            return f"{where}: wanted an object, got {str(got)[:200]!r}"
        for name, value in wanted.items():
            if name == "$status":
                continue
            if name not in got:
                return f"{where}/{name}: absent"
            why = fits(value, got[name], f"{where}/{name}")
            if why:
                return why
        return None
    if isinstance(wanted, list):
        if not isinstance(got, list) or len(got) != len(wanted):
            return f"{where}: wanted {len(wanted)} items, got {len(got) if isinstance(got, list) else got}"
        return next((why for i, (w, g) in enumerate(zip(wanted, got)) if (why := fits(w, g, f"{where}/{i}"))), None)
    return None if wanted == got else f"{where}: wanted {wanted!r}, got {str(got)[:200]!r}"


def check(port, example):
    method, path = example["endpoint"].split()
    note = example["note"].partition("] ")[2]
    expect = DIFFERENT.get(note, example["expect"])
    status, got = gateway.call(port, method, path, example["request"])
    wanted = expect.get("$status", 200) if isinstance(expect, dict) else 200
    if status != wanted:
        return f"status {status} in place of {wanted}: {str(got)[:300]}"
    return fits(expect, got)


def main():
    farm.needs_root()
    examples = farm.read_jsonl(farm.shared("conformance", "http_examples.jsonl"))
    unknown = set(DIFFERENT) - {example["note"].partition("] ")[2] for example in examples}
    assert not unknown, f"no such examples: {unknown}"
    farm.has_languages("java")
    failures = passed = 0
    with tempfile.TemporaryDirectory(prefix="http-examples-") as name:
        work = pathlib.Path(name)
        work.chmod(0o755)
        with gateway.FarmWithGateway(work) as up:
            for example in examples:
                title = f"{example['endpoint']} {example['note']}"
                skipped = why_skipped(example)
                why = None if skipped else check(up.port, example)
                print(f"{'skipped' if skipped else 'FAILED' if why else 'ok':8}{title}: {skipped or why or ''}", flush=True)
                failures += why is not None
                passed += not skipped and not why
    print(f"{passed} of {len(examples)} examples pass, {failures} fail, {len(examples) - passed - failures} are skipped")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
