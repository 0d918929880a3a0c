"""What the tool says about a face, a photo, an album."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt

    from clearance.hints import Hints
    from clearance.rendition import Rendition
    from clearance.use import IntendedUse
    from consent.decision import Caution, Reason
    from consent.records import Exemption, Identification, NotAFace
    from detector.faces import Box, Face, Match, SizeClass
    from detector.second_pictures import Unjudged
    from detector.tracks import Ending


class Outcome(enum.StrEnum):
    """The verdict on a face or a photo, from harmless to worst."""

    CLEARED = "cleared"
    """A valid consent, and a confident or human-confirmed match."""
    EXEMPT = "exempt"
    """No consent needed, with a recorded reason and approver."""
    NOT_RECOGNISABLE = "not_recognisable"
    """Too small on the published rendition, or a person said so."""
    REDACTED = "redacted"
    """Hidden on the copy, and the copy verified."""
    REVIEW = "review"
    """A person must look."""
    BLOCKED = "blocked"
    """Unknown, refused, out of scope, expired, withdrawn, incomplete."""
    FAILED = "failed"
    """The file could not be judged or the copy not be written."""

    @property
    def severity(self) -> int:
        """Rank among the outcomes; the worst is the highest."""
        return list(Outcome).index(self)

    @property
    def publishable(self) -> bool:
        """Whether this alone lets a picture out of the house."""
        return self.severity <= Outcome.REDACTED.severity

    @classmethod
    def worst(cls, outcomes: Iterable[Outcome]) -> Outcome:
        """The worst of them; `CLEARED` for none, as in a picture without people."""
        return max(outcomes, key=lambda outcome: outcome.severity, default=cls.CLEARED)


class FaceReason(enum.StrEnum):
    """What the picture itself says against a face; consent's own are `consent.Reason`."""

    UNKNOWN_PERSON = "unknown_person"
    NO_REGISTRY = "no_registry"
    LIKELY_MATCH = "likely_match"
    DOUBTFUL_SIZE = "doubtful_size"
    TOO_SMALL = "too_small"
    MATCHED_TWICE = "matched_twice"
    LOOKALIKE = "lookalike"
    MINOR = "minor"
    NOT_A_FACE = "not_a_face"
    """A person said so of these very bytes; the one reason that speaks for a face."""
    NOT_A_FACE_DOUBTED = "not_a_face_doubted"
    """A person said so, and it resembles somebody all the same."""
    NOT_A_FACE_UNCHECKED = "not_a_face_unchecked"
    """A person said so, and it was not compared with everybody."""
    RECOGNISED = "recognised"
    """A person said who it is; it speaks for the face."""
    RECOGNISED_DOUBTED = "recognised_doubted"
    """A person said who it is, and it resembles somebody else."""
    TRACK_MIXED = "track_mixed"
    """The moments of one track of a video are not all alike: perhaps it is two people."""
    FOUND_IN_COPY = "found_in_copy"
    """Seen only while the copy was checked: nobody has looked at this face yet."""
    EXEMPTED = "exempted"
    """Somebody answers for it that no consent is needed; it speaks for the face."""


@dataclasses.dataclass(frozen=True, slots=True)
class FaceResult:
    """One face with its verdict for the uses asked about.

    `channels` gives the verdict per channel; `outcome` is the worst of the
    channels that were asked for. `person` is an id, `name` what people read.
    `serials` names the consent forms the verdict rests on, until `valid_until`, and
    `cautions` what somebody must be told all the same; `said` is a person's word that
    this is no face, `recognised` a person's word on who it is. `exemptions` are those the
    verdict rests on; `until` gives the last day on which a channel stays allowed.
    """

    face: Face
    size_class: SizeClass
    match: Match
    outcome: Outcome
    reasons: tuple[FaceReason | Reason, ...]
    channels: Mapping[str, Outcome]
    name: str | None = None
    serials: tuple[str, ...] = ()
    said: NotAFace | None = None
    cautions: tuple[Caution, ...] = ()
    valid_until: dt.date | None = None
    recognised: Identification | None = None
    exemptions: tuple[Exemption, ...] = ()
    until: Mapping[str, dt.date] = dataclasses.field(default_factory=dict)

    @property
    def person(self) -> str | None:
        """The id of whom it is taken for: a person's word counts before a likeness."""
        return self.recognised.person if self.recognised else self.match.person

    @property
    def word(self) -> NotAFace | Identification | None:
        """What a named person said of this face; None where nobody did."""
        return self.said or self.recognised


