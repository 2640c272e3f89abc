"""A plain progress bar on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO

Progress = bool | Callable[[int, int], None] | None
_WIDTH = 30
_INTERVAL = 0.1  # between two drawings


class Bar:
    """Told (done, total) as often as you like; draws at most ten times a second, and the end."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._begin = time.monotonic()
        self._next = 0.0

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now < self._next and done < total:
            return
        self._next = now + _INTERVAL
        filled = _WIDTH * done // total if total else _WIDTH
        rate = done / max(now - self._begin, 1e-3)
        end = "\n" if done >= total else ""
        self._stream.write(f"\rgraded [{'#' * filled}{'.' * (_WIDTH - filled)}] {done}/{total}  {rate:.0f}/s {end}")
        self._stream.flush()


def reporter(progress: Progress) -> Callable[[int, int], None]:
    """None: a bar if stderr is a terminal; True, False: a bar, or none; a function: that one."""
    if callable(progress):
        return progress
    if progress or (progress is None and sys.stderr is not None and sys.stderr.isatty()):
        return Bar()
    return lambda done, total: None
