"""Write the copy that may be published: encoded afresh, checked, then given its name."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import secrets
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from clearance.encoding import FORMATS, encoding_of
from clearance.errors import ExportError, ExportRefusedError
from clearance.making import Commission, Plan, explained, make_copy
from clearance.metadata import read_packet
from clearance.results import ExportResult, Outcome
from consent.files import sync_folder
from detector.errors import DetectorError
from detector.photo import read_file

if TYPE_CHECKING:
    from clearance.album_sources import AlbumFile
    from clearance.encoding import Encoding
    from clearance.making import Made, Said
    from clearance.verification import Examiner
    from detector.faces import Face, Frame

__all__ = ["Exporter", "Manner", "Plan", "copy_path"]


@dataclasses.dataclass(frozen=True, slots=True)
class Manner:
    """How the copies of a run are made.

    Attributes:
        format: one of `clearance.encoding.FORMATS`; None for what each photo is.
        quality: of the encoder, where its format has one; None for the usual.
        explain: folder for a picture of where a copy failed its checks; None for none.
        video: the suffix of the copies of videos.
    """

    format: str | None = None
    quality: int | None = None
    explain: Path | None = None
    video: str = ".mp4"


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
        videos: Collection[Path] = (),
    ) -> None:
        """Plan the copies; nothing is written yet.

        Args:
            folder: where the copies go; made when the first one is written.
            photos: every photo of the run.
            examiner: checks every copy.
            root: the album's folder; its subfolders are kept below `folder`.
                Without it all copies lie beside each other.
            manner: how the copies are made.
            videos: those of the files that are videos.
        """
        self._manner = manner or Manner()
        self._folder = folder
        self._examiner = examiner
        paths = {_absolute(path): path for path in photos}
        moving = frozenset(videos)
        self._copies = {
            key: video_copy_path(path, folder, root, self._manner.video)
            if path in moving
            else copy_path(path, folder, root, self._manner.format)
            for key, path in paths.items()
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
        from clearance.album_sources import AlbumFile

        with self.none_stale(frame.path):
            order = self.commission(AlbumFile(frame.path), frame.sha256, hidden, visible, plan)
            try:
                return self.name(order, self.make(order, frame))
            finally:
                self.discard(order)

    def commission(
        self,
        file: AlbumFile,
        sha256: str,
        hidden: Sequence[Face],
        visible: Sequence[Face],
        plan: Plan | None = None,
        said: Said | None = None,
    ) -> Commission:
        """What any process needs to make the copy of one photo; nothing is written yet.

        Whoever asks must `name` the copy that was made, or `discard` it; and, where there is
        none, `withdraw` the earlier one.

        Args:
            file: the photo.
            sha256: of its bytes as they were judged.
            hidden: faces that must not be seen.
            visible: faces that may be seen.
            plan: what else is asked of this copy.
            said: what the photo's file says.

        Raises:
            ExportRefusedError: the copy would be a photo of this run, or the
                copy of two photos.
        """
        target = self.target(file.path)
        return Commission(
            file=file,
            sha256=sha256,
            target=target,
            temporary=target.parent / f".clearance-{secrets.token_hex(8)}{target.suffix}",
            hidden=tuple(hidden),
            visible=tuple(visible),
            plan=plan or Plan(),
            encoding=self.encoding(target),
            compared=self._examiner.compare is not None,
            explain=self._manner.explain,
            said=said,
        )

    def name(self, order: Commission, made: Made) -> ExportResult:
        """Give a copy that was made its name, in place of any earlier copy.

        Raises:
            ExportRefusedError: the name has become that of a photo of this run.
            ExportError: the copy cannot be written.
        """
        self._refuse_input(order.target)
        self._remove(self._in_other_formats(order.target))
        _replace(order.temporary, order.target)
        return exported(order.target, order.plan, order.hidden, made)

    def put(self, finished: Path, target: Path) -> None:
        """Give a copy that lies on the same disk its name, in place of any earlier one.

        Args:
            finished: the copy, examined.
            target: its name, as `target` gives it.

        Raises:
            ExportRefusedError: the name has become that of a photo of this run.
            ExportError: the copy cannot be written.
        """
        self._refuse_input(target)
        with explained(target), finished.open("rb+") as file:
            os.fsync(file.fileno())
        _replace(finished, target)

    def keep(self, photo: Path, sha256: str) -> Path | None:
        """The earlier copy of a photo, if it holds these very bytes; others of it are removed.

        Args:
            photo: of this run.
            sha256: of the copy that would be made now.

        Raises:
            ExportRefusedError: the copy would be a photo of this run, or the copy of two.
            ExportError: an earlier copy in another format cannot be removed.
        """
        target = self.target(photo)
        # A link may show something else tomorrow.
        if target.is_symlink():
            return None
        try:
            found = hashlib.sha256(read_file(target)).hexdigest()
        except DetectorError:
            return None
        if found != sha256:
            return None
        self._remove(self._in_other_formats(target))
        return target

    def discard(self, order: Commission) -> None:
        """Remove what was written and did not get its name, if there is anything.

        Raises:
            ExportError: it cannot be removed.
        """
        with explained(order.temporary):
            order.temporary.unlink(missing_ok=True)

    def target(self, photo: Path) -> Path:
        """The name of the copy of a photo.

        Raises:
            ExportRefusedError: the photo is none of this run; the copy would be a photo of this
                run, or the copy of two photos.
        """
        target = self._target(photo)
        self._refuse_rivals(target)
        self._refuse_input(target)
        return target

    def encoding(self, target: Path) -> Encoding:
        """How a copy of that name is written."""
        return encoding_of(target).at(self._manner.quality)

    def manner_of(self, photo: Path) -> tuple[object, ...]:
        """How the copy of a photo is encoded and checked; equal for what is done alike."""
        encoding = self.encoding(self._target(photo))
        return (encoding.format, sorted(encoding.options.items()), self._examiner.compare is None)

    def make(self, order: Commission, frame: Frame) -> Made:
        """Make the copy in this process, under its temporary name: see `make_copy`."""
        return make_copy(order, frame, self._examiner)

    def open_photo(self, photo: Path) -> Frame:
        """A photo, opened as the copies are.

        Raises:
            DetectorError: it cannot be opened.
        """
        return self._examiner.open_photo(photo)

    def refuse(self, photo: Path, error: ExportError) -> ExportError:
        """The error, and the earlier copy removed: what it shows was decided otherwise."""
        try:
            with self.none_stale(photo):
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
        suffixes = {one.suffix for one in FORMATS.values()}
        if target.suffix not in suffixes:  # of a video, whose name a photo's copy may have as well
            return []
        others = {target.with_suffix(suffix) for suffix in suffixes} - {target}
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
    def none_stale(self, photo: Path) -> Iterator[None]:
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


def exported(target: Path, plan: Plan, hidden: Sequence[Face], made: Made) -> ExportResult:
    """What is told of a copy that was made and has its name.

    Args:
        target: its name.
        plan: what was asked of it beside faces.
        hidden: the faces that had to be hidden.
        made: what came of it.
    """
    faces = (*hidden, *made.appeared)
    return ExportResult(
        path=target,
        sha256=made.sha256,
        width=made.width,
        height=made.height,
        hidden=tuple(face.box for face in faces),
        outcome=Outcome.REDACTED if faces or plan.drawn else Outcome.CLEARED,
        checks=made.checks,
        style=plan.look.style.value,
        drawn=tuple(one.text for one in plan.drawn),
        appeared=made.appeared,
        crop=plan.crop,
        removed=made.removed,
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
    return _parent(photo, folder, root) / (photo.stem + encoding_of(photo, wanted).suffix)


def video_copy_path(video: Path, folder: Path, root: Path | None, suffix: str) -> Path:
    """Where the copy of a video goes: same name, the suffix of the copy's container.

    Args:
        video: whose copy.
        folder: of the copies.
        root: as for photos.
        suffix: of the container, with its dot.
    """
    return _parent(video, folder, root) / (video.stem + suffix)


def _parent(file: Path, folder: Path, root: Path | None) -> Path:
    if root is not None and file.is_relative_to(root):
        return folder / file.relative_to(root).parent
    return folder


def _replace(temporary: Path, target: Path) -> None:
    with explained(target):
        temporary.replace(target)
        # The name as well must survive a power cut, not only the content.
        sync_folder(target.parent)


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
