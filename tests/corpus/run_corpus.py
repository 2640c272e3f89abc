#!/usr/bin/env python3
"""Grades the corpus and compares each result with what its case expects.

A case is a folder <language>/<name>/ with request.json (a request without its identity), expect.json, and the files
that they name. In request.json {"$file": NAME} stands for a file's text, {"$base64_file": NAME} for its base64 and
{"$repeat": [TEXT, N]} for N times TEXT; `about` says what the case is for. expect.json is a subset of the result:
members that it does not name are free. A matcher may stand for a value: {"$any": [...]}, {"$not": value},
{"$absent": true}, {"$contains": text}, {"$lacks": text}, {"$near": number}, {"$equals": value} (no subset).

  run_corpus.py [--brokers LIST | --embedded] [NAME...]   grade, print the verdict table, exit 1 on a difference
  run_corpus.py --grade-only                              grade into build/corpus/ (the fixture of the ctest entries)
  run_corpus.py --check NAME                              compare one result of that run
  run_corpus.py --print [NAME...]                         the requests, as JSON lines for `gradefarm grade -`
"""

import argparse
import base64
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import farm  # noqa: E402

CORPUS = pathlib.Path(__file__).resolve().parent
WORK = farm.BUILD / "corpus"


def names():
    return sorted(str(path.parent.relative_to(CORPUS)) for path in CORPUS.glob("*/*/request.json"))


def expand(value, folder):
    """The value with {"$file": …} and its relatives replaced by what they stand for."""
    if isinstance(value, list):
        return [expand(item, folder) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"$file"}:
        return (folder / value["$file"]).read_text(encoding="utf-8")
    if value.keys() == {"$base64_file"}:
        return base64.b64encode((folder / value["$base64_file"]).read_bytes()).decode()
    if value.keys() == {"$repeat"}:
        text, count = value["$repeat"]
        return text * count
    return {key: expand(item, folder) for key, item in value.items()}


def request_of(name):
    folder = CORPUS / name
    request = expand(json.loads((folder / "request.json").read_text(encoding="utf-8")), folder)
    request.pop("about", None)
    return {"schema_version": 1, "request_id": name, "trainer": "corpus", **request}


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


ABSENT = object()
MATCHERS = {
    "$any": lambda want, got: any(not difference(choice, got) for choice in want),
    "$not": lambda want, got: bool(difference(want, got)),
    "$absent": lambda want, got: (got is ABSENT or got is None) == want,
    "$contains": lambda want, got: isinstance(got, str) and want in got,
    "$lacks": lambda want, got: isinstance(got, str) and want not in got,
    "$near": lambda want, got: is_number(got) and abs(got - want) < 1e-3,
    "$equals": lambda want, got: want == got,
}


def difference(want, got, at=""):
    """Where and how `got` fails to contain `want`; "" where it does.

    >>> difference({"a": 1}, {"a": 1, "b": 2})
    ''
    >>> difference({"a": [{"b": 1}]}, {"a": [{"b": 2}]})
    '/a/0/b is 2 instead of 1'
    >>> difference([1], [1, 2])
    ' has 2 items instead of 1'
    >>> difference({"a": {"$any": ["x", "y"]}}, {"a": "z"})
    '/a is "z", which does not match {"$any": ["x", "y"]}'
    >>> difference({"a": {"$absent": True}}, {}), difference(1, True), difference(1, 1.0)
    ('', ' is true instead of 1', '')
    """
    if isinstance(want, dict) and len(want) == 1 and next(iter(want)) in MATCHERS:
        matcher, argument = next(iter(want.items()))
        shown = "absent" if got is ABSENT else json.dumps(got)[:300]
        return "" if MATCHERS[matcher](argument, got) else f"{at} is {shown}, which does not match {json.dumps(want)}"
    if got is ABSENT:
        return f"{at} is absent instead of {json.dumps(want)}"
    if isinstance(want, dict) and isinstance(got, dict):
        found = (difference(item, got.get(key, ABSENT), f"{at}/{key}") for key, item in want.items())
        return next((text for text in found if text), "")
    if isinstance(want, list) and isinstance(got, list):
        if len(want) != len(got):
            return f"{at} has {len(got)} items instead of {len(want)}"
        found = (difference(a, b, f"{at}/{i}") for i, (a, b) in enumerate(zip(want, got)))
        return next((text for text in found if text), "")
    same = want == got and isinstance(want, bool) == isinstance(got, bool)
    return "" if same else f"{at} is {json.dumps(got)[:300]} instead of {json.dumps(want)}"


