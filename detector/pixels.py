"""What an opened picture shows: its views, upright, as 8-bit RGB.

Apart from `detector.decoding`, so that a photo is decoded while numpy is still
being imported.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps

from detector.errors import PhotoUnreadableError

if TYPE_CHECKING:
    from detector.faces import Pixels

_TRANSPARENT = ("RGBA", "LA", "PA", "La", "RGBa")

_ORIENTATION = 274  # EXIF


def views_of(image: Image.Image, *, turned: bool) -> tuple[list[Pixels], bytes | None]:
    """What the current picture of `image` can show, upright, and its colour profile.

    `turned` says that the decoder has applied the orientation already.
    """
    profile = image.info.get("icc_profile")
    image.load()
    # Pillow turns TIFF while loading and leaves no orientation behind, so that
    # nothing is turned twice.
    upright = image
    if not turned and image.getexif().get(_ORIENTATION, 1) != 1:
        upright = ImageOps.exif_transpose(image)
    deep = upright.mode.startswith(("I", "F"))
    if not deep and (upright.mode in _TRANSPARENT or "transparency" in upright.info):
        return _transparent_views(upright), _rgb_profile(profile)
    if upright.mode in ("CMYK", "LAB", "YCbCr"):
        converted = _by_profile(upright, profile)
        return [_pixels(converted or upright.convert("RGB"))], None
    return [_pixels(_eight_bit(upright))], _rgb_profile(profile)


def _eight_bit(image: Image.Image) -> Image.Image:
    """The picture with 8 bits per channel; Pillow's own conversion clips at 255."""
    if not image.mode.startswith(("I", "F")):
        return image if image.mode == "RGB" else image.convert("RGB")
    deep = np.asarray(image, dtype=np.float64)
    if image.mode.startswith("I;16"):
        low, high = 0.0, 65535.0
    else:
        if not np.isfinite(deep).all():
            raise PhotoUnreadableError("it holds values that are not numbers; export it again")
        low, high = float(min(deep.min(), 0.0)), float(max(deep.max(), 1.0))
    scaled = np.rint((deep - low) * (255.0 / (high - low))).astype(np.uint8)
    return Image.fromarray(scaled).convert("RGB")


def _transparent_views(image: Image.Image) -> list[Pixels]:
    """Over white, as a viewer shows it; then over black and as stored.

    What is transparent still lies in the file: whoever removes the
    transparency sees it.
    """
    rgba = np.asarray(image.convert("RGBA"))
    stored, alpha = rgba[..., :3], rgba[..., 3:]
    if alpha.min() == 255:  # noqa: PLR2004 - fully opaque
        return [np.ascontiguousarray(stored)]
    wide = alpha.astype(np.uint16)
    over_black = ((stored * wide + 127) // 255).astype(np.uint8)
    over_white = (over_black + (255 - alpha)).astype(np.uint8)
    return [over_white, over_black, np.ascontiguousarray(stored)]


def _by_profile(image: Image.Image, profile: bytes | None) -> Image.Image | None:
    """The picture in sRGB, or None where its profile cannot tell."""
    from PIL import ImageCms

    try:
        if image.mode == "LAB":
            source = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        elif profile:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        else:
            return None
        target = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, source, target, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def _rgb_profile(profile: bytes | None) -> bytes | None:
    """The profile if it describes RGB; one for grey would be wrong for our pixels."""
    return profile if profile and profile[16:20] == b"RGB " else None


def _pixels(image: Image.Image) -> Pixels:
    # Every copy of a large photo costs as much as a face.
    return np.ascontiguousarray(image if image.mode == "RGB" else image.convert("RGB"))


def same_size(view: Pixels, like: Pixels) -> Pixels:
    """The view at the height and width of another."""
    if view.shape == like.shape:
        return view
    size = (like.shape[1], like.shape[0])
    return np.asarray(Image.fromarray(view).resize(size, Image.Resampling.BILINEAR))


def shrunk(view: Pixels, longer_side: int) -> Pixels:
    """The view made so small that its longer side fits; one that fits already as it is."""
    height, width = view.shape[:2]
    scale = longer_side / max(height, width)
    if scale >= 1:
        return view
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Image.fromarray(view).resize(size, Image.Resampling.BOX))


def distinct(views: list[Pixels]) -> list[Pixels]:
    """The views without repetitions, in order."""
    kept: list[Pixels] = []
    for view in views:
        if not any(np.array_equal(view, other) for other in kept):
            kept.append(view)
    return kept


def read_only(pixels: Pixels) -> Pixels:
    """The same array, which nobody can change any more."""
    pixels.setflags(write=False)
    return pixels
