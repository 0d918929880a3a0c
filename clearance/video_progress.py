"""How far the work on a video is: it takes about as long as the video, or longer."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from clearance.language import Language


class Bars(Protocol):
    """Is told how far the work on a video is."""

    def looked(self, time: Fraction, duration: Fraction | None, *, known: bool = False) -> None:
        """The video was looked at up to this time, of so many seconds.

        `known` says that the look only goes over what was seen before it was interrupted.
        """

    def examined(self, frames: int, total: int) -> None:
        """So many frames more of the copy were examined, of so many."""


class NoBars:
    """Tells nobody."""

    def looked(self, time: Fraction, duration: Fraction | None, *, known: bool = False) -> None:
        """See `Bars`."""

    def examined(self, frames: int, total: int) -> None:
        """See `Bars`."""


@contextlib.contextmanager
def bars(words: Language | None) -> Iterator[Bars]:
    """A bar on standard error while the block runs; none where that is no terminal.

    Args:
        words: the language; None where nobody watches.
    """
    from clearance.terminal import console

    out = console(stderr=True)
    if words is None or not out.is_terminal:
        yield NoBars()
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=out, transient=True, expand=True) as drawn:
        every = words.gettext("Looking at every frame")
        over = words.gettext("Going over what was seen before the interruption")
        # What was seen before goes by fast, and says nothing of how long the rest takes: the clock
        # starts, and the speed is taken, when that is over.
        looking = drawn.add_task(every, total=None, start=False)
        copying = drawn.add_task(
            words.gettext("Writing and examining every frame"), total=None, visible=False
        )

        class Drawn:
            def looked(
                self, time: Fraction, duration: Fraction | None, *, known: bool = False
            ) -> None:
                total = None if duration is None else float(duration)
                if not known and not drawn.tasks[looking].started:
                    drawn.reset(looking)
                said = over if known else every
                drawn.update(looking, completed=float(time), total=total, description=said)

            def examined(self, frames: int, total: int) -> None:
                drawn.update(looking, visible=False)
                drawn.update(copying, visible=True, advance=frames, total=total)

        yield Drawn()
