"""What was seen of an album in an earlier run, and what was decided then.

A run that was interrupted goes on where it stood, and one after a change in the registry decides
anew without looking again. What is kept lies encrypted beside the registry: boxes, likenesses to
people who agreed to be matched, what the files say of themselves. No template and no landmark of
anybody, and nothing about strangers but where they are.

Only what would be seen again is believed: a file counts as the same by its bytes, and nothing
counts that was seen with other networks, settings or program. Where somebody was added to the
gallery every face must be compared anew; where somebody left it, those who were like them. For
that the faces are not searched again, only measured: where they are is known.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clearance.hints import Hints, Unreadable
from clearance.looking import Before, Looked
from clearance.named_regions import NamedRegion
from clearance.results import Outcome
from detector.errors import PhotoUnreadableError
from detector.faces import Box, Certainty, Face, Match
from detector.photo import read_file
from detector.second_pictures import Unjudged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from clearance.results import PhotoResult
    from clearance.use import IntendedUse
    from consent.journal import Journal
    from detector.matching import Gallery

KEPT_DAYS = 60
"""How long a photo that no run has met again is remembered."""
_LOOK, _PLACES = "look", "places"
_LOOKS = frozenset({_LOOK, _PLACES})
"""Records of a look; and of one of which nothing counts any more but where the faces are."""
_FORM = 2
"""Of the records: what was written in another form is not read."""


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """A picture about which the verdict is another one than in the run before."""

    result: PhotoResult
    before: Outcome

    @property
    def lost(self) -> bool:
        """Whether it may not be published any more."""
        return self.before.publishable and not self.result.outcome.publishable

    @property
    def won(self) -> bool:
        """Whether it may be published now."""
        return self.result.outcome.publishable and not self.before.publishable


class Memory:
    """What earlier runs saw, and what this one sees; to be closed after the run.

    `changes` are the pictures about which the verdict is another one than before.
    """

    def __init__(
        self,
        journal: Journal,
        setting: str,
        gallery: Gallery,
        today: dt.date,
        *,
        again: bool = False,
    ) -> None:
        """Read the journal and throw away what does not count any more.

        Args:
            journal: where it is kept.
            setting: says with what was looked: program, networks, options.
            gallery: who is compared now.
            today: the day.
            again: look at everything once more; only earlier verdicts are remembered.

        Raises:
            RegistryUnwritableError: it cannot be read or written.
        """
        self._journal = journal
        self._today = today
        # As they were written: ten thousand pictures are then some megabytes.
        self._looks: dict[str, bytes] = {}
        self._stale: dict[str, bytes] = {}
        """Looks of which only the places of the faces still count."""
        self._files: dict[str, tuple[int, int, str]] = {}
        self._verdicts: dict[tuple[str, str], str] = {}
        self.changes: list[Change] = []
        head = {"setting": f"{_FORM} {setting}", "gallery": digests_of(gallery)}
        self._read(head)
        if again:
            self._looks.clear()
            self._stale.clear()
            self._files.clear()
        journal.begin(self._records(head))

    def close(self) -> None:
        """Keep no more."""
        self._journal.close()

    def known(self, path: Path) -> Looked | None:
        """What was seen of a photo, if its bytes are still the same; None if it must be looked at.

        They are read only where the file's size and time say that it may be the same.
        """
        size, moment, sha256 = self._files.get(str(path), (0, 0, ""))
        if not sha256 or sha256 not in self._looks or stamp_of(path) != (size, moment):
            return None
        try:
            found = hashlib.sha256(read_file(path)).hexdigest()
        except PhotoUnreadableError:
            return None
        if found != sha256:
            return None
        return looked_from(path, found, _unpacked(self._looks[found])[2])

    def before(self, path: Path) -> Before | None:
        """Where the faces of a photo are, if they must be compared anew; None if they are unknown.

        The file is not read: whoever looks at it sees whether its bytes are the same.
        """
        size, moment, sha256 = self._files.get(str(path), (0, 0, ""))
        if sha256 not in self._stale or stamp_of(path) != (size, moment):
            return None
        seen = looked_from(path, sha256, _unpacked(self._stale[sha256])[2])
        return Before(sha256, seen.faces)

    def keep(self, looked: Looked, stamp: tuple[int, int] | None) -> None:
        """Remember what was seen; `stamp` is size and time of the file before it was looked at.

        Raises:
            RegistryUnwritableError: it cannot be written.
        """
        if looked.sha256 not in self._looks:
            self._stale.pop(looked.sha256, None)
            record = _packed([_LOOK, looked.sha256, told_of(looked, self._today)])
            self._looks[looked.sha256] = record
            self._journal.add(record)
        if stamp is not None and self._files.get(str(looked.path)) != (*stamp, looked.sha256):
            self._files[str(looked.path)] = (*stamp, looked.sha256)
            self._journal.add(_packed(["file", str(looked.path), [*stamp, looked.sha256]]))

    def compare(self, result: PhotoResult) -> None:
        """Note whether a verdict differs from that of the run before for the same use.

        Raises:
            RegistryUnwritableError: it cannot be written.
        """
        if result.use is None:
            return
        # One string for the use of ten thousand pictures.
        place = (str(result.path), sys.intern(_asked(result.use)))
        before = self._verdicts.get(place)
        now = result.outcome.value
        if before != now:
            self._verdicts[place] = now
            self._journal.add(_packed(["verdict", *place, now]))
        if before is not None and before != now:
            self.changes.append(Change(result, Outcome(before)))

    def _read(self, head: Mapping[str, Any]) -> None:
        records = self._journal.records()
        packed_head = next(records, None)
        first: list[Any] = _unpacked(packed_head) if packed_head else ["", {}]
        believed = first[0] == "head" and first[1]["setting"] == head["setting"]
        outdated = outdated_between(first[1]["gallery"] if believed else {}, head["gallery"])
        oldest = (self._today - dt.timedelta(days=KEPT_DAYS)).isoformat()
        for packed in records:
            record = _unpacked(packed)
            if record[0] == "verdict":
                self._verdicts[record[1], sys.intern(record[2])] = sys.intern(record[3])
            elif believed and record[0] == "file":
                self._files[record[1]] = (record[2][0], record[2][1], record[2][2])
            elif believed and record[0] in _LOOKS and record[2]["on"] >= oldest:
                if record[0] == _PLACES or outdated(record[2]):
                    self._stale[record[1]] = _places(record[1], record[2])
                else:
                    self._looks[record[1]] = packed
                    self._stale.pop(record[1], None)
        seen = self._looks.keys() | self._stale.keys()
        self._files = {path: file for path, file in self._files.items() if file[2] in seen}

    def _records(self, head: Mapping[str, Any]) -> Iterator[bytes]:
        yield _packed(["head", head])
        yield from self._looks.values()
        yield from self._stale.values()
        yield from (_packed(["file", path, list(file)]) for path, file in self._files.items())
        verdicts = self._verdicts.items()
        yield from (_packed(["verdict", *place, outcome]) for place, outcome in verdicts)


def outdated_between(
    before: Mapping[str, str], now: Mapping[str, str]
) -> Callable[[Mapping[str, Any]], bool]:
    """Says of what is kept of a look whether its faces must be compared again.

    Args:
        before: whom faces were compared with then, each with what tells their templates.
        now: whom they are compared with now.
    """
    added = any(before.get(person) != digest for person, digest in now.items())
    gone = {person for person, digest in before.items() if now.get(person) != digest}

    def outdated(told: Mapping[str, Any]) -> bool:
        like = {match["person"] for match in told["matches"]}
        contested = any(match["contested"] for match in told["matches"])
        return bool((added and told["faces"]) or like & gone or (gone and contested))

    return outdated


def stamp_of(path: Path) -> tuple[int, int] | None:
    """Size in bytes and time of the last change in nanoseconds; None where there is no file."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_size, state.st_mtime_ns


