"""How often somebody may try to sign in, and how many passwords are looked at at once.

Two limits must not be mixed up. Whoever guesses must be slowed, however many names and addresses
they have; and nobody may keep others out by guessing wrongly on purpose. So wrong passwords lock a
name *from one address*; a name that is tried from many addresses is locked for all but those from
which its owner has signed in before; and an address that tries many names is locked as a whole.
"""

from __future__ import annotations

import contextlib
import dataclasses
import ipaddress
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator

from review.errors import SignInRefusedError

FREE_ATTEMPTS = 5
"""Wrong passwords for a name from one address before the first wait."""
FREE_FROM_ANYWHERE = 30
"""Wrong passwords for a name from all addresses together."""
FREE_FROM_ADDRESS = 25
"""Wrong passwords from one address, whatever the names: a ward shares a computer."""
LOCKED_SECONDS = 30.0
LOCKED_AT_MOST = 3600.0
"""The first wait; each further wrong password doubles it, up to this."""
FORGOTTEN_AFTER = 24 * 3600.0
"""Seconds after which a wrong password no longer counts."""
_MOST_KEPT = 10_000

AT_ONCE = max(1, min(2, (os.cpu_count() or 1) - 1))
"""Passwords looked at together: each takes 64 MiB and a core for a while, on purpose."""
WAITING = 8
"""How many more wait for their turn; pages need the threads, too."""
_TURN_SECONDS = 5.0

_Key = tuple[str, str]


@dataclasses.dataclass(slots=True)
class _Wrong:
    count: int = 0
    last: float = 0.0
    free_from: float = 0.0


class Attempts:
    """Counts wrong passwords, in memory; may be used by several threads."""

    def __init__(self) -> None:
        self._wrong: OrderedDict[_Key, _Wrong] = OrderedDict()
        self._at_home: OrderedDict[_Key, None] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, name: str, client: str | None, now: float) -> None:
        """Count one attempt as wrong, until `right` says otherwise.

        Counted before the password is looked at: else a hundred attempts at the same moment
        would all be the first.

        Args:
            name: that somebody wants to sign in with, whether it exists or not.
            client: where from, as `neighbourhood` says; None where that tells nobody apart.
            now: seconds of a clock that never goes back.

        Raises:
            SignInRefusedError: there were too many; this one is not counted.
        """
        limits = self._limits(name, client)
        with self._lock:
            wait = max(
                (self._wrong[key].free_from - now for key in limits if key in self._wrong),
                default=0.0,
            )
            if wait > 0:
                raise SignInRefusedError(
                    "too many attempts: try again in {seconds} seconds", seconds=int(wait) + 1
                )
            for key, free in limits.items():
                self._count(key, free, now)

    def locked(self, name: str, client: str | None, now: float) -> bool:
        """Whether the next attempt has to wait."""
        with self._lock:
            kept = [self._wrong.get(key) for key in self._limits(name, client)]
        return any(one is not None and one.free_from > now for one in kept)

    def right(self, name: str, client: str | None) -> None:
        """The password was right: this name is at home at this address."""
        with self._lock:
            for key in (("name", name), _pair(name, client)):
                self._wrong.pop(key, None)
            # That one name was right says nothing of the others tried from the same place.
            shared = self._wrong.get(("from", client or ""))
            if shared:
                shared.count -= 1
            if client is not None:
                self._at_home[_pair(name, client)] = None
                while len(self._at_home) > _MOST_KEPT:
                    self._at_home.popitem(last=False)

    def _limits(self, name: str, client: str | None) -> dict[_Key, int]:
        """What counts, and how many wrong ones are free."""
        if client is None:
            return {("name", name): FREE_ATTEMPTS}
        limits = {_pair(name, client): FREE_ATTEMPTS, ("from", client): FREE_FROM_ADDRESS}
        if _pair(name, client) not in self._at_home:
            limits["name", name] = FREE_FROM_ANYWHERE
        return limits

    def _count(self, key: _Key, free: int, now: float) -> None:
        wrong = self._wrong.setdefault(key, _Wrong())
        self._wrong.move_to_end(key)
        if now - wrong.last > FORGOTTEN_AFTER:
            wrong.count = 0
        wrong.count += 1
        wrong.last = now
        over = wrong.count - free
        if over >= 0:
            wrong.free_from = now + min(LOCKED_AT_MOST, LOCKED_SECONDS * 2.0 ** min(over, 20))
        while len(self._wrong) > _MOST_KEPT:
            self._wrong.popitem(last=False)


class Turns:
    """Lets few passwords be looked at together, and few wait: the rest is sent away at once."""

    def __init__(self, at_once: int = AT_ONCE, waiting: int = WAITING) -> None:
        """Take how many.

        Args:
            at_once: passwords looked at together.
            waiting: how many more may wait.
        """
        self._working = threading.BoundedSemaphore(at_once)
        self._inside = threading.BoundedSemaphore(at_once + waiting)

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """One turn, while the block runs.

        Raises:
            SignInRefusedError: too many others wait.
        """
        busy = SignInRefusedError("many people sign in just now: try again in a moment")
        if not self._inside.acquire(blocking=False):
            raise busy
        try:
            if not self._working.acquire(timeout=_TURN_SECONDS):
                raise busy
            try:
                yield
            finally:
                self._working.release()
        finally:
            self._inside.release()


def neighbourhood(host: str | None) -> str | None:
    """What counts as one client: an address, or the /64 that one household of IPv6 has.

    Args:
        host: the address of the connection.

    Returns:
        None where it tells nobody apart: on this computer, or of what is no address.
    """
    try:
        address = ipaddress.ip_address((host or "").partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return neighbourhood(str(address.ipv4_mapped))
        if not address.is_loopback:
            return str(ipaddress.ip_network((address, 64), strict=False))
    return None if address.is_loopback else str(address)


def _pair(name: str, client: str | None) -> _Key:
    return (f"name from {client}", name)
