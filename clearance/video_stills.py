"""Single frames of videos that were judged, for reports."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from detector.errors import VideoChangedError
from detector.untrusted import printable
from detector.video import frame_at, open_video

if TYPE_CHECKING:
    from pathlib import Path

    from detector.faces import Pixels
    from detector.video import VideoInfo

_A_HAIR = Fraction(1, 10_000)
"""Seconds by which a time that was rounded may come before its frame."""


class Stills:
    """Gives frames of videos, each of which is opened once."""

    def __init__(self) -> None:
        """Nothing is open yet."""
        self._known: dict[Path, VideoInfo] = {}

    def __call__(self, path: Path, sha256: str, time: float) -> Pixels:
        """The picture that a video shows at a time.

        Args:
            path: of the video.
            sha256: of its bytes as they were judged.
            time: seconds after its first frame.

        Raises:
            VideoUnreadableError: it is another video by now, or cannot be read.
            BackendMissingError: the decoder is not there.
        """
        if path not in self._known:
            self._known[path] = open_video(path)
        info = self._known[path]
        if info.sha256 != sha256:
            raise VideoChangedError(
                "{name} was changed since it was judged; run the command again",
                name=printable(path.name),
            )
        return frame_at(info, info.start + Fraction(time) + _A_HAIR).rgb()
