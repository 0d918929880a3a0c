"""The commands about signed paper: read scans, look at drafts, confirm them."""

from __future__ import annotations

import dataclasses
import datetime as dt
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
    detector_for,
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
    from forms.drafts import Draft, Settled
    from forms.reading import Stack

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
    from clearance.recording import Counter
    from forms.reading import Stack
    from forms.scans import scans_in

    paths = scans_in(scans)
    with (
        answering.opened() as (opened, settings),
        Stack(answering.folder) as stack,
        terminal.progress(len(paths), answering.words) as done,
    ):
        for path in paths:
            stack.read(path)
            done()
        stack.keep(Counter(opened, settings, detector_for, today()))
    _tell_read(stack, answering)
    if stack.unreadable:
        raise typer.Exit(ExitCode.INPUT_OR_OUTPUT)
    if (
        stack.foreign
        or stack.refused_portraits
        or any(draft.problems or draft.doubtful for draft in stack.drafts)
    ):
        raise typer.Exit(ExitCode.NOT_CLEARED)


def _tell_read(stack: Stack, answering: Answering) -> None:
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
    for name, serial in stack.kept_portraits:
        said = words.gettext("{file} is the portrait for {serial}, if its form is confirmed.")
        answering.tell({}, said.format(file=name, serial=serial))
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
    from forms.reading import kept_draft

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
        drafts = [kept_draft(serial, opened) for serial in opened.drafts()]
    if answering.as_json:
        answering.tell({"drafts": [_document(draft) for draft in drafts]})
    elif not drafts:
        answering.tell({}, words.gettext("No form waits to be confirmed."))
    for draft in drafts if not answering.as_json else ():
        answering.tell({}, *draft_words.summary(draft, words))


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

    @property
    def others(self) -> int:
        """How many people sign for the person."""
        return len(self.guardian or ()) + bool(self.representative)

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
    from forms.reading import kept_draft

    words = answering.words
    with answering.opened() as (opened, settings):
        draft = kept_draft(serial, opened)
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
    from clearance.consent_commands import tell_filed
    from clearance.recording import Counter
    from forms.reading import Compared, confirm

    opened, settings = at
    words = answering.words
    _demand_all(given, draft, words)
    said = dict(given.answer or ())
    settled = draft.settled(said, others=given.others, changes_seen=given.changes_seen)
    person = opened.find_person(given.person)
    form = given.form(draft, settled)
    counter = Counter(opened, settings, detector_for, today())
    compared = Compared(given.by or "", tuple(sorted(said)))
    filed = confirm(counter, draft, form, person, compared, words)
    tell_filed(opened.dossier(person.id), filed, answering)


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
