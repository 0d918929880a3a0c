"""What a person at a terminal reads: one short table per picture."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from clearance import album_words, copy_words, group_words
from clearance.results import FaceReason, FaceResult, Outcome, PhotoResult, VideoResult
from detector.untrusted import printable

if TYPE_CHECKING:
    from clearance.language import Language
    from clearance.remembered import Change
    from clearance.rendition import Rendition
    from clearance.run import Findings
    from consent.decision import Reason

# A symbol beside each colour: colour alone says nothing on paper, in a pipe, or
# to a colour-blind eye.
LOOKS: dict[Outcome, tuple[str, str]] = {
    Outcome.CLEARED: ("✓", "green"),
    Outcome.EXEMPT: ("✓", "green"),
    Outcome.NOT_RECOGNISABLE: ("·", "green"),
    Outcome.REDACTED: ("■", "cyan"),
    Outcome.REVIEW: ("?", "yellow"),
    Outcome.BLOCKED: ("✗", "red"),
    Outcome.FAILED: ("!", "bold red"),
}
# Wide enough for a table in a file or a pipe, where there is no window to fit.
_PIPED_WIDTH = 120


def console(*, stderr: bool = False) -> Console:
    """A console that is plain when its output is not a terminal."""
    made = Console(stderr=stderr, highlight=False)
    if not made.is_terminal:
        made = Console(stderr=stderr, highlight=False, width=_PIPED_WIDTH)
    return made


class Advance(Protocol):
    """Says that one file more is done, and with which verdict."""

    def __call__(self, outcome: Outcome | None = None) -> None:
        """One more."""


@contextlib.contextmanager
def progress(total: int, words: Language) -> Iterator[Advance]:
    """A bar on standard error while the block runs; call what it gives after each file.

    Beside the bar: how many pictures a minute, the time left, how many have which verdict.
    There is none for a single file, nor where standard error is not a terminal.
    """
    error_console = console(stderr=True)
    if total <= 1 or not error_console.is_terminal:
        yield lambda _=None: None
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn(words.gettext("Checking")),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[verdicts]}"),
    )
    counts: dict[Outcome, int] = {}
    with Progress(*columns, console=error_console, transient=True, expand=True) as bar:
        task = bar.add_task("", total=total, rate="", verdicts="")

        def advance(outcome: Outcome | None = None) -> None:
            if outcome:
                counts[outcome] = counts.get(outcome, 0) + 1
            speed = bar.tasks[task].speed
            rate = words.gettext("{n} a minute").format(n=round(60 * speed)) if speed else ""
            bar.update(task, advance=1, rate=rate, verdicts=_symbols(counts))

        yield advance


def _symbols(counts: Mapping[Outcome, int]) -> str:
    """How many pictures have which verdict, in the least space; the worst first."""
    worst_first = sorted(counts, key=lambda outcome: -outcome.severity)
    shown = ((*LOOKS[outcome], counts[outcome]) for outcome in worst_first)
    return " ".join(f"[{style}]{symbol}[/] {n}" for symbol, style, n in shown)


def photo(result: PhotoResult, words: Language) -> Group:
    """The picture's line, then one row per face: who, verdict, why, what to do.

    Of a video, whoever is there from when to when.
    """
    # Not above: it is made of what is here.
    from clearance import video_table

    parts: list[RenderableType] = [_headline(result, words)]
    if result.rendition:
        parts.append(_rendition(result, result.rendition, words))
    if result.problem:
        problem = words.error(result.problem)
        parts.append(Text("  " + printable(problem), style="red"))
    elif not result.faces:
        parts.append(_no_face(words))
    if isinstance(result, VideoResult):
        parts += video_table.video(result, words)
    elif result.faces:
        parts.append(_faces(result.faces, words))
    if result.faces:
        parts.append(_channels(result, words))
    if isinstance(result, VideoResult):
        parts += video_table.beside(result, words)
    if more := copy_words.unjudged(result.unjudged, words):
        parts.append(Text("  " + more, style="yellow"))
    parts += [
        Text("  " + printable(line), style="dim") for line in copy_words.hints(result.hints, words)
    ]
    if result.export:
        parts.append(_copy(result, words))
        parts += [Text("    " + printable(line)) for line in copy_words.copy(result.export, words)]
    return Group(*parts, Text())


def places(result: PhotoResult, words: Language) -> Group:
    """The picture's line, then one row per face: number, place, who, why."""
    _ = words.gettext
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("  #", justify="right")
    for heading in (_("left, top"), _("width × height"), _("who"), _("verdict"), _("why")):
        table.add_column(heading, overflow="fold")
    for number, face in enumerate(result.faces, 1):
        box = face.face.box
        table.add_row(
            str(number),
            f"{box.left}, {box.top}",
            f"{box.width} × {box.height}",
            who(face, words),
            verdict(face.outcome, words),
            why(face, words),
        )
    parts: list[RenderableType] = [_headline(result, words)]
    if result.rendition:
        parts.append(_rendition(result, result.rendition, words))
    return Group(*parts, table if result.faces else _no_face(words))


def summary(found: Findings, words: Language) -> list[Text]:
    """What there is to say at the end of a run: counts, what is alike, what is different now.

    A single picture has said its verdict, so that little is left.
    """
    lines = []
    if found.total != 1:
        lines = [_counts(found.counts, words)]
        lines += [Text(words.only_up_to(edge), style="yellow") for edge in found.edges]
    lines += [Text(line) for line in album_words.alike(found.alike, words)]
    told = group_words.group_lines(found.strangers, words, found.names)
    told += album_words.not_compared(found.not_compared, words) if found.strangers else []
    lines += [Text(printable(line), style="yellow") for line in told]
    if found.rate:
        lines.append(Text(words.rate(found.rate)))
    lines += changes(found.changes, words)
    if found.left:
        lines.append(Text(album_words.left(len(found.left), words), style="bold red"))
    return lines


