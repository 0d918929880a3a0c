"""Decodes the bytes of a photo into everything it can show.

Kinds are told by their first bytes, never by the file's name, and only one
decoder is offered the bytes. Raises errors without the file's name and lets
decoders' own exceptions (DECODER_ERRORS) pass; `photo.open_photo` words them.
"""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import importlib
import io
import math
import struct
import threading
import zlib
from typing import TYPE_CHECKING

from PIL import Image, ImageFile, UnidentifiedImageError

from detector.embedded import Embedded, embedded_in
from detector.errors import PhotoTooLargeError, PhotoUnreadableError
from detector.jpeg_segments import SOI, SOS, segments
from detector.second_pictures import Unjudged, second_pictures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from detector.faces import Pixels

MAX_FILE_BYTES = 512 * 2**20
MAX_PIXELS = 178_000_000
"""Just below what Pillow itself refuses; the largest cameras make 151 million."""

MAX_SCANS = 200
"""Of a JPEG. A progressive one has about ten; each is a pass over every pixel, so that
thousands of empty ones in a few kilobytes keep a computer busy for hours."""

MAX_SECONDS = 120.0
"""What decoding may take, whatever the limits above let through: fifty times the largest photo."""

MAX_EXTRA_PICTURES = 8
"""Pictures behind the first one of a multi-picture JPEG."""

# What decoders were seen, or are documented, to raise on hostile bytes.
DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    EOFError,
    MemoryError,
    RuntimeError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


class PhotoFormat(enum.StrEnum):
    """The kinds of photo that are judged."""

    JPEG = "JPEG"
    PNG = "PNG"
    WEBP = "WEBP"
    TIFF = "TIFF"
    HEIF = "HEIF"
    AVIF = "AVIF"
    GIF = "GIF"
    BMP = "BMP"


