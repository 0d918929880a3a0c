"""A profile keeps its colours and loses its words; what cannot be rebuilt becomes sRGB."""

from __future__ import annotations

import io
import itertools
import struct
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from clearance import colour
from clearance.colour import in_srgb, profile_for_copy
from tests.commands import media_folder

if TYPE_CHECKING:
    from detector.faces import Pixels

    Matrix = tuple[tuple[float, float, float], ...]
    Tags = dict[bytes, bytes]

SECRET = b"Nurse Nobody, ward 4"
SRGB: Matrix = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))
P3: Matrix = ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))
ADOBE: Matrix = ((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446))
OWN: Matrix = ((0.5, 0.3, 0.02), (0.3, 0.6, 0.08), (0.1642, 0.1, 0.7249))
"""Of a space that has no name."""


def fixed(*numbers: float) -> bytes:
    return b"".join(struct.pack(">i", round(number * 65536)) for number in numbers)


def xyz(*numbers: float) -> bytes:
    return b"XYZ \0\0\0\0" + fixed(*numbers)


def gamma(value: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256)) + bytes(2)


def sampled(function: Callable[[float], float], count: int = 1024) -> bytes:
    values = (round(65535 * function(n / (count - 1))) for n in range(count))
    return b"curv\0\0\0\0" + struct.pack(f">I{count}H", count, *values)


def srgb_light(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


PARAMETRIC = b"para\0\0\0\0\0\3\0\0" + fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
DESCRIPTION = b"desc\0\0\0\0" + struct.pack(">I", 21) + SECRET + b"\0" + bytes(78)


def icc(
    tags: Mapping[bytes, bytes],
    *,
    version: int = 0x02100000,
    kind: bytes = b"mntr",
    device: bytes = b"RGB ",
    space: bytes = b"XYZ ",
    gap: bytes = b"",
) -> bytes:
    """A profile with these tags, and a gap behind the table."""
    start = 132 + 12 * len(tags) + len(gap)
    table, data = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        table += struct.pack(">4sII", name, start + len(data), len(content))
        data += content + bytes(-len(content) % 4)
    body = struct.pack(">4sI4s4s4s", b"APPL", version, kind, device, space)
    body += struct.pack(">6H", 2026, 7, 14, 9, 30, 1) + b"acspMSFT\0\0\0\1"
    body += b"MAKR" + b"MODL" + bytes(8) + bytes(4) + fixed(0.9642, 1, 0.8249)
    body += b"CREA" + b"9876543210abcdef" + b"private and reserved bytes.."
    whole = body + table + gap + data
    return struct.pack(">I", len(whole) + 4) + whole


def matrix_tags(columns: Matrix = OWN, curve: bytes = PARAMETRIC) -> Tags:
    return {
        b"desc": DESCRIPTION,
        b"cprt": b"text\0\0\0\0" + SECRET + b"\0",
        b"wtpt": xyz(0.9642, 1, 0.8249),
        **{
            name: xyz(*column)
            for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)
        },
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }


def corners(columns: Matrix, scale: float) -> list[int]:
    """The colours of a grid with two points a side: as light adds up, that is enough."""
    found = []
    for share in itertools.product((0, 1), repeat=3):
        found += [
            round(scale * sum(s * column[axis] for s, column in zip(share, columns, strict=True)))
            for axis in range(3)
        ]
    return found


def table_of_words(columns: Matrix = OWN) -> bytes:
    """A mft2: a curve for each channel, the grid, nothing behind it."""
    curve = struct.unpack(">1024H", sampled(srgb_light)[12:])
    identity = fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    head = b"mft2\0\0\0\0\3\3\2\0" + identity + struct.pack(">HH", 1024, 2)
    numbers = (*curve * 3, *corners(columns, 32768), *(0, 65535) * 3)
    return head + struct.pack(f">{len(numbers)}H", *numbers)


def table_of_bytes() -> bytes:
    """A mft1 into Lab, which has 8 bits as well: lightness alone, coarse as it is."""
    identity = fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    ramp = bytes(range(256)) * 3
    grid = b"".join(
        bytes([(red + green + blue) * 85, 128, 128])
        for red, green, blue in itertools.product((0, 1), repeat=3)
    )
    return b"mft1\0\0\0\0\3\3\2\0" + identity + ramp + grid + ramp


