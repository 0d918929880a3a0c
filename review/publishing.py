"""From pictures at the desk to publications in the ledger: who acts, and what is handed on.

A publication is asked for over the pictures of one album. What the ledger is told of them is taken
from the desk at the moment it is told: the verdict of now, the copy that still holds, the answers
to the checklist. A picture that is not ready is handed on by nobody.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from clearance.checklist import ChecklistItem
from clearance.commandline import today
from clearance.found_again import look_of
from clearance.ledger import Ledger, item_from
from clearance.publications import Action, Actor, Publication, Role, State
from clearance.publications import Item as Published
from consent.errors import PublicationUnknownError
from consent.records import Material
from review.albums import MOST_TILES
from review.errors import ConflictError, InputRefusedError, NotFoundError
from review.records import Answer, Kind
from review.roles import Role as DeskRole

if TYPE_CHECKING:
    from consent.registry import Registry
    from review.accounts import Account
    from review.desk import Desk
    from review.records import Album, Item

ALL_SEEN = frozenset(DeskRole) - {DeskRole.REQUESTER, DeskRole.ADMINISTRATOR}
"""Who sees every publication; others see what they asked for themselves."""


@dataclasses.dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the pictures of an album can be handed on.

    Attributes:
        ready: those that can.
        to_copy: those with nothing left to settle, of which the copy is missing.
        missing: those that must be settled first.
    """

    ready: tuple[Item, ...]
    to_copy: tuple[Item, ...]
    missing: tuple[Item, ...]

    @property
    def all(self) -> tuple[Item, ...]:
        """Every picture of the album."""
        return (*self.ready, *self.to_copy, *self.missing)


def actor_of(account: Account) -> Actor:
    """Somebody at the desk as the ledger knows them: by the name they sign in with."""
    known = {role.value for role in Role if role is not Role.PROGRAM}
    return Actor(account.name, frozenset(Role(one) for one in account.roles if one in known))


@contextlib.contextmanager
def ledger_of(desk: Desk) -> Iterator[tuple[Ledger, Registry]]:
    """The ledger, after everything that a day or a withdrawal changed in it.

    Raises:
        ConsentError: the registry cannot be used.
    """
    with desk.registry() as registry:
        ledger = Ledger(registry, desk.settings)
        ledger.sweep(today())
        yield ledger, registry


def may_see(account: Account, publication: Publication) -> bool:
    """Whether somebody may know of a publication."""
    return account.may(ALL_SEEN) or publication.requested_by == account.name


def seen(ledger: Ledger, account: Account, publication_id: str) -> Publication:
    """The publication with that id, for somebody who may know of it.

    Raises:
        NotFoundError: there is none, or not for them; which of the two is not said.
        ConsentError: the registry cannot answer.
    """
    unknown = NotFoundError("there is no such publication")
    try:
        found = ledger.publication(publication_id)
    except PublicationUnknownError as error:
        raise unknown from error
    if not may_see(account, found):
        raise unknown
    return found


def readiness(desk: Desk, album: Album) -> Readiness:
    """Which pictures of an album can be handed on, as everything stands now."""
    found: dict[str, list[Item]] = {"ready": [], "to_copy": [], "missing": []}
    offset = 0
    while tiles := desk.workbench.albums.tiles(album.id, offset=offset, limit=MOST_TILES).tiles:
        offset += len(tiles)
        for tile in tiles:
            if tile.item.kind is Kind.BESIDE:
                continue
            to_copy = tile.settled and not tile.copied
            name = "ready" if tile.ready else "to_copy" if to_copy else "missing"
            found[name].append(tile.item)
    return Readiness(**{name: tuple(items) for name, items in found.items()})


def material_of(items: tuple[Item, ...]) -> Material:
    """What the files are: one video makes it all a question of videos, which asks for more."""
    moving = any(one.kind is Kind.VIDEO for one in items)
    return Material.VIDEO if moving else Material.PHOTO


def handed_on(desk: Desk, album: Album, *, only_ready: bool = False) -> tuple[Published, ...]:
    """The pictures of an album as files of a publication.

    Args:
        desk: where they are.
        album: which.
        only_ready: leave out what is not ready.

    Raises:
        InputRefusedError: one of them is not ready and must not be left out, or there is none.
    """
    found = readiness(desk, album)
    waiting = (*found.missing, *found.to_copy)
    if waiting and not only_ready:
        raise InputRefusedError(
            "{n} pictures are not ready, the first is {name}: settle each and make its copy, or "
            "leave out what is not ready",
            n=len(waiting),
            name=waiting[0].name,
        )
    if not found.ready:
        raise InputRefusedError("no picture of the album is ready yet")
    return tuple(_published(desk, item) for item in found.ready)