@dataclasses.dataclass(frozen=True, slots=True)
class PhotoLimits:
    """What a photo may cost; more is refused before it is decoded."""

    file_bytes: int = MAX_FILE_BYTES
    pixels: int = MAX_PIXELS
    scans: int = MAX_SCANS
    seconds: float = MAX_SECONDS


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Everything a photo can show, upright, in one size; the first view is the photo."""

    views: tuple[Pixels, ...]
    icc_profile: bytes | None
    embedded: Embedded
    unjudged: tuple[Unjudged, ...]


def recognise_format(untrusted_bytes: bytes) -> PhotoFormat:
    """The kind, by the first bytes.

    Raises:
        PhotoUnreadableError: not one of the supported kinds.
    """
    for prefix, kind in _PREFIXES:
        if untrusted_bytes.startswith(prefix):
            return kind
    if untrusted_bytes[:4] == b"RIFF" and untrusted_bytes[8:12] == b"WEBP":
        return PhotoFormat.WEBP
    if untrusted_bytes[4:8] == b"ftyp":
        brands = _brands(untrusted_bytes)
        if brands & {b"avif", b"avis"}:
            return PhotoFormat.AVIF
        if brands & {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}:
            return PhotoFormat.HEIF
    raise PhotoUnreadableError(
        "not a photo of a supported kind ({kinds}); "
        "open it in a picture program and save it as JPEG or PNG",
        kinds=", ".join(PhotoFormat),
    )


def decode(untrusted_bytes: bytes, kind: PhotoFormat, limits: PhotoLimits) -> Picture:
    """Everything the photo can show.

    Raises:
        PhotoTooLargeError: it declares more pixels than `limits` allow.
        PhotoUnreadableError: several pictures, or more than can be judged.
        Exception: any of DECODER_ERRORS, from a decoder.
    """
    if kind is PhotoFormat.JPEG:
        _check_scans(untrusted_bytes, limits)
    with _strict_decoding(), _opened(untrusted_bytes, kind, limits) as image:
        _refuse_several(image, kind)
        image.load()
        # Only now: photos are decoded while numpy is still being imported.
        from detector.pixels import distinct, read_only, same_size, views_of
        from detector.thumbnail import another_picture, stale_thumbnail

        turned = kind is PhotoFormat.HEIF  # by pillow-heif, which leaves no orientation behind
        views, profile = views_of(image, turned=turned)
        embedded = embedded_in(image, untrusted_bytes, kind, turned=turned)
        second = second_pictures(image, untrusted_bytes, kind, embedded)
        others = [stale_thumbnail(image, views[0])]
        unjudged = set(second.unjudged)
        for jpeg in second.jpegs:
            try:
                _check_scans(jpeg, limits)
                with _opened(jpeg, PhotoFormat.JPEG, limits) as small:
                    others.append(another_picture(small, views[0]))
            except (PhotoUnreadableError, *DECODER_ERRORS):
                unjudged.add(Unjudged.UNREADABLE)
        views += [same_size(other, views[0]) for other in others if other is not None]
        for index in range(1, _count(image)):  # only a multi-picture JPEG gets here
            image.seek(index)
            _check_size(image.size, limits)
            more, _ = views_of(image, turned=turned)
            views += [same_size(view, views[0]) for view in more]
    return Picture(
        tuple(read_only(view) for view in distinct(views)),
        profile,
        embedded,
        tuple(one for one in Unjudged if one in unjudged),
    )


def decode_small(
    untrusted_bytes: bytes, kind: PhotoFormat, longer_side: int, limits: PhotoLimits
) -> Pixels:
    """What a viewer shows of the photo, upright, made small: for looking, never for judging.

    A JPEG is not decoded further than it is needed: an eighth of its sides is a sixty-fourth
    of its pixels.

    Raises:
        PhotoTooLargeError: it declares more pixels than `limits` allow.
        PhotoUnreadableError: several pictures, or not to be opened.
        Exception: any of DECODER_ERRORS, from a decoder.
    """
    if kind is PhotoFormat.JPEG:
        _check_scans(untrusted_bytes, limits)
    with _strict_decoding(), _opened(untrusted_bytes, kind, limits) as image:
        _refuse_several(image, kind)
        scale = longer_side / max(image.size)
        if kind is PhotoFormat.JPEG and scale < 1:
            # Never smaller than asked for; what is too large still is made smaller below.
            image.draft(None, (math.ceil(image.width * scale), math.ceil(image.height * scale)))
        from detector.pixels import shrunk, views_of

        views, _ = views_of(image, turned=kind is PhotoFormat.HEIF)
    return shrunk(views[0], longer_side)


_PREFIXES = (
    (b"\xff\xd8\xff", PhotoFormat.JPEG),
    (b"\x89PNG\r\n\x1a\n", PhotoFormat.PNG),
    (b"II*\x00", PhotoFormat.TIFF),
    (b"MM\x00*", PhotoFormat.TIFF),
    (b"II+\x00", PhotoFormat.TIFF),
    (b"MM\x00+", PhotoFormat.TIFF),
    (b"GIF87a", PhotoFormat.GIF),
    (b"GIF89a", PhotoFormat.GIF),
    (b"BM", PhotoFormat.BMP),
)

# Pillow's plugins, imported one by one: all of them would take longer than a photo.
_PLUGINS = {
    PhotoFormat.JPEG: ("JpegImagePlugin", "MpoImagePlugin"),
    PhotoFormat.PNG: ("PngImagePlugin",),
    PhotoFormat.WEBP: ("WebPImagePlugin",),
    PhotoFormat.TIFF: ("TiffImagePlugin",),
    PhotoFormat.AVIF: ("AvifImagePlugin",),
    PhotoFormat.GIF: ("GifImagePlugin",),
    PhotoFormat.BMP: ("BmpImagePlugin",),
}

_TIFF_SUB_IFDS = 330
_TIFF_DNG_VERSION = 50706
_TIFF_SUBFILE = 254
_REDUCED_COPY = 1


def _brands(untrusted_bytes: bytes) -> set[bytes]:
    """Major and compatible brands of an ISO base media file."""
    size = min(int.from_bytes(untrusted_bytes[:4], "big"), 512)
    listed = untrusted_bytes[8:12] + untrusted_bytes[16:size]
    return {listed[i : i + 4] for i in range(0, len(listed), 4)}


class _StrictDecoding:
    """Keeps Pillow from filling cut-off pictures with grey while any photo decodes.

    The switch belongs to the whole process and other packages set it. Photos
    may be decoded in several threads: the first to come saves it, the last to
    go restores it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._saved = False

    def __enter__(self) -> None:
        with self._lock:
            if not self._users:
                self._saved = ImageFile.LOAD_TRUNCATED_IMAGES
            self._users += 1
            ImageFile.LOAD_TRUNCATED_IMAGES = False

    def __exit__(self, *_: object) -> None:
        with self._lock:
            loosened = ImageFile.LOAD_TRUNCATED_IMAGES
            self._users -= 1
            if not self._users:
                ImageFile.LOAD_TRUNCATED_IMAGES = self._saved
        if loosened:
            raise PhotoUnreadableError(
                "another part of the program let cut-off pictures pass meanwhile; try again"
            )


