"""What is heard in the copy of a video: decided last, when it is known who is hidden in it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from clearance.results import AudioMode
from clearance.video_clear import voices_settled
from clearance.video_masks import frames_around

if TYPE_CHECKING:
    from clearance.results import VideoResult
    from clearance.video_plan import VideoPlan
    from detector.faces import Box


@dataclasses.dataclass(frozen=True, slots=True)
class Hearing:
    """The sound of a copy.

    Attributes:
        mode: what becomes of it; `MUTE` where there is none.
        silences: from when to when nothing is heard, in seconds.
        settled: whether nobody is heard who may not have agreed to it, as far as pictures tell.
    """

    mode: AudioMode
    silences: tuple[tuple[Fraction, Fraction], ...] = ()
    settled: bool = True


def hearing(
    plan: VideoPlan,
    result: VideoResult,
    asked: AudioMode | None,
    appeared: Sequence[tuple[int, Box]],
) -> Hearing:
    """What becomes of the sound of a copy.

    A voice is heard where somebody asks for it, and where everybody who is to be seen agreed to
    be heard and nobody is hidden: neither by a verdict, nor by hand, nor because the copy showed
    a face that no verdict is about.

    Args:
        plan: the copy.
        result: the verdict on the video.
        asked: what somebody asks for; None for what the consents allow.
        appeared: what was hidden besides: frame and place of each sighting.
    """
    if not result.sound:
        return Hearing(AudioMode.MUTE)
    shown = [track for track in result.tracks if track.number not in plan.hidden]
    by_machine = bool(plan.masks or appeared)
    mode = asked
    if mode is None:
        settled = voices_settled(result.tracks) and not by_machine and not plan.drawn
        mode = AudioMode.KEEP if settled else AudioMode.MUTE
    if mode in (AudioMode.MUTE, AudioMode.REPLACE_TONE):
        return Hearing(mode)
    agreed = bool(shown) and all(track.cleared_voice for track in shown)
    # Whom a person hides by hand may speak at any time.
    if mode is AudioMode.KEEP:
        return Hearing(mode, settled=agreed and not by_machine and not plan.drawn)
    return Hearing(mode, _silences(plan, appeared), settled=agreed and not plan.drawn)


def _silences(
    plan: VideoPlan, appeared: Sequence[tuple[int, Box]]
) -> tuple[tuple[Fraction, Fraction], ...]:
    """From when to when somebody is hidden, in order and without overlap."""
    watched = plan.watched
    around = frames_around(watched.frame_rate)
    spans = [(mask.start, mask.stop) for mask in plan.masks]
    spans += [(max(0, frame - around), frame + around + 1) for frame, _ in appeared]
    joined: list[tuple[int, int]] = []
    for start, stop in sorted(spans):
        if joined and start <= joined[-1][1] + around:
            joined[-1] = (joined[-1][0], max(joined[-1][1], stop))
        else:
            joined.append((start, stop))
    return tuple((watched.time_of(start), watched.time_of(stop)) for start, stop in joined)