def _packed(record: list[Any]) -> bytes:
    # Figures of numpy are written like all others.
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"), default=float)
    return text.encode("utf-8", "surrogatepass")


def _unpacked(record: bytes) -> list[Any]:
    found: list[Any] = json.loads(record.decode("utf-8", "surrogatepass"))
    return found


def digests_of(gallery: Gallery) -> dict[str, str]:
    """Each person of the gallery, and what tells whether their templates are the same."""
    return {
        person: hashlib.sha256(mean.tobytes() + count.tobytes()).hexdigest()
        for person, mean, count in zip(gallery.people, gallery.means, gallery.counts, strict=True)
    }


def _asked(use: IntendedUse) -> str:
    """What a verdict was about, whatever the day."""
    parts = (sorted(use.channels), use.purpose, use.event, use.max_edge, use.material.value)
    return json.dumps(parts)


def told_of(looked: Looked, on: dt.date) -> dict[str, Any]:
    """What is kept of a look, as JSON: of strangers where they are, and nothing else.

    Args:
        looked: what was seen.
        on: the day.
    """
    return {
        "on": on.isoformat(),
        "size": [looked.width, looked.height],
        "faces": [
            [list(dataclasses.astuple(one.box)), one.score, one.passes, one.view]
            for one in looked.faces
        ],
        "matches": [
            dataclasses.asdict(one)
            if one.resembles_somebody
            else {"certainty": one.certainty, "person": None, "contested": False}
            for one in looked.matches
        ],
        "hints": dataclasses.asdict(looked.hints),
        "unjudged": list(looked.unjudged),
        "likeness": looked.likeness,
        "taken": looked.taken.isoformat() if looked.taken else None,
    }


def _places(sha256: str, told: Mapping[str, Any]) -> bytes:
    """The record of a look, without whom the faces were like: of some that is to be forgotten."""
    nobody = {"certainty": Certainty.NONE, "person": None, "contested": False}
    return _packed([_PLACES, sha256, {**told, "matches": [nobody] * len(told["faces"])}])


def looked_from(path: Path, sha256: str, told: Mapping[str, Any]) -> Looked:
    """What was seen, again, from what `told_of` kept of it; the faces have no landmarks.

    Args:
        path: of the photo.
        sha256: of its bytes.
        told: what was kept.
    """
    width, height = told["size"]
    return Looked(
        path=path,
        sha256=sha256,
        width=width,
        height=height,
        faces=tuple(
            Face(Box(*box), score, passes=passes, view=view)
            for box, score, passes, view in told["faces"]
        ),
        matches=tuple(
            Match(**{**one, "certainty": Certainty(one["certainty"])}) for one in told["matches"]
        ),
        hints=_hints(told["hints"]),
        unjudged=tuple(map(Unjudged, told["unjudged"])),
        likeness=told["likeness"],
        taken=dt.datetime.fromisoformat(told["taken"]) if told["taken"] else None,
    )


def _hints(told: Mapping[str, Any]) -> Hints:
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in told.items()
    }
    values["regions"] = tuple(
        NamedRegion(**{**one, "box": Box(**one["box"])}) for one in told["regions"]
    )
    values["unreadable"] = tuple(map(Unreadable, told["unreadable"]))
    return Hints(**values)
