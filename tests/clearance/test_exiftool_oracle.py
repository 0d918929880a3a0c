"""What a copy carries, as a program reads it that shares no code with us: the list, and no more."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from clearance.colour import profile_for_copy
from clearance.containers import Carried, embed_options
from clearance.metadata import DataMining, ReleaseStatus, Rights, packet
from tests.clearance.oracle import listed

FORMATS: dict[str, dict[str, object]] = {
    "JPEG": {"quality": 92, "subsampling": "4:4:4"},
    "PNG": {},
    "WEBP": {"quality": 92},
    "AVIF": {"quality": 90, "subsampling": "4:4:4"},
}

RIGHTS = Rights(
    creator=("A. Fictional & Daughters", "Second Maker"),
    credit="Hospital of Nowhere",
    copyright="© 2026 Hospital of Nowhere <all rights>",
    web_statement="https://hospital.example/terms?of=use&in=en",
    alt_text="Three people in a corridor",
    caption="The new wing\nopens",
    keywords=("wing", "opening – été"),
)
TOLD = {
    "XMP-plus:ModelReleaseID": ["N-2026-1", "N-2026-2"],
    "XMP-dc:Creator": list(RIGHTS.creator),
    "XMP-photoshop:Credit": RIGHTS.credit,
    "XMP-dc:Rights": RIGHTS.copyright,
    "XMP-xmpRights:WebStatement": RIGHTS.web_statement,
    "XMP-iptcCore:AltTextAccessibility": RIGHTS.alt_text,
    "XMP-dc:Description": RIGHTS.caption,
    "XMP-dc:Subject": list(RIGHTS.keywords),
}
"""Every text that was put in."""
CODES = {"XMP-plus:ModelReleaseStatus", "XMP-plus:DataMining"}
"""Of which exiftool gives the meaning, or the address, as its version knows it."""
PROFILE = {
    "ICC-header:CMMFlags": "Not Embedded, Independent",
    "ICC-header:ColorSpaceData": "RGB ",
    "ICC-header:ConnectionSpaceIlluminant": "0.9642 1 0.82491",
    "ICC-header:DeviceAttributes": "Reflective, Glossy, Positive, Color",
    "ICC-header:DeviceManufacturer": "",
    "ICC-header:DeviceModel": "",
    "ICC-header:PrimaryPlatform": "Unknown ()",
    "ICC-header:ProfileCMMType": "",
    "ICC-header:ProfileClass": "Display Device Profile",
    "ICC-header:ProfileConnectionSpace": "XYZ ",
    "ICC-header:ProfileCreator": "",
    "ICC-header:ProfileDateTime": "2000:01:01 00:00:00",
    "ICC-header:ProfileFileSignature": "acsp",
    "ICC-header:ProfileID": 0,
    "ICC-header:ProfileVersion": "4.4.0",
    "ICC-header:RenderingIntent": "Perceptual",
    "ICC_Profile:ProfileCopyright": "Public domain",
    "ICC_Profile:ProfileDescription": "sRGB",
}
"""Of the header and the texts of a profile all that there is."""
COLORIMETRY = {
    "ICC_Profile:BlueMatrixColumn",
    "ICC_Profile:BlueTRC",
    "ICC_Profile:ChromaticAdaptation",
    "ICC_Profile:GreenMatrixColumn",
    "ICC_Profile:GreenTRC",
    "ICC_Profile:MediaWhitePoint",
    "ICC_Profile:RedMatrixColumn",
    "ICC_Profile:RedTRC",
}
PNG_NAME = {"PNG:ProfileName": "ICC Profile"}


def srgb() -> bytes:
    fresh = profile_for_copy(
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    )
    assert fresh
    return fresh


def written(folder: Path, kind: str, carried: Carried, **more: object) -> Path:
    pixels = np.random.default_rng(2).integers(0, 256, (30, 41, 3), dtype=np.uint8)
    path = folder / f"copy.{kind.lower()}"
    options = FORMATS[kind] | embed_options(kind, carried) | more
    Image.fromarray(pixels).save(path, kind, **options)
    return path


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("coloured", [False, True], ids=["without-profile", "with-profile"])
def test_a_copy_carries_the_list_and_no_more(tmp_path: Path, kind: str, coloured: bool) -> None:
    xmp = packet(
        ReleaseStatus.LIMITED,
        ["N-2026-1", "N-2026-2"],
        DataMining.PROHIBITED_AIMLTRAINING,
        RIGHTS,
    )
    found = listed(written(tmp_path, kind, Carried(xmp, srgb() if coloured else None)))
    assert found.pop("XMP-plus:ModelReleaseStatus").startswith("Limited")
    mining = found.pop("XMP-plus:DataMining")
    assert "DMI-PROHIBITED-AIMLTRAINING" in mining or mining.startswith("Prohibited")
    colours = {name: found.pop(name, None) for name in COLORIMETRY} if coloured else {}
    assert None not in colours.values()
    expected = TOLD | (PROFILE if coloured else {})
    assert found == expected | (PNG_NAME if coloured and kind == "PNG" else {})


@pytest.mark.parametrize("kind", FORMATS)
def test_a_copy_of_which_nothing_is_said_carries_nothing(tmp_path: Path, kind: str) -> None:
    assert listed(written(tmp_path, kind, Carried())) == {}


@pytest.mark.parametrize("kind", FORMATS)
def test_what_is_empty_is_not_written(tmp_path: Path, kind: str) -> None:
    xmp = packet(ReleaseStatus.NOT_APPLICABLE, [], DataMining.PROHIBITED, Rights())
    found = listed(written(tmp_path, kind, Carried(xmp)))
    assert found.keys() == CODES
    assert found["XMP-plus:ModelReleaseStatus"] == "Not Applicable"


@pytest.mark.parametrize("kind", FORMATS)
def test_the_oracle_sees_what_is_not_on_the_list(tmp_path: Path, kind: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = "ward 4"
    found = listed(written(tmp_path, kind, Carried(), exif=exif.tobytes()))
    assert found["IFD0:ImageDescription"] == "ward 4"


def test_the_oracle_sees_what_is_there_twice(tmp_path: Path) -> None:
    path = written(tmp_path, "JPEG", Carried())
    data = path.read_bytes()
    comments = b"\xff\xfe\0\x07first\xff\xfe\0\x08second"
    path.write_bytes(data[:20] + comments + data[20:])
    assert sorted(listed(path).values()) == ["first", "second"]
