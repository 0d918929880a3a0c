"""The door: entry points, what the main job is asked for, exit codes; no logic.

The commands of the rooms are mounted here. Rooms are imported inside the
functions: `clear --help` must open without numpy or a network.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clearance.cluster_options import ClusterOrder
from clearance.commandline import (
    N_,
    BlurOption,
    Command,
    CommandGroup,
    ExitCode,
    OutOption,
    say,
)
from clearance.consent_commands import DECIDE_HELP, consent_app, decide
from clearance.copy_options import DEFAULT_FOLDER, CopyOrder
from clearance.errors import (
    ClearanceError,
    ClusterRefusedError,
    LegalTextUnknownError,
    SettingsInvalidError,
    StepRefusedError,
    StillRefusedError,
    WordRefusedError,
)
from clearance.face_commands import faces_app
from clearance.model_commands import models_app
from clearance.option_groups import gathers
from clearance.people_commands import people_app
from clearance.publication_commands import publications_app
from clearance.registry_commands import registry_app
from clearance.run_options import AlbumOrder, JobsOption, Order, check_copies
from clearance.still_commands import STILL_HELP, still
from consent.errors import ConsentError
from detector.errors import BackendMissingError, DetectorError, ModelMissingError
from forms.commands import ROPA_HELP, forms_app, ropa
from forms.errors import FormsError
from review.commands import ACCOUNT_HELP, DESK_HELP, account, desk
from review.errors import DeskError, DeskRefusedError

if TYPE_CHECKING:
    from clearance.clear import House
    from clearance.results import Outcome, PhotoResult
    from clearance.run import Findings, Run, Task
    from clearance.sorting import Sorter
    from clearance.use import IntendedUse
    from forms.clearance_report import ReportHead

# The first class that fits gives the number, so the narrow ones stand first.
EXIT_CODES: tuple[tuple[type[Exception], ExitCode], ...] = (
    (ModelMissingError, ExitCode.COMPONENT_MISSING),
    (BackendMissingError, ExitCode.COMPONENT_MISSING),
    (ClusterRefusedError, ExitCode.COMPONENT_MISSING),
    (DetectorError, ExitCode.INPUT_OR_OUTPUT),
    (SettingsInvalidError, ExitCode.USAGE),
    (StepRefusedError, ExitCode.USAGE),
    (StillRefusedError, ExitCode.USAGE),
    (WordRefusedError, ExitCode.USAGE),
    (LegalTextUnknownError, ExitCode.USAGE),
    (DeskRefusedError, ExitCode.USAGE),
    (DeskError, ExitCode.INPUT_OR_OUTPUT),
    (ClearanceError, ExitCode.INPUT_OR_OUTPUT),
    (FormsError, ExitCode.INPUT_OR_OUTPUT),
    (ConsentError, ExitCode.REGISTRY),
)


_JUDGED = frozenset({ExitCode.CLEARED, ExitCode.NOT_CLEARED})

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
    from clearance.run import Task

    _run(order, Task(tuple(photos), copying=_blurred(order, blur, out), jobs=1))


@app.command(cls=Command, help=N_("Check every picture of an album, from folders to archives."))
@gathers(order=Order, manner=AlbumOrder, where=ClusterOrder)
def scan(
    album: Annotated[
        list[str],
        typer.Argument(
            metavar="ALBUM...",
            help=N_("Folders, ZIP archives, pictures, patterns; - for a list on standard input."),
        ),
    ],
    order: Order,
    manner: AlbumOrder,
    where: ClusterOrder,
    jobs: JobsOption = None,
    blur: BlurOption = False,
    out: OutOption = None,
) -> None:
    from clearance.album_sources import AlbumSources
    from clearance.run import Task

    if manner.export and (blur or out):
        _ = order.words.gettext
        raise typer.BadParameter(_("--export DIR is --blur -o DIR: give one of them"))
    wanted = manner.export or out
    copying = _blurred(order, blur or manner.export is not None, wanted)
    if copying and where.scheduler:
        _ = order.words.gettext
        raise typer.BadParameter(_("copies are made on this computer: leave out --scheduler"))
    only = Path(album[0]) if len(album) == 1 else None
    root = only if only and only.is_dir() else None
    with AlbumSources(album, sys.stdin.buffer) as sources:
        paths = tuple(file.path for file in sources.files)
        _run(order, Task(paths, root, copying, sources, manner, where, jobs))


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
    blur: BlurOption = False,
    out: OutOption = None,
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
    from clearance.run import exit_code
    from clearance.telling import teller
    from clearance.watching import watching

    copying = _blurred(order, blur, out)
    order.check()
    _check_reports(order)
    check_copies(inbox, copying, order.words)
    results: list[PhotoResult] = []
    outcomes: set[Outcome] = set()
    told = teller(order.words, as_json=order.as_json, album=False, quiet=False)
    with watching(order, inbox, settle=settle, copying=copying) as watched, _ctrl_c() as stop:
        say(order.words.gettext("Waiting for pictures in {path}.").format(path=inbox))
        with told.running(0) as tell:
            for result in watched.verdicts(stop):
                tell(result)
                outcomes.add(result.outcome)
                results += [result] if order.reports else []
        _write_reports(order, results, watched.use, watched.house)
        # What nobody has judged is not clear: a run that saw nothing says nothing of the inbox.
        left = watched.left()
    if left:
        line = order.words.ngettext(
            "{n} file in {path} was not judged.", "{n} files in {path} were not judged.", left
        )
        say(line.format(n=left, path=inbox))
    code = exit_code(outcomes)
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
    jobs: JobsOption = None,
) -> None:
    from clearance.album import album_files
    from clearance.run import Task

    if (copies.hide or copies.mask) and (len(photos) > 1 or photos[0].is_dir()):
        _ = order.words.gettext
        raise typer.BadParameter(_("--hide and --mask are about one picture: name only that one"))
    root = photos[0] if len(photos) == 1 and photos[0].is_dir() else None
    paths = album_files(root) if root else photos
    _run(order, Task(tuple(paths), root, copies, jobs=jobs), exporting=True)


def _blurred(order: Order, blur: bool, out: Path | None) -> CopyOrder | None:
    """The copies that `--blur` asks for, in the usual manner."""
    if out and not blur:
        _ = order.words.gettext
        raise typer.BadParameter(_("-o names a folder for copies, and none are asked for: --blur"))
    return CopyOrder(out or DEFAULT_FOLDER) if blur else None


def _run(order: Order, task: Task, *, exporting: bool = False) -> None:
    """Judge the files of a task, say every verdict, write what is asked for about all of them."""
    from clearance.run import begun
    from clearance.telling import teller

    order.check()
    _check_reports(order)
    check_copies(task.root, task.copying, order.words)
    manner = task.album or AlbumOrder()
    manner.check(order.words)
    album = task.album is not None
    told = teller(order.words, as_json=order.as_json, album=album, quiet=manner.quiet)
    with contextlib.ExitStack() as open_things:
        # First of all: what an earlier run found clear is not until this one says so.
        sorter = open_things.enter_context(_sorter(task, manner)) if manner.sort_into else None
        keep = order.reports or manner.contact_sheet is not None
        run = open_things.enter_context(begun(order, task, keep=keep))
        stop = open_things.enter_context(_ctrl_c()) if album else None
        with told.running(len(task.paths)) as tell:
            for result in run.verdicts(stop):
                tell(result)
                if sorter:
                    sorter.place(result)
        found = run.findings()
        told.end(found)
        _write_reports(order, found.results, run.use, run.house)
        if manner.contact_sheet:
            _write_contact_sheet(order, manner.contact_sheet, task, run, found)
        for line in sorter.told(order.words) if sorter else ():
            say(line)
    code = found.exit_code(exporting=exporting)
    unsorted = sorter is not None and sorter.problems and code in _JUDGED
    raise typer.Exit(ExitCode.INPUT_OR_OUTPUT if unsorted else code)


def _sorter(task: Task, manner: AlbumOrder) -> Sorter:
    """What puts the pictures of an album into folders by verdict."""
    from clearance.sorting import SortAs, Sorter

    if manner.sort_into is None or task.sources is None:
        raise AssertionError("only an album is sorted")
    how = SortAs(manner.sort_as or SortAs.LINK)
    return Sorter(manner.sort_into, task.sources.files, how, task.sources.read)


def _check_reports(order: Order) -> None:
    from forms.clearance_report import SUFFIXES

    for report in (order.report, order.report_to_share):
        if report and report.suffix.lower() not in SUFFIXES:
            wrong = order.words.gettext("--report takes a file ending in {known}")
            raise typer.BadParameter(wrong.format(known=", ".join(SUFFIXES)))


def _write_reports(
    order: Order, results: Sequence[PhotoResult], use: IntendedUse, house: House
) -> None:
    if order.report:
        _write_report(order, order.report, results, use, house)
    if order.report_to_share:
        _write_report(order, order.report_to_share, results, use, house, names=False)


def _write_contact_sheet(order: Order, path: Path, task: Task, run: Run, found: Findings) -> None:
    """Write pages of small pictures, and say where."""
    from clearance.video_stills import Stills
    from forms.contact_sheet import small_opener, write_contact_sheet

    if task.sources is None:
        raise AssertionError("only an album has a contact sheet")
    head = _head(order, found.results, run.use, run.house, names=True)
    opener = small_opener(task.sources.read)
    write_contact_sheet(found.results, path, head, opener, found.alike, still=Stills())
    say(order.words.gettext("Contact sheet: {path}").format(path=path))


def _write_report(
    order: Order,
    path: Path,
    results: Sequence[PhotoResult],
    use: IntendedUse,
    house: House,
    *,
    names: bool = True,
) -> None:
    from clearance.video_stills import Stills
    from forms.clearance_report import write_report

    head = _head(order, results, use, house, names=names)
    write_report(results, path, head, house.eyes.open_photo, still=Stills())
    say(order.words.gettext("Report: {path}").format(path=path))


def _head(
    order: Order, results: Sequence[PhotoResult], use: IntendedUse, house: House, *, names: bool
) -> ReportHead:
    from forms.clearance_report import report_head

    return report_head(results, use, house, order.words, names=names, thorough=order.thorough)


app.add_typer(registry_app)
app.add_typer(people_app, name="people")
app.add_typer(consent_app, name="consent")
app.command("decide", cls=Command, help=DECIDE_HELP)(decide)
app.command("still", cls=Command, help=STILL_HELP)(still)
app.command("desk", cls=Command, help=DESK_HELP)(desk)
app.command("desk-account", cls=Command, help=ACCOUNT_HELP)(account)
app.command("ropa", cls=Command, help=ROPA_HELP)(ropa)
app.add_typer(faces_app, name="faces")
app.add_typer(publications_app, name="publications")
app.add_typer(forms_app, name="forms")
app.add_typer(models_app, name="models")
