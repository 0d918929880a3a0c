"""What the desk judges with: the registry as it stands now, the settings, the networks.

A registry is opened for each piece of work, because its connection belongs to one thread. What
takes long, the gallery and what tells the networks, is kept as long as nothing has changed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from clearance.clear import House, Manner, decide
from clearance.commandline import detector_for, settings_in, today
from clearance.event_roster import event_roster
from clearance.not_a_face import SAME_REGION
from clearance.remembered import digests_of
from clearance.results import FaceReason, FaceResult, Outcome, PhotoResult
from clearance.run_options import Order
from clearance.tool_versions import looking_version
from clearance.use import IntendedUse
from consent.registry import Registry
from detector.faces import Box, Match
from review.errors import AlbumRefusedError

if TYPE_CHECKING:
    from clearance.looking import Looked
    from clearance.settings import Settings
    from detector.detector import Detector
    from review.records import Album, Decision


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """An open registry with the settings beside it, in one thread.

    Attributes:
        registry: who agreed to what.
        settings: what the institution decided.
    """

    registry: Registry
    settings: Settings


@dataclasses.dataclass(frozen=True, slots=True)
class Seeing:
    """With what pictures of an album are looked at now.

    Attributes:
        house: with a registry that is closed: see `Bench.house`.
        version: tells program, networks and options.
        gallery: tells whom faces are compared with, and by which templates.
        people: the same, one by one: see `clearance.remembered.digests_of`.
    """

    house: House
    version: str
    gallery: str
    people: Mapping[str, str]


class Bench:
    """Opens what pictures are judged with. Safe to be used by several threads."""

    def __init__(self, folder: Path) -> None:
        """Open nothing yet.

        Args:
            folder: of the registry.
        """
        self.folder = folder
        self._lock = threading.Lock()
        self._detectors: dict[str, Detector] = {}
        self._seeing: dict[tuple[int, str | None], Seeing] = {}

    @contextlib.contextmanager
    def opened(self) -> Iterator[Standing]:
        """The registry and the settings, while the block runs.

        Raises:
            ConsentError: the registry is missing, or cannot be used.
            SettingsInvalidError: the settings cannot be used.
        """
        settings = settings_in(self.folder)
        with Registry.open(self.folder, settings.consent) as registry:
            yield Standing(registry, settings)

    def detector(self, settings: Settings) -> Detector:
        """The networks; they load when they are needed, once for all threads."""
        key = repr((settings.detection, settings.models))
        with self._lock:
            if key not in self._detectors:
                self._detectors[key] = detector_for(settings, at_once=False)
            return self._detectors[key]

    def seeing(self, standing: Standing, album: Album, epoch: int) -> Seeing:
        """With what the pictures of an album are looked at.

        Args:
            standing: the open registry.
            album: which.
            epoch: the registry as of which; what was found for it is kept.
        """
        key = (epoch, album.event)
        with self._lock:
            if key in self._seeing:
                return self._seeing[key]
        house = self.house(standing, album, here=False)
        people = digests_of(house.eyes.gallery)
        told = repr(sorted(people.items()))
        found = Seeing(
            house,
            hashlib.sha256(looking_version(house).encode()).hexdigest(),
            hashlib.sha256(told.encode()).hexdigest(),
            people,
        )
        with self._lock:
            # Those of earlier epochs are of no use to anybody.
            self._seeing = {one: kept for one, kept in self._seeing.items() if one[0] >= epoch}
            self._seeing[key] = found
        return found

    def house(self, standing: Standing, album: Album, *, here: bool) -> House:
        """What the pictures of an album are judged with.

        Args:
            standing: the open registry.
            album: its event says whom faces are compared with.
            here: whether this process looks at pictures.
        """
        among = event_roster(standing.registry, None, album.event).people if album.event else None
        manner = Manner(here=here, grouping=True)
        detector = self.detector(standing.settings)
        return House.open(
            standing.settings, detector, standing.registry, today(), manner, among=among
        )

    def order(self, album: Album) -> Order:
        """What is asked about the pictures of an album, as on the command line.

        Never about a day that is over: a consent may have ended since.
        """
        day = today()
        on = max(album.on, day) if album.on else None
        return Order(
            channel=list(album.channels),
            purpose=album.purpose,
            event=album.event,
            on=on,
            until=max(album.until, on or day) if album.until else None,
            registry=self.folder,
        )

    def use(self, album: Album, settings: Settings) -> IntendedUse:
        """What the pictures of an album are to be used for.

        Raises:
            AlbumRefusedError: the institution does not know a channel or purpose any more.
        """
        try:
            return self.order(album).use(settings)
        except typer.BadParameter as error:
            raise AlbumRefusedError("{cause}", cause=error.format_message()) from error


def decide_with(
    looked: Looked, use: IntendedUse, house: House, decisions: Sequence[Decision]
) -> PhotoResult:
    """As `clearance.clear.decide`, without the likenesses that people have rejected.

    Whoever was rejected is not suggested again; the face is then unknown, and blocked until a
    person says who it is.

    Args:
        looked: what was seen of a photo.
        use: what it is for.
        house: what it is judged with.
        decisions: rejections that stand.
    """
    matches, held = list(looked.matches), set()
    for decision in decisions:
        for number, face in enumerate(looked.faces):
            same = decision.box and face.box.iou(decision.box) >= SAME_REGION
            if same and matches[number].person == decision.person:
                matches[number] = Match.nobody()
                held.add(number)
    if not held:
        return decide(looked, use, house)
    result = decide(dataclasses.replace(looked, matches=tuple(matches)), use, house)
    faces = tuple(
        _held_back(face) if number in held and not face.recognised else face
        for number, face in enumerate(result.faces)
    )
    unjudged = (Outcome.REVIEW,) if looked.unjudged else ()
    return dataclasses.replace(
        result,
        faces=faces,
        outcome=Outcome.worst((*(face.outcome for face in faces), *unjudged)),
        channels={
            channel: Outcome.worst((*(face.channels[channel] for face in faces), *unjudged))
            for channel in house.channels
        },
    )


def _held_back(face: FaceResult) -> FaceResult:
    """A face of which only is known who it is not: small or not, it is blocked."""
    channels: Mapping[str, Outcome] = {
        channel: Outcome.worst((outcome, Outcome.BLOCKED))
        for channel, outcome in face.channels.items()
    }
    reasons = (FaceReason.UNKNOWN_PERSON,)
    outcome = Outcome.worst((face.outcome, Outcome.BLOCKED))
    return dataclasses.replace(face, outcome=outcome, channels=channels, reasons=reasons)


def number_of(box: Box, result: PhotoResult) -> int | None:
    """The number of the face in that place, from 1; None where there is none, or two."""
    near = [
        number
        for number, face in enumerate(result.faces, 1)
        if face.face.box.iou(box) >= SAME_REGION
    ]
    return near[0] if len(near) == 1 else None


def settings_digest(settings: Settings) -> str:
    """What tells whether the settings are the same."""
    told: Any = dataclasses.astuple(settings)
    return hashlib.sha256(repr(told).encode("utf-8", "surrogatepass")).hexdigest()
