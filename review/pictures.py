"""What pages show of a file: the original, one face, the copy as it would be published.

Copies are made by the exporter that makes all others. Of a copy that does not pass its checks not
a byte is returned, and a copy that was kept is given out only while everything it rests on still
holds and its bytes are those that were checked.
"""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clearance.clear import remember, with_copy
from clearance.copy_options import CopyOrder
from clearance.crews import all_copies
from clearance.documents import photo_document
from clearance.encoding import FORMATS
from clearance.looking import look_at
from clearance.making import Raster
from clearance.results import ExportResult, Outcome, PhotoResult, VideoExport, VideoResult
from clearance.run import Task
from clearance.video_clear import clear_video
from detector.faces import Box
from detector.photo import open_photo, read_file, small_photo_from_bytes
from review.album_store import new_id
from review.albums import Albums, masks, wishes
from review.bench import decide_with, number_of
from review.errors import CopyMissingError, DecisionRefusedError, NoVerdictError
from review.records import Decision, Item, Kind, State, Verb
from review.runner import Look, jpeg_of, made_small, still_of

LARGEST = 2400
"""Longer side of an original as a page shows it, in pixels."""
_AROUND = 0.4
"""What a face is shown with on each side, as a share of its longer side."""
_QUALITY = 90


@dataclasses.dataclass(frozen=True, slots=True)
class KeptCopy:
    """A copy that still holds.

    Attributes:
        path: where it lies.
        sha256: of its bytes, as they were checked.
        outcome: what it is: everybody who is seen in it may be, or it is none to publish.
        document: the verdict with what was proved of the copy, as `photo_document` gives it.
    """

    path: Path
    sha256: str
    outcome: Outcome
    document: dict[str, Any]


class Pictures:
    """Shows files and makes their copies. Every method may be called by any thread.

    Every method raises `ItemMissingError` and `DetectorError` of a file that cannot be read.
    """

    def __init__(self, albums: Albums) -> None:
        """Make nothing yet.

        Args:
            albums: of the desk.
        """
        self._albums = albums
        # One at a time: each looks at its copy with all cores.
        self._making = threading.Lock()

    def original(self, item_id: str, side: int = LARGEST) -> bytes:
        """The file upright as a JPEG without metadata; of a video a frame from its middle.

        It shows everybody: for people at the desk only.

        Args:
            item_id: which.
            side: its longer side in pixels, at most.
        """
        item = self._albums.item(item_id)
        path = self._albums.path_of(item)
        if item.kind is Kind.VIDEO:
            return jpeg_of(made_small(still_of(path), side), _QUALITY)
        return jpeg_of(small_photo_from_bytes(read_file(path), path, side).pixels, _QUALITY)

    def crop(self, item_id: str, face: int) -> bytes:
        """One face with a margin, in its own size, as a JPEG without metadata.

        Raises:
            NoVerdictError: there is no verdict yet.
            DecisionRefusedError: there is no such face.
            ConsentError: the registry cannot answer.
        """
        item = self._albums.item(item_id)
        result = self._albums.verdict(item_id)
        if not 1 <= face <= len(result.faces):
            raise DecisionRefusedError("there is no face {n}", n=face)
        found = result.faces[face - 1].face
        path = self._albums.path_of(item)
        if isinstance(result, VideoResult):
            from clearance.video_stills import Stills

            best = result.tracks[face - 1].best or result.tracks[face - 1].start
            pixels = Stills()(path, result.sha256 or "", best)
        else:
            frame = open_photo(path)
            # A face in a hidden picture is shown in that picture.
            pixels = (frame.pixels, *frame.other_views)[found.view]
        height, width = pixels.shape[:2]
        box = _with_margin(found.box).clipped(width, height)
        return jpeg_of(pixels[box.top : box.bottom, box.left : box.right], _QUALITY)

    def preview(self, item_id: str) -> bytes:
        """The copy as it would be published now, as a JPEG or PNG; it is not kept.

        Raises:
            NoVerdictError: there is no verdict yet.
            DecisionRefusedError: the file is a video, or a wish is about a face that is gone.
            ExportError: there is no copy that passes its checks.
            ConsentError: the registry cannot answer.
        """
        item = self._albums.item(item_id)
        if item.kind is Kind.VIDEO:
            raise DecisionRefusedError("of a video there is no preview: make its copy")
        shown = ".png" if (item.file or "").endswith(".png") else ".jpg"
        folder = self._workshop()
        try:
            result = self._made(item, folder, shown.removeprefix("."), logged=False)
            copy = _copy_of(result)
            return _checked_bytes(copy.path, copy.sha256)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def copy(self, item_id: str) -> ExportResult | VideoExport:
        """Make the copy of a file and keep it until a decision or a verdict changes.

        Raises:
            NoVerdictError: there is no verdict yet.
            DecisionRefusedError: a wish is about a face that is not there any more.
            ExportError: there is no copy that passes its checks.
            ConsentError: the registry cannot answer.
        """
        item = self._albums.item(item_id)
        self._albums.drop_copy(item_id)
        before = self._albums.review(item_id)
        basis = self._albums.basis(before.result, before.decisions)
        folder = self._workshop()
        try:
            result = self._made(item, folder, None, logged=True)
            export = _copy_of(result)
            target = self._albums.folder / "copies" / f"{new_id()}{export.path.suffix}"
            export.path.replace(target)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        try:
            made = _placed(result, target)
            export = _copy_of(made)
            # What the copy rests on is the verdict on the original, without the copy.
            review = self._albums.review(item_id)
            if self._albums.basis(review.result, review.decisions) != basis:
                raise CopyMissingError("the verdict changed meanwhile: make the copy again")
            told = {
                "sha256": export.sha256,
                "outcome": export.outcome.value,
                "document": photo_document(made),
            }
            if not self._albums.store.keep_copy(item_id, target.name, basis, told):
                raise CopyMissingError("the album was deleted meanwhile")
            # So that the tile says at once whether it is ready.
            self._albums.review(item_id)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        self._albums.touch(item)
        return export

    def kept(self, item_id: str) -> KeptCopy | None:
        """The copy of a file, if it still holds as the registry stands now; None else.

        Raises:
            ConsentError: the registry cannot answer.
        """
        try:
            self._albums.review(item_id)
        except NoVerdictError:
            return None
        if self._albums.item(item_id).state is not State.JUDGED:
            # It waits to be compared with whoever joined since.
            return None
        found = self._albums.store.copy(item_id)
        if found is None:
            return None
        file, _, told = found
        path = self._albums.folder / "copies" / file
        return KeptCopy(path, told["sha256"], Outcome(told["outcome"]), told["document"])

    def kept_bytes(self, item_id: str) -> bytes:
        """The bytes of the copy, the very ones that were checked.

        Raises:
            CopyMissingError: there is none that still holds.
            ConsentError: the registry cannot answer.
        """
        kept = self.kept(item_id)
        if kept is None:
            raise CopyMissingError("there is no copy that still holds: make it")
        return _checked_bytes(kept.path, kept.sha256)

    def _workshop(self) -> Path:
        folder = self._albums.folder / "making" / new_id()
        folder.parent.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(mode=0o700)
        return folder

    def _made(self, item: Item, out: Path, format_: str | None, *, logged: bool) -> PhotoResult:
        """The verdict on a file with its copy in the folder.

        Raises:
            ExportError: there is none.
        """
        albums = self._albums
        decisions = albums.store.decisions(item.id)
        album = albums.album(item.album)
        with self._making, albums.bench.opened() as standing:
            now = albums.decided(item, standing)
            if now is None:
                raise NoVerdictError(
                    "there is no verdict on {name} yet: wait until it was looked at",
                    name=item.name,
                )
            house = albums.bench.house(standing, album, here=True)
            use = albums.bench.use(album, standing.settings)
            order = albums.bench.order(album)
            path = albums.path_of(item)
            if isinstance(now, VideoResult):
                copying = _copying(out, None, _tracks_to_hide(now, decisions), decisions)
                task = Task((path,), copying=copying, videos=frozenset({path}))
                _, videos = all_copies(task, copying, order, house)
                seen = Look(albums, album, standing, house)
                with seen.videos() as memory:
                    result: PhotoResult = clear_video(path, use, house, videos, memory=memory)
            else:
                frame, sight = look_at(path, house.eyes)
                rejected = [one for one in decisions if one.stands and one.verb is Verb.REJECTED]
                judged = decide_with(sight.looked, use, house, rejected)
                kind = format_ or _format_of(path)
                copying = _copying(out, kind, _faces_to_hide(judged, decisions), decisions)
                copies, _ = all_copies(Task((path,), copying=copying), copying, order, house)
                export = copies.make(frame, judged)
                result = with_copy(judged, export, house, copies, Raster.of(frame))
                if logged:
                    remember(result, house)
        return result


