"""The commands about consent: forms recorded, renewed, withdrawn; refusals, holds; the decision."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clearance import completion
from clearance.commandline import (
    N_,
    Answering,
    ChannelOption,
    Command,
    CommandGroup,
    EventOption,
    ExitCode,
    OnOption,
    PersonArgument,
    PurposeOption,
    UntilOption,
    answer,
    day,
    detector_for,
    known_channels,
    say,
    today,
)
from clearance.form_options import FormOptions
from clearance.option_groups import gathers
from clearance.people_commands import CsvOption
from consent.records import ExemptionKind, Material

if TYPE_CHECKING:
    from clearance.language import Language
    from clearance.recording import Filed
    from clearance.references import References
    from clearance.settings import Settings
    from consent.records import Consent, Dossier, Person, Supersession, Use
    from consent.registry import Registry

consent_app = typer.Typer(cls=CommandGroup, no_args_is_help=True, help=N_("Signed consents."))
DECIDE_HELP = N_("Say where a person may appear, on which ground, or every reason why not.")

SerialArgument = Annotated[
    str,
    typer.Argument(
        metavar="SERIAL",
        help=N_("Serial of a recorded form."),
        autocompletion=completion.of_serials,
    ),
]
OneChannelOption = Annotated[
    str | None,
    typer.Option(
        "--channel",
        metavar="C",
        help=N_("Only this channel; without it, all."),
        autocompletion=completion.of_channels,
    ),
]
ByOption = Annotated[str, typer.Option("--by", metavar="NAME", help=N_("Who says so."))]


@consent_app.command(
    "record", cls=Command, help=N_("Record a signed form: who agreed to what until when.")
)
@gathers(form=FormOptions, answering=Answering)
def consent_record(person: PersonArgument, form: FormOptions, answering: Answering) -> None:
    with answering.opened() as (opened, settings):
        found = opened.find_person(person)
        _record(found, form, (), (opened, settings), answering)


@consent_app.command(
    "renew",
    cls=Command,
    help=N_("Record a newer form in place of an older one, which stays on file as proof."),
)
@gathers(form=FormOptions, answering=Answering)
def consent_renew(
    old: SerialArgument,
    *,
    form: FormOptions,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only-channel",
            metavar="C",
            help=N_("Only for this channel the newer form counts alone; may be repeated."),
            autocompletion=completion.of_channels,
        ),
    ] = None,
    answering: Answering,
) -> None:
    from consent.records import Supersession

    with answering.opened() as (opened, settings):
        dossier, older = opened.consent(old)
        channels = known_channels(only or (), settings, answering.words)
        taken = frozenset(channels) if only else None
        renewed = Supersession(serial=older.serial, channels=taken)
        _record(dossier.person, form, (renewed,), (opened, settings), answering)


def _record(
    person: Person,
    form: FormOptions,
    supersedes: tuple[Supersession, ...],
    at: tuple[Registry, Settings],
    answering: Answering,
) -> None:
    """Record a form that somebody typed."""
    from clearance.enrolment import read_evidence
    from clearance.recording import Counter, record_form

    scan = read_evidence(form.evidence)
    consent = form.consent(
        person.id, scan, at[1], answering.words, supersedes=supersedes, today=today()
    )
    filed = record_form(Counter(*at, detector_for, today()), person, consent, scan)
    tell_filed(at[0].dossier(person.id), filed, answering)


def tell_filed(dossier: Dossier, filed: Filed, answering: Answering) -> None:
    """Say what became of a form.

    Raises:
        Exit: it was recorded, and no portrait gave a template.
    """
    _tell_recorded(dossier, filed.consent, filed.references, answering)
    if filed.without_template:
        line = answering.words.gettext(
            "The consent is recorded, but {name} has no template from it."
        )
        say(line.format(name=dossier.person.name))
        raise typer.Exit(ExitCode.INPUT_OR_OUTPUT)


def _tell_recorded(
    dossier: Dossier, consent: Consent, made: References | None, answering: Answering
) -> None:
    from clearance.registry_documents import consent_document
    from consent.decision import last_day_of

    words = answering.words
    last_day = last_day_of(consent, dossier)
    problems = made.problems if made else ()
    told = {
        "templates": len(made.templates) if made else 0,
        "problems": [str(problem) for problem in problems],
    }
    line = words.gettext("Recorded {serial} for {name}, valid until {until}.").format(
        serial=consent.serial, name=dossier.person.name, until=words.date(last_day)
    )
    answering.tell({**consent_document(consent, last_day), **told}, line)
    if not answering.as_json:
        for problem in problems:
            say(words.error(problem))


@consent_app.command(
    "list", cls=Command, help=N_("List the recorded forms, of everybody or of one person.")
)
@gathers(answering=Answering)
def consent_list(
    person: Annotated[
        str | None,
        typer.Argument(
            metavar="PERSON",
            help=N_("A person's id, or exact name."),
            autocompletion=completion.of_people,
        ),
    ] = None,
    *,
    csv: CsvOption = None,
    answering: Answering,
) -> None:
    from clearance.appearances import against
    from clearance.registry_documents import against_document, consent_document
    from consent.decision import last_day_of

    with answering.opened() as (opened, settings):
        if person is not None:
            dossiers = [opened.dossier(opened.find_person(person).id)]
        else:
            dossiers = list(opened.dossiers())
    found = [(dossier, one) for dossier in dossiers for one in dossier.consents]
    found.sort(key=lambda pair: (pair[1].signed, pair[1].serial))
    if csv:
        _write_forms(found, settings, csv)
    elif answering.as_json:
        for dossier, consent in found:
            stands = against_document(against(consent, dossier, today(), settings.consent))
            told = consent_document(consent, last_day_of(consent, dossier))
            answer({**told, "against": stands})
    elif not found:
        typer.echo(answering.words.gettext("No form is recorded."))
    else:
        from clearance import registry_tables, terminal

        table = registry_tables.forms(found, today(), settings.consent, answering.words)
        terminal.console().print(table)


def _write_forms(found: list[tuple[Dossier, Consent]], settings: Settings, path: Path) -> None:
    from clearance.appearances import against, common
    from clearance.tables import write_csv
    from consent.decision import last_day_of

    header = (
        *("serial", "person", "name", "signed", "valid_from", "last_day"),
        *("channels", "materials", "purposes", "event", "biometric", "level", "against"),
    )
    rows = (
        (
            one.serial,
            one.person,
            dossier.person.name,
            one.signed,
            one.scope.valid_from,
            last_day_of(one, dossier),
            " ".join(sorted(one.scope.channels)),
            " ".join(sorted(one.scope.materials)),
            " ".join(sorted(one.scope.purposes)),
            one.scope.event,
            "yes" if one.terms.biometric else "no",
            one.evidence.level.value,
            " ".join(common(against(one, dossier, today(), settings.consent))),
        )
        for dossier, one in found
    )
    write_csv(path, header, rows)


@consent_app.command("show", cls=Command, help=N_("Show everything a recorded form says."))
@gathers(answering=Answering)
def consent_show(
    serial: SerialArgument,
    *,
    scan: Annotated[
        Path | None,
        typer.Option("--scan", metavar="FILE", help=N_("Write the scan, readable, to a new file.")),
    ] = None,
    answering: Answering,
) -> None:
    from clearance.access_request import write_readable
    from clearance.appearances import against
    from clearance.registry_documents import against_document, consent_document
    from consent.decision import last_day_of

    words = answering.words
    with answering.opened() as (opened, settings):
        dossier, consent = opened.consent(serial)
        if scan:
            write_readable(scan, opened.evidence_of(consent.serial))
            opened.audit("evidence.read", subject=dossier.person.id, serial=consent.serial)
    if answering.as_json:
        stands = against_document(against(consent, dossier, today(), settings.consent))
        told = consent_document(consent, last_day_of(consent, dossier))
        answer({**told, "against": stands, "scan": str(scan) if scan else None})
        return
    from clearance import registry_tables, terminal

    table = registry_tables.form(dossier, consent, today(), settings.consent, words)
    terminal.console().print(table)
    if scan:
        said = words.gettext("The scan is in {path}, readable: delete it when it was read.")
        answering.tell({}, said.format(path=scan))


@consent_app.command(
    "withdraw",
    cls=Command,
    help=N_("Withdraw a person's consent, whole or for one channel, from today on."),
)
@gathers(answering=Answering)
def consent_withdraw(
    person: PersonArgument,
    *,
    channel: OneChannelOption = None,
    serial: Annotated[
        str | None,
        typer.Option(
            "--serial",
            metavar="S",
            help=N_("Only this form; without it, every form."),
            autocompletion=completion.of_serials,
        ),
    ] = None,
    answering: Answering,
) -> None:
    with answering.opened() as (opened, settings):
        known_channels([channel] if channel is not None else (), settings, answering.words)
        found = opened.find_person(person)
        # Before anything: whether a form has that serial at all.
        form = opened.consent(serial)[1].serial if serial is not None else None
        touched = opened.withdraw(found.id, channel, on=today(), serial=form)
    said = answering.words.gettext("Withdrawn for {name}. Take down what is already published.")
    answering.tell(
        {"person": found.id, "channel": channel, "serial": form, "consents": touched},
        said.format(name=found.name),
    )


@consent_app.command(
    "refuse",
    cls=Command,
    help=N_("Note that a person said no, to one channel or to everything."),
)
@gathers(answering=Answering)
def consent_refuse(
    person: PersonArgument,
    *,
    channel: OneChannelOption = None,
    by_child: Annotated[
        bool,
        typer.Option("--by-child", help=N_("A child said no: no guardian's yes outweighs it.")),
    ] = False,
    note: Annotated[
        str, typer.Option("--note", metavar="TEXT", help=N_("A remark, kept encrypted."))
    ] = "",
    take_back: Annotated[
        bool,
        typer.Option("--take-back", help=N_("The person expressly changed their mind.")),
    ] = False,
    answering: Answering,
) -> None:
    _ = answering.words.gettext
    with answering.opened() as (opened, settings):
        known_channels([channel] if channel is not None else (), settings, answering.words)
        found = opened.find_person(person)
        document: dict[str, Any] = {"person": found.id, "channel": channel}
        if take_back:
            document["taken_back"] = opened.take_back_refusals(found.id, today())
            said = _("{name} has changed their mind; a signed form is needed all the same.")
        else:
            refusal = opened.refuse(
                found.id, today(), channel=channel, by_child=by_child, note=note
            )
            document["refusal"] = refusal.id
            said = _("Noted: {name} said no. Take down what is already published.")
    answering.tell(document, said.format(name=found.name))


@consent_app.command(
    "hold",
    cls=Command,
    help=N_("Publish nothing of a person, and do not erase them, until the hold is lifted."),
)
@gathers(answering=Answering)
def consent_hold(
    person: PersonArgument,
    *,
    by: ByOption,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help=N_("Why."))] = "",
    lift: Annotated[bool, typer.Option("--lift", help=N_("Lift every hold."))] = False,
    answering: Answering,
) -> None:
    _ = answering.words.gettext
    with answering.opened() as (opened, _settings):
        found = opened.find_person(person)
        if lift:
            n = opened.lift_holds(found.id, today(), by=by)
            answering.tell(
                {"person": found.id, "lifted": n},
                _("{name} is no longer on hold.").format(name=found.name),
            )
            return
        hold = opened.hold(found.id, today(), by=by, reason=reason)
    answering.tell(
        {"person": found.id, "hold": hold.id},
        _("{name} is on hold: nothing is cleared.").format(name=found.name),
    )


@consent_app.command(
    "exempt",
    cls=Command,
    help=N_("Answer for it that a person's consent is not needed, where the policy knows that."),
)
@gathers(answering=Answering)
def consent_exempt(
    person: PersonArgument,
    *,
    by: ByOption,
    kind: Annotated[
        ExemptionKind | None, typer.Option("--kind", help=N_("Why no consent is needed."))
    ] = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help=N_("Why."))] = "",
    channel: ChannelOption = None,
    until: Annotated[
        dt.date | None,
        typer.Option("--until", parser=day, metavar="DATE", help=N_("Last day it counts.")),
    ] = None,
    event: EventOption = None,
    end: Annotated[bool, typer.Option("--end", help=N_("End every exemption."))] = False,
    answering: Answering,
) -> None:
    _ = answering.words.gettext
    with answering.opened() as (opened, settings):
        found = opened.find_person(person)
        if end:
            n = opened.end_exemptions(found.id, today())
            said = _("{name} has no exemption any more.").format(name=found.name)
            answering.tell({"person": found.id, "ended": n}, said)
            return
        if kind is None or until is None or not channel:
            raise typer.BadParameter(_("--kind, --until and --channel are needed"))
        made = opened.exempt(
            found.id,
            today(),
            kind=kind,
            reason=reason,
            approver=by,
            channels=known_channels(channel, settings, answering.words),
            valid_until=until,
            event=event,
        )
    said = _("{by} answers for it that {name} need not be asked, until {until}.")
    answering.tell(
        {"person": found.id, "exemption": made.id},
        said.format(by=made.approver, name=found.name, until=answering.words.date(until)),
    )


def within(text: str) -> int:
    """How many days an option like 60d, 8w or 3m means."""
    from clearance.commandline import asked_words

    text = str(text)  # the default comes here too, as the number that it is
    units = {"d": 1, "w": 7, "m": 30, "y": 365}
    number, unit = (text[:-1], text[-1:]) if text[-1:] in units else (text, "d")
    if not number.isdecimal() or int(number) * units[unit] > 365 * 100:
        wrong = asked_words().gettext("{text!r} is not a time like 60d, 8w, 3m or 1y")
        raise typer.BadParameter(wrong.format(text=text))
    return int(number) * units[unit]


@consent_app.command(
    "expiring",
    cls=Command,
    help=N_("List the forms that end soon, also because a minor comes of age."),
)
@gathers(answering=Answering)
def consent_expiring(
    *,
    days: Annotated[
        int,
        typer.Option("--within", parser=within, metavar="60d", help=N_("How soon: 60d, 8w, 3m.")),
    ] = 60,
    answering: Answering,
) -> None:
    from clearance.registry_documents import expiring_document

    with answering.opened() as (opened, _):
        found = opened.expiring(today(), days)
    if answering.as_json:
        for one in found:
            answer(expiring_document(one))
        return
    if not found:
        typer.echo(answering.words.gettext("No form ends within {n} days.").format(n=days))
        return
    from clearance import registry_tables, terminal

    terminal.console().print(registry_tables.expiring(found, today(), answering.words))


@gathers(answering=Answering)
def decide(
    person: PersonArgument,
    *,
    channel: ChannelOption = None,
    purpose: PurposeOption = None,
    material: Annotated[
        Material, typer.Option("--material", help=N_("What is to be published."))
    ] = Material.PHOTO,
    event: EventOption = None,
    on: OnOption = None,
    until: UntilOption = None,
    answering: Answering,
) -> None:
    """Exit code 0 if every channel asked about is allowed, else 3."""
    from clearance.deciding import Question, answered

    words = answering.words
    if until and until < (on or today()):
        raise typer.BadParameter(words.gettext("--until is before the day of publication"))
    question = Question(tuple(channel or ()), purpose, material, event, on, until)
    with answering.opened() as (opened, settings):
        dossier = opened.dossier(opened.find_person(person).id)
        answered_so = answered(question, dossier, settings, words)
    decisions = answered_so.decisions
    if answering.as_json:
        answer(answered_so.document)
    else:
        from clearance import registry_tables, terminal

        answering.tell({}, ", ".join(_question(dossier.person, answered_so.use, words)))
        table = registry_tables.decisions(decisions, settings.consent, words)
        terminal.console().print(table)
    if not all(one.cleared for one in decisions.values()):
        raise typer.Exit(ExitCode.NOT_CLEARED)


def _question(person: Person, use: Use, words: Language) -> list[str]:
    """What was asked: who, when, and whatever else was stated."""
    from clearance import registry_words

    _ = words.gettext
    told = [f"{person.name} ({person.id})", registry_words.material(use.material, words)]
    told.append(
        words.date(use.on) if not use.until else f"{words.date(use.on)}–{words.date(use.until)}"
    )
    told.append(registry_words.purpose(use.purpose, words) if use.purpose else _("every purpose"))
    return [*told, *([use.event] if use.event else [])]