def stages(columns: Matrix = OWN, *, gap: bytes = b"") -> bytes:
    """A mAB with every stage: curves, a grid that changes nothing, curves, a matrix, curves."""
    plain = b"curv\0\0\0\0\0\0\0\0" * 3
    parametric = PARAMETRIC * 3
    points = corners(((1, 0, 0), (0, 1, 0), (0, 0, 1)), 65535)
    grid = b"\2\2\2" + bytes(13) + b"\2\0\0\0" + struct.pack(">24H", *points)
    rows = np.array(columns).T * 32768 / 65535
    matrix = fixed(*rows.ravel(), 0, 0, 0)
    parts = (plain, matrix, plain, grid, parametric)
    start, places, data = 32, b"", b""
    for part in parts:
        places += struct.pack(">I", start + len(data + gap))
        data += gap + part
    return b"mAB \0\0\0\0\3\3\0\0" + places + data


def lut_tags(table: bytes) -> Tags:
    tags = matrix_tags()
    return {name: tags[name] for name in (b"desc", b"cprt", b"wtpt")} | {b"A2B0": table}


PROFILES: dict[str, bytes] = {
    "pillow": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    "matrix": icc(matrix_tags()),
    "gamma": icc(matrix_tags(curve=gamma(1.8))),
    "sampled": icc(matrix_tags(curve=sampled(srgb_light))),
    "linear": icc(matrix_tags(curve=b"curv" + bytes(8))),
    "version-4": icc(matrix_tags(), version=0x04300000),
    "camera": icc(matrix_tags(), kind=b"scnr"),
    "space": icc(matrix_tags(), kind=b"spac"),
    "black": icc(matrix_tags() | {b"bkpt": xyz(0, 0, 0)}),
    "words": icc(lut_tags(table_of_words())),
    "bytes": icc(lut_tags(table_of_bytes()), space=b"Lab "),
    "stages": icc(lut_tags(stages()), version=0x04200000),
    "other-intent": icc(matrix_tags() | {b"A2B1": table_of_words(SRGB)}),
    "both": icc(matrix_tags() | lut_tags(table_of_words())),
    "code-points": icc(
        matrix_tags(P3) | {b"cicp": b"cicp\0\0\0\0\x0c\x0d\0\1"}, version=0x04400000
    ),
}
every = pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES.keys())


def colours(count: int = 4000) -> Pixels:
    return np.random.default_rng(5).integers(0, 256, (40, count // 40, 3), dtype=np.uint8)


def shown(profile: bytes, intent: ImageCms.Intent) -> Pixels:
    """The colours as a viewer shows them on a screen of sRGB."""
    transform = ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        "RGB",
        "RGB",
        intent,
    )
    return np.asarray(ImageCms.applyTransform(Image.fromarray(colours()), transform))


def kept(profile: bytes) -> bytes:
    fresh = profile_for_copy(profile)
    assert fresh is not None
    return fresh


def name_of(profile: bytes) -> str:
    said = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile)))
    return said.strip()


def tags_of(profile: bytes) -> Tags:
    (count,) = struct.unpack_from(">I", profile, 128)
    entries = struct.iter_unpack(">4sII", profile[132 : 132 + 12 * count])
    return {name: profile[at : at + length] for name, at, length in entries}


# --- colours stay --------------------------------------------------------------------------


@every
@pytest.mark.parametrize("intent", ImageCms.Intent, ids=[one.name for one in ImageCms.Intent])
def test_the_colours_stay(profile: bytes, intent: ImageCms.Intent) -> None:
    before, after = shown(profile, intent), shown(kept(profile), intent)
    assert np.abs(before.astype(int) - after.astype(int)).max() <= 1


def test_the_samples_are_not_all_one_colour_space() -> None:
    """Or the test above would pass whatever is written."""
    looks = {
        shown(profile, ImageCms.Intent.RELATIVE_COLORIMETRIC).tobytes()
        for profile in PROFILES.values()
    }
    assert len(looks) >= 6