class Proof(enum.StrEnum):
    """What a copy is checked for, each on the file as it was written."""

    REOPENED = "reopened"
    """It can be opened again, and did not change meanwhile."""
    NOTHING_ELSE = "nothing_else"
    """Its bytes hold the picture and what was put in, nothing else."""
    ONE_PICTURE = "one_picture"
    COLOURS = "colours"
    """The colour profile is the one that was written."""
    SIZE = "size"
    PIXELS = "pixels"
    """It shows what was to be written."""
    COVERED = "covered"
    """Every hidden face lies under its mask completely."""
    MASKS = "masks"
    """Under each mask there is what was drawn there."""
    NO_OTHER_FACE = "no_other_face"
    """No face is seen but those that may be, looked for both ways round."""
    UNLIKE = "unlike"
    """No hidden head looks more like its person than strangers do."""


_OF_MASKS = frozenset({Proof.COVERED, Proof.MASKS})


@dataclasses.dataclass(frozen=True, slots=True)
class Checks:
    """What was proved of a copy, on the very bytes that were written.

    That the file holds one picture and what was composed for it, that it is flat where it
    must be, and shows no face that no verdict is about, has been proved of every copy;
    these are the figures.

    Attributes:
        faces_seen: faces that the detector saw, all of them allowed or a mask itself.
        heads_hidden: masks in the copy.
        strangers_as_alike: of the hidden head that is most like the person it hides, the
            share of strangers who are at least as alike; None where nothing was compared.
        largest_change: by how much the mean colour of a block of 8 x 8 pixels differs at
            most from what was to be written, out of 255.
    """

    faces_seen: int
    heads_hidden: int
    strangers_as_alike: float | None
    largest_change: int

    @property
    def passed(self) -> tuple[Proof, ...]:
        """Everything the copy was checked for, in order; one that fails any is never kept.

        What was not done is not named: masks where there are none, likeness where no face
        was compared.
        """
        skipped = set() if self.heads_hidden else set(_OF_MASKS)
        if self.strangers_as_alike is None:
            skipped.add(Proof.UNLIKE)
        return tuple(proof for proof in Proof if proof not in skipped)


@dataclasses.dataclass(frozen=True, slots=True)
class NameFound:
    """A name that may not be published, and was not: where it stood, and whose it is.

    `where` is a property of the file or `file_name`; `words` are as written there;
    `person` is an id, or None for somebody who is named in the file and is not known.
    """

    where: str
    words: str
    person: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class ExportResult:
    """A copy that was written, re-opened and checked.

    `width` and `height` are the copy's. Boxes are in pixels of the photo: `hidden` those
    of all faces under a mask, of which `appeared` were seen in the copy only, and `crop`
    the part that is shown, where it is not all. `drawn` are masks a person drew.
    `release` is the PLUS code of the model release, `carried` names the metadata that
    the copy has, `names` what was left out of them. `written` are the properties that the
    file says, each with its values, `removed` what the photo's file says and the copy does
    not: see `clearance.left_behind`.
    """

    path: Path
    sha256: str
    width: int
    height: int
    hidden: tuple[Box, ...]
    outcome: Outcome
    checks: Checks
    style: str = "solid"
    drawn: tuple[str, ...] = ()
    appeared: tuple[Face, ...] = ()
    crop: Box | None = None
    crop_offered: Box | None = None
    release: str | None = None
    carried: tuple[str, ...] = ()
    names: tuple[NameFound, ...] = ()
    written: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    removed: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class PhotoResult:
    """Everything the tool has to say about one file.

    `asked` are the channels the outcome is about, `use` all of the question, `rendition`
    the version of the picture; None is the file as it is. `hints` are what the file itself
    says about the people in it: never evidence. `unjudged` are pictures in the file that
    nobody has judged; a copy has none. A file that could not be judged has `outcome`
    FAILED, no faces, and `problem` says why.
    """

    path: Path
    outcome: Outcome
    sha256: str | None = None
    width: int | None = None
    height: int | None = None
    faces: tuple[FaceResult, ...] = ()
    channels: Mapping[str, Outcome] = dataclasses.field(default_factory=dict)
    asked: tuple[str, ...] = ()
    use: IntendedUse | None = None
    rendition: Rendition | None = None
    hints: Hints | None = None
    unjudged: tuple[Unjudged, ...] = ()
    export: ExportResult | None = None
    problem: Exception | None = None

    @property
    def people(self) -> frozenset[str]:
        """Ids of whoever was recognised in it, by a person or a machine, however surely."""
        by_people = {face.recognised.person for face in self.faces if face.recognised}
        by_machine = {face.match.person for face in self.faces if face.match.person}
        return frozenset(by_people | by_machine)

    @property
    def copy(self) -> ExportResult | VideoExport | None:
        """What was written of it to be published; None for nothing."""
        return self.export


