"""The door: commands, options, exit codes; no logic.

Rooms are imported inside the commands: `clear --help` must open without numpy
or a network.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import enum
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from clearance.errors import ClearanceError, SettingsInvalidError
from consent.errors import ConsentError, RegistryMissingError
from detector.errors import BackendMissingError, DetectorError, ModelMissingError
from forms.errors import FormsError

if TYPE_CHECKING:
    from clearance.clear import House, IntendedUse
    from clearance.export import Exporter
    from clearance.language import Language
    from clearance.results import PhotoResult
    from clearance.settings import Settings
    from consent.registry import Registry
    from detector.detector import Detector


class ExitCode(enum.IntEnum):
    """What the process tells a script. Failure outranks finding."""

    CLEARED = 0
    BUG = 1
    USAGE = 2
    NOT_CLEARED = 3
    INPUT_OR_OUTPUT = 4
    REGISTRY = 5
    COMPONENT_MISSING = 6
    INTERRUPTED = 130


# The first class that fits gives the number, so the narrow ones stand first.
EXIT_CODES: tuple[tuple[type[Exception], ExitCode], ...] = (
    (ModelMissingError, ExitCode.COMPONENT_MISSING),
    (BackendMissingError, ExitCode.COMPONENT_MISSING),
    (DetectorError, ExitCode.INPUT_OR_OUTPUT),
    (SettingsInvalidError, ExitCode.USAGE),
    (ClearanceError, ExitCode.INPUT_OR_OUTPUT),
    (FormsError, ExitCode.INPUT_OR_OUTPUT),
    (ConsentError, ExitCode.REGISTRY),
)


def _marked(text: str) -> str:
    """Mark a help text for the message extractor; it is translated when shown."""
    return text


N_ = _marked


class Command(TyperCommand):
    """A command whose help speaks the user's language and whose errors have numbers."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]
        """Run the command; a known error becomes one line and its exit code."""
        try:
            return super().invoke(ctx)
        except tuple(kind for kind, _ in EXIT_CODES) as error:
            _say(f"{ctx.command_path}: {_words(ctx.params.get('lang')).error(error)}")
            code = next(code for kind, code in EXIT_CODES if isinstance(error, kind))
            raise typer.Exit(code) from error
        except KeyboardInterrupt:
            _say(_words(ctx.params.get("lang")).gettext("Interrupted; nothing half-written."))
            raise typer.Exit(ExitCode.INTERRUPTED) from None

    def format_help(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]
        """The help page, translated."""
        _translate(self)
        super().format_help(ctx, formatter)


class CommandGroup(TyperGroup):
    """The command table, translated like its commands."""

    def format_help(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]
        """The help page, translated."""
        _translate(self)
        for command in self.commands.values():
            _translate(command)
        super().format_help(ctx, formatter)


def _translate(command: Any) -> None:
    gettext = _asked_words().gettext
    command.help = gettext(command.help) if command.help else command.help
    for parameter in command.params:
        if getattr(parameter, "help", None):
            parameter.help = gettext(parameter.help)


def _asked_words() -> Language:
    """The language of the command line, where an answer is due before it is read: --help."""
    apart = (b for a, b in itertools.pairwise(sys.argv) if a == "--lang")
    joined = (a.partition("=")[2] for a in sys.argv if a.startswith("--lang="))
    return _words(next(itertools.chain(apart, joined), None))


def _words(code: str | None) -> Language:
    from clearance.language import language

    return language(code)


def _say(line: str) -> None:
    """One line for a person; stdout is kept for the answer."""
    from detector.untrusted import printable

    typer.echo(printable(line), err=True)


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        wrong = _asked_words().gettext("{text!r} is not a day like 2026-11-21")
        raise typer.BadParameter(wrong.format(text=text)) from None


def _language_code(text: str) -> str:
    from clearance.language import LANGUAGES

    if text not in LANGUAGES:
        wrong = _words(None).gettext("{text!r} is not one of {known}")
        raise typer.BadParameter(wrong.format(text=text, known=", ".join(LANGUAGES)))
    return text


