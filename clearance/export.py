"""Write the copy that may be published: encoded afresh, checked, then given its name."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import hashlib
import io
import os
import secrets
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageCms

from clearance.errors import ExportError, ExportRefusedError, VerificationError
from clearance.redaction import hide
from clearance.results import ExportResult, Outcome
from clearance.verification import FindFaces, OpenPhoto, unjudged_faces, verify_copy

if TYPE_CHECKING:
    from clearance.redaction import Redaction
    from clearance.rendition import Rendition
    from detector.faces import Face, Frame, Pixels

_ROUNDS = 5
"""How often faces that appear in the copy are hidden as well before it is refused."""
_MAX_PROFILE_BYTES = 4 * 1024 * 1024
_SAME_COLOUR = 2
"""Profiles that move no colour by more, out of 255, are sRGB under another name."""


@dataclasses.dataclass(frozen=True, slots=True)
class Encoding:
    """How a copy is written; `exact` when every pixel survives."""

    suffix: str
    format: str
    options: Mapping[str, object]
    exact: bool = False


# At these settings a copy is as sharp as a photo straight from a camera. 4:4:4
# keeps the colour of every pixel: the edge of a mask stays clean, and no colour
# of its neighbours is spread over it. Without `optimize`, whose buffer in Pillow
# is too small for very noisy pictures.
_JPEG = Encoding(".jpg", "JPEG", {"quality": 92, "subsampling": "4:4:4"})
_PNG = Encoding(".png", "PNG", {}, exact=True)
_WEBP = Encoding(".webp", "WEBP", {"quality": 92})
_AVIF = Encoding(".avif", "AVIF", {"quality": 90, "subsampling": "4:4:4"})
# TIFF, HEIC, BMP and multi-picture files are formats of work: a copy is for
# publication, and JPEG is what every channel takes.
_KEPT = {".png": _PNG, ".webp": _WEBP, ".avif": _AVIF}


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
        open_photo: OpenPhoto,
        find_faces: FindFaces,
        *,
        root: Path | None = None,
    ) -> None:
        """Plan the copies; nothing is written yet.

        Args:
            folder: where the copies go; made when the first one is written.
            photos: every photo of the run.
            open_photo: opens a copy as the photos are opened.
            find_faces: looks for faces in a copy as in the photos.
            root: the album's folder; its subfolders are kept below `folder`.
                Without it all copies lie beside each other.
        """
        self._open_photo = open_photo
        self._find_faces = find_faces
        paths = {_absolute(path): path for path in photos}
        self._copies = {key: copy_path(path, folder, root) for key, path in paths.items()}
        self._rivals: dict[str, list[Path]] = {}
        for key, path in paths.items():
            self._rivals.setdefault(_name_key(self._copies[key]), []).append(path)
        self._inputs = frozenset(_real(path) for path in paths.values())
        self._identities = frozenset(filter(None, map(_identity, paths.values())))

    def write(
        self,
        frame: Frame,
        hidden: Sequence[Face],
        visible: Sequence[Face],
        *,
        small: Sequence[Face] = (),
        rendition: Rendition | None = None,
    ) -> ExportResult:
        """Hide, encode, check and name the copy of one photo.

        Faces that the detector sees in the copy only are hidden as well.

        Args:
            frame: the photo as it was judged.
            hidden: faces that must not be seen.
            visible: faces that may be seen.
            small: faces that may be seen as long as they are too small to be recognised.
            rendition: the size of the copy; None for that of the photo.

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
            judged = _Judged.of(frame, visible, small, rendition)
            return self._write(frame, hidden, judged, target)

    def withdraw(self, photo: Path) -> bool:
        """Remove an earlier copy of a photo that cannot be judged now.

        Returns:
            Whether there was one.

        Raises:
            ExportError: it is there and cannot be removed.
        """
        target = self._target(photo)
        if self._is_input(target) or not os.path.lexists(target):
            return False
        try:
            target.unlink()
        except OSError as error:
            raise ExportError(
                "The earlier copy {path} may be out of date and cannot be removed "
                "({reason}): delete it by hand.",
                path=target,
                reason=error.strerror or str(error),
            ) from error
        return True

    def _write(
        self, frame: Frame, hidden: Sequence[Face], judged: _Judged, target: Path
    ) -> ExportResult:
        pixels = in_srgb(frame)
        encoding = encoding_of(target)
        faces = tuple(hidden)
        for _ in range(_ROUNDS):
            redaction = judged.redacted(pixels, faces)
            data = encode(redaction, encoding)
            with _temporary(target, data) as temporary:
                copy = verify_copy(
                    *(temporary, redaction, judged.placed(faces), self._open_photo),
                    exact=encoding.exact,
                )
                appeared = unjudged_faces(
                    self._find_faces(copy), judged.visible, redaction.mask, judged.small
                )
                if not appeared:
                    self._refuse_input(target)
                    _replace(temporary, target)
                    return _result(target, data, redaction, faces)
            faces += judged.placed_back(appeared)
        raise VerificationError(
            "Faces that were not judged keep appearing in the copy of {path}, "
            "last at {left}, {top}: hide by hand, or use another picture.",
            path=frame.path,
            left=appeared[0].box.left,
            top=appeared[0].box.top,
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


@dataclasses.dataclass(frozen=True, slots=True)
class _Judged:
    """What may be seen in a copy, in the copy's own pixels, and how large the copy is.

    `ratios` are the copy's width and height as shares of the photo's.
    """

    visible: tuple[Face, ...]
    small: tuple[Face, ...]
    size: tuple[int, int] | None
    ratios: tuple[float, float]

    @classmethod
    def of(
        cls,
        frame: Frame,
        visible: Iterable[Face],
        small: Iterable[Face],
        rendition: Rendition | None,
    ) -> _Judged:
        if rendition is None:
            return cls(tuple(visible), tuple(small), None, (1.0, 1.0))
        ratios = (rendition.width / frame.width, rendition.height / frame.height)
        return cls(
            tuple(face.scaled(*ratios) for face in visible),
            tuple(face.scaled(*ratios) for face in small),
            (rendition.width, rendition.height),
            ratios,
        )

    def placed(self, faces: Sequence[Face]) -> tuple[Face, ...]:
        """Faces of the photo where they are in the copy."""
        return tuple(faces) if self.size is None else tuple(f.scaled(*self.ratios) for f in faces)

    def placed_back(self, faces: Sequence[Face]) -> tuple[Face, ...]:
        """Faces of the copy where they are in the photo."""
        across, down = self.ratios
        return (
            tuple(faces)
            if self.size is None
            else tuple(face.scaled(1 / across, 1 / down) for face in faces)
        )

    def redacted(self, pixels: Pixels, faces: Sequence[Face]) -> Redaction:
        """The photo's pixels with the faces hidden, at the size of the copy.

        Hidden before it is made smaller, so that nothing of a face is in any pixel
        of the copy; and once more afterwards, so that the fill is flat to its edge.
        """
        whole = hide(pixels, faces)
        if self.size is None:
            return whole
        image = Image.fromarray(whole.pixels).resize(self.size, Image.Resampling.LANCZOS)
        return hide(np.asarray(image), self.placed(faces))


def copy_path(photo: Path, folder: Path, root: Path | None = None) -> Path:
    """Where the copy of a photo goes: same name, the suffix of the copy's format.

    Args:
        photo: its suffix decides the format; one that is not a format of
            publication gives JPEG.
        folder: of the copies.
        root: the part of the photo's path that `folder` replaces; None keeps the
            name only.
    """
    parent = folder
    if root is not None and photo.is_relative_to(root):
        parent = folder / photo.relative_to(root).parent
    return parent / (photo.stem + encoding_of(photo).suffix)


def encoding_of(path: Path) -> Encoding:
    """The encoding that belongs to a name."""
    return _KEPT.get(path.suffix.lower(), _JPEG)


def in_srgb(frame: Frame) -> Pixels:
    """The frame's pixels in the sRGB colour space: uint8, shape (height, width, 3).

    A copy carries no colour profile, so its colours must be what a viewer takes
    them for without one. A profile could be copied instead, but it has room for
    free text and private data, and is dropped by most websites, which changes
    the colours after the copy was checked. A profile that is damaged, or not of
    RGB pixels, is passed over, as viewers do.
    """
    profile = frame.icc_profile
    if profile is None or len(profile) > _MAX_PROFILE_BYTES:
        return frame.pixels
    try:
        transform = ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            "RGB",
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        if not _moves_colours(transform):
            return frame.pixels
        converted = ImageCms.applyTransform(Image.fromarray(frame.pixels), transform)
    except (ImageCms.PyCMSError, OSError):
        return frame.pixels
    return np.asarray(converted)


def _moves_colours(transform: ImageCms.ImageCmsTransform) -> bool:
    steps = np.linspace(0, 255, 16).astype(np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(64, 64, 3)
    moved = np.asarray(ImageCms.applyTransform(Image.fromarray(cube), transform))
    return bool(np.abs(moved.astype(np.int16) - cube.astype(np.int16)).max() > _SAME_COLOUR)


def encode(redaction: Redaction, encoding: Encoding) -> bytes:
    """A whole file that holds the redacted pixels and nothing else.

    Raises:
        ExportError: the format cannot hold a picture of this size.
    """
    buffer = io.BytesIO()
    try:
        # A new image has no `info`: nothing of the source can be passed on.
        Image.fromarray(redaction.pixels).save(buffer, encoding.format, **encoding.options)
    except (OSError, ValueError) as error:
        height, width = redaction.mask.shape
        raise ExportError(
            "{format} cannot hold a picture of {width} x {height} pixels "
            "({reason}): export a smaller version of the photo.",
            format=encoding.format,
            width=width,
            height=height,
            reason=str(error),
        ) from error
    return buffer.getvalue()


def _result(target: Path, data: bytes, redaction: Redaction, faces: Sequence[Face]) -> ExportResult:
    height, width = redaction.mask.shape
    return ExportResult(
        path=target,
        sha256=hashlib.sha256(data).hexdigest(),
        width=width,
        height=height,
        hidden=tuple(face.box for face in faces),
        outcome=Outcome.REDACTED if faces else Outcome.CLEARED,
    )


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
        if os.name == "posix":
            # The name as well must survive a power cut, not only the content.
            descriptor = os.open(target.parent, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


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
