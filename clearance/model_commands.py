"""The commands about an institution's own networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from clearance.commandline import (
    N_,
    Command,
    CommandGroup,
    ExitCode,
    JsonOption,
    LangOption,
    RegistryOption,
    answer,
    detector_for,
    open_registry,
    registry_folder,
    settings_in,
    today,
    words_for,
)
from clearance.people_commands import people_app

if TYPE_CHECKING:
    from clearance.language import Language
    from clearance.model_check import ModelReport
    from clearance.reenrolment import ReEnrolment

models_app = typer.Typer(cls=CommandGroup, no_args_is_help=True, help=N_("Networks of your own."))


@models_app.command(
    "check",
    cls=Command,
    help=N_("Load the networks that clearance.toml declares and try them on the sample pictures."),
)
def models_check(
    registry: RegistryOption = None, as_json: JsonOption = False, lang: LangOption = None
) -> None:
    """Try the declared networks; exit code 6 if one cannot be used."""
    from clearance.model_check import check_models, model_document
    from detector.untrusted import printable

    words = words_for(lang)
    settings = settings_in(registry_folder(registry))
    usable = True
    for report in check_models(settings):
        usable &= report.tells_apart
        if as_json:
            answer({**model_document(report, str(report.problem) if report.problem else None)})
        else:
            for line in _told(report, words):
                typer.echo(printable(line))
    if not settings.models and not as_json:
        typer.echo(words.gettext("clearance.toml declares no network: the built-in ones are used."))
    if not usable:
        raise typer.Exit(ExitCode.COMPONENT_MISSING)


@people_app.command(
    "re-enrol",
    cls=Command,
    help=N_("Make templates again from the stored portraits, after the networks have changed."),
)
def people_re_enrol(
    registry: RegistryOption = None, as_json: JsonOption = False, lang: LangOption = None
) -> None:
    """Make templates again; exit code 4 if somebody needs a new portrait."""
    from clearance.reenrolment import re_enrol

    words = words_for(lang)
    failed = done = 0
    with open_registry(registry) as (opened, settings):
        if not settings.detection.matching:
            off = words.gettext(
                "[detection] matching is off in clearance.toml: no template is made"
            )
            raise typer.BadParameter(off)
        for one in re_enrol(opened, detector_for(settings), today()):
            done += 1
            failed += one.failed
            if as_json:
                answer(
                    {
                        "person": one.person.id,
                        "name": one.person.name,
                        "templates": one.templates,
                        "problems": [str(problem) for problem in one.problems],
                    }
                )
            else:
                for line in _made(one, words):
                    typer.echo(line)
    if not done and not as_json:
        typer.echo(words.gettext("Everybody’s templates are up to date."))
    if failed:
        raise typer.Exit(ExitCode.INPUT_OR_OUTPUT)


def _made(one: ReEnrolment, words: Language) -> list[str]:
    told = words.ngettext(
        "{name} ({id}): {n} template", "{name} ({id}): {n} templates", one.templates
    )
    lines = [told.format(name=one.person.name, id=one.person.id, n=one.templates)]
    lines += [f"  {words.error(problem)}" for problem in one.problems]
    if one.failed and not one.collide:
        lines.append("  " + words.gettext("A new portrait is needed: nobody is matched with them."))
    return lines


def _told(report: ModelReport, words: Language) -> list[str]:
    """One network, line by line."""
    _ = words.gettext
    model = report.model
    use = _("in use") if report.in_use else _("not in use")
    facts = [
        (_("kind"), f"{model.kind}, {use}"),
        (_("file"), str(model.file)),
        ("SHA-256", model.sha256),
        (_("called"), report.tag),
        (_("licence"), model.licence),
        *_abilities(report, words),
    ]
    if report.problem:
        facts.append((_("problem"), words.error(report.problem)))
    elif not report.tells_apart:
        wrong = _("check the channels, mean, std, landmarks and points in clearance.toml")
        facts.append((_("problem"), wrong))
    fact = _("{what}: {told}")
    return [model.name, *("  " + fact.format(what=what, told=told) for what, told in facts)]


def _abilities(report: ModelReport, words: Language) -> list[tuple[str, str]]:
    """What a network takes and gives, and how it did on the sample pictures."""
    from detector.models import UserRecogniser

    _ = words.gettext
    model, prepared = report.model, report.model.preparation
    facts = []
    if isinstance(model, UserRecogniser):
        size = f"{model.geometry.side} x {model.geometry.side}"
        missing = _("none: no match is ever sure, a person looks at each")
        facts.append((_("numbers per template"), str(model.dimensions)))
        facts.append((_("score table"), str(model.scores) if report.measured else missing))
        tried = _("{right} of {tried} portraits lie nearest to another one of the same person")
    else:
        size = " x ".join(map(str, model.size)) if model.size else _("any size")
        tried = _("{right} of {tried} faces found where they are drawn")
    taken = [size, prepared.layout, prepared.type, prepared.channels]
    if prepared.type == "float32":
        taken += [f"mean {list(prepared.mean)}", f"std {list(prepared.std)}"]
    facts.append((_("input"), ", ".join(taken)))
    if not report.problem:
        facts.append((_("tried"), tried.format(right=report.right, tried=report.tried)))
    return facts
