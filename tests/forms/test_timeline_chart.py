"""A video in the reports: its timeline, its people, and pictures that show nobody uncleared."""

from __future__ import annotations

import csv
import dataclasses
import io
import itertools
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from clearance.language import LANGUAGES, language
from clearance.rendition import Rendition
from clearance.results import FaceReason, Outcome, PhotoResult, UncertainSpan, VideoResult
from detector.errors import PhotoUnreadableError
from detector.faces import Box, Frame, SmallPhoto
from forms.clearance_report import ReportHead, write_report
from forms.contact_cells import moments
from forms.contact_sheet import Grid, write_contact_sheet
from forms.report_parts import COLOURS, SHOWN
from forms.report_stills import Stills
from forms.report_video import VideoReport
from forms.report_words import ReportWords, what_may_go_out
from forms.timeline_chart import (
    CROWDED,
    Bar,
    Row,
    Timeline,
    TimelineChart,
    axis,
    lines,
    pattern,
    ticks,
)
from forms.timeline_svg import timeline_as_svg
from forms.typeface import register_typeface
from tests.forms.judged import HEAD, SKIN, WALL, a_photo, a_result
from tests.forms.paper import images, words
from tests.forms.test_report_json import VALIDATOR
from tests.forms.videos import (
    COPY_SHA256,
    PLACE,
    SHA256,
    a_copy,
    a_crowd,
    a_still,
    a_track,
    a_video,
    the_whole_clip,
)

if TYPE_CHECKING:
    from detector.faces import Pixels
    from forms.clearance_report import Still

ENGLISH = language("en")
ANNA = a_track(0, 0, 10, Outcome.CLEARED, person="k7", name="Anna Keller")


def no_photo(path: Path) -> Frame:
    raise AssertionError(f"{path} was opened as a photo")


def report(
    path: Path, *results: PhotoResult, still: Still | None = a_still, head: ReportHead = HEAD
) -> Path:
    write_report(results, path, head, no_photo, still=still)
    return path


def seen(path: Path, colour: tuple[int, ...]) -> int:
    """How many pixels of all pages have about this colour."""
    return sum(
        int((np.abs(np.asarray(page, dtype=int) - colour).max(axis=2) < 40).sum())
        for page in images(path, dots_per_inch=90)
    )


def drawn(folder: Path, timeline: Timeline) -> Image.Image:
    """The chart as it is seen on paper."""
    register_typeface()
    chart = TimelineChart(timeline, ENGLISH, 500)
    path = folder / "chart.pdf"
    canvas = Canvas(str(path), pagesize=(500, chart.wrap(0, 0)[1]))
    chart.drawOn(canvas, 0, 0)
    canvas.save()
    return images(path, dots_per_inch=144)[0]


# --- the chart --------------------------------------------------------------------------------


@pytest.mark.parametrize("duration", [0.3, 1, 4, 29.97, 60, 61, 754.2, 3600, 7200, 40000, 400000])
def test_the_axis_has_a_few_even_marks_from_the_start(duration: float) -> None:
    marks = ticks(duration, 11)
    assert marks[0] == 0
    assert 2 <= len(marks) <= 11
    assert marks[-1] <= duration * (1 + 1e-9)
    steps = {round(after - before, 6) for before, after in itertools.pairwise(marks)}
    assert len(steps) == 1
    # No large part at the end is without a mark.
    assert duration - marks[-1] < 2 * steps.pop()


def test_the_axis_is_in_minutes_and_seconds() -> None:
    assert [said for _, said in axis(40)][:3] == ["0:00", "0:05", "0:10"]
    assert [said for _, said in axis(7200)][-1] == "2:00:00"
    assert axis(1)[1][1] == "0:00.1"
    assert axis(1)[1][0] == pytest.approx(0.1)
    assert axis(0) == [(0.0, "0:00")]


def test_a_row_is_a_person_and_strangers_have_one_each() -> None:
    clip = the_whole_clip()
    chart = VideoReport(ReportWords.of([clip], HEAD), clip).timeline
    assert [row.label for row in chart.rows][:3] == [
        "1, 4 · Anna Keller",
        "2 · unknown",
        "3 · perhaps Zoé Amsler",
    ]
    assert [(bar.start, bar.end) for bar in chart.rows[0].bars] == [(0.0, 12.4), (20.0, 31.0)]
    assert chart.rows[1].lost == ((9.6, 12.4),)
    # Of a track that is none of these.
    assert chart.lost == ((36.0, 38.0),)


