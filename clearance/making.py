"""Make a copy: hide, encode afresh, examine what was written. Any process may do it.

What it needs stands in a commission, which is small and can be sent away; the pixels are those
of the photo, opened where the copy is made, and only if it is still the file that was judged.
The copy lies under a name that means nothing until whoever commissioned it gives it its own.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from clearance.colour import in_srgb, profile_for_copy
from clearance.containers import Carried
from clearance.encoding import Encoding, encode
from clearance.errors import ExportError, VerificationError
from clearance.explanation import write_explanation
from clearance.fills import Look, Style
from clearance.left_behind import left_behind
from clearance.placement import Placement
from clearance.redaction import hide
from clearance.second_look import SecondLook
from clearance.verification import Examiner, Written

if TYPE_CHECKING:
    from clearance.album_sources import AlbumFile
    from clearance.hints import Hints
    from clearance.masks import Drawn
    from clearance.redaction import Redaction
    from clearance.rendition import Rendition
    from clearance.results import Checks
    from clearance.second_look import Seen
    from clearance.verification import Examined
    from detector.detector import Detector
    from detector.faces import Box, Face, Frame, Pixels

_ROUNDS = 5
"""How often faces that appear in the copy are hidden as well before it is refused."""


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """What one copy shows, beside the faces that are hidden and those that may be seen.

    Attributes:
        look: how hidden heads look.
        small: faces that may be seen as long as they are too small to be recognised.
        cosmetic: faces that may be seen and are blurred for taste.
        drawn: masks a person drew, in pixels of the photo.
        rendition: the size of the whole photo's copy; None for that of the photo.
        crop: the part that is shown; None for all of it.
        xmp: the metadata of the copy, as a packet; empty for none.
    """

    look: Look = dataclasses.field(default_factory=Look)
    small: tuple[Face, ...] = ()
    cosmetic: tuple[Face, ...] = ()
    drawn: tuple[Drawn, ...] = ()
    rendition: Rendition | None = None
    crop: Box | None = None
    xmp: bytes = b""


@dataclasses.dataclass(frozen=True, slots=True)
class Said:
    """What the photo's file says, to tell what of it the copy leaves behind.

    Attributes:
        hints: as they were read when the photo was judged.
        texts: those in which somebody may be named, by the property.
        carried: the names of the properties that the copy has as well.
    """

    hints: Hints
    texts: Mapping[str, tuple[str, ...]]
    carried: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Commission:
    """One copy to be made: all that its maker must know, without a pixel.

    Attributes:
        file: the photo.
        sha256: of its bytes as they were judged: of others no copy is made.
        target: the name that the copy is going to have.
        temporary: the name under which it is written, in the same folder.
        hidden: faces that must not be seen.
        visible: faces that may be seen.
        plan: what else is asked of this copy.
        encoding: how it is written.
        compared: whether hidden heads are compared with their owners.
        explain: folder for a picture of where it failed its checks; None for none.
        said: what the photo's file says; None where nobody wants to know.
    """

    file: AlbumFile
    sha256: str
    target: Path
    temporary: Path
    hidden: tuple[Face, ...]
    visible: tuple[Face, ...]
    plan: Plan
    encoding: Encoding
    compared: bool = True
    explain: Path | None = None
    said: Said | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Raster:
    """How a photo is stored: width and height in pixels, and EXIF's orientation, 1 to 8."""

    size: tuple[int, int]
    orientation: int

    @classmethod
    def of(cls, frame: Frame) -> Raster:
        """As the opened file says; where it says nothing, it is stored upright."""
        said = frame.embedded
        stored = said.stored_size if min(said.stored_size) else (frame.width, frame.height)
        return cls(stored, said.orientation)


@dataclasses.dataclass(frozen=True, slots=True)
class Made:
    """A copy that was made and checked, and has no name yet.

    Attributes:
        sha256: of its bytes.
        width: in pixels.
        height: in pixels.
        appeared: faces that were seen in it only, and are hidden as well; in pixels of the photo.
        checks: what was proved of it.
        removed: what the photo's file says and the copy does not, see `left_behind`.
        raster: of the photo.
    """

    sha256: str
    width: int
    height: int
    appeared: tuple[Face, ...]
    checks: Checks
    removed: tuple[str, ...]
    raster: Raster


def examiner_with(detector: Detector, *, compared: bool, thorough: bool = False) -> Examiner:
    """What looks at the copies, with the networks that looked at the photos.

    Args:
        detector: the networks.
        compared: whether hidden heads are compared with their owners.
        thorough: whether a copy is looked at whole and both ways round, and so is every other
            one that is made instead of it.
    """
    from clearance import verification
    from clearance.resemblance import comparing
    from detector.photo import open_photo

    return Examiner(
        open_photo,
        verification.look_both_ways(detector.find_faces),
        comparing(detector) if compared else None,
        detector.how_held,
        None if thorough else SecondLook(detector.find_faces),
    )


