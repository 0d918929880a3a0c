"""The commands about people: add, find, change, import, export, merge, erase."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clearance import completion
from clearance.commandline import (
    N_,
    Answering,
    Command,
    CommandGroup,
    DryRunOption,
    ExitCode,
    PersonArgument,
    YesOption,
    answer,
    day,
    detector_for,
    say,
    today,
)
from clearance.option_groups import gathers
from consent.records import Capacity, Status

if TYPE_CHECKING:
    from clearance.language import Language
    from clearance.references import References
    from clearance.settings import Settings
    from consent.records import Person
    from consent.registry import Registry

people_app = typer.Typer(cls=CommandGroup, no_args_is_help=True, help=N_("People in the registry."))

BornOption = Annotated[
    dt.date | None,
    typer.Option(
        "--born",
        parser=day,
        metavar="DATE",
        help=N_("Day of birth, of a minor above all: a machine never clears one."),
    ),
]
ContactOption = Annotated[
    str | None,
    typer.Option(
        "--contact", metavar="TEXT", help=N_("E-mail, telephone or address. Kept encrypted.")
    ),
]
WriteToOption = Annotated[
    str | None,
    typer.Option(
        "--language",
        metavar="fr|de|it|en",
        help=N_("Language to write to the person in."),
        autocompletion=completion.of("fr", "de", "it", "en"),
    ),
]
CapacityOption = Annotated[
    Capacity | None,
    typer.Option("--capacity", help=N_("As what the person is in pictures.")),
]
CsvOption = Annotated[
    Path | None,
    typer.Option("--csv", metavar="FILE", help=N_("Write the list to a file for a spreadsheet.")),
]


@people_app.command(
    "add", cls=Command, help=N_("Add a person, with portraits that wait for a consent.")
)
@gathers(answering=Answering)
def people_add(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help=N_("First name and surname, or a reference code.")),
    ],
    *,
    coded: Annotated[
        bool, typer.Option("--code", help=N_("NAME is a reference code that stands for a name."))
    ] = False,
    portrait: Annotated[
        list[Path] | None,
        typer.Option(
            "--portrait",
            metavar="FILE",
            help=N_("A photo of this person alone; may be repeated. Kept encrypted, not matched."),
        ),
    ] = None,
    born: BornOption = None,
    contact: ContactOption = None,
    language: WriteToOption = None,
    capacity: CapacityOption = None,
    answering: Answering,
) -> None:
    from clearance.enrolment import read_portrait
    from clearance.registry_documents import person_document

    with answering.opened() as (opened, settings):
        detector = detector_for(settings) if portrait else None
        portraits = [read_portrait(path, detector) for path in portrait or () if detector]
        person = opened.add_person(
            name,
            portraits,
            on=today(),
            born=born,
            coded=coded,
            contact=contact or "",
            language=language or "",
            capacity=capacity or Capacity.OTHER,
        )
    said = answering.words.gettext("{name} is {id}").format(name=person.name, id=person.id)
    answering.tell({**person_document(person), "portraits": len(portraits)}, said)


@people_app.command("list", cls=Command, help=N_("List everybody in the registry, with their id."))
@gathers(answering=Answering)
def people_list(*, csv: CsvOption = None, answering: Answering) -> None:
    from clearance.registry_documents import person_document
    from detector.untrusted import printable

    with answering.opened() as (opened, _):
        people = opened.people()
        portraits = opened.portrait_days()
    if csv:
        _write_people(people, csv)
    for person in people:
        days = portraits.get(person.id, ())
        if answering.as_json:
            newest = days[-1].isoformat() if days else None
            told = {"portraits": len(days), "newest_portrait": newest}
            answer({**person_document(person), **told})
        elif not csv:
            facts = _facts(person, days, answering)
            typer.echo(printable(f"{person.id}  {', '.join(facts)}"))


def _facts(person: Person, portraits: tuple[dt.date, ...], answering: Answering) -> list[str]:
    from clearance import registry_words

    words = answering.words
    facts = [person.name]
    if person.capacity is not Capacity.OTHER:
        facts.append(registry_words.capacity(person.capacity, words))
    if person.status is not Status.ACTIVE:
        facts.append(registry_words.status(person.status, words))
    if person.born:
        facts.append(words.gettext("born {day}").format(day=words.date(person.born)))
    if portraits:
        facts.append(_portraits(portraits, words))
    return facts


def _portraits(days: tuple[dt.date, ...], words: Language) -> str:
    if not days:
        return ""
    told = words.ngettext("{n} portrait of {day}", "{n} portraits, the newest of {day}", len(days))
    return told.format(n=len(days), day=words.date(days[-1]))


def _write_people(people: list[Person], path: Path) -> None:
    from clearance.tables import write_csv

    header = ("id", "name", "code", "born", "contact", "language", "capacity", "status")
    rows = (
        (
            one.id,
            "" if one.coded else one.name,
            one.name if one.coded else "",
            one.born,
            one.contact,
            one.language,
            one.capacity.value,
            one.status.value,
        )
        for one in people
    )
    write_csv(path, header, rows)


@people_app.command(
    "show", cls=Command, help=N_("Show what is on file about a person, and where they may appear.")
)
@gathers(answering=Answering)
def people_show(person: PersonArgument, *, answering: Answering) -> None:
    from clearance.appearances import appearances
    from clearance.registry_documents import appearances_document, dossier_document

    words = answering.words
    with answering.opened() as (opened, settings):
        dossier = opened.dossier(opened.find_person(person).id)
        portraits = opened.portrait_days(dossier.person.id).get(dossier.person.id, ())
        templates = opened.holdings(dossier.person.id).templates
        alike = [opened.person(other) for other in sorted(dossier.lookalikes)]
    found = appearances(dossier, today(), settings.consent)
    if answering.as_json:
        days = [one.isoformat() for one in portraits]
        told = {"portraits": days, "templates": templates, "today": appearances_document(found)}
        answer({**dossier_document(dossier), **told})
        return
    from rich.text import Text

    from clearance import registry_tables, terminal

    _ = words.gettext
    compared = _("compared in photos") if templates else _("not compared in photos")
    more = {
        _("portraits"): _portraits(portraits, words),
        _("face"): compared,
        _("looks like"): ", ".join(f"{one.name} ({one.id})" for one in alike),
    }
    out = terminal.console()
    out.print(registry_tables.person(dossier, more, words))
    if events := registry_tables.events(dossier, words):
        out.print(Text(), *events, sep="\n")
    if dossier.consents:
        forms = [(dossier, one) for one in dossier.consents]
        out.print()
        out.print(registry_tables.forms(forms, today(), settings.consent, words, names=False))
    heading = _("Where a photo of no particular occasion may be published on {day}:")
    out.print(Text("\n" + heading.format(day=words.date(today()))))
    out.print(registry_tables.appearances(found, settings.consent, words))


@people_app.command(
    "change", cls=Command, help=N_("Correct what is on file about a person, or say what changed.")
)
@gathers(answering=Answering)
def people_change(
    person: PersonArgument,
    *,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help=N_("The name, from now on."))
    ] = None,
    coded: Annotated[
        bool | None,
        typer.Option("--code/--no-code", help=N_("Whether it is a reference code, or a name.")),
    ] = None,
    born: BornOption = None,
    contact: ContactOption = None,
    language: WriteToOption = None,
    capacity: CapacityOption = None,
    status: Annotated[
        Status | None,
        typer.Option("--status", help=N_("Whether the person is there, has left, or has died.")),
    ] = None,
    answering: Answering,
) -> None:
    given = {
        "name": name,
        "coded": coded,
        "born": born,
        "contact": contact,
        "language": language,
        "capacity": capacity,
        "status": status,
    }
    changes = {field: value for field, value in given.items() if value is not None}
    if not changes:
        raise typer.BadParameter(answering.words.gettext("say what is to be changed"))
    _change(person, changes, answering)


@people_app.command(
    "born",
    cls=Command,
    help=N_("Say, or correct, when a person was born: a minor is never cleared by a machine."),
)
@gathers(answering=Answering)
def people_born(
    person: PersonArgument,
    born: Annotated[dt.date, typer.Argument(parser=day, metavar="DATE", help=N_("Day of birth."))],
    answering: Answering,
) -> None:
    _change(person, {"born": born}, answering)


def _change(ref: str, changes: Mapping[str, object], answering: Answering) -> None:
    from clearance.registry_documents import person_document

    with answering.opened() as (opened, _):
        wanted = dataclasses.replace(opened.find_person(ref), **changes)  # type: ignore[arg-type]
        changed = opened.change_person(wanted, on=today())
    facts = ", ".join(_facts(changed, (), answering))
    answering.tell(person_document(changed), f"{changed.id}  {facts}")


@people_app.command(
    "portrait",
    cls=Command,
    help=N_("Add portraits of a person who is in the registry already: all of them, or none."),
)
@gathers(answering=Answering)
def people_portrait(
    person: PersonArgument,
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help=N_("Photos of this person alone. Kept encrypted.")),
    ],
    answering: Answering,
) -> None:
    from clearance.enrolment import read_portrait
    from clearance.recording import Counter, add_portraits
    from clearance.registry_documents import person_document

    words = answering.words
    with answering.opened() as (opened, settings):
        found = opened.find_person(person)
        detector = detector_for(settings)
        new = [(path, read_portrait(path, detector)) for path in files]
        made = add_portraits(Counter(opened, settings, lambda _: detector, today()), found, new)
        kept = len(opened.portraits_of(found.id))
    line = words.ngettext("{name} has {n} portrait.", "{name} has {n} portraits.", kept)
    told = {"portraits": kept, "added": len(new), **_templates(made)}
    compared = _told_of(found, made, answering, matching=settings.detection.matching)
    lines = [line.format(name=found.name, n=kept), compared]
    answering.tell({**person_document(found), **told}, *lines)
    _tell_problems(made, answering)


@people_app.command(
    "lookalike",
    cls=Command,
    help=N_("Say that two people look alike, like twins: a person must tell them apart."),
)
@gathers(answering=Answering)
def people_lookalike(person: PersonArgument, other: PersonArgument, answering: Answering) -> None:
    with answering.opened() as (opened, _):
        one, two = opened.find_person(person), opened.find_person(other)
        opened.link_lookalikes(one.id, two.id)
    linked = answering.words.gettext(
        "{one} and {other} look alike: matches with them need a person."
    )
    answering.tell(
        {"person": one.id, "lookalike": two.id}, linked.format(one=one.name, other=two.name)
    )


@people_app.command(
    "import",
    cls=Command,
    help=N_("Add the people of a list, a CSV file or an Excel workbook, and their portraits."),
)
@gathers(answering=Answering)
def people_import(
    roster: Annotated[
        Path, typer.Argument(metavar="FILE", help=N_("The list, ending in .csv, .tsv or .xlsx."))
    ],
    *,
    portraits: Annotated[
        Path | None,
        typer.Option(
            "--portraits",
            metavar="DIR",
            help=N_("Folder of portraits, named in the list or named like the people."),
        ),
    ] = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    answering: Answering,
) -> None:
    from clearance.people_import import add_planned, planned
    from clearance.roster import read_roster

    words = answering.words
    with answering.opened() as (opened, settings):
        plan = planned(read_roster(roster, portraits=portraits), opened)
        if not answering.as_json:
            for line in plan.lines(words):
                typer.echo(line)
        question = words.gettext("Add them?")
        if dry_run or not plan.rows or not answering.sure(question, yes=yes):
            _told_import(plan.documents("planned"), answering)
            raise typer.Exit(ExitCode.INPUT_OR_OUTPUT if plan.refused else ExitCode.CLEARED)
        refused = len(plan.refused)
        for done in add_planned(plan, opened, settings, today(), words):
            refused += done.problem is not None
            if answering.as_json:
                answer(done.document())
            else:
                typer.echo(done.line(words))
        _told_import(plan.refusals(), answering)
    if refused:
        raise typer.Exit(ExitCode.INPUT_OR_OUTPUT)


def _told_import(documents: list[dict[str, object]], answering: Answering) -> None:
    if answering.as_json:
        for document in documents:
            answer(document)


@people_app.command(
    "export",
    cls=Command,
    help=N_("Give one person everything held about them: a ZIP of readable files."),
)
@gathers(answering=Answering)
def people_export(
    person: PersonArgument,
    *,
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="FILE", help=N_("The ZIP file to write."))
    ],
    answering: Answering,
) -> None:
    from clearance.access_request import write_access_request

    with answering.opened() as (opened, settings):
        found = opened.find_person(person)
        files = write_access_request(found.id, opened, settings, out, today(), answering.words)
        opened.audit("person.exported", subject=found.id, files=files)
    said = answering.words.gettext(
        "Everything about {name} is in {path}, readable: hand it over and delete it."
    )
    answering.tell(
        {"person": found.id, "path": str(out), "files": files},
        said.format(name=found.name, path=out),
    )


@people_app.command(
    "erase",
    cls=Command,
    help=N_("Destroy everything held about a person for good; the log keeps only an id."),
)
@gathers(answering=Answering)
def people_erase(
    person: PersonArgument,
    *,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    answering: Answering,
) -> None:
    words = answering.words
    _ = words.gettext
    with answering.opened() as (opened, _settings):
        found = opened.find_person(person)
        held = opened.holdings(found.id)
        told = _("{name} ({id}): forms: {forms}, portraits: {portraits}, templates: {templates}")
        line = told.format(name=found.name, id=found.id, **dataclasses.asdict(held))
        document = {"person": found.id, "erased": False, **dataclasses.asdict(held)}
        if dry_run:
            held_back = _("On hold: nobody may erase it until the hold is lifted.")
            answering.tell(document, line, *([held_back] if held.on_hold else []))
            return
        if not answering.as_json:
            typer.echo(line)
        if not answering.sure(_("Destroy all of it for good?"), yes=yes):
            return
        opened.erase_person(found.id)
    answering.tell(
        {**document, "erased": True},
        _("Erased. Take down what is published, and replace backups that still hold the person."),
    )


@people_app.command(
    "merge",
    cls=Command,
    help=N_("Make one of two records of the same person; the second id is erased."),
)
@gathers(answering=Answering)
def people_merge(
    person: PersonArgument, other: PersonArgument, *, yes: YesOption = False, answering: Answering
) -> None:
    from clearance.registry_documents import person_document

    words = answering.words
    with answering.opened() as (opened, settings):
        keep, gone = opened.find_person(person), opened.find_person(other)
        question = words.gettext("Put everything of {other} ({id}) under {name}?")
        asked = question.format(other=gone.name, id=gone.id, name=keep.name)
        if not answering.sure(asked, yes=yes):
            return
        merged = opened.merge_people(keep.id, gone.id, on=today())
        made = _described_anew(merged, opened, settings)
    told = {**person_document(merged), "merged": gone.id, **_templates(made)}
    line = words.gettext("{other} is now {name} ({id}).")
    answering.tell(told, line.format(other=gone.id, name=merged.name, id=merged.id))
    _tell_problems(made, answering)


def _described_anew(person: Person, opened: Registry, settings: Settings) -> References | None:
    """Templates of all portraits together, where a consent lets them be kept."""
    from clearance.references import references_of

    wanted = settings.detection.matching and opened.may_keep_biometrics(person.id, today())
    if not wanted or not opened.portraits_of(person.id):
        return None
    detector = detector_for(settings)
    made = references_of(person, opened, detector, today())
    if made.templates:
        opened.store_templates(person.id, made.templates, detector.recogniser_name, on=today())
    return made


def _templates(made: References | None) -> dict[str, object]:
    problems = [str(problem) for problem in made.problems] if made else []
    return {"templates": len(made.templates) if made else 0, "problems": problems}


def _told_of(
    found: Person, made: References | None, answering: Answering, *, matching: bool
) -> str:
    if made is None and not matching:
        return answering.words.gettext("No face is compared: matching is off in clearance.toml.")
    if made is None:
        return answering.words.gettext("No face is compared with them: nothing allows it yet.")
    n = len(made.templates)
    line = answering.words.ngettext(
        "{name} ({id}): {n} template", "{name} ({id}): {n} templates", n
    )
    return line.format(name=found.name, id=found.id, n=n)


def _tell_problems(made: References | None, answering: Answering) -> None:
    if made and not answering.as_json:
        for problem in made.problems:
            say(answering.words.error(problem))
