"""Clear one photo: the whole story, from bytes to verdict."""

from __future__ import annotations

import copy
import dataclasses
import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from clearance.by_hand import contested_by
from clearance.enrolment import gallery_of
from clearance.errors import ExportError
from clearance.hints import hints_of
from clearance.not_a_face import words_about
from clearance.rendition import Rendition
from clearance.results import FaceReason, FaceResult, Outcome, PhotoResult
from clearance.use import IntendedUse
from consent.decision import Decision, decide_all
from detector.calibration import limits_for, model_for
from detector.faces import Certainty, Face, Frame, Match, SizeClass
from detector.matching import Gallery, Limits, match, worth_a_second_look
from detector.photo import open_photo
from detector.sharpness import is_sharp

if TYPE_CHECKING:
    from clearance.copying import Copies
    from clearance.settings import Settings
    from consent.records import Dossier, Identification, NotAFace
    from consent.registry import Registry
    from detector.detector import Detector
    from detector.second_pictures import Unjudged

_T = TypeVar("_T")


@dataclasses.dataclass(frozen=True, slots=True)
class House:
    """What every photo of a run is judged with.

    `registry` is None where there is none yet: everybody is unknown. `gallery`
    holds the templates of people whose consent allows matching today.
    """

    settings: Settings
    detector: Detector
    registry: Registry | None
    gallery: Gallery
    limits: Limits
    open_photo: Callable[[Path], Frame] = open_photo

    @classmethod
    def open(
        cls,
        settings: Settings,
        detector: Detector,
        registry: Registry | None,
        today: dt.date,
        opener: Callable[[Path], Frame] = open_photo,
    ) -> House:
        """The house as it stands today: who may be matched, and how near is near enough."""
        stored = registry.gallery(detector.recogniser_name, today) if registry else ()
        if not settings.detection.matching:
            stored = ()
        if stored:
            detector.prepare_matching()
        model = model_for(detector)
        gallery = gallery_of(stored, detector.recogniser_name, model)
        limits = limits_for(model, len(gallery), settings.detection.false_positive_rate)
        return cls(settings, detector, registry, gallery, limits, opener)

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
    frame, faces, matches = look_at(path, house)
    said = house.registry.not_faces_in(frame.sha256) if house.registry else ()
    known = house.registry.identified_in(frame.sha256) if house.registry else ()
    words, recognised = words_about(faces, said), words_about(faces, known)
    rendition = Rendition.of(frame.width, frame.height, use.max_edge)
    scale = rendition.scale if rendition else 1.0
    judged = tuple(
        judge_recognised(face, candidate, who, use, house, scale)
        if who
        else judge(face, candidate, use, house, word, scale)
        for face, candidate, word, who in zip(
            faces, contested_by(matches, recognised), words, recognised, strict=True
        )
    )
    result = _photo_result(frame, judged, use, house, rendition)
    if copies:
        result = _with_copy(frame, result, house, copies)
    if house.registry:
        _remember(result, house.registry)
    return result


def look_at(path: Path, house: House) -> tuple[Frame, tuple[Face, ...], tuple[Match, ...]]:
    """The photo, every face in it from the top down, and whom each resembles.

    Raises:
        PhotoUnreadableError: the file cannot be judged.
        ModelMissingError, BackendMissingError: a network cannot be loaded.
    """
    frame = house.open_photo(path)
    faces = house.detector.find_faces(frame)
    return frame, faces, identify(frame, faces, house)


def identify(frame: Frame, faces: Sequence[Face], house: House) -> tuple[Match, ...]:
    """The best candidate for each face, in the order of the faces.

    Templates of the picture's faces live in this function only, and none is
    computed while nobody is enrolled. A quick template tells who is certainly
    nobody's match; only the others are measured carefully. Nobody is sure of a
    blurred face.
    """
    if not faces or not len(house.gallery):
        return (Match.nobody(),) * len(faces)
    probes = house.detector.templates(frame, faces, quick=True)
    near = worth_a_second_look(probes, house.gallery, house.limits)
    careful = house.detector.templates(frame, [faces[row] for row in near])
    probes = np.full_like(probes, np.nan)
    probes[near] = careful
    matches = match(probes, faces, house.gallery, house.limits)
    return tuple(
        one if one.certainty is not Certainty.CONFIDENT or is_sharp(frame, face) else one.to_look_at
        for one, face in zip(matches, faces, strict=True)
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
    )


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


def _photo_result(
    frame: Frame,
    faces: tuple[FaceResult, ...],
    use: IntendedUse,
    house: House,
    rendition: Rendition | None,
) -> PhotoResult:
    return PhotoResult(
        path=frame.path,
        outcome=_worst((face.outcome for face in faces), frame.unjudged),
        sha256=frame.sha256,
        width=frame.width,
        height=frame.height,
        faces=faces,
        channels=_worst_by_channel(faces, frame.unjudged, house.channels),
        asked=use.channels,
        use=use,
        rendition=rendition,
        hints=hints_of(frame),
        unjudged=frame.unjudged,
    )


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
    """The result with its copy; and with the faces that only a look at the copy showed."""
    try:
        made = _with_appeared(dataclasses.replace(result, export=copies.make(frame, result)), house)
    except ExportError as error:
        made = _without_copy(result, error)
    try:
        copies.note(frame, made)
    except ExportError as error:
        return _without_copy(made, error)
    return made


def _without_copy(result: PhotoResult, error: ExportError) -> PhotoResult:
    """The result of a photo that must not be published for want of a copy."""
    # The first problem is the one to mend. A copy of it has no traceback, which would keep
    # the picture in memory.
    problem = copy.deepcopy(result.problem or error)
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


def _remember(result: PhotoResult, registry: Registry) -> None:
    registry.audit(
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
        export=result.export.sha256 if result.export else None,
    )


def _unique(values: Iterable[_T]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys(values))
