"""Clear one photo: the whole story, from bytes to verdict."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from clearance.by_hand import contested_by
from clearance.enrolment import gallery_of
from clearance.errors import ExportError, without_traces
from clearance.looking import Eyes, look_at
from clearance.not_a_face import words_about
from clearance.rendition import Rendition
from clearance.results import FaceReason, FaceResult, Outcome, PhotoResult
from clearance.use import IntendedUse
from consent.decision import Decision, decide_all
from detector.calibration import limits_for, model_for
from detector.faces import Certainty, Face, Frame, Match, SizeClass
from detector.photo import open_photo

if TYPE_CHECKING:
    from clearance.copying import Copies
    from clearance.looking import Looked
    from clearance.making import Raster
    from clearance.results import ExportResult
    from clearance.settings import Settings
    from consent.records import Dossier, Exemption, Identification, NotAFace
    from consent.registry import Registry
    from detector.detector import Detector
    from detector.second_pictures import Unjudged

_T = TypeVar("_T")


@dataclasses.dataclass(frozen=True, slots=True)
class Manner:
    """How the photos of a run are looked at.

    Attributes:
        open_photo: opens one.
        here: False where other processes look.
        grouping: whether strangers are compared with one another, from picture to picture;
            never where the institution has switched matching off.
    """

    open_photo: Callable[[Path], Frame] = open_photo
    here: bool = True
    grouping: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class House:
    """What every photo of a run is judged with.

    `registry` is None where there is none yet: everybody is unknown. `narrowed`: faces are not
    compared with everybody who may be matched.
    """

    settings: Settings
    registry: Registry | None
    eyes: Eyes
    narrowed: bool = False

    @classmethod
    def open(
        cls,
        settings: Settings,
        detector: Detector,
        registry: Registry | None,
        today: dt.date,
        manner: Manner | None = None,
        *,
        among: Collection[str] | None = None,
    ) -> House:
        """The house as it stands today: who may be matched, and how near is near enough.

        Args:
            settings: what the institution decided.
            detector: the networks.
            registry: who agreed to what; None where there is none yet.
            today: the day.
            manner: how photos are looked at; None for one by one, in this process.
            among: ids of those who may be in the pictures; None for everybody.
        """
        manner = manner or Manner()
        matching = settings.detection.matching
        grouping = manner.grouping and matching
        stored = registry.gallery(detector.recogniser_name, today) if registry and matching else ()
        everybody = len(stored)
        if among is not None:
            stored = tuple(one for one in stored if one[0] in among)
        if (stored or grouping) and manner.here:
            detector.prepare_matching()
        model = model_for(detector)
        gallery = gallery_of(stored, detector.recogniser_name, model)
        limits = limits_for(model, len(gallery), settings.detection.false_positive_rate)
        eyes = Eyes(detector, gallery, limits, manner.open_photo, grouping=grouping)
        return cls(settings, registry, eyes, narrowed=len(stored) < everybody)

    @property
    def channels(self) -> tuple[str, ...]:
        """Every channel the institution publishes on."""
        return self.settings.consent.channels


def clear_photo(
    path: Path, use: IntendedUse, house: House, copies: Copies | None = None
) -> PhotoResult:
    """The verdict on one photo, and its copy when copies are asked for.

    Raises:
        PhotoUnreadableError: the file cannot be judged.
        ModelMissingError, BackendMissingError: a network cannot be loaded.
        ConsentError: the registry cannot answer.
    """
    frame, sight = look_at(path, house.eyes)
    result = decide(sight.looked, use, house)
    if copies:
        result = _with_copy(frame, result, house, copies)
    remember(result, house)
    return result


def decide(looked: Looked, use: IntendedUse, house: House) -> PhotoResult:
    """The verdict on a photo that was looked at, for this use, as the registry stands now.

    Raises:
        ConsentError: the registry cannot answer.
    """
    said = house.registry.not_faces_in(looked.sha256) if house.registry else ()
    known = house.registry.identified_in(looked.sha256) if house.registry else ()
    words, recognised = words_about(looked.faces, said), words_about(looked.faces, known)
    rendition = Rendition.of(looked.width, looked.height, use.max_edge)
    scale = rendition.scale if rendition else 1.0
    faces = tuple(
        judge_recognised(face, candidate, who, use, house, scale)
        if who
        else judge(face, candidate, use, house, word, scale)
        for face, candidate, word, who in zip(
            looked.faces,
            contested_by(looked.matches, recognised),
            words,
            recognised,
            strict=True,
        )
    )
    return PhotoResult(
        path=looked.path,
        outcome=_worst((face.outcome for face in faces), looked.unjudged),
        sha256=looked.sha256,
        width=looked.width,
        height=looked.height,
        faces=faces,
        channels=_worst_by_channel(faces, looked.unjudged, house.channels),
        asked=use.channels,
        use=use,
        rendition=rendition,
        hints=looked.hints,
        unjudged=looked.unjudged,
    )


def judge(
    face: Face,
    candidate: Match,
    use: IntendedUse,
    house: House,
    said: NotAFace | None = None,
    scale: float = 1.0,
) -> FaceResult:
    """The verdict on one face: per channel, and the worst of those asked for.

    `said` is a person's word that it is no face. It counts where the face resembles
    nobody in the registry; against a likeness a person must look once more. `scale`
    is the size of the largest published version as a share of the file's: it makes
    a face small, and nobody's likeness less.
    """
    size_class = face.size_class_at(scale)
    if candidate.certainty is Certainty.NONE or candidate.person is None:
        outcome, reason = _judge_unknown(size_class, house)
        if candidate.contested:
            # Like somebody whom another face resembles more: neither nobody nor no face.
            outcome, reason = Outcome.BLOCKED, FaceReason.MATCHED_TWICE
        elif said and house.narrowed:
            # It may be like somebody who was left out, which would stand against the word.
            outcome, reason = Outcome.REVIEW, FaceReason.NOT_A_FACE_UNCHECKED
        elif said:
            outcome, reason = Outcome.EXEMPT, FaceReason.NOT_A_FACE
        result = FaceResult(
            face=face,
            size_class=size_class,
            match=candidate,
            outcome=outcome,
            reasons=(reason,),
            channels=dict.fromkeys(house.channels, outcome),
            said=said,
        )
    else:
        result = _judge_candidate(face, candidate, candidate.person, use, house)
        result = dataclasses.replace(result, size_class=size_class)
    return _doubted(result, said) if said and candidate.resembles_somebody else result


def judge_recognised(
    face: Face,
    candidate: Match,
    who: Identification,
    use: IntendedUse,
    house: House,
    scale: float = 1.0,
) -> FaceResult:
    """The verdict on a face of which a person said who it is.

    Minors and look-alikes are what a person's eye is for. Only where the machine is sure
    of somebody else must a person look once more.
    """
    another = candidate.certainty is Certainty.CONFIDENT and candidate.person != who.person
    doubts = (FaceReason.RECOGNISED_DOUBTED,) if another else ()
    told = (FaceReason.RECOGNISED, *doubts)
    result = _judge_person(face, candidate, who.person, use, house, doubts=doubts, told=told)
    return dataclasses.replace(result, size_class=face.size_class_at(scale), recognised=who)


def _doubted(result: FaceResult, said: NotAFace) -> FaceResult:
    """The verdict on somebody's likeness of which a person said that it is no face."""
    channels = {
        channel: Outcome.worst((outcome, Outcome.REVIEW))
        for channel, outcome in result.channels.items()
    }
    return dataclasses.replace(
        result,
        outcome=Outcome.worst((result.outcome, Outcome.REVIEW)),
        channels=channels,
        reasons=(FaceReason.NOT_A_FACE_DOUBTED, *result.reasons),
        said=said,
    )


