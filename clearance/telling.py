"""How a run answers: tables for people, or a line of JSON for each file."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Protocol

from clearance.commandline import answer
from clearance.documents import photo_document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clearance.language import Language
    from clearance.results import PhotoResult
    from clearance.run import Findings


class Teller(Protocol):
    """Says the verdicts of a run, each as soon as it is known, and what they come to."""

    def running(
        self, total: int
    ) -> contextlib.AbstractContextManager[Callable[[PhotoResult], None]]:
        """While the block runs, what it gives says one verdict after the other."""
        ...

    def end(self, found: Findings) -> None:
        """What there is to say at the end."""
        ...


class JsonTeller:
    """One document a file on standard output; of an album one more, about all of it."""

    def __init__(self, *, album: bool) -> None:
        """Take whether the files are an album."""
        self._album = album

    @contextlib.contextmanager
    def running(self, total: int) -> Iterator[Callable[[PhotoResult], None]]:
        """See `Teller`. Nothing else is printed, however many there are."""
        yield lambda result: answer(photo_document(result))

    def end(self, found: Findings) -> None:
        """See `Teller`."""
        if self._album:
            from clearance.album_document import album_document

            answer(album_document(found))


class TableTeller:
    """A table a file, and a summary."""

    def __init__(self, words: Language, *, quiet: bool = False) -> None:
        """Take the language; `quiet` leaves only the summary."""
        self._words = words
        self._quiet = quiet

    @contextlib.contextmanager
    def running(self, total: int) -> Iterator[Callable[[PhotoResult], None]]:
        """See `Teller`. A bar shows how far it is."""
        # Not for JSON: what draws tables takes as long to load as a network.
        from clearance import terminal

        out = terminal.console()
        with terminal.progress(total, self._words) as advance:

            def say(result: PhotoResult) -> None:
                if not self._quiet:
                    out.print(terminal.photo(result, self._words))
                advance(result.outcome)

            yield say

    def end(self, found: Findings) -> None:
        """See `Teller`."""
        from clearance import terminal

        for line in terminal.summary(found, self._words):
            terminal.console().print(line)


def teller(words: Language, *, as_json: bool, album: bool, quiet: bool) -> Teller:
    """What says the verdicts.

    Args:
        words: the language.
        as_json: for programs.
        album: whether the files are an album.
        quiet: only what there is to say about all of them.
    """
    return JsonTeller(album=album) if as_json else TableTeller(words, quiet=quiet)
