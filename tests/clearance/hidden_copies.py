"""Photos that hold somebody a second time, or say who is in them: one file per hiding place.

Every file shows the face at RIGHT. What it hides shows the face at LEFT as well, as
the photo did before it was edited, and carries SECRET. Editors leave such things
behind, and whoever receives the file finds them with ordinary tools.
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import zlib
from collections.abc import Callable
from pathlib import Path

from detector.second_pictures import Unjudged
from tests.clearance.crafted_files import (
    DEPTH,
    GAIN,
    acropalypse,
    animated,
    apng_behind_a_still,
    app1_xmp,
    auxiliary,
    bmp_with_a_gap,
    c2pa_box,
    c2pa_jpeg,
    chunk,
    coded,
    cropped_by_its_header,
    cropped_heic,
    cropped_png,
    every_application_segment,
    exif_item,
    extended_xmp,
    gain_map,
    gif,
    gif_blocks,
    heif,
    international,
    jfif_thumbnail,
    jfxx,
    jfxx_palette,
    jfxx_rgb,
    layered_tiff,
    maker_note,
    motion_photo,
    mpf,
    noted,
    outline,
    owner_jpeg,
    people_jpeg,
    png,
    samsung_motion_photo,
    second_exif,
    segment,
    small,
    tiff_with_everything,
    webp,
    with_segments,
    xmp_item,
)
from tests.clearance.file_parts import (
    BEFORE,
    PHOTO,
    SECRET,
    Stored,
    c2pa,
    encoded,
    hidden_jpeg,
    iso_box,
    jpeg,
    motion_xmp,
    mp4,
    one_colour_apart,
    owner_exif,
    people_xmp,
    photoshop_thumbnail,
    private_profile,
    resource,
    stale_xmp_thumbnail,
    thumbnail_exif,
    tiff,
    tiff_file,
    tiff_page,
    transparent,
    uncompressed_thumbnail,
    xmp,
)
from tests.clearance.test_export import MAGENTA


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """One hiding place.

    Attributes:
        name: the file's name.
        content: makes the file's bytes.
        visible_secrets: bytes that are in the file and must not be in the copy.
        trace: bytes that name the structure; empty where nothing names it.
        listed: what exiftool must list of the file, or it is not what it claims to be.
        judged: the opened photo has a view that shows what is hidden.
        unjudged: what the opened photo names as not judged.
        refused: part of the reason why the file is not opened at all.
    """

    name: str
    content: Callable[[], bytes]
    visible_secrets: tuple[bytes, ...] = (SECRET,)
    trace: bytes = b""
    listed: str = ""
    judged: bool = False
    unjudged: tuple[Unjudged, ...] = ()
    refused: str = ""

    def build(self, folder: Path) -> Path:
        """The file, written into a folder."""
        path = folder / self.name
        path.write_bytes(self.content())
        return path


# --- the list ------------------------------------------------------------------------------

_TEXT = b"Comment\0"
_PACKED = zlib.compress(SECRET)
_BASE64 = base64.b64encode(hidden_jpeg())[200:400]
_MAGENTA_ROW = bytes(MAGENTA) * 10
_PALETTE_XMP = people_xmp()

CASES: tuple[Case, ...] = (
    # JPEG: pictures
    Case(
        "exif-thumbnail.jpg",
        lambda: jpeg(exif=thumbnail_exif()),
        trace=b"Exif",
        listed="IFD1:ThumbnailImage",
        judged=True,
    ),
    Case(
        "uncompressed-thumbnail.jpg",
        lambda: jpeg(exif=uncompressed_thumbnail()),
        (SECRET, _MAGENTA_ROW),
        trace=b"Exif",
        listed="IFD1:StripOffsets",
        unjudged=(Unjudged.THUMBNAIL,),
    ),
    Case(
        "second-exif.jpg",
        second_exif,
        trace=b"Exif",
        listed="IFD1:ThumbnailImage",
        judged=True,
    ),
    Case(
        "photoshop-thumbnail.jpg",
        lambda: with_segments(
            segment(0xED, b"Photoshop 3.0\0" + resource(0x040C, photoshop_thumbnail()))
        ),
        trace=b"Photoshop 3.0",
        listed="Photoshop:PhotoshopThumbnail",
        judged=True,
    ),
    Case(
        "photoshop-4-thumbnail.jpg",
        lambda: with_segments(
            segment(0xED, b"Photoshop 3.0\0" + resource(0x0409, photoshop_thumbnail()))
        ),
        trace=b"8BIM",
        listed="Photoshop:PhotoshopBGRThumbnail",
        judged=True,
    ),
    Case(
        "jfif-thumbnail.jpg",
        jfif_thumbnail,
        (SECRET, _MAGENTA_ROW),
        listed="JFIF:ThumbnailTIFF",
        unjudged=(Unjudged.THUMBNAIL,),
    ),
    Case(
        "jfxx-jpeg.jpg",
        lambda: jfxx(0x10, hidden_jpeg()),
        trace=b"JFXX",
        listed="JFXX:ThumbnailImage",
        judged=True,
    ),
    Case(
        "jfxx-palette.jpg",
        lambda: jfxx(0x11, jfxx_palette()),
        trace=b"JFXX",
        listed="JFXX:ThumbnailTIFF",
        unjudged=(Unjudged.THUMBNAIL,),
    ),
    Case(
        "jfxx-rgb.jpg",
        lambda: jfxx(0x13, jfxx_rgb()),
        (SECRET, _MAGENTA_ROW),
        trace=b"JFXX",
        listed="JFXX:ThumbnailTIFF",
        unjudged=(Unjudged.THUMBNAIL,),
    ),
    Case(
        "mpf-preview.jpg",
        lambda: mpf(0x010002, hidden_jpeg(200)),
        trace=b"MPF\0",
        listed="MPImage2:MPImageType",
        judged=True,
    ),
    Case(
        "before-mpf-preview.jpg",
        lambda: mpf(0x010002, jpeg(), between=hidden_jpeg()),
        trace=b"MPF\0",
        listed="MPImage2:MPImageType",
        judged=True,
    ),
    Case(
        "before-mpf-gain-map.jpg",
        lambda: gain_map(between=hidden_jpeg()),
        trace=b"hdrgm",
        listed="MPImage2:MPImageType",
        judged=True,
        unjudged=(Unjudged.GAIN_MAP,),
    ),
    Case(
        # A picture that never ends must not swallow the next one, and pass as a gain map.
        "endless-before-gain-map.jpg",
        lambda: gain_map(between=hidden_jpeg()[:-2]),
        trace=b"hdrgm",
        listed="MPImage2:MPImageType",
        unjudged=(Unjudged.GAIN_MAP, Unjudged.UNREADABLE),
    ),
    Case(
        "gain-map.jpg",
        gain_map,
        trace=b"hdrgm",
        listed="MPImage2:MPImageType",
        unjudged=(Unjudged.GAIN_MAP,),
    ),
    Case(
        "motion-photo.jpg",
        motion_photo,
        trace=b"GCamera",
        listed="XMP-GCamera:MotionPhoto",
        judged=True,
        unjudged=(Unjudged.VIDEO,),
    ),
    Case(
        "samsung-motion.jpg",
        samsung_motion_photo,
        trace=b"MotionPhoto_Data",
        judged=True,
        unjudged=(Unjudged.VIDEO,),
    ),
    Case(
        "after-the-end.jpg",
        lambda: jpeg() + hidden_jpeg(),
        judged=True,
    ),
    Case(
        "xmp-thumbnail.jpg",
        lambda: with_segments(app1_xmp(xmp(stale_xmp_thumbnail())), segment(0xFE, SECRET)),
        (SECRET, _BASE64),
        trace=b"xmpGImg",
        listed="XMP-xmp:Thumbnails",
        judged=True,
    ),
    Case(
        "extended-xmp.jpg",
        extended_xmp,
        (SECRET, _BASE64),
        trace=b"xmp/extension",
        listed="XMP-xmp:Thumbnails",
        judged=True,
    ),
    Case("c2pa.jpg", c2pa_jpeg, trace=b"c2pa.thumbnail", listed="JUMBF:JUMDType", judged=True),
    Case("maker-note.jpg", maker_note, trace=b"Vendor\0", judged=True),
    Case("every-segment.jpg", every_application_segment, trace=b"Maker\0", judged=True),
    Case("cropped-by-its-header.jpg", cropped_by_its_header),
    # JPEG: words
    Case("owner.jpg", owner_jpeg, trace=b"Retouching", listed="ExifIFD:SerialNumber"),
    Case("people.jpg", people_jpeg, trace=b"PersonInImage", listed="XMP-mwg-rs:RegionInfo"),
    Case("comment.jpg", lambda: jpeg(comment=SECRET), listed="File:Comment"),
    Case(
        "private-profile.jpg",
        lambda: jpeg(icc_profile=private_profile()),
        trace=b"priv\0",
        listed="ICC-header:ProfileVersion",
    ),
    # PNG
    Case(
        "text.png",
        lambda: png(chunk(b"tEXt", _TEXT + SECRET)),
        trace=b"tEXt",
        listed="PNG:Comment",
    ),
    Case(
        "packed-text.png",
        lambda: png(chunk(b"zTXt", _TEXT + b"\0" + _PACKED)),
        (_PACKED,),
        trace=b"zTXt",
        listed="PNG:Comment",
    ),
    Case(
        "international-text.png",
        lambda: png(
            international(b"Description", SECRET),
            international(b"Comment", SECRET, packed=True),
        ),
        (SECRET, _PACKED),
        trace=b"iTXt",
        listed="PNG:Description",
    ),
    Case(
        "people.png",
        lambda: png(international(b"XML:com.adobe.xmp", people_xmp())),
        trace=b"mwg-rs",
        listed="XMP-MP:RegionInfoMP",
    ),
    Case(
        "exif-thumbnail.png",
        lambda: encoded("PNG", exif=thumbnail_exif()),
        trace=b"eXIf",
        listed="IFD1:ThumbnailImage",
        judged=True,
    ),
    Case(
        "c2pa.png",
        lambda: png(chunk(b"caBX", c2pa())),
        trace=b"caBX",
        listed="JUMBF:JUMDType",
        judged=True,
    ),
    Case(
        "private-profile.png",
        lambda: encoded("PNG", icc_profile=private_profile()),
        (zlib.compress(private_profile()),),
        listed="ICC-header:ProfileVersion",
    ),
    Case(
        "private-chunk.png",
        lambda: png(chunk(b"prVw", SECRET + hidden_jpeg())),
        trace=b"prVw",
        judged=True,
    ),
    Case("acropalypse.png", acropalypse, unjudged=(Unjudged.DATA,)),
    Case("cropped-by-its-header.png", cropped_png),
    Case(
        "transparent.png",
        lambda: encoded("PNG", transparent(), pnginfo=None) + SECRET,
        judged=True,
    ),
    Case(
        "transparent-colour.png",
        lambda: encoded("PNG", one_colour_apart(), transparency=255) + SECRET,
        trace=b"tRNS",
        judged=True,
    ),
    # WebP
    Case(
        "everything.webp",
        lambda: (
            webp(
                (b"EXIF", owner_exif()),
                (b"XMP ", people_xmp()),
                (b"C2PA", c2pa()),
                (b"ABCD", hidden_jpeg()),
                flags=0x0C,
            )
            + hidden_jpeg()
        ),
        trace=b"C2PA",
        listed="XMP-iptcExt:PersonInImage",
        judged=True,
    ),
    Case(
        "exif-thumbnail.webp",
        lambda: encoded("WEBP", exif=thumbnail_exif(), quality=95),
        trace=b"EXIF",
        listed="IFD1:ThumbnailImage",
        judged=True,
    ),
    Case(
        "transparent.webp",
        lambda: encoded("WEBP", transparent(), lossless=True, exact=True) + SECRET,
        judged=True,
    ),
    # TIFF, GIF, BMP
    Case(
        "everything.tif", tiff_with_everything, listed="Photoshop:PhotoshopThumbnail", judged=True
    ),
    Case(
        "layers.tif",
        layered_tiff,
        trace=b"Document Data Block",
        listed="Photoshop:LayerNames",
        unjudged=(Unjudged.LAYERS,),
    ),
    Case(
        "second-page.tif",
        lambda: tiff(tiff_page(PHOTO), tiff_page(BEFORE) | {0x010E: SECRET.decode()}),
        refused="2 pictures",
    ),
    Case(
        "exif-thumbnail.tif",
        lambda: tiff(
            tiff_page(PHOTO) | {0x010E: SECRET.decode()},
            {0x0103: 6, 0x0201: Stored(hidden_jpeg()), 0x0202: len(hidden_jpeg())},
        ),
        listed="IFD1:ThumbnailImage",
        refused="not a real picture",
    ),
    Case(
        "sub-directory.tif",
        lambda: tiff_file(PHOTO, more={330: tiff_page(BEFORE) | {0x010E: SECRET.decode()}}),
        refused="further pictures",
    ),
    Case(
        "reduced-first.tif",
        lambda: tiff_file(PHOTO, more={254: 1, 0x010E: SECRET.decode()}),
        refused="further pictures",
    ),
    Case(
        "notes.gif",
        lambda: gif(
            b"!\xfe" + gif_blocks(SECRET),
            b"!\xff\x0bXMP DataXMP" + _PALETTE_XMP + b"\1" + bytes(range(255, -1, -1)) + b"\0",
        ),
        trace=b"XMP DataXMP",
        listed="XMP-iptcExt:PersonInImage",
    ),
    Case("gap.bmp", bmp_with_a_gap, judged=True, unjudged=(Unjudged.DATA,)),
    # HEIC and AVIF
    Case(
        "thumbnail.heic",
        lambda: noted("HEIF", coded("HEIF", small(), refers=b"thmb")),
        trace=b"thmb",
        unjudged=(Unjudged.THUMBNAIL,),
    ),
    Case(
        "depth.heic",
        lambda: noted("HEIF", coded("HEIF", outline(), auxiliary(DEPTH), refers=b"auxl")),
        trace=DEPTH,
        listed="QuickTime:AuxiliaryImageType",
        unjudged=(Unjudged.AUXILIARY,),
    ),
    Case(
        "gain-map.heic",
        lambda: noted("HEIF", coded("HEIF", outline(), auxiliary(GAIN), refers=b"auxl")),
        trace=GAIN,
        listed="QuickTime:AuxiliaryImageType",
        unjudged=(Unjudged.AUXILIARY,),
    ),
    Case(
        "hidden-item.heic",
        lambda: noted("HEIF", coded("HEIF", BEFORE, hidden=True)),
        unjudged=(Unjudged.FURTHER_PICTURE,),
    ),
    Case(
        "several.heic",
        lambda: noted("HEIF", coded("HEIF", BEFORE)),
        refused="2 pictures",
    ),
    Case(
        "exif-thumbnail.heic",
        lambda: heif("HEIF", coded("HEIF"), exif_item(thumbnail_exif())),
        listed="IFD1:ThumbnailImage",
        judged=True,
    ),
    Case(
        "people.heic",
        lambda: heif("HEIF", coded("HEIF"), exif_item(owner_exif()), xmp_item(people_xmp())),
        listed="XMP-iptcExt:PersonInImage",
    ),
    Case(
        "motion-photo.heic",
        lambda: heif(
            "HEIF",
            coded("HEIF"),
            xmp_item(motion_xmp(len(mp4()))),
            after=iso_box(b"mpvd", mp4()),
        ),
        trace=b"mpvd",
        listed="XMP-GCamera:MotionPhoto",
        unjudged=(Unjudged.VIDEO,),
    ),
    Case(
        "c2pa.heic",
        lambda: heif("HEIF", coded("HEIF"), before=c2pa_box()),
        trace=b"jumb",
        judged=True,
    ),
    Case(
        "private-profile.heic",
        lambda: encoded("HEIF", icc_profile=private_profile()),
        listed="ICC-header:ProfileVersion",
    ),
    Case(
        "cropped-by-its-header.heic",
        cropped_heic,
        trace=b"clap",
        listed="QuickTime:CleanAperture",
        unjudged=(Unjudged.CROPPED,),
    ),
    Case(
        "thumbnail.avif",
        lambda: noted("AVIF", coded("AVIF", small(), refers=b"thmb")),
        trace=b"thmb",
        unjudged=(Unjudged.THUMBNAIL,),
    ),
    Case(
        "second-item.avif",
        lambda: noted("AVIF", coded("AVIF", BEFORE)),
        unjudged=(Unjudged.FURTHER_PICTURE,),
    ),
    Case(
        "exif-thumbnail.avif",
        lambda: encoded("AVIF", exif=thumbnail_exif()),
        listed="IFD1:ThumbnailImage",
        judged=True,
    ),
    Case(
        "c2pa.avif",
        lambda: heif("AVIF", coded("AVIF"), before=c2pa_box()),
        trace=b"jumb",
        judged=True,
    ),
    Case(
        "after-the-end.avif",
        lambda: heif("AVIF", coded("AVIF"), after=iso_box(b"free", SECRET, hidden_jpeg())),
        trace=b"free",
        judged=True,
    ),
    # More frames than the one that most programs show
    *(
        Case(f"frames.{suffix}", functools.partial(animated, kind), refused="2 pictures")
        for suffix, kind in (("gif", "GIF"), ("webp", "WEBP"), ("png", "PNG"), ("avif", "AVIF"))
    ),
    Case("frame-behind-a-still.png", apng_behind_a_still, trace=b"acTL", refused="2 pictures"),
)
