"""What is alike in an album: known while its run lasts, and forgotten with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clearance.bursts import Seen, groups
from clearance.face_groups import group_faces, seen_faces

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping
    from pathlib import Path

    from clearance.bursts import PictureGroup
    from clearance.face_groups import FaceGroup, SeenFaces
    from clearance.looking import Sight
    from clearance.results import PhotoResult
    from consent.registry import Registry
    from detector.scoring import ScoreModel

MOST_FACES = 50_000
"""Faces that are compared with one another, the first of the album: so many take some 700 MB
and a few seconds when they are grouped (`benchmarks.groups --large`)."""


class Likes:
    """Gathers pictures that are nearly the same, and faces that may be one person's.

    The templates of faces are in here and nowhere else; nothing that is answered holds one.
    """

    def __init__(self, model: ScoreModel | None) -> None:
        """Nothing was seen yet.

        Args:
            model: what likenesses between templates mean; None where nobody has measured that,
                and then faces are not grouped.
        """
        self._model = model
        self._pictures: list[Seen[Path]] = []
        self._faces: list[SeenFaces[Path]] = []
        self._room = MOST_FACES
        self.names: dict[str, str] = {}
        """What people who were recognised are called, by their id."""
        self.left_out = 0
        """Faces that nobody has recognised and that were not compared with others: seen in an
        earlier run, whose templates nobody kept, or beyond the most."""

    def __repr__(self) -> str:
        return f"<what is alike in {len(self._pictures)} pictures>"

    def take(self, sight: Sight, result: PhotoResult) -> None:
        """What was seen of one photo, and what was decided about it."""
        looked = sight.looked
        self._pictures.append(Seen(result.path, looked.sha256, looked.likeness, looked.taken))
        for face in result.faces:
            if face.person and face.name:
                self.names[face.person] = face.name
        if sight.templates is None or not self._room:
            unknown = sum(face.person is None and face.said is None for face in result.faces)
            self.left_out += unknown if self._model else 0
            return
        seen = seen_faces(result, sight.templates, sight.sharpness)
        self._room = max(0, self._room - len(seen.faces))
        self._faces.append(seen)

    def pictures(self) -> tuple[PictureGroup[Path], ...]:
        """Groups of pictures that are nearly the same."""
        return tuple(groups(self._pictures))

    def strangers(self, registry: Registry | None, today: dt.date) -> tuple[FaceGroup[Path], ...]:
        """Faces that nobody has recognised, by person; the templates are forgotten.

        Nobody is suggested of whom a machine's likeness means little: minors, and people who
        have a look-alike.

        Raises:
            ConsentError: the registry cannot be read.
        """
        faces, self._faces = self._faces, []
        unsure = frozenset(_unsure(registry, self.names, today) if registry else ())
        return group_faces(faces, self._model, unsuggested=unsure)


def _unsure(registry: Registry, people: Mapping[str, str], today: dt.date) -> list[str]:
    dossiers = [registry.dossier(person) for person in people]
    return [one.person.id for one in dossiers if one.lookalikes or one.person.minor_on(today)]
