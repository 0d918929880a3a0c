"""The commands about the registry: make it, fill it, try it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clearance.commandline import (
    N_,
    Command,
    CommandGroup,
    ExitCode,
    JsonOption,
    LangOption,
    PersonArgument,
    RegistryOption,
    ThoroughOption,
    answer,
    day,
    detector_for,
    known_channels,
    open_registry,
    registry_folder,
    say,
    today,
    words_for,
)

if TYPE_CHECKING:
    from clearance.clear import House
    from clearance.settings import Settings
    from consent.records import Person
    from consent.registry import Registry

people_app = typer.Typer(cls=CommandGroup, no_args_is_help=True, help=N_("People in the registry."))
consent_app = typer.Typer(cls=CommandGroup, no_args_is_help=True, help=N_("Signed consents."))
faces_app = typer.Typer(
    cls=CommandGroup, no_args_is_help=True, help=N_("The faces of one picture, by number.")
)


BORN_HELP = N_("Day of birth, of a minor above all: a machine never clears one.")
INIT_HELP = N_("Make the registry, its key and clearance.toml.")
DEMO_HELP = N_("Build a registry of fictional people to try everything with.")


def init(
    registry: RegistryOption = None, as_json: JsonOption = False, lang: LangOption = None
) -> None:
    from clearance.settings import FILE_NAME, Settings, settings_text
    from consent.registry import Registry

    folder = registry_folder(registry)
    Registry.create(folder).close()
    settings_file = folder / FILE_NAME
    if not settings_file.exists():
        settings_file.write_text(settings_text(Settings()), encoding="utf-8")
    _ = words_for(lang).gettext
    if as_json:
        answer({"registry": str(folder), "settings": str(settings_file)})
    else:
        typer.echo(_("Registry: {path}").format(path=folder))
        typer.echo(_("Settings: {path}").format(path=settings_file))
        typer.echo(_("Keep a copy of the key in another place: without it nothing can be read."))


@people_app.command(
    "add", cls=Command, help=N_("Add a person, with portraits that wait for a consent.")
)
def people_add(
    name: Annotated[str, typer.Argument(metavar="NAME", help=N_("First name and surname."))],
    portrait: Annotated[
        list[Path] | None,
        typer.Option(
            "--portrait",
            metavar="FILE",
            help=N_("A photo of this person alone; may be repeated. Kept encrypted, not matched."),
        ),
    ] = None,
    born: Annotated[
        dt.date | None,
        typer.Option("--born", parser=day, metavar="DATE", help=BORN_HELP),
    ] = None,
    registry: RegistryOption = None,
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    from clearance.enrolment import read_portrait

    words = words_for(lang)
    with open_registry(registry) as (opened, settings):
        detector = detector_for(settings) if portrait else None
        portraits = [read_portrait(path, detector) for path in portrait or () if detector]
        person = opened.add_person(name, portraits, on=today(), born=born)
    if as_json:
        answer({**_person(person), "portraits": len(portraits)})
    else:
        typer.echo(words.gettext("{name} is {id}").format(name=person.name, id=person.id))


@people_app.command(
    "portrait",
    cls=Command,
    help=N_("Add portraits of a person who is in the registry already: all of them, or none."),
)
def people_portrait(
    person: PersonArgument,
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help=N_("Photos of this person alone. Kept encrypted.")),
    ],
    registry: RegistryOption = None,
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    from clearance.enrolment import read_portrait
    from clearance.references import NewPortrait, references_of
    from consent.decision import may_keep_biometrics
    from consent.records import StoredPortrait, new_portrait_id

    words = words_for(lang)
    with open_registry(registry) as (opened, settings):
        found = opened.find_person(person)
        detector = detector_for(settings)
        new = {new_portrait_id(): read_portrait(path, detector) for path in files}
        made = None
        if settings.detection.matching and may_keep_biometrics(
            opened.consents_of(found.id), today()
        ):
            named = [
                NewPortrait(StoredPortrait(id_, one.data, one.suffix, today()), path.name)
                for path, (id_, one) in zip(files, new.items(), strict=True)
            ]
            made = references_of(found, opened, detector, today(), named)
            for refused in (*(made.left_out.get(id_) for id_ in new), made.collision):
                if refused:
                    raise refused
        opened.add_portraits(
            found.id,
            new,
            today(),
            templates=made.templates if made else None,
            recogniser=detector.recogniser_name if made else None,
        )
        kept = len(opened.portraits_of(found.id))
    problems = made.problems if made else ()
    templates = len(made.templates) if made else 0
    if as_json:
        told = {"portraits": kept, "added": len(new), "templates": templates}
        answer({**_person(found), **told, "problems": [str(problem) for problem in problems]})
        return
    line = words.ngettext("{name} has {n} portrait.", "{name} has {n} portraits.", kept)
    typer.echo(line.format(name=found.name, n=kept))
    if made:
        line = words.ngettext(
            "{name} ({id}): {n} template", "{name} ({id}): {n} templates", templates
        )
        typer.echo(line.format(name=found.name, id=found.id, n=templates))
    else:
        typer.echo(words.gettext("No face is compared with them: nothing allows it yet."))
    for problem in problems:
        say(words.error(problem))


@people_app.command("list", cls=Command, help=N_("List everybody in the registry, with their id."))
def people_list(
    registry: RegistryOption = None, as_json: JsonOption = False, lang: LangOption = None
) -> None:
    words = words_for(lang)
    with open_registry(registry) as (opened, _):
        people = opened.people()
        portraits = opened.portrait_days()
    for person in people:
        days = portraits.get(person.id, ())
        if as_json:
            newest = days[-1].isoformat() if days else None
            answer({**_person(person), "portraits": len(days), "newest_portrait": newest})
            continue
        facts = [person.name]
        if person.born:
            facts.append(words.gettext("born {day}").format(day=words.date(person.born)))
        if days:
            told = words.ngettext(
                "{n} portrait of {day}", "{n} portraits, the newest of {day}", len(days)
            )
            facts.append(told.format(n=len(days), day=words.date(days[-1])))
        typer.echo(f"{person.id}  {', '.join(facts)}")


@people_app.command(
    "born",
    cls=Command,
    help=N_("Say, or correct, when a person was born: a minor is never cleared by a machine."),
)
def people_born(
    person: PersonArgument,
    born: Annotated[dt.date, typer.Argument(parser=day, metavar="DATE", help=N_("Day of birth."))],
    registry: RegistryOption = None,
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    words = words_for(lang)
    with open_registry(registry) as (opened, _):
        changed = opened.set_born(opened.find_person(person).id, born, on=today())
    if as_json:
        answer(_person(changed))
    else:
        said = words.gettext("{name} was born on {day}.")
        typer.echo(said.format(name=changed.name, day=words.date(born)))


def _person(person: Person) -> dict[str, Any]:
    born = person.born.isoformat() if person.born else None
    return {"person": person.id, "name": person.name, "born": born}


@people_app.command(
    "lookalike",
    cls=Command,
    help=N_("Say that two people look alike, like twins: a person must tell them apart."),
)
def people_lookalike(
    person: PersonArgument,
    other: PersonArgument,
    registry: RegistryOption = None,
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    words = words_for(lang)
    with open_registry(registry) as (opened, _):
        one, two = opened.find_person(person), opened.find_person(other)
        opened.link_lookalikes(one.id, two.id)
    if as_json:
        answer({"person": one.id, "lookalike": two.id})
    else:
        linked = words.gettext("{one} and {other} look alike: matches with them need a person.")
        typer.echo(linked.format(one=one.name, other=two.name))


@consent_app.command(
    "record", cls=Command, help=N_("Record a signed form: who agreed to which channels until when.")
)
def consent_record(
    person: PersonArgument,
    serial: Annotated[
        str, typer.Option("--serial", metavar="S", help=N_("Serial printed on the form."))
    ],
    signed: Annotated[
        dt.date,
        typer.Option("--signed", parser=day, metavar="DATE", help=N_("Day of the signature.")),
    ],
    until: Annotated[
        dt.date,
        typer.Option("--until", parser=day, metavar="DATE", help=N_("Last day it is valid.")),
    ],
    channel: Annotated[
        list[str],
        typer.Option("--channel", metavar="C", help=N_("Channel ticked yes; may be repeated.")),
    ],
    evidence: Annotated[
        Path, typer.Option("--evidence", metavar="FILE", help=N_("Scan of the signed form."))
    ],
    biometric: Annotated[
        bool,
        typer.Option("--biometric", help=N_("The box for matching the face was ticked yes.")),
    ] = False,
    registry: RegistryOption = None,
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    from clearance.enrolment import read_evidence
    from clearance.references import references_of
    from consent.decision import may_keep_biometrics

    words = words_for(lang)
    with open_registry(registry) as (opened, settings):
        found = opened.find_person(person)
        channels, scan = known_channels(channel, settings, words), read_evidence(evidence)
        matched = biometric and settings.detection.matching
        detector = detector_for(settings) if matched and opened.portraits_of(found.id) else None
        made = references_of(found, opened, detector, today()) if detector else None
        # Recorded whatever the portraits are worth: the signature is a fact.
        consent = opened.record_consent(
            found.id,
            serial=serial,
            signed=signed,
            valid_until=until,
            channels=channels,
            biometric=biometric,
            evidence=scan,
            evidence_suffix=evidence.suffix.lower(),
            on=today(),
            templates=made.templates if made else None,
            recogniser=detector.recogniser_name if detector else None,
        )
        kept = may_keep_biometrics(opened.consents_of(found.id), today())
    problems = made.problems if made else ()
    if as_json:
        answer(
            {
                "consent": consent.serial,
                "person": found.id,
                "channels": sorted(consent.channels),
                "until": consent.valid_until.isoformat(),
                "templates": len(made.templates) if made and kept else 0,
                "problems": [str(problem) for problem in problems],
            }
        )
    else:
        typer.echo(
            words.gettext("Recorded {serial} for {name}, valid until {until}.").format(
                serial=consent.serial, name=found.name, until=words.date(consent.valid_until)
            )
        )
        for problem in problems:
            say(words.error(problem))
    if made and kept and not made.templates:
        line = words.gettext("The consent is recorded, but {name} has no template from it.")
        say(line.format(name=found.name))
        raise typer.Exit(ExitCode.INPUT_OR_OUTPUT)


@consent_app.command(
    "withdraw",
    cls=Command,
    help=N_("Withdraw a person's consent, whole or for one channel, from today on."),
)
def consent_withdraw(
    person: PersonArgument,
    channel: Annotated[
        str | None,
        typer.Option("--channel", metavar="C", help=N_("Only this channel; without it, all.")),
    ] = None,
    registry: RegistryOption = None,
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    words = words_for(lang)
    with open_registry(registry) as (opened, settings):
        if channel:
            known_channels([channel], settings, words)
        found = opened.find_person(person)
        touched = opened.withdraw(found.id, channel, on=today())
    if as_json:
        answer({"person": found.id, "channel": channel, "consents": touched})
    else:
        typer.echo(
            words.gettext("Withdrawn for {name}. Take down what is already published.").format(
                name=found.name
            )
        )


PhotoArgument = Annotated[Path, typer.Argument(metavar="PHOTO", help=N_("The picture."))]


@faces_app.command(
    "list", cls=Command, help=N_("Number the faces of a picture, with their place in it.")
)
def faces_list(
    photo: PhotoArgument,
    thorough: ThoroughOption = False,
    registry: RegistryOption = None,
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    from clearance.clear import IntendedUse, clear_photo
    from clearance.documents import photo_document

    words = words_for(lang)
    with open_registry(registry) as (opened, settings):
        house = _house(opened, settings, thorough=thorough)
        use = IntendedUse(house.channels, today(), settings.publication.max_edge)
        result = clear_photo(photo, use, house)
    if as_json:
        answer(photo_document(result))
        return
    from clearance import terminal

    terminal.console().print(terminal.places(result, words))


@faces_app.command(
    "not-a-face",
    cls=Command,
    help=N_(
        "Say that a found face is none: a poster, a statue, a pattern. It holds for this very "
        "file, and for nobody the registry knows."
    ),
)
def faces_not_a_face(
    photo: PhotoArgument,
    face: Annotated[
        list[int],
        typer.Option(
            "--face", metavar="N", help=N_("Number of the face in the table; may be repeated.")
        ),
    ],
    by: Annotated[str, typer.Option("--by", metavar="NAME", help=N_("Who says so."))],
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help=N_("What is there instead."))
    ] = "",
    undo: Annotated[bool, typer.Option("--undo", help=N_("Take back what was said."))] = False,
    thorough: ThoroughOption = False,
    registry: RegistryOption = None,
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    from clearance.clear import look_at
    from clearance.not_a_face import regions, words_on

    _ = words_for(lang).gettext
    if not undo and not reason.strip():
        raise typer.BadParameter(_("--reason TEXT is needed: what is there instead of a face?"))
    with open_registry(registry) as (opened, settings):
        house = _house(opened, settings, thorough=thorough)
        frame, faces, matches = look_at(photo, house)
        if undo:
            said = words_on(faces, face, opened.not_faces_in(frame.sha256))
            opened.take_back_not_a_face(said, by=by, on=today())
            told = _("Taken back: the face at {left}, {top} ({width} × {height}) counts again.")
        else:
            boxes = regions(faces, matches, face)
            said = opened.say_not_a_face(frame.sha256, boxes, by=by, reason=reason, on=today())
            told = _("Remembered of this very file: no face at {left}, {top} ({width} × {height}).")
    places = dict.fromkeys(word.box for word in said)
    if as_json:
        answer({"sha256": frame.sha256, "undone": undo, "boxes": [list(box) for box in places]})
        return
    for left, top, right, bottom in places:
        size = {"width": right - left, "height": bottom - top}
        typer.echo(told.format(left=left, top=top, **size))


def _house(registry: Registry, settings: Settings, *, thorough: bool) -> House:
    """What the faces are looked at with: as in the check whose numbers are meant.

    Whoever looks more thoroughly may find more faces, and number them differently.
    """
    from clearance.clear import House

    return House.open(settings, detector_for(settings, thorough=thorough), registry, today())


def demo(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help=N_("New folder for the demo registry."))
    ] = Path("clearance-demo"),
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    from clearance.demo import build_demo
    from clearance.settings import Settings

    _ = words_for(lang).gettext
    made = build_demo(folder, detector_for(Settings()), today())
    if as_json:
        answer({"registry": str(made.registry), "people": made.people, "photo": str(made.photo)})
        return
    typer.echo(_("Demo registry with {n} people: {path}").format(n=made.people, path=made.registry))
    typer.echo(_("Try:"))
    typer.echo(f"  clear {made.photo} --registry {made.registry} --channel website")
