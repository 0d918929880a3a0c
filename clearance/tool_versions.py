"""With which programs and networks a verdict was made, for whoever must make it again."""

from __future__ import annotations

import hashlib
import platform
from importlib import metadata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clearance.clear import House

_LIBRARIES = ("onnxruntime", "numpy", "pillow")
"""What computes on pixels: another version may round differently."""


def tool_versions(house: House) -> Mapping[str, str]:
    """The versions of the program, of what finds and compares faces, and of what they run on."""
    return {
        "clearance": metadata.version("photo-clearance"),
        "finder": house.settings.detection.finder,
        "recogniser": house.eyes.detector.recogniser_name,
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in _LIBRARIES},
    }


def model_hashes(house: House) -> Mapping[str, str]:
    """The SHA-256 of each network's weights, by the name the settings give the network.

    A network whose package keeps its weights to itself is left out: `tool_versions` names it.
    """
    from detector.detector import weights_of

    chosen = (house.settings.detection.finder, house.settings.detection.recogniser)
    found = {name: weights_of(name, house.settings.models) for name in dict.fromkeys(chosen)}
    return {name: sha256 for name, sha256 in found.items() if sha256}


def looking_version(house: House, *, thorough: bool = False) -> str:
    """Says with what photos are looked at: what one such look saw, another would see again.

    Program and libraries, networks by their weights, in which form they run, limits, settings,
    and, of a recogniser of the institution's own, the table of its scores: it says which likeness
    is certain.
    """
    from detector.calibration import GLANCE_FPIR, LOOK_FPIR, SECOND_GLANCE_FPIR
    from detector.networks.centerface import RANGES
    from detector.options import DetectionOptions

    scores = house.eyes.detector.scores_path
    table = hashlib.sha256(scores.read_bytes()).hexdigest() if scores and scores.is_file() else ""
    form = hashlib.sha256(RANGES.read_bytes()).hexdigest()
    limits = (GLANCE_FPIR, LOOK_FPIR, SECOND_GLANCE_FPIR, DetectionOptions())
    detection, models = house.settings.detection, house.settings.models
    told = (dict(tool_versions(house)), dict(model_hashes(house)), table, form, limits)
    return repr((told, detection, models, thorough))
