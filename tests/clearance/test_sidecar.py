"""A sidecar shows each face where it is, however the photo is stored, and to its owner only."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearance.errors import ExportError
from clearance.hints import hints_of
from clearance.metadata import parse
from clearance.results import Outcome
from clearance.sidecar import SidecarExistsError, SidecarFace, sidecar, sidecar_path, write_sidecar
from detector.embedded import Embedded
from detector.faces import Box, Frame
from tests.clearance.oracle import listed

if TYPE_CHECKING:
    import numpy.typing as npt

    Raster = npt.NDArray[np.uint8]

ORIENTATIONS = range(1, 9)
STORED = (300, 200)
KNOWN = SidecarFace(Box(30, 20, 60, 60), "Ada Fictional", "cleared", "form N-1, until 2027")
STRANGER = SidecarFace(Box(100, 100, 140, 150), "", "blocked", "unknown person")
posix = pytest.mark.skipif(os.name != "posix", reason="file modes are those of POSIX")


def upright_size(stored: tuple[int, int], orientation: int) -> tuple[int, int]:
    return stored[::-1] if orientation >= 5 else stored


def content(*faces: SidecarFace, orientation: int = 1, outcome: Outcome = Outcome.BLOCKED) -> bytes:
    return sidecar("photo.jpg", STORED, orientation, faces, outcome)


def read_back(xmp: bytes, stored: tuple[int, int], orientation: int) -> Frame:
    """The photo with the sidecar's packet inside, as our own reader gets it."""
    width, height = upright_size(stored, orientation)
    return Frame(
        Path("photo.jpg"),
        "0" * 64,
        "JPEG",
        np.zeros((height, width, 3), np.uint8),
        embedded=Embedded(xmp=xmp, orientation=orientation, stored_size=stored),
    )


# --- where the faces are -------------------------------------------------------------------


@settings(deadline=None, max_examples=100)
@given(
    st.integers(1, 9000),
    st.integers(1, 9000),
    st.sampled_from(ORIENTATIONS),
    st.tuples(*[st.floats(0, 1)] * 4),
)
def test_our_own_reader_finds_each_face_where_it_was(
    across: int, down: int, orientation: int, shares: tuple[float, ...]
) -> None:
    width, height = upright_size((across, down), orientation)
    left, right = sorted((int(shares[0] * (width - 1)), int(shares[1] * (width - 1))))
    top, bottom = sorted((int(shares[2] * (height - 1)), int(shares[3] * (height - 1))))
    box = Box(left, top, right + 1, bottom + 1)
    face = SidecarFace(box, "Ada Fictional", "cleared", "")
    xmp = sidecar("photo.jpg", (across, down), orientation, [face], Outcome.CLEARED)
    hints = hints_of(read_back(xmp, (across, down), orientation))
    (region,) = hints.regions
    assert region.name == "Ada Fictional"
    assert region.kind == "Face"
    assert region.source == "mwg"
    # Nine digits are enough for the pixel; the reader rounds outwards.
    found = region.box
    assert max(abs(found.left - left), abs(found.right - right - 1)) <= 1
    assert max(abs(found.top - top), abs(found.bottom - bottom - 1)) <= 1


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_regions_lie_in_the_stored_raster(tmp_path: Path, orientation: int) -> None:
    """Against pictures, not formulas: a white box is drawn, stored, and measured there."""
    width, height = upright_size(STORED, orientation)
    upright = np.zeros((height, width), np.uint8)
    box = Box(20, 30, 70, 50)
    upright[box.top : box.bottom, box.left : box.right] = 1
    stored = stored_raster(upright, orientation)
    assert stored.shape == STORED[::-1]
    rows, columns = np.nonzero(stored)
    face = SidecarFace(box, "Ada Fictional", "cleared", "")
    region = regions_of(written(tmp_path, content(face, orientation=orientation)))[0]
    area = {name: float(region["Area"][name.upper()]) for name in "xywh"}
    assert area["x"] * STORED[0] == pytest.approx((columns.min() + columns.max() + 1) / 2, abs=1e-3)
    assert area["y"] * STORED[1] == pytest.approx((rows.min() + rows.max() + 1) / 2, abs=1e-3)
    assert area["w"] * STORED[0] == pytest.approx(columns.max() + 1 - columns.min(), abs=1e-3)
    assert area["h"] * STORED[1] == pytest.approx(rows.max() + 1 - rows.min(), abs=1e-3)


