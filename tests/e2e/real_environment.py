#!/usr/bin/env python3
"""A real environment: numpy, pandas, scipy, sympy and matplotlib from PyPI in a virtual environment, used in earnest, and
numpy.dot of 1000 x 1000 in children of a process that has used it before, over and over, with the threads of OpenBLAS
under the limit of processes.

  real_environment.py [--forks 20]

The heavy form is --forks 1000. The environment is made once (tests/support/python_environment.py), and used again until
ENVIRONMENT changes.
"""

import argparse
import base64
import os
import pathlib
import struct
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import farm  # noqa: E402
import python_environment  # noqa: E402

ENVIRONMENT = """
numpy==2.4.6 pandas==3.1.1 scipy==1.17.1 sympy==1.14.0 matplotlib==3.11.2
contourpy==1.3.3 cycler==0.12.1 fonttools==4.68.0 kiwisolver==1.5.1 mpmath==1.3.0 packaging==26.3 pillow==13.0.0
pyparsing==3.3.3 python-dateutil==4.0.0 tzdata==2026.6
""".split()
MIB = 1 << 20
THREADS = min(4, len(os.sched_getaffinity(0)))
PROCESSES = 24  # for the threads of a parent and of one child, and little more

NUMPY = """
import numpy as np
n = int(input())
a = np.arange(n * n, dtype=float).reshape(n, n) + n * n * np.eye(n)
x = np.linalg.solve(a, a @ np.arange(n))
print(np.allclose(x, np.arange(n)), round(float(np.linalg.eigvalsh(a @ a.T).min()) > 0))
"""
PANDAS = """
import io, sys
import pandas as pd
frame = pd.read_csv(io.StringIO(sys.stdin.read()))
print(frame.groupby("team")["points"].agg(["sum", "max"]).sort_index().to_csv(), end="")
"""
TABLE = "team,points\nred,3\nblue,5\nred,4\nblue,1\n"
SCIPY = """
import numpy as np, scipy.linalg, scipy.optimize, scipy.integrate
print(*scipy.linalg.solve(np.array([[3., 2.], [1., 4.]]), np.array([12., 14.])).round(6))
print(round(scipy.optimize.brentq(lambda x: x ** 3 - 2, 0, 2) ** 3, 9))
print(round(scipy.integrate.quad(np.sin, 0, np.pi)[0], 9))
"""
SYMPY = """
import sympy
x = sympy.Symbol("x")
print(sympy.simplify(sympy.sin(x) ** 2 + sympy.cos(x) ** 2), sympy.integrate(2 * x, x), sympy.factor(x ** 2 - 1))
"""
MATPLOTLIB = """
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
figure, axes = plt.subplots(figsize=(4, 3), dpi=100)
axes.plot([0, 1, 2], [0, 1, 4], label="squares")
axes.set_title("a picture")
axes.legend()
figure.savefig("picture.png")
print("drawn")
"""
# The children's products are compared with the parent's; one that hangs meets the wall limit. OpenBLAS has no more
# threads than it sees CPUs, which is one in a sandbox until the program asks for more.
FORKS = """
import os, sys
if {threads} > 1:
    os.sched_setaffinity(0, range(1024))
    os.environ["OPENBLAS_NUM_THREADS"] = "{threads}"
import numpy as np
a = np.random.default_rng(7).random((1000, 1000))
right = a.dot(a)
print(len(os.listdir("/proc/self/task")), "threads")
for n in range({forks}):
    child = os.fork()
    if child == 0:
        os._exit(0 if np.allclose(a.dot(a), right) else 1)
    status = os.waitpid(child, 0)[1]
    if status != 0:
        sys.exit(f"child {{n}} ended with {{status}}")
print("all", {forks}, np.allclose(a.dot(a), right))
"""


def request(name, code, evaluation, **limits):
    return {"schema_version": 1, "request_id": name, "trainer": "environment",
            "submission": {"language": "python", "code": code}, "evaluation": evaluation,
            "limits": {"run_cpu_ms": 60_000, "run_wall_ms": 180_000, "memory_bytes": 1024 * MIB, **limits}}


def prints(stdout, stdin=""):
    return {"type": "stdin_stdout", "cases": [{"stdin": stdin, "stdout": stdout}]}


def requests(forks):
    groups = "team,sum,max\nblue,6,5\nred,7,4\n"
    patient = {"run_cpu_ms": 30_000 + 500 * forks, "run_wall_ms": 120_000 + 1000 * forks,
               "total_wall_ms": 240_000 + 3000 * forks, "processes": PROCESSES}
    return [
        request("numpy", NUMPY, prints("True 1\n", "40\n")),
        request("pandas", PANDAS, prints(groups, TABLE)),
        request("pandas_wrong", PANDAS, prints(groups.replace("6", "7"), TABLE)),
        request("scipy", SCIPY, prints("2.0 3.0\n2.0\n2.0\n")),
        request("sympy", SYMPY, prints("1 x**2 (x - 1)*(x + 1)\n")),
        request("matplotlib", MATPLOTLIB, {"type": "run", "fetch_files": ["picture.png"]}),
        # The tests, and numpy with them, run in a process of their own.
        request("numpy_tests", "import numpy as np\ndef double(x):\n    return 2 * np.asarray(x)\n",
                {"type": "assert", "entry_point": "double",
                 "tests": "import numpy as np\nassert (double(np.arange(3)) == np.array([0, 2, 4])).all()\n"}),
        request("forks", FORKS.format(forks=forks, threads=1), prints(f"1 threads\nall {forks} True\n"), **patient),
        request("forks_of_threads", FORKS.format(forks=forks, threads=THREADS),
                prints(f"{THREADS} threads\nall {forks} True\n"), **patient),
        request("forks_wrong", FORKS.format(forks=1, threads=1), prints("all 2 True\n"), **patient)]


def is_picture(png, width, height):
    return png[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">II", png[16:24]) == (width, height) and png[-8:-4] == b"IEND"


def check(results):
    found = {result["request_id"]: result for result in results}
    for name, result in found.items():
        right = "wrong_answer" if name.endswith("_wrong") else "accepted"
        case = (result.get("cases") or [{}])[0]
        print(f"{name}: {result['verdict']}, CPU {case.get('cpu_ms')} ms, wall {case.get('wall_ms')} ms, "
              f"{case.get('memory_bytes', 0) // MIB} MiB, attempts {case.get('attempts')}")
        if result["verdict"] != right:
            sys.exit(f"{name} is {result['verdict']}, not {right}: {result}")
    files = found["matplotlib"]["files"]
    if not is_picture(base64.b64decode(files["picture.png"]), 400, 300):
        sys.exit(f"this is no picture of 400 x 300: {str(files)[:300]}")


def main():
    parser = argparse.ArgumentParser(description="Submissions with numpy, pandas, scipy, sympy and matplotlib.")
    parser.add_argument("--forks", type=int, default=20)
    options = parser.parse_args()
    farm.needs_root()
    python = python_environment.make(ENVIRONMENT)
    with tempfile.TemporaryDirectory(prefix="environment-") as work:
        results = farm.grade(requests(options.forks), work, workers=2, timeout=600 + 10 * options.forks,
                             options=["--python", python])
    check(results)
    print(f"real programs are judged right, and {options.forks} forks of numpy.dot after another did not hang")


if __name__ == "__main__":
    main()
