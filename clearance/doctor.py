"""Looks a registry over: what is damaged, what is dangerous, what is due."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from consent.errors import ConsentError

if TYPE_CHECKING:
    from clearance.language import Language
    from clearance.settings import Settings
    from consent.registry import Registry

LEAST_FREE = 200 * 2**20
"""Bytes of free disk below which a registry may fail to take in a day's scans."""


class Health(enum.StrEnum):
    """How something stands, from well to worst."""

    WELL = "well"
    NOTICE = "notice"
    WRONG = "wrong"


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, and what a person should know of it."""

    name: str
    health: Health
    said: str


def examined(
    registry: Registry, settings: Settings, folder: Path, today: dt.date, words: Language
) -> Iterator[Finding]:
    """Every check, one after the other; the slow ones last."""
    _ = words.gettext
    yield _setting(
        "institution",
        bool(settings.institution.name and settings.institution.contact),
        _("name and contact of the institution are set"),
        _("write name and contact of the institution into clearance.toml"),
    )
    yield _key(folder, words)
    yield _disk(folder, words)
    yield _videos(words)
    yield _earlier_copies(folder, words)
    yield _due(registry, today, words)
    yield _drafts(registry, today, words)
    yield _checked("database", registry.check_whole, _("the database is consistent"), words)
    log = _log(registry, words)
    yield log
    yield _dossiers(registry, log, words)
    yield _publications(registry, log, words)
    lost = registry.verify_files()
    yield _setting(
        "files",
        not lost,
        _("every portrait and scan is there and unaltered"),
        _("{n} portraits or scans are missing or altered; restore a backup").format(n=len(lost)),
        Health.WRONG,
    )


def worst(findings: list[Finding]) -> Health:
    """The worst of them."""
    return max((one.health for one in findings), key=list(Health).index, default=Health.WELL)


def _setting(name: str, well: bool, good: str, bad: str, health: Health = Health.NOTICE) -> Finding:
    return Finding(name, Health.WELL if well else health, good if well else bad)


def _checked(name: str, check: Callable[[], None], good: str, words: Language) -> Finding:
    try:
        check()
    except ConsentError as error:
        return Finding(name, Health.WRONG, words.error(error))
    return Finding(name, Health.WELL, good)


def _log(registry: Registry, words: Language) -> Finding:
    verdict = registry.verify_audit()
    good = words.ngettext(
        "the log is whole: {n} entry", "the log is whole: {n} entries", verdict.entries
    )
    bad = words.gettext("the log was altered from entry {n} on; restore a backup")
    return _setting(
        "log",
        verdict.ok,
        good.format(n=verdict.entries),
        bad.format(n=verdict.first_bad),
        Health.WRONG,
    )


def _dossiers(registry: Registry, log: Finding, words: Language) -> Finding:
    """What a dossier should be is in the log: an altered one may say anything."""
    _ = words.gettext
    if log.health is not Health.WELL:
        unknown = _("dossiers are checked against the log, which was altered; restore a backup")
        return Finding("dossiers", Health.WRONG, unknown)
    wrong = registry.verify_dossiers()
    return _setting(
        "dossiers",
        not wrong,
        _("every dossier is as it was written"),
        _("altered dossiers: {people}; restore a backup").format(people=", ".join(wrong)),
        Health.WRONG,
    )


def _publications(registry: Registry, log: Finding, words: Language) -> Finding:
    """As of dossiers: what a publication should be is in the log."""
    _ = words.gettext
    if log.health is not Health.WELL:
        unknown = _("publications are checked against the log, which was altered; restore a backup")
        return Finding("publications", Health.WRONG, unknown)
    wrong = registry.verify_publications()
    return _setting(
        "publications",
        not wrong,
        _("every publication is as it was written"),
        _("altered publications: {ids}; restore a backup").format(ids=", ".join(wrong)),
        Health.WRONG,
    )


def _key(folder: Path, words: Language) -> Finding:
    from consent.keys import KEY_FILE_NAME

    _ = words.gettext
    return _setting(
        "key",
        not (folder / KEY_FILE_NAME).exists(),
        _("the key lies apart from the registry"),
        _(
            "the key lies beside the registry: whoever copies the folder can read everything. Keep "
            "it elsewhere, with CLEARANCE_KEY_FILE or in the keyring"
        ),
    )


def _videos(words: Language) -> Finding:
    from detector.errors import VideoToolMissingError
    from detector.ffmpeg import executable

    try:
        executable()
    except VideoToolMissingError as error:
        return Finding("videos", Health.NOTICE, words.error(error))
    return Finding("videos", Health.WELL, words.gettext("videos can be read and written"))


def _disk(folder: Path, words: Language) -> Finding:
    _ = words.gettext
    free = shutil.disk_usage(folder).free
    writable = os.access(folder, os.W_OK)
    megabytes = words.number(free // 2**20)
    if not writable:
        return Finding("disk", Health.WRONG, _("the folder cannot be written"))
    return _setting(
        "disk",
        free >= LEAST_FREE,
        _("{n} MB are free").format(n=megabytes),
        _("only {n} MB are free").format(n=megabytes),
    )


def _earlier_copies(folder: Path, words: Language) -> Finding:
    _ = words.gettext
    copies = sorted(path.name for path in folder.glob("*.schema-*.backup"))
    return _setting(
        "earlier_copies",
        not copies,
        _("no copy of an earlier version lies beside the registry"),
        _(
            "copies from before an update lie beside the registry; delete them once all is well: "
            "{names}"
        ).format(names=", ".join(copies)),
    )


def _drafts(registry: Registry, today: dt.date, words: Language) -> Finding:
    """Scans that nobody has confirmed: of whom they are no program knows, so none deletes them."""
    waiting = registry.drafts(kept_before=today - dt.timedelta(days=DRAFT_DAYS))
    bad = words.ngettext(
        "{n} form that was read has waited for more than {days} days: confirm or drop it, "
        "clearance forms drafts",
        "{n} forms that were read have waited for more than {days} days: confirm or drop them, "
        "clearance forms drafts",
        len(waiting),
    )
    return _setting(
        "drafts",
        not waiting,
        words.gettext("no form that was read waits for long"),
        bad.format(n=len(waiting), days=DRAFT_DAYS),
    )


def _due(registry: Registry, today: dt.date, words: Language) -> Finding:
    try:
        templates, portraits, strays = registry.overdue(today)
        people = sum(1 for _ in registry.due_for_erasure(today))
    except ConsentError as error:
        # One dossier that cannot be read must not keep the other checks from being made.
        return Finding("retention", Health.WRONG, words.error(error))
    bad = words.gettext(
        "due for deletion: {people} people, templates of {templates}, {portraits} portraits, "
        "{strays} remains; run 'clearance retention run'"
    )
    return _setting(
        "retention",
        not any((templates, portraits, strays, people)),
        words.gettext("nothing is due for deletion"),
        bad.format(people=people, templates=templates, portraits=portraits, strays=strays),
    )


DRAFT_DAYS = 30
"""How long a form that was read may wait to be confirmed before the doctor says so."""
