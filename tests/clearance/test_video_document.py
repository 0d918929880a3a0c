"""What programs read about a video holds to the schema, and keeps what a photo's says."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from clearance.album_document import album_document
from clearance.checklist import ChecklistItem
from clearance.documents import photo_document, without_names
from clearance.language import language
from clearance.remembered import Change
from clearance.results import AudioMode, Outcome, PhotoResult
from clearance.run import Findings
from clearance.sorting import Shelf
from clearance.terminal import changes, places
from clearance.timeline import Why
from clearance.video_words import KINDS
from detector.errors import PhotoUnreadableError
from detector.faces import Box
from detector.tracks import Ending
from tests.forms.videos import COPY_SHA256, a_copy, a_crowd, a_track, a_video, the_whole_clip

SCHEMA = json.loads(
    (Path(__file__).resolve().parents[2] / "clearance" / "schemas" / "photo.schema.json").read_text(
        encoding="utf-8"
    )
)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())
VIDEO = SCHEMA["properties"]["video"]["properties"]
ALBUM = json.loads(
    (Path(__file__).resolve().parents[2] / "clearance" / "schemas" / "album.schema.json").read_text(
        encoding="utf-8"
    )
)


def document(result: PhotoResult) -> Any:
    """As a program reads it."""
    return json.loads(json.dumps(photo_document(result)))


def failed() -> PhotoResult:
    problem = PhotoUnreadableError("{name} is cut short", name="clip.mp4")
    return a_video(
        outcome=Outcome.FAILED,
        sha256=None,
        width=None,
        height=None,
        frames=0,
        frame_rate=0.0,
        duration=0.0,
        sound=False,
        problem=problem,
    )


@pytest.mark.parametrize(
    "result",
    [the_whole_clip(), a_video(), a_video(a_track(0, 1, 3)), a_crowd(60), failed()],
    ids=["whole", "nobody", "one", "crowd", "failed"],
)
def test_videos_of_every_kind_hold_to_the_schema(result: PhotoResult) -> None:
    VALIDATOR.validate(document(result))
    numbers = {person: number for number, person in enumerate(sorted(result.people), 1)}
    VALIDATOR.validate(json.loads(json.dumps(without_names(result, numbers))))


def test_a_photo_says_what_it_said_before() -> None:
    photo = document(PhotoResult(Path("a.jpg"), Outcome.CLEARED, "a" * 64, 4, 4))
    VALIDATOR.validate(photo)
    assert {"kind", "video"}.isdisjoint(photo)
    assert set(photo) == set(SCHEMA["required"])


@pytest.mark.parametrize("gone", ["kind", "video"])
def test_a_half_told_video_is_none(gone: str) -> None:
    half = document(the_whole_clip())
    del half[gone]
    assert not VALIDATOR.is_valid(half)


@pytest.mark.parametrize(
    "spoiled",
    [
        {"duration": -1},
        {"look_at": [{"time": 1.0, "why": "boring", "face": 1}]},
        {"more": 1},
        {"export": {}},
        {"uncertain": [{"start": 0, "end": 1, "box": [-1, 0, 9, 9], "face": None}]},
    ],
)
def test_the_schema_refuses_what_is_no_video(spoiled: dict[str, Any]) -> None:
    told = document(the_whole_clip())
    told["video"] |= spoiled
    assert not VALIDATOR.is_valid(told)


def test_the_schema_knows_every_word_of_the_program() -> None:
    track = VIDEO["tracks"]["items"]["properties"]
    assert track["began"]["enum"] == track["ended"]["enum"] == [one.value for one in Ending]
    assert VIDEO["look_at"]["items"]["properties"]["why"]["enum"] == [one.value for one in Why]
    assert VIDEO["export"]["properties"]["audio"]["enum"] == [one.value for one in AudioMode]
    for kind in KINDS:
        assert kind in VIDEO["beside"]["description"]


def test_faces_are_named_by_their_number_everywhere() -> None:
    video = document(a_video(a_track(5, 0, 4, ended=Ending.LOST), a_track(9, 2, 6)))["video"]
    assert [track["face"] for track in video["tracks"]] == [1, 2]
    assert [moment["face"] for moment in video["look_at"]] == [1]
    told = document(the_whole_clip())
    assert [face["number"] for face in told["faces"]] == list(range(1, 9))
    # Tracks 1, 2, 4 and 7; of another one nothing is known.
    assert told["video"]["export"]["hidden"] == [2, 3, 5, 8]
    assert [span["face"] for span in told["video"]["uncertain"]] == [2, None]


def test_what_is_told_of_a_track() -> None:
    track = a_track(0, 1.23456, 5.0, Outcome.CLEARED, person="k7", began=Ending.CUT)
    told = document(a_video(track))["video"]["tracks"][0]
    assert told["start"] == 1.235
    assert told["weakest"]["score"] == 0.31
    assert (told["began"], told["ended"], told["cleared_voice"]) == ("cut", "edge", False)
    assert (told["agreed"], told["measured"]) == (3, 4)


def test_boxes_are_inside_the_picture() -> None:
    track = a_track(0, 0, 4)
    face = dataclasses.replace(track.verdict.face, box=Box(-30, -10, 900, 120))
    result = a_video(
        dataclasses.replace(track, verdict=dataclasses.replace(track.verdict, face=face))
    )
    told = document(result)
    VALIDATOR.validate(told)
    assert told["faces"][0]["box"] == [0, 0, 640, 120]


def test_the_copy_is_told_in_the_video() -> None:
    told = document(the_whole_clip())
    assert told["export"] is None
    copy = told["video"]["export"]
    assert (copy["outcome"], copy["sha256"], copy["frames"]) == ("redacted", COPY_SHA256, 1000)
    assert (copy["audio"], copy["removed"]) == ("mute-uncleared", ["subtitles", "exif"])


def test_a_voice_is_asked_about_where_there_is_sound() -> None:
    def items(result: PhotoResult) -> set[str]:
        return {one["item"] for one in document(result)["checklist"]}

    assert ChecklistItem.VOICE in items(a_video())
    assert ChecklistItem.VOICE not in items(a_video(sound=False))
    assert ChecklistItem.VOICE not in items(PhotoResult(Path("a.jpg"), Outcome.CLEARED))


def test_without_names_nothing_names_anybody() -> None:
    clip = dataclasses.replace(
        the_whole_clip(),
        path=Path("Lea Wyss/ward.mp4"),
        video_export=a_copy(1, path=Path("Lea Wyss/out.mp4"), removed=("subtitles", "Lea Wyss")),
    )
    told = json.dumps(without_names(clip, {"k7": 1, "x9": 2}), ensure_ascii=False)
    for name in ("Lea Wyss", "Anna", "Zoé", "k7", "x9"):
        assert name not in told
    video = json.loads(told)["video"]
    assert video["beside"] == ["subtitles", "chapters", "other"]
    assert video["export"]["removed"] == ["subtitles", "other"]
    assert video["export"]["path"] == "out.mp4"


def test_what_reads_the_verdicts_on_photos_reads_those_on_videos() -> None:
    clip = the_whole_clip()
    assert Shelf.of(clip) is Shelf.of(PhotoResult(Path("a.jpg"), Outcome.BLOCKED))
    assert clip.people == {"k7", "x9"}
    change = Change(clip, Outcome.CLEARED)
    found = Findings(counts={Outcome.BLOCKED: 1}, changes=(change,))
    album = json.loads(json.dumps(album_document(found)))
    jsonschema.validate(album, ALBUM)
    assert album["album"]["changes"][0]["reasons"]
    assert changes([change], language("en"))
    assert places(clip, language("en"))
