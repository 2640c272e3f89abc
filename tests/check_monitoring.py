#!/usr/bin/env python3
"""Checks monitoring/ without a farm: dashboards, Prometheus rules, the runbook, and that they fit METRICS.md.

  check_monitoring.py               dashboards and rules say nothing that is not there, and promtool can parse all of it
  check_monitoring.py --test FILE   promtool's unit tests in a file of monitoring/alerts

Exit status 77: promtool is not installed (Debian: package prometheus).
"""

import argparse
import itertools
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
MONITORING = ROOT / "monitoring"
DASHBOARDS = sorted((MONITORING / "dashboards").glob("*.json"))
RULES = sorted((MONITORING / "alerts").glob("*.rules.yml"))
SKIPPED = 77
GRID = 24  # columns of a dashboard

# What Prometheus itself adds: https://prometheus.io/docs/concepts/jobs_instances/ and the series of alerts.
OWN_METRICS = {"up": {"job", "instance"}, "ALERTS": {"alertname", "alertstate", "severity", "job", "instance"}}
KEYWORDS = {"and", "or", "unless", "bool", "offset", "inf", "nan", "by", "without", "on", "ignoring", "group_left",
            "group_right"}


def metrics_of(table):
    """The series behind METRICS.md's table, each with its labels.

    >>> sorted(metrics_of("| `a_total` | counter | x | `pool` | Text. |")["a_total"])
    ['instance', 'job', 'pool']
    >>> sorted(metrics_of("| `b_seconds` | histogram | seconds | `pool`, `language` | Text. |"))
    ['b_seconds_bucket', 'b_seconds_count', 'b_seconds_sum']
    """
    found = {}
    for name, kind, labels in re.findall(r"^\| `(\w+)` \| (\w+) \| [^|]* \| ([^|]*) \|", table, re.MULTILINE):
        known = set(re.findall(r"`(\w+)`", labels)) | {"job", "instance"}
        if kind == "histogram":
            found |= {f"{name}_bucket": known | {"le"}, f"{name}_sum": known, f"{name}_count": known}
        else:
            found[name] = known
    return found


def names_in(query):
    """The metrics and the labels that a PromQL query names.

    >>> names_in('histogram_quantile(0.9, sum by (le, pool) (rate(a_bucket{pool=~"x{y}", verdict!="b"}[$__rate_interval])))')
    (['a_bucket'], ['le', 'pool', 'pool', 'verdict'])
    >>> names_in('pool:a:rate5m > on () group_left () b offset 5m and c')
    (['pool:a:rate5m', 'b', 'c'], [])
    """
    text = re.sub(r'"(\\.|[^"\\])*"', '""', query)
    labels = []

    def grouping(match):
        labels.extend(re.findall(r"\w+", match[2]))
        return " "

    def matchers(match):
        labels.extend(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", match[0]))
        return " "
    text = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)", grouping, text)
    text = re.sub(r"\{[^}]*\}", matchers, text)
    text = re.sub(r"\[[^]]*\]|\boffset\s+\w+", " ", text)
    words = re.findall(r"(?<![\w:.])([a-zA-Z_:][\w:]*)(?!\s*\()(?![\w:])", text)
    return [word for word in words if word.lower() not in KEYWORDS], labels


def unknown(query, known):
    """What is wrong with the names of a query, one text each.

    >>> unknown('rate(a_total{pol="x"}[1m]) + b', {"a_total": {"pool"}})
    ['no such metric: b', 'no such label: pol']
    """
    metrics, labels = names_in(query)
    here = set().union(*(known.get(metric, set()) for metric in metrics))
    return ([f"no such metric: {metric}" for metric in metrics if metric not in known] +
            [f"no such label: {label}" for label in labels if label not in here])


def with_variables(query, rate_interval="1m"):
    """A dashboard's query as Prometheus takes it: every grader of every pool.

    >>> with_variables('rate(a{pool=~"$pool", instance=~"${instance}"}[$__rate_interval])')
    'rate(a{pool=~".*", instance=~".*"}[1m])'
    """
    query = query.replace("$__rate_interval", rate_interval)
    return re.sub(r"\$(\{\w+\}|\w+)", ".*", query)