RegistryOption = Annotated[
    Path | None,
    typer.Option(
        "--registry",
        metavar="DIR",
        envvar="CLEARANCE_HOME",
        show_envvar=True,
        help=N_("Folder of the registry; without it, the one of your user account."),
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help=N_("Answer with JSON on standard output, nothing else."))
]
LangOption = Annotated[
    str | None,
    typer.Option(
        "--lang", parser=_language_code, metavar="fr|de|it|en", help=N_("Language of the answer.")
    ),
]
ChannelOption = Annotated[
    list[str] | None,
    typer.Option(
        "--channel",
        metavar="C",
        help=N_("Where the pictures shall be published; may be repeated. Without it: everywhere."),
    ),
]
OnOption = Annotated[
    dt.date | None,
    typer.Option(
        "--on", parser=_day, metavar="DATE", help=N_("Day of publication; without it, today.")
    ),
]
ReportOption = Annotated[
    Path | None,
    typer.Option("--report", metavar="FILE", help=N_("Write a clearance report: .pdf or .json.")),
]
BlurOption = Annotated[
    bool, typer.Option("--blur", help=N_("Write a copy in which everybody not cleared is hidden."))
]
OutOption = Annotated[
    Path | None, typer.Option("-o", "--out", metavar="DIR", help=N_("Folder for the copies."))
]
CHECK_HELP = N_("Find every face, say who agreed to be published, block the rest.")
PersonArgument = Annotated[
    str, typer.Argument(metavar="PERSON", help=N_("A person's id, or exact name."))
]

app = typer.Typer(
    name="clearance",
    cls=CommandGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help=N_("Clear photos of people before they are published."),
)
people_app = typer.Typer(cls=CommandGroup, no_args_is_help=True, help=N_("People in the registry."))
consent_app = typer.Typer(cls=CommandGroup, no_args_is_help=True, help=N_("Signed consents."))
forms_app = typer.Typer(cls=CommandGroup, no_args_is_help=True, help=N_("Paper forms."))
app.add_typer(people_app, name="people")
app.add_typer(consent_app, name="consent")
app.add_typer(forms_app, name="forms")
clear_app = typer.Typer(pretty_exceptions_enable=False)


def main() -> None:
    """Entry point of `clearance`."""
    _speak_utf8()
    app(prog_name="clearance")


def clear() -> None:
    """Entry point of `clear`: with files a check, alone the terminal's own `clear`."""
    if len(sys.argv) == 1:
        raise SystemExit(_clear_the_screen())
    _speak_utf8()
    clear_app(prog_name="clear")


def _speak_utf8() -> None:
    # A Windows console or LANG=C cannot encode every name; a verdict must not
    # die on an accent.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _clear_the_screen() -> int:
    """Run the terminal's own `clear`; its exit code.

    Ours stands before it on the PATH, so the folder ours lies in is left out.
    """
    if os.name == "nt":
        return subprocess.call(["cmd", "/c", "cls"])
    ours = Path(sys.argv[0]).resolve()
    for folder in os.get_exec_path():
        found = shutil.which("clear", path=folder)
        if found and Path(found).resolve() != ours:
            return subprocess.call([found])
    if sys.stdout.isatty():
        sys.stdout.write("\x1b[H\x1b[2J\x1b[3J")
        sys.stdout.flush()
    return ExitCode.CLEARED


@app.command("check", cls=Command, help=CHECK_HELP)
@clear_app.command(cls=Command, help=CHECK_HELP)
def check(
    photos: Annotated[
        list[Path], typer.Argument(metavar="PHOTO...", help=N_("The pictures to check."))
    ],
    channel: ChannelOption = None,
    on: OnOption = None,
    registry: RegistryOption = None,
    as_json: JsonOption = False,
    report: ReportOption = None,
    blur: BlurOption = False,
    out: OutOption = None,
    lang: LangOption = None,
) -> None:
    order = Order(channel or [], on, registry, as_json, report, blur, out, _words(lang))
    _run(order, photos, root=None)


