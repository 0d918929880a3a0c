"""Write the copy that may be published: encoded afresh, checked, then given its name."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import hashlib
import os
import secrets
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from clearance.colour import in_srgb, profile_for_copy
from clearance.containers import Carried
from clearance.encoding import FORMATS, Encoding, encode, encoding_of
from clearance.errors import ExportError, ExportRefusedError, VerificationError
from clearance.explanation import write_explanation
from clearance.fills import Look, Style
from clearance.metadata import read_packet
from clearance.placement import Placement
from clearance.redaction import hide
from clearance.results import ExportResult, Outcome
from clearance.verification import Examiner, Written
from consent.files import sync_folder
from detector.errors import DetectorError

if TYPE_CHECKING:
    from clearance.masks import Drawn
    from clearance.redaction import Redaction
    from clearance.rendition import Rendition
    from clearance.results import Checks
    from detector.faces import Box, Face, Frame, Pixels

_ROUNDS = 5
"""How often faces that appear in the copy are hidden as well before it is refused."""


@dataclasses.dataclass(frozen=True, slots=True)
class Manner:
    """How the copies of a run are made.

    Attributes:
        format: one of `clearance.encoding.FORMATS`; None for what each photo is.
        quality: of the encoder, where its format has one; None for the usual.
        explain: folder for a picture of where a copy failed its checks; None for none.
    """

    format: str | None = None
    quality: int | None = None
    explain: Path | None = None


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


class Exporter:
    """Writes the copies of one run into one folder.

    A copy has the name of its photo and the suffix of its format, which follows
    from the photo's name alone: so it is known beforehand which copy belongs to
    which photo. Two photos that would share a name both get none. An earlier
    copy is replaced; when no new one can be written it is *removed*, because it
    shows an earlier decision. A photo of the run is never written to or removed.
    """

    def __init__(
        self,
        folder: Path,
        photos: Iterable[Path],
        examiner: Examiner,
        *,
        root: Path | None = None,
        manner: Manner | None = None,
    ) -> None:
        """Plan the copies; nothing is written yet.

        Args:
            folder: where the copies go; made when the first one is written.
            photos: every photo of the run.
            examiner: checks every copy.
            root: the album's folder; its subfolders are kept below `folder`.
                Without it all copies lie beside each other.
            manner: how the copies are made.
        """
        self._manner = manner or Manner()
        self._folder = folder
        self._examiner = examiner
        paths = {_absolute(path): path for path in photos}
        self._copies = {
            key: copy_path(path, folder, root, self._manner.format) for key, path in paths.items()
        }
        self._rivals: dict[str, list[Path]] = {}
        for key, path in paths.items():
            self._rivals.setdefault(_name_key(self._copies[key]), []).append(path)
        self._inputs = frozenset(_real(path) for path in paths.values())
        self._identities = frozenset(filter(None, map(_identity, paths.values())))

    def names_of(self, photo: Path) -> tuple[str, ...]:
        """What the copy's own name tells: its folders below that of the copies, and its stem.

        Raises:
            ExportRefusedError: the photo is none of this run.
        """
        told = self._target(photo).relative_to(self._folder)
        return (*told.parts[:-1], told.stem)

    def write(
        self,
        frame: Frame,
        hidden: Sequence[Face],
        visible: Sequence[Face],
        plan: Plan | None = None,
    ) -> ExportResult:
        """Hide, encode, check and name the copy of one photo.

        Faces that the detector sees in the copy only are hidden as well.

        Args:
            frame: the photo as it was judged.
            hidden: faces that must not be seen.
            visible: faces that may be seen.
            plan: what else is asked of this copy.

        Returns:
            The copy; `hidden` are the boxes of all faces that were hidden.

        Raises:
            ExportRefusedError: the copy would be a photo of this run, or the
                copy of two photos.
            VerificationError: the copy did not pass its checks.
            ExportError: the copy cannot be written.
        """
        target = self._target(frame.path)
        with self._no_stale_copy(frame.path):
            self._refuse_rivals(target)
            self._refuse_input(target)
            told = dataclasses.replace(frame, held=self._examiner.how_held(frame))
            return self._write(_Order.of(told, hidden, visible, plan or Plan()), target)

    def refuse(self, photo: Path, error: ExportError) -> ExportError:
        """The error, and the earlier copy removed: what it shows was decided otherwise."""
        try:
            with self._no_stale_copy(photo):
                raise error
        except ExportError as told:
            return told

    def withdraw(self, photo: Path) -> bool:
        """Remove an earlier copy of a photo that cannot be judged now.

        Returns:
            Whether there was one.

        Raises:
            ExportError: it is there and cannot be removed.
        """
        target = self._target(photo)
        found = [] if self._is_input(target) or not os.path.lexists(target) else [target]
        found += self._in_other_formats(target)
        self._remove(found)
        return bool(found)

    @staticmethod
    def _remove(copies: Iterable[Path]) -> None:
        for path in copies:
            try:
                path.unlink()
            except OSError as error:
                raise ExportError(
                    "The earlier copy {path} may be out of date and cannot be removed "
                    "({reason}): delete it by hand.",
                    path=path,
                    reason=error.strerror or str(error),
                ) from error

    def _in_other_formats(self, target: Path) -> list[Path]:
        """Earlier copies of the same photo in formats that were asked for then.

        Only what says of itself what copies say: the folder may hold pictures of others.
        """
        others = {target.with_suffix(one.suffix) for one in FORMATS.values()} - {target}
        return [
            path
            for path in sorted(others)
            if path.is_file()
            and _name_key(path) not in self._rivals
            and not self._is_input(path)
            and self._is_a_copy(path)
        ]

    def _is_a_copy(self, path: Path) -> bool:
        try:
            read_packet(self._examiner.open_photo(path).embedded.xmp or b"")
        except (DetectorError, ValueError):
            return False
        return True

    def _write(self, order: _Order, target: Path) -> ExportResult:
        encoding = encoding_of(target).at(self._manner.quality)
        appeared: tuple[Face, ...] = ()
        for _ in range(_ROUNDS):
            written = order.written(appeared, encoding)
            data = encode(written.redaction.pixels, encoding, written.carried)
            with _temporary(target, data) as temporary:
                checks, more = self._examined(temporary, written)
                if not more:
                    self._refuse_input(target)
                    self._remove(self._in_other_formats(target))
                    _replace(temporary, target)
                    return self._result(target, data, order, appeared, checks)
            appeared += order.placement.faces_back(more)
        self._explain(written, [face.box for face in more])
        raise VerificationError(
            "Faces that were not judged keep appearing in the copy of {path}, "
            "last at {left}, {top}: hide by hand, or use another picture.",
            where=[face.box for face in more],
            path=order.frame.path,
            left=appeared[-1].box.left,
            top=appeared[-1].box.top,
        )

    def _examined(self, temporary: Path, written: Written) -> tuple[Checks, tuple[Face, ...]]:
        try:
            return self._examiner.examine(temporary, written)
        except VerificationError as error:
            self._explain(written, error.where)
            raise

    def _explain(self, written: Written, where: Sequence[Box]) -> None:
        if self._manner.explain:
            with _explained(self._manner.explain):
                write_explanation(self._manner.explain, written, where)

    def _result(
        self,
        target: Path,
        data: bytes,
        order: _Order,
        appeared: tuple[Face, ...],
        checks: Checks,
    ) -> ExportResult:
        faces = (*order.hidden, *appeared)
        plan = order.plan
        return ExportResult(
            path=target,
            sha256=hashlib.sha256(data).hexdigest(),
            width=order.placement.width,
            height=order.placement.height,
            hidden=tuple(face.box for face in faces),
            outcome=Outcome.REDACTED if faces or plan.drawn else Outcome.CLEARED,
            checks=checks,
            style=plan.look.style.value,
            drawn=tuple(one.text for one in plan.drawn),
            appeared=appeared,
            crop=plan.crop,
        )

    def _target(self, photo: Path) -> Path:
        try:
            return self._copies[_absolute(photo)]
        except KeyError:
            raise ExportRefusedError(
                "{path} is not among the photos of this run, so its copy has no place.", path=photo
            ) from None

    def _refuse_rivals(self, target: Path) -> None:
        rivals = self._rivals[_name_key(target)]
        if len(rivals) > 1:
            raise ExportRefusedError(
                "Several photos would have the same copy, {path}: rename one, or export them "
                "into different folders. The photos: {photos}",
                path=target,
                photos=", ".join(map(str, rivals)),
            )

    def _refuse_input(self, target: Path) -> None:
        if self._is_input(target):
            raise ExportRefusedError(
                "{path} is a photo of this run and is never overwritten: "
                "choose another folder for the copies.",
                path=target,
            )

    def _is_input(self, target: Path) -> bool:
        # Both: the same file under another name (link, other case), and a name
        # whose file was exchanged since the run began.
        return _identity(target) in self._identities or _real(target) in self._inputs

    @contextlib.contextmanager
    def _no_stale_copy(self, photo: Path) -> Iterator[None]:
        """Remove an earlier copy of the photo when the block does not write a new one."""
        written = False
        try:
            yield
            written = True
        except ExportError as error:
            if self.withdraw(photo):
                raise type(error)(
                    "{cause} The earlier copy {path} was removed.",
                    cause=error,
                    path=self._target(photo),
                ) from error
            raise
        finally:
            if not written:
                self.withdraw(photo)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Order:
    """One copy to be made: the photo in the copy's colours, and who may be seen."""

    frame: Frame
    pixels: Pixels
    icc_profile: bytes | None
    hidden: tuple[Face, ...]
    visible: tuple[Face, ...]
    plan: Plan
    placement: Placement

    @classmethod
    def of(
        cls, frame: Frame, hidden: Iterable[Face], visible: Iterable[Face], plan: Plan
    ) -> _Order:
        profile = profile_for_copy(frame.icc_profile)
        # Without a profile a viewer takes the colours for sRGB, so that they must be.
        pixels = frame.pixels if profile else in_srgb(frame.pixels, frame.icc_profile)
        placement = Placement.of(frame.width, frame.height, plan.rendition, plan.crop)
        return cls(frame, pixels, profile, tuple(hidden), tuple(visible), plan, placement)

    def written(self, appeared: tuple[Face, ...], encoding: Encoding) -> Written:
        """What the copy must be when these faces are hidden, too."""
        hidden = (*self.hidden, *appeared)
        return Written(
            photo=self.frame,
            redaction=self._redacted(hidden),
            carried=Carried(self.plan.xmp, self.icc_profile),
            exact=encoding.exact,
            hidden=hidden,
            placed=self.placement.faces(hidden),
            visible=self.placement.faces(self.visible),
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


def copy_path(
    photo: Path, folder: Path, root: Path | None = None, wanted: str | None = None
) -> Path:
    """Where the copy of a photo goes: same name, the suffix of the copy's format.

    Args:
        photo: its suffix decides the format; one that is not a format of
            publication gives JPEG.
        folder: of the copies.
        root: the part of the photo's path that `folder` replaces; None keeps the
            name only.
        wanted: one of `clearance.encoding.FORMATS`, whatever the photo is.
    """
    parent = folder
    if root is not None and photo.is_relative_to(root):
        parent = folder / photo.relative_to(root).parent
    return parent / (photo.stem + encoding_of(photo, wanted).suffix)


@contextlib.contextmanager
def _temporary(target: Path, data: bytes) -> Iterator[Path]:
    """The data in a new hidden file beside the target; gone after the block."""
    # Not tempfile: its files are readable by their owner only, and the copy is
    # for colleagues and web servers as well.
    temporary = target.parent / f".clearance-{secrets.token_hex(8)}{target.suffix}"
    with _explained(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with _explained(target), temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield temporary
    finally:
        with _explained(temporary):
            temporary.unlink(missing_ok=True)


def _replace(temporary: Path, target: Path) -> None:
    with _explained(target):
        temporary.replace(target)
        # The name as well must survive a power cut, not only the content.
        sync_folder(target.parent)


@contextlib.contextmanager
def _explained(target: Path) -> Iterator[None]:
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


def _absolute(path: Path) -> str:
    return os.path.normcase(path.absolute())


def _real(path: Path) -> str:
    return os.path.normcase(path.resolve())


def _name_key(path: Path) -> str:
    """Equal for names that some file system takes for one: case, composed letters."""
    return unicodedata.normalize("NFC", _absolute(path)).casefold()


def _identity(path: Path) -> tuple[int, int] | None:
    """Device and number of the file behind a name; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
