"""Several processes look, one decides: nothing is lost, and nobody waits for a dead one."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from pathlib import Path
from typing import Any

import pytest

from clearance import crew as crew_module
from clearance.album_sources import AlbumFile
from clearance.commandline import ExitCode
from clearance.crew import FEWEST, Crew, Outfit, Processes, jobs_for
from clearance.errors import LookBrokenError
from clearance.hints import Hints
from clearance.looking import Looked, Sight
from clearance.settings import Settings
from detector.errors import PhotoUnreadableError
from detector.matching import Gallery, Limits
from tests.commands import SAMPLES, run

OUTFIT = Outfit(Settings(), Gallery.empty(), Limits(0.5, 0.6))


def looked(path: Path) -> Sight:
    return Sight(Looked(path, "0" * 64, 10, 10, (), (), Hints()))


class Process(Executor):
    """Looks at once; dies of some photos."""

    def __init__(self, deadly: frozenset[str]) -> None:
        self._deadly = deadly
        self._dead = False

    def submit(self, work: Callable[..., Any], /, *words: Any, **_: Any) -> Future[Any]:
        if self._dead:
            raise BrokenExecutor("a process ended")
        path: Path = words[0].path
        future: Future[Any] = Future()
        if path.name in self._deadly:
            self._dead = True
            future.set_exception(BrokenExecutor("a process ended"))
        elif path.name == "unreadable":
            future.set_exception(PhotoUnreadableError("not a picture"))
        else:
            future.set_result(looked(path))
        return future


def told(names: str, deadly: str = "", jobs: int = 2) -> list[str]:
    paths = [Path(name) for name in names.split()]
    with Crew(jobs, lambda: Process(frozenset(deadly.split()))) as crew:
        found = list(crew.look(map(AlbumFile, paths)))
    return [one.looked.path.name if isinstance(one, Sight) else type(one).__name__ for one in found]


def test_the_order_is_that_of_the_paths() -> None:
    names = " ".join(map(str, range(50)))
    assert told(names) == names.split()
    assert told("") == []


def test_a_photo_that_cannot_be_judged_says_why_and_stops_nothing() -> None:
    assert told("a unreadable b") == ["a", "PhotoUnreadableError", "b"]


@pytest.mark.parametrize("names", ["killer a b c d e f g", "a b c killer d e f g", "a b killer"])
def test_what_a_dead_process_took_along_is_looked_at_again(names: str) -> None:
    expected = [LookBrokenError.__name__ if name == "killer" else name for name in names.split()]
    assert told(names, deadly="killer") == expected


def test_two_photos_may_break_it() -> None:
    assert told("k1 a k2 b", deadly="k1 k2") == ["LookBrokenError", "a", "LookBrokenError", "b"]


def test_only_a_few_photos_wait_at_a_time() -> None:
    asked: list[str] = []

    def paths() -> Any:
        for number in range(100):
            asked.append(str(number))
            yield AlbumFile(Path(str(number)))

    with Crew(2, lambda: Process(frozenset())) as crew:
        looks = crew.look(paths())
        next(looks)
        assert len(asked) <= 8


def test_how_many_processes_there_are() -> None:
    assert jobs_for(FEWEST - 1) == 1
    assert jobs_for(FEWEST) >= 1
    assert jobs_for(100, asked=3) == 3
    assert jobs_for(2, asked=8) == 2


def test_an_album_says_the_same_whoever_looks(demo_registry: Path, tmp_path: Path) -> None:
    for photo in sorted((SAMPLES / "album").iterdir())[:4]:
        (tmp_path / photo.name).write_bytes(photo.read_bytes())
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    asked = ("scan", tmp_path, "--registry", demo_registry, "--channel", "website", "--json")
    alone, crew = (
        run(*asked, "--jobs", jobs).assert_exit(ExitCode.INPUT_OR_OUTPUT) for jobs in (1, 2)
    )
    assert crew.result.stdout == alone.result.stdout
    assert len(alone.result.stdout.splitlines()) > 4


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_process_that_is_killed_is_replaced(
    tmp_path: Path,
) -> None:
    photos = []
    for number in range(4):
        path = tmp_path / f"{number}.jpg"
        path.write_bytes((SAMPLES / "ward-opening.jpg").read_bytes())
        photos.append(path)
    with Crew(1, Processes(1, OUTFIT)) as crew:
        looks = crew.look(map(AlbumFile, photos))
        first = next(looks)
        executor = crew._executor
        assert executor is not None
        (process,) = vars(executor)["_processes"]
        os.kill(process, signal.SIGKILL)
        rest = list(looks)
    assert isinstance(first, Sight)
    seen = [one.looked for one in rest if isinstance(one, Sight)]
    assert [one.path.name for one in seen] == ["1.jpg", "2.jpg", "3.jpg"]
    assert {len(one.faces) for one in seen} == {len(first.looked.faces)}
    assert crew_module._eyes is None
