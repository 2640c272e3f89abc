"""Journal: the state file. What was asked and not taken yet, so that a trainer that is killed and started again gets
the rest of its answers, each once, and nothing is graded twice.

Lines of JSON, appended by one write(2) each: they survive the end of the process, SIGKILL included. Rewritten as a
whole (temporary file, fsync, rename) when most of it is history, so that it stays about as large as what is
outstanding.

    {"gradefarm_state": 1, "trainer": …, "pool": …, "reply_topic": …, "correlation": …, "offsets": {"0": 17}}
    ["S", id, trainer, deadline_unix_ms, delivered, bytes, generation]  followed by the record's value and a newline;
                                                                        without the generation where it is 0
    ["D", id, …]   delivered to the broker
    ["A", id]      answered, and the answer was taken

The offsets are those of the reply topic before the first answer that was not taken. A line that a crash cut short ends
the file. Thread-safe.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import StateFileError

_VERSION = 1
_MIN_REWRITE = 1 << 20  # a smaller file is not worth the fsync


@dataclass(slots=True)
class Saved:
    request_id: str
    trainer: str
    deadline_unix_ms: int
    value: bytes
    delivered: bool = False
    generation: int = 0


@dataclass(slots=True)
class Snapshot:
    """All that a journal says."""

    correlation: str
    offsets: dict[int, int]
    requests: dict[str, Saved] = field(default_factory=dict)


def _line(row: object) -> bytes:
    return json.dumps(row, separators=(",", ":")).encode() + b"\n"


def _saved_line(saved: Saved) -> bytes:
    row = ["S", saved.request_id, saved.trainer, saved.deadline_unix_ms, int(saved.delivered), len(saved.value)]
    head = _line([*row, saved.generation] if saved.generation else row)
    return head + saved.value + b"\n"


def parse(content: bytes) -> tuple[dict[str, Any], Snapshot]:
    """The header and what the lines add up to. Raises ValueError where the header is none of ours."""
    head, newline, _ = content.partition(b"\n")
    header = json.loads(head)
    if not newline or not isinstance(header, dict) or header.get("gradefarm_state") != _VERSION:
        raise ValueError(f"its first line is not that of a state file of version {_VERSION}")
    snapshot = Snapshot(header["correlation"], {int(p): int(o) for p, o in header["offsets"].items()})
    requests = snapshot.requests
    at = len(head) + 1
    while at < len(content):
        end = content.find(b"\n", at)
        if end < 0:
            break
        try:
            row = json.loads(content[at:end])
            at = end + 1
            if row[0] == "S":
                _, request_id, trainer, deadline, delivered, size, *more = row
                if content[at + size:at + size + 1] != b"\n":
                    break
                value = content[at:at + size]
                requests[request_id] = Saved(request_id, trainer, deadline, value, bool(delivered), *more)
                at += size + 1
            elif row[0] == "D":
                for request_id in row[1:]:
                    if request_id in requests:
                        requests[request_id].delivered = True
            elif row[0] == "A":
                requests.pop(row[1], None)
        except (ValueError, IndexError, TypeError, KeyError):
            break  # cut short by a crash of the host; what follows was never acknowledged to anybody
    return header, snapshot


class Journal:
    def __init__(self, path: str | os.PathLike[str], *, trainer: str, pool: str, reply_topic: str) -> None:
        """Takes the file for this process. `recovered` is what an earlier one left, or None. Raises StateFileError."""
        self.path = Path(path)
        self._of = {"trainer": trainer, "pool": pool, "reply_topic": reply_topic}
        self._lock = threading.Lock()
        self._fd = -1
        self._size = self._size_when_rewritten = 0
        self.recovered: Snapshot | None = None
        try:
            self._lock_fd = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StateFileError(f"state file {self.path}: {error.strerror}") from error
        try:
            fcntl.flock(self._lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if self.path.exists():
                self.recovered = self._load()
        except BlockingIOError:
            os.close(self._lock_fd)
            raise StateFileError(f"state file {self.path} is in use by another process or Farm") from None
        except BaseException:
            os.close(self._lock_fd)
            raise

    def _load(self) -> Snapshot:
        try:
            header, snapshot = parse(self.path.read_bytes())
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise StateFileError(f"state file {self.path} cannot be read: {error}") from error
        for name, ours in self._of.items():
            if header.get(name) != ours:
                raise StateFileError(f"state file {self.path} is of {name} {header.get(name)!r}, not {ours!r}")
        return snapshot

    def submitted(self, saved: Saved) -> None:
        self._append(_saved_line(saved))

    def delivered(self, request_ids: Iterable[str]) -> None:
        self._append(_line(["D", *request_ids]))

    def taken(self, request_id: str) -> None:
        self._append(_line(["A", request_id]))

    def _append(self, data: bytes) -> None:
        with self._lock:
            if self._fd < 0:
                return
            try:
                view = memoryview(data)
                while view:
                    view = view[os.write(self._fd, view):]
            except OSError as error:
                # What follows half a line would not be read again.
                with contextlib.suppress(OSError):
                    os.ftruncate(self._fd, self._size)
                raise StateFileError(f"state file {self.path}: {error.strerror}") from error
            self._size += len(data)

    def wants_rewrite(self) -> bool:
        return self._size > _MIN_REWRITE and self._size > 4 * self._size_when_rewritten

    def rewrite(self, snapshot: Callable[[], Snapshot]) -> None:
        """Replaces the file by what `snapshot` returns; it is called while no line can be appended."""
        with self._lock:
            now = snapshot()
            header = {"gradefarm_state": _VERSION, **self._of, "correlation": now.correlation,
                      "offsets": {str(partition): offset for partition, offset in sorted(now.offsets.items())}}
            temporary = f"{self.path}.tmp"
            try:
                fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)
                try:
                    with open(fd, "wb", closefd=False) as file:
                        file.write(_line(header))
                        file.writelines(_saved_line(saved) for saved in now.requests.values())
                        size = file.tell()
                    os.fsync(fd)
                    os.rename(temporary, self.path)
                except BaseException:
                    os.close(fd)
                    raise
            except OSError as error:
                raise StateFileError(f"state file {self.path}: {error.strerror}") from error
            if self._fd >= 0:
                os.close(self._fd)
            self._fd = fd
            self._size = self._size_when_rewritten = size

    def close(self, *, remove: bool) -> None:
        """`remove`: nothing is left to resume."""
        with self._lock:
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1
            if remove:
                self.path.unlink(missing_ok=True)
        os.close(self._lock_fd)

    def forget_in_child(self) -> None:
        """After fork(): the file is the parent's; the lock stays with it."""
        for fd in (self._fd, self._lock_fd):
            if fd >= 0:
                os.close(fd)
        self._fd = -1
