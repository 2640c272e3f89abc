"""Requests whose right verdict is known, of many kinds and all cheap. Pure: the number and the seed say all of one."""

import random
from typing import NamedTuple


class Known(NamedTuple):
    body: dict  # without its id
    verdict: str
    score: float | None


SUM_IN_BASH = 'read -r a b\necho "$((a + b))"\n'
SUM_IN_PYTHON = "print(sum(map(int, input().split())))\n"
CPP = """extern "C" int scanf(const char*, ...);
extern "C" int printf(const char*, ...);
int main() { int a = 0, b = 0; scanf("%%d %%d", &a, &b); printf("%%d\\n", a + b + %d - %d); }
"""


def stdin_stdout(language, code, *cases, **members):
    cases = [{"stdin": stdin, "stdout": stdout} for stdin, stdout in cases]
    return {"submission": {"language": language, "code": code},
            "evaluation": {"type": "stdin_stdout", "cases": cases}, **members}


def in_bash(number, _dice):
    return Known(stdin_stdout("bash", SUM_IN_BASH, (f"{number} 1\n", f"{number + 1}\n")), "accepted", 1.0)


def in_python(number, _dice):
    return Known(stdin_stdout("python", SUM_IN_PYTHON, (f"{number} 1\n", f"{number + 1}\n")), "accepted", 1.0)


def calls(number, _dice):
    return Known({"submission": {"language": "python", "code": "def twice(x):\n    return 2 * x\n"},
                  "evaluation": {"type": "function_call", "entry_point": "twice",
                                 "cases": [{"args": [number], "expected": 2 * number}]}}, "accepted", 1.0)


def wrong(number, _dice):
    return Known(stdin_stdout("bash", SUM_IN_BASH, (f"{number} 1\n", f"{number}\n")), "wrong_answer", 0.0)


def half_right(number, _dice):
    body = stdin_stdout("bash", "read -r a b\necho $((a + 1))\n", (f"{number} 1\n", f"{number + 1}\n"),
                        (f"{number} 2\n", f"{number + 2}\n"), policy={"run_all_cases": True})
    return Known(body, "wrong_answer", 0.5)


def fails(number, _dice):
    return Known(stdin_stdout("bash", f"exit {1 + number % 100}\n", ("", "never\n")), "runtime_error", 0.0)


def seen_before(number, _dice):
    """One of a few: mostly there is an earlier verdict on the same bytes, and no sandbox."""
    which = number % 16
    right = which % 4 != 0
    body = stdin_stdout("bash", SUM_IN_BASH, (f"{which} 1\n", f"{which + right}\n"), policy={"cache": True})
    return Known(body, "accepted" if right else "wrong_answer", 1.0 if right else 0.0)


def large(number, dice):
    """20 KB that do not compress."""
    body = stdin_stdout("bash", "wc -c\n", (dice.randbytes(10_000).hex(), "20000\n"))
    return Known(body, "accepted", 1.0)


def refused(number, _dice):
    return Known(stdin_stdout("klingon", f"{number}", ("", "")), "rejected", None)


def compiled(number, _dice):
    """A program that nobody compiled before."""
    return Known(stdin_stdout("cpp", CPP % (number, number), (f"{number} 1\n", f"{number + 1}\n")), "accepted", 1.0)


# As often as they stand here.
KINDS = (in_bash, in_bash, in_bash, in_python, in_python, calls, wrong, half_right, fails, large, refused,
         seen_before, seen_before, seen_before, seen_before, seen_before, seen_before, seen_before, seen_before)
WITH_CPP = (*KINDS, compiled)


def known(seed, number, *, with_cpp=False):
    """The request of that number, and what is right.

    >>> known(1, 5) == known(1, 5), len({known(1, n).verdict for n in range(100)})
    (True, 4)
    >>> {known(1, n, with_cpp=True).body["submission"]["language"] for n in range(200)} == {
    ...     "bash", "python", "klingon", "cpp"}
    True
    """
    dice = random.Random(seed * 1_000_003 + number)
    return dice.choice(WITH_CPP if with_cpp else KINDS)(number, dice)