@app.command(cls=Command, help=N_("Check every picture of a folder and its subfolders."))
def scan(
    album: Annotated[
        Path,
        typer.Argument(
            metavar="ALBUM", exists=True, file_okay=False, help=N_("Folder of pictures.")
        ),
    ],
    channel: ChannelOption = None,
    on: OnOption = None,
    registry: RegistryOption = None,
    as_json: JsonOption = False,
    report: ReportOption = None,
    blur: BlurOption = False,
    out: OutOption = None,
    lang: LangOption = None,
) -> None:
    from clearance.album import album_files

    order = Order(channel or [], on, registry, as_json, report, blur, out, _words(lang))
    _run(order, album_files(album), root=album)


@dataclasses.dataclass(frozen=True, slots=True)
class Order:
    """What `check` and `scan` were asked for."""

    channels: list[str]
    on: dt.date | None
    registry: Path | None
    as_json: bool
    report: Path | None
    blur: bool
    out: Path | None
    words: Language


def _run(order: Order, paths: Sequence[Path], root: Path | None) -> None:
    _check_order(order, root)
    folder = _registry_folder(order.registry)
    settings = _settings(folder)
    asked = _channels(order.channels, settings, order.words) or settings.consent.channels
    # The first photo is decoded and the network loaded while the rest of the
    # program is imported and the registry opened.
    from detector.ahead import PhotosAhead

    photos = PhotosAhead(paths)
    detector = _detector(settings)
    from clearance.clear import House, IntendedUse

    use = IntendedUse(asked, order.on or _today())
    with photos, _registry_if_there(folder, settings, order.words) as registry:
        house = House.open(settings, detector, registry, _today(), photos.open)
        exporter = _exporter(order, paths, root, house)
        results = _judge_all(order, paths, use, house, exporter)
        if order.report:
            _write_report(order, results, use, house)
    raise typer.Exit(_exit_code(results))


def _check_order(order: Order, root: Path | None) -> None:
    """What can be wrong with the options is said before any work is done."""
    _ = order.words.gettext
    if root and order.out and order.out.resolve().is_relative_to(root.resolve()):
        raise typer.BadParameter(
            _("-o names a folder of the album: the copies would become inputs")
        )
    if order.blur != (order.out is not None):
        raise typer.BadParameter(_("--blur and -o DIR go together: the copies need a folder"))
    if order.report and order.report.suffix.lower() not in {".pdf", ".json"}:
        raise typer.BadParameter(_("--report takes a file ending in .pdf or .json"))


def _exporter(
    order: Order, paths: Sequence[Path], root: Path | None, house: House
) -> Exporter | None:
    if not order.out:
        return None
    from clearance.export import Exporter
    from detector.photo import open_photo

    return Exporter(order.out, paths, open_photo, house.detector.find_faces, root=root)


def _judge_all(
    order: Order,
    paths: Sequence[Path],
    use: IntendedUse,
    house: House,
    exporter: Exporter | None,
) -> list[PhotoResult]:
    """Judge file after file, and say each verdict as soon as it is known."""
    from clearance.album import clear_files
    from clearance.documents import photo_document

    results = []
    judged = clear_files(paths, use, house, exporter)
    if order.as_json:
        for result in judged:
            results.append(result)
            _answer(photo_document(result))
        return results
    # Not for JSON: what draws tables takes as long to load as a network.
    from clearance import terminal

    out = terminal.console()
    with terminal.progress(len(paths), order.words) as advance:
        for result in judged:
            results.append(result)
            out.print(terminal.photo(result, order.words))
            advance()
    if len(results) != 1:
        out.print(terminal.summary(results, order.words))
    return results


def _write_report(
    order: Order, results: Sequence[PhotoResult], use: IntendedUse, house: House
) -> None:
    from detector.photo import open_photo
    from forms.clearance_report import write_report

    if order.report:
        write_report(
            results,
            order.report,
            language=order.words,
            made_at=dt.datetime.now().astimezone(),
            use_date=use.on,
            institution=house.settings.institution,
            tool={"clearance": _version(), "recogniser": house.detector.recogniser_name},
            open_photo=open_photo,
        )
        _say(order.words.gettext("Report: {path}").format(path=order.report))