def _judge_unknown(size_class: SizeClass, house: House) -> tuple[Outcome, FaceReason]:
    if size_class is SizeClass.TOO_SMALL and house.settings.publication.allow_too_small:
        return Outcome.NOT_RECOGNISABLE, FaceReason.TOO_SMALL
    if size_class is SizeClass.DOUBTFUL:
        return Outcome.REVIEW, FaceReason.DOUBTFUL_SIZE
    if house.registry is None:
        return Outcome.BLOCKED, FaceReason.NO_REGISTRY
    return Outcome.BLOCKED, FaceReason.UNKNOWN_PERSON


def _judge_candidate(
    face: Face, candidate: Match, person: str, use: IntendedUse, house: House
) -> FaceResult:
    registry = _registry_of(house)
    doubts = _doubts(candidate, registry.dossier(person), use)
    if candidate.certainty is not Certainty.CONFIDENT and not doubts:
        raise AssertionError("a likeness that is not certain is doubtful")
    return _judge_person(face, candidate, person, use, house, doubts=doubts, told=doubts)


def _judge_person(
    face: Face,
    candidate: Match,
    person: str,
    use: IntendedUse,
    house: House,
    *,
    doubts: Sequence[FaceReason],
    told: Sequence[FaceReason],
) -> FaceResult:
    """The verdict on a face that is taken for somebody; with doubts nothing is cleared."""
    # Asked anew for every picture, so that a withdrawal counts from that moment
    # on even while a long album is running.
    dossier = _registry_of(house).dossier(person)
    decisions = decide_all(
        dossier, house.channels, use.on_channel(use.channels[0]), house.settings.consent
    )
    channels = {channel: _channel_outcome(d, sure=not doubts) for channel, d in decisions.items()}
    asked = [decisions[channel] for channel in use.channels]
    exempt = (FaceReason.EXEMPTED,) if any(d.exempt for d in asked) else ()
    return FaceResult(
        face=face,
        size_class=face.size_class,
        match=candidate,
        outcome=Outcome.worst(channels[channel] for channel in use.channels),
        reasons=_unique([*told, *exempt, *(reason for d in asked for reason in d.reasons)]),
        channels=channels,
        name=dossier.person.name,
        serials=_unique(serial for d in asked for serial in d.serials),
        cautions=_unique(caution for d in asked for caution in d.cautions),
        valid_until=min((d.valid_until for d in asked if d.valid_until), default=None),
        exemptions=_exemptions(asked, dossier),
        until={channel: d.valid_until for channel, d in decisions.items() if d.valid_until},
    )


