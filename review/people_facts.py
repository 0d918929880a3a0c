"""What the pages about people show, put together from the registry."""

from __future__ import annotations

import dataclasses
import datetime as dt
import unicodedata
from typing import TYPE_CHECKING

from clearance import registry_words
from clearance.appearances import against, appearances, common
from clearance.ledger import Ledger
from clearance.publication_words import state as publication_state
from consent.decision import decide_all, last_day_of
from consent.records import Use, person_id_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from clearance.appearances import Appearance
    from clearance.language import Language
    from clearance.settings import Settings
    from consent.decision import Decision
    from consent.records import Consent, Dossier, Person, StoredPortrait
    from consent.registry import Registry
    from review.desk import Desk


# --- the list ----------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class PersonRow:
    """A person in the list, and in a line what they agreed to.

    Attributes:
        person: who.
        agreed: the channels that are allowed today, for some purpose at least.
        until: the last day of all that.
        why: why nothing is allowed; empty where something is.
    """

    person: Person
    agreed: str
    until: dt.date | None
    why: str


def row(dossier: Dossier, settings: Settings, on: dt.date, words: Language) -> PersonRow:
    """A person in the list."""
    found = appearances(dossier, on, settings.consent)
    allowed = {channel: one for channel, one in found.items() if one.allowed}
    days = [one.valid_until for one in allowed.values() if one.valid_until]
    agreed = registry_words.channels(allowed, settings.consent.channels, words)
    why = "" if allowed else _why_nothing(found, words)
    return PersonRow(dossier.person, agreed, min(days, default=None), why)


def _why_nothing(found: dict[str, Appearance], words: Language) -> str:
    if not found:
        return words.gettext("no channel is named in the settings")
    nearest = min(found.values(), key=lambda one: len(one.reasons))
    return "; ".join(words.reason(reason) for reason in nearest.reasons)


def matching(people: Sequence[Person], wanted: str) -> list[Person]:
    """Whose name has all the words, in any order, case and accents apart; or whose id it is."""
    id_ = person_id_in(wanted)
    parts = folded(wanted).split()
    return [
        one
        for one in people
        if one.id == id_ or all(part in folded(f"{one.name} {one.id}") for part in parts)
    ]


