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

    def looked(self, time: Fraction, duration: Fraction | None) -> None:
        """The video was looked at up to this time, of so many seconds."""

    def examined(self, frames: int, total: int) -> None:
        """So many frames more of the copy were examined, of so many."""


class NoBars:
    """Tells nobody."""

    def looked(self, time: Fraction, duration: Fraction | None) -> None:
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
        looking = drawn.add_task(words.gettext("Looking at every frame"), total=None)
        copying = drawn.add_task(
            words.gettext("Writing and examining every frame"), total=None, visible=False
        )

        class Drawn:
            def looked(self, time: Fraction, duration: Fraction | None) -> None:
                total = None if duration is None else float(duration)
                drawn.update(looking, completed=float(time), total=total)

            def examined(self, frames: int, total: int) -> None:
                drawn.update(looking, visible=False)
                drawn.update(copying, visible=True, advance=frames, total=total)

        yield Drawn()