class AudioMode(enum.StrEnum):
    """What becomes of the sound of a video."""

    KEEP = "keep"
    MUTE = "mute"
    """There is no sound at all."""
    REPLACE_TONE = "replace-tone"
    """A quiet tone takes its place, all along."""
    MUTE_UNCLEARED = "mute-uncleared"
    """Silence while somebody who is not cleared is on screen."""


@dataclasses.dataclass(frozen=True, slots=True)
class TrackResult:
    """One face through a part of a video, with its verdict.

    Attributes:
        number: of the track.
        verdict: as of a face of a photo, at its best moment.
        start: seconds from the start at which it appears.
        end: seconds at which it is gone.
        frames: in how many frames it is there.
        seen: in how many of these the finder saw it.
        longest_gap: seconds in a row, at most, in which the finder did not.
        weakest: the time of its weakest moment, and the finder's score there, 0 to 1.
        best: the time of its best moment; None where no moment shows enough.
        agreed: moments that say who it is, of `measured` that were compared.
        measured: see `agreed`.
        began: why it begins there.
        ended: why it ends there.
        cleared_voice: whether the person agreed that their voice is published, on every channel
            that was asked about.
    """

    number: int
    verdict: FaceResult
    start: float
    end: float
    frames: int
    seen: int
    longest_gap: float
    weakest: tuple[float, float]
    best: float | None
    agreed: int
    measured: int
    began: Ending
    ended: Ending
    cleared_voice: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class UncertainSpan:
    """A time in which a face that was lost may be somewhere: `box` holds all of where.

    `start` and `end` are seconds, `track` is the number of the track that was lost.
    """

    start: float
    end: float
    box: Box
    track: int


@dataclasses.dataclass(frozen=True, slots=True)
class VideoExport:
    """A video that was written, opened again, and whose every frame was examined.

    Attributes:
        path: of the file.
        sha256: of its bytes.
        width: in pixels.
        height: in pixels.
        duration: in seconds.
        frames: how many there are; as many were examined.
        hidden: numbers of the tracks that are hidden.
        appeared: how many places were hidden besides that only a look at the copy showed.
        audio: what became of the sound.
        removed: what the video's file holds and the copy does not.
        rounds: how often parts of it were written.
        outcome: `REDACTED`, or `CLEARED` where nobody is hidden.
    """

    path: Path
    sha256: str
    width: int
    height: int
    duration: float
    frames: int
    hidden: tuple[int, ...]
    appeared: int
    audio: AudioMode
    removed: tuple[str, ...]
    rounds: int
    outcome: Outcome


@dataclasses.dataclass(frozen=True, slots=True)
class VideoResult(PhotoResult):
    """Everything the tool has to say about one video.

    `faces` holds one verdict a track, in the order of `tracks`: what reads the verdicts on a
    photo reads those on a video.

    Attributes:
        tracks: who is there from when to when.
        duration: in seconds.
        frames: how many there are.
        frame_rate: frames a second, on average.
        cuts: seconds at which another scene begins.
        uncertain: where somebody may be who was lost.
        sound: whether there is any.
        beside: what else the file holds: subtitles, chapters, data, pictures, further streams.
        video_export: its copy.
    """

    tracks: tuple[TrackResult, ...] = ()
    duration: float = 0.0
    frames: int = 0
    frame_rate: float = 0.0
    cuts: tuple[float, ...] = ()
    uncertain: tuple[UncertainSpan, ...] = ()
    sound: bool = False
    beside: tuple[str, ...] = ()
    video_export: VideoExport | None = None

    @property
    def copy(self) -> VideoExport | None:
        """See `PhotoResult.copy`."""
        return self.video_export

    def place_of(self, track: int) -> int | None:
        """The place of a track among `faces`, from 1, by its number; None for none of them."""
        numbers = [one.number for one in self.tracks]
        return numbers.index(track) + 1 if track in numbers else None