def changes(found: Sequence[Change], words: Language) -> list[Text]:
    """How many verdicts differ from the run before, in which way and why; the worst first."""
    lost: dict[str, list[str]] = {}
    for change in found:
        if change.lost:
            causes = [
                words.why(face) for face in change.result.faces if not face.outcome.publishable
            ]
            problem = change.result.problem
            causes += [words.error(problem)] if problem else []
            lost.setdefault(next(filter(None, causes), ""), []).append(str(change.result.path))
    lines = []
    for why, paths in sorted(lost.items(), key=lambda item: -len(item[1])):
        said = words.ngettext(
            "{n} picture is no longer clear: {why}",
            "{n} pictures are no longer clear: {why}",
            len(paths),
        )
        lines.append(Text(printable(said.format(n=len(paths), why=why or "–")), style="red"))
        lines += [Text("  " + printable(path)) for path in paths]
    won = sum(change.won for change in found)
    if won:
        said = words.ngettext("{n} picture is clear now", "{n} pictures are clear now", won)
        lines.append(Text(said.format(n=won), style="green"))
    return lines


def _counts(counts: Mapping[Outcome, int], words: Language) -> Text:
    """How many pictures have which verdict, worst first."""
    total = sum(counts.values())
    line = Text(words.ngettext("{n} picture", "{n} pictures", total).format(n=total) + ": ")
    worst_first = sorted(counts, key=lambda outcome: -outcome.severity)
    for number, outcome in enumerate(worst_first):
        line.append(", " if number else "")
        line.append(f"{counts[outcome]} ")
        line.append_text(verdict(outcome, words))
    return line


def _rendition(result: PhotoResult, rendition: Rendition, words: Language) -> Padding:
    said = words.rendition(result, rendition)
    return Padding(Text(said, style="yellow"), (0, 0, 0, 2), expand=False)


def _no_face(words: Language) -> Text:
    line = words.gettext("No face found. Look for people from behind, badges, screens.")
    return Text("  " + line)


def _headline(result: PhotoResult, words: Language) -> Text:
    symbol, style = LOOKS[result.outcome]
    line = Text(f"{symbol} ", style=style)
    line.append(printable(str(result.path)), style="bold")
    line.append(f"  {words.outcome(result.outcome)}", style=style)
    return line


def _faces(faces: Iterable[FaceResult], words: Language) -> Table:
    _ = words.gettext
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("  #", justify="right")
    for heading in (_("who"), _("verdict"), _("why"), _("what to do")):
        table.add_column(heading, overflow="fold")
    for number, face in enumerate(faces, 1):
        table.add_row(
            str(number),
            who(face, words),
            verdict(face.outcome, words),
            why(face, words),
            what_to_do(face, words),
        )
    return table


def who(face: FaceResult, words: Language) -> str:
    """Whom a face is taken for, by name."""
    if FaceReason.NOT_A_FACE in face.reasons:
        return "–"
    return printable(face.name or words.gettext("unknown"))


def why(face: FaceResult, words: Language) -> str:
    """The reasons, and the forms that a clearance rests on."""
    reasons = printable(words.why(face))
    if face.reasons or not face.serials:
        return reasons
    ground = words.gettext("consent {serials}").format(serials=", ".join(face.serials))
    return "; ".join(filter(None, (printable(ground), reasons)))


def what_to_do(face: FaceResult, words: Language) -> str:
    """The next step for one face; nothing where there is nothing to do."""
    _ = words.gettext
    if face.outcome.publishable:
        return ""
    if FaceReason.DOUBTFUL_SIZE in face.reasons:
        return _("hide with --blur, or publish it smaller: --max-edge")
    if face.outcome is Outcome.REVIEW:
        return _("compare with the portrait, or hide with --blur")
    steps: dict[FaceReason | Reason, str] = {
        FaceReason.NO_REGISTRY: _("begin with: clearance init"),
        FaceReason.UNKNOWN_PERSON: _("ask for a signed form, or hide with --blur"),
    }
    found = (steps[reason] for reason in face.reasons if reason in steps)
    return next(found, _("renew the consent, or hide with --blur"))


def _channels(result: PhotoResult, words: Language) -> Text:
    line = Text("  ")
    for channel, outcome in result.channels.items():
        symbol, style = LOOKS[outcome]
        asked = "bold" if channel in result.asked else ""
        line.append(f"{symbol} ", style=style)
        line.append(words.channel(channel), style=asked)
        line.append("   ")
    return line


def _copy(result: PhotoResult, words: Language) -> Text:
    export = result.export
    if export is None:
        return Text()
    count = len(export.hidden)
    message = words.ngettext(
        "Copy with {n} face hidden: {path}", "Copy with {n} faces hidden: {path}", count
    )
    line = Text("  ■ ", style="cyan")
    line.append(message.format(n=count, path=printable(str(export.path))))
    return line


def verdict(outcome: Outcome, words: Language) -> Text:
    """A verdict in a word or two, with its symbol."""
    symbol, style = LOOKS[outcome]
    return Text(f"{symbol} {words.outcome(outcome)}", style=style)
