"""What the workers of a test look with: light, and some of it breaks them."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from clearance.looking import Eyes
from clearance.settings import Settings
from clearance.tool_versions import looked_with
from detector.faces import Box, Face
from detector.matching import Gallery, Limits

if TYPE_CHECKING:
    from clearance.crew import Outfit
    from detector.detector import Detector
    from detector.faces import Frame

LIMITS = Limits(0.5, 0.6)
ENROLLED = Gallery.of(
    {f"person-{number}": [np.full(128, number + 1, np.float32)] for number in range(3)}
)


class LightDetector:
    """Sees one face as large as the picture; its process dies of a picture called `killer`."""

    recogniser_name = "light"
    scores_path = None

    def __init__(self) -> None:
        self.loaded_by = threading.get_ident()

    def find_faces(self, frame: Frame) -> tuple[Face, ...]:
        if "killer" in frame.path.name:
            os.kill(os.getpid(), signal.SIGKILL)
        return (Face(Box(0, 0, frame.width, frame.height), 0.9),)

    def probes(self, frame: Frame, faces: Any, gallery: Gallery, limits: Limits) -> Any:
        return self.templates(frame, faces)

    def templates(self, frame: Frame, faces: Any, *, quick: bool = False) -> Any:
        return np.full((len(faces), 128), np.nan, np.float32)


def light_eyes(outfit: Outfit) -> Eyes:
    """In place of the networks."""
    return Eyes(cast("Detector", LightDetector()), outfit.gallery, outfit.limits)


def light_version(settings: Settings | None = None) -> str:
    """What `looking_version` says of the light detector."""
    return looked_with(settings or Settings(), cast("Detector", LightDetector()))
