"""Everything held about one person, readable, for that person."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from clearance.appearances import appearances
from clearance.errors import ReadableNotWrittenError
from clearance.registry_documents import appearances_document, dossier_document
from consent.files import write_whole

if TYPE_CHECKING:
    from clearance.language import Language
    from clearance.settings import Settings
    from consent.records import Dossier
    from consent.registry import Registry


def write_access_request(
    person_id: str,
    registry: Registry,
    settings: Settings,
    path: Path,
    today: dt.date,
    words: Language,
) -> int:
    """Write a ZIP of everything held about a person; how many files are in it.

    Raises:
        PersonUnknownError: nobody has that id.
        ReadableNotWrittenError: the file is there already, or cannot be written.
    """
    packed, files = access_request(person_id, registry, settings, today, words)
    write_readable(path, packed)
    return files


def access_request(
    person_id: str, registry: Registry, settings: Settings, today: dt.date, words: Language
) -> tuple[bytes, int]:
    """A ZIP of everything held about a person, and how many files are in it.

    `data.json` has the dossier, the person's lines of the log, and where the person may
    appear today; beside it lie the portraits and the scans of the forms as they came in,
    and `read-me.txt` says what all of it is, in the person's own language if it is known.
    Other people's names are not in it: who looks alike is named by id.

    Raises:
        PersonUnknownError: nobody has that id.
    """
    dossier = registry.dossier(person_id)
    files: dict[str, bytes] = {"data.json": access_data(person_id, registry, settings, today)}
    for number, portrait in enumerate(registry.portraits_of(person_id), 1):
        files[f"portraits/{number}{portrait.suffix}"] = portrait.data
    for number, consent in enumerate(dossier.consents, 1):
        name = f"forms/{number}-{_plain(consent.serial)}{consent.evidence.suffix}"
        files[name] = registry.evidence_of(consent.serial)
    files["read-me.txt"] = _read_me(dossier, settings, today, words).encode("utf-8-sig")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return packed.getvalue(), len(files)


def write_readable(path: Path, data: bytes) -> None:
    """Write a new file that is readable, by its owner only, whole or not at all.

    Raises:
        ReadableNotWrittenError: the file is there already, or cannot be written.
    """
    if path.exists() or path.is_symlink():
        raise ReadableNotWrittenError("{path} is there already; name a new file", path=path)
    try:
        write_whole(path, data)
    except OSError as error:
        raise ReadableNotWrittenError(
            "{path} cannot be written ({reason}); name a file in a folder you may write to",
            path=path,
            reason=error.strerror or str(error),
        ) from error


def access_data(person_id: str, registry: Registry, settings: Settings, today: dt.date) -> bytes:
    """What is known about a person as one JSON document, UTF-8, without portraits and scans.

    Raises:
        PersonUnknownError: nobody has that id.
    """
    dossier = registry.dossier(person_id)
    found = appearances(dossier, today, settings.consent)
    document = {
        **dossier_document(dossier),
        "may_appear_today": appearances_document(found),
        "recognised_in": [
            {"picture": word.picture, "box": list(word.box), "on": word.on.isoformat()}
            for word in registry.identifications_of(dossier.person.id)
        ],
        "published_in": list(_published(dossier.person.id, registry, settings)),
        "log": list(_log(dossier.person.id, registry)),
    }
    return json.dumps(document, ensure_ascii=False, indent=2).encode()


def _published(
    person_id: str, registry: Registry, settings: Settings
) -> Iterator[dict[str, object]]:
    """Where pictures that show the person were published; not what else is said of them."""
    from clearance.ledger import Ledger

    for one in Ledger(registry, settings).of_person(person_id):
        for place in one.placements:
            shown = [
                item.bytes_out
                for item in one.items
                if item.bytes_out in place.copies and person_id in item.people
            ]
            if shown:
                yield {
                    "publication": one.id,
                    "state": one.state.value,
                    "channel": place.channel,
                    "where": place.where,
                    "on": place.on.isoformat(),
                    "until": place.until.isoformat(),
                    "files": shown,
                }


def _log(person_id: str, registry: Registry) -> Iterator[dict[str, object]]:
    """What was done to the person, and the pictures in which the person was recognised."""
    for entry in registry.audit_entries():
        people = entry.details.get("people", ())
        if entry.subject == person_id:
            yield {"at": entry.at, "action": entry.action, "details": dict(entry.details)}
        elif isinstance(people, list) and person_id in people:
            # Not who else was in it.
            told = {key: entry.details[key] for key in ("outcome", "asked") if key in entry.details}
            yield {"at": entry.at, "action": entry.action, "file": entry.subject, "details": told}


def _read_me(dossier: Dossier, settings: Settings, today: dt.date, words: Language) -> str:
    from clearance.language import language

    words = language(dossier.person.language) if dossier.person.language else words
    _ = words.gettext
    institution = dataclasses.astuple(settings.institution)[:2]
    lines = [
        _(
            "Everything that {institution} holds about {name} in its registry of image rights."
        ).format(institution=settings.institution.name or "–", name=dossier.person.name),
        _("As of {day}.").format(day=words.date(today)),
        "",
        _("data.json: what was signed, withdrawn and decided, and the log of it."),
        _("portraits: the pictures given to recognise the person by."),
        _("forms: the signed forms, as they were scanned."),
        _("The person may ask for corrections, withdraw any consent, and ask for erasure."),
        ", ".join(filter(None, institution)),
    ]
    return "\r\n".join(lines) + "\r\n"


def _plain(serial: str) -> str:
    """A serial as part of a file's name."""
    return "".join(char if char.isalnum() or char in "-_" else "_" for char in serial)[:64]