def test_no_track_is_drawn_twice_or_forgotten() -> None:
    crowd = a_crowd(60)
    chart = VideoReport(ReportWords.of([crowd], HEAD), crowd).timeline
    spans = [(bar.start, bar.end) for row in chart.rows for bar in row.bars]
    assert sorted(spans) == sorted((track.start, track.end) for track in crowd.tracks)
    parts = list(chart.parts(25))
    assert [len(part.rows) for part in parts] == [25, 25, 10]
    assert tuple(row for part in parts for row in part.rows) == chart.rows


def test_cuts_that_are_too_near_are_one_line() -> None:
    cuts = tuple(number / 100 for number in range(1000))
    places = lines(Timeline(10.0, (), cuts), 400)
    assert all(after - before > 1 for before, after in itertools.pairwise(places))
    assert len(lines(Timeline(10.0, (), (2.0, 5.0)), 400)) == 2
    assert lines(Timeline(10.0, (), (5.0,)), 400) == [200.0]


@pytest.mark.parametrize("outcome", Outcome)
def test_bars_are_where_somebody_is(tmp_path: Path, outcome: Outcome) -> None:
    page = np.asarray(
        drawn(tmp_path, Timeline(10.0, (Row("x", (Bar(5.0, 7.5, outcome),)),))), dtype=int
    )
    colour = tuple(round(255 * part) for part in COLOURS[outcome].rgb())
    plot = 500 * 0.24
    # The row, without the label and the axis below.
    part = page[14:38]
    part[:, : round(2 * plot)] = 255
    there = (np.abs(part - colour).max(axis=2) < 40).any(axis=0).nonzero()[0] / 2
    assert there.min() == pytest.approx(plot + 380 * 0.5, abs=1.5)
    assert there.max() == pytest.approx(plot + 380 * 0.75, abs=1.5)


def test_a_moment_of_a_long_video_can_be_seen(tmp_path: Path) -> None:
    row = Row("x", (Bar(7199.9, 7200.0, Outcome.BLOCKED),))
    page = np.asarray(drawn(tmp_path, Timeline(7200.0, (row,))), dtype=int)[:40]
    red = tuple(round(255 * part) for part in COLOURS[Outcome.BLOCKED].rgb())
    assert (np.abs(page - red).max(axis=2) < 60).sum() > 10


def test_verdicts_differ_without_their_colour() -> None:
    drawings = {outcome: tuple(pattern(outcome, 40, 9)) for outcome in Outcome}
    assert len(set(drawings.values())) == len(Outcome)
    # Whoever may be shown is not struck through; everybody else is.
    for outcome, made in drawings.items():
        slanting = any(x != to_x and y != to_y for x, y, to_x, to_y in made)
        assert slanting is (outcome in {Outcome.REVIEW, Outcome.BLOCKED})
        assert all(0 <= x <= 40 and 0 <= y <= 9 for x, y, *_ in made)
        assert all(0 <= x <= 40 and 0 <= y <= 9 for *_, x, y in made)


def test_bars_differ_in_grey(tmp_path: Path) -> None:
    def grey(outcome: Outcome) -> np.ndarray:
        chart = Timeline(10.0, (Row("x", (Bar(1.0, 9.0, outcome),)),))
        # Without the sign at its left and without the key.
        page = np.asarray(drawn(tmp_path, chart).convert("L"), dtype=int)[14:40]
        return np.asarray(page[:, 400:800] > 160)

    bars = {outcome: grey(outcome) for outcome in Outcome}
    for one, other in itertools.combinations(Outcome, 2):
        assert (bars[one] != bars[other]).mean() > 0.02, (one, other)


def test_where_somebody_may_be_anywhere_is_hatched(tmp_path: Path) -> None:
    row = Row("x", (Bar(0.0, 2.0, Outcome.BLOCKED),), ((2.0, 8.0),))
    page = np.asarray(drawn(tmp_path, Timeline(10.0, (row,))).convert("L"))[14:40, 500:800]
    dark = (page < 110).mean()
    assert 0.05 < dark < 0.6


