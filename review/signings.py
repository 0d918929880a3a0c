"""Forms that wait to be signed on a screen: each has a secret address, which works once.

Kept in memory only: after a new start of the program none is open any more.
"""

from __future__ import annotations

import dataclasses
import enum
import hmac
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt

OPEN_SECONDS = 60 * 60.0
"""So long an address works."""
COPY_SECONDS = 15 * 60.0
"""So long whoever signed can still save their copy."""
_MOST = 200


class State(enum.Enum):
    """How far a form is."""

    OPEN = "open"
    TAKEN = "taken"
    """It is being recorded."""
    SIGNED = "signed"
    CLOSED = "closed"


@dataclasses.dataclass(slots=True)
class Signing:
    """A form that somebody opened for somebody else.

    Attributes:
        id: by which the desk finds it; no secret.
        token: the secret of the address.
        variant: which form.
        language: in which it opens; whoever signs may choose another.
        written: what the desk has written into its boxes.
        until: its last day, where the desk has written it.
        event: the one occasion that it is about; None for no particular one.
        person: the id of whom it is for; None for somebody who is not on file.
        by: who opened it.
        begun: seconds of a clock that only goes forward.
        state: how far it is.
        serial: of the form that was recorded.
        signed_at: the same clock, when it was signed.
        recorded_for: the id of the person it was recorded for.
    """

    id: str
    token: str = dataclasses.field(repr=False)
    variant: str
    language: str
    written: Mapping[str, str]
    until: dt.date | None
    event: str | None
    person: str | None
    by: str
    begun: float
    state: State = State.OPEN
    serial: str = ""
    signed_at: float = 0.0
    recorded_for: str = ""


class Signings:
    """Keeps the forms that are open; safe for several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with none. `clock` gives seconds and only goes forward."""
        self._clock = clock
        self._known: dict[str, Signing] = {}
        self._lock = threading.Lock()

    def open(
        self,
        *,
        variant: str,
        language: str,
        written: Mapping[str, str],
        until: dt.date | None,
        event: str | None,
        person: str | None,
        by: str,
    ) -> Signing:
        """Open a form; its attributes are those of `Signing`."""
        made = Signing(
            id=secrets.token_hex(6),
            token=secrets.token_urlsafe(32),
            variant=variant,
            language=language,
            written=dict(written),
            until=until,
            event=event,
            person=person,
            by=by,
            begun=self._clock(),
        )
        with self._lock:
            self._known[made.id] = made
            for old in list(self._known)[:-_MOST]:
                del self._known[old]
        return made

    def all(self) -> list[Signing]:
        """Every form of this start of the program, the newest first."""
        with self._lock:
            return list(self._known.values())[::-1]

    def get(self, id_: str) -> Signing | None:
        """The form of that id."""
        with self._lock:
            return self._known.get(id_)

    def is_open(self, one: Signing) -> bool:
        """Whether it can still be signed."""
        return one.state is State.OPEN and self._clock() - one.begun < OPEN_SECONDS

    def may_copy(self, one: Signing) -> bool:
        """Whether the copy can still be saved by whoever has the address."""
        return one.state is State.SIGNED and self._clock() - one.signed_at < COPY_SECONDS

    def of_token(self, token: str) -> Signing | None:
        """The form of that address, in whatever state; None for none."""
        given = token.encode("utf-8", "replace")
        with self._lock:
            # Every one is compared, so that the time tells nothing.
            every = list(self._known.values())
        found = [one for one in every if hmac.compare_digest(one.token.encode(), given)]
        return found[0] if found else None

    def take(self, one: Signing) -> bool:
        """Whether it may be recorded now; nobody else can then."""
        with self._lock:
            if not self.is_open(one):
                return False
            one.state = State.TAKEN
            return True

    def give_back(self, one: Signing) -> None:
        """It could not be recorded: let it be mended and sent again."""
        with self._lock:
            if one.state is State.TAKEN:
                one.state = State.OPEN

    def signed(self, one: Signing, serial: str, person: str) -> None:
        """It was recorded."""
        with self._lock:
            one.serial, one.recorded_for = serial, person
            one.signed_at = self._clock()
            one.state = State.SIGNED

    def close(self, one: Signing) -> None:
        """Let its address open nothing any more."""
        with self._lock:
            if one.state is not State.TAKEN:
                one.state = State.CLOSED
