"""What the pictures of a video are like, and what ffmpeg must do so that they are as we need them.

Upright, with square pixels, of even size, 8 bits, and in the colours of usual screens.
"""

from __future__ import annotations

import dataclasses
import re
from fractions import Fraction

from detector.errors import VideoUnreadableError
from detector.untrusted import printable
from detector.video_errors import no_picture
from detector.video_frames import ColourMatrix, Colours

_HIGH_DEFINITION = 720
_BASE = re.compile(r"\] config in time_base: (\d+/[1-9]\d*),")
_PICTURE = re.compile(
    r"\] n: *\d+ pts: *(\w+|-\d+) .* fmt:(\w+) .*sar:(\d+)/(\d+) s:(\d+)x(\d+) i:([PTB])"
)
_COLOURS = re.compile(
    r"\] color_range:(\S+) color_space:(\S+) color_primaries:(\S+) color_trc:(\S+)"
)
_TURN = re.compile(r"displaymatrix: rotation of (-?\d+)")
# ITU-T H.273, table 4, in ffmpeg's words.
_MATRICES = {
    "bt709": ColourMatrix.BT709,
    "smpte240m": ColourMatrix.BT709,
    "bt470bg": ColourMatrix.BT601,
    "smpte170m": ColourMatrix.BT601,
    "fcc": ColourMatrix.BT601,
}
_WIDE = frozenset({"bt2020nc", "bt2020c"})
_BRIGHT = frozenset({"smpte2084", "arib-std-b67"})
_RGB = re.compile(r"gbr|[a0x]?2?rgb|rgb|bgr|[a0x]2?bgr|pal8|mono|gray")
_SEEN_THROUGH = re.compile(r"yuva|gbrap|rgba|bgra|argb|abgr|ya\d|pal8")


@dataclasses.dataclass(frozen=True, slots=True)
class Look:
    """What the pictures are like, and what must be done to them."""

    width: int
    height: int
    colours: Colours
    hdr: bool
    interlaced: bool
    rotated: int
    filters: str
    first: Fraction | None = None
    """When the first one is shown, in raw seconds; None where nobody says."""


@dataclasses.dataclass(frozen=True, slots=True)
class FirstPictures:
    """What the first pictures are like."""

    size: tuple[int, int]
    pixels: str
    aspect: Fraction
    interlaced: bool
    full_range: bool
    matrix: str
    transfer: str
    turned: int
    first: Fraction | None

    @classmethod
    def read(cls, lines: list[str]) -> FirstPictures:
        """Reads what `showinfo` says.

        Raises:
            VideoUnreadableError: it says nothing.
        """
        found = [match for line in lines if (match := _PICTURE.search(line))]
        colours = next((match for line in lines if (match := _COLOURS.search(line))), None)
        if not found or colours is None:
            raise no_picture()
        turn = next((match for line in lines if (match := _TURN.search(line))), None)
        first = found[0]
        base = next((match for line in lines if (match := _BASE.search(line))), None)
        told = first[1].lstrip("-").isdecimal()
        across, down = int(first[3]), int(first[4])
        return cls(
            size=(int(first[5]), int(first[6])),
            pixels=first[2],
            aspect=Fraction(across, down) if across > 0 and down > 0 else Fraction(1),
            interlaced=any(match[7] != "P" for match in found),
            full_range=colours[1] == "pc",
            matrix=colours[2],
            transfer=colours[4],
            turned=int(turn[1]) if turn else 0,
            first=int(first[1]) * Fraction(base[1]) if base is not None and told else None,
        )