@every
def test_it_is_made_once(profile: bytes) -> None:
    fresh = kept(profile)
    assert fresh == profile_for_copy(profile), "the same bytes each time"
    assert profile_for_copy(fresh) == fresh, "nothing more to take away"


def test_the_three_curves_are_stored_once() -> None:
    profile = kept(PROFILES["sampled"])
    assert len(profile) < 3000
    assert tags_of(profile)[b"rTRC"] == sampled(srgb_light)


@pytest.mark.parametrize(
    ("columns", "curve", "name"),
    [
        (SRGB, PARAMETRIC, "sRGB"),
        (SRGB, sampled(srgb_light), "sRGB"),
        (SRGB, gamma(2.2), "RGB"),
        (SRGB, b"curv" + bytes(8), "RGB"),
        (P3, PARAMETRIC, "Display P3"),
        (P3, gamma(2.2), "RGB"),
        (ADOBE, gamma(563 / 256), "Adobe RGB (1998)"),
        (ADOBE, b"para\0\0\0\0\0\0\0\0" + fixed(563 / 256), "Adobe RGB (1998)"),
        (ADOBE, b"para\0\0\0\0\0\1\0\0" + fixed(563 / 256, 1, 0), "Adobe RGB (1998)"),
        (ADOBE, b"para\0\0\0\0\0\2\0\0" + fixed(563 / 256, 1, 0, 0), "Adobe RGB (1998)"),
        (ADOBE, gamma(1.8), "RGB"),
        (OWN, PARAMETRIC, "RGB"),
        (SRGB, b"para\0\0\0\0\0\4\0\0" + PARAMETRIC[12:] + fixed(0, 0), "sRGB"),
        (SRGB, b"para\0\0\0\0\0\4\0\0" + PARAMETRIC[12:] + fixed(0.1, 0), "RGB"),
    ],
)
@pytest.mark.parametrize("version", [2, 4])
def test_a_name_is_given_for_colours_only(
    columns: Matrix, curve: bytes, name: str, version: int
) -> None:
    profile = icc(matrix_tags(columns, curve), version=version << 24)
    assert name_of(kept(profile)) == name


@pytest.mark.parametrize(("version", "kinds"), [(2, (b"desc", b"text")), (4, (b"mluc", b"mluc"))])
def test_texts_have_the_type_of_their_version(version: int, kinds: tuple[bytes, bytes]) -> None:
    tags = tags_of(kept(icc(matrix_tags(), version=version << 24)))
    assert (tags[b"desc"][:4], tags[b"cprt"][:4]) == kinds


def test_a_table_has_no_name() -> None:
    tags = matrix_tags(SRGB) | lut_tags(table_of_words(SRGB))
    assert name_of(kept(icc(tags))) == "RGB"


# --- words go ------------------------------------------------------------------------------