def test_cuts_run_through_the_rows_unless_there_are_too_many(tmp_path: Path) -> None:
    rows = (Row("x", ()),) * 3

    def middle(count: int) -> int:
        cuts = tuple(10 * (n + 1) / (count + 1) for n in range(count))
        page = np.asarray(drawn(tmp_path, Timeline(10.0, rows, cuts)).convert("L"))
        return int((page[50, 240:] < 200).sum())

    assert middle(0) == 0
    assert middle(3) >= 3
    assert middle(CROWDED + 50) == 0


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_same_chart_is_on_a_page(code: str) -> None:
    clip = the_whole_clip()
    head = dataclasses.replace(HEAD, language=language(code))
    said = VideoReport(ReportWords.of([clip], head), clip)
    text = timeline_as_svg(said.timeline, language(code), said.chart_aloud)
    page = ET.fromstring(text.replace("&nbsp;", " "))
    chart = next(iter(page))
    wide, high = map(float, chart.attrib["viewBox"].split()[2:])
    for box in chart.iter("rect"):
        left, top, width, height = (float(box.attrib[key]) for key in ("x", "y", "width", "height"))
        assert 0 <= left <= left + width <= wide + 0.1
        assert 0 <= top <= top + height <= high
    for path in chart.iter("path"):
        for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", path.attrib["d"]):
            assert -0.1 <= float(x) <= wide + 0.1
            assert -0.1 <= float(y) <= high
    assert "0:00.0 – 0:12.4" in chart.attrib["aria-label"]
    labels = [element.text for element in chart.iter("text")]
    assert "1, 4 · Anna Keller" in labels
    # A key for each verdict, for cuts, and for who is lost.
    assert len(page.findall("span")) == 7


def test_foreign_names_on_a_page_are_no_markup() -> None:
    row = Row("<script>x</script>", (Bar(0, 1, Outcome.BLOCKED),))
    text = timeline_as_svg(Timeline(2, (row,)), ENGLISH, '"><script>y')
    assert "<script" not in text


# --- the report -------------------------------------------------------------------------------


def test_the_report_says_who_is_there_when(tmp_path: Path) -> None:
    text = words(report(tmp_path / "r.pdf", the_whole_clip()))
    for part in (
        "1. ward.mp4",
        "0:40.0 long, 1,000 frames, 25 a second, 3 cuts",
        "1, 4 · Anna Keller",
        "0:20.0 – 0:31.0",
        "longest gap 0.4 s",
        "7KQ4-M2XD-9F3T",
        "nobody has listened",
        "each of its 1,000 frames was searched for faces",
        "Moments that a person should look at",
        "looks similar to somebody: who is it?",
        "was lost, may be anywhere",
        "Can somebody be recognised by their voice?",
        "Only the copies with hidden heads may be published.",
    ):
        assert part in text, part


@pytest.mark.parametrize("suffix", ["pdf", "html", "csv", "json"])
@pytest.mark.parametrize(
    "result",
    [
        the_whole_clip(),
        a_video(),
        a_video(ANNA, duration=10.0),
        a_crowd(170),
        a_video(ANNA, duration=7200.0, cuts=tuple(float(n) for n in range(7000))),
        a_video(outcome=Outcome.FAILED, sha256=None, width=None, height=None, frames=0),
        a_video(ANNA, outcome=Outcome.FAILED, problem=PhotoUnreadableError("gone")),
        a_video(
            a_track(0, 0, 9, Outcome.CLEARED, person="k", name="Maximiliane-Alexandra 王 " * 12)
        ),
    ],
    ids=["whole", "nobody", "one", "crowd", "long", "failed", "copy failed", "long name"],
)
def test_every_video_can_be_reported(tmp_path: Path, suffix: str, result: VideoResult) -> None:
    for code, names in (("fr", True), ("de", False)):
        head = dataclasses.replace(HEAD, language=language(code), names=names)
        assert report(tmp_path / f"r.{suffix}", result, head=head).stat().st_size > 100


def test_a_crowd_is_told_up_to_a_number_and_the_rest_is_counted(tmp_path: Path) -> None:
    text = words(report(tmp_path / "r.pdf", a_crowd(170), still=None))
    assert re.search(r"and 20 more people: 20 × cleared", text)


def test_photos_and_videos_stand_in_one_report(tmp_path: Path) -> None:
    photo = a_result(a_photo(tmp_path / "a.png", []), [])
    clip = the_whole_clip()
    path = tmp_path / "r.pdf"

    def opened(_: Path) -> Frame:
        raise PhotoUnreadableError("gone")

    write_report([photo, clip], path, HEAD, opened, still=a_still)
    assert "2. ward.mp4" in words(path)