def overlaps(panels):
    """Titles of panels that lie on each other or beyond the grid.

    >>> at = lambda title, x, y, w, h: {"title": title, "gridPos": {"x": x, "y": y, "w": w, "h": h}}
    >>> overlaps([at("a", 0, 0, 12, 8), at("b", 12, 0, 12, 8), at("c", 0, 8, 24, 1)])
    []
    >>> overlaps([at("a", 0, 0, 12, 8), at("b", 11, 7, 12, 8), at("c", 20, 20, 5, 1)])
    ['c lies beyond the grid', 'a and b lie on each other']
    """
    problems = []
    for panel in panels:
        at = panel["gridPos"]
        if at["x"] < 0 or at["y"] < 0 or at["w"] < 1 or at["h"] < 1 or at["x"] + at["w"] > GRID:
            problems.append(f"{panel['title']} lies beyond the grid")
    for one, other in itertools.combinations(panels, 2):
        a, b = one["gridPos"], other["gridPos"]
        if (a["x"] < b["x"] + b["w"] and b["x"] < a["x"] + a["w"] and
                a["y"] < b["y"] + b["h"] and b["y"] < a["y"] + a["h"]):
            problems.append(f"{one['title']} and {other['title']} lie on each other")
    return problems


def queries_of(board):
    """(panel's title, query's letter, PromQL) of each query of a dashboard, in its order."""
    return [(panel["title"], target["refId"], target["expr"])
            for panel in board["panels"] for target in panel.get("targets", [])]


def check_dashboard(board, known):
    """Texts about what is wrong with a dashboard."""
    panels, variables = board["panels"], [item["name"] for item in board["templating"]["list"]]
    problems = overlaps(panels)
    ids = [panel["id"] for panel in panels]
    problems += [f"panel id {i} stands there {ids.count(i)} times" for i in sorted(set(ids)) if ids.count(i) > 1]
    problems += [f"the variable {name} is missing" for name in ("datasource", "pool") if name not in variables]
    for panel in panels:
        targets, title = panel.get("targets", []), panel["title"]
        if panel["type"] != "row" and not targets:
            problems.append(f"{title}: no query")
        letters = [target["refId"] for target in targets]
        if len(set(letters)) < len(letters):
            problems.append(f"{title}: two queries have the same refId")
        for item in [panel, *targets] if targets else []:
            if item["datasource"] != {"type": "prometheus", "uid": "${datasource}"}:
                problems.append(f"{title}: not from the datasource that one chooses above")
    texts = [(title, query) for title, _, query in queries_of(board)]
    for item in board["templating"]["list"]:
        if item["type"] == "query":
            found = re.fullmatch(r"label_values\((.+), (\w+)\)", item["query"]["query"])
            texts.append((f"variable {item['name']}", f"sum by ({found[2]}) ({found[1]})"))
    for title, query in texts:
        problems += [f"{title}: {text}" for text in unknown(query, known)]
        used = re.findall(r"\$\{?(\w+)", query)
        problems += [f"{title}: no such variable: {name}" for name in used
                     if name not in variables and name != "__rate_interval"]
    return problems


def rules_of(text):
    """The rules of a file in Prometheus' format, written as we write them: each key on its own line.

    >>> rules_of("groups:\\n  - name: g\\n    rules:\\n      - alert: A\\n        expr: |\\n          b\\n          > 1\\n"
    ...          "        annotations:\\n          runbook: x\\n      - record: c:d\\n        expr: e\\n")
    [{'alert': 'A', 'expr': 'b > 1', 'runbook': 'x'}, {'record': 'c:d', 'expr': 'e'}]
    """
    rules, lines = [], text.splitlines()
    for i, line in enumerate(lines):
        found = re.match(r"( *)(- )?(alert|record|expr|runbook|severity): (.*)", line)
        if not found:
            continue
        value = found[4]
        if value == "|":
            deeper = itertools.takewhile(lambda next: next.startswith(found[1] + "  "), lines[i + 1:])
            value = " ".join(part.strip() for part in deeper)
        if found[2]:
            rules.append({})
        rules[-1][found[3]] = value
    return rules


def anchors(markdown):
    """The targets of links to the headings of a document.

    >>> sorted(anchors("# Runbook\\n## GradefarmX\\ntext\\n## A b"))
    ['a-b', 'gradefarmx', 'runbook']
    """
    headings = re.findall(r"^#+ (.+)$", markdown, re.MULTILINE)
    return {re.sub(r"[^\w-]", "", heading.strip().lower().replace(" ", "-")) for heading in headings}


