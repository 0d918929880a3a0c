"""From pictures at the desk to publications in the ledger: who acts, and what is handed on.

A publication is asked for over the pictures of one album. What the ledger is told of them is taken
from the desk at the moment it is told: the verdict of now, the copy that still holds, the answers
to the checklist. A picture that is not ready is handed on by nobody.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable, Iterator, Mapping
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
    from clearance.results import PhotoResult
    from consent.registry import Registry
    from review.accounts import Account
    from review.desk import Desk
    from review.pictures import KeptCopy
    from review.records import Album, Item

HANDED_OUT = frozenset({State.READY, State.APPROVED, State.PUBLISHED})
"""When its copies may be looked at and fetched: to be approved, and as long as they may be out."""
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


def handed_on(desk: Desk, items: Iterable[Item]) -> tuple[Published, ...]:
    """Pictures that are ready as files of a publication.

    Raises:
        InputRefusedError: the copy of one does not hold any more.
    """
    found = []
    for item in items:
        result, kept = _held(desk, item)
        look = None if item.kind is Kind.VIDEO else look_of(kept.path)
        told = item_from(result, look)
        found.append(
            dataclasses.replace(told, file=item.name, copy=kept.sha256, outcome=kept.outcome)
        )
    return tuple(found)


def checked(desk: Desk, items: Iterable[Item]) -> Mapping[ChecklistItem, bool]:
    """Each question of the checklist that was asked of these pictures, and whether all are clear.

    A question that no picture was asked is not in it.
    """
    found: dict[ChecklistItem, bool] = {}
    for item in items:
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
    found = readiness(desk, album_of(desk, publication))
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
    actor = actor_of(account)
    items = handed_on(desk, found.ready)
    if material_of(found.ready) is Material.VIDEO and publication.material is not Material.VIDEO:
        # A video came into the album since it was asked for: a consent to photos is not enough.
        publication = ledger.edit(publication.id, actor, material=Material.VIDEO)
    told = ledger.scan(publication.id, items, actor)
    if told.state is State.SCANNED:
        told = ledger.sort(publication.id, Action.REVIEW, actor)
    answers = checked(desk, found.ready)
    for asked, clear in answers.items():
        if asked in told.unanswered:
            ledger.answer(publication.id, asked, actor, clear=clear)
    if ChecklistItem.VOICE in told.unanswered and ChecklistItem.VOICE not in answers:
        # The desk asks it of whatever can be heard, and of nothing else.
        silent = (publication.id, ChecklistItem.VOICE, actor)
        ledger.answer(*silent, clear=True, note="no file has sound")
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

    And that they show whom they were found to show: another name for a face leaves the bytes of
    a copy as they are.

    Raises:
        ConflictError: it would not.
        InputRefusedError: the pictures are not at the desk any more.
    """
    ready = set()
    for item in readiness(desk, album_of(desk, publication)).ready:
        result, kept = _held(desk, item)
        ready.add((kept.sha256, item_from(result).people))
    if not {(one.copy, one.people) for one in publication.items} <= ready:
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
    """The picture at the desk whose copy has these bytes, while it may leave the desk.

    Raises:
        InputRefusedError: there is none any more, or it is no file of the publication.
        ConflictError: the publication is not ready, or must be taken down.
    """
    if publication.state not in HANDED_OUT:
        raise ConflictError("this publication is not ready, or must be taken down")
    albums = desk.workbench.albums
    if sha256 in {one.copy for one in publication.items}:
        for item_id in albums.store.copies_in(album_of(desk, publication).id, sha256):
            if desk.workbench.pictures.kept(item_id):
                return albums.item(item_id)
    raise InputRefusedError("this copy is not at the desk any more")


def _held(desk: Desk, item: Item) -> tuple[PhotoResult, KeptCopy]:
    """The verdict on a picture and its copy, as both hold now."""
    kept = desk.workbench.pictures.kept(item.id)
    if kept is None:
        raise InputRefusedError(
            "the copy of {name} does not hold any more: make it again", name=item.name
        )
    return desk.workbench.albums.verdict(item.id), kept