@pytest.mark.parametrize("suffix", ["pdf", "html", "csv", "json"])
def test_a_report_to_share_names_nobody(tmp_path: Path, suffix: str) -> None:
    head = dataclasses.replace(HEAD, names=False)
    path = report(tmp_path / f"r.{suffix}", the_whole_clip(), head=head)
    text = words(path) if suffix == "pdf" else path.read_text(encoding="utf-8")
    for name in ("Anna", "Keller", "Zoé", "Lea Wyss", "k7", "clips"):
        assert name not in text, name
    assert "ward.mp4" in text


def test_a_spreadsheet_has_the_copy_and_a_line_for_each_track(tmp_path: Path) -> None:
    path = report(tmp_path / "r.csv", the_whole_clip())
    text = path.read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text), delimiter=text[4]))
    assert [row["face_verdict"] for row in rows][:2] == ["cleared", "blocked"]
    assert {row["copy_sha256"] for row in rows} == {COPY_SHA256}
    assert (rows[0]["from_second"], rows[0]["to_second"]) == ("0.0", "12.4")


def test_a_spreadsheet_of_photos_has_no_times(tmp_path: Path) -> None:
    photo = a_result(a_photo(tmp_path / "a.png", []), [])
    assert "from_second" not in report(tmp_path / "r.csv", photo).read_text(encoding="utf-8")


@pytest.mark.parametrize("names", [True, False])
def test_a_report_for_programs_has_the_video(tmp_path: Path, names: bool) -> None:
    head = dataclasses.replace(HEAD, names=names)
    path = report(tmp_path / "r.json", the_whole_clip(), a_crowd(60), head=head)
    document = json.loads(path.read_bytes())
    VALIDATOR.validate(document)
    assert document["files"][0]["kind"] == "video"


# --- pictures ---------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("suffix", ["pdf", "html"])
def test_without_a_copy_only_who_may_be_seen_is_seen(
    tmp_path: Path, outcome: Outcome, suffix: str
) -> None:
    asked: list[float] = []

    def still(path: Path, sha256: str, time: float) -> Pixels:
        assert (path, sha256) == (Path("clips/ward.mp4"), SHA256)
        asked.append(time)
        return a_still(path, sha256, time)

    reasons = (FaceReason.LIKELY_MATCH,) if outcome is Outcome.REVIEW else ()
    path = report(
        tmp_path / f"r.{suffix}",
        a_video(a_track(0, 0, 10, outcome, person="k7", reasons=reasons), duration=10.0),
        still=still,
    )
    assert bool(asked) is (outcome in SHOWN)
    if suffix == "pdf":
        assert (seen(path, SKIN) > 100) is (outcome in SHOWN)
    else:
        assert ("data:image/jpeg" in path.read_text(encoding="utf-8")) is (outcome in SHOWN)


STRANGER = a_track(1, 4.0, 4.5)
LOST = UncertainSpan(4.0, 4.5, Box(0, 0, 9, 9), 9)


@pytest.mark.parametrize("time", [3.4, 3.6, 4.0, 4.25, 4.5, 4.9, 5.1])
@pytest.mark.parametrize("there", [{"tracks": (ANNA, STRANGER)}, {"uncertain": (LOST,)}])
def test_nothing_is_shown_of_a_moment_with_somebody_who_may_not_be_seen(
    time: float, there: dict[str, object]
) -> None:
    clip = dataclasses.replace(a_video(ANNA, duration=10.0), **there)  # type: ignore[arg-type]
    near = 4.0 - 0.54 <= time <= 4.5 + 0.54
    assert Stills(a_still).can_show(clip, time) is not near
    assert (Stills(a_still).moment(clip, time) is None) is near
    assert Stills(a_still).can_show(clip, 8.0)


def test_a_face_beside_a_stranger_is_not_shown() -> None:
    beside = a_track(1, 4.9, 5.2)
    clip = a_video(ANNA, beside, duration=10.0)
    assert Stills(a_still).face(clip, 1) is None
    assert Stills(a_still).face(a_video(ANNA, duration=10.0), 1) is not None


def test_of_a_video_with_a_copy_the_copy_is_shown() -> None:
    asked = []

    def still(path: Path, sha256: str, time: float) -> Pixels:
        asked.append((path, sha256, time))
        return a_still(path, sha256, time)

    clip = a_video(ANNA, a_track(1, 0, 10), video_export=a_copy(1))
    assert Stills(still).moment(clip, 5.0) is not None
    assert Stills(still).face(clip, 1) is not None
    assert Stills(still).face(clip, 2) is None
    assert asked == [(a_copy().path, COPY_SHA256, 5.0)] * 2