FIRST_ROW_AND_COLUMN = {
    1: ("top", "left"),
    2: ("top", "right"),
    3: ("bottom", "right"),
    4: ("bottom", "left"),
    5: ("left", "top"),
    6: ("right", "top"),
    7: ("right", "bottom"),
    8: ("left", "bottom"),
}
"""Where the first stored row and column lie in the upright picture: EXIF 2.32, 4.6.4."""


def stored_raster(upright: Raster, orientation: int) -> Raster:
    """What a camera stored of which this is the upright picture."""
    row, column = FIRST_ROW_AND_COLUMN[orientation]
    if row in {"left", "right"}:
        upright = upright.T
    if row in {"bottom", "right"}:
        upright = upright[::-1]
    return upright[:, ::-1] if column in {"bottom", "right"} else upright


def test_a_box_is_cut_at_the_border() -> None:
    face = SidecarFace(Box(-20, -5, 40, 30), "Ada Fictional", "cleared", "")
    (region,) = hints_of(read_back(content(face), STORED, 1)).regions
    assert region.box == Box(0, 0, 40, 30)
    assert f"<stArea:w>{40 / 300:.9f}</stArea:w>".encode() in content(face)


@pytest.mark.parametrize("orientation", [0, 9, -1])
def test_there_are_eight_orientations(orientation: int) -> None:
    with pytest.raises(ValueError, match="raster"):
        content(KNOWN, orientation=orientation)


def test_a_raster_has_pixels() -> None:
    with pytest.raises(ValueError, match="raster"):
        sidecar("photo.jpg", (0, 5), 1, [], Outcome.CLEARED)


# --- what is said --------------------------------------------------------------------------


def written(folder: Path, xmp: bytes) -> Path:
    return write_sidecar(folder / "photo.jpg", xmp)


def regions_of(path: Path) -> list[dict[str, dict[str, str]]]:
    found = listed(path)["XMP-mwg-rs:RegionInfo"]["RegionList"]
    assert isinstance(found, list)
    return found


def test_exiftool_lists_faces_and_verdicts(tmp_path: Path) -> None:
    xmp = sidecar(
        "photo.jpg",
        STORED,
        6,
        [KNOWN, STRANGER],
        Outcome.BLOCKED,
        {"website": Outcome.BLOCKED, "intranet": Outcome.CLEARED},
    )
    found = listed(written(tmp_path, xmp))
    regions = found.pop("XMP-mwg-rs:RegionInfo")
    assert regions["AppliedToDimensions"] == {"W": 300, "H": 200, "Unit": "pixel"}
    first, second = regions["RegionList"]
    assert first["Name"] == "Ada Fictional"
    assert first["Type"] == second["Type"] == "Face"
    assert first["Description"] == "cleared: form N-1, until 2027"
    assert second.get("Name", "") == ""
    assert second["Description"] == "blocked: unknown person"
    # Turned clockwise by a quarter to be shown: upright x is the stored y from the bottom.
    assert first["Area"] == {
        "X": pytest.approx(40 / 300),
        "Y": pytest.approx(1 - 45 / 200),
        "W": pytest.approx(40 / 300),
        "H": pytest.approx(30 / 200),
        "Unit": "normalized",
    }
    tags = ["Clearance/blocked", "Clearance/website/blocked", "Clearance/intranet/cleared"]
    assert found == {
        "XMP-xmp:CreatorTool": "Clearance",
        "XMP-xmp:Label": "Red",
        "XMP-xmpMM:PreservedFileName": "photo.jpg",
        "XMP-dc:Subject": tags,
        "XMP-digiKam:TagsList": tags,
        "XMP-lr:HierarchicalSubject": [tag.replace("/", "|") for tag in tags],
    }


@pytest.mark.parametrize(
    ("outcome", "label"),
    [
        (Outcome.CLEARED, "Green"),
        (Outcome.EXEMPT, "Green"),
        (Outcome.NOT_RECOGNISABLE, "Green"),
        (Outcome.REDACTED, "Yellow"),
        (Outcome.REVIEW, "Yellow"),
        (Outcome.BLOCKED, "Red"),
        (Outcome.FAILED, "Red"),
    ],
)
def test_green_is_only_what_may_be_published_as_it_is(outcome: Outcome, label: str) -> None:
    assert f"<xmp:Label>{label}</xmp:Label>".encode() in content(KNOWN, outcome=outcome)