def _exit_code(results: Sequence[PhotoResult]) -> ExitCode:
    from clearance.results import Outcome

    if any(result.outcome is Outcome.FAILED for result in results):
        return ExitCode.INPUT_OR_OUTPUT
    if all(result.outcome.publishable for result in results):
        return ExitCode.CLEARED
    return ExitCode.NOT_CLEARED


@app.command(cls=Command, help=N_("Make the registry, its key and clearance.toml."))
def init(
    registry: RegistryOption = None, as_json: JsonOption = False, lang: LangOption = None
) -> None:
    from clearance.settings import FILE_NAME, Settings, settings_text
    from consent.registry import Registry

    folder = _registry_folder(registry)
    Registry.create(folder).close()
    settings_file = folder / FILE_NAME
    if not settings_file.exists():
        settings_file.write_text(settings_text(Settings()), encoding="utf-8")
    _ = _words(lang).gettext
    if as_json:
        _answer({"registry": str(folder), "settings": str(settings_file)})
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
    registry: RegistryOption = None,
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    from clearance.enrolment import read_portrait

    words = _words(lang)
    with _registry(registry) as (opened, settings):
        detector = _detector(settings) if portrait else None
        portraits = [read_portrait(path, detector) for path in portrait or () if detector]
        person = opened.add_person(name, portraits, on=_today())
    if as_json:
        _answer({"person": person.id, "name": person.name, "portraits": len(portraits)})
    else:
        typer.echo(words.gettext("{name} is {id}").format(name=person.name, id=person.id))


@people_app.command("list", cls=Command, help=N_("List everybody in the registry, with their id."))
def people_list(
    registry: RegistryOption = None, as_json: JsonOption = False, lang: LangOption = None
) -> None:
    del lang  # names and ids read the same in every language
    with _registry(registry) as (opened, _):
        people = opened.people()
    for person in people:
        if as_json:
            _answer({"person": person.id, "name": person.name})
        else:
            typer.echo(f"{person.id}  {person.name}")


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
    words = _words(lang)
    with _registry(registry) as (opened, _):
        one, two = opened.find_person(person), opened.find_person(other)
        opened.link_lookalikes(one.id, two.id)
    if as_json:
        _answer({"person": one.id, "lookalike": two.id})
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
        typer.Option("--signed", parser=_day, metavar="DATE", help=N_("Day of the signature.")),
    ],
    until: Annotated[
        dt.date,
        typer.Option("--until", parser=_day, metavar="DATE", help=N_("Last day it is valid.")),
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
    from clearance.enrolment import read_evidence, reference_templates
    from consent.decision import may_keep_biometrics

    words = _words(lang)
    with _registry(registry) as (opened, settings):
        found = opened.find_person(person)
        portraits = opened.portraits_of(found.id) if biometric else ()
        detector = _detector(settings) if portraits and settings.detection.matching else None
        consent = opened.record_consent(
            found.id,
            serial=serial,
            signed=signed,
            valid_until=until,
            channels=_channels(channel, settings, words),
            biometric=biometric,
            evidence=read_evidence(evidence),
            evidence_suffix=evidence.suffix.lower(),
            on=_today(),
            templates=reference_templates(portraits, detector) if detector else None,
            recogniser=detector.recogniser_name if detector else None,
        )
        kept = may_keep_biometrics(opened.consents_of(found.id), _today())
    if as_json:
        _answer(
            {
                "consent": consent.serial,
                "person": found.id,
                "channels": sorted(consent.channels),
                "until": consent.valid_until.isoformat(),
                "templates": len(portraits) if detector and kept else 0,
            }
        )
    else:
        typer.echo(
            words.gettext("Recorded {serial} for {name}, valid until {until}.").format(
                serial=consent.serial, name=found.name, until=words.date(consent.valid_until)
            )
        )


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
    words = _words(lang)
    with _registry(registry) as (opened, settings):
        if channel:
            _channels([channel], settings, words)
        found = opened.find_person(person)
        touched = opened.withdraw(found.id, channel, on=_today())
    if as_json:
        _answer({"person": found.id, "channel": channel, "consents": touched})
    else:
        typer.echo(
            words.gettext("Withdrawn for {name}. Take down what is already published.").format(
                name=found.name
            )
        )


@forms_app.command("print", cls=Command, help=N_("Print numbered blank consent forms."))
def forms_print(
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help=N_("The PDF to write."))],
    count: Annotated[
        int, typer.Option("--count", min=1, max=5000, metavar="N", help=N_("How many forms."))
    ] = 1,
    registry: RegistryOption = None,
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    from clearance.settings import FILE_NAME, load_settings
    from forms.consent_form import print_forms

    words = _words(lang)
    settings = load_settings(_registry_folder(registry) / FILE_NAME)
    serials = print_forms(out, language=words.code, count=count, institution=settings.institution)
    if as_json:
        _answer({"path": str(out), "lang": words.code, "serials": list(serials)})
    else:
        message = words.ngettext("{n} form in {path}", "{n} forms in {path}", len(serials))
        typer.echo(message.format(n=len(serials), path=out))


