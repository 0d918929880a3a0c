"""What every command shares: help in four languages, errors as exit codes, common options.

Rooms are imported inside the functions: a help page must open without numpy or
a network.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import enum
import itertools
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from clearance import completion
from consent.errors import RegistryDamagedError, RegistryMissingError

if TYPE_CHECKING:
    from clearance.language import Language
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


def _marked(text: str) -> str:
    """Mark a help text for the message extractor; it is translated when shown."""
    return text


N_ = _marked


class Command(TyperCommand):
    """A command whose help speaks the user's language and whose errors have numbers.

    The context's object is the door's table of `(error class, exit code)`.
    """

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]
        """Run the command; a known error becomes one line and its exit code."""
        try:
            return super().invoke(ctx)
        except tuple(kind for kind, _ in ctx.obj) as error:
            say(f"{ctx.command_path}: {words_for(ctx.params.get('lang')).error(error)}")
            code = next(code for kind, code in ctx.obj if isinstance(error, kind))
            raise typer.Exit(code) from error
        except KeyboardInterrupt:
            say(words_for(ctx.params.get("lang")).gettext("Interrupted; nothing half-written."))
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
    gettext = asked_words().gettext
    command.help = gettext(command.help) if command.help else command.help
    for parameter in command.params:
        if getattr(parameter, "help", None):
            parameter.help = gettext(parameter.help)


def asked_words() -> Language:
    """The language of the command line, where an answer is due before it is read: --help."""
    apart = (b for a, b in itertools.pairwise(sys.argv) if a == "--lang")
    joined = (a.partition("=")[2] for a in sys.argv if a.startswith("--lang="))
    return words_for(next(itertools.chain(apart, joined), None))


def words_for(code: str | None) -> Language:
    """The language with that code, else the one of the environment."""
    from clearance.language import language

    return language(code)


def say(line: str) -> None:
    """One line for a person; stdout is kept for the answer."""
    from detector.untrusted import printable

    typer.echo(printable(line), err=True)


def day(text: str) -> dt.date:
    """The day an option names."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        wrong = asked_words().gettext("{text!r} is not a day like 2026-11-21")
        raise typer.BadParameter(wrong.format(text=text)) from None


def pixels(text: str) -> int:
    """The longest edge an option names, in pixels."""
    from clearance.rendition import SMALLEST_EDGE, fits

    if not text.isdecimal() or not fits(int(text)):
        wrong = asked_words().gettext("{text!r} is not 0, nor {least} or more pixels")
        raise typer.BadParameter(wrong.format(text=text, least=SMALLEST_EDGE))
    return int(text)


def one_of(text: str, known: Iterable[str]) -> str:
    """The word an option names, one of those that are known."""
    words = list(known)
    if text not in words:
        wrong = asked_words().gettext("{text!r} is not one of {known}")
        raise typer.BadParameter(wrong.format(text=text, known=", ".join(words)))
    return text


def language_code(text: str) -> str:
    """One of the four codes."""
    from clearance.language import LANGUAGES

    return one_of(text, LANGUAGES)


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
        "--lang", parser=language_code, metavar="fr|de|it|en", help=N_("Language of the answer.")
    ),
]
ChannelOption = Annotated[
    list[str] | None,
    typer.Option(
        "--channel",
        metavar="C",
        help=N_("Where the pictures shall be published; may be repeated. Without it: everywhere."),
        autocompletion=completion.of_channels,
    ),
]
PurposeOption = Annotated[
    str | None,
    typer.Option(
        "--purpose",
        metavar="P",
        help=N_("What the pictures are for. Not stated, every purpose must be allowed."),
        autocompletion=completion.of_purposes,
    ),
]
EventOption = Annotated[
    str | None,
    typer.Option(
        "--event", metavar="NAME", help=N_("The occasion of the pictures, as on the forms.")
    ),
]
UntilOption = Annotated[
    dt.date | None,
    typer.Option(
        "--until",
        parser=day,
        metavar="DATE",
        help=N_("Last day of the campaign: says which consents end before."),
    ),
]
OnOption = Annotated[
    dt.date | None,
    typer.Option(
        "--on", parser=day, metavar="DATE", help=N_("Day of publication; without it, today.")
    ),
]
MaxEdgeOption = Annotated[
    int | None,
    typer.Option(
        "--max-edge",
        parser=pixels,
        metavar="PIXELS",
        help=N_(
            "Longer edge of the largest version that will be published: faces are judged at that "
            "size, and copies have it. 0: the size of the file."
        ),
    ),
]
ReportOption = Annotated[
    Path | None,
    typer.Option(
        "--report", metavar="FILE", help=N_("Write a clearance report: .pdf, .html, .csv, .json.")
    ),
]
SharedReportOption = Annotated[
    Path | None,
    typer.Option(
        "--report-to-share",
        metavar="FILE",
        help=N_("Write the report without people’s names, to pass on."),
    ),
]
ThoroughOption = Annotated[
    bool,
    typer.Option(
        "--thorough",
        help=N_("Look for faces at every size, mirrored and turned: finds more, takes longer."),
    ),
]
BlurOption = Annotated[
    bool, typer.Option("--blur", help=N_("Write a copy in which everybody not cleared is hidden."))
]
OutOption = Annotated[
    Path | None, typer.Option("-o", "--out", metavar="DIR", help=N_("Folder for the copies."))
]
PersonArgument = Annotated[
    str,
    typer.Argument(
        metavar="PERSON",
        help=N_("A person's id, or exact name."),
        autocompletion=completion.of_people,
    ),
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help=N_("Do not ask, do it."))]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help=N_("Only say what would be done."))]


