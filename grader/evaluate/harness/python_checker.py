"""Runs a checker: python_checker.py CHECKER INPUT EXPECTED ACTUAL.

Trusted code around trusted code. A checker refuses with exit code 1, which is also what Python exits with after an
uncaught exception: here that becomes 3, so that a checker that falls over is not taken for one that refuses.
"""

import runpy
import sys
import traceback

sys.argv = sys.argv[1:]
sys.path[0] = ""  # as for `python3 CHECKER`: its own directory, not this file's
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
except Exception:
    traceback.print_exc()
    sys.exit(3)
