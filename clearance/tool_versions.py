"""With which programs and networks a verdict was made, for whoever must make it again."""

from __future__ import annotations

import hashlib
import platform
from importlib import metadata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clearance.clear import House
    from clearance.settings import Settings
    from detector.detector import Detector

_LIBRARIES = ("onnxruntime", "numpy", "pillow", "imageio-ffmpeg")
"""What computes on pixels, or decodes them: another version may round differently."""


def tool_versions(house: House) -> Mapping[str, str]:
    """The versions of the program, of what finds and compares faces, and of what they run on."""
    return _tools(house.settings, house.eyes.detector)


def program_versions() -> dict[str, str]:
    """The versions of the program and of what it runs on, here: without any network."""
    return {
        "clearance": metadata.version("photo-clearance"),
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in _LIBRARIES},
    }


def model_hashes(house: House) -> Mapping[str, str]:
    """The SHA-256 of each network's weights, by the name the settings give the network.

    A network whose package keeps its weights to itself is left out: `tool_versions` names it.
    """
    return _weights(house.settings)


def looking_version(house: House, *, thorough: bool = False) -> str:
    """Says with what photos are looked at: what one such look saw, another would see again.

    Program and libraries, networks by their weights, in which form they run, limits, settings,
    and, of a recogniser of the institution's own, the table of its scores: it says which likeness
    is certain.
    """
    return looked_with(house.settings, house.eyes.detector, thorough=thorough)


def looked_with(settings: Settings, detector: Detector, *, thorough: bool = False) -> str:
    """As `looking_version`, for whoever looks elsewhere and has no registry.

    Of the settings only `detection` and `models` count.
    """
    from detector.calibration import GLANCE_FPIR, LOOK_FPIR, SECOND_GLANCE_FPIR
    from detector.networks.centerface import RANGES
    from detector.options import DetectionOptions

    scores = detector.scores_path
    table = hashlib.sha256(scores.read_bytes()).hexdigest() if scores and scores.is_file() else ""
    form = hashlib.sha256(RANGES.read_bytes()).hexdigest()
    limits = (GLANCE_FPIR, LOOK_FPIR, SECOND_GLANCE_FPIR, DetectionOptions())
    told = (_tools(settings, detector), _weights(settings), table, form, limits)
    return repr((told, settings.detection, settings.models, thorough))


def _tools(settings: Settings, detector: Detector) -> dict[str, str]:
    here = program_versions()
    return {
        "clearance": here.pop("clearance"),
        "finder": settings.detection.finder,
        "recogniser": detector.recogniser_name,
        **here,
    }


def _weights(settings: Settings) -> dict[str, str]:
    from detector.detector import weights_of

    chosen = (settings.detection.finder, settings.detection.recogniser)
    found = {name: weights_of(name, settings.models) for name in dict.fromkeys(chosen)}
    return {name: sha256 for name, sha256 in found.items() if sha256}