def folded(text: str) -> str:
    """The text without case and accents, to find it by."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(char for char in apart if not unicodedata.combining(char)).casefold()


# --- one person --------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class Event:
    """Something that happened with a person, on its day; `kind` is by what it is shown."""

    day: dt.date
    kind: str
    said: str
    serial: str = ""


def timeline(
    dossier: Dossier, portraits: Sequence[StoredPortrait], settings: Settings, words: Language
) -> list[Event]:
    """Everything that happened with a person, the newest first."""
    found = list(_events(dossier, portraits, settings, words))
    return sorted(found, key=lambda one: one.day)[::-1]


def _events(
    dossier: Dossier, portraits: Sequence[StoredPortrait], settings: Settings, words: Language
) -> Iterator[Event]:
    _ = words.gettext
    yield Event(dossier.person.added_on, "person", _("added to the registry"))
    for consent in dossier.consents:
        channels = registry_words.channels(
            consent.scope.channels, settings.consent.channels, words
        ) or _("nothing")
        until = words.date(last_day_of(consent, dossier))
        said = _("signed {serial}: yes to {channels}, until {until}").format(
            serial=consent.serial, channels=channels, until=until
        )
        yield Event(consent.signed, "consent", said, consent.serial)
    for gone in dossier.withdrawals:
        yield Event(gone.effective, "withdrawal", registry_words.withdrawal(gone, words))
    for no in dossier.refusals:
        yield Event(no.on, "refusal", registry_words.refusal(no, words))
        if no.taken_back:
            yield Event(no.taken_back, "taken_back", _("took a no back"))
    for hold in dossier.holds:
        yield Event(hold.on, "hold", registry_words.hold(hold, words))
        if hold.lifted_on:
            said = _("hold lifted, says {by}").format(by=hold.lifted_by)
            yield Event(hold.lifted_on, "lifted", said)
    for one in dossier.exemptions:
        yield Event(one.on, "exemption", registry_words.exempted(one, words))
        if one.ended_on:
            yield Event(one.ended_on, "ended", _("exemption ended"))
    for portrait in portraits:
        yield Event(portrait.added_on, "portrait", _("portrait added"))


@dataclasses.dataclass(frozen=True, slots=True)
class ChannelRow:
    """What is allowed on a channel today, as `clearance decide` says it."""

    channel: str
    cleared: bool
    why: str
    until: dt.date | None
    named: bool
    editing: bool


def channel_rows(
    dossier: Dossier, use: Use, settings: Settings, words: Language
) -> list[ChannelRow]:
    """A row for each channel of the institution. The channel of `use` does not matter."""
    policy = settings.consent
    found = decide_all(dossier, policy.channels, use, policy)
    return [
        ChannelRow(
            words.channel(channel),
            one.cleared,
            _why(one, settings, words),
            one.valid_until,
            one.named,
            one.editing,
        )
        for channel, one in found.items()
    ]


def _why(one: Decision, settings: Settings, words: Language) -> str:
    reasons = [words.reason(reason) for reason in one.reasons]
    ground = registry_words.ground(one, settings.consent.purposes, words)
    told = [ground] if one.cleared else reasons
    return "; ".join([*told, *map(words.caution, one.cautions)])


def state_of(
    consent: Consent, dossier: Dossier, settings: Settings, on: dt.date, words: Language
) -> str:
    """In a word or two, why a form does not count; empty where it does."""
    ended = common(against(consent, dossier, on, settings.consent))
    return registry_words.state(ended[0], words) if ended else ""


# --- pictures ----------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class PictureOf:
    """A picture that a person is in, as far as is known.

    Attributes:
        picture: the SHA-256 of the file.
        on: the day on which that was said or seen.
        how: in words: who recognised the person, or what was judged.
        publication: the id of the publication that it belongs to; None for none.
        item: the id of the file at the desk; None where it is not there any more.
    """

    picture: str
    on: str
    how: str
    publication: str | None = None
    item: str | None = None


def pictures_of(person_id: str, registry: Registry, desk: Desk, words: Language) -> list[PictureOf]:
    """Every picture of a person that the registry, its log and the desk know, newest first."""
    found = [
        *_recognised(person_id, registry, words),
        *_logged(person_id, registry, words),
        *_published(person_id, registry, desk, words),
    ]
    store = desk.workbench.albums.store
    there = {one.picture: store.items_of_picture(one.picture) for one in found}
    placed = [
        dataclasses.replace(one, item=there[one.picture][0].id) if there[one.picture] else one
        for one in found
    ]
    return sorted(placed, key=lambda one: one.on, reverse=True)


def _published(
    person_id: str, registry: Registry, desk: Desk, words: Language
) -> Iterator[PictureOf]:
    """Those that were asked for, or are out."""
    for publication in Ledger(registry, desk.settings).of_person(person_id):
        how = publication_state(publication.state, words)
        for item in publication.items:
            if person_id in item.people:
                on = publication.on.isoformat()
                yield PictureOf(item.original, on, how, publication=publication.id)


def _recognised(person_id: str, registry: Registry, words: Language) -> Iterator[PictureOf]:
    said = words.gettext("{by} recognised the person")
    for word in registry.identifications_of(person_id):
        if word.taken_back is None:
            yield PictureOf(word.picture, word.on.isoformat(), said.format(by=word.by))


def _logged(person_id: str, registry: Registry, words: Language) -> Iterator[PictureOf]:
    for entry in registry.audit_entries():
        people = entry.details.get("people", ())
        if entry.action == "face.identified":
            # Told by the word itself, as long as nobody took it back.
            continue
        if isinstance(people, list) and person_id in people and entry.subject:
            outcome = entry.details.get("outcome")
            how = words.gettext("judged: {outcome}").format(outcome=outcome or entry.action)
            yield PictureOf(entry.subject, entry.at[:10], how)
