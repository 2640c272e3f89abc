"""Window: the bound on what is unanswered, in bytes and requests. Fair: who waits longest goes first, whether a thread
or a coroutine. Thread-safe."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable


class Ticket:
    """Room for one request, granted or waited for."""

    __slots__ = ("granted", "size", "wake")

    def __init__(self, size: int, wake: Callable[[], None] | None) -> None:
        self.size = size
        self.wake = wake
        self.granted = False


class Window:
    def __init__(self, max_bytes: int, max_requests: int) -> None:
        self.max_bytes = max_bytes
        self.max_requests = max_requests
        self.bytes = 0
        self.requests = 0
        self._lock = threading.Lock()
        self._waiting: deque[Ticket] = deque()

    def _has_room(self, size: int) -> bool:
        # One request that is larger than the window is admitted when it is alone.
        return self.requests == 0 or (self.requests < self.max_requests and self.bytes + size <= self.max_bytes)

    def try_enter(self, size: int) -> bool:
        with self._lock:
            # _has_room() and _take(), but for the calls: every submit() comes here.
            requests = self.requests
            after = self.bytes + size
            if self._waiting or (requests and (requests >= self.max_requests or after > self.max_bytes)):
                return False
            self.bytes = after
            self.requests = requests + 1
            return True

    def enter_beyond(self, size: int) -> None:
        """For who must not wait."""
        with self._lock:
            self._take(size)

    def queue(self, size: int, wake: Callable[[], None]) -> Ticket:
        """Waits in line; `wake` is called, from any thread, when ticket.granted has become true."""
        ticket = Ticket(size, wake)
        with self._lock:
            self._waiting.append(ticket)
            woken = self._grant()
        _call(woken)
        return ticket

    def withdraw(self, ticket: Ticket) -> None:
        """Leaves the line, or gives the granted room back."""
        with self._lock:
            if ticket.granted:
                self._give(ticket.size)
            else:
                self._waiting.remove(ticket)
            woken = self._grant()
        _call(woken)

    def leave(self, size: int) -> None:
        with self._lock:
            self._give(size)
            if not self._waiting:
                return
            woken = self._grant()
        _call(woken)

    def wake_all(self) -> None:
        """On closing: everybody in line is woken, ungranted."""
        with self._lock:
            woken = [ticket.wake for ticket in self._waiting if ticket.wake]
        _call(woken)

    def _take(self, size: int) -> None:
        self.bytes += size
        self.requests += 1

    def _give(self, size: int) -> None:
        self.bytes -= size
        self.requests -= 1

    def _grant(self) -> list[Callable[[], None]]:
        woken = []
        while self._waiting and self._has_room(self._waiting[0].size):
            ticket = self._waiting.popleft()
            self._take(ticket.size)
            ticket.granted = True
            if ticket.wake:
                woken.append(ticket.wake)
        return woken


def _call(woken: list[Callable[[], None]]) -> None:
    for wake in woken:
        wake()
