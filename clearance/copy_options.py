"""Options that say how copies are made."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clearance.commandline import N_, asked_words, one_of

if TYPE_CHECKING:
    from clearance.copying import Wishes
    from clearance.export import Manner
    from clearance.fills import Look
    from clearance.settings import Settings
    from clearance.video_encoding import VideoFormat
    from clearance.video_plan import VideoWishes

DEFAULT_FOLDER = Path("cleared")
"""Where copies go when nobody names a folder: below the current one."""

_LONGEST_INITIALS = 4


def style_name(text: str) -> str:
    """One of the looks of a hidden head."""
    from clearance.fills import Style

    return one_of(text, Style)


def shape_name(text: str) -> str:
    """One of the shapes of a mask."""
    from clearance.masks import Shape

    return one_of(text, Shape)


def format_name(text: str) -> str:
    """One of the formats of a copy."""
    from clearance.encoding import FORMATS

    return one_of(text, FORMATS)


def audio_mode(text: str) -> str:
    """One of the things that become of sound."""
    from clearance.results import AudioMode

    return one_of(text, AudioMode)


def video_format_name(text: str) -> str:
    """One of the formats of a copy of a video."""
    return one_of(text, ("mp4", "webm", "av1"))


def quality_number(text: str) -> int:
    """A quality of an encoder."""
    from clearance.encoding import COARSEST, FINEST

    if not text.isdecimal() or not COARSEST <= int(text) <= FINEST:
        wrong = asked_words().gettext("{text!r} is not a number from {least} to {most}")
        raise typer.BadParameter(wrong.format(text=text, least=COARSEST, most=FINEST))
    return int(text)


def mask_text(text: str) -> str:
    """A mask drawn by hand, as `Drawn.parse` reads it."""
    from clearance.masks import Drawn

    try:
        return Drawn.parse(text).text
    except ValueError:
        wrong = asked_words().gettext(
            "{text!r} is no mask; write box:LEFT,TOP,RIGHT,BOTTOM, ellipse: with the same four "
            "numbers, or polygon: and body: with at least three points X,Y with spaces between"
        )
        raise typer.BadParameter(wrong.format(text=text)) from None


@dataclasses.dataclass(frozen=True, slots=True)
class CopyOrder:
    """How the copies of a run are made."""

    out: Annotated[
        Path,
        typer.Option(
            "-o", "--out", metavar="DIR", help=N_("Folder for the copies; without it: cleared.")
        ),
    ] = DEFAULT_FOLDER
    style: Annotated[
        str,
        typer.Option(
            "--style",
            parser=style_name,
            metavar="solid|soft|stripes|emoji|initials|cosmetic",
            help=N_(
                "How hidden heads look. Nothing of them is left in any but cosmetic, a blur for "
                "people who are cleared; the initials are the institution\u2019s."
            ),
        ),
    ] = "solid"
    shape: Annotated[
        str,
        typer.Option(
            "--shape",
            parser=shape_name,
            metavar="head|ellipse|box",
            help=N_("Shape of the mask around a head."),
        ),
    ] = "head"
    hide: Annotated[
        list[int] | None,
        typer.Option(
            "--hide",
            metavar="N",
            min=1,
            help=N_("Hide this face as well, although it may be seen; may be repeated."),
        ),
    ] = None
    hide_all: Annotated[bool, typer.Option("--hide-all", help=N_("Hide every face."))] = False
    mask: Annotated[
        list[str] | None,
        typer.Option(
            "--mask",
            parser=mask_text,
            metavar="SHAPE",
            help=N_(
                "Hide this part of the picture as well, in pixels: box:LEFT,TOP,RIGHT,BOTTOM, "
                "ellipse:LEFT,TOP,RIGHT,BOTTOM, polygon:X,Y X,Y X,Y, or body: for a whole figure; "
                "may be repeated."
            ),
        ),
    ] = None
    suggest_crop: Annotated[
        bool,
        typer.Option(
            "--suggest-crop",
            help=N_("Cut the picture so that nobody has to be hidden, where enough of it is left."),
        ),
    ] = False
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            parser=format_name,
            metavar="jpg|png|webp|avif",
            help=N_("Format of the copies; without it, that of each picture."),
        ),
    ] = None
    quality: Annotated[
        int | None,
        typer.Option(
            "--quality",
            parser=quality_number,
            metavar="N",
            help=N_("Quality of JPEG, WebP and AVIF, 70 to 100."),
        ),
    ] = None
    audio: Annotated[
        str | None,
        typer.Option(
            "--audio",
            parser=audio_mode,
            metavar="keep|mute|replace-tone|mute-uncleared",
            help=N_(
                "What becomes of the sound of a video: keep it, leave it out, a quiet tone all "
                "along, or silence while somebody is hidden. Without it: left out, unless "
                "everybody who is to be seen agreed to be heard."
            ),
        ),
    ] = None
    video_as: Annotated[
        str | None,
        typer.Option(
            "--video-as",
            parser=video_format_name,
            metavar="mp4|webm|av1",
            help=N_("Format of the copies of videos: mp4 (H.264), webm (VP9) or av1."),
        ),
    ] = None
    sidecar: Annotated[
        bool,
        typer.Option(
            "--sidecar",
            help=N_(
                "Write faces, names and verdicts beside the original, in NAME.xmp, for digiKam or "
                "darktable. Internal: do not publish it."
            ),
        ),
    ] = False
    explain: Annotated[
        Path | None,
        typer.Option(
            "--explain",
            metavar="DIR",
            help=N_("Folder for a picture that shows where a copy failed its checks."),
        ),
    ] = None

    def wishes(self, settings: Settings) -> Wishes:
        """What is asked of each copy."""
        from clearance.copying import Wishes
        from clearance.masks import Drawn

        return Wishes(
            look=self._look(settings),
            hide=tuple(self.hide or ()),
            hide_all=self.hide_all,
            drawn=tuple(Drawn.parse(text) for text in self.mask or ()),
            crop=self.suggest_crop,
        )

    def manner(self) -> Manner:
        """How each copy is written."""
        from clearance.export import Manner

        suffix = ".mp4" if self.video_as in (None, "mp4") else ".webm"
        return Manner(self.format, self.quality, self.explain, suffix)

    def video_wishes(self) -> VideoWishes:
        """What is asked of each copy of a video."""
        from clearance.masks import Drawn
        from clearance.results import AudioMode
        from clearance.video_plan import VideoWishes

        return VideoWishes(
            hide=tuple(self.hide or ()),
            hide_all=self.hide_all,
            audio=AudioMode(self.audio) if self.audio else None,
            drawn=tuple(Drawn.parse(text) for text in self.mask or ()),
        )

    def video_format(self) -> VideoFormat:
        """How each copy of a video is written."""
        from clearance.video_encoding import FORMATS

        return FORMATS[self.video_as or "mp4"]

    def _look(self, settings: Settings) -> Look:
        from clearance.fills import Look, Style
        from clearance.masks import Shape

        initials = "".join(
            word[0] for word in settings.institution.name.split() if word[0].isupper()
        )
        if self.style == Style.INITIALS and not initials:
            wrong = asked_words().gettext(
                "--style initials writes those of the institution: give its name in clearance.toml"
            )
            raise typer.BadParameter(wrong)
        return Look(Style(self.style), Shape(self.shape), initials[:_LONGEST_INITIALS])
