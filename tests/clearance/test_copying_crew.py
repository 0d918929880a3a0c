"""Several processes make the copies, one decides: nothing is lost, and nothing is left behind."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import pickle
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from clearance.album import clear_files
from clearance.album_sources import AlbumFile
from clearance.clear import House
from clearance.copying import Copies, Wishes
from clearance.copying_crew import IN_A_PROCESS, AtHand, CopyingCrew, Hands, Work, workshop
from clearance.crew import Outfit
from clearance.export import Exporter, Manner
from clearance.fills import Look, Style
from clearance.kept_copies import Kept, KeptCopies
from clearance.looking import Eyes, Sight
from clearance.making import Commission, Made, examiner_with
from clearance.masks import Drawn
from clearance.naming import Naming
from clearance.remembered import KEPT_DAYS, Memory
from clearance.results import Outcome, PhotoResult
from clearance.settings import Settings
from clearance.use import IntendedUse
from clearance.verification import Examiner
from consent.registry import Registry
from detector.detector import Detector
from detector.faces import Box, Face, Frame, Landmarks
from detector.matching import Gallery
from detector.photo import open_photo
from tests.commands import SAMPLES

TODAY = dt.date(2026, 11, 27)
USE = IntendedUse(("website",), TODAY)
MAGENTA = (230, 20, 230)
SETTINGS = Settings()


def squares(frame: Frame) -> tuple[Face, ...]:
    """A face finder for tests: each of the places at which magenta is to be seen is a face."""
    red, green, blue = np.moveaxis(frame.pixels.astype(int), 2, 0)
    magenta = (red > 180) & (green < 90) & (blue > 180)
    found = []
    for left in (20, 90, 160):
        if magenta[30:70, left : left + 30].mean() > 0.5:
            box = Box(left, 30, left + 30, 70)
            points = Landmarks(
                (left + 8, 42), (left + 22, 42), (left + 15, 50), (left + 9, 60), (left + 21, 60)
            )
            found.append(Face(box, 0.9, points))
    return tuple(found)


def picture(path: Path, *lefts: int, shade: int = 90) -> Path:
    """A grey picture with a face at each of these places."""
    pixels = np.full((100, 220, 3), shade, dtype=np.uint8)
    for left in lefts:
        pixels[30:70, left : left + 30] = MAGENTA
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def album(folder: Path, count: int = 5) -> list[Path]:
    return [picture(folder / f"{n}.png", 20, 90, shade=60 + n) for n in range(count)]


@pytest.fixture
def opened(empty_registry: Path) -> Iterator[Registry]:
    with Registry.open(empty_registry) as registry:
        yield registry


def a_house(registry: Registry | None = None) -> House:
    detector = Detector(lambda: None, lambda: None, "none")  # type: ignore[arg-type,return-value]
    detector.find_faces = squares  # type: ignore[method-assign]
    return House(SETTINGS, registry, Eyes(detector, Gallery.empty(), None))  # type: ignore[arg-type]


EXAMINER = Examiner(open_photo, squares)


@dataclasses.dataclass
class Asked:
    """What was asked of the workers, by the names of the photos."""

    hands: Hands
    looks: list[str] = dataclasses.field(default_factory=list)
    copies: list[str] = dataclasses.field(default_factory=list)
    before: Callable[[Commission], None] = lambda _: None

    @property
    def work(self) -> Work:
        return Work(self.look, self.make)

    def look(self, file: AlbumFile) -> Sight:
        self.looks.append(file.path.name)
        return self.hands.look(file)

    def make(self, order: Commission) -> Made:
        self.before(order)
        self.copies.append(order.file.path.name)
        return self.hands.make(order)


class Run:
    """A run over an album; `kept` and `memory` are those of the registry."""

    def __init__(
        self,
        photos: Sequence[Path],
        out: Path,
        registry: Registry | None = None,
        *,
        wishes: Wishes | None = None,
        manner: Manner | None = None,
        setting: str = "1",
        on: dt.date = TODAY,
        again: bool = False,
    ) -> None:
        self.photos, self.out = photos, out
        self.house = a_house(registry)
        self.asked = Asked(Hands(self.house.eyes, examiner=EXAMINER))
        self.kept = (
            KeptCopies(registry.journal("copies"), setting, on, again=again) if registry else None
        )
        self.memory = (
            Memory(registry.journal("albums"), setting, Gallery.empty(), on) if registry else None
        )
        naming = Naming(registry, SETTINGS.consent) if registry else None
        self.copies = Copies(
            Exporter(out, photos, EXAMINER, manner=manner),
            wishes or Wishes(),
            naming,
            SETTINGS.publication,
            kept=self.kept,
        )

    def results(
        self, start: Callable[[], Executor] = AtHand, jobs: int = 2
    ) -> Iterator[PhotoResult]:
        crew = CopyingCrew(jobs, start, self.asked.work)
        files = map(AlbumFile, self.photos)
        try:
            with crew:
                yield from crew.clear(files, USE, self.house, self.copies, memory=self.memory)
        finally:
            for journal in (self.kept, self.memory):
                if journal:
                    journal.close()

    def __call__(self, start: Callable[[], Executor] = AtHand, jobs: int = 2) -> list[PhotoResult]:
        return list(self.results(start, jobs))


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("jobs", [1, 3])
def test_a_crew_says_and_writes_what_one_process_does(tmp_path: Path, jobs: int) -> None:
    photos = [*album(tmp_path / "in"), picture(tmp_path / "in" / "empty.png")]
    (tmp_path / "in" / "broken.png").write_bytes(b"no picture")
    photos.insert(2, tmp_path / "in" / "broken.png")
    single = Run(photos, tmp_path / "out")
    alone = list(clear_files(photos, USE, single.house, single.copies))
    said = [(one.outcome, one.faces, one.export, str(one.problem)) for one in alone]
    made = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    crew = Run(photos, tmp_path / "out")(jobs=jobs)
    assert [one.path for one in crew] == photos
    assert [(one.outcome, one.faces, one.export, str(one.problem)) for one in crew] == said
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == made
    assert len(made) == 6


class Mortal(Executor):
    """Works at once; dies, with all that it was given, of what it is told to."""

    def __init__(self, dies_of: Callable[[Any], bool]) -> None:
        self._dies_of = dies_of
        self._dead = False

    def submit(self, work: Callable[..., Any], /, *words: Any, **_: Any) -> Future[Any]:
        if self._dead:
            raise BrokenExecutor("a process ended")
        future: Future[Any] = Future()
        if self._dies_of(words[0]):
            self._dead = True
            if isinstance(words[0], Commission):
                words[0].temporary.parent.mkdir(exist_ok=True)
                words[0].temporary.write_bytes(b"half a copy")
            future.set_exception(BrokenExecutor("a process ended"))
            return future
        try:
            future.set_result(work(*words))
        except Exception as error:  # noqa: BLE001 - as from a process
            future.set_exception(error)
        return future


@pytest.mark.parametrize("stage", [AlbumFile, Commission])
@pytest.mark.parametrize("deadly", ["0.png", "2.png", "4.png"])
def test_a_photo_that_kills_its_process_fails_alone(
    tmp_path: Path, stage: type[Any], deadly: str
) -> None:
    photos = album(tmp_path / "in")
    stale = picture(tmp_path / "out" / deadly, 20)

    def kills(word: Any) -> bool:
        file = word.file if isinstance(word, Commission) else word
        return isinstance(word, stage) and file.path.name == deadly

    results = Run(photos, tmp_path / "out")(lambda: Mortal(kills))
    expected = {path.name: path.name != deadly for path in photos}
    assert {one.path.name: one.export is not None for one in results} == expected
    (failed,) = (one for one in results if one.path.name == deadly)
    assert failed.outcome is Outcome.FAILED
    assert "broke down" in str(failed.problem)
    assert bool(failed.faces) is (stage is Commission), "of the verdict nothing is lost"
    assert not stale.exists()
    assert files(tmp_path / "out") == sorted(name for name, made in expected.items() if made)


@pytest.mark.parametrize("stage", [AlbumFile, Commission])
def test_a_process_that_dies_by_accident_takes_nothing_along(
    tmp_path: Path, stage: type[Any]
) -> None:
    photos = album(tmp_path / "in")
    killed: list[Path] = []

    def kills_once(word: Any) -> bool:
        file = word.file if isinstance(word, Commission) else word
        if killed or not isinstance(word, stage) or file.path.name != "2.png":
            return False
        killed.append(file.path)
        return True

    results = Run(photos, tmp_path / "out")(lambda: Mortal(kills_once))
    assert killed
    assert {one.outcome for one in results} == {Outcome.BLOCKED}
    assert files(tmp_path / "out") == [path.name for path in photos]


def test_a_photo_that_changes_after_its_verdict_has_no_copy(tmp_path: Path) -> None:
    photos = album(tmp_path / "in", 3)
    stale = picture(tmp_path / "out" / "1.png", 20)
    run = Run(photos, tmp_path / "out")

    def exchanged(order: Commission) -> None:
        if order.file.path.name == "1.png":
            picture(order.file.path, 20, 90, 160)

    run.asked.before = exchanged
    results = run()
    assert [one.outcome for one in results] == [Outcome.BLOCKED, Outcome.FAILED, Outcome.BLOCKED]
    assert "was changed since it was judged" in str(results[1].problem)
    assert "was removed" in str(results[1].problem)
    assert not stale.exists()


def test_a_photo_that_is_gone_after_its_verdict_has_no_copy(tmp_path: Path) -> None:
    photos = album(tmp_path / "in", 2)
    stale = picture(tmp_path / "out" / "1.png", 20)
    run = Run(photos, tmp_path / "out")
    run.asked.before = lambda order: order.file.path.unlink()
    assert {one.outcome for one in run()} == {Outcome.FAILED}
    assert not stale.exists()
    assert files(tmp_path / "out") == []


def test_ctrl_c_leaves_neither_a_piece_nor_a_stale_copy(tmp_path: Path) -> None:
    photos = album(tmp_path / "in")
    for name in ("1.png", "2.png", "4.png"):
        picture(tmp_path / "out" / name, 20)
    run = Run(photos, tmp_path / "out")
    make = run.asked.hands.make

    def interrupted(order: Commission) -> Made:
        made = make(order)
        assert order.temporary.exists()
        if order.file.path.name == "2.png":
            raise KeyboardInterrupt
        return made

    run.asked.hands.make = interrupted  # type: ignore[method-assign]
    results = run.results(jobs=1)
    told = [next(results).path.name, next(results).path.name]
    with pytest.raises(KeyboardInterrupt):
        next(results)
    assert told == ["0.png", "1.png"]
    # Nobody has said anything about the last photo in this run.
    assert files(tmp_path / "out") == ["0.png", "1.png", "4.png"]
    assert (tmp_path / "out" / "1.png").read_bytes() != (tmp_path / "out" / "4.png").read_bytes()


class Slow(Executor):
    """Ends its work only when it is shut down, as a process does that cannot be stopped."""

    def __init__(self, at_once: type[Any]) -> None:
        self._at_once = at_once
        self._later: list[tuple[Future[Any], Callable[[], Any]]] = []

    def submit(self, work: Callable[..., Any], /, *words: Any, **_: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if isinstance(words[0], self._at_once):
            future.set_result(work(*words))
        else:
            future.set_running_or_notify_cancel()
            self._later.append((future, lambda: work(*words)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        for future, work in self._later:
            future.set_result(work())
        self._later = []


def test_what_a_process_ends_after_ctrl_c_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = album(tmp_path / "in", 3)
    picture(tmp_path / "out" / "0.png", 20)
    run = Run(photos, tmp_path / "out")

    def waits(futures: Sequence[Future[Any]], **_: object) -> tuple[set[Future[Any]], None]:
        done = {future for future in futures if future.done()}
        if not done:
            raise KeyboardInterrupt
        return done, None

    monkeypatch.setattr("clearance.copying_crew.wait", waits)
    with pytest.raises(KeyboardInterrupt):
        run(lambda: Slow(AlbumFile))
    assert len(run.asked.copies) == 3, "they were made to their end"
    assert files(tmp_path / "out") == []


def test_only_a_few_photos_are_under_way_at_a_time(tmp_path: Path) -> None:
    photos = album(tmp_path / "in", 12)
    run = Run(photos, tmp_path / "out")
    results = run.results(jobs=2)
    next(results)
    assert len(run.asked.looks) <= 7
    assert len(list(results)) == 11


def test_two_photos_with_one_name_both_get_no_copy(tmp_path: Path) -> None:
    photos = [picture(tmp_path / day / "a.png", 20) for day in ("monday", "tuesday")]
    stale = picture(tmp_path / "out" / "a.png", 20)
    results = Run(photos, tmp_path / "out")()
    assert [one.outcome for one in results] == [Outcome.FAILED, Outcome.FAILED]
    assert all("Several photos" in str(one.problem) for one in results)
    assert not stale.exists()


def test_a_commission_is_small_and_can_be_sent(tmp_path: Path) -> None:
    (photo,) = album(tmp_path / "in", 1)
    run = Run([photo], tmp_path / "out")
    orders: list[Commission] = []
    run.asked.before = orders.append
    run()
    sent = pickle.dumps(orders[0])
    assert pickle.loads(sent) == orders[0]
    assert len(sent) < 10_000


# --- what was made once ---------------------------------------------------------------------


def test_an_album_that_was_exported_is_neither_looked_at_nor_made_again(
    opened: Registry, tmp_path: Path
) -> None:
    photos = album(tmp_path / "in")
    first = Run(photos, tmp_path / "out", opened)
    before = first()
    assert len(first.asked.looks) == len(first.asked.copies) == 5
    stamps = [path.stat().st_mtime_ns for path in sorted((tmp_path / "out").iterdir())]
    second = Run(photos, tmp_path / "out", opened)
    after = second()
    assert (second.asked.looks, second.asked.copies) == ([], [])
    assert [one.export for one in after] == [one.export for one in before]
    assert [one.outcome for one in after] == [one.outcome for one in before]
    assert [path.stat().st_mtime_ns for path in sorted((tmp_path / "out").iterdir())] == stamps
    logged = [entry for entry in opened.audit_entries() if entry.action == "photo.checked"]
    assert len(logged) == 10, "what was taken over is logged like any other verdict"


def test_a_verified_copy_is_taken_over_where_the_photo_was_looked_at_anew(
    opened: Registry, tmp_path: Path
) -> None:
    photos = album(tmp_path / "in", 2)
    Run(photos, tmp_path / "out", opened)()
    second = Run(photos, tmp_path / "out", opened)
    second.memory = None
    second()
    assert len(second.asked.looks) == 2
    assert second.asked.copies == []


def changed_copy(run: Run) -> None:
    path = run.out / "1.png"
    path.write_bytes(path.read_bytes() + b"\0")


def removed_copy(run: Run) -> None:
    (run.out / "1.png").unlink()


def linked_copy(run: Run) -> None:
    path = run.out / "1.png"
    path.symlink_to(path.rename(run.out / "elsewhere.png"))


def changed_photo(run: Run) -> None:
    picture(run.photos[1], 20, shade=200)


@pytest.mark.parametrize("change", [changed_copy, removed_copy, linked_copy, changed_photo])
def test_what_is_not_the_same_to_the_byte_is_made_anew(
    opened: Registry, tmp_path: Path, change: Callable[[Run], None]
) -> None:
    photos = album(tmp_path / "in", 3)
    change_in = Run(photos, tmp_path / "out", opened)
    change_in()
    change(change_in)
    again = Run(photos, tmp_path / "out", opened)
    results = again()
    assert again.asked.copies == ["1.png"]
    assert {one.outcome for one in results} == {Outcome.BLOCKED}
    copy = tmp_path / "out" / "1.png"
    assert not copy.is_symlink()
    assert not squares(open_photo(copy))


@pytest.mark.parametrize(
    "other",
    [
        {"wishes": Wishes(look=Look(Style.STRIPES))},
        {"wishes": Wishes(drawn=(Drawn.parse("box:1,1,9,9"),))},
        {"wishes": Wishes(crop=True)},
        {"manner": Manner(format="jpg")},
        {"setting": "other networks"},
        {"on": TODAY + dt.timedelta(days=KEPT_DAYS + 1)},
        {"again": True},
    ],
    ids=["style", "mask", "crop", "format", "networks", "months later", "again"],
)
def test_a_copy_that_rests_on_something_else_is_made_anew(
    opened: Registry, tmp_path: Path, other: dict[str, Any]
) -> None:
    photos = album(tmp_path / "in", 2)
    Run(photos, tmp_path / "out", opened)()
    second = Run(photos, tmp_path / "out", opened, **other)
    second()
    assert second.asked.copies == ["0.png", "1.png"]


def test_what_runs_met_again_is_kept(opened: Registry, tmp_path: Path) -> None:
    photos = album(tmp_path / "in", 1)
    Run(photos, tmp_path / "out", opened)()
    for days in (KEPT_DAYS - 1, 2 * KEPT_DAYS - 2):
        later = Run(photos, tmp_path / "out", opened, on=TODAY + dt.timedelta(days=days))
        later()
        assert later.asked.copies == []


def test_a_refused_copy_is_not_taken_over(opened: Registry, tmp_path: Path) -> None:
    """Whose copies were of two folders side by side may not share a name in one."""
    photos = [picture(tmp_path / day / "a.png", 20) for day in ("monday", "tuesday")]
    Run(photos[:1], tmp_path / "out", opened)()
    assert files(tmp_path / "out") == ["a.png"]
    results = Run(photos, tmp_path / "out", opened)()
    assert [one.outcome for one in results] == [Outcome.FAILED, Outcome.FAILED]
    assert files(tmp_path / "out") == []


def test_without_a_registry_nothing_is_kept(tmp_path: Path) -> None:
    photos = album(tmp_path / "in", 2)
    Run(photos, tmp_path / "out")()
    second = Run(photos, tmp_path / "out")
    second()
    assert len(second.asked.copies) == 2
    assert not list(tmp_path.rglob("*.journal"))


def test_an_interrupted_export_goes_on_where_it_stood(opened: Registry, tmp_path: Path) -> None:
    photos = album(tmp_path / "in")
    first = Run(photos, tmp_path / "out", opened)

    def third(order: Commission) -> None:
        if order.file.path.name == "2.png":
            raise KeyboardInterrupt

    first.asked.before = third
    with pytest.raises(KeyboardInterrupt):
        first(jobs=1)
    second = Run(photos, tmp_path / "out", opened)
    assert len(second(jobs=1)) == 5
    assert second.asked.copies == ["2.png", "3.png", "4.png"]
    assert files(tmp_path / "out") == [f"{n}.png" for n in range(5)]


def test_a_face_that_only_the_copy_showed_is_told_of_again(
    opened: Registry, tmp_path: Path
) -> None:
    photos = album(tmp_path / "in", 1)
    corner = Face(Box(150, 80, 170, 95), 0.5)

    def sees_more(frame: Frame) -> tuple[Face, ...]:
        return (*squares(frame), corner)

    first = Run(photos, tmp_path / "out", opened)
    first.asked.hands = Hands(first.house.eyes, examiner=Examiner(open_photo, sees_more))
    (before,) = first()
    second = Run(photos, tmp_path / "out", opened)
    (after,) = second()
    assert second.asked.copies == []
    assert [face.face.box for face in after.faces] == [face.face.box for face in before.faces]
    assert after.faces[-1].face.box == corner.box
    assert after.export == before.export


def test_the_journal_says_nothing_to_others_and_holds_no_landmark(
    opened: Registry, empty_registry: Path, tmp_path: Path
) -> None:
    photos = album(tmp_path / "in", 1)
    Run(photos, tmp_path / "out", opened)()
    raw = (empty_registry / "copies.journal").read_bytes()
    for text in (b"copy", b"sha256", b"0.png"):
        assert text not in raw
    records = [json.loads(record) for record in opened.journal("copies").records()]
    assert [record[0] for record in records] == ["head", "copy"]
    told = json.dumps(records)
    assert "landmarks" not in told
    assert "0.png" not in told


def test_a_kept_copy_is_read_as_it_was_written(opened: Registry, tmp_path: Path) -> None:
    (photo,) = album(tmp_path / "in", 1)
    run = Run([photo], tmp_path / "out")
    made: list[Made] = []
    make = run.asked.hands.make
    run.asked.hands.make = lambda order: made.append(make(order)) or made[0]  # type: ignore[method-assign,func-returns-value]
    run()
    appeared = Face(Box(1, 2, 3, 4), 0.123456789012345, passes=3, view=1)
    one = Kept(dataclasses.replace(made[0], appeared=(appeared,)), Box(0, 1, 2, 3), None)
    kept = KeptCopies(opened.journal("copies"), "1", TODAY)
    kept.keep("d", one)
    kept.close()
    found = KeptCopies(opened.journal("copies"), "1", TODAY)
    assert found.made("d") == one
    assert found.made("e") is None
    found.close()


def test_real_processes_make_the_same_copies(tmp_path: Path) -> None:
    photos = []
    for photo in sorted((SAMPLES / "album").iterdir())[:2]:
        photos.append(tmp_path / photo.name)
        photos[-1].write_bytes(photo.read_bytes())
    settings = Settings()
    house = House.open(settings, Detector.load(threads=1), None, TODAY)

    def results(out: Path, start: Callable[[], Executor], jobs: int, work: Work) -> Any:
        examiner = examiner_with(house.eyes.detector, compared=True)
        copies = Copies(Exporter(out, photos, examiner), Wishes(), None, settings.publication)
        with CopyingCrew(jobs, start, work) as crew:
            return list(crew.clear(map(AlbumFile, photos), USE, house, copies))

    hands = Hands(house.eyes, holds=True)
    here = results(tmp_path / "here", AtHand, 1, Work(hands.look, hands.make))
    outfit = Outfit(settings, house.eyes.gallery, house.eyes.limits)
    there = results(tmp_path / "there", workshop(2, outfit), 2, IN_A_PROCESS)
    assert [one.export.sha256 for one in there] == [one.export.sha256 for one in here]
    assert [one.faces for one in there] == [one.faces for one in here]
    assert all(one.export.hidden for one in here)