def test_a_face_is_cut_out_of_a_smaller_copy_at_its_place() -> None:
    def half(path: Path, sha256: str, time: float) -> Pixels:
        return np.ascontiguousarray(a_still(path, sha256, time)[::2, ::2])

    pixels = Stills(half).face(a_video(ANNA, video_export=a_copy()), 1)
    assert pixels is not None
    skin = np.abs(pixels.astype(int) - SKIN).max(axis=2) < 40
    # A third of a face around it on each side.
    assert 0.25 < skin.mean() < 0.5
    assert skin[pixels.shape[0] // 2, pixels.shape[1] // 2]
    assert max(pixels.shape) <= PLACE.height


def test_nothing_is_shown_larger_than_it_was_judged() -> None:
    small = dataclasses.replace(a_video(ANNA), rendition=Rendition.of(640, 360, 200))
    moment, face = Stills(a_still).moment(small, 5.0), Stills(a_still).face(small, 1)
    assert moment is not None
    assert face is not None
    assert max(moment.shape) <= 200
    assert max(face.shape) <= 200 / 640 * 170 + 1


@pytest.mark.parametrize("error", [PhotoUnreadableError("changed"), FileNotFoundError("gone")])
@pytest.mark.parametrize("suffix", ["pdf", "html"])
def test_a_video_that_is_gone_is_reported_without_pictures(
    tmp_path: Path, error: Exception, suffix: str
) -> None:
    def gone(_: Path, __: str, ___: float) -> Pixels:
        raise error

    path = report(tmp_path / f"r.{suffix}", a_video(ANNA), still=gone)
    text = words(path) if suffix == "pdf" else path.read_text(encoding="utf-8")
    assert "Anna Keller" in text
    assert "data:image" not in text


def test_of_a_video_that_could_not_be_judged_nothing_is_shown() -> None:
    failed = a_video(ANNA, outcome=Outcome.FAILED)
    assert Stills(a_still).moment(failed, 1.0) is None
    assert Stills(a_still).face(failed, 1) is None


# --- the contact sheet ------------------------------------------------------------------------


def sheet(path: Path, *results: PhotoResult, still: Still | None = None) -> Path:
    def small(photo: Path, _: int) -> SmallPhoto:
        raise AssertionError(f"{photo} was opened as a photo")

    write_contact_sheet(results, path, HEAD, small, grid=Grid(2, 2), still=still)
    return path


def test_a_video_is_one_tile_with_a_few_moments(tmp_path: Path) -> None:
    path = sheet(tmp_path / "s.pdf", the_whole_clip(), still=a_still)
    assert seen(path, SKIN) > 300
    assert "1. ward.mp4 blocked" in words(path)


@pytest.mark.parametrize("still", [None, a_still])
@pytest.mark.parametrize(
    "result", [a_video(), a_video(ANNA), a_crowd(60), a_video(outcome=Outcome.FAILED, sha256=None)]
)
def test_every_video_has_a_tile(tmp_path: Path, result: VideoResult, still: Still | None) -> None:
    other = dataclasses.replace(result, path=Path("clips/door.mp4"))
    text = words(sheet(tmp_path / "s.pdf", result, other, still=still))
    assert "1. ward.mp4" in text
    assert "2. door.mp4" in text
    assert HEAD.language.outcome(result.outcome) in text


def test_without_pictures_a_tile_says_how_long_the_video_is(tmp_path: Path) -> None:
    path = sheet(tmp_path / "s.pdf", the_whole_clip())
    assert seen(path, WALL) == 0
    assert "Video, 0:40.0" in words(path)


def test_the_moments_of_a_tile_are_spread() -> None:
    assert moments(a_video()) == [20.0]
    assert moments(a_video(ANNA)) == [5.0]
    assert moments(a_video(ANNA, a_track(1, 20, 30))) == [5.0, 25.0]
    crowd = moments(a_crowd(60))
    best = sorted(track.best for track in a_crowd(60).tracks if track.best is not None)
    assert len(crowd) == 4
    assert (crowd[0], crowd[-1]) == (best[0], best[-1])


def test_a_video_whose_copy_leaves_out_the_sound_goes_out_as_that_copy_only() -> None:
    clip = dataclasses.replace(
        a_video(ANNA, duration=10.0),
        outcome=Outcome.REVIEW,
        video_export=dataclasses.replace(a_copy(), outcome=Outcome.CLEARED),
    )
    assert what_may_go_out(clip) is Outcome.REDACTED
