"""The commands about signed paper: read scans, look at drafts, confirm them."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clearance.commandline import (
    N_,
    Answering,
    Command,
    ExitCode,
    YesOption,
    day,
    say,
    today,
)
from clearance.form_options import (
    BasisOption,
    CollectedByOption,
    GuardianOption,
    IdCheckOption,
    OccasionOption,
    RepresentativeOption,
)
from clearance.option_groups import gathers

if TYPE_CHECKING:
    from clearance.form_options import FormOptions
    from clearance.language import Language
    from clearance.settings import Settings
    from consent.registry import Registry
    from forms.digital_signatures import DigitalSignature
    from forms.drafts import Draft, PageFiles, Settled
    from forms.errors import FormsError
    from forms.form_reading import FormReading, PageReading, Problem
    from forms.page_codes import Foreign
    from forms.spool import Kept

READ_HELP = N_(
    "Read scans of signed forms into drafts for a person to confirm; nothing becomes a consent."
)
CONFIRM_HELP = N_("Compare a draft with its paper, and record it as a consent.")

SerialArgument = Annotated[str, typer.Argument(metavar="SERIAL", help=N_("Serial of a draft."))]


@gathers(answering=Answering)
def forms_read(
    scans: Annotated[
        list[Path],
        typer.Argument(metavar="SCAN...", help=N_("PDF, TIFF or picture files, or folders.")),
    ],
    *,
    answering: Answering,
) -> None:
    """Pages may come in any order, askew, upside down, and among other papers."""
    from clearance import terminal
    from forms.drafts import draft_of
    from forms.scans import scans_in

    paths = scans_in(scans)
    with (
        answering.opened() as (opened, settings),
        _Stack(answering.folder) as stack,
        terminal.progress(len(paths), answering.words) as done,
    ):
        for path in paths:
            stack.read(path)
            done()
        known = opened.printed()
        for form, files in stack.forms():
            problems = _problems(form, known, opened)
            draft = draft_of(
                form,
                files,
                today(),
                problems,
                original=stack.original(form),
                signatures=stack.signatures(form),
            )
            earlier = _earlier(form.serial, opened)
            if earlier and earlier.portrait:
                portrait = {"portrait": earlier.reading["portrait"]}
                reading = {**draft.reading, **portrait}
                draft = dataclasses.replace(draft, reading=reading, portrait=earlier.portrait)
            opened.keep_draft(form.serial, draft.packed())
            # What is told of it later has no pictures any more.
            stack.drafts.append(dataclasses.replace(draft, scan=b"", pages={}, portrait=b""))
        _keep_portraits(stack, opened, settings, answering.words)
    _tell_read(stack, answering)
    if stack.unreadable:
        raise typer.Exit(ExitCode.INPUT_OR_OUTPUT)
    if (
        stack.foreign
        or stack.refused_portraits
        or any(draft.problems or draft.doubtful for draft in stack.drafts)
    ):
        raise typer.Exit(ExitCode.NOT_CLEARED)


class _Stack:
    """What comes out of files of scans: forms, and pages that are none of ours.

    The pages of a stack would fill the memory: what is kept of them waits in the folder of the
    registry, for as long as the block of a `with`.
    """

    def __init__(self, registry: Path) -> None:
        from forms.spool import Spool

        self._trust = registry / "trust"
        self._spool = Spool(registry)
        self._signatures: dict[str, tuple[DigitalSignature, ...]] = {}
        self.drafts: list[Draft] = []
        self.foreign: list[tuple[str, int, Foreign]] = []
        self.unreadable: list[FormsError] = []
        self._pages: list[PageReading] = []
        self._files: dict[int, tuple[Kept, Kept]] = {}
        self._originals: dict[str, Kept] = {}
        self.kept_portraits: list[str] = []
        self.refused_portraits: list[Exception] = []
        self.portraits: list[tuple[str, Path]] = []
        """Numbers of forms, each with a photo of somebody who holds the sheet."""

    def __enter__(self) -> _Stack:
        return self

    def __exit__(self, *error: object) -> None:
        self._spool.close()

    def read(self, path: Path) -> None:
        """Read every page of a file."""
        from forms.digital_signatures import check_signatures, is_signed
        from forms.drafts import page_files
        from forms.errors import (
            ScanUnreadableError,
            SignatureBrokenError,
            SignatureUncheckedError,
        )
        from forms.form_reading import PageReading, read_page
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
        from forms.drafts import PageFiles
        from forms.form_reading import join_pages

        for form in join_pages(self._pages):
            files = {
                number: PageFiles(*map(self._spool.read, self._files[id(page)]))
                for number, page in form.pages.items()
            }
            yield form, files


def _earlier(serial: str, opened: Registry) -> Draft | None:
    from forms.drafts import Draft

    return Draft.unpacked(opened.draft(serial)) if serial in opened.drafts() else None


def _keep_portraits(stack: _Stack, opened: Registry, settings: Settings, words: Language) -> None:
    """Put each photo of somebody who holds a sheet to the draft of that sheet."""
    from clearance.commandline import detector_for
    from clearance.enrolment import read_portrait
    from consent.errors import ConsentError
    from detector.errors import DetectorError
    from forms.errors import FormsError

    if not stack.portraits:
        return
    detector = detector_for(settings)
    for serial, path in stack.portraits:
        try:
            draft = _draft(serial, opened)
            portrait = read_portrait(path, detector)
            draft = draft.with_portrait(portrait.data, portrait.suffix, path.name)
        except (ConsentError, DetectorError, FormsError) as error:
            stack.refused_portraits.append(error)
            continue
        opened.keep_draft(serial, draft.packed())
        said = words.gettext("{file} is the portrait for {serial}, if its form is confirmed.")
        stack.kept_portraits.append(said.format(file=path.name, serial=serial))


def _problems(form: FormReading, known: Collection[str], opened: Registry) -> list[Problem]:
    """What the registry has against a form; `known` are the numbers that were printed here."""
    from forms.form_reading import Problem

    problems = []
    if known and form.serial not in known:
        problems.append(Problem.SERIAL_UNKNOWN)
    if opened.is_recorded(form.serial):
        problems.append(Problem.SERIAL_TAKEN)
    return problems


def _tell_read(stack: _Stack, answering: Answering) -> None:
    from forms import draft_words

    words = answering.words
    if answering.as_json:
        foreign = [
            {"file": name, "page": number, "why": why.value} for name, number, why in stack.foreign
        ]
        answering.tell(
            {
                "drafts": [_document(draft) for draft in stack.drafts],
                "foreign": foreign,
                "unreadable": [str(error) for error in stack.unreadable],
                "portraits": [str(path) for _, path in stack.portraits],
                "portraits_refused": [str(error) for error in stack.refused_portraits],
            }
        )
        return
    for draft in stack.drafts:
        answering.tell({}, *draft_words.summary(draft, words))
    for name, number, why in stack.foreign:
        said = words.gettext("{file}, page {number}: {why}")
        text = draft_words.foreign(why, words)
        answering.tell({}, said.format(file=name, number=number, why=text))
    answering.tell({}, *stack.kept_portraits)
    for error in (*stack.unreadable, *stack.refused_portraits):
        say(words.error(error))
    if stack.drafts:
        said = words.gettext(
            "Nothing is recorded yet. Compare each: clearance forms confirm {serial}"
        )
        answering.tell({}, said.format(serial=stack.drafts[0].serial))


def _document(draft: Draft) -> dict[str, Any]:
    return {**draft.reading, "doubtful": list(draft.doubtful)}


@gathers(answering=Answering)
def forms_drafts(
    *,
    drop: Annotated[
        str | None,
        typer.Option("--drop", metavar="SERIAL", help=N_("Delete this draft; the paper stays.")),
    ] = None,
    yes: YesOption = False,
    answering: Answering,
) -> None:
    """What was read and not confirmed."""
    from forms import draft_words

    words = answering.words
    with answering.opened() as (opened, _settings):
        if drop is not None:
            question = words.gettext("Delete the draft of {serial}?").format(serial=drop)
            opened.draft(drop)
            if answering.sure(question, yes=yes):
                opened.drop_draft(drop, confirmed=False)
                said = words.gettext("Deleted the draft of {serial}.").format(serial=drop)
                answering.tell({"dropped": drop}, said)
            return
        drafts = [_draft(serial, opened) for serial in opened.drafts()]
    if answering.as_json:
        answering.tell({"drafts": [_document(draft) for draft in drafts]})
    elif not drafts:
        answering.tell({}, words.gettext("No form waits to be confirmed."))
    for draft in drafts if not answering.as_json else ():
        answering.tell({}, *draft_words.summary(draft, words))


def _draft(serial: str, opened: Registry) -> Draft:
    from forms.drafts import Draft

    return Draft.unpacked(opened.draft(serial))


def said_of(text: str) -> tuple[str, bool]:
    """`channel.website=yes` as a name and whether it is yes."""
    name, _, said = text.partition("=")
    if said not in ("yes", "no") or not name:
        from clearance.commandline import words_for

        wrong = words_for(None).gettext("{text!r} is not a question and an answer, such as {such}")
        raise typer.BadParameter(wrong.format(text=text, such="channel.website=yes"))
    return name, said == "yes"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmOptions:
    """What a person who looked at the paper says: what no program reads, and what it misread."""

    person: Annotated[
        str | None,
        typer.Option("--person", metavar="PERSON", help=N_("Whose form it is: id, or exact name.")),
    ] = None
    signed: Annotated[
        dt.date | None,
        typer.Option("--signed", parser=day, metavar="DATE", help=N_("Day of the signature.")),
    ] = None
    until: Annotated[
        dt.date | None,
        typer.Option("--until", parser=day, metavar="DATE", help=N_("Last day it is valid.")),
    ] = None
    by: Annotated[
        str | None,
        typer.Option(
            "--by", metavar="NAME", help=N_("Who has compared every answer with the paper.")
        ),
    ] = None
    answer: Annotated[
        list[Any] | None,
        typer.Option(
            "--answer",
            parser=said_of,
            metavar="QUESTION=yes|no",
            help=N_("What the paper says where it was read wrongly or not; may be repeated."),
        ),
    ] = None
    changes_seen: Annotated[
        bool,
        typer.Option(
            "--changes-seen", help=N_("What is written where none belongs changes nothing.")
        ),
    ] = False
    event: OccasionOption = None
    guardian: GuardianOption = None
    representative: RepresentativeOption = None
    basis: BasisOption = ""
    collected_by: CollectedByOption = ""
    id_check: IdCheckOption = ""

    def form(self, draft: Draft, settled: Settled) -> FormOptions:
        """The form as somebody would have typed it."""
        from clearance.form_options import FormOptions
        from consent.records import EvidenceLevel, Material
        from forms.drafts import MATCHING, SIGNATURE

        if self.signed is None or self.until is None:
            raise AssertionError("the days were asked for before")

        yes = settled.yes

        def ticked(section: str) -> list[str]:
            start = f"{section}."
            return [name.removeprefix(start) for name in sorted(yes) if name.startswith(start)]

        others = bool(self.guardian or self.representative)
        return FormOptions(
            serial=draft.serial,
            signed=self.signed,
            until=self.until,
            channel=ticked("channel"),
            evidence=Path("scan.pdf"),
            purpose=ticked("purpose"),
            material=[Material(one) for one in ticked("material")],
            biometric=MATCHING in yes,
            event=self.event,
            named="naming.name" in yes,
            editing="editing.allowed" in yes,
            release=ticked("patient"),
            guardian=self.guardian,
            sole_authority="representative.sole" in yes and bool(self.guardian),
            representative=self.representative,
            basis=self.basis,
            level=EvidenceLevel(draft.level),
            own_signature=others and SIGNATURE in settled.written,
            form=f"{draft.reading['template']}-{draft.reading['version']}",
            form_language=draft.reading["language"],
            collected_by=self.collected_by,
            id_check=self.id_check,
        )


@gathers(given=ConfirmOptions, answering=Answering)
def forms_confirm(
    serial: SerialArgument,
    *,
    crops: Annotated[
        Path | None,
        typer.Option(
            "--crops",
            metavar="DIR",
            help=N_("Write a picture of each answer into a new folder, and of the scan."),
        ),
    ] = None,
    given: ConfirmOptions,
    answering: Answering,
) -> None:
    """Without --by it only shows what was read."""
    from forms import draft_words

    words = answering.words
    with answering.opened() as (opened, settings):
        draft = _draft(serial, opened)
        if crops:
            _write_crops(draft, crops)
            opened.audit("draft.read", serial=draft.serial)
        if given.by is None:
            lines = draft_words.answers(draft, words)
            answering.tell(_document(draft), *draft_words.summary(draft, words), *lines)
        else:
            _confirm(draft, given, (opened, settings), answering)
    if crops and not answering.as_json:
        said = words.gettext(
            "The pictures are in {path}, readable: delete them when they were seen."
        )
        answering.tell({}, said.format(path=crops))


def _confirm(
    draft: Draft, given: ConfirmOptions, at: tuple[Any, Any], answering: Answering
) -> None:
    from clearance.consent_commands import file_consent
    from consent.contradictions import check_consent
    from consent.errors import SerialTakenError
    from consent.records import Portrait

    opened, settings = at
    words = answering.words
    _demand_all(given, draft, words)
    said = dict(given.answer or ())
    others = len(given.guardian or ()) + bool(given.representative)
    settled = draft.settled(said, others=others, changes_seen=given.changes_seen)
    person = opened.find_person(given.person)
    form = given.form(draft, settled)
    consent = form.consent(person.id, draft.scan, settings, words, today=today())
    paper = dataclasses.replace(consent.paper, confirmed_by=given.by or "")
    consent = dataclasses.replace(consent, paper=paper)
    # Before anything is written: it was recorded by hand meanwhile, or contradicts itself.
    if opened.is_recorded(draft.serial):
        raise SerialTakenError(
            "the form {serial} is recorded already; a new signature needs a new form",
            serial=draft.serial,
        )
    check_consent(consent, opened.dossier(person.id), settings.consent)
    if draft.portrait and consent.terms.biometric:
        portrait = Portrait(draft.portrait, draft.reading["portrait"]["suffix"])
        opened.add_portrait(person.id, portrait, today())
    try:
        file_consent(person, consent, draft.scan, (opened, settings), answering)
    finally:
        if opened.is_recorded(draft.serial):
            opened.drop_draft(draft.serial, confirmed=True, changed=sorted(said))


def _demand_all(given: ConfirmOptions, draft: Draft, words: Language) -> None:
    """What nobody can read for a person must be said; for a form about one occasion also which."""
    from forms.variants import ONE_OCCASION

    about_one = draft.reading["template"] in ONE_OCCASION
    missing = [
        option
        for option, value in (
            ("--person", given.person),
            ("--signed", given.signed),
            ("--until", given.until),
            *([("--event", given.event or None)] if about_one else []),
        )
        if value is None
    ]
    if missing:
        wrong = words.gettext("handwriting is not read: say {options} as well")
        raise typer.BadParameter(wrong.format(options=", ".join(missing)))


def _write_crops(draft: Draft, folder: Path) -> None:
    """Pictures of every answer and box, for whoever compares; the folder must be new."""
    from forms.atomic import make_folder, written_whole

    make_folder(folder, private=True)
    places = {name: draft.crop(name) for name in (*draft.answers, *draft.writings)}
    for number, one in enumerate(draft.reading["elsewhere"], start=1):
        places[f"elsewhere-{number}"] = draft.cut(one["page"], one["box"])
    for name, picture in places.items():
        with written_whole(folder / f"{name}.png") as stream:
            picture.save(stream, "PNG")
    with written_whole(folder / "scan.pdf") as stream:
        stream.write(draft.scan)


def add_to(app: typer.Typer) -> None:
    """Give the commands their names."""
    app.command("read", cls=Command, help=READ_HELP)(forms_read)
    app.command("drafts", cls=Command, help=N_("List the forms that wait to be confirmed."))(
        forms_drafts
    )
    app.command("confirm", cls=Command, help=CONFIRM_HELP)(forms_confirm)