@app.command(cls=Command, help=N_("Build a registry of fictional people to try everything with."))
def demo(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help=N_("New folder for the demo registry."))
    ] = Path("clearance-demo"),
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    from clearance.demo import build_demo
    from clearance.settings import Settings

    _ = _words(lang).gettext
    made = build_demo(folder, _detector(Settings()), _today())
    if as_json:
        _answer({"registry": str(made.registry), "people": made.people, "photo": str(made.photo)})
        return
    typer.echo(_("Demo registry with {n} people: {path}").format(n=made.people, path=made.registry))
    typer.echo(_("Try:"))
    typer.echo(f"  clear {made.photo} --registry {made.registry} --channel website")


def _registry_folder(named: Path | None) -> Path:
    if named:
        return named
    import platformdirs

    return platformdirs.user_data_path("clearance", appauthor=False)


def _settings(folder: Path) -> Settings:
    from clearance.settings import FILE_NAME, load_settings

    return load_settings(folder / FILE_NAME)


def _detector(settings: Settings) -> Detector:
    from detector.detector import Detector

    return Detector.load(settings.detection.finder, settings.detection.recogniser)


@contextlib.contextmanager
def _registry(named: Path | None) -> Iterator[tuple[Registry, Settings]]:
    """The open registry and its settings, with what is due for deletion deleted."""
    from consent.registry import Registry

    folder = _registry_folder(named)
    settings = _settings(folder)
    with Registry.open(folder, settings.consent) as registry:
        registry.sweep(_today())
        yield registry, settings


@contextlib.contextmanager
def _registry_if_there(
    folder: Path, settings: Settings, words: Language
) -> Iterator[Registry | None]:
    """The open registry; None, and a line that says how to begin, where there is none."""
    from consent.registry import Registry

    try:
        registry = Registry.open(folder, settings.consent)
    except RegistryMissingError:
        _ = words.gettext
        line = _("No registry in {path}: everybody is unknown. Begin with: clearance init")
        _say(line.format(path=folder))
        yield None
        return
    with registry:
        registry.sweep(_today())
        yield registry


def _channels(names: Sequence[str], settings: Settings, words: Language) -> tuple[str, ...]:
    known = settings.consent.channels
    for name in names:
        if name not in known:
            wrong = words.gettext("no channel {name!r}; there are {known}")
            raise typer.BadParameter(wrong.format(name=name, known=", ".join(known)))
    return tuple(dict.fromkeys(names))


def _today() -> dt.date:
    return dt.datetime.now().astimezone().date()


def _version() -> str:
    from importlib.metadata import version

    return version("photo-clearance")


def _answer(document: dict[str, Any]) -> None:
    typer.echo(json.dumps(document, ensure_ascii=False))