def _exemptions(decisions: Iterable[Decision], dossier: Dossier) -> tuple[Exemption, ...]:
    """The exemptions that decisions rest on, each once."""
    used = {decision.ground.exemption for decision in decisions if decision.ground}
    return tuple(one for one in dossier.exemptions if one.id in used)


def _registry_of(house: House) -> Registry:
    if house.registry is None:
        raise AssertionError("somebody was recognised without a registry")
    return house.registry


def _channel_outcome(decision: Decision, *, sure: bool) -> Outcome:
    # Who has not agreed stays blocked however sure the match is: confirming it
    # would not help.
    if not decision.cleared:
        return Outcome.BLOCKED
    if not sure:
        return Outcome.REVIEW
    return Outcome.EXEMPT if decision.exempt else Outcome.CLEARED


def _doubts(candidate: Match, dossier: Dossier, use: IntendedUse) -> tuple[FaceReason, ...]:
    """Why a person must look at a match, whatever the forms say."""
    doubts = {
        FaceReason.MINOR: dossier.person.minor_on(use.on),
        FaceReason.LOOKALIKE: bool(dossier.lookalikes),
        FaceReason.LIKELY_MATCH: candidate.certainty is Certainty.LOOK,
        FaceReason.MATCHED_TWICE: candidate.contested,
    }
    return tuple(reason for reason, holds in doubts.items() if holds)


def _worst(outcomes: Iterable[Outcome], unjudged: Collection[Unjudged]) -> Outcome:
    """The verdict on a file: it is not clear while it holds a picture that nobody has judged."""
    return Outcome.worst((*outcomes, *(Outcome.REVIEW for _ in unjudged)))


