"""The log of everything that was done: whether it is whole, what it says, and copies of it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import secrets
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

from clearance.commandline import today
from clearance.registry_care import (
    back_up,
    known_entries,
    last_backup,
    processing_record,
    verified,
)
from clearance.tables import csv_bytes
from review.events import names_of_marks
from review.log_words import action_word
from review.pages.reports import report_tabs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clearance.language import Language
    from consent.audit import AuditVerdict, Entry
    from review.visit import Visit

ON_A_PAGE = 50
# What only proves an entry; nobody reads it.
_PROOFS = frozenset({"seal", "entries"})
_BACKUP = "clearance-backup-"


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: None for all.

    Attributes:
        action: of one kind only.
        since, until: days, both among them.
    """

    action: str | None = None
    since: dt.date | None = None
    until: dt.date | None = None

    @classmethod
    def of(cls, visit: Visit) -> Wanted:
        """As the address says; what cannot be a day is none."""
        return cls(
            visit.query.get("action") or None,
            _day(visit.query.get("since", "")),
            _day(visit.query.get("until", "")),
        )

    def has(self, entry: Entry) -> bool:
        """Whether the entry is among them."""
        day = _moment(entry).date()
        return self.action in (None, entry.action) and (self.since or day) <= day <= (
            self.until or day
        )

    def query(self, **more: object) -> Mapping[str, object]:
        """As a page's address says it."""
        return {"action": self.action, "since": self.since, "until": self.until, **more}


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """An entry as a page shows it."""

    number: int
    at: str
    action: str
    code: str
    subject: str
    by: str
    details: str


def show(visit: Visit) -> Response:
    """The newest entries first, page by page."""
    wanted = Wanted.of(visit)
    with visit.desk.registry() as registry:
        verdict, wrong = verified(registry)
        entries = list(known_entries(registry, verdict))
    found = [entry for entry in reversed(entries) if wanted.has(entry)]
    pages = max(1, -(-len(found) // ON_A_PAGE))
    page = min(pages, max(1, _whole(visit.query.get("page", "1"))))
    names = names_of_marks(visit.desk.accounts.all())
    actions = sorted({entry.action for entry in entries})
    last = last_backup(iter(entries))
    return visit.page(
        "audit.html",
        tabs=report_tabs(visit, "audit"),
        verdict=verdict,
        said=_said(verdict, wrong, visit.words),
        whole=verdict.ok and not wrong,
        lines=[
            _line(entry, names, visit.words)
            for entry in found[(page - 1) * ON_A_PAGE : page * ON_A_PAGE]
        ],
        found=len(found),
        page=page,
        pages=pages,
        wanted=wanted,
        actions=[(one, action_word(one, visit.words)) for one in actions],
        last_backup=visit.words.date(last) if last else None,
    )


def as_csv(visit: Visit) -> Response:
    """What was found, for a spreadsheet."""
    header = ("number", "at", "action", "subject", "details", "previous", "hash")
    rows = (
        (
            *(entry.number, entry.at, entry.action, entry.subject),
            json.dumps(dict(entry.details), ensure_ascii=False, sort_keys=True),
            *(entry.previous, entry.hash),
        )
        for entry in _found(visit)
    )
    return _download(csv_bytes(header, rows), "text/csv; charset=utf-8", "csv")


def as_json(visit: Visit) -> Response:
    """What was found, for a program, with what proves each entry."""
    told = [
        {**dataclasses.asdict(entry), "details": dict(entry.details)} for entry in _found(visit)
    ]
    text = json.dumps(told, ensure_ascii=False, indent=2)
    return _download(text.encode(), "application/json", "json")


def record(visit: Visit) -> Response:
    """The record of processing, in the language of the page."""
    from forms.processing_record import write_processing_record

    with visit.desk.registry() as registry:
        told = processing_record(registry, visit.desk.settings, today())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "record.pdf"
        write_processing_record(told, path, visit.words.code)
        data = path.read_bytes()
    return Response(
        data,
        media_type="application/pdf",
        headers={"content-disposition": 'attachment; filename="record-of-processing.pdf"'},
    )


def backup(visit: Visit) -> Response:
    """A backup, written, read back, and handed over; nothing of it stays here."""
    home = visit.desk.home
    for left in home.glob(f"{_BACKUP}*"):
        # Of a program that was stopped meanwhile.
        left.unlink(missing_ok=True)
    path = home / f"{_BACKUP}{secrets.token_hex(8)}"
    with visit.desk.registry() as registry:
        back_up(registry, path)
    return FileResponse(
        path,
        media_type="application/octet-stream",
        filename=f"clearance-{today():%Y-%m-%d}.backup",
        background=BackgroundTask(path.unlink, missing_ok=True),
    )


def _found(visit: Visit) -> list[Entry]:
    wanted = Wanted.of(visit)
    with visit.desk.registry() as registry:
        entries = known_entries(registry, registry.verify_audit())
        return [entry for entry in entries if wanted.has(entry)]


def _download(data: bytes, kind: str, suffix: str) -> Response:
    name = f"clearance-log-{today():%Y-%m-%d}.{suffix}"
    shown = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(data, media_type=kind, headers=shown)


def _said(verdict: AuditVerdict, wrong: tuple[str, ...] | None, words: Language) -> str:
    _ = words.gettext
    if not verdict.ok:
        return _(
            "Entry {n} is not as it was written, and nothing from there on can be trusted. Stop, "
            "tell who looks after the program, and restore a backup."
        ).format(n=verdict.first_bad)
    if wrong:
        return _(
            "The log is whole, but dossiers of these people were altered outside this program: "
            "{people}. Restore a backup."
        ).format(people=", ".join(wrong))
    said = words.ngettext(
        "Nobody has altered the log: its {n} entry is as it was written.",
        "Nobody has altered the log: all {n} entries are as they were written.",
        verdict.entries,
    )
    return said.format(n=words.number(verdict.entries))


def _line(entry: Entry, names: Mapping[str, str], words: Language) -> Line:
    by = str(entry.details.get("by", ""))
    told = {
        key: _told(value, names)
        for key, value in entry.details.items()
        if key not in _PROOFS and key != "by" and value not in (None, "", [])
    }
    return Line(
        number=entry.number,
        at=f"{_moment(entry):%Y-%m-%d %H:%M}",
        action=action_word(entry.action, words),
        code=entry.action,
        subject=entry.subject or "",
        by=names.get(by, by),
        details=", ".join(f"{key}: {value}" for key, value in told.items()),
    )


def _told(value: object, names: Mapping[str, str]) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return names.get(str(value), str(value))


def _moment(entry: Entry) -> dt.datetime:
    return dt.datetime.fromisoformat(entry.at).astimezone()


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 1  # noqa: PLR2004
