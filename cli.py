"""The door: entry points, what the main job is asked for, exit codes; no logic.

The commands of the rooms are mounted here. Rooms are imported inside the
functions: `clear --help` must open without numpy or a network.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clearance.commandline import (
    N_,
    AgainOption,
    BlurOption,
    ChannelOption,
    Command,
    CommandGroup,
    EventOption,
    ExitCode,
    JobsOption,
    JsonOption,
    LangOption,
    MaxEdgeOption,
    OnOption,
    OutOption,
    PurposeOption,
    RegistryOption,
    ReportOption,
    SharedReportOption,
    ThoroughOption,
    UntilOption,
    answer,
    detector_for,
    known_channels,
    known_purpose,
    registry_folder,
    registry_if_there,
    say,
    settings_in,
    tell_outdated,
    today,
    words_for,
)
from clearance.consent_commands import DECIDE_HELP, consent_app, decide
from clearance.copy_options import DEFAULT_FOLDER, CopyOrder
from clearance.errors import (
    ClearanceError,
    LegalTextUnknownError,
    SettingsInvalidError,
    WordRefusedError,
)
from clearance.face_commands import faces_app
from clearance.model_commands import models_app
from clearance.option_groups import gathers
from clearance.people_commands import people_app
from clearance.registry_commands import registry_app
from consent.errors import ConsentError
from detector.errors import BackendMissingError, DetectorError, ModelMissingError
from forms.commands import ROPA_HELP, forms_app, ropa
from forms.errors import FormsError

if TYPE_CHECKING:
    from clearance.album_sources import AlbumSources
    from clearance.clear import House
    from clearance.copying import Copies
    from clearance.language import Language
    from clearance.remembered import Memory
    from clearance.results import PhotoResult
    from clearance.settings import Settings
    from clearance.use import IntendedUse

# The first class that fits gives the number, so the narrow ones stand first.
EXIT_CODES: tuple[tuple[type[Exception], ExitCode], ...] = (
    (ModelMissingError, ExitCode.COMPONENT_MISSING),
    (BackendMissingError, ExitCode.COMPONENT_MISSING),
    (DetectorError, ExitCode.INPUT_OR_OUTPUT),
    (SettingsInvalidError, ExitCode.USAGE),
    (WordRefusedError, ExitCode.USAGE),
    (LegalTextUnknownError, ExitCode.USAGE),
    (ClearanceError, ExitCode.INPUT_OR_OUTPUT),
    (FormsError, ExitCode.INPUT_OR_OUTPUT),
    (ConsentError, ExitCode.REGISTRY),
)


CHECK_HELP = N_("Find every face, say who agreed to be published, block the rest.")
_WITH_NUMBERS = {"obj": EXIT_CODES}

app = typer.Typer(
    name="clearance",
    cls=CommandGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings=_WITH_NUMBERS,
    help=N_("Clear photos of people before they are published."),
)
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


@dataclasses.dataclass(frozen=True, slots=True)
class Order:
    """What `check`, `scan` and `export` are asked for."""

    channel: ChannelOption = None
    purpose: PurposeOption = None
    event: EventOption = None
    on: OnOption = None
    until: UntilOption = None
    max_edge: MaxEdgeOption = None
    thorough: ThoroughOption = False
    registry: RegistryOption = None
    as_json: JsonOption = False
    report: ReportOption = None
    report_to_share: SharedReportOption = None
    lang: LangOption = None

    @property
    def words(self) -> Language:
        """The language of the answer."""
        return words_for(self.lang)


@dataclasses.dataclass(frozen=True, slots=True)
class AlbumManner:
    """What an album is, by how many it is looked at, and whether what was seen before counts."""

    sources: AlbumSources
    jobs: int | None = None
    again: bool = False


@app.command("check", cls=Command, help=CHECK_HELP)
@clear_app.command(cls=Command, help=CHECK_HELP, context_settings=_WITH_NUMBERS)
@gathers(order=Order)
def check(
    photos: Annotated[
        list[Path], typer.Argument(metavar="PHOTO...", help=N_("The pictures to check."))
    ],
    order: Order,
    blur: BlurOption = False,
    out: OutOption = None,
) -> None:
    _run(order, photos, None, _blurred(order, blur, out))


@app.command(cls=Command, help=N_("Check every picture of a folder and its subfolders."))
@gathers(order=Order)
def scan(
    album: Annotated[
        list[str],
        typer.Argument(
            metavar="ALBUM...",
            help=N_("Folders, ZIP archives, pictures, patterns; - for a list on standard input."),
        ),
    ],
    order: Order,
    blur: BlurOption = False,
    out: OutOption = None,
    jobs: JobsOption = None,
    again: AgainOption = False,
) -> None:
    from clearance.album_sources import AlbumSources

    copying = _blurred(order, blur, out)
    only = Path(album[0]) if len(album) == 1 else None
    root = only if only and only.is_dir() else None
    with AlbumSources(album, sys.stdin.buffer) as sources:
        paths = [file.path for file in sources.files]
        _run(order, paths, root, copying, manner=AlbumManner(sources, jobs, again))


@app.command(
    cls=Command,
    help=N_("Check the pictures that arrive in a folder, until it is stopped with Ctrl-C."),
)
@gathers(order=Order)
def watch(
    inbox: Annotated[
        Path,
        typer.Argument(
            metavar="INBOX",
            exists=True,
            file_okay=False,
            help=N_("Folder in which pictures arrive, with its subfolders."),
        ),
    ],
    order: Order,
    settle: Annotated[
        float,
        typer.Option(
            "--settle",
            min=0,
            max=3600,
            metavar="SECONDS",
            help=N_("How long a file must not have changed before it counts as complete."),
        ),
    ] = 5.0,
) -> None:
    from clearance.album import clear_files
    from clearance.arriving import Inbox, arriving
    from clearance.clear import House

    _check_order(order, None, None)
    folder = registry_folder(order.registry)
    settings = settings_in(folder)
    use = _use(order, settings, known_channels(order.channel or (), settings, order.words))
    detector = detector_for(settings, thorough=order.thorough)
    results: list[PhotoResult] = []
    with registry_if_there(folder, settings, order.words) as registry, _ctrl_c() as stop:
        house = House.open(settings, detector, registry, today())
        say(order.words.gettext("Waiting for pictures in {path}.").format(path=inbox))
        coming = Inbox(inbox, settle=settle)
        for path in arriving(coming, stop, interval=min(2.0, settle + 0.2)):
            # Opened anew: somebody may have signed since the last picture came.
            house = House.open(settings, detector, registry, today())
            results += _said(order, clear_files([path], use, house))
        _write_reports(order, results, use, house)
        # What nobody has judged is not clear: a run that saw nothing says nothing of the inbox.
        left = set(coming.waiting) | set(coming.unseen())
        if left:
            said = order.words.ngettext(
                "{n} file in {path} was not judged.",
                "{n} files in {path} were not judged.",
                len(left),
            )
            say(said.format(n=len(left), path=inbox))
    code = _exit_code(results, exporting=False)
    raise typer.Exit(ExitCode.NOT_CLEARED if left and code is ExitCode.CLEARED else code)


@contextlib.contextmanager
def _ctrl_c() -> Iterator[threading.Event]:
    """Set by the first Ctrl-C, so that a verdict is said to its end; a second one stops all."""
    stop = threading.Event()

    def asked(*_: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, asked)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


def _said(order: Order, judged: Iterable[PhotoResult]) -> list[PhotoResult]:
    """Say each verdict as soon as it is known, without any summary."""
    from clearance import terminal
    from clearance.documents import photo_document

    results = []
    for result in judged:
        results.append(result)
        if order.as_json:
            answer(photo_document(result))
        else:
            terminal.console().print(terminal.photo(result, order.words))
    return results


@app.command(
    cls=Command,
    help=N_("Write copies that may be published: everybody who is not cleared is hidden."),
)
@gathers(order=Order, copies=CopyOrder)
def export(
    photos: Annotated[
        list[Path],
        typer.Argument(metavar="PHOTO...", help=N_("The pictures, or one folder of them.")),
    ],
    order: Order,
    copies: CopyOrder,
) -> None:
    from clearance.album import album_files

    if (copies.hide or copies.mask) and (len(photos) > 1 or photos[0].is_dir()):
        _ = order.words.gettext
        raise typer.BadParameter(_("--hide and --mask are about one picture: name only that one"))
    if len(photos) == 1 and photos[0].is_dir():
        _run(order, album_files(photos[0]), photos[0], copies, exporting=True)
    else:
        _run(order, photos, None, copies, exporting=True)


def _blurred(order: Order, blur: bool, out: Path | None) -> CopyOrder | None:
    """The copies that `--blur` asks for, in the usual manner."""
    if out and not blur:
        _ = order.words.gettext
        raise typer.BadParameter(_("-o names a folder for copies, and none are asked for: --blur"))
    return CopyOrder(out or DEFAULT_FOLDER) if blur else None


def _run(
    order: Order,
    paths: Sequence[Path],
    root: Path | None,
    copying: CopyOrder | None,
    *,
    exporting: bool = False,
    manner: AlbumManner | None = None,
) -> None:
    _check_order(order, root, copying)
    folder = registry_folder(order.registry)
    settings = settings_in(folder)
    asked = known_channels(order.channel or (), settings, order.words)
    # The first photo is decoded and the network loaded while the rest of the
    # program is imported and the registry opened.
    from detector.ahead import PhotosAhead
    from detector.photo import open_photo

    # A copy is made of the pixels, which never leave the process that looked.
    jobs = _jobs_for(paths, manner.jobs) if manner and not copying else 1
    opener = manner.sources.open_photo if manner else open_photo
    photos = PhotosAhead(paths if jobs == 1 else (), opener)
    detector = detector_for(settings, thorough=order.thorough, at_once=jobs == 1)
    from clearance.album import clear_files
    from clearance.clear import House

    use = _use(order, settings, asked)
    with photos, registry_if_there(folder, settings, order.words) as registry:
        alone = jobs == 1
        house = House.open(settings, detector, registry, today(), photos.open, looks_itself=alone)
        if registry and settings.detection.matching:
            tell_outdated(registry, detector, order.words)
        copies = _copies(order, copying, paths, root, house) if copying else None
        judging: contextlib.AbstractContextManager[tuple[Iterator[PhotoResult], Memory | None]]
        if manner and copies is None:
            judging = _judging(order, use, house, dataclasses.replace(manner, jobs=jobs))
        else:
            judging = contextlib.nullcontext((clear_files(paths, use, house, copies), None))
        with judging as (judged, memory):
            results = _judge_all(order, judged, len(paths), house)
            if memory and not order.as_json:
                _tell_changes(memory, order.words)
        _write_reports(order, results, use, house)
    raise typer.Exit(_exit_code(results, exporting=exporting))


def _use(order: Order, settings: Settings, asked: Sequence[str]) -> IntendedUse:
    """What the pictures are to be used for."""
    from clearance.use import IntendedUse

    return IntendedUse(
        tuple(asked) or settings.consent.channels,
        order.on or today(),
        settings.publication.max_edge if order.max_edge is None else order.max_edge,
        purpose=known_purpose(order.purpose, settings, order.words),
        event=order.event,
        until=order.until,
    )


def _jobs_for(paths: Sequence[Path], asked: int | None) -> int:
    # Here and not above: a single photo needs none of it.
    from clearance.crew import jobs_for

    return jobs_for(len(paths), asked)


def _check_order(order: Order, root: Path | None, copying: CopyOrder | None) -> None:
    """What can be wrong with the options is said before any work is done."""
    _ = order.words.gettext
    if root and copying and copying.out.resolve().is_relative_to(root.resolve()):
        raise typer.BadParameter(
            _("-o names a folder of the album: the copies would become inputs")
        )
    explained = copying.explain if copying else None
    if copying and explained and explained.resolve().is_relative_to(copying.out.resolve()):
        raise typer.BadParameter(
            _("--explain names a folder of the copies, and what it shows must not be published")
        )
    if order.until and order.until < (order.on or today()):
        raise typer.BadParameter(_("--until is before the day of publication"))
    from forms.clearance_report import SUFFIXES

    for report in (order.report, order.report_to_share):
        if report and report.suffix.lower() not in SUFFIXES:
            wrong = _("--report takes a file ending in {known}")
            raise typer.BadParameter(wrong.format(known=", ".join(SUFFIXES)))
    if order.report and order.report == order.report_to_share:
        raise typer.BadParameter(
            _("--report and --report-to-share name the same file, and only one may name people")
        )


def _copies(
    order: Order, copying: CopyOrder, paths: Sequence[Path], root: Path | None, house: House
) -> Copies:
    """What makes the copies of the run, and what looks at them afterwards."""
    from clearance.copying import Copies
    from clearance.export import Exporter
    from clearance.naming import Naming
    from clearance.resemblance import comparing
    from clearance.verification import Examiner, look_both_ways
    from detector.photo import open_photo

    settings = house.settings
    examiner = Examiner(
        open_photo,
        look_both_ways(house.eyes.detector.find_faces),
        comparing(house.eyes.detector) if settings.detection.matching else None,
        house.eyes.detector.how_held,
    )
    exporter = Exporter(copying.out, paths, examiner, root=root, manner=copying.manner())
    naming = None
    if house.registry:
        naming = Naming(
            house.registry,
            settings.consent,
            ordinary=settings.publication.ordinary_words,
            credited=settings.publication.credited,
        )
    sidecars = order.words if copying.sidecar else None
    wishes = copying.wishes(settings)
    return Copies(exporter, wishes, naming, settings.publication, sidecars=sidecars)


@contextlib.contextmanager
def _judging(
    order: Order, use: IntendedUse, house: House, manner: AlbumManner
) -> Iterator[tuple[Iterator[PhotoResult], Memory | None]]:
    """The verdicts on an album, file after file, whoever looks at them; what was seen is kept."""
    from clearance.album import clear_looked
    from clearance.crew import Crew, Here, Outfit, Processes
    from clearance.remembered import Memory
    from clearance.tool_versions import looking_version

    eyes, settings, jobs = house.eyes, house.settings, manner.jobs or 1
    outfit = Outfit(settings, eyes.gallery, eyes.limits, thorough=order.thorough)
    start = Here(eyes) if jobs == 1 else None
    with contextlib.ExitStack() as open_things:
        memory = None
        if house.registry:
            looked_with = looking_version(house, thorough=order.thorough)
            journal = house.registry.journal("albums")
            memory = Memory(journal, looked_with, eyes.gallery, today(), again=manner.again)
            open_things.callback(memory.close)
        crew = Crew(jobs, (lambda: start) if start else Processes(jobs, outfit), memory)
        open_things.enter_context(crew)
        yield clear_looked(manner.sources.files, crew, use, house, memory), memory


def _tell_changes(memory: Memory, words: Language) -> None:
    """What is no longer as in the run before."""
    from clearance import terminal

    for line in terminal.changes(memory.changes, words):
        terminal.console().print(line)


def _judge_all(
    order: Order, judged: Iterable[PhotoResult], total: int, house: House
) -> list[PhotoResult]:
    """Say each verdict as soon as it is known."""
    from clearance.documents import photo_document
    from clearance.rate import rate_of

    results = []
    if order.as_json:
        for result in judged:
            results.append(result)
            answer(photo_document(result))
        return results
    # Not for JSON: what draws tables takes as long to load as a network.
    from clearance import terminal

    out = terminal.console()
    with terminal.progress(total, order.words) as advance:
        for result in judged:
            results.append(result)
            out.print(terminal.photo(result, order.words))
            advance()
    for line in terminal.summary(results, rate_of(house, results), order.words):
        out.print(line)
    return results


def _write_reports(
    order: Order, results: Sequence[PhotoResult], use: IntendedUse, house: House
) -> None:
    if order.report:
        _write_report(order, order.report, results, use, house)
    if order.report_to_share:
        _write_report(order, order.report_to_share, results, use, house, names=False)


def _write_report(
    order: Order,
    path: Path,
    results: Sequence[PhotoResult],
    use: IntendedUse,
    house: House,
    *,
    names: bool = True,
) -> None:
    from clearance.policy_version import policy_version
    from clearance.rate import rate_of
    from clearance.tool_versions import model_hashes, tool_versions
    from forms.clearance_report import ReportHead, write_report

    rate = rate_of(house, results)
    head = ReportHead(
        language=order.words,
        made_at=dt.datetime.now().astimezone(),
        use_date=use.on,
        institution=house.settings.institution,
        tool=tool_versions(house),
        models=model_hashes(house),
        names=names,
        rate=rate,
        limits=house.eyes.limits if rate else None,
        policy=policy_version(house.settings, thorough=order.thorough),
    )
    write_report(results, path, head, house.eyes.open_photo)
    say(order.words.gettext("Report: {path}").format(path=path))


def _exit_code(results: Sequence[PhotoResult], *, exporting: bool) -> ExitCode:
    """The number of the verdicts; of `export`, which is about its copies, that of the copies."""
    from clearance.results import Outcome

    if any(result.outcome is Outcome.FAILED for result in results):
        return ExitCode.INPUT_OR_OUTPUT
    if exporting and all(result.export for result in results):
        return ExitCode.CLEARED
    if all(result.outcome.publishable for result in results):
        return ExitCode.CLEARED
    return ExitCode.NOT_CLEARED


app.add_typer(registry_app)
app.add_typer(people_app, name="people")
app.add_typer(consent_app, name="consent")
app.command("decide", cls=Command, help=DECIDE_HELP)(decide)
app.command("ropa", cls=Command, help=ROPA_HELP)(ropa)
app.add_typer(faces_app, name="faces")
app.add_typer(forms_app, name="forms")
app.add_typer(models_app, name="models")