@dataclasses.dataclass(frozen=True, slots=True)
class Answering:
    """Which registry a command is about, and how it answers."""

    registry: RegistryOption = None
    as_json: JsonOption = False
    lang: LangOption = None

    @property
    def words(self) -> Language:
        """The language of the answer."""
        return words_for(self.lang)

    @property
    def folder(self) -> Path:
        """The registry's folder."""
        return registry_folder(self.registry)

    def opened(self) -> contextlib.AbstractContextManager[tuple[Registry, Settings]]:
        """The open registry and its settings, with what is due for deletion deleted."""
        return open_registry(self.registry)

    def tell(self, document: dict[str, Any], *lines: str) -> None:
        """Answer with the document, or with the lines a person reads."""
        from detector.untrusted import printable

        if self.as_json:
            answer(document)
            return
        for line in lines:
            typer.echo(printable(line))

    def sure(self, question: str, *, yes: bool) -> bool:
        """Whether the user wants it: said beforehand, or asked now.

        Raises:
            BadParameter: nobody is there to be asked.
        """
        if yes:
            return True
        if self.as_json or not sys.stdin.isatty():
            wrong = self.words.gettext("nobody is there to be asked; say --yes if you are sure")
            raise typer.BadParameter(wrong)
        return bool(typer.confirm(question, err=True))


def registry_folder(named: Path | None) -> Path:
    """The folder named, else the one of the user account."""
    if named:
        return named
    import platformdirs

    return platformdirs.user_data_path("clearance", appauthor=False)


def settings_in(folder: Path) -> Settings:
    """What clearance.toml in the folder says."""
    from clearance.settings import FILE_NAME, load_settings

    return load_settings(folder / FILE_NAME)


def detector_for(
    settings: Settings,
    *,
    thorough: bool = False,
    at_once: bool = True,
    threads: int | None = None,
) -> Detector:
    """The networks the settings name; they load in the background, or when they are needed.

    It looks thoroughly where the settings say so or `thorough` asks for it, on so many cores;
    None for all of them.
    """
    from detector.detector import Detector
    from detector.options import DetectionOptions

    chosen = settings.detection
    options = DetectionOptions(thorough=thorough or chosen.thorough)
    return Detector.load(
        chosen.finder,
        chosen.recogniser,
        models=settings.models,
        options=options,
        threads=threads,
        at_once=at_once,
    )


@contextlib.contextmanager
def open_registry(named: Path | None) -> Iterator[tuple[Registry, Settings]]:
    """The open registry and its settings, with what is due for deletion deleted."""
    from consent.registry import Registry

    folder = registry_folder(named)
    settings = settings_in(folder)
    with Registry.open(folder, settings.consent) as registry:
        registry.sweep(today())
        _follow(registry, settings)
        yield registry, settings
        # What a command took back reaches what is published at once.
        _follow(registry, settings)


def _follow(registry: Registry, settings: Settings) -> None:
    """Let what is published follow what changed in the registry."""
    if not registry.stirred_publications():
        return
    from clearance.ledger import Ledger

    try:
        Ledger(registry, settings).sweep(today())
    except RegistryDamagedError as error:
        # Said, and no more: whoever takes a consent back, or looks for what was altered, must
        # be able to.
        say(asked_words().error(error))


@contextlib.contextmanager
def registry_if_there(
    folder: Path, settings: Settings, words: Language
) -> Iterator[Registry | None]:
    """The open registry; None, and a line that says how to begin, where there is none."""
    from consent.registry import Registry

    try:
        registry = Registry.open(folder, settings.consent)
    except RegistryMissingError:
        _ = words.gettext
        line = _("No registry in {path}: everybody is unknown. Begin with: clearance init")
        say(line.format(path=folder))
        yield None
        return
    with registry:
        registry.sweep(today())
        yield registry


def tell_outdated(registry: Registry, detector: Detector, words: Language) -> None:
    """A line about the people whose templates other networks made: they match nobody."""
    outdated = registry.outdated(detector.recogniser_name, today())
    if outdated:
        line = words.ngettext(
            "The templates of {n} person were made by {others}, not by {now}: nobody is matched "
            "with them. Make them again with: clearance people re-enrol",
            "The templates of {n} people were made by {others}, not by {now}: nobody is matched "
            "with them. Make them again with: clearance people re-enrol",
            len(outdated),
        )
        others = ", ".join(sorted(set().union(*outdated.values())))
        say(line.format(n=len(outdated), others=others, now=detector.recogniser_name))


def known_channels(names: Sequence[str], settings: Settings, words: Language) -> tuple[str, ...]:
    """The channels named, each once; a name the institution does not know is refused."""
    known = settings.consent.channels
    for name in names:
        if name not in known:
            wrong = words.gettext("no channel {name!r}; there are {known}")
            raise typer.BadParameter(wrong.format(name=name, known=", ".join(known)))
    return tuple(dict.fromkeys(names))


def known_purpose(name: str | None, settings: Settings, words: Language) -> str | None:
    """The purpose named, else the one of the settings; an unknown one is refused."""
    purposes = settings.consent.purposes
    if name is not None and name not in purposes:
        wrong = words.gettext("no purpose {name!r}; there are {known}")
        raise typer.BadParameter(wrong.format(name=name, known=", ".join(purposes) or "–"))
    return name or settings.publication.purpose or None


def today() -> dt.date:
    """The day as the user has it."""
    return dt.datetime.now().astimezone().date()


def version() -> str:
    """The version of the program."""
    from importlib import metadata

    return metadata.version("photo-clearance")


def answer(document: dict[str, Any]) -> None:
    """One JSON document, on a line of its own."""
    typer.echo(json.dumps(document, ensure_ascii=False))
