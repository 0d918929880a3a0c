"""Publications, as a terminal shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from clearance import publication_words
from detector.untrusted import printable

if TYPE_CHECKING:
    from clearance.language import Language
    from clearance.ledger import OpenTask
    from clearance.publications import Publication

_NARROWEST = 14


def publications(found: Iterable[Publication], words: Language) -> Table:
    """Publications, one a row."""
    _ = words.gettext
    table = _table(_("publication"), _("title"), _("state"), _("channels"), _("until"))
    for one in found:
        ends = one.ends_on or one.until
        table.add_row(
            one.id,
            _cell(one.title),
            publication_words.state(one.state, words),
            _cell(", ".join(one.channels)),
            words.date(ends) if ends else "",
        )
    return table


def publication(one: Publication, names: Mapping[str, str], words: Language) -> RenderableType:
    """One publication: what it is, its files, where it is, what happened."""
    _ = words.gettext
    facts = {
        _("publication"): one.id,
        _("title"): one.title,
        _("state"): publication_words.state(one.state, words),
        _("asked for by"): one.requester,
        _("event"): one.event or "",
        _("channels"): ", ".join(one.channels),
        _("creator"): one.rights.creator,
        _("licence"): one.rights.licence,
        _("rights held"): _("yes") if one.rights.held else _("no"),
        _("patients’ surroundings"): _("yes") if one.patient_context else _("no"),
        _("shows"): ", ".join(names[person] for person in sorted(one.people)),
        _("must be done until"): _task(one, words),
    }
    head = Table.grid(padding=(0, 2))
    for name, fact in facts.items():
        if fact:
            head.add_row(name, _cell(fact))
    files = _table(_("file"), _("published file"), _("until"))
    for item in one.items:
        until = words.date(item.until) if item.until else ""
        files.add_row(_cell(item.file), (item.bytes_out or "–")[:16], until)
    places = _table(_("channel"), _("where"), _("since"), _("recorded by"))
    for place in one.placements:
        places.add_row(
            _cell(place.channel), _cell(place.where), words.date(place.on), _cell(place.by)
        )
    history = [
        Text(
            printable(
                f"{step.at.astimezone():%Y-%m-%d %H:%M}  {step.by}: "
                f"{publication_words.action(step.action, words)}"
                + (f" – {step.note}" if step.note else "")
            )
        )
        for step in one.history
    ]
    return Group(
        head, *([files] if one.items else []), *([places] if one.placements else []), *history
    )


def tasks(found: Iterable[OpenTask], words: Language) -> Table:
    """What must be taken down, one a row."""
    _ = words.gettext
    table = _table(
        *(_("publication"), _("title"), _("until"), _("who"), _("where"), _("why")),
    )
    for one in found:
        deadline = words.date(one.task.deadline)
        table.add_row(
            one.publication.id,
            _cell(one.publication.title),
            _("{day}, overdue").format(day=deadline) if one.overdue else deadline,
            _cell(one.task.owner),
            _cell("\n".join(place.where for place in one.publication.placements)),
            _why(one.task.why, words),
        )
    return table


def _task(one: Publication, words: Language) -> str:
    if one.task is None or one.task.done:
        return ""
    why = _why(one.task.why, words)
    return f"{words.date(one.task.deadline)}, {one.task.owner}: {why}"


def _why(why: Iterable[str], words: Language) -> str:
    return "; ".join(publication_words.why(one, words) for one in why)


def _cell(text: str) -> Text:
    return Text("\n".join(printable(line) for line in text.split("\n")))


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    first, *others = headings
    table.add_column(first, no_wrap=True)
    for heading in others:
        table.add_column(heading, overflow="fold", min_width=min(_NARROWEST, len(heading)))
    return table