# State of Pillow, which has one per process; so this has one, too.
_STRICT = _StrictDecoding()


def _strict_decoding() -> _StrictDecoding:
    return _STRICT


@contextlib.contextmanager
def _opened(
    untrusted_bytes: bytes, kind: PhotoFormat, limits: PhotoLimits
) -> Iterator[Image.Image]:
    """The photo with its header read and its size checked, nothing decoded."""
    if kind is PhotoFormat.HEIF:
        yield _opened_heif(untrusted_bytes, limits)
        return
    for plugin in _PLUGINS[kind]:
        importlib.import_module(f"PIL.{plugin}")
    allowed = ("JPEG", "MPO") if kind is PhotoFormat.JPEG else (kind.value,)
    try:
        image = Image.open(io.BytesIO(untrusted_bytes), formats=allowed)
    except Image.DecompressionBombError as error:
        raise PhotoTooLargeError("{reason} Export a smaller copy", reason=str(error)) from error
    except UnidentifiedImageError as error:
        raise PhotoUnreadableError(
            "its {kind} header is broken; fetch the file again from its source", kind=kind
        ) from error
    with image:
        _check_size(image.size, limits)
        yield image


def _opened_heif(untrusted_bytes: bytes, limits: PhotoLimits) -> Image.Image:
    import pillow_heif

    file = pillow_heif.open_heif(io.BytesIO(untrusted_bytes), convert_hdr_to_8bit=True)
    _check_count(len(file))
    _check_size(file.size, limits)
    # libheif has turned and mirrored the picture already; the rotation in EXIF is
    # to be ignored, and to_pillow() takes it out.
    image: Image.Image = file.to_pillow()
    return image


def _check_scans(untrusted_bytes: bytes, limits: PhotoLimits) -> None:
    if _scans(untrusted_bytes, limits.scans) > limits.scans:
        raise PhotoTooLargeError(
            "its picture is coded in more than {n} passes, as no camera does; "
            "open it in a picture program and save it again",
            n=limits.scans,
        )


def _scans(untrusted_bytes: bytes, enough: int) -> int:
    """Scans of the pictures of a JPEG file, all together; counted no further than `enough`.

    The segments are walked through: in a video that a phone has appended the two bytes of
    the marker are nothing special.
    """
    count, start = 0, 0
    while start >= 0 and count <= enough:
        behind = start + 2
        for one in segments(untrusted_bytes, start):
            behind = one.start - 2 if one.marker == SOI else one.end
            count += one.marker == SOS
            if count > enough:
                break
        start = untrusted_bytes.find(b"\xff\xd8\xff", behind)
    return count


def _check_size(size: tuple[int, int], limits: PhotoLimits) -> None:
    width, height = size
    if width * height > limits.pixels:
        raise PhotoTooLargeError(
            "the picture declares {width} x {height} pixels, more than "
            "{millions} million; export a smaller copy",
            width=width,
            height=height,
            millions=round(limits.pixels / 1e6),
        )
    if width < 1 or height < 1:
        raise PhotoUnreadableError("the picture declares no pixels; export it again")


def _count(image: Image.Image) -> int:
    return int(getattr(image, "n_frames", 1))


def _refuse_several(image: Image.Image, kind: PhotoFormat) -> None:
    if image.format == "MPO":
        if _count(image) > 1 + MAX_EXTRA_PICTURES:
            _check_count(_count(image))
        return
    _check_count(_count(image))
    if kind is PhotoFormat.TIFF:
        tags = getattr(image, "tag_v2", {})
        # Camera raw files are TIFFs whose first picture is a thumbnail.
        if (
            _TIFF_SUB_IFDS in tags
            or _TIFF_DNG_VERSION in tags
            or tags.get(_TIFF_SUBFILE, 0) == _REDUCED_COPY
        ):
            raise PhotoUnreadableError(
                "a camera raw file or a TIFF with further pictures inside; "
                "develop it and save it as JPEG or PNG"
            )


def _check_count(count: int) -> None:
    if count > 1:
        raise PhotoUnreadableError(
            "it holds {n} pictures (an animation, pages or a burst) and only still "
            "pictures are judged; save the one to publish as JPEG or PNG",
            n=count,
        )
