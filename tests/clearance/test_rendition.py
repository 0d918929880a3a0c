"""A face is judged at the size at which it will be published, and never at a larger one."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from PIL import Image

from clearance.clear import clear_photo, judge
from clearance.copying import Wishes, shown_in
from clearance.rendition import Rendition, fits
from clearance.results import Checks, ExportResult, FaceReason, Outcome, PhotoResult
from clearance.settings import Publication, Settings
from clearance.use import IntendedUse
from consent.registry import Registry
from detector.faces import Box, Certainty, Face, Frame, Landmarks, Match, SizeClass
from detector.photo import open_photo
from tests.clearance.test_judging import house_of
from tests.consent.factories import TODAY, enrol

if TYPE_CHECKING:
    from clearance.copying import Copies
    from detector.detector import Detector

USE = IntendedUse(("website",), TODAY)
FACE = Face(Box(100, 100, 148, 160), 0.9)
NOBODY = Match.nobody()


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.create(tmp_path / "registry") as opened:
        yield opened


@pytest.mark.parametrize(
    ("size", "max_edge", "made"),
    [
        ((2400, 1600), 1600, (1600, 1067)),
        ((1600, 2400), 1600, (1067, 1600)),
        ((2400, 1600), 2399, (2399, 1599)),
        ((60000, 3), 600, (600, 1)),
    ],
)
def test_the_longer_edge_fits(size: tuple[int, int], max_edge: int, made: tuple[int, int]) -> None:
    rendition = Rendition.of(*size, max_edge)
    assert rendition
    assert (rendition.width, rendition.height) == made
    assert rendition.scale == max_edge / max(size)


@pytest.mark.parametrize("max_edge", [0, 2400, 2401, 10_000])
def test_a_picture_is_never_made_larger(max_edge: int) -> None:
    assert Rendition.of(2400, 1600, max_edge) is None


@pytest.mark.parametrize(
    ("max_edge", "sense"), [(0, True), (1, False), (199, False), (200, True), (-1600, False)]
)
def test_a_longest_edge_that_nobody_publishes_is_a_typing_error(max_edge: int, sense: bool) -> None:
    assert fits(max_edge) is sense


@pytest.mark.parametrize(
    ("scale", "size", "outcome"),
    [
        (1.0, SizeClass.RECOGNISABLE, Outcome.BLOCKED),
        (0.5, SizeClass.RECOGNISABLE, Outcome.BLOCKED),
        (0.499, SizeClass.DOUBTFUL, Outcome.REVIEW),
        (0.25, SizeClass.DOUBTFUL, Outcome.REVIEW),
        (0.249, SizeClass.TOO_SMALL, Outcome.NOT_RECOGNISABLE),
    ],
)
def test_a_face_of_48_pixels_at_the_size_of_publication(
    registry: Registry, scale: float, size: SizeClass, outcome: Outcome
) -> None:
    result = judge(FACE, NOBODY, USE, house_of(registry), scale=scale)
    assert (result.size_class, result.outcome) == (size, outcome)


def test_an_institution_that_lets_no_small_face_pass_lets_none_pass(registry: Registry) -> None:
    strict = Settings(publication=Publication(allow_too_small=False))
    result = judge(FACE, NOBODY, USE, house_of(registry, strict), scale=0.1)
    assert result.outcome is Outcome.BLOCKED


@pytest.mark.parametrize("certainty", [Certainty.LOOK, Certainty.CONFIDENT])
def test_somebody_found_in_the_file_is_not_lost_by_making_it_smaller(
    registry: Registry, certainty: Certainty
) -> None:
    match = Match(certainty, enrol(registry), 0.2, 0.4)
    press = IntendedUse(("press",), TODAY)
    result = judge(FACE, match, press, house_of(registry), scale=0.1)
    assert (result.size_class, result.outcome) == (SizeClass.TOO_SMALL, Outcome.BLOCKED)
    assert FaceReason.TOO_SMALL not in result.reasons


def test_a_scaled_face_keeps_its_landmarks_and_holds_all_of_itself() -> None:
    points = [(110.0, 120.0), (138.0, 121.0), (124.0, 135.0), (113.0, 150.0), (136.0, 151.0)]
    face = Face(Box(101, 101, 149, 160), 0.9, Landmarks(*points), view=1)
    small = face.scaled(0.5, 0.25)
    assert small.box == Box(50, 25, 75, 40)
    assert small.landmarks
    assert small.landmarks.points == tuple((x / 2, y / 4) for x, y in points)
    assert (small.score, small.view) == (0.9, 1)
    assert Face(Box(0, 0, 3, 3), 0.9).scaled(2, 2).landmarks is None


class Seen:
    """Stands for what makes copies and remembers what it was told."""

    def make(self, frame: Frame, result: PhotoResult) -> ExportResult:
        self.shown, self.rendition = shown_in(result, Wishes()), result.rendition
        size = (frame.width, frame.height)
        checks = Checks(0, 0, None, 0)
        return ExportResult(frame.path, frame.sha256, *size, (), Outcome.CLEARED, checks)

    def note(self, _frame: Frame, _result: PhotoResult) -> None:
        """Nobody asked for a sidecar."""


def test_a_copy_is_told_who_may_be_seen_at_any_size_and_who_only_small(
    registry: Registry, tmp_path: Path
) -> None:
    large, small, poster = FACE, Face(Box(10, 10, 30, 34), 0.9), Face(Box(300, 10, 400, 140), 0.9)
    photo = tmp_path / "a.png"
    Image.new("RGB", (640, 480)).save(photo)
    picture = open_photo(photo).sha256
    box = (poster.box.left, poster.box.top, poster.box.right, poster.box.bottom)
    registry.say_not_a_face(picture, [box], by="Anna Keller", reason="a poster", on=TODAY)
    detector = SimpleNamespace(find_faces=lambda _: (large, small, poster))
    house = house_of(registry)
    eyes = dataclasses.replace(house.eyes, detector=cast("Detector", detector))
    house = dataclasses.replace(house, eyes=eyes)
    seen = Seen()
    use = IntendedUse(("website",), TODAY, max_edge=320)

    result = clear_photo(photo, use, house, cast("Copies", seen))

    assert result.rendition == Rendition.of(640, 480, 320)
    assert seen.rendition == result.rendition
    assert seen.shown.hidden == (large,)
    assert seen.shown.visible == (poster,)
    assert seen.shown.small == (small,)
    assert seen.shown.cosmetic == ()
    assert list(registry._log.entries())[-1].details["max_edge"] == 320
