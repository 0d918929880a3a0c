"""What a copy shows, hides and says: from the verdicts on a photo to its copy."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from clearance.cropping import suggest_crop
from clearance.errors import ExportError, ExportRefusedError
from clearance.export import Plan
from clearance.fills import Look, Style
from clearance.hints import Hints
from clearance.left_behind import left_behind
from clearance.metadata import DataMining, ReleaseStatus, Rights, packet, read_packet
from clearance.naming import FILE_NAME
from clearance.redaction import head_region
from clearance.results import ExportResult, FaceReason, FaceResult, NameFound, Outcome
from clearance.sidecar import SidecarFace, sidecar, write_sidecar

if TYPE_CHECKING:
    from clearance.export import Exporter
    from clearance.language import Language
    from clearance.masks import Drawn
    from clearance.naming import NamesBeside, Naming
    from clearance.results import PhotoResult
    from clearance.settings import Publication
    from detector.faces import Box, Face, Frame

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
    ) -> None:
        """Take what every copy is made with.

        Args:
            exporter: writes and checks them.
            wishes: what a person asks of them.
            naming: whose names may stand beside them; None where no registry can tell.
            publication: what the institution carries over, and how small a crop may be.
            sidecars: write the verdicts beside the originals, in this language; None for no
                sidecars.
        """
        self._words = sidecars
        self._exporter = exporter
        self._wishes = wishes
        self._naming = naming
        self._publication = publication

    def make(self, frame: Frame, result: PhotoResult) -> ExportResult:
        """The copy of one photo, written and checked.

        Raises:
            ExportError: there is none, and no earlier one either.
        """
        try:
            shown = shown_in(result, self._wishes)
            crop = self._crop(frame, shown)
            beside = self._beside(result)
            rights, names = self._rights(result, beside)
        except ExportError as error:
            raise self._exporter.refuse(frame.path, error) from error
        release = _release(shown.seen)
        mining = DataMining[self._publication.data_mining.upper()]
        plan = Plan(
            look=self._wishes.look,
            small=shown.small,
            cosmetic=shown.cosmetic,
            drawn=self._wishes.drawn,
            rendition=result.rendition,
            crop=crop if self._wishes.crop else None,
            xmp=packet(release, _serials(shown.seen, beside), mining, rights),
        )
        written = self._exporter.write(frame, shown.hidden, shown.visible, plan)
        carried = tuple(name for name, values in _texts(rights).items() if values)
        hints = result.hints or Hints()
        return dataclasses.replace(
            written,
            crop_offered=None if self._wishes.crop else crop,
            release=release.value,
            carried=carried,
            names=names,
            # The examiner has seen this very packet in the file.
            written=read_packet(plan.xmp),
            removed=left_behind(frame, hints, _said(hints), carried),
        )

    def note(self, frame: Frame, result: PhotoResult) -> None:
        """Write the verdicts beside the original, where that is asked for.

        Raises:
            ExportError: they cannot be written; the copy is removed.
        """
        if self._words is None:
            return
        try:
            write_sidecar(frame.path, _sidecar(frame, result, self._words))
        except ExportError as error:
            raise self._exporter.refuse(frame.path, error) from error

    def withdraw(self, photo: Path) -> bool:
        """Remove an earlier copy of a photo that cannot be judged now: see `Exporter`."""
        return self._exporter.withdraw(photo)

    def _crop(self, frame: Frame, shown: Shown) -> Box | None:
        """The largest part without anybody who is hidden, with everybody who may be seen."""
        width, height = frame.width, frame.height
        look = self._wishes.look
        avoid = [head_region(face, width, height, look.shape).box for face in shown.hidden]
        drawn = [one for one in self._wishes.drawn if one.touches(width, height)]
        if len(drawn) < len(self._wishes.drawn):
            raise ExportRefusedError(
                "A mask drawn by hand lies outside {path}, which has {width} x {height} pixels.",
                path=frame.path,
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


def _sidecar(frame: Frame, result: PhotoResult, words: Language) -> bytes:
    """What is written beside the original, for the house itself."""
    said = frame.embedded
    stored = said.stored_size if min(said.stored_size) else (frame.width, frame.height)
    faces = [
        SidecarFace(one.face.box, one.name or "", words.outcome(one.outcome), words.why(one))
        for one in result.faces
    ]
    return sidecar(
        frame.path.name, stored, said.orientation, faces, result.outcome, result.channels
    )
