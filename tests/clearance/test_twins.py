"""The same bytes are looked at once, and never believed of others."""

from __future__ import annotations

import dataclasses
import hashlib
import zipfile
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

from clearance.album_sources import AlbumFile, AlbumSources
from clearance.crew import Crew
from clearance.hints import Hints
from clearance.looking import Looked, Sight
from clearance.twins import Twins
from detector.errors import PhotoUnreadableError
from detector.photo import read_file


@dataclasses.dataclass
class Looking(Executor):
    """Looks at once and notes at what; `changed` is exchanged before it is looked at."""

    changed: str = ""
    looked: list[str] = dataclasses.field(default_factory=list)

    def submit(self, work: Callable[..., Any], /, *words: Any, **_: Any) -> Future[Any]:
        path: Path = words[0].path
        self.looked.append(path.name)
        future: Future[Any] = Future()
        if path.name == self.changed:
            path.write_bytes(b"another")
        content = path.read_bytes()
        if content == b"damaged":
            future.set_exception(PhotoUnreadableError("{name}: damaged", name=path.name))
        else:
            sha256 = hashlib.sha256(content).hexdigest()
            future.set_result(Sight(Looked(path, sha256, 1, 1, (), (), Hints())))
        return future


def looked_at(folder: Path, files: dict[str, bytes], changed: str = "") -> tuple[Any, list[str]]:
    for name, content in files.items():
        (folder / name).write_bytes(content)
    album = [AlbumFile(folder / name) for name in files]
    looking = Looking(changed)
    twins: Twins[Future[Sight]] = Twins(album, lambda path: path.stat().st_size, read_file)
    with Crew(2, lambda: looking, twins=twins) as crew:
        found = list(crew.look(album))
    told = [
        (one.looked.path.name, one.looked.sha256[:4]) if isinstance(one, Sight) else str(one)
        for one in found
    ]
    return told, looking.looked


def test_the_same_bytes_are_looked_at_once_and_told_of_each_file(tmp_path: Path) -> None:
    told, looked = looked_at(tmp_path, {"a": b"one", "b": b"two", "c": b"one", "d": b"three"})
    assert [name for name, _ in told] == ["a", "b", "c", "d"]
    assert told[0][1] == told[2][1] != told[1][1]
    assert looked == ["a", "b", "d"]


def test_a_reason_names_its_own_file(tmp_path: Path) -> None:
    told, looked = looked_at(tmp_path, {"a": b"damaged", "b": b"damaged"})
    assert told == ["a: damaged", "b: damaged"]
    assert looked == ["a", "b"]


def test_a_file_that_changes_meanwhile_is_no_twin(tmp_path: Path) -> None:
    """What is seen of the first file is of other bytes than those of the second."""
    told, looked = looked_at(tmp_path, {"a": b"same", "b": b"same"}, changed="a")
    assert told[0][1] != told[1][1]
    assert looked == ["a", "b"]


def test_files_of_an_archive_have_twins_outside(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"the same")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("c.jpg", b"the same")
        archive.writestr("d.jpg", b"longer than that")
    with AlbumSources([tmp_path / "a.jpg", tmp_path / "b.zip"]) as sources:
        twins: Twins[str] = Twins(sources.files, sources.size, sources.read)
        begun = [twins.begin(file, lambda file=file: file.path.name) for file in sources.files]  # type: ignore[misc]
    assert [name for name, _ in begun] == ["a.jpg", "a.jpg", "d.jpg"]
    assert [bool(same) for _, same in begun] == [False, True, False]
