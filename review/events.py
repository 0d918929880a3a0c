"""What happens at the desk itself, noted in the registry's log: who changed which settings."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from clearance.errors import ClearanceError
from consent.errors import ConsentError
from consent.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterable

    from review.accounts import Account
    from review.desk import Desk
    from review.visit import Visit

SETTINGS_CHANGED = "settings.changed"
ACCOUNT_ADDED = "account.added"
ACCOUNT_CHANGED = "account.changed"
ACCOUNT_LOCKED = "account.locked"
TOKEN_ADDED = "token.added"  # noqa: S105 - the name of an action
TOKEN_DROPPED = "token.dropped"  # noqa: S105


def account_mark(name: str) -> str:
    """What the log calls an account: it never names anybody."""
    return hashlib.sha256(f"account {name}".encode()).hexdigest()[:16]


def names_of_marks(accounts: Iterable[Account]) -> dict[str, str]:
    """The accounts that marks in the log stand for, as others see them."""
    return {account_mark(one.name): one.shown or one.name for one in accounts}


def note(desk: Desk, action: str, by: Account | None, **details: object) -> None:
    """Add an entry about the desk to the log; where there is no registry there is no log.

    Args:
        desk: where it happened.
        action: one of the actions above.
        by: who did it; None for nobody who is known.
        details: keys, roles and marks only, never a name or a value.

    Raises:
        ConsentError: it could not be recorded.
    """
    if not desk.has_registry:
        return
    told = {"by": account_mark(by.name), **details} if by else details
    with Registry.open(desk.folder, desk.settings.consent) as registry:
        registry.audit(action, subject=None, **told)


def told_and_noted(visit: Visit, said: str, action: str, **details: object) -> str:
    """Note what was just done by who is signed in; the sentence to tell, also where it failed.

    What was done is done: an error page would say that nothing was changed.
    """
    try:
        note(visit.desk, action, visit.who, **details)
    except (ConsentError, ClearanceError) as error:
        _ = visit.words.gettext
        failed = _("It could not be noted in the log: {reason}")
        return f"{said} {failed.format(reason=visit.words.error(error))}"
    return said
