"""Outstanding: a request from its encoding to its answer."""

from __future__ import annotations

from typing import Any, Protocol

from . import futures
from .futures import GradeFuture
from .pending import Entry


class Owner(futures.Owner, Protocol):
    def on_delivery(self, entry: Outstanding, error: Any) -> None:
        """The broker confirmed a copy of it, or did not."""


class Outstanding(Entry, GradeFuture):
    """The entry and the future of a request in one object, and the callback of its delivery report: the garbage
    collector looks at each of ten thousands again and again, which was a sixth of the price of a request."""

    __slots__ = ()
    _owner: Owner | None = None  # until it is started

    def __call__(self, error: Any, _message: object) -> None:
        if self._owner is not None:
            self._owner.on_delivery(self, error)
