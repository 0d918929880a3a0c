"""Many files, one after the other, none of them ever skipped silently."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from clearance.clear import House, clear_photo, decide, remember
from clearance.errors import (
    AlbumUnreadableError,
    ClearanceError,
    ClusterError,
    ExportError,
    LookBrokenError,
    NotJudgedError,
    told_as_bug,
    without_traces,
)
from clearance.looking import Sight
from clearance.results import Outcome, PhotoResult
from clearance.use import IntendedUse
from consent.errors import ConsentError
from detector.errors import BackendMissingError, DetectorError, ModelMissingError

if TYPE_CHECKING:
    from clearance.album_sources import AlbumFile
    from clearance.copying import Copies
    from clearance.crew import Crew
    from clearance.likes import Likes
    from clearance.remembered import Memory

# What lies beside pictures and shows nobody. Every other file is judged, and one
# that cannot be (a camera raw file, a kind nobody thought of) has failed:
# a list of pictures would pass over what is not in it.
_BESIDE = ".aae .csv .db .htm .html .ini .json .log .md .pdf .toml .tsv .txt .xml .xmp .yaml .yml"
_BESIDE_PICTURES = frozenset(_BESIDE.split())


def album_files(folder: Path) -> list[Path]:
    """Every file below the folder that may show somebody, in a stable order.

    Sidecars, texts and hidden files are not part of an album. A folder that is a
    link is not followed, so no loop is possible; it stands in the list itself and
    fails there, because what it holds was not judged.

    Raises:
        AlbumUnreadableError: a folder cannot be read, or there is nothing to judge.
    """
    found: list[Path] = []
    for parent, folders, names in os.walk(folder, onerror=unreadable_folder):
        here = Path(parent)
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [here / name for name in folders if (here / name).is_symlink()]
        found += [here / name for name in names if may_show_somebody(name)]
    if not found:
        raise AlbumUnreadableError(
            "there is no picture in {folder}: name the folder of the album", folder=folder
        )
    return sorted(found)


def may_show_somebody(name: str) -> bool:
    """Whether a file of that name belongs to an album: neither hidden nor a sidecar or a text."""
    return not name.startswith(".") and Path(name).suffix.lower() not in _BESIDE_PICTURES


def clear_files(
    paths: Iterable[Path], use: IntendedUse, house: House, copies: Copies | None = None
) -> Generator[PhotoResult, None, None]:
    """One result per path, in order; a file that cannot be judged is `FAILED`.

    Raises:
        ModelMissingError, BackendMissingError: no file can be judged.
        ConsentError: the registry cannot answer.
    """
    for path in paths:
        yield guarded(path, functools.partial(clear_photo, path, use, house, copies), use, copies)


def clear_looked(
    files: Iterable[AlbumFile],
    crew: Crew,
    use: IntendedUse,
    house: House,
    *,
    memory: Memory | None = None,
    likes: Likes | None = None,
) -> Generator[PhotoResult, None, None]:
    """As `clear_files`, of photos that others look at; without copies.

    `memory` is told every verdict, `likes` what was seen as well.

    Raises:
        ModelMissingError, BackendMissingError, ClusterError: no file can be judged.
        ConsentError: the registry cannot answer.
    """
    known = list(files)
    for file, sight in zip(known, crew.look(known), strict=True):
        result = guarded(file.path, functools.partial(_decided, sight, use, house), use, None)
        if memory:
            memory.compare(result)
        # Of what was seen and could not be decided nobody knows who is in it.
        if likes and isinstance(sight, Sight) and result.sha256 is not None:
            likes.take(sight, result)
        yield result


def not_judged(path: Path, use: IntendedUse) -> PhotoResult:
    """The result of a file that nobody came to look at: it has failed, and says why."""
    problem = NotJudgedError("not judged: the run was stopped before; run it again to go on")
    return PhotoResult(path, Outcome.FAILED, asked=use.channels, use=use, problem=problem)


def _decided(sight: Sight | Exception, use: IntendedUse, house: House) -> PhotoResult:
    if isinstance(sight, Exception):
        raise sight
    result = decide(sight.looked, use, house)
    remember(result, house)
    return result


class Withdraws(Protocol):
    """Whoever makes copies, and removes earlier ones."""

    def withdraw(self, photo: Path) -> bool:
        """Remove an earlier copy; whether there was one."""
        ...


def guarded(
    path: Path, judge: Callable[[], PhotoResult], use: IntendedUse, copies: Withdraws | None
) -> PhotoResult:
    """The verdict on one file, `FAILED` where it cannot be judged; an earlier copy is then gone.

    Args:
        path: of the file.
        judge: gives the verdict.
        use: what it is for.
        copies: makes the copies of the run; None where none are asked for.

    Raises:
        ModelMissingError, BackendMissingError, ClusterError: no file can be judged.
        ConsentError: the registry cannot answer.
    """
    try:
        return judge()
    except (ModelMissingError, BackendMissingError, ClusterError, ConsentError):
        raise
    except (DetectorError, LookBrokenError) as error:
        return _failed(path, error, use, copies)
    except Exception as error:  # noqa: BLE001 - the one guard: a bug fails its file, loudly
        return _failed(path, told_as_bug(error), use, copies)


def _failed(
    path: Path, problem: Exception, use: IntendedUse, copies: Withdraws | None
) -> PhotoResult:
    if copies:
        try:
            # A copy of an earlier run shows an earlier decision.
            copies.withdraw(path)
        except ExportError as error:
            problem = ClearanceError("{first} {second}", first=problem, second=error)
    # A copy: whoever caught the error may still want to know where it came from.
    problem = without_traces(problem)
    return PhotoResult(path, Outcome.FAILED, asked=use.channels, use=use, problem=problem)


def unreadable_folder(error: OSError) -> None:
    """Say that a folder of an album cannot be read.

    Raises:
        AlbumUnreadableError: always.
    """
    raise AlbumUnreadableError(
        "the folder {folder} cannot be read ({reason}); its pictures would be missing from "
        "the answer: change its permissions, or name another album",
        folder=error.filename,
        reason=error.strerror or str(error),
    ) from error
