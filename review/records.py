"""What the review desk keeps of albums, of their files, and of what people decided."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from collections.abc import Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from clearance.checklist import ChecklistItem
from clearance.errors import ClearanceError
from clearance.results import Outcome
from detector.faces import Box

if TYPE_CHECKING:
    from clearance.results import PhotoResult

RETENTION_DAYS = 90
"""Days after which an album that nobody touched is deleted: the default for rejected originals."""


class Kind(enum.StrEnum):
    """What a file is, by its first bytes."""

    PHOTO = "photo"
    VIDEO = "video"
    BESIDE = "beside"
    """It cannot show anybody: a text, a sidecar, a hidden file."""


class State(enum.StrEnum):
    """How far the desk is with a file."""

    WAITING = "waiting"
    LOOKING = "looking"
    JUDGED = "judged"
    FAILED = "failed"
    ASIDE = "aside"
    """It is no picture, and nobody judges it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """What may come in; more is refused while it comes, and leaves nothing behind.

    Attributes:
        photo_bytes: of one photo, as `detector.decoding.PhotoLimits`.
        video_bytes: of one video.
        archive_bytes: of one ZIP archive, packed.
        album_bytes: of all files of one album.
        album_files: in one album.
        spare_bytes: that must stay free on the disk.
    """

    photo_bytes: int = 256 * 2**20
    video_bytes: int = 4 * 2**30
    archive_bytes: int = 8 * 2**30
    album_bytes: int = 64 * 2**30
    album_files: int = 20_000
    spare_bytes: int = 2**30


@dataclasses.dataclass(frozen=True, slots=True)
class Album:
    """The pictures of one occasion, and what they are to be used for.

    Attributes:
        id: random.
        title: as people read it.
        event: the occasion as on the forms; None for none in particular.
        channels: where they are to be published.
        purpose: what for; None for any.
        on: the day of publication; None for today, whenever that is.
        until: the last day of the campaign; None for none.
        by: who made it.
        made: when.
        touched: the last day on which something came in or was decided.
    """

    id: str
    title: str
    event: str | None
    channels: tuple[str, ...]
    purpose: str | None
    on: dt.date | None
    until: dt.date | None
    by: str
    made: dt.datetime
    touched: dt.date


@dataclasses.dataclass(frozen=True, slots=True)
class Item:
    """One file of an album.

    Attributes:
        id: random.
        album: the id of its album.
        name: as whoever brought it called it: a text, and never a path.
        kind: what it is.
        state: how far the desk is with it.
        sha256: of its bytes; None where none were kept.
        size: in bytes.
        file: its name in the desk's folder; None where none was kept.
        problem: why it could not be judged, or is set aside.
    """

    id: str
    album: str
    name: str
    kind: Kind
    state: State
    sha256: str | None = None
    size: int = 0
    file: str | None = None
    problem: Exception | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Added:
    """What came of one file that was brought: `twin` where its bytes were there before."""

    item: Item
    twin: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Tile:
    """What a page of small pictures shows of one file.

    Attributes:
        item: the file.
        outcome: the verdict as the registry stands now; None while there is none.
        channels: the same per channel.
        faces: how many were found.
        settled: whether every question of the checklist is answered, and none of them is open.
        ready: whether it is settled, and there is a copy that may be published.
        copied: whether there is a copy that still holds.
    """

    item: Item
    outcome: Outcome | None
    channels: Mapping[str, Outcome]
    faces: int
    settled: bool
    ready: bool
    copied: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Noted:
    """What is noted of a file's verdict, so that a page of tiles need not decide anew.

    See `Tile` for each part; without an outcome there is none.
    """

    state: State
    outcome: Outcome | None = None
    channels: Mapping[str, Outcome] = dataclasses.field(default_factory=dict)
    faces: int = 0
    settled: bool = False
    ready: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """Some tiles of an album, and how many there are with that verdict."""

    tiles: tuple[Tile, ...]
    total: int


@dataclasses.dataclass(frozen=True, slots=True)
class Progress:
    """How far the desk is with an album.

    Attributes:
        total: files that are or will be judged.
        done: of them judged, or failed.
        counts: how many have which verdict.
        aside: files that are no pictures.
        running: whether it is being worked on, or waits for that.
        rate: files a second in the present run; None before the first.
        seconds_left: by that rate; None where nobody can tell.
        problem: why the run came to its end before its time.
    """

    total: int
    done: int
    counts: Mapping[Outcome, int]
    aside: int
    running: bool
    rate: float | None = None
    seconds_left: float | None = None
    problem: Exception | None = None


class Verb(enum.StrEnum):
    """What somebody decided."""

    IDENTIFIED = "identified"
    REJECTED = "rejected"
    """The face is not the person it is like."""
    NOT_A_FACE = "not_a_face"
    NOT_RECOGNISABLE = "not_recognisable"
    HIDDEN = "hidden"
    SHOWN = "shown"
    """A wish to hide is taken back by a new word: it clears nobody."""
    MASKED = "masked"
    ANSWERED = "answered"