@every
def test_nothing_is_said_but_colours(profile: bytes) -> None:
    fresh = kept(profile)
    for told in (SECRET, b"APPL", b"MSFT", b"MAKR", b"MODL", b"CREA", b"9876543210", b"private"):
        assert told not in fresh
    assert fresh[24:36] == struct.pack(">6H", 2000, 1, 1, 0, 0, 0)
    assert not any(fresh[4:8] + fresh[40:64] + fresh[80:128])
    assert tags_of(fresh).keys() <= {
        *(b"desc", b"cprt", b"wtpt", b"bkpt", b"chad", b"cicp"),
        *(b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC", b"A2B0", b"A2B1"),
    }
    covered = 132 + 12 * len(tags_of(fresh))
    covered += sum(len(one) + -len(one) % 4 for one in set(tags_of(fresh).values()))
    assert covered == len(fresh), "no gap"


def hidden_in(tags: Tags, name: bytes, more: bytes) -> Tags:
    return tags | {name: tags[name] + more}


def reserved(content: bytes, at: int = 4) -> bytes:
    return content[:at] + b"word" + content[at + 4 :]


MATRIX, LUT = matrix_tags(), lut_tags(table_of_words())
HIDDEN: dict[str, tuple[bytes, bytes]] = {
    "private-tag": (icc(MATRIX | {b"priv": b"text\0\0\0\0" + SECRET}), icc(MATRIX)),
    "serial-number": (icc(MATRIX | {b"dmnd": DESCRIPTION, b"dmdd": DESCRIPTION}), icc(MATRIX)),
    "calibration": (icc(MATRIX | {b"vcgt": b"vcgt\0\0\0\0" + SECRET}), icc(MATRIX)),
    "characterisation": (icc(MATRIX | {b"targ": b"text\0\0\0\0" + SECRET}), icc(MATRIX)),
    "gap": (icc(MATRIX, gap=SECRET), icc(MATRIX)),
    "behind": (icc(MATRIX) + SECRET, icc(MATRIX)),
    "long-colorant": (icc(hidden_in(MATRIX, b"rXYZ", SECRET)), icc(MATRIX)),
    "long-curve": (icc(hidden_in(MATRIX, b"rTRC", SECRET)), icc(MATRIX)),
    "long-white": (icc(hidden_in(MATRIX, b"wtpt", SECRET)), icc(MATRIX)),
    "reserved": (icc(MATRIX | {b"gXYZ": reserved(MATRIX[b"gXYZ"])}), icc(MATRIX)),
    "reserved-curve": (icc(MATRIX | {b"gTRC": reserved(MATRIX[b"gTRC"])}), icc(MATRIX)),
    "long-table": (icc(hidden_in(LUT, b"A2B0", SECRET)), icc(LUT)),
    "reserved-table": (icc(LUT | {b"A2B0": reserved(LUT[b"A2B0"])}), icc(LUT)),
    "between-stages": (
        icc(lut_tags(stages(gap=SECRET)), version=4 << 24),
        icc(lut_tags(stages()), version=4 << 24),
    ),
    "behind-stages": (
        icc(lut_tags(stages() + SECRET), version=4 << 24),
        icc(lut_tags(stages()), version=4 << 24),
    ),
}


@pytest.mark.parametrize(("dirty", "clean"), HIDDEN.values(), ids=HIDDEN.keys())
def test_whatever_is_hidden_makes_no_difference(dirty: bytes, clean: bytes) -> None:
    assert dirty != clean
    assert kept(dirty) == kept(clean)


# --- what is not kept ----------------------------------------------------------------------


def without(name: bytes) -> Tags:
    return {kind: content for kind, content in MATRIX.items() if kind != name}


def twice(name: bytes) -> bytes:
    """A tag that stands in the table twice, the second time in the place of another."""
    return icc(MATRIX | {b"????": MATRIX[name]}).replace(b"????", name)


REFUSED: dict[str, bytes] = {
    "empty": b"",
    "zeros": bytes(200),
    "text": b"no profile at all",
    "oversized": icc(MATRIX, gap=bytes(1 << 20)),
    "grey": icc(MATRIX, device=b"GRAY"),
    "cmyk": icc(MATRIX, device=b"CMYK"),
    "printer": icc(MATRIX, kind=b"prtr"),
    "link": icc(MATRIX, kind=b"link"),
    "named": icc(MATRIX, kind=b"nmcl"),
    "other-space": icc(MATRIX, space=b"RGB "),
    "version-5": icc(MATRIX, version=5 << 24),
    "no-colorant": icc(without(b"gXYZ")),
    "no-curve": icc(without(b"bTRC")),
    "tag-twice": twice(b"rXYZ"),
    "other-type": icc(MATRIX | {b"rXYZ": b"text\0\0\0\0" + SECRET}),
    "text-as-curve": icc(MATRIX | {b"rTRC": DESCRIPTION}),
    "cut-curve": icc(MATRIX | {b"rTRC": sampled(srgb_light)[:100]}),
    "cut-table": icc(LUT | {b"A2B0": table_of_words()[:500]}),
    "four-channels": icc(LUT | {b"A2B0": b"mft2\0\0\0\0\4\3" + table_of_words()[10:]}),
    "unknown-curve": icc(MATRIX | {b"rTRC": b"para\0\0\0\0\0\x09\0\0" + fixed(1)}),
    "magic": icc(MATRIX).replace(b"acsp", b"xxxx"),
    "too-many-tags": icc(MATRIX)[:128] + b"\xff\xff\xff\xff" + icc(MATRIX)[132:],
    "tag-behind-the-end": struct.pack(">I", len(icc(MATRIX)) - 20) + icc(MATRIX)[4:],
    "longer-than-it-is": b"\0\1\0\0" + icc(MATRIX)[4:],
}


@pytest.mark.parametrize("profile", REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_rebuilt_is_not_kept(profile: bytes) -> None:
    assert profile_for_copy(profile) is None


def test_no_profile_stays_none() -> None:
    assert profile_for_copy(None) is None


def test_other_colours_than_before_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a program computes with that was left out: the colours decide."""
    assert profile_for_copy(icc(MATRIX))
    other = kept(icc(matrix_tags(P3)))
    monkeypatch.setattr(colour._Profile, "written", lambda self: other)
    assert profile_for_copy(icc(MATRIX)) is None


@pytest.mark.parametrize("name", ["matrix", "words", "stages", "pillow"])
@settings(max_examples=40, deadline=None)
@given(cut=st.floats(0, 0.999), changes=st.lists(st.tuples(st.floats(0, 1), st.integers(1, 255))))
def test_damage_is_never_a_crash(name: str, cut: float, changes: list[tuple[float, int]]) -> None:
    profile = bytearray(PROFILES[name])
    assert profile_for_copy(bytes(profile[: int(cut * len(profile))])) is None
    for where, change in changes:
        profile[int(where * (len(profile) - 1))] ^= change
    fresh = profile_for_copy(bytes(profile))
    if fresh is not None:
        assert profile_for_copy(fresh) == fresh
        assert SECRET not in fresh
        assert in_srgb(colours(), fresh).shape == colours().shape


def test_every_profile_of_a_real_photo_is_kept_or_not_needed() -> None:
    folder = media_folder()
    if folder is None:
        pytest.skip("no development photos on this machine")
    seen: set[bytes] = set()
    for path in sorted(folder.rglob("*.jpg"))[:150]:
        try:
            with Image.open(path) as photo:
                profile = photo.info.get("icc_profile")
        except OSError:
            continue
        if profile:
            seen.add(profile)
    fresh = {profile: profile_for_copy(profile) for profile in seen}
    for profile, made in fresh.items():
        if made is None:
            assert len(in_srgb(colours(), profile)) == len(colours())
        else:
            np.testing.assert_allclose(
                in_srgb(colours(), made).astype(int), in_srgb(colours(), profile), atol=3
            )


# --- sRGB ----------------------------------------------------------------------------------


def test_colours_are_brought_to_srgb() -> None:
    profile = icc(matrix_tags(ADOBE, gamma(563 / 256)))
    green = np.full((2, 3, 3), (120, 200, 90), np.uint8)
    moved = in_srgb(green, profile)
    assert moved.shape == green.shape
    assert moved.dtype == np.uint8
    # Adobe's green is the greener one: in sRGB it needs less of the red.
    assert moved[0, 0, 0] < 120 - 20
    assert abs(int(moved[0, 0, 1]) - 200) < 10
    assert (green == (120, 200, 90)).all()


@pytest.mark.parametrize("name", ["empty", "zeros", "text", "cmyk", "grey", "magic"])
def test_a_damaged_profile_is_passed_over(name: str) -> None:
    pixels = colours()
    assert in_srgb(pixels, REFUSED[name]) is pixels


def test_an_oversized_profile_is_applied_all_the_same() -> None:
    pixels = colours()
    assert (in_srgb(pixels, REFUSED["oversized"]) != pixels).any()
    assert in_srgb(pixels, icc(MATRIX, gap=bytes(1 << 23))) is pixels


@pytest.mark.parametrize("profile", [None, PROFILES["pillow"], icc(matrix_tags(SRGB))])
def test_srgb_under_any_name_moves_no_pixel(profile: bytes | None) -> None:
    pixels = colours()
    assert in_srgb(pixels, profile) is pixels
