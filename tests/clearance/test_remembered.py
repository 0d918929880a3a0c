"""What was seen in an earlier run is not looked at again; whatever could differ is."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from clearance.album_sources import AlbumFile
from clearance.commandline import ExitCode
from clearance.crew import Crew, Here
from clearance.hints import Hints
from clearance.looking import Before, Eyes, Looked
from clearance.named_regions import NamedRegion
from clearance.remembered import KEPT_DAYS, Memory, stamp_of
from clearance.results import Outcome, PhotoResult
from clearance.use import IntendedUse
from consent.journal import Journal
from consent.registry import Registry
from detector.detector import Detector
from detector.faces import Box, Certainty, Face, Frame, Landmarks, Match
from detector.matching import Gallery
from detector.second_pictures import Unjudged
from tests.commands import SAMPLES, run

TODAY = dt.date(2026, 11, 27)
POINTS = Landmarks((1, 1), (2, 1), (1.5, 2), (1, 3), (2, 3))
STRANGER = Face(Box(10, 10, 50, 60), 0.93, POINTS, passes=2)
KNOWN = Face(Box(100, 10, 150, 70), 0.97, POINTS)
MATCH = Match(Certainty.CONFIDENT, "p-1", 0.4, 12.5, float("inf"), 0.0001)
SAID = Hints(
    regions=(NamedRegion("Anna", Box(1, 2, 3, 4), "mwg", "Face"),), people=("Anna",), caption="A"
)


@pytest.fixture
def opened(empty_registry: Path) -> Iterator[Registry]:
    with Registry.open(empty_registry) as registry:
        yield registry


def a_gallery(**people: float) -> Gallery:
    rows = {name: [np.full(4, value, np.float32)] * 2 for name, value in people.items()}
    return Gallery.of(rows, "colours")


def memory(
    registry: Registry,
    gallery: Gallery | None = None,
    setting: str = "1",
    on: dt.date = TODAY,
    **more: bool,
) -> Memory:
    return Memory(registry.journal("albums"), setting, gallery or a_gallery(), on, **more)


def a_photo(folder: Path, name: str = "a.jpg", content: bytes = b"picture") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def seen(path: Path, *, people: bool = True) -> Looked:
    import hashlib

    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    faces = (STRANGER, KNOWN) if people else ()
    matches = (Match.nobody(), MATCH) if people else ()
    return Looked(path, sha256, 640, 480, faces, matches, SAID, (Unjudged.GAIN_MAP,))


def kept(
    registry: Registry, *photos: Path, people: bool = True, gallery: Gallery | None = None
) -> None:
    at = memory(registry, gallery)
    for photo in photos:
        at.keep(seen(photo, people=people), stamp_of(photo))
    at.close()


def test_what_was_seen_is_known_again_without_landmarks(opened: Registry, tmp_path: Path) -> None:
    photo = a_photo(tmp_path)
    kept(opened, photo)
    found = memory(opened).known(photo)
    bare = tuple(dataclasses.replace(face, landmarks=None) for face in (STRANGER, KNOWN))
    assert found == dataclasses.replace(seen(photo), faces=bare)
    assert memory(opened, again=True).known(photo) is None


def test_a_file_is_the_same_by_its_bytes(opened: Registry, tmp_path: Path) -> None:
    photo = a_photo(tmp_path)
    kept(opened, photo)
    state = photo.stat()
    photo.write_bytes(b"PICTURE")
    os.utime(photo, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert stamp_of(photo) == (state.st_size, state.st_mtime_ns)
    assert memory(opened).known(photo) is None
    photo.unlink()
    assert memory(opened).known(photo) is None


def test_what_was_seen_with_other_means_does_not_count(opened: Registry, tmp_path: Path) -> None:
    photo = a_photo(tmp_path)
    kept(opened, photo)
    assert memory(opened, setting="2").known(photo) is None
    # It was thrown away by that.
    assert memory(opened).known(photo) is None


def test_whoever_comes_must_be_compared_with_every_face(opened: Registry, tmp_path: Path) -> None:
    crowd, nobody = a_photo(tmp_path), a_photo(tmp_path, "b.jpg", b"landscape")
    kept(opened, crowd, gallery=a_gallery(one=1))
    at = memory(opened, a_gallery(one=1))
    at.keep(seen(nobody, people=False), stamp_of(nobody))
    at.close()
    assert memory(opened, a_gallery(one=1)).known(crowd)
    house = a_gallery(one=1, two=2)
    for after in (memory(opened, house), memory(opened, house)):  # the first was stopped at once
        assert after.known(crowd) is None
        assert after.known(nobody)
        bare = tuple(dataclasses.replace(face, landmarks=None) for face in (STRANGER, KNOWN))
        assert after.before(crowd) == Before(seen(crowd).sha256, bare)
        assert after.before(nobody) is None
        after.close()
    kept(opened, crowd, gallery=house)
    last = memory(opened, house)
    assert last.known(crowd)
    assert last.before(crowd) is None


def test_whoever_goes_must_be_forgotten_where_they_were(opened: Registry, tmp_path: Path) -> None:
    both, other = a_photo(tmp_path), a_photo(tmp_path, "b.jpg", b"another")
    house = a_gallery(**{"p-1": 1, "p-2": 2})
    at = memory(opened, house)
    at.keep(seen(both), stamp_of(both))
    at.keep(
        dataclasses.replace(seen(other), matches=(Match.nobody(), Match.nobody())), stamp_of(other)
    )
    at.close()
    without = memory(opened, a_gallery(**{"p-2": 2}))
    assert without.known(both) is None
    assert without.known(other)
    without.close()
    told = list(opened.journal("albums").records())
    assert not [record for record in told if b"p-1" in record]


def test_new_templates_of_somebody_count_as_coming_and_going(
    opened: Registry, tmp_path: Path
) -> None:
    photo = a_photo(tmp_path)
    kept(opened, photo, gallery=a_gallery(**{"p-1": 1}))
    assert memory(opened, a_gallery(**{"p-1": 3})).known(photo) is None


def test_nothing_is_remembered_for_ever(opened: Registry, tmp_path: Path) -> None:
    photo = a_photo(tmp_path)
    kept(opened, photo)
    days = dt.timedelta(days=KEPT_DAYS)
    assert memory(opened, on=TODAY + days).known(photo)
    assert memory(opened, on=TODAY + days + dt.timedelta(days=1)).known(photo) is None


def test_the_journal_says_nothing_to_others_and_nothing_of_strangers(
    opened: Registry, empty_registry: Path, tmp_path: Path
) -> None:
    photo = a_photo(tmp_path)
    kept(opened, photo)
    raw = (empty_registry / "albums.journal").read_bytes()
    for text in (b"a.jpg", b"Anna", b"p-1", b"faces"):
        assert text not in raw
    told = b"\n".join(opened.journal("albums").records()).decode()
    assert "a.jpg" in told
    assert "landmarks" not in told
    (look,) = [
        json.loads(one) for one in opened.journal("albums").records() if b'"look"' in one[:8]
    ]
    assert look[2]["matches"][0] == {"certainty": "none", "person": None, "contested": False}
    assert look[2]["faces"][0] == [[10, 10, 50, 60], 0.93, 2, 0]


def journal_of(registry: Registry) -> Journal:
    journal = registry.journal("albums")
    journal.begin([b"one", b"two", b"three"])
    journal.close()
    return registry.journal("albums")


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_piece_of_a_record_is_cut_off(opened: Registry, empty_registry: Path, cut: int) -> None:
    journal_of(opened)
    path = empty_registry / "albums.journal"
    path.write_bytes(path.read_bytes()[:-cut])
    assert list(opened.journal("albums").records()) == [b"one", b"two"]


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data[:-3] + bytes([data[-3] ^ 1]) + data[-2:],
        lambda data: data[:20] + data[20 + 4 + 12 + 3 + 16 :],
        lambda data: b"another file" + data,
        lambda data: data + b"\xff\xff\xff\xff",
        lambda _: b"",
    ],
)
def test_an_altered_journal_is_thrown_away(
    opened: Registry, empty_registry: Path, change: Callable[[bytes], bytes]
) -> None:
    journal_of(opened)
    path = empty_registry / "albums.journal"
    path.write_bytes(change(path.read_bytes()))
    assert not list(opened.journal("albums").records())


def test_a_journal_that_another_process_keeps_closed_is_done_without(
    opened: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = journal_of(opened)

    def closed(*_: object) -> None:
        raise PermissionError("another process uses it")

    monkeypatch.setattr("consent.journal.write_whole", closed)
    journal.begin([b"other"])
    journal.add(b"more")
    journal.close()
    assert list(journal.records()) == [b"one", b"two", b"three"]


def test_a_person_who_is_erased_leaves_no_journal(opened: Registry, empty_registry: Path) -> None:
    journal_of(opened)
    run("people", "add", "Anna Keller", "--registry", empty_registry).assert_exit(ExitCode.CLEARED)
    run("people", "erase", "Anna Keller", "--yes", "--registry", empty_registry).assert_exit(
        ExitCode.CLEARED
    )
    assert not (empty_registry / "albums.journal").exists()


def a_result(outcome: Outcome, channel: str = "website") -> PhotoResult:
    use = IntendedUse((channel,), TODAY)
    return PhotoResult(Path("a.jpg"), outcome, use=use)


def test_a_verdict_is_compared_with_that_for_the_same_use(opened: Registry) -> None:
    first = memory(opened)
    first.compare(a_result(Outcome.CLEARED))
    assert not first.changes
    first.close()
    second = memory(opened, setting="other networks")
    second.compare(a_result(Outcome.BLOCKED, "press"))
    assert not second.changes
    second.compare(a_result(Outcome.BLOCKED))
    (change,) = second.changes
    assert (change.before, change.lost, change.won) == (Outcome.CLEARED, True, False)
    second.close()
    third = memory(opened)
    third.compare(a_result(Outcome.BLOCKED))
    assert not third.changes
    third.compare(a_result(Outcome.CLEARED))
    assert third.changes[0].won


def test_an_interrupted_run_goes_on_where_it_stood(opened: Registry, tmp_path: Path) -> None:
    photos = [
        a_photo(tmp_path, f"{number}.jpg", photo.read_bytes())
        for number, photo in enumerate(sorted((SAMPLES / "album").iterdir())[:4])
    ]
    looked: list[str] = []

    def finds(frame: Frame) -> tuple[Face, ...]:
        looked.append(frame.path.name)
        if len(looked) == 3:
            raise KeyboardInterrupt
        return ()

    detector = Detector(lambda: None, lambda: None, "none")  # type: ignore[arg-type,return-value]
    detector.find_faces = finds  # type: ignore[method-assign]
    eyes = Eyes(detector, a_gallery(), None)  # type: ignore[arg-type]

    def once() -> list[object]:
        at = memory(opened)
        with Crew(1, lambda: Here(eyes), at) as crew:
            try:
                return list(crew.look(map(AlbumFile, photos)))
            finally:
                at.close()

    with pytest.raises(KeyboardInterrupt):
        once()
    assert len(once()) == 4
    assert looked == ["0.jpg", "1.jpg", "2.jpg", "2.jpg", "3.jpg"]
    assert len(once()) == 4
    assert len(looked) == 5


def test_a_withdrawal_is_told_of_and_nothing_is_looked_at_again(
    registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    album = tmp_path / "album"
    album.mkdir()
    for photo in ("01.jpg", "03.jpg"):
        (album / photo).write_bytes((SAMPLES / "album" / photo).read_bytes())
    asked = ("scan", album, "--registry", registry, "--channel", "website")
    first = run(*asked, "--lang", "en").assert_exit(ExitCode.CLEARED)
    assert "no longer clear" not in first.result.stdout

    def never(*_: object, **__: object) -> tuple[Face, ...]:
        raise AssertionError("looked at again")

    monkeypatch.setattr(Detector, "find_faces", never)
    second = run(*asked, "--lang", "en").assert_exit(ExitCode.CLEARED)
    assert second.result.stdout == first.result.stdout
    cleared = [
        face["person"]
        for document in run(*asked, "--json").documents
        if document["outcome"] == "cleared"
        for face in document["faces"]
        if face["person"]
    ]
    withdrawn = ("consent", "withdraw", cleared[0], "--channel", "website", "--registry", registry)
    run(*withdrawn).assert_exit(ExitCode.CLEARED)
    # Of this channel only, so that the face may still be compared: nothing is looked at again.
    third = run(*asked, "--lang", "en").assert_exit(ExitCode.NOT_CLEARED)
    assert "no longer clear: the consent was withdrawn" in " ".join(third.result.stdout.split())
    assert "01.jpg" in third.result.stdout
