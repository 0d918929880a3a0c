"""The face_recognition library as a second opinion: the only file that imports it.

Its import ends the process when its models are missing and loosens Pillow for
everybody; both are contained here. It needs dlib, which is not always easy to
install, and is many times slower than the built-in networks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from detector.errors import BackendMissingError
from detector.faces import Box
from detector.geometry import DLIB_150
from detector.voting import Candidates

if TYPE_CHECKING:
    from detector.faces import Pixels, Templates

# Nose and mouth of an upright face with the eyes one unit apart, in eye
# distances from the middle of the eyes: the library finds no mouth.
_MOUTH = ((-0.43, 1.04), (0.42, 1.02))


class HogFinder:
    """Face finder by dlib's HOG detector: frontal faces from about 40 pixels.

    The library tells no scores, so every face has score 1, and its thresholds
    cannot be lowered: it misses many more faces than CenterFace.
    """

    name = "face_recognition_hog"
    alignment = "dlib-5.2"
    loads_in_background = False
    smallest_face = 40
    hint = None

    def __init__(self, threads: int | None = None) -> None:
        """Imports the library. It uses one thread whatever `threads` says.

        Raises:
            BackendMissingError: the library, dlib or its models are not installed.
        """
        self._api = _import_library()

    def find(self, pixels: Pixels, threshold: float) -> Candidates:
        """One sighting per face."""
        pixels = np.ascontiguousarray(pixels)
        locations = self._api.face_locations(pixels, number_of_times_to_upsample=1)
        points = self._api.face_landmarks(pixels, locations, model="small")
        boxes = [Box.from_trbl(*location) for location in locations]
        return Candidates(
            np.array(
                [(box.left, box.top, box.right, box.bottom) for box in boxes], np.float32
            ).reshape(-1, 4),
            np.ones(len(boxes), np.float32),
            np.array([_five_points(one) for one in points], np.float32).reshape(-1, 5, 2),
        )


class DlibRecogniser:
    """dlib's own run of the network that `dlib_resnet` runs: the same templates."""

    name = "dlib_resnet_v1"
    dimensions = 128
    geometry = DLIB_150

    def __init__(self, threads: int | None = None) -> None:
        """Imports the library. It uses one thread whatever `threads` says.

        Raises:
            BackendMissingError: the library, dlib or its models are not installed.
        """
        self._api = _import_library()

    def embed(self, chips: Pixels) -> Templates:
        """Templates of aligned faces: uint8 (n, 150, 150, 3) to float32 (n, 128)."""
        if not len(chips):
            return np.zeros((0, 128), dtype=np.float32)
        found = self._api.face_encoder.compute_face_descriptor(np.ascontiguousarray(chips))
        return np.array([list(one) for one in found], dtype=np.float32)


def _five_points(found: dict[str, list[tuple[int, int]]]) -> Any:
    """Landmarks from the library's five points: four corners of eyes and the nose."""
    # The library names eyes from the person's side: its right eye is the viewer's left.
    sides = sorted(
        (np.mean(found["left_eye"], axis=0), np.mean(found["right_eye"], axis=0)),
        key=lambda eye: float(eye[0]),
    )
    across = sides[1] - sides[0]
    down = np.array([-across[1], across[0]])
    middle = (sides[0] + sides[1]) / 2
    mouth = [middle + x * across + y * down for x, y in _MOUTH]
    return np.stack([*sides, np.mean(found["nose_tip"], axis=0), *mouth])


def _import_library() -> Any:
    from PIL import ImageFile

    loosened = ImageFile.LOAD_TRUNCATED_IMAGES
    try:
        import face_recognition.api
    except (ImportError, SystemExit) as error:
        # It quits without a word where its models are missing.
        told = next(iter(str(error).splitlines()), None)
        raise BackendMissingError(
            "the face_recognition backend is not installed ({reason}); "
            "install photo-clearance[face-recognition]",
            reason=told or BackendMissingError("its models are missing"),
        ) from error
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = loosened
    return face_recognition.api