def is_served(name, result):
    """Whether the farm has the language; only those that a host may do without are excused."""
    optional = name.split("/")[0] in farm.SLOW_LANGUAGES
    return not (optional and result["verdict"] == "rejected" and "has no language" in result.get("message", ""))


def judge(name, result):
    expected = json.loads((CORPUS / name / "expect.json").read_text(encoding="utf-8"))
    return difference(expected, result), expected


def words(value):
    """The verdicts that an expectation allows, for the table."""
    return " | ".join(value["$any"]) if isinstance(value, dict) and "$any" in value else str(value)


def print_table(results):
    width = max(map(len, results), default=0)
    failed = 0
    print(f"{'case':{width}}  {'expected':41}  {'got':15} {'ms':>7}  (compiling and running)")
    unserved = [name for name in results if not is_served(name, results[name])]
    if unserved:
        print(f"not served here: {len(unserved)} cases of {', '.join(sorted({name.split('/')[0] for name in unserved}))}")
    results = {name: result for name, result in results.items() if name not in unserved}
    for name in sorted(results):
        result = results[name]
        text, expected = judge(name, result)
        timings = result.get("timings", {})
        milliseconds = timings.get("compile_ms", 0) + timings.get("run_ms", 0)
        mark = f"  <-- {text}" if text else ""
        failed += bool(text)
        print(f"{name:{width}}  {words(expected['verdict']):41}  {result['verdict']:15} {milliseconds:7}{mark}")
        if text and result.get("message"):
            print(f"{'':{width}}  message: {result['message'][:500]}")
    print(f"{len(results) - failed} of {len(results)} cases as expected")
    return failed


def main():
    farm.precompiles_headers()
    farm.has_languages(*farm.SLOW_LANGUAGES)
    parser = argparse.ArgumentParser(description="Grade the corpus and compare each result with what its case expects.")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--embedded", action="store_true", help="with an embedded broker and grader (the default)")
    where.add_argument("--brokers", help="through this Kafka, where graders are running")
    parser.add_argument("--workers", type=int, help="slots of the embedded grader")
    parser.add_argument("--grade-only", action="store_true")
    parser.add_argument("--check", metavar="NAME")
    parser.add_argument("--print", action="store_true", dest="show")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    if options.check:
        if not (WORK / "results.jsonl").exists():
            farm.skip("the corpus was not graded")
        results = {row["request_id"]: row for row in farm.read_jsonl(WORK / "results.jsonl")}
        if options.check not in results:
            sys.exit(f"{options.check} has no result: it was not in the last run of the corpus")
        if not is_served(options.check, results[options.check]):
            farm.skip(results[options.check]["message"])
        text, _ = judge(options.check, results[options.check])
        if text:
            sys.exit(f"{options.check}: {text}\n{json.dumps(results[options.check], indent=1, ensure_ascii=False)[:6000]}")
        return
    requests = [request_of(name) for name in options.names or names()]
    if options.show:
        for request in requests:
            print(json.dumps(request, ensure_ascii=False))
        return
    if not options.brokers:
        (WORK / "results.jsonl").unlink(missing_ok=True)
        farm.needs_root()
    rows = farm.grade(requests, WORK, brokers=options.brokers, workers=options.workers)
    if not options.grade_only:
        sys.exit(1 if print_table({row["request_id"]: row for row in rows}) else 0)


if __name__ == "__main__":
    main()