def checked(desk: Desk, album: Album) -> Mapping[ChecklistItem, bool]:
    """Each question of the checklist that was answered for every picture: always with a yes."""
    found: dict[ChecklistItem, bool] = {}
    for item in readiness(desk, album).ready:
        for asked, answer in desk.workbench.albums.review(item.id).checklist.items():
            clear = answer is not None and answer.answer in (Answer.NOTHING, Answer.HIDDEN)
            found[asked] = found.get(asked, True) and clear
    return found


def settle(
    desk: Desk,
    ledger: Ledger,
    publication: Publication,
    account: Account,
    *,
    only_ready: bool = False,
) -> Publication:
    """Hand the pictures of its album on as they are now, and find the publication ready.

    Raises:
        InputRefusedError: a picture is not ready, or its pictures are not at the desk any more.
        StepRefusedError: the ledger does not allow it.
    """
    album = album_of(desk, publication)
    actor = actor_of(account)
    items = handed_on(desk, album, only_ready=only_ready)
    told = ledger.scan(publication.id, items, actor)
    if told.state is State.SCANNED:
        told = ledger.sort(publication.id, Action.REVIEW, actor)
    for asked, clear in checked(desk, album).items():
        if asked in told.unanswered:
            ledger.answer(publication.id, asked, actor, clear=clear)
    return ledger.settle(publication.id, actor)


def album_of(desk: Desk, publication: Publication) -> Album:
    """The album that a publication was asked for.

    Raises:
        InputRefusedError: it is not at the desk any more.
    """
    album_id = desk.workbench.albums.store.album_asked(publication.id)
    if album_id is None:
        raise InputRefusedError("the pictures of this publication are not at the desk any more")
    return desk.workbench.albums.album(album_id)


def check_same(desk: Desk, publication: Publication) -> None:
    """See that the desk would hand on the very bytes that were found ready, each of them, now.

    Raises:
        ConflictError: it would not.
        InputRefusedError: the pictures are not at the desk any more.
    """
    found = readiness(desk, album_of(desk, publication)).ready
    ready = {_published(desk, item).copy for item in found}
    if not {one.copy for one in publication.items} <= ready:
        raise ConflictError(
            "the pictures are not what was found ready any more: hand them on once more"
        )


def check_not_changed(desk: Desk, publication: Publication) -> None:
    """As `check_same`, as long as the pictures are at the desk.

    What is approved may outlast its album; the consents are asked by the ledger all the same.

    Raises:
        ConflictError: somebody has decided otherwise about a picture since.
    """
    if desk.workbench.albums.store.album_asked(publication.id):
        check_same(desk, publication)


def item_with_copy(desk: Desk, publication: Publication, sha256: str) -> Item:
    """The picture at the desk whose copy has these bytes.

    Raises:
        InputRefusedError: there is none any more, or it is no file of the publication.
    """
    if sha256 in {one.copy for one in publication.items}:
        for item in readiness(desk, album_of(desk, publication)).ready:
            kept = desk.workbench.pictures.kept(item.id)
            if kept and kept.sha256 == sha256:
                return item
    raise InputRefusedError("this copy is not at the desk any more")


def _published(desk: Desk, item: Item) -> Published:
    kept = desk.workbench.pictures.kept(item.id)
    if kept is None:
        raise InputRefusedError(
            "the copy of {name} does not hold any more: make it again", name=item.name
        )
    look = None if item.kind is Kind.VIDEO else look_of(kept.path)
    told = item_from(desk.workbench.albums.verdict(item.id), look)
    return dataclasses.replace(told, file=item.name, copy=kept.sha256, outcome=kept.outcome)


def day_of(text: str, otherwise: dt.date | None = None) -> dt.date | None:
    """The day of a form's field.

    Raises:
        InputRefusedError: it is none.
    """
    try:
        return dt.date.fromisoformat(text) if text else otherwise
    except ValueError:
        raise InputRefusedError("{text} is not a day like 2026-11-21", text=text) from None
