"""Who is in a video when, what somebody should look at, and how a terminal says so."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import pytest
from rich.console import Console

from clearance import terminal, timeline, video_words
from clearance.language import LANGUAGES, language
from clearance.results import AudioMode, FaceReason, Outcome, UncertainSpan, VideoResult
from clearance.telling import TableTeller
from clearance.timeline import Why, clock, moments_to_look_at, most_important, who_is_there
from consent.decision import Reason
from detector.errors import PhotoUnreadableError
from detector.faces import Box
from detector.tracks import Ending
from tests.forms.judged import RECOGNISED
from tests.forms.videos import a_copy, a_crowd, a_track, a_video, the_whole_clip

ENGLISH = language("en")


def told(result: VideoResult, width: int = 160, code: str = "en") -> str:
    out = io.StringIO()
    Console(file=out, width=width, highlight=False).print(terminal.photo(result, language(code)))
    return out.getvalue()


def row_of(text: str, number: int) -> str:
    """The line of the table that begins with a number."""
    return next(line for line in text.splitlines() if line.split()[:1] == [str(number)])


# --- times ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.0, "0:00.0"),
        (12.4, "0:12.4"),
        (59.96, "1:00.0"),
        (75.04, "1:15.0"),
        (3599.94, "59:59.9"),
        (3600.0, "1:00:00.0"),
        (7384.25, "2:03:04.2"),
    ],
)
def test_times_are_minutes_seconds_and_tenths(seconds: float, said: str) -> None:
    assert clock(seconds) == said


# --- who --------------------------------------------------------------------------------------


def test_tracks_of_one_person_are_together_and_strangers_are_not() -> None:
    people = who_is_there(the_whole_clip())
    assert [one.places for one in people] == [(1, 4), (2,), (3,), (5,), (8,), (7,), (6,)]


def test_who_only_resembles_somebody_is_not_taken_for_them() -> None:
    sure = a_track(0, 0, 4, Outcome.CLEARED, person="k7", name="Anna")
    likely = a_track(
        1, 5, 9, Outcome.REVIEW, person="k7", name="Anna", reasons=(FaceReason.LIKELY_MATCH,)
    )
    assert [one.places for one in who_is_there(a_video(sure, likely))] == [(1,), (2,)]
    said = dataclasses.replace(
        likely, verdict=dataclasses.replace(likely.verdict, recognised=RECOGNISED)
    )
    assert [one.places for one in who_is_there(a_video(sure, said))] == [(1, 2)]


def test_the_worst_verdict_on_a_person_is_theirs() -> None:
    cleared = a_track(0, 0, 4, Outcome.CLEARED, person="k7", name="Anna")
    blocked = a_track(1, 5, 9, Outcome.BLOCKED, person="k7", name="Anna")
    (anna,) = who_is_there(a_video(cleared, blocked))
    assert anna.face.outcome is Outcome.BLOCKED
    assert anna.seconds == pytest.approx(8)


def test_of_too_many_those_are_told_who_are_not_cleared_and_stay_long() -> None:
    tracks = [a_track(n, n, n + 1 + n / 10, Outcome.CLEARED, person=f"p{n}") for n in range(5)]
    tracks += [a_track(n, n, n + 0.5) for n in range(5, 8)]
    people = who_is_there(a_video(*tracks))
    chosen = most_important(people, 4)
    assert [one.places for one in chosen] == [(5,), (6,), (7,), (8,)]
    assert most_important(people, 100) == people
    assert len(most_important(people, 0)) == 1


# --- moments ----------------------------------------------------------------------------------


def test_each_kind_of_moment_is_found_and_they_are_in_order() -> None:
    found = moments_to_look_at(the_whole_clip())
    assert [(clock(one.time), one.why, one.place) for one in found] == [
        ("0:03.1", Why.WEAKEST, 1),
        ("0:09.6", Why.LOST, 2),
        ("0:18.0", Why.LIKELY, 3),
        ("0:22.8", Why.WEAKEST, 4),
        ("0:25.2", Why.DOUBTFUL_SIZE, 5),
        ("0:28.0", Why.APPEARED, 8),
        ("0:32.0", Why.MIXED, 8),
        ("0:34.0", Why.WEAKEST, 6),
    ]


def test_a_person_who_may_not_be_shown_anyway_has_no_weakest_moment() -> None:
    assert moments_to_look_at(a_video(a_track(0, 1, 5))) == ()


def test_somebody_lost_is_looked_for_in_the_first_frame_without_them() -> None:
    lost = a_track(0, 2.0, 5.0, began=Ending.LOST, ended=Ending.LOST)
    appeared, gone = moments_to_look_at(a_video(lost))
    assert (gone.time, gone.why) == (5.0, Why.LOST)
    assert appeared.time == pytest.approx(2.0 - 1 / 25)
    assert appeared.why is Why.APPEARED


def test_no_moment_is_outside_the_video() -> None:
    lost = a_track(0, 0.0, 40.0, began=Ending.LOST, ended=Ending.LOST)
    first, last = moments_to_look_at(a_video(lost, duration=40.0))
    assert first.time == 0.0
    assert last.time == pytest.approx(40.0 - 1 / 25)


def test_no_kind_crowds_out_another() -> None:
    weak = [a_track(n, n, n + 4, Outcome.CLEARED, person=f"p{n}") for n in range(30)]
    lost = [a_track(n, n, n + 3.5, ended=Ending.LOST) for n in range(30, 60)]
    mixed = a_track(60, 33, 36, Outcome.REVIEW, reasons=(FaceReason.TRACK_MIXED,))
    result = a_video(*weak, *lost, mixed, duration=70.0)
    kinds = [one.why for one in moments_to_look_at(result)]
    assert len(kinds) == timeline.MOMENTS
    assert kinds.count(Why.MIXED) == 1
    assert min(kinds.count(Why.LOST), kinds.count(Why.WEAKEST)) >= 5
    assert len(moments_to_look_at(result, None)) == 61


def test_of_cleared_people_the_weakest_come_first() -> None:
    tracks = [
        a_track(n, n, n + 4, Outcome.CLEARED, person=f"p{n}", weakest=(n + 1.0, 0.9 - n / 50))
        for n in range(20)
    ]
    (found,) = moments_to_look_at(a_video(*tracks), 1)
    assert found.place == 20


def test_one_picture_of_a_face_is_looked_at_once() -> None:
    both = (FaceReason.LIKELY_MATCH, FaceReason.DOUBTFUL_SIZE)
    track = a_track(0, 1, 5, Outcome.REVIEW, person="k7", reasons=both)
    (found,) = moments_to_look_at(a_video(track))
    assert found.why is Why.LIKELY


# --- a table ----------------------------------------------------------------------------------


def test_a_row_says_who_from_when_to_when_the_verdict_and_why() -> None:
    text = told(the_whole_clip())
    first = row_of(text, 1)
    for part in ("Anna Keller", "0:00.0 – 0:12.4", "✓ cleared", "consent 7KQ4-M2XD-9F3T-C"):
        assert part in first
    for part in ("0.4 s", "0:03.1 (0.31)"):
        assert part in first
    again = row_of(text, 4)
    assert "0:20.0 – 0:31.0" in again
    assert "Anna" not in again
    assert "nobody in the registry looks like this" in row_of(text, 2)


def test_what_differs_for_one_person_is_said_again() -> None:
    cleared = a_track(0, 0, 4, Outcome.CLEARED, person="k7", name="Anna")
    later = a_track(1, 5, 9, person="k7", name="Anna")
    verdict = dataclasses.replace(later.verdict, reasons=(Reason.WITHDRAWN,))
    text = told(a_video(cleared, dataclasses.replace(later, verdict=verdict)))
    assert "the consent was withdrawn" in row_of(text, 2)


def test_what_else_matters_is_said_below() -> None:
    text = " ".join(told(the_whole_clip(), width=400).split())
    for part in (
        "0:40.0 long, 1,000 frames, 25 a second, 3 cuts",
        "no. 2: ask for a signed form, or hide with --blur",
        "no. 3: compare with the portrait",
        "From 0:09.6 to 0:12.4 somebody who was lost (no. 2) may be anywhere",
        "in the part 0, 40 – 240, 360",
        "From 0:36.0 to 0:38.0 somebody who was lost (–) may be anywhere",
        "nobody has listened",
        "1 person who may be shown has not agreed that their voice is published.",
        "The file also holds subtitles, chapters, Interview with Lea Wyss, and nobody has looked",
        "Copy: " + str(Path("out/ward.mp4")),
        "4 heads hidden, checked",
        "each of its 1,000 frames was searched for faces",
        "1 place was hidden because a face was seen there only when the copy was checked",
        "Left out of the copy: subtitles, EXIF",
        "0:18.0 no. 3 looks similar to somebody: who is it?",
    ):
        assert part in text, part


@pytest.mark.parametrize("mode", AudioMode)
def test_what_becomes_of_the_sound_is_said(mode: AudioMode) -> None:
    text = " ".join(
        told(dataclasses.replace(the_whole_clip(), video_export=a_copy(audio=mode))).split()
    )
    others = {video_words.audio(other, ENGLISH) for other in AudioMode if other is not mode}
    assert " ".join(video_words.audio(mode, ENGLISH).split()) in text
    assert not any(other in text for other in others)


def test_a_silent_video_asks_nothing_about_voices() -> None:
    text = told(a_video(a_track(0, 1, 5, Outcome.CLEARED, person="k7"), sound=False))
    assert "It has no sound." in text
    assert "voice" not in text


def test_who_agreed_to_their_voice_is_not_counted() -> None:
    agreed = a_track(0, 1, 5, Outcome.CLEARED, person="k7", cleared_voice=True)
    assert "has not agreed" not in told(a_video(agreed))
    assert "has not agreed" in told(a_video(dataclasses.replace(agreed, cleared_voice=False)))


def test_a_crowd_stays_readable_and_nobody_is_forgotten() -> None:
    text = told(a_crowd(300, duration=600.0))
    assert len(text.splitlines()) < 80
    assert "and 260 more people: 200 × blocked, 60 × cleared" in text


def test_a_person_who_comes_and_goes_has_a_few_rows() -> None:
    tracks = [a_track(n, n, n + 0.5, Outcome.CLEARED, person="k7", name="Anna") for n in range(90)]
    text = told(a_video(*tracks, duration=100.0))
    assert "and 82 more times" in text
    assert len(text.splitlines()) < 40


def test_many_uncertain_times_are_counted() -> None:
    spans = tuple(UncertainSpan(n, n + 0.5, Box(0, 0, 9, 9), 0) for n in range(30))
    text = told(a_video(a_track(0, 0, 30), uncertain=spans))
    assert text.count("somebody who was lost") == 6
    assert "There are 24 more such times." in text


def test_a_video_without_people_says_what_that_means() -> None:
    text = told(a_video())
    assert "No face found" in text
    assert "from – to" not in text


def test_a_video_that_could_not_be_judged_says_why() -> None:
    problem = PhotoUnreadableError("{name} is cut short", name="clip.mp4")
    failed = a_video(
        outcome=Outcome.FAILED, frames=0, duration=0.0, sound=False, problem=problem, sha256=None
    )
    text = told(failed)
    assert "clip.mp4 is cut short" in text
    assert "failed" in text
    assert "sound" not in text


def test_foreign_names_do_nothing_to_the_terminal() -> None:
    evil = "\x1b[31mAnna\x1b]0;x\x07"
    clip = a_video(a_track(0, 1, 5, Outcome.CLEARED, person="k7", name=evil), beside=(evil,))
    text = told(clip)
    assert "\x1b" not in text
    assert "\x07" not in text


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_language_can_say_it(code: str) -> None:
    for result in (the_whole_clip(), a_crowd(60), a_video()):
        assert "{" not in told(result, code=code)


def test_a_run_says_videos_as_tables(capsys: pytest.CaptureFixture[str]) -> None:
    with TableTeller(ENGLISH).running(1) as say:
        say(the_whole_clip())
    assert "from – to" in capsys.readouterr().out


# --- what reads the verdicts of a photo -------------------------------------------------------


def test_the_copy_of_a_video_is_its_copy() -> None:
    clip = the_whole_clip()
    assert clip.copy is clip.video_export
    assert dataclasses.replace(clip, video_export=None).copy is None


def test_places_are_by_number_of_the_track() -> None:
    clip = a_video(a_track(4, 0, 1), a_track(7, 0, 1))
    assert [clip.place_of(number) for number in (4, 7, 0)] == [1, 2, None]