def planned(raw: FirstPictures) -> Look:
    """What must be done so that the pictures become upright, square, even and 8 bits.

    Raises:
        VideoUnreadableError: their colours are of a kind that is not known.
    """
    width, height = raw.size
    aspect = raw.aspect
    if abs(raw.turned) % 180 == 90:  # noqa: PLR2004 - lying on its side
        width, height, aspect = height, width, 1 / aspect
    steps = ["bwdif=mode=send_frame:parity=auto:deint=interlaced"] if raw.interlaced else []
    if width % 2 or height % 2:
        # The codecs that are written know even sizes only; a row is less than any face.
        steps.append("crop=max(2\\,trunc(iw/2)*2):max(2\\,trunc(ih/2)*2):0:0")
    across, down = Fraction(width // 2 * 2), Fraction(height // 2 * 2)
    width, height = (
        _even(across * max(aspect, Fraction(1))),
        _even(down * max(1 / aspect, Fraction(1))),
    )
    if min(across, down) < 2:  # noqa: PLR2004 - colour is kept for squares of two pixels
        raise VideoUnreadableError("its pictures are narrower than two pixels; check the file")
    colours, conversion = _colours(raw, width, height)
    hdr = raw.transfer in _BRIGHT
    steps += [conversion, "setsar=1", "format=yuv420p"]
    return Look(width, height, colours, hdr, raw.interlaced, raw.turned, ",".join(steps))


def _even(length: Fraction) -> int:
    return 2 * max(1, round(length / 2))


def _colours(raw: FirstPictures, width: int, height: int) -> tuple[Colours, str]:
    """What the samples mean, and the filters that make them so, in the right size."""
    size = f"scale={width}:{height}:flags=bicubic+accurate_rnd"
    if _RGB.match(raw.pixels):
        # Whatever hides behind transparency is black, as it is not shown.
        blend = ":alphablend=uniform_color" if _SEEN_THROUGH.search(raw.pixels) else ""
        return Colours(), f"{size}:out_color_matrix=bt709:out_range=tv{blend}"
    unsaid = raw.matrix in {"unknown", "reserved"}
    if raw.matrix in _WIDE or (raw.transfer in _BRIGHT and (unsaid or raw.matrix in _MATRICES)):
        return Colours(), f"{_narrowed(raw, unsaid=unsaid)},{size}"
    matrix = _MATRICES.get(raw.matrix)
    if unsaid:
        # What players assume where a file does not say.
        high = min(raw.size) >= _HIGH_DEFINITION or max(raw.size) > 1024  # noqa: PLR2004
        matrix = ColourMatrix.BT709 if high else ColourMatrix.BT601
    if matrix is None:
        raise strange_colours(printable(raw.matrix)[:20])
    name, range_ = matrix.value, "pc" if raw.full_range else "tv"
    same = f"in_color_matrix={name}:out_color_matrix={name}:in_range={range_}:out_range={range_}"
    blend = ":alphablend=uniform_color" if _SEEN_THROUGH.search(raw.pixels) else ""
    return Colours(matrix, raw.full_range), f"{size}:{same}{blend}"


def _narrowed(raw: FirstPictures, *, unsaid: bool) -> str:
    """The filters from the wide colours of ITU-R BT.2020 and 2100 to those of BT.709.

    ITU-R BT.2408 puts white at 203 cd/m2, and most of what is brighter ends at 1000. Hardly
    anything changes below that with Moebius' curve: skin is where it would be without HDR.
    """
    meant = "bt2020nc" if unsaid else raw.matrix
    transfer = raw.transfer if raw.transfer in _BRIGHT else "bt2020-10"
    said = (
        f"setparams=colorspace={meant}:color_primaries=bt2020:color_trc={transfer}"
        f":range={'full' if raw.full_range else 'limited'}"
    )
    if raw.transfer not in _BRIGHT:
        return f"{said},zscale=t=709:p=709:m=709:r=limited"
    return (
        f"{said},zscale=t=linear:npl=203,format=gbrpf32le,zscale=p=709,"
        "tonemap=mobius:desat=0:peak=4.93,zscale=t=709:m=709:r=limited,format=yuv420p"
    )


def strange_colours(kind: str) -> VideoUnreadableError:
    """The error for pictures that would be shown in wrong colours."""
    return VideoUnreadableError(
        "its colours are of a kind ({kind}) that is not judged; export it again as MP4", kind=kind
    )
