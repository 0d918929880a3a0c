"""What a copy shows, hides and says: from the verdicts on a photo to its copy."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from clearance.cropping import suggest_crop
from clearance.errors import ExportError, ExportRefusedError
from clearance.export import exported
from clearance.fills import Look, Style
from clearance.hints import Hints
from clearance.kept_copies import Kept
from clearance.making import Plan, Raster, Said
from clearance.metadata import DataMining, ReleaseStatus, Rights, packet, read_packet
from clearance.naming import FILE_NAME
from clearance.redaction import head_region
from clearance.results import ExportResult, FaceReason, FaceResult, NameFound, Outcome
from clearance.sidecar import SidecarFace, sidecar, write_sidecar
from detector.errors import DetectorError

if TYPE_CHECKING:
    from clearance.album_sources import AlbumFile
    from clearance.export import Exporter
    from clearance.kept_copies import KeptCopies
    from clearance.language import Language
    from clearance.making import Commission, Made
    from clearance.masks import Drawn
    from clearance.naming import NamesBeside, Naming
    from clearance.results import PhotoResult
    from clearance.settings import Publication
    from detector.faces import Box, Face, Frame

_T = TypeVar("_T")

# A face that is not recognisable may be seen only as small as it was judged.
_SEEN_AT_ANY_SIZE = {Outcome.CLEARED, Outcome.EXEMPT}


@dataclasses.dataclass(frozen=True, slots=True)
class Wishes:
    """What a person asks of the copies of a run, beyond what the verdicts ask.

    Attributes:
        look: how hidden heads look.
        hide: numbers of faces that are hidden although they may be seen; from 1.
        hide_all: hide every face.
        drawn: masks drawn on the photo by hand.
        crop: show the part without uncleared people, where one is large enough.
    """

    look: Look = dataclasses.field(default_factory=Look)
    hide: tuple[int, ...] = ()
    hide_all: bool = False
    drawn: tuple[Drawn, ...] = ()
    crop: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Meant:
    """Whom a copy shows and what it says, before it is known where its crop lies.

    Attributes:
        shown: who is to be seen.
        plan: what else is asked, without the crop.
        release: the PLUS code of the model release.
        names: what may not stand beside the picture.
        carried: the names of the properties that the copy has.
    """

    shown: Shown
    plan: Plan
    release: ReleaseStatus
    names: tuple[NameFound, ...]
    carried: tuple[str, ...]

    def told_of(self, export: ExportResult, crop_offered: Box | None) -> ExportResult:
        """What is told of the copy, with what it says."""
        return dataclasses.replace(
            export,
            crop_offered=crop_offered,
            release=self.release.value,
            carried=self.carried,
            names=self.names,
            # The examiner has seen this very packet in the file.
            written=read_packet(self.plan.xmp),
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Planned:
    """A copy that was decided on, and what will be told of it once it is made.

    Attributes:
        order: what any process needs to make it.
        crop_offered: the part without uncleared people, where it is not what is shown.
        meant: who is seen in it, and what it says.
        digest: what the copy rests on: of two with the same, one need not be made.
    """

    order: Commission
    crop_offered: Box | None
    meant: Meant
    digest: str


class Copies:
    """Makes the copies of a run."""

    def __init__(
        self,
        exporter: Exporter,
        wishes: Wishes,
        naming: Naming | None,
        publication: Publication,
        *,
        sidecars: Language | None = None,
        kept: KeptCopies | None = None,
    ) -> None:
        """Take what every copy is made with.

        Args:
            exporter: writes and checks them.
            wishes: what a person asks of them.
            naming: whose names may stand beside them; None where no registry can tell.
            publication: what the institution carries over, and how small a crop may be.
            sidecars: write the verdicts beside the originals, in this language; None for no
                sidecars.
            kept: remembers the copies of earlier runs; None where nothing is.
        """
        self._words = sidecars
        self._exporter = exporter
        self._wishes = wishes
        self._naming = naming
        self._publication = publication
        self._kept = kept

    def make(self, frame: Frame, result: PhotoResult) -> ExportResult:
        """The copy of one photo, written and checked here.

        Raises:
            ExportError: there is none, and no earlier one either.
        """
        from clearance.album_sources import AlbumFile

        planned = self.plan(AlbumFile(frame.path), result)
        with self._exporter.none_stale(frame.path):
            try:
                return self.finish(planned, self._exporter.make(planned.order, frame))
            finally:
                self._exporter.discard(planned.order)

    def plan(self, file: AlbumFile, result: PhotoResult) -> Planned:
        """What the copy of a judged photo is to be; no pixel is looked at, nothing is written.

        Whoever asks must `finish` it, or `refuse` or `abandon` it.

        Args:
            file: the photo.
            result: the verdict on it; its faces have their landmarks.

        Raises:
            ExportError: there is none, and no earlier one either.
        """
        try:
            meant = self._meant(result)
            crop = self._crop(result, meant.shown)
            hints = result.hints or Hints()
            order = self._exporter.commission(
                file,
                _known(result.sha256),
                meant.shown.hidden,
                meant.shown.visible,
                dataclasses.replace(meant.plan, crop=crop if self._wishes.crop else None),
                Said(hints, _said(hints), meant.carried),
            )
        except ExportError as error:
            raise self._exporter.refuse(file.path, error) from error
        except BaseException:
            self._exporter.withdraw(file.path)
            raise
        offered = None if self._wishes.crop else crop
        return Planned(order, offered, meant, self._digest(result, meant))

    def finish(self, planned: Planned, made: Made) -> ExportResult:
        """Give a copy that was made its name, and remember it.

        Raises:
            ExportError: it cannot be written.
        """
        order = planned.order
        export = self._exporter.name(order, made)
        if self._kept:
            self._kept.keep(planned.digest, Kept(made, order.plan.crop, planned.crop_offered))
        return planned.meant.told_of(export, planned.crop_offered)

    def taken_over(self, result: PhotoResult) -> tuple[ExportResult, Raster] | None:
        """The copy of an earlier run, if the one to be made now would be the same.

        It must rest on the same bytes and the same plan, and still hold the very bytes that
        were checked then. The faces of the verdict need no landmarks.

        Raises:
            ExportError: there is to be no copy, and there is no earlier one either.
        """
        if self._kept is None or result.sha256 is None:
            return None
        try:
            meant = self._meant(result)
            kept = self._kept.made(self._digest(result, meant))
            path = kept and self._exporter.keep(result.path, kept.made.sha256)
        except ExportError as error:
            raise self._exporter.refuse(result.path, error) from error
        if not kept or not path:
            return None
        plan = dataclasses.replace(meant.plan, crop=kept.crop)
        export = exported(path, plan, meant.shown.hidden, kept.made)
        return meant.told_of(export, kept.crop_offered), kept.made.raster

    def refuse(self, planned: Planned, error: ExportError) -> ExportError:
        """The error that there is no copy, when all that was written of it is gone."""
        try:
            self._exporter.discard(planned.order)
        except ExportError as left:
            error = left
        return self._exporter.refuse(planned.order.file.path, error)

    def discard(self, planned: Planned) -> None:
        """Remove what was written of a copy that has no name, to make it again.

        Raises:
            ExportError: it cannot be removed.
        """
        self._exporter.discard(planned.order)

    def abandon(self, planned: Planned) -> None:
        """Remove what was written of a copy that nobody waits for, and the earlier one.

        Raises:
            ExportError: it cannot be removed.
        """
        try:
            self._exporter.discard(planned.order)
        finally:
            self._exporter.withdraw(planned.order.file.path)

    def note(self, result: PhotoResult, raster: Raster | None = None) -> None:
        """Write the verdicts beside the original, where that is asked for.

        Args:
            result: the verdicts.
            raster: how the photo is stored; None to look it up.

        Raises:
            ExportError: they cannot be written; the copy is removed.
        """
        if self._words is None:
            return
        try:
            raster = raster or self._raster(result)
            write_sidecar(result.path, _sidecar(raster, result, self._words))
        except ExportError as error:
            raise self._exporter.refuse(result.path, error) from error

    def withdraw(self, photo: Path) -> bool:
        """Remove an earlier copy of a photo that cannot be judged now: see `Exporter`."""
        return self._exporter.withdraw(photo)

    def check_name(self, result: PhotoResult) -> None:
        """Refuse a copy whose own name names somebody: a video carries no other names.

        Raises:
            ExportRefusedError: it does.
        """
        self._rights(result, self._beside(result))

    def _raster(self, result: PhotoResult) -> Raster:
        try:
            frame = self._exporter.open_photo(result.path)
        except DetectorError as error:
            raise ExportError("{cause}", cause=error) from error
        if frame.sha256 != result.sha256:
            raise ExportError(
                "{path} was changed since it was judged: run the command again.", path=result.path
            )
        return Raster.of(frame)

    def _meant(self, result: PhotoResult) -> Meant:
        """Who is seen and what is said, as far as it can be told without landmarks.

        Raises:
            ExportRefusedError: nobody may have such a copy.
        """
        shown = shown_in(result, self._wishes)
        beside = self._beside(result)
        rights, names = self._rights(result, beside)
        release = _release(shown.seen)
        mining = DataMining[self._publication.data_mining.upper()]
        plan = Plan(
            look=self._wishes.look,
            small=shown.small,
            cosmetic=shown.cosmetic,
            drawn=self._wishes.drawn,
            rendition=result.rendition,
            xmp=packet(release, _serials(shown.seen, beside), mining, rights),
        )
        carried = tuple(name for name, values in _texts(rights).items() if values)
        return Meant(shown, plan, release, names, carried)

    def _digest(self, result: PhotoResult, meant: Meant) -> str:
        """SHA-256 over all that a copy rests on, as 64 hexadecimal digits.

        Landmarks are left out: the same network sees the same ones in the same bytes.
        """
        plan = meant.plan
        told = (
            result.sha256,
            [_place(face) for face in meant.shown.hidden],
            [_place(face) for face in meant.shown.visible],
            [_place(face) for face in plan.small],
            [_place(face) for face in plan.cosmetic],
            [one.text for one in plan.drawn],
            dataclasses.astuple(plan.look),
            plan.rendition and dataclasses.astuple(plan.rendition),
            plan.xmp,
            # Where the crop lies follows from all others.
            (self._wishes.crop, self._publication.crop_share),
            self._exporter.manner_of(result.path),
        )
        return hashlib.sha256(repr(told).encode("utf-8", "surrogatepass")).hexdigest()

    def _crop(self, result: PhotoResult, shown: Shown) -> Box | None:
        """The largest part without anybody who is hidden, with everybody who may be seen."""
        width, height = _known(result.width), _known(result.height)
        look = self._wishes.look
        avoid = [head_region(face, width, height, look.shape).box for face in shown.hidden]
        drawn = [one for one in self._wishes.drawn if one.touches(width, height)]
        if len(drawn) < len(self._wishes.drawn):
            raise ExportRefusedError(
                "A mask drawn by hand lies outside {path}, which has {width} x {height} pixels.",
                path=result.path,
                width=width,
                height=height,
            )
        avoid += [one.region(width, height).box for one in drawn]
        keep = [head_region(face, width, height).box for face in shown.visible]
        return suggest_crop(width, height, keep, avoid, self._publication.crop_share)

    def _rights(
        self, result: PhotoResult, beside: NamesBeside | None
    ) -> tuple[Rights, tuple[NameFound, ...]]:
        """What is carried over from the file, and the names for which something was not.

        Everything the file says is looked through, also what is not carried over: a name
        in it is a hint that somebody wanted to say who that is. Without a registry nobody
        can say whose names these are, and nothing is carried over.

        Raises:
            ExportRefusedError: the copy's own name names somebody.
        """
        if beside is None:
            return Rights(), ()
        hints = result.hints or Hints()
        names = beside.found({**_said(hints), FILE_NAME: self._exporter.names_of(result.path)})
        in_its_name = [name.words for name in names if name.where == FILE_NAME]
        if in_its_name:
            raise ExportRefusedError(
                "The copy of {path} would name somebody who did not agree to be named "
                "({words}): rename the photo, or its folder.",
                path=result.path,
                words=", ".join(dict.fromkeys(in_its_name)),
            )
        spoiled = {name.where for name in names}
        kept = {
            field.name: getattr(hints, field.name)
            for field in dataclasses.fields(Rights)
            if field.name in self._publication.carry and field.name not in spoiled
        }
        if "keywords" in self._publication.carry:
            # One by one: the others lose nothing.
            kept["keywords"] = _unnamed("keywords", hints.keywords, beside)
        return Rights(**kept), names

    def _beside(self, result: PhotoResult) -> NamesBeside | None:
        if self._naming is None or result.use is None:
            return None
        tagged = result.hints.people if result.hints else ()
        return self._naming.beside(result.people, tagged, result.use)


def _unnamed(where: str, texts: Iterable[str], beside: NamesBeside) -> tuple[str, ...]:
    """The texts that name nobody who did not agree to it."""
    return tuple(text for text in texts if not beside.found({where: (text,)}))


@dataclasses.dataclass(frozen=True, slots=True)
class Shown:
    """Who is to be seen in a copy, and who is not.

    `seen` are the verdicts on the faces that are not hidden: the `visible` ones, the
    `small` ones, which may be seen while they are too small to be recognised, and among
    the visible the `cosmetic` ones, which are blurred for taste.
    """

    hidden: tuple[Face, ...]
    seen: tuple[FaceResult, ...]
    visible: tuple[Face, ...]
    small: tuple[Face, ...]
    cosmetic: tuple[Face, ...]


def shown_in(result: PhotoResult, wishes: Wishes) -> Shown:
    """Who is to be seen in the copy of a photo.

    Raises:
        ExportRefusedError: somebody who is not cleared would only be blurred, or a number
            is that of no face.
    """
    chosen = _chosen(result, wishes)
    uncleared = {n for n, one in enumerate(result.faces) if not one.outcome.publishable}
    taste = wishes.look.style is Style.COSMETIC
    if taste and uncleared:
        raise ExportRefusedError(
            "A blur can be undone, and {n} of the faces in {path} are not cleared: take another "
            "style, such as soft, which looks like a blur and keeps nothing.",
            n=len(uncleared),
            path=result.path,
        )
    out_of_sight = uncleared if taste else uncleared | chosen
    seen = [one for n, one in enumerate(result.faces) if n not in out_of_sight]
    visible = tuple(one.face for one in seen if one.outcome in _SEEN_AT_ANY_SIZE)
    blurred = tuple(result.faces[n].face for n in sorted(chosen)) or visible
    return Shown(
        hidden=tuple(one.face for n, one in enumerate(result.faces) if n in out_of_sight),
        seen=tuple(seen),
        visible=visible,
        small=tuple(one.face for one in seen if one.outcome is Outcome.NOT_RECOGNISABLE),
        cosmetic=blurred if taste else (),
    )


def _chosen(result: PhotoResult, wishes: Wishes) -> set[int]:
    """The faces that a person wants hidden or blurred, counted from 0."""
    if wishes.hide_all:
        return set(range(len(result.faces)))
    for number in wishes.hide:
        if not 1 <= number <= len(result.faces):
            raise ExportRefusedError(
                "{path} has no face {number}: look up the number with clearance faces list.",
                path=result.path,
                number=number,
            )
    return {number - 1 for number in wishes.hide}


def _serials(seen: Iterable[FaceResult], beside: NamesBeside | None) -> tuple[str, ...]:
    """The forms that the copy rests on, without any that is numbered by a name."""
    serials = dict.fromkeys(serial for one in seen for serial in one.serials)
    return _unnamed("release", serials, beside) if beside else ()


def _release(seen: Iterable[FaceResult]) -> ReleaseStatus:
    """The PLUS code: whoever may be seen and recognised was released for some uses only."""
    recognisable = any(
        one.outcome in _SEEN_AT_ANY_SIZE and FaceReason.NOT_A_FACE not in one.reasons
        for one in seen
    )
    return ReleaseStatus.LIMITED if recognisable else ReleaseStatus.NOT_APPLICABLE


def _said(hints: Hints) -> Mapping[str, tuple[str, ...]]:
    """Every text of the file in which somebody may be named."""
    return {
        **_texts(hints),
        "title": (hints.title, hints.headline),
        "places": hints.place_names,
        "extended_description": (hints.extended_description,),
        "usage_terms": (hints.usage_terms,),
        "comment": (hints.comment,),
        "people": hints.people,
    }


def _texts(source: Hints | Rights) -> Mapping[str, tuple[str, ...]]:
    """The properties that may be carried over, each with its values; none for an empty one."""
    found = {}
    for field in dataclasses.fields(Rights):
        value = getattr(source, field.name)
        found[field.name] = ((value,) if value else ()) if isinstance(value, str) else value
    return found


def _sidecar(raster: Raster, result: PhotoResult, words: Language) -> bytes:
    """What is written beside the original, for the house itself."""
    faces = [
        SidecarFace(one.face.box, one.name or "", words.outcome(one.outcome), words.why(one))
        for one in result.faces
    ]
    return sidecar(
        result.path.name, raster.size, raster.orientation, faces, result.outcome, result.channels
    )


def _place(face: Face) -> tuple[Box, int]:
    return face.box, face.view


def _known(value: _T | None) -> _T:
    if value is None:
        raise AssertionError("a copy of a photo that was not judged")
    return value