def tested(text):
    """Names of the alerts that a file of promtool tests wants to fire, and those that it wants to be silent.

    >>> fires, silent = tested("- {alertname: A, eval_time: 1m, exp_alerts: []}\\n- alertname: B\\n  eval_time: 1m\\n"
    ...                        "  exp_alerts:\\n    - exp_labels: {}")
    >>> fires, silent
    ({'B'}, {'A'})
    """
    fires, silent = set(), set()
    for name, rest in re.findall(r"alertname: (\w+)((?:(?!alertname:)[\s\S])*)", text):
        (silent if re.match(r"[^\[]*exp_alerts: \[\]", rest) else fires).add(name)
    return fires, silent


def check_rules(known):
    """Texts about what is wrong with the rules, their tests and the runbook. Adds what the rules record to `known`."""
    rules = [(path.name, rule) for path in RULES for rule in rules_of(path.read_text(encoding="utf-8"))]
    runbook = anchors((MONITORING / "RUNBOOK.md").read_text(encoding="utf-8"))
    tests = "\n".join(path.read_text(encoding="utf-8") for path in (MONITORING / "alerts").glob("*_test.yml"))
    fires, silent = tested(tests)
    for _, rule in rules:
        if "record" in rule:
            known[rule["record"]] = {"pool"}
    problems, entries = [], set()
    for file, rule in rules:
        name = rule.get("alert") or rule["record"]
        problems += [f"{file}: {name}: {text}" for text in unknown(rule["expr"], known)]
        if "record" in rule:
            continue
        entries.add(name.lower())
        if rule.get("runbook") != f"monitoring/RUNBOOK.md#{name.lower()}":
            problems.append(f"{file}: {name}: the annotation runbook is not monitoring/RUNBOOK.md#{name.lower()}")
        if name.lower() not in runbook:
            problems.append(f"RUNBOOK.md: no entry {name}")
        if rule.get("severity") not in ("critical", "warning"):
            problems.append(f"{file}: {name}: severity is neither critical nor warning")
        if name not in fires:
            problems.append(f"{file}: {name}: no test in which it fires")
        if name not in silent:
            problems.append(f"{file}: {name}: no test in which it is silent")
    problems += [f"RUNBOOK.md: {name} is no alert" for name in sorted(runbook)
                 if name.startswith("gradefarm") and name not in entries]
    return problems


def promtool(*arguments):
    """Runs promtool; what it complains about."""
    done = subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True)
    return [] if done.returncode == 0 else [f"promtool {arguments[0]} {arguments[1]}: {(done.stdout + done.stderr).strip()}"]


def check_syntax(boards, work):
    """Lets promtool parse everything: the queries as rules (JSON is YAML), the rules, the configuration with its rules."""
    rules = [{"record": f"dashboard:{name}_{i}:query", "expr": with_variables(query)}
             for name, board in boards.items() for i, (_, _, query) in enumerate(queries_of(board))]
    queries = work / "queries.json"
    queries.write_text(json.dumps({"groups": [{"name": "queries", "rules": rules}]}, indent=1), encoding="utf-8")
    problems = promtool("check", "rules", queries)
    shutil.copy(ROOT / "deploy" / "monitoring" / "prometheus.yml", work)
    (work / "rules").mkdir()
    for path in RULES:
        shutil.copy(path, work / "rules")
    return problems + promtool("check", "config", work / "prometheus.yml")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--test", metavar="FILE", type=pathlib.Path)
    options = parser.parse_args()
    if not shutil.which("promtool"):
        print("SKIPPED: promtool is not installed (Debian: package prometheus)")
        sys.exit(SKIPPED)
    if options.test:
        sys.exit(subprocess.run(["promtool", "test", "rules", options.test]).returncode)
    known = metrics_of((MONITORING / "METRICS.md").read_text(encoding="utf-8")) | OWN_METRICS
    problems = check_rules(known)
    boards = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in DASHBOARDS}
    for name, board in boards.items():
        problems += [f"dashboard {name}: {text}" for text in check_dashboard(board, known)]
    uids = [board["uid"] for board in boards.values()]
    if len(set(uids)) < len(uids):
        problems.append(f"two dashboards have the same uid: {uids}")
    with tempfile.TemporaryDirectory(prefix="check-monitoring-") as work:
        problems += check_syntax(boards, pathlib.Path(work))
    count = sum(len(queries_of(board)) for board in boards.values())
    print("\n".join(problems) or f"{len(boards)} dashboards with {count} queries and {len(RULES)} files of rules are sound")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
