"""A small house for the tests of publications: accounts, pictures, and how far one is brought."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

from clearance.checklist import ChecklistItem, checklist_for
from clearance.ledger import Ledger, showing
from clearance.publications import (
    Actor,
    Item,
    PhotoRights,
    Publication,
    Role,
    Wish,
)
from clearance.results import Outcome
from tests.consent.factories import NEXT_YEAR, TODAY

MOMENT = dt.datetime(2026, 11, 21, 9, 30, tzinfo=dt.UTC)
ASKER = Actor("n.favre", frozenset({Role.REQUESTER}))
EDITOR = Actor("e.roth", frozenset({Role.EDITOR}))
APPROVER = Actor("a.meier", frozenset({Role.APPROVER}))
PUBLISHER = Actor("p.weber", frozenset({Role.PUBLISHER}))
OFFICER = Actor("d.blanc", frozenset({Role.PRIVACY_OFFICER}))
ALMIGHTY = Actor("root", frozenset(Role))
END = NEXT_YEAR - dt.timedelta(days=10)
WHERE = "https://hospital.example/news/1"
ORIGINAL = hashlib.sha256(b"the picture").hexdigest()
COPY = hashlib.sha256(b"its copy").hexdigest()


def an_item(*people: str, **more: Any) -> Item:
    """A picture of these people, cleared, with a copy."""
    usual: dict[str, Any] = {
        "file": "ward.jpg",
        "original": ORIGINAL,
        "outcome": Outcome.CLEARED,
        "copy": COPY,
        "shown": tuple(showing(person, ("A-1",), NEXT_YEAR) for person in people),
    }
    return Item(**{**usual, **more})


def a_wish(*items: Item, **more: Any) -> Wish:
    """Somebody wants these on the website, from today until just before the forms end."""
    usual: dict[str, Any] = {
        "title": "Open day",
        "requester": "Nora Favre",
        "channels": ("website",),
        "on": TODAY,
        "until": END,
        "purpose": "events",
        "rights": PhotoRights("I. Keller", "contract 12", held=True),
        "items": items,
    }
    return Wish(**{**usual, **more})


def all_answered(ledger: Ledger, publication: str) -> None:
    for question in checklist_for():
        ledger.answer(publication, question, EDITOR, clear=True)


def approved(ledger: Ledger, *people: str, item: Item | None = None, **wish: Any) -> Publication:
    """A publication of one picture of these people that somebody approved."""
    asked = ledger.request(a_wish(**wish), ASKER).id
    ledger.scan(asked, [item or an_item(*people)], EDITOR)
    all_answered(ledger, asked)
    ledger.settle(asked, EDITOR)
    return ledger.approve(asked, wish.get("channels", ["website"]), END, APPROVER, today=TODAY)


def published(ledger: Ledger, *people: str, item: Item | None = None, **wish: Any) -> Publication:
    """A publication of one picture of these people that is out."""
    ready = approved(ledger, *people, item=item, **wish)
    copies = [one.bytes_out for one in ready.items if one.bytes_out]
    return ledger.publish(ready.id, "website", WHERE, copies, PUBLISHER, on=TODAY)


QUESTION = ChecklistItem.BADGES
