"""Sentences that wait for the next page of somebody: "done", and what became of it."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict

_MOST = 500


class Notices:
    """Keeps a sentence until it is shown, in memory only; the browser holds a random number."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, sentence: str) -> str:
        """The number under which it can be taken once."""
        number = secrets.token_urlsafe(12)
        with self._lock:
            self._kept[number] = sentence
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)
        return number

    def take(self, number: str) -> str | None:
        """The sentence, which is then gone; None for none."""
        with self._lock:
            return self._kept.pop(number, None)