class Answer(enum.StrEnum):
    """What a person says to a question of the checklist."""

    NOTHING = "nothing"
    """There is nothing of the kind."""
    HIDDEN = "hidden"
    """There is, and a mask hides it."""
    OPEN = "open"
    """Not settled: the picture is not ready."""


@dataclasses.dataclass(frozen=True, slots=True)
class Decision:
    """One word of one person about one file.

    Attributes:
        id: random.
        item: of which file.
        verb: what was decided.
        by: who.
        at: when, in UTC.
        why: the reason; may be empty where none is needed.
        box: of the face in pixels of the upright picture; of a video's track at its best moment.
        track: the number of the track, of a video.
        person: an id: who it is, or is not.
        mask: as `clearance.masks.Drawn.parse` reads it.
        question: of the checklist.
        answer: to it.
        words: ids of what the registry keeps of it.
        undone_by: who took it back; None while it stands.
        undone_at: when.
    """

    id: str
    item: str
    verb: Verb
    by: str
    at: dt.datetime
    why: str = ""
    box: Box | None = None
    track: int | None = None
    person: str | None = None
    mask: str | None = None
    question: ChecklistItem | None = None
    answer: Answer | None = None
    words: tuple[str, ...] = ()
    undone_by: str | None = None
    undone_at: dt.datetime | None = None

    @property
    def stands(self) -> bool:
        """Whether nobody has taken it back."""
        return self.undone_by is None


@dataclasses.dataclass(frozen=True, slots=True)
class Offer:
    """A decision about a face, offered for the same face elsewhere; never applied by itself.

    Attributes:
        item: the file in which it could be decided as well.
        face: the number of the face there, from 1.
        verb: what was decided.
        person: who it is, or is not.
        source: what was decided, and by whom.
    """

    item: str
    face: int
    verb: Verb
    person: str | None
    source: Decision


@dataclasses.dataclass(frozen=True, slots=True)
class Review:
    """Everything there is to say of one file, as the registry stands now.

    Attributes:
        item: the file.
        result: the verdict; of a video a `VideoResult`.
        decisions: what people decided, oldest first, what was taken back too.
        checklist: each question with the answer that stands; None where nobody answered.
        ready: see `Tile`.
    """

    item: Item
    result: PhotoResult
    decisions: tuple[Decision, ...]
    checklist: Mapping[ChecklistItem, Decision | None]
    ready: bool


def decision_document(decision: Decision) -> dict[str, Any]:
    """A decision as it is kept: without who took it back."""
    return {
        "verb": decision.verb.value,
        "by": decision.by,
        "at": decision.at.isoformat(),
        "why": decision.why,
        "box": list(dataclasses.astuple(decision.box)) if decision.box else None,
        "track": decision.track,
        "person": decision.person,
        "mask": decision.mask,
        "question": decision.question and decision.question.value,
        "answer": decision.answer and decision.answer.value,
        "words": list(decision.words),
    }


def decision_from(
    id_: str, item: str, told: Mapping[str, Any], undone: Mapping[str, Any] | None
) -> Decision:
    """A decision again, from what was kept."""
    return Decision(
        id=id_,
        item=item,
        verb=Verb(told["verb"]),
        by=told["by"],
        at=dt.datetime.fromisoformat(told["at"]),
        why=told["why"],
        box=Box(*told["box"]) if told["box"] else None,
        track=told["track"],
        person=told["person"],
        mask=told["mask"],
        question=ChecklistItem(told["question"]) if told["question"] else None,
        answer=Answer(told["answer"]) if told["answer"] else None,
        words=tuple(told["words"]),
        undone_by=undone["by"] if undone else None,
        undone_at=dt.datetime.fromisoformat(undone["at"]) if undone else None,
    )


def problem_document(problem: Exception, file: str | None, name: str) -> dict[str, Any]:
    """A problem as it is kept, to be said in any language later.

    Args:
        problem: an error of any room, or another one.
        file: the name under which the file lies here, which tells nobody anything.
        name: what people call the file, said in its place.
    """
    values = {
        key: _value(value, file, name) for key, value in getattr(problem, "values", {}).items()
    }
    template = getattr(problem, "template", None)
    if template is None:
        return {"template": "{said}", "values": {"said": _renamed(str(problem), file, name)}}
    return {"template": template, "values": values}


def problem_from(told: Mapping[str, Any]) -> ClearanceError:
    """The problem again: it reads as it did, in every language."""
    values = {
        key: problem_from(value) if isinstance(value, dict) else value
        for key, value in told["values"].items()
    }
    # The template was that of an error before it was kept: it is in the catalogues by that.
    kept: type[ClearanceError] = ClearanceError
    return kept(told["template"], **values)


def _value(value: object, file: str | None, name: str) -> object:
    if isinstance(value, Exception):
        return problem_document(value, file, name)
    if isinstance(value, PurePath):
        return name if value.name == file else value.name
    if isinstance(value, bool | int | float) or value is None:
        return value
    return _renamed(str(value), file, name)


def _renamed(text: str, file: str | None, name: str) -> str:
    return text.replace(file, name) if file else text
