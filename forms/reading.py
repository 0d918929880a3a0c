"""Files of scans become drafts, and a draft becomes a consent once somebody has compared it.

The commands and the desk do it alike: they only differ in how they tell it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from clearance.recording import record_form
from consent.contradictions import check_consent
from consent.errors import ConsentError, SerialTakenError
from consent.records import Portrait
from detector.errors import DetectorError
from forms.drafts import Draft, PageFiles, draft_of, page_files
from forms.errors import (
    FormsError,
    ScanUnreadableError,
    SignatureBrokenError,
    SignatureUncheckedError,
)
from forms.form_reading import PageReading, Problem, join_pages, read_page
from forms.spool import Spool

if TYPE_CHECKING:
    from clearance.form_options import FormOptions
    from clearance.language import Language
    from clearance.recording import Counter, Filed
    from consent.records import Person
    from consent.registry import Registry
    from forms.digital_signatures import DigitalSignature
    from forms.form_reading import FormReading
    from forms.page_codes import Foreign
    from forms.spool import Kept


class Stack:
    """What comes out of files of scans: forms, and pages that are none of ours.

    The pages of a stack would fill the memory: what is kept of them waits in the folder of the
    registry, for as long as the block of a `with`.
    """

    def __init__(self, registry: Path) -> None:
        self._trust = registry / "trust"
        self._spool = Spool(registry)
        self._signatures: dict[str, tuple[DigitalSignature, ...]] = {}
        self.drafts: list[Draft] = []
        self.foreign: list[tuple[str, int, Foreign]] = []
        self.unreadable: list[FormsError] = []
        self._pages: list[PageReading] = []
        self._files: dict[int, tuple[Kept, Kept]] = {}
        self._originals: dict[str, Kept] = {}
        self.kept_portraits: list[tuple[str, str]] = []
        """Names of files, each with the number of the form that it is the portrait for."""
        self.refused_portraits: list[Exception] = []
        self.portraits: list[tuple[str, Path]] = []
        """Numbers of forms, each with a photo of somebody who holds the sheet."""

    def __enter__(self) -> Stack:
        return self

    def __exit__(self, *error: object) -> None:
        self._spool.close()

    def read(self, path: Path) -> None:
        """Read every page of a file."""
        from forms.digital_signatures import check_signatures, is_signed
        from forms.scans import open_scans

        try:
            data, scans = open_scans(path)
            signatures = check_signatures(data, self._trust) if is_signed(data) else ()
            for scan in scans:
                found = read_page(scan)
                if (scan.on_screen or signatures) and scan.sha256 not in self._originals:
                    self._originals[scan.sha256] = self._spool.keep(data)
                    self._signatures[scan.sha256] = signatures
                if isinstance(found, PageReading) and found.held_up:
                    self.portraits.append((found.code.serial, path))
                elif isinstance(found, PageReading):
                    # Pixels of a stack would fill the memory.
                    bare = dataclasses.replace(scan, grey=scan.grey[:0, :0].copy())
                    page = dataclasses.replace(found, scan=bare, flat=None)
                    self._pages.append(page)
                    files = page_files(found)
                    kept = self._spool.keep(files.scan), self._spool.keep(files.flat)
                    self._files[id(page)] = kept
                else:
                    self.foreign.append((path.name, scan.number, found))
        except (ScanUnreadableError, SignatureBrokenError, SignatureUncheckedError) as error:
            self.unreadable.append(error)

    def original(self, form: FormReading) -> bytes | None:
        """The file of a form that was filled in on a screen, if it holds nothing else."""
        sha256 = self._own_file(form)
        return None if sha256 is None else self._spool.read(self._originals[sha256])

    def signatures(self, form: FormReading) -> tuple[DigitalSignature, ...]:
        """The digital signatures of a form's own file."""
        sha256 = self._own_file(form)
        return () if sha256 is None else self._signatures[sha256]

    def _own_file(self, form: FormReading) -> str | None:
        """The SHA-256 of that file, if there is one."""
        files = {page.scan.sha256 for page in form.pages.values()}
        inside = {page.code.serial for page in self._pages if page.scan.sha256 in files}
        if len(files) > 1 or inside != {form.serial}:
            return None
        (sha256,) = files
        return sha256 if sha256 in self._originals else None

    def forms(self) -> Iterator[tuple[FormReading, dict[int, PageFiles]]]:
        """The forms that the pages make, each with the pictures of its pages."""
        for form in join_pages(self._pages):
            files = {
                number: PageFiles(*map(self._spool.read, self._files[id(page)]))
                for number, page in form.pages.items()
            }
            yield form, files

    def keep(self, counter: Counter) -> None:
        """Keep what was read as drafts, with the portraits that belong to them.

        Raises:
            ConsentError: a draft cannot be kept.
        """
        registry = counter.registry
        known = registry.printed()
        for form, files in self.forms():
            draft = draft_of(
                form,
                files,
                counter.on,
                _problems(form, known, registry),
                original=self.original(form),
                signatures=self.signatures(form),
            )
            earlier = _earlier(form.serial, registry)
            if earlier and earlier.portrait:
                portrait = {"portrait": earlier.reading["portrait"]}
                reading = {**draft.reading, **portrait}
                draft = dataclasses.replace(draft, reading=reading, portrait=earlier.portrait)
            registry.keep_draft(form.serial, draft.packed())
            # What is told of it later has no pictures any more.
            self.drafts.append(dataclasses.replace(draft, scan=b"", pages={}, portrait=b""))
        if self.portraits:
            self._keep_portraits(counter)

    def _keep_portraits(self, counter: Counter) -> None:
        """Put each photo of somebody who holds a sheet to the draft of that sheet."""
        from clearance.enrolment import read_portrait

        registry = counter.registry
        detector = counter.networks(counter.settings)
        for serial, path in self.portraits:
            try:
                draft = kept_draft(serial, registry)
                portrait = read_portrait(path, detector)
                draft = draft.with_portrait(portrait.data, portrait.suffix, path.name)
            except (ConsentError, DetectorError, FormsError) as error:
                self.refused_portraits.append(error)
                continue
            registry.keep_draft(serial, draft.packed())
            self.kept_portraits.append((path.name, serial))