def test_every_outcome_has_a_label() -> None:
    for outcome in Outcome:
        assert b"<xmp:Label>" in content(outcome=outcome)


def test_a_photo_without_faces_has_no_regions() -> None:
    xmp = content(outcome=Outcome.CLEARED)
    assert b"mwg-rs" not in xmp
    assert b"Clearance/cleared" in xmp


@settings(deadline=None, max_examples=60)
@given(st.text(st.characters(exclude_categories=[]), max_size=30))
def test_no_name_breaks_out(name: str) -> None:
    face = SidecarFace(KNOWN.box, name, name, name)
    root = parse(sidecar(name, STORED, 1, [face, KNOWN], Outcome.REVIEW, {name: Outcome.REVIEW}))
    assert len(list(root.iter("{http://www.metadataworkinggroup.com/schemas/regions/}Type"))) == 2


# --- the file ------------------------------------------------------------------------------


def test_it_lies_beside_the_photo(tmp_path: Path) -> None:
    photo = tmp_path / "Füür.JPG"
    photo.write_bytes(b"never opened")
    path = write_sidecar(photo, content(KNOWN))
    assert path == sidecar_path(photo) == tmp_path / "Füür.JPG.xmp"
    assert path.read_bytes() == content(KNOWN)
    assert photo.read_bytes() == b"never opened"
    assert sorted(tmp_path.iterdir()) == sorted([photo, path]), "nothing else is left"


@posix
def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        path = written(tmp_path, content(KNOWN))
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600


@posix
def test_one_of_ours_is_replaced_and_closed_again(tmp_path: Path) -> None:
    path = written(tmp_path, content(KNOWN))
    path.chmod(0o644)
    assert written(tmp_path, content(STRANGER)) == path
    assert path.read_bytes() == content(STRANGER)
    assert path.stat().st_mode & 0o777 == 0o600


OURS = content(KNOWN)
FOREIGN: dict[str, bytes] = {
    "empty": b"",
    "text": b"Clearance",
    "other-tool": OURS.replace(b">Clearance<", b">darktable 4.8<", 1),
    "no-tool": OURS.replace(b"<xmp:CreatorTool>Clearance</xmp:CreatorTool>", b""),
    "history-added": OURS.replace(
        b"<xmp:Label>", b"<d:history xmlns:d='http://darktable.sf.net/'>1</d:history><xmp:Label>"
    ),
    "rating-added": OURS.replace(b"<xmp:Label>", b"<xmp:Rating>5</xmp:Rating><xmp:Label>"),
    "attribute-added": OURS.replace(b'rdf:about=""', b'rdf:about="" xmp:Rating="5"', 1).replace(
        b'rdf:about=""', b'rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"', 1
    ),
    "doctype": b"<!DOCTYPE x>" + OURS,
    "far-too-large": OURS + b" " * (1 << 22),
}


@pytest.mark.parametrize("there", FOREIGN.values(), ids=FOREIGN.keys())
def test_what_another_program_wrote_stays(tmp_path: Path, there: bytes) -> None:
    path = tmp_path / "photo.jpg.xmp"
    path.write_bytes(there)
    with pytest.raises(SidecarExistsError) as caught:
        written(tmp_path, OURS)
    assert str(path) in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert path.read_bytes() == there
    assert list(tmp_path.iterdir()) == [path]


@posix
def test_a_link_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.xmp"
    elsewhere.write_bytes(OURS)
    (tmp_path / "photo.jpg.xmp").symlink_to(elsewhere)
    with pytest.raises(SidecarExistsError):
        written(tmp_path, content(STRANGER))
    assert elsewhere.read_bytes() == OURS


def test_a_folder_in_its_place_stays(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg.xmp").mkdir()
    with pytest.raises(SidecarExistsError):
        written(tmp_path, OURS)


def test_a_missing_folder_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ExportError) as caught:
        write_sidecar(tmp_path / "missing" / "photo.jpg", OURS)
    assert "photo.jpg.xmp" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_what_was_there_stays_when_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, OURS)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ExportError, match=os.strerror(errno.ENOSPC)):
        written(tmp_path, content(STRANGER))
    assert path.read_bytes() == OURS
    assert list(tmp_path.iterdir()) == [path]
