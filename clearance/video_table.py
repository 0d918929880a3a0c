"""What a person at a terminal reads of a video: who is there from when to when, and the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from clearance import terminal, timeline, video_words
from detector.untrusted import printable

if TYPE_CHECKING:
    from clearance.language import Language
    from clearance.results import TrackResult, VideoResult
    from clearance.timeline import OnScreen

_ROWS = 40
"""Tracks that a window shows; of more those that need something, and those that stay long."""
_TIMES = 8
"""Rows of one person; of more the first ones, and how many there are."""
_NUMBERS = 12
"""Numbers in a line."""


def video(result: VideoResult, words: Language) -> Iterator[RenderableType]:
    """What there is to say below the line of a video: a table, and a line for what else matters."""
    _ = words.gettext
    if result.frames:
        yield Text("  " + video_words.length(result, words), style="dim")
    if not result.tracks:
        return
    everybody = timeline.who_is_there(result)
    shown = timeline.most_important(everybody, _ROWS)
    yield _table(shown, words)
    if left := [one for one in everybody if one not in shown]:
        yield Text("  " + video_words.more_people(left, words))
    yield from _what_to_do(result, words)


def beside(result: VideoResult, words: Language) -> Iterator[RenderableType]:
    """What to look at and to listen to, what else the file holds, and the copy."""
    _ = words.gettext
    if result.tracks:
        yield from _moments(result, words)
    for told in video_words.uncertain(result, words):
        yield Text("  " + told, style="yellow")
    if result.frames:
        for told in video_words.sound(result, words):
            yield Text("  " + told, style="yellow" if result.sound else "dim")
    if more := video_words.beside(result, words):
        yield Text("  " + printable(more), style="yellow")
    if export := result.video_export:
        line = Text("  ■ ", style="cyan")
        line.append(_("Copy: {path}").format(path=printable(str(export.path))))
        yield line
        for told in (video_words.copied(export, words) + ".", *video_words.copy(export, words)):
            yield Text("    " + printable(told))


def _table(people: Sequence[OnScreen], words: Language) -> Table:
    _ = words.gettext
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("  #", justify="right")
    table.add_column(_("who"), overflow="fold")
    table.add_column(_("from – to"), no_wrap=True)
    table.add_column(_("verdict"), overflow="fold")
    table.add_column(_("why"), overflow="fold")
    table.add_column(_("longest gap"), justify="right")
    table.add_column(_("weakest"), no_wrap=True)
    for one in people:
        for row in _rows(one, words):
            table.add_row(*row)
    return table


def _rows(one: OnScreen, words: Language) -> Iterator[tuple[RenderableType, ...]]:
    """One row for each time that somebody is there; what is the same is said once."""
    before = None
    for place, track in one.tracks[:_TIMES]:
        why = terminal.why(track.verdict, words)
        yield (
            str(place),
            "" if before else terminal.who(track.verdict, words),
            timeline.span(track.start, track.end),
            terminal.verdict(track.verdict.outcome, words),
            "" if before and _same(before, track) else why,
            video_words.gap(track, words),
            video_words.weakest(track),
        )
        before = track
    left = len(one.tracks) - _TIMES
    if left > 0:
        yield ("", "", video_words.more_times(left, words))


def _same(one: TrackResult, other: TrackResult) -> bool:
    """Whether the same is to be said of two tracks of one person."""
    left, right = one.verdict, other.verdict
    told = (left.reasons, left.serials, left.cautions, left.word)
    return told == (right.reasons, right.serials, right.cautions, right.word)


def _what_to_do(result: VideoResult, words: Language) -> Iterator[Text]:
    """Each next step once, with the numbers that it is about."""
    steps: dict[str, list[int]] = {}
    for place, track in enumerate(result.tracks, 1):
        if step := terminal.what_to_do(track.verdict, words):
            steps.setdefault(step, []).append(place)
    for step, places in steps.items():
        numbers = ", ".join(map(str, places[:_NUMBERS]))
        numbers += f" … ({len(places)})" if len(places) > _NUMBERS else ""
        yield Text(f"  {video_words.numbered(numbers, words)}: {step}")


def _moments(result: VideoResult, words: Language) -> Iterator[Text]:
    shown = timeline.moments_to_look_at(result)
    if not shown:
        return
    yield Text("  " + words.gettext("Moments that a person should look at"))
    for moment in shown:
        yield Text("    " + video_words.look_at(moment, words))
    if left := len(timeline.moments_to_look_at(result, None)) - len(shown):
        yield Text("    " + video_words.more_moments(left, words))
