"""What can go wrong while looking at a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final


class DetectorError(Exception):
    """Base of everything this room raises: an English template and what it is filled with.

    Both are kept, so that the door can say the same in another language. A value
    may be an error of ours, which is then translated as well.
    """

    def __init__(self, template: str, /, **values: object) -> None:
        # Unpickling passes the finished text, in which a brace is only a brace.
        super().__init__(template.format(**values) if values else template)
        self.template: Final = template
        self.values: Final[Mapping[str, object]] = values


class PhotoUnreadableError(DetectorError):
    """The file is missing, not a picture, damaged, or of a kind that is not judged."""


class PhotoTooLargeError(PhotoUnreadableError):
    """The file declares more bytes or pixels than the limits allow."""


class VideoUnreadableError(PhotoUnreadableError):
    """The file is not a video, or not one whose every picture can be judged."""


class VideoTooLargeError(VideoUnreadableError):
    """The video has more bytes, pixels, pictures or seconds than the limits allow."""


class VideoChangedError(VideoUnreadableError):
    """The file is not the one any more that was opened."""


class ModelMissingError(DetectorError):
    """A network's weights are absent, truncated, or not the ones that were tested."""


class ModelRefusedError(ModelMissingError):
    """An institution's own network is absent, is another file, or does not keep the contract."""


class BackendMissingError(DetectorError):
    """An optional backend was asked for and its packages are not installed."""


class VideoToolMissingError(BackendMissingError):
    """The program that decodes and encodes videos is not there."""


class PortraitRejectedError(DetectorError):
    """A portrait cannot serve as a reference: no face, several faces, or too small."""
