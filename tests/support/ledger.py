"""The ledger of a trainer: what it asked, what it was told, and what of that must not be. Pure.

A trainer (tests/kafka_real/trainer.py) writes a line of JSON for each event, each by one write(2), so that what it has
written survives `kill -9`. Times are of CLOCK_MONOTONIC, which all processes of a host share.

    ["life", t]                               it began; the next one begins where this one was killed
    ["asked", number, t]                      before it is submitted; again where a killed life had submitted nothing
    ["told", number, t, verdict, fault, score]
    ["kept", number]                          after Farm.acknowledge() returned: never to be offered again
    ["offered", number]                       to a later life, though told (it was killed before it could keep it)
    ["end", stats]                            Farm.stats(); an end in order
"""

import collections
import json

SHOWN = 10  # numbers that a problem names


class Ledger:
    """
    >>> ledger = Ledger()
    >>> for line in (["life", 0.0], ["asked", 1, 1.0], ["asked", 2, 1.0], ["asked", 3, 1.0],
    ...              ["told", 1, 2.0, "accepted", "none", 1.0], ["kept", 1], ["told", 2, 5.0, "farm_error", "farm", 0.0]):
    ...     ledger.add(line)
    >>> len(ledger.outstanding()), ledger.recovered_after(1.5), ledger.farm_errors()
    (1, None, [2])
    >>> for problem in ledger.problems(lambda number: ("accepted", 1.0)):
    ...     print(problem)
    lost: 1: 3
    farm faults scored: 1: 2
    farm_error: 1, at most 0 expected: 2
    >>> ledger.add(["told", 3, 6.0, "wrong_answer", "submission", 0.0])
    >>> ledger.add(["told", 1, 6.0, "accepted", "none", 1.0])
    >>> for problem in ledger.problems(lambda number: ("accepted", 1.0), farm_errors=1):
    ...     print(problem)
    told twice: 1: 1
    wrong verdict: 1: 3 (wrong_answer 0.0, not accepted 1.0)
    farm faults scored: 1: 2
    >>> ledger.recovered_after(1.5), ledger.recovered_after(9.0)
    (4.5, 0.0)
    """

    def __init__(self):
        self.lives = 0
        self.asked = {}  # number → when, for the first time
        self.told = collections.defaultdict(list)  # number → (when, verdict, fault, score)
        self.kept = set()
        self.offered = []
        self.offered_though_kept = []
        self.stats = None

    def add(self, event):
        kind, *rest = event
        if kind == "life":
            self.lives += 1
        elif kind == "asked":
            self.asked.setdefault(rest[0], rest[1])
        elif kind == "told":
            self.told[rest[0]].append(tuple(rest[1:]))
        elif kind == "kept":
            self.kept.add(rest[0])
        elif kind == "offered":
            (self.offered_though_kept if rest[0] in self.kept else self.offered).append(rest[0])
        elif kind == "end":
            self.stats = rest[0]

    def outstanding(self):
        return [number for number in self.asked if number not in self.told]

    def farm_errors(self):
        return [number for number, answers in self.told.items() if any(fault == "farm" for _, _, fault, _ in answers)]

    def recovered_after(self, moment):
        """Seconds until all was answered that had been asked before the moment. None: not yet."""
        last = moment
        for number, when in self.asked.items():
            if when <= moment:
                if number not in self.told:
                    return None
                last = max(last, self.told[number][0][0])
        return last - moment

    def problems(self, right, farm_errors=0):
        """What must not be, a line each. `right`: number → (verdict, score). Up to `farm_errors` answers may be
        farm_error without a score."""
        found = []

        def find(what, numbers, shown=str):
            if numbers:
                more = ", …" if len(numbers) > SHOWN else ""
                found.append(f"{what}: {len(numbers)}: {', '.join(shown(n) for n in sorted(numbers)[:SHOWN])}{more}")

        def says(number):
            verdict, score = right(number)
            _, got, _, scored = next(answer for answer in self.told[number] if is_wrong(number, answer))
            return f"{number} ({got} {scored}, not {verdict} {score})"

        def is_wrong(number, answer):
            return answer[2] != "farm" and (answer[1], answer[3]) != right(number)

        find("lost", self.outstanding())
        find("told twice", [number for number, answers in self.told.items() if len(answers) > 1])
        find("offered again though acknowledged", self.offered_though_kept)
        find("told, and never asked", [number for number in self.told if number not in self.asked])
        find("wrong verdict", [number for number, answers in self.told.items()
                               if number in self.asked and any(is_wrong(number, answer) for answer in answers)], says)
        find("farm faults scored", [number for number, answers in self.told.items()
                                    if any(fault == "farm" and score is not None for _, _, fault, score in answers)])
        if len(self.farm_errors()) > farm_errors:
            numbers = sorted(self.farm_errors())
            found.append(f"farm_error: {len(numbers)}, at most {farm_errors} expected: "
                         f"{', '.join(map(str, numbers[:SHOWN]))}")
        if len(self.offered) >= max(self.lives, 1):  # a life is killed between two steps of one answer at most
            find(f"offered again in {self.lives} lives", self.offered)
        return found


class LedgerFile:
    """A ledger that is read as far as it is written."""

    def __init__(self, path):
        self.path = path
        self.ledger = Ledger()
        self.at = 0

    def update(self):
        if not self.path.exists():
            return self.ledger
        with open(self.path, "rb") as file:
            file.seek(self.at)
            lines, newline, _ = file.read().rpartition(b"\n")
        if newline:
            self.at += len(lines) + 1
            for line in lines.splitlines():
                self.ledger.add(json.loads(line))
        return self.ledger
