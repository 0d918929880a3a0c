"""What is heard in a copy: never somebody who is hidden in it, unless a person answers for it."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import cast

import numpy as np
import pytest

from clearance.hearing import Hearing, hearing
from clearance.masks import Drawn
from clearance.results import AudioMode, Outcome, VideoResult
from clearance.video_encoding import FORMATS
from clearance.video_looking import Watched
from clearance.video_masks import MaskedTrack
from clearance.video_plan import VideoPlan
from detector.faces import Box
from detector.tracks import Followed
from detector.video import VideoInfo
from tests.forms.videos import a_track, a_video

PLACE = Box(0, 0, 20, 20)
DRAWN = (Drawn.parse("box:1,1,9,9"),)


class Info:
    time_base = Fraction(1, 25)
    frame_rate = Fraction(25)
    start = Fraction(0)


def a_plan(
    *masks: MaskedTrack, drawn: tuple[Drawn, ...] = (), hidden: tuple[int, ...] = ()
) -> VideoPlan:
    followed = Followed((), (), (), 250)
    watched = Watched(cast("VideoInfo", Info), followed, (), np.arange(250))
    return VideoPlan(watched, masks, (), hidden, (), FORMATS["mp4"], "", drawn)


def hidden_from(start: int, stop: int) -> MaskedTrack:
    return MaskedTrack(start, np.zeros((stop - start, 4), np.int32))


def spoken(*, agreed: bool = True) -> VideoResult:
    """Somebody cleared, in a video with sound."""
    track = dataclasses.replace(a_track(0, 0.0, 10.0, Outcome.CLEARED), cleared_voice=agreed)
    return dataclasses.replace(a_video(track, duration=10.0), sound=True)


def test_everybody_agreed_and_nobody_is_hidden() -> None:
    assert hearing(a_plan(), spoken(), None, ()) == Hearing(AudioMode.KEEP)


@pytest.mark.parametrize(
    ("plan", "appeared", "agreed"),
    [
        (a_plan(), (), False),
        (a_plan(hidden_from(0, 9), hidden=(1,)), (), True),
        (a_plan(drawn=DRAWN), (), True),
        (a_plan(), ((30, PLACE),), True),
    ],
    ids=["no_yes_to_be_heard", "somebody_hidden", "hidden_by_hand", "appeared_in_the_copy"],
)
def test_else_there_is_no_sound_and_whoever_keeps_it_must_listen(
    plan: VideoPlan, appeared: tuple[tuple[int, Box], ...], agreed: bool
) -> None:
    result = spoken(agreed=agreed)
    assert hearing(plan, result, None, appeared) == Hearing(AudioMode.MUTE)
    assert not hearing(plan, result, AudioMode.KEEP, appeared).settled
    assert hearing(plan, result, AudioMode.REPLACE_TONE, appeared).settled


def test_a_silence_covers_whoever_appeared_in_the_copy_only() -> None:
    plan = a_plan(hidden_from(50, 75), hidden=(1,))
    heard = hearing(plan, spoken(), AudioMode.MUTE_UNCLEARED, ((150, PLACE),))
    assert heard.settled
    (first, second) = heard.silences
    assert first == (Fraction(2), Fraction(3))
    assert second[0] <= 6 <= second[1]


def test_nobody_is_silenced_at_the_right_time_who_is_hidden_by_hand() -> None:
    heard = hearing(a_plan(drawn=DRAWN), spoken(), AudioMode.MUTE_UNCLEARED, ())
    assert not heard.settled


def test_a_silent_video_stays_silent() -> None:
    silent = dataclasses.replace(spoken(), sound=False)
    assert hearing(a_plan(), silent, AudioMode.KEEP, ()) == Hearing(AudioMode.MUTE)