@dataclasses.dataclass(frozen=True, slots=True)
class Compared:
    """Who compared a draft with its paper, and the questions and boxes that they settled."""

    by: str
    changed: tuple[str, ...]


def kept_draft(serial: str, registry: Registry) -> Draft:
    """The draft of a form.

    Raises:
        DraftMissingError: there is none.
        RegistryDamagedError: it is not what was kept.
    """
    return Draft.unpacked(registry.draft(serial))


def confirm(
    counter: Counter,
    draft: Draft,
    form: FormOptions,
    person: Person,
    compared: Compared,
    words: Language,
) -> Filed:
    """Record a draft that somebody has compared with its paper, and drop it.

    Args:
        counter: where it is taken in.
        draft: as it was read.
        form: what it says, as somebody would have typed it.
        person: whose it is.
        compared: who looked at it, and what they settled.
        words: for what is wrong with it.

    Raises:
        SerialTakenError: a form with its number is recorded already.
        ConsentError: it contradicts itself or what is on file.
    """
    registry, settings = counter.registry, counter.settings
    consent = form.consent(person.id, draft.scan, settings, words, today=counter.on)
    paper = dataclasses.replace(consent.paper, confirmed_by=compared.by)
    consent = dataclasses.replace(consent, paper=paper)
    # Before anything is written: it was recorded by hand meanwhile, or contradicts itself.
    if registry.is_recorded(draft.serial):
        raise SerialTakenError(
            "the form {serial} is recorded already; a new signature needs a new form",
            serial=draft.serial,
        )
    check_consent(consent, registry.dossier(person.id), settings.consent)
    if draft.portrait and consent.terms.biometric:
        portrait = Portrait(draft.portrait, draft.reading["portrait"]["suffix"])
        registry.add_portrait(person.id, portrait, counter.on)
    try:
        return record_form(counter, person, consent, draft.scan)
    finally:
        if registry.is_recorded(draft.serial):
            registry.drop_draft(draft.serial, confirmed=True, changed=compared.changed)


def _earlier(serial: str, registry: Registry) -> Draft | None:
    return kept_draft(serial, registry) if serial in registry.drafts() else None


def _problems(form: FormReading, known: Collection[str], registry: Registry) -> list[Problem]:
    """What the registry has against a form; `known` are the numbers that were printed here."""
    problems = []
    if known and form.serial not in known:
        problems.append(Problem.SERIAL_UNKNOWN)
    if registry.is_recorded(form.serial):
        problems.append(Problem.SERIAL_TAKEN)
    return problems
