"""How sharp a face is, at the size at which a recogniser sees it.

Blur takes fine detail away and leaves the coarse: the measure is the share of fine
detail in all the detail of the chip. Contrast and brightness cancel out, and so does
sharpness that no chip could show, in a large picture.

Calibrated on 150 photos of Labeled Faces in the Wild, chips of 150 pixels blurred by a
Gaussian, as they are, with noise of 4 grey levels, and as JPEG of quality 75. The
distance from dlib's template of the unblurred chip, its median, and the share of chips
below `LEAST`:

    sigma, pixels      0     1     2     2.5   3     3.5   4
    distance           0     0.08  0.21  0.27  0.31  0.37  0.41
    refused, %         1     3     45    93    99    100   100

Of all chips that blur moved by more than 0.3 (half of dlib's own limit between two
people), 99 % are refused in all three series. Without blur 2 of 300 photos are, both
of them out of focus or smeared by compression. Among 100 other photos, blurred by 3
pixels or more, noise of 4 and 8 grey levels hid none: noise is measured where a face
has no detail, and taken off. Smears in one direction were not measured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detector.geometry import DLIB_150
from detector.recognition import cut_chip

if TYPE_CHECKING:
    from detector.faces import Face, Frame, Pixels

LEAST = 0.05
"""Sharpness that a portrait needs, and a face that is matched without a person."""

USUAL = 0.17
"""Median of the photos of Labeled Faces in the Wild: more makes no better portrait."""

# In cycles per pixel of a chip of 150 pixels, whose eyes are 55 apart.
_COARSEST, _FINE, _FINEST = 0.03, 0.08, 0.25
_NOISE = (0.35, 0.5)

_LUMA = (0.299, 0.587, 0.114)
_BORDER = 0.1
"""Share of the chip at each side that shows hair and background."""


def is_sharp(frame: Frame, face: Face) -> bool:
    """Whether the face is sharp enough for its template to be believed."""
    return sharpness_of(frame, face) >= LEAST


def sharpness_of(frame: Frame, face: Face) -> float:
    """Sharpness of a face in its view, 0 to 1; 0 for one that cannot be cut out.

    Of one geometry whatever the recogniser: the limit was measured on it.
    """
    if face.landmarks is None:
        return 0.0
    chip = cut_chip(frame.views[face.view], face.landmarks, DLIB_150)
    return sharpness(chip) if chip is not None else 0.0


def sharpness(chip: Pixels) -> float:
    """Share of fine detail, 0 to 1, in a chip of the geometry `DLIB_150`; 0 for an even one."""
    edge = round(len(chip) * _BORDER)
    inside = chip[edge : len(chip) - edge, edge : len(chip) - edge]
    grey = inside.astype(np.float64) @ _LUMA
    # Faded out towards the edges, or these count as detail.
    window = np.hanning(len(grey))
    power = np.abs(np.fft.fft2((grey - grey.mean()) * np.outer(window, window))) ** 2
    waves = np.fft.fftfreq(len(grey))
    frequency = np.hypot(waves[:, None], waves)
    noise = power[(frequency >= _NOISE[0]) & (frequency < _NOISE[1])].mean()
    detail = power - noise
    every = detail[(frequency >= _COARSEST) & (frequency < _FINEST)].sum()
    fine = detail[(frequency >= _FINE) & (frequency < _FINEST)].sum()
    return float(min(max(fine / every, 0.0), 1.0)) if every > 0 else 0.0
