"""What ffmpeg says of a video as errors of ours."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from detector.errors import VideoTooLargeError, VideoUnreadableError
from detector.ffmpeg import FfmpegError, Why

if TYPE_CHECKING:
    from collections.abc import Iterator

    from detector.ffmpeg import ChildLimits

_TOO_LARGE = "exceeds specified max pixel count"


def damaged(reason: str) -> VideoUnreadableError:
    """The error for a file whose pictures cannot all be decoded."""
    return VideoUnreadableError(
        "damaged or cut off ({reason}); play it to its end, and save it again as MP4",
        reason=reason,
    )


def failed(error: FfmpegError, silence: float) -> VideoUnreadableError:
    """What an error of the program means for the file."""
    if _TOO_LARGE in error.reason:
        return VideoTooLargeError("its pictures have too many pixels; export a smaller version")
    match error.why:
        case Why.SLOW:
            return VideoTooLargeError(
                "no picture came out of it within {seconds} seconds; export it again as MP4",
                seconds=round(silence),
            )
        case Why.NOT_STARTED:
            return VideoUnreadableError(
                "the program ffmpeg could not be started ({reason}); check its permissions",
                reason=error.reason,
            )
        case _:
            return damaged(error.reason)


@contextlib.contextmanager
def worded(child: ChildLimits) -> Iterator[None]:
    """What the program says as an error of ours."""
    try:
        yield
    except FfmpegError as error:
        raise failed(error, child.seconds) from error


def no_picture() -> VideoUnreadableError:
    """The error for a file in which nothing is shown."""
    return VideoUnreadableError("there is no picture in it; check the file")