def make_copy(commission: Commission, frame: Frame, examiner: Examiner) -> Made:
    """Hide, encode and check one copy; it then lies under its temporary name.

    Faces that the detector sees in the copy only are hidden as well. Whatever goes wrong,
    nothing is left.

    Args:
        commission: what the copy is to be.
        frame: the photo, opened.
        examiner: checks the copy.

    Raises:
        VerificationError: the copy did not pass its checks.
        ExportError: the photo is not the one that was judged, or the copy cannot be written.
    """
    if frame.sha256 != commission.sha256:
        raise ExportError(
            "{path} was changed since it was judged: run the command again.",
            path=commission.file.path,
        )
    told = dataclasses.replace(frame, held=examiner.how_held(frame))
    order = _Order.of(told, commission)
    appeared: tuple[Face, ...] = ()
    seen: Seen | None = None
    for _ in range(_ROUNDS):
        written = order.written(appeared)
        data = encode(written.redaction.pixels, commission.encoding, written.carried)
        with _temporary(commission, data):
            checks, more, seen = _examined(commission, written, examiner, seen)
            if not more:
                return _made(order, data, appeared, checks, commission)
            # Nothing of a copy that is not the last is left.
            with explained(commission.temporary):
                commission.temporary.unlink()
        appeared += order.placement.faces_back(more)
    _explain(commission, written, [face.box for face in more])
    raise VerificationError(
        "Faces that were not judged keep appearing in the copy of {path}, "
        "last at {left}, {top}: hide by hand, or use another picture.",
        where=[face.box for face in more],
        path=order.frame.path,
        left=appeared[-1].box.left,
        top=appeared[-1].box.top,
    )


def _examined(
    commission: Commission, written: Written, examiner: Examiner, earlier: Seen | None
) -> Examined:
    try:
        return examiner.examine(commission.temporary, written, earlier)
    except VerificationError as error:
        _explain(commission, written, error.where)
        raise


def _explain(commission: Commission, written: Written, where: Sequence[Box]) -> None:
    if commission.explain:
        with explained(commission.explain):
            write_explanation(commission.explain, written, where)


def _made(
    order: _Order, data: bytes, appeared: tuple[Face, ...], checks: Checks, commission: Commission
) -> Made:
    said = commission.said
    return Made(
        sha256=hashlib.sha256(data).hexdigest(),
        width=order.placement.width,
        height=order.placement.height,
        appeared=appeared,
        checks=checks,
        removed=left_behind(order.frame, said.hints, said.texts, said.carried) if said else (),
        raster=Raster.of(order.frame),
    )


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Order:
    """One copy to be made: the photo in the copy's colours, and who may be seen."""

    frame: Frame
    pixels: Pixels
    icc_profile: bytes | None
    commission: Commission
    placement: Placement

    @classmethod
    def of(cls, frame: Frame, commission: Commission) -> _Order:
        profile = profile_for_copy(frame.icc_profile)
        # Without a profile a viewer takes the colours for sRGB, so that they must be.
        pixels = frame.pixels if profile else in_srgb(frame.pixels, frame.icc_profile)
        plan = commission.plan
        placement = Placement.of(frame.width, frame.height, plan.rendition, plan.crop)
        return cls(frame, pixels, profile, commission, placement)

    @property
    def plan(self) -> Plan:
        """What is asked of the copy beside faces."""
        return self.commission.plan

    def written(self, appeared: tuple[Face, ...]) -> Written:
        """What the copy must be when these faces are hidden, too."""
        hidden = (*self.commission.hidden, *appeared)
        return Written(
            photo=self.frame,
            redaction=self._redacted(hidden),
            carried=Carried(self.plan.xmp, self.icc_profile),
            exact=self.commission.encoding.exact,
            hidden=hidden,
            placed=self.placement.faces(hidden),
            visible=self.placement.faces(self.commission.visible),
            small=self.placement.faces(self.plan.small),
        )

    def _redacted(self, hidden: tuple[Face, ...]) -> Redaction:
        """The photo's pixels with the faces hidden, cut out and at the size of the copy.

        Hidden before it is made smaller, so that nothing of a face is in any pixel
        of the copy; and once more afterwards, so that the fill is clean to its edge.
        """
        plan, placement, look = self.plan, self.placement, self.plan.look
        if look.style is Style.COSMETIC:  # which nobody is hidden with
            look = dataclasses.replace(look, style=Style.SOLID)
        whole = hide(self.pixels, hidden, plan.drawn, look, cosmetic=plan.cosmetic)
        if not placement.moves(self.frame.width, self.frame.height):
            return whole
        return hide(
            placement.pixels(whole.pixels),
            placement.faces(hidden),
            placement.drawn(plan.drawn),
            look,
            cosmetic=placement.faces(plan.cosmetic),
        )


@contextlib.contextmanager
def _temporary(commission: Commission, data: bytes) -> Iterator[None]:
    """The data under the temporary name; gone where the block fails."""
    # Not tempfile: its files are readable by their owner only, and the copy is
    # for colleagues and web servers as well.
    target, temporary = commission.target, commission.temporary
    with explained(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with explained(target), temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield
    except BaseException:
        with explained(temporary):
            temporary.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def explained(target: Path) -> Iterator[None]:
    """Say what to do about an error of the file system."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise ExportError(
                "The copy {path} cannot be written ({reason}): "
                "make room on the disk and run the command again.",
                path=target,
                reason=reason,
            ) from error
        raise ExportError(
            "The copy {path} cannot be written ({reason}): "
            "choose a folder you may write to, and close the copy in other programs.",
            path=target,
            reason=reason,
        ) from error
