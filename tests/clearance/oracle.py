"""What exiftool, which shares no code with us, finds in a file."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

_ABOUT_THE_FILE = ("ExifTool:ExifToolVersion", "File:", "System:", "Composite:")
_CODEC = {
    "JFIF:JFIFVersion",
    "JFIF:ResolutionUnit",
    "JFIF:XResolution",
    "JFIF:YResolution",
    "PNG:BitDepth",
    "PNG:ColorType",
    "PNG:Compression",
    "PNG:Filter",
    "PNG:ImageHeight",
    "PNG:ImageWidth",
    "PNG:Interlace",
    # The canvas of an extended file, beside that of its picture.
    "RIFF:Copy1:ImageHeight",
    "RIFF:Copy1:ImageWidth",
    "RIFF:HorizontalScale",
    "RIFF:ImageHeight",
    "RIFF:ImageWidth",
    "RIFF:VP8Version",
    "RIFF:VerticalScale",
    "RIFF:WebP_Flags",
}
"""What a header says of the coded picture alone, with nothing that a person could choose."""
_AVIF_CODEC = {
    "AV1ConfigurationVersion",
    "BitDepthChroma",
    "BitDepthLuma",
    "ChromaFormat",
    "ChromaSamplePosition",
    "ColorPrimaries",
    "ColorProfiles",
    "CompatibleBrands",
    "HandlerType",
    "HighBitDepth",
    "ImageHeight",
    "ImagePixelDepth",
    "ImageSpatialExtent",
    "ImageWidth",
    "InitialDelaySamples",
    "MajorBrand",
    "MatrixCoefficients",
    "MediaData",
    "MediaDataOffset",
    "MediaDataSize",
    "MetaImageSize",
    "MinorVersion",
    "PrimaryItemReference",
    "SeqLevelIdx0",
    "SeqProfile",
    "SeqTier0",
    "TransferCharacteristics",
    "TwelveBit",
    "VideoFullRangeFlag",
}


def listed(path: Path) -> dict[str, Any]:
    """Everything that exiftool lists of a file but for the file itself and the codec's header.

    Unknown and repeated entries are listed, embedded documents are opened. Skips the test
    where exiftool is not installed.

    Returns:
        Values by group and name, as "XMP-dc:Creator"; of what is there twice, the
        second as "XMP-dc:Copy1:Creator". Lists and structures are nested.
    """
    if not shutil.which("exiftool"):
        pytest.skip("exiftool is not on this machine")
    found: dict[str, Any] = {}
    # What lies in embedded documents is found by "-ee" only, and some of it only without.
    for more in ((), ("-ee",)):
        run = subprocess.run(
            ["exiftool", "-j", "-G1:4", "-a", "-u", "-struct", *more, str(path)],
            capture_output=True,
            check=True,
            timeout=60,
        )
        (one,) = json.loads(run.stdout)
        found |= one
    found.pop("SourceFile")
    return {name: value for name, value in found.items() if not _is_plain(name)}


def _is_plain(name: str) -> bool:
    group, _, key = name.partition(":")
    # Of a second value the group has one more part, and it is never plain.
    if key.rpartition(":")[2] in {"Comment", "Warning", "Error"}:
        return False
    if name.startswith(_ABOUT_THE_FILE) or name in _CODEC:
        return True
    return group in {"Meta", "QuickTime"} and key in _AVIF_CODEC
