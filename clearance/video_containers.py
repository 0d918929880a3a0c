"""What a written video carries beside its pictures and its sound: nothing.

A copy is one video and at most one sound. Everything else (texts, covers, chapters, tables that
hide the beginning, bytes that no frame refers to) could carry what was hidden, or a name. The
encoder writes none of it; this is the independent look at the bytes, as `containers` is for
photos: a list of what may be there, so that what nobody thought of is found as well, and every
structure is read to its last byte.

Not looked into: the compressed data of a frame or of a piece of sound themselves, beyond the units
that H.264 and AV1 are made of. VP9, AAC and Opus are taken as they are.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

from clearance.errors import VerificationError
from clearance.mp4_parts import foreign_in_mp4
from clearance.video_bytes import VideoBytes, broken
from clearance.webm_parts import foreign_in_webm


def foreign_video_parts(path: Path) -> tuple[str, ...]:
    """What a written MP4 or WebM holds beside its pictures and its sound; empty is good.

    Returns:
        Each name once, safe to show: of a box with those around it, of an element, or of what is
        wrong in it.

    Raises:
        VerificationError: it is no such file, or its parts do not fit together.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        data = VideoBytes(file, os.fstat(file.fileno()).st_size)
        head = file.read(8)
        try:
            if head[4:8] == b"ftyp":
                return tuple(dict.fromkeys(foreign_in_mp4(data)))
            if head[:4] == b"\x1a\x45\xdf\xa3":
                return tuple(dict.fromkeys(foreign_in_webm(data)))
        except (struct.error, IndexError, KeyError, ValueError, OverflowError) as error:
            raise broken() from error
    raise VerificationError("The copy is neither MP4 nor WebM.")