def _worst_by_channel(
    faces: Sequence[FaceResult], unjudged: Collection[Unjudged], channels: Iterable[str]
) -> Mapping[str, Outcome]:
    return {
        channel: _worst((face.channels[channel] for face in faces), unjudged)
        for channel in channels
    }


def _with_copy(frame: Frame, result: PhotoResult, house: House, copies: Copies) -> PhotoResult:
    from clearance.making import Raster

    raster = Raster.of(frame)
    try:
        export = copies.make(frame, result)
    except ExportError as error:
        return without_copy(result, error, copies, raster)
    return with_copy(result, export, house, copies, raster)


def with_copy(
    result: PhotoResult, export: ExportResult, house: House, copies: Copies, raster: Raster
) -> PhotoResult:
    """The result with its copy; and with the faces that only a look at the copy showed.

    Args:
        result: the verdict on the photo.
        export: its copy, which has its name.
        house: what photos are judged with.
        copies: write the verdict beside the photo, where that is asked for.
        raster: how the photo is stored.

    Raises:
        ExportError: the verdict could not be written, and the copy not be removed.
    """
    made = _with_appeared(dataclasses.replace(result, export=export), house)
    return _noted(made, copies, raster)


def without_copy(
    result: PhotoResult, error: ExportError, copies: Copies, raster: Raster | None = None
) -> PhotoResult:
    """The result of a photo that must not be published for want of a copy.

    Args:
        result: the verdict on the photo.
        error: why there is no copy.
        copies: write the verdict beside the photo, where that is asked for.
        raster: how the photo is stored; None to look it up.
    """
    return _noted(_failed(result, error), copies, raster)


def _noted(result: PhotoResult, copies: Copies, raster: Raster | None) -> PhotoResult:
    try:
        copies.note(result, raster)
    except ExportError as error:
        return _failed(result, error)
    return result


def _failed(result: PhotoResult, error: ExportError) -> PhotoResult:
    # The first problem is the one to mend.
    problem = without_traces(result.problem or error)
    return dataclasses.replace(result, outcome=Outcome.FAILED, export=None, problem=problem)


def _with_appeared(result: PhotoResult, house: House) -> PhotoResult:
    """The result with a verdict on every face that only the copy showed.

    Nobody has decided about them, and in the original they are to be seen.
    """
    appeared = result.export.appeared if result.export else ()
    if not appeared:
        return result
    scale = result.rendition.scale if result.rendition else 1.0
    added = tuple(
        FaceResult(
            face=face,
            size_class=face.size_class_at(scale),
            match=Match.nobody(),
            outcome=Outcome.REVIEW,
            reasons=(FaceReason.FOUND_IN_COPY,),
            channels=dict.fromkeys(house.channels, Outcome.REVIEW),
        )
        for face in appeared
    )
    faces = (*result.faces, *added)
    return dataclasses.replace(
        result,
        faces=faces,
        outcome=_worst((face.outcome for face in faces), result.unjudged),
        channels=_worst_by_channel(faces, result.unjudged, house.channels),
    )


def remember(result: PhotoResult, house: House) -> None:
    """Write into the log that a photo was judged, and how.

    Raises:
        ConsentError: the registry cannot be written.
    """
    if house.registry is None:
        return
    house.registry.audit(
        "photo.checked",
        subject=result.sha256,
        outcome=result.outcome.value,
        asked=list(result.asked),
        on=result.use.on.isoformat() if result.use else None,
        purpose=result.use.purpose if result.use else None,
        max_edge=result.rendition.max_edge if result.rendition else 0,
        people=sorted(result.people),
        forms=sorted({serial for face in result.faces for serial in face.serials}),
        said=[word.id for face in result.faces for word in (face.said, face.recognised) if word],
        export=result.copy.sha256 if result.copy else None,
    )


def _unique(values: Iterable[_T]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys(values))