def _copying(
    out: Path, format_: str | None, hide: list[int], decisions: Sequence[Decision]
) -> CopyOrder:
    return CopyOrder(out=out, format=format_, hide=hide, mask=list(masks(decisions)))


def _format_of(path: Path) -> str | None:
    """The format of a copy: that of the file, and JPEG where its name does not tell one."""
    known = {"jpeg", *FORMATS}
    return None if path.suffix.removeprefix(".") in known else "jpg"


def _faces_to_hide(result: PhotoResult, decisions: Sequence[Decision]) -> list[int]:
    """Numbers of the faces that somebody wants hidden.

    Raises:
        DecisionRefusedError: one is not there any more: nobody knows what was meant.
    """
    found = []
    for wish in wishes(decisions):
        number = number_of(wish.box, result) if wish.box else None
        if number is None:
            raise DecisionRefusedError(
                "a face that is to be hidden is not found any more: take that back, and draw a mask"
            )
        found.append(number)
    return found


def _tracks_to_hide(result: VideoResult, decisions: Sequence[Decision]) -> list[int]:
    """As `_faces_to_hide`, of a video: the places of its tracks, from 1."""
    wished = wishes(decisions)
    places = [result.place_of(wish.track) for wish in wished if wish.track is not None]
    found = [place for place in places if place is not None]
    if len(found) < len(wished):
        raise DecisionRefusedError(
            "a face that is to be hidden is not found any more: take that back, and draw a mask"
        )
    return found


def _copy_of(result: PhotoResult) -> ExportResult | VideoExport:
    copy = result.copy
    if copy is None:
        raise CopyMissingError(
            "there is no copy: {cause}",
            cause=result.problem or CopyMissingError("nothing was made"),
        )
    return copy


def _placed(result: PhotoResult, target: Path) -> PhotoResult:
    """The verdict with its copy where it was put."""
    if isinstance(result, VideoResult):
        video = result.video_export and dataclasses.replace(result.video_export, path=target)
        return dataclasses.replace(result, video_export=video)
    export = result.export and dataclasses.replace(result.export, path=target)
    return dataclasses.replace(result, export=export)


def _checked_bytes(path: Path, sha256: str) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CopyMissingError("there is no copy that still holds: make it") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise CopyMissingError("the copy was changed since it was checked: make it again")
    return content


def _with_margin(box: Box) -> Box:
    margin = round(_AROUND * max(box.width, box.height))
    return Box(box.left - margin, box.top - margin, box.right + margin, box.bottom + margin)
