"""The hostile submissions: the project's own suite (hostile/) and the shared catalogue, as one kind of item."""

import dataclasses
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import farm  # noqa: E402

OWN = pathlib.Path(__file__).resolve().parent / "hostile"
SHARED_LIMITS = {"run_cpu_ms": 1000, "run_wall_ms": 2000, "memory_bytes": 128 << 20, "output_bytes": 4 << 20,
                 "compile_cpu_ms": 4000, "processes": 64}
# What the host's account files hold and the sandbox's do not.
HOST_CONTENT = "daemon:"
REPEATED = "  // repeated"
# For an item of the shared catalogue whose tests name only add(a, b), but which lists `assert` among its modes.
ADD_TESTS = "assert add(1, 2) == 3\nassert add(5, 7) == 12\n"


@dataclasses.dataclass
class Item:
    name: str  # file:mode
    language: str
    category: str
    expect: str
    request: dict
    repeat: int = 1
    verdicts: tuple = ()  # not empty: the only ones that are right
    forbidden: str = HOST_CONTENT  # in what is fetched or said by a compiler
    judging_ms: int = 0  # what the checker may take besides


def served():
    """Name or alias of each language that this tree has → its evaluations."""
    found = {}
    for path in sorted((farm.ROOT / "grader" / "languages").glob("*.json")):
        language = json.loads(path.read_text(encoding="utf-8"))
        for name in (language["id"], *language["aliases"]):
            found[name] = language["evaluations"]
    return found


def request(name, language, code, evaluation, limits):
    return {"schema_version": 1, "request_id": name, "trainer": "hostile", "limits": limits,
            "submission": {"language": language, "code": code}, "evaluation": evaluation}


def unrolled(code, times):
    """Lines that end with `// repeated`, as often as that, each with its number."""
    lines = []
    for line in code.splitlines(keepends=True):
        text = line.removesuffix("\n")
        if times > 1 and text.endswith(REPEATED):
            lines += [text.removesuffix(REPEATED).replace("{number}", str(number)) + "\n" for number in range(times)]
        else:
            lines.append(line)
    return "".join(lines)


def own(quick=False):
    """(items, honest ones): every task must be passed by its honest program, or refusing the others proves nothing.

    `quick` takes one mode of each compiled item, another one from item to item.
    """
    manifest = json.loads((OWN / "manifest.json").read_text(encoding="utf-8"))
    tasks, honest, items, used = manifest["tasks"], manifest["honest"], [], {}
    for number, row in enumerate(manifest["items"]):
        language = row["file"].split("/")[0]
        modes = row["modes"]
        if quick and language == "cpp":
            modes = [modes[number % len(modes)]]
        for mode in modes:
            evaluation = dict(tasks[mode].get(language) or tasks[mode]["*"])
            if "fetch" in row:
                evaluation["fetch_files"] = row["fetch"]
            name = f"{row['file']}:{mode}"
            code = unrolled((OWN / row["file"]).read_text(encoding="utf-8"), row.get("repeat_lines", 1))
            limits = {**manifest["limits"], **row.get("limits", {})}
            items.append(Item(name, language, row["category"], row["expect"],
                              request(name, language, code, evaluation, limits), row.get("repeat", 1),
                              tuple(row.get("verdicts", ())), row.get("forbidden", HOST_CONTENT), row.get("judging_ms", 0)))
            used[mode, language] = evaluation
    programs, functions = honest["programs"], honest["functions"]
    good = []
    for (mode, language), evaluation in used.items():
        if evaluation.get("cases") != []:
            code = programs[mode][language] if mode in programs else functions[language]
            good.append(request(f"honest:{language}:{mode}", language, code, evaluation, manifest["limits"]))
    return items, good


def shared():
    """The catalogue of the shared test data, or a skip."""
    folder = farm.shared("conformance", "hostile")
    items = []
    for row in json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["items"]:
        for mode in [row["mode"], *row["also_modes"]]:
            name = f"{row['file']}:{mode}"
            code = (folder / row["file"]).read_text(encoding="utf-8")
            evaluation = shared_evaluation(row, mode)
            if evaluation is None:
                print(f"skipped {name}: the catalogue has no tests for this mode")
                continue
            items.append(Item(name, row["language"], row["category"], row["expected"],
                              request(name, row["language"], code, evaluation, SHARED_LIMITS)))
    return items


def shared_evaluation(row, mode):
    """What the row is graded by in this mode, or None where the catalogue does not say."""
    tests = row["tests"]
    if mode == "run":
        return {"type": "run", "fetch_files": ["output.txt"] if row["expected"] == "fetch_refused" else []}
    if mode == "stdin_stdout" and isinstance(tests, list):
        return {"type": mode, "cases": [{"stdin": case["input"], "stdout": case["output"]} for case in tests]}
    if mode == "stdin_stdout" and "fn_name" in tests:  # it reads nothing, and must not be paid for that
        return {"type": mode, "cases": [{"stdin": "1 2\n", "stdout": "3\n"}]}
    if mode == "function_call" and "fn_name" in tests:
        cases = [{"args": args, "expected": out} for args, out in zip(tests["inputs"], tests["outputs"])]
        return {"type": mode, "entry_point": tests["fn_name"], "cases": cases}
    if mode == "assert" and "append" in tests:
        return {"type": mode, "tests": tests["append"]}
    if mode == "assert" and "test" in tests:
        return {"type": mode, "tests": tests["test"], "entry_point": tests["entry_point"]}
    if mode == "assert" and tests.get("fn_name") == "add":
        return {"type": mode, "tests": ADD_TESTS, "entry_point": "add"}
    return None
