"""The commands about the registry as a whole: make, keep, check, and clear it out."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clearance import completion
from clearance.commandline import (
    N_,
    Answering,
    Command,
    CommandGroup,
    DryRunOption,
    ExitCode,
    JsonOption,
    LangOption,
    answer,
    day,
    detector_for,
    one_of,
    say,
    settings_in,
    today,
    words_for,
)
from clearance.option_groups import gathers

if TYPE_CHECKING:
    from clearance.language import Language
    from consent.audit import AuditVerdict, Entry
    from consent.keys import KeyPlace
    from consent.registry import Registry

# What `audit verify` checks a dossier by; nobody reads it.
_PROOFS = ("seal", "entries")

registry_app = typer.Typer(cls=CommandGroup)
audit_app = typer.Typer(
    cls=CommandGroup, no_args_is_help=True, help=N_("The log of everything that was done.")
)
retention_app = typer.Typer(
    cls=CommandGroup, no_args_is_help=True, help=N_("What may no longer be kept.")
)


def key_place(text: str) -> KeyPlace:
    """Where a new key shall be kept."""
    from consent.keys import KeyPlace

    return KeyPlace(one_of(text, KeyPlace))


@registry_app.command(cls=Command, help=N_("Make the registry, its key and clearance.toml."))
@gathers(answering=Answering)
def init(
    *,
    key: Annotated[
        Any,
        typer.Option(
            "--key",
            parser=key_place,
            metavar="file|keyring",
            help=N_("Where the new key is kept: in a file, or in the system's keyring."),
            autocompletion=completion.of("file", "keyring"),
        ),
    ] = "file",
    answering: Answering,
) -> None:
    from clearance.founding import found_registry

    made = found_registry(answering.folder, key)
    _ = answering.words.gettext
    answering.tell(
        {"registry": str(made.folder), "settings": str(made.settings_file), "key": key.value},
        _("Registry: {path}").format(path=made.folder),
        _("Settings: {path}").format(path=made.settings_file),
        _("Key: {place}").format(place=made.key_kept(answering.words)),
        _("Keep a copy of the key in another place: without it nothing can be read."),
    )


@registry_app.command(
    cls=Command, help=N_("Write the registry to one file, without its key; it may be in use.")
)
@gathers(answering=Answering)
def backup(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help=N_("The backup to write, a new file."))
    ],
    answering: Answering,
) -> None:
    from clearance.registry_care import back_up

    with answering.opened() as (opened, _settings):
        report = back_up(opened, file)
    line = answering.words.ngettext(
        "Backup with {n} file in {path}. The key is not in it: keep a copy of it elsewhere.",
        "Backup with {n} files in {path}. The key is not in it: keep a copy of it elsewhere.",
        report.files,
    )
    answering.tell(_backup_document(file, report), line.format(n=report.files, path=file))


@registry_app.command(
    cls=Command, help=N_("Put a registry back from a backup, once all of it is verified.")
)
@gathers(answering=Answering)
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=N_("The backup."))],
    answering: Answering,
) -> None:
    from consent.registry import Registry

    report = Registry.restore(file, answering.folder)
    with answering.opened() as (opened, _settings):
        opened.audit("registry.restored", made=report.created_at.isoformat())
        verdict = opened.verify_audit()
        wrong = opened.verify_dossiers() if verdict.ok else ()
        published = opened.verify_publications() if verdict.ok else ()
    words = answering.words
    _ = words.gettext
    lines = [
        _("Restored to {path}, as of {moment}.").format(
            path=answering.folder, moment=f"{report.created_at.astimezone():%Y-%m-%d %H:%M}"
        ),
        _("Who was erased after that is in it again: erase them anew."),
    ]
    if not verdict.ok:
        lines.append(_altered(verdict, words))
    if wrong:
        lines.append(_altered_dossiers(wrong, words))
    if published:
        lines.append(_altered_publications(published, words))
    told = {"log": verdict.ok, "altered": [*wrong, *published]}
    answering.tell({**_backup_document(file, report), **told}, *lines)
    if wrong or published or not verdict.ok:
        raise typer.Exit(ExitCode.REGISTRY)


def _backup_document(file: Path, report: Any) -> dict[str, Any]:
    told = {
        key: str(value) if isinstance(value, Path | dt.datetime) else value
        for key, value in dataclasses.asdict(report).items()
    }
    return {"backup": str(file), **told}


@audit_app.command(
    "verify", cls=Command, help=N_("Check that nobody altered the log or a dossier.")
)
@gathers(answering=Answering)
def audit_verify(answering: Answering) -> None:
    from clearance.registry_care import verified

    with answering.opened() as (opened, _settings):
        verdict, wrong = verified(opened)
        published = opened.verify_publications() if verdict.ok else None
    words = answering.words
    if verdict.ok:
        line = words.ngettext(
            "the log is whole: {n} entry", "the log is whole: {n} entries", verdict.entries
        ).format(n=verdict.entries)
    else:
        line = _altered(verdict, words)
    lines = [line]
    if wrong:
        lines.append(_altered_dossiers(wrong, words))
    if published:
        lines.append(_altered_publications(published, words))
    altered = {
        "altered_dossiers": None if wrong is None else list(wrong),
        "altered_publications": None if published is None else list(published),
    }
    answering.tell({**dataclasses.asdict(verdict), **altered}, *lines)
    if wrong or published or not verdict.ok:
        raise typer.Exit(ExitCode.REGISTRY)


def _altered(verdict: AuditVerdict, words: Language) -> str:
    said = words.gettext("the log was altered from entry {n} on; restore a backup")
    return said.format(n=verdict.first_bad)


def _altered_publications(wrong: tuple[str, ...], words: Language) -> str:
    said = words.gettext("altered publications: {ids}; restore a backup")
    return said.format(ids=", ".join(wrong))


def _altered_dossiers(wrong: tuple[str, ...], words: Language) -> str:
    said = words.gettext("altered dossiers: {people}; restore a backup")
    return said.format(people=", ".join(wrong))


@audit_app.command(
    "show", cls=Command, help=N_("Show the log, or what in it is about a person, a file, a time.")
)
@gathers(answering=Answering)
def audit_show(
    *,
    person: Annotated[
        str | None,
        typer.Option(
            "--person",
            metavar="PERSON",
            help=N_("Only about this person, also an erased id."),
            autocompletion=completion.of_people,
        ),
    ] = None,
    file: Annotated[
        str | None,
        typer.Option("--file", metavar="FILE", help=N_("Only about this picture, or its SHA-256.")),
    ] = None,
    since: Annotated[
        dt.date | None,
        typer.Option("--since", parser=day, metavar="DATE", help=N_("From this day on.")),
    ] = None,
    until: Annotated[
        dt.date | None,
        typer.Option("--until", parser=day, metavar="DATE", help=N_("Up to this day.")),
    ] = None,
    answering: Answering,
) -> None:
    from clearance.registry_care import known_entries

    with answering.opened() as (opened, _settings):
        subject = _person_meant(person, opened) if person is not None else None
        sha256 = _file_meant(file, answering.words) if file is not None else None
        verdict = opened.verify_audit()
        entries = known_entries(opened, verdict)
        found = list(_chosen(entries, subject, sha256, since, until))
    for entry in found:
        if answering.as_json:
            answer({**dataclasses.asdict(entry), "details": dict(entry.details)})
        else:
            answering.tell({}, _line_of(entry))
    if not verdict.ok:
        say(_altered(verdict, answering.words))
        raise typer.Exit(ExitCode.REGISTRY)


def _line_of(entry: Entry) -> str:
    """An entry as a line, at the time of the clock on the wall; without what only proves it."""
    here = dt.datetime.fromisoformat(entry.at).astimezone()
    details = []
    for key, value in entry.details.items():
        told = ",".join(map(str, value)) if isinstance(value, list) else value
        if key not in _PROOFS and told not in (None, ""):
            details.append(f"{key}={str(told).lower() if isinstance(told, bool) else told}")
    parts = (str(entry.number), f"{here:%Y-%m-%d %H:%M:%S}", entry.action, entry.subject or "")
    return "  ".join(filter(None, (*parts, " ".join(details))))


def _person_meant(ref: str, registry: Registry) -> str:
    """The id; of an erased person nothing but the id is known any more."""
    from consent.errors import PersonUnknownError
    from consent.records import person_id_in

    try:
        return registry.find_person(ref).id
    except PersonUnknownError:
        if known := person_id_in(ref):
            return known
        raise


def _file_meant(ref: str, words: Language) -> str:
    """The SHA-256 of a file, or as it was given."""
    from consent.files import sha256_of

    path = Path(ref)
    if path.is_file():
        return sha256_of(path)
    if len(ref) == 64 and all(char in "0123456789abcdef" for char in ref.lower()):  # noqa: PLR2004
        return ref.lower()
    wrong = words.gettext("{path} is neither a file nor a SHA-256")
    raise typer.BadParameter(wrong.format(path=ref))


def _chosen(
    entries: Iterator[Entry],
    person: str | None,
    sha256: str | None,
    since: dt.date | None,
    until: dt.date | None,
) -> Iterator[Entry]:
    for entry in entries:
        here = dt.datetime.fromisoformat(entry.at).astimezone().date()
        others = (entry.details.get("people"), [entry.details.get("other")])
        about = {entry.subject, *(one for some in others if isinstance(some, list) for one in some)}
        if {person, sha256} - {None} <= about and (since or here) <= here <= (until or here):
            yield entry


@retention_app.command(
    "run", cls=Command, help=N_("Delete what is due: templates, portraits, remains, people.")
)
@gathers(answering=Answering)
def retention_run(*, dry_run: DryRunOption = False, answering: Answering) -> None:
    from clearance.registry_care import delete_due, due_on
    from consent.registry import Registry

    words = answering.words
    settings = settings_in(answering.folder)
    # Not opened like for the other commands, which sweep at once.
    with Registry.open(answering.folder, settings.consent) as opened:
        due = due_on(opened, today())
        if not dry_run:
            delete_due(opened, due, today())
    line = words.gettext(
        "{people} people, templates of {templates} people, {portraits} portraits, {strays} remains"
    ).format(
        people=len(due.people),
        templates=due.templates,
        portraits=due.portraits,
        strays=due.strays,
    )
    done = words.gettext("Due: {what}.") if dry_run else words.gettext("Deleted: {what}.")
    answering.tell(
        {
            "deleted": not dry_run,
            "people": [person.id for person in due.people],
            "templates": due.templates,
            "portraits": due.portraits,
            "remains": due.strays,
        },
        *(f"{person.id}  {person.name}" for person in due.people),
        done.format(what=line),
    )


@registry_app.command(
    cls=Command, help=N_("Look the registry over: what is damaged, dangerous or due.")
)
@gathers(answering=Answering)
def doctor(answering: Answering) -> None:
    from clearance.doctor import Health, examined, worst
    from consent.registry import Registry

    words, folder = answering.words, answering.folder
    settings = settings_in(folder)
    signs = {Health.WELL: "✓", Health.NOTICE: "!", Health.WRONG: "✗"}
    findings = []
    with Registry.open(folder, settings.consent) as opened:
        for finding in examined(opened, settings, folder, today(), words):
            findings.append(finding)
            if not answering.as_json:
                answering.tell({}, f"{signs[finding.health]} {finding.said}")
    if answering.as_json:
        told = {one.name: {"health": one.health.value, "said": one.said} for one in findings}
        answer({"health": worst(findings).value, "findings": told})
    if worst(findings) is Health.WRONG:
        raise typer.Exit(ExitCode.REGISTRY)


DEMO_HELP = N_("Build a registry of fictional people to try everything with.")


@registry_app.command(cls=Command, help=DEMO_HELP)
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


registry_app.add_typer(audit_app, name="audit")
registry_app.add_typer(retention_app, name="retention")
