"""How the outputs of published face finders are read: three decoders.

Every decoder takes the outputs of one picture, in the order that docs/models.md
gives, and answers with sightings in pixels of the network's input. Landmarks
stand in the order in which the network gives them. Outputs that are not those of
the decoder are a `ModelRefusedError` without the name of the model.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from detector.errors import ModelRefusedError
from detector.networks import centerface
from detector.voting import Candidates

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt

    from detector.networks.runtime import Tensor

    Floats = npt.NDArray[np.float32]
    Decode = Callable[[Sequence[Tensor], int, int, float], Candidates]

STRIDES = (8, 16, 32)
"""Pixels between the cells of the three grids."""

_ANCHORS = 2
_CELL = 4
_COORDINATES = 10
_SCORE_ROUNDING = 1e-3
"""A sigmoid in half precision may end a little beside 0 and 1."""


@dataclasses.dataclass(frozen=True, slots=True)
class Decoder:
    """One way to read outputs.

    Attributes:
        decode: the formulas, as they are published.
        names: outputs of the published network, if they always have the same names.
        first_pixel: where its landmarks begin to count, in pixels from our origin,
            the corner of the first pixel. Who publishes YuNet and SCRFD cuts chips
            with OpenCV, which counts from the middle of that pixel.
    """

    decode: Decode
    names: tuple[str, ...] = ()
    first_pixel: float = 0.0


def decode_yunet(
    outputs: Sequence[Tensor], width: int, height: int, threshold: float
) -> Candidates:
    """YuNet (Wu et al. 2023), as OpenCV's FaceDetectorYN reads it.

    Per stride s one cell per point of the grid: the score is the geometric mean
    of class and object, each taken between 0 and 1; the centre of the box lies
    (cell + offset) * s, its size is exp(size) * s, landmarks (cell + offset) * s.
    """
    _expect(outputs, 12, "yunet")
    parts = []
    for index, stride in enumerate(STRIDES):
        cells = _cells(width, height, stride)
        kinds = zip(outputs[index::3], (1, 1, 4, _COORDINATES), strict=True)
        cls, obj, box, points = (_rows(one, len(cells), size) for one, size in kinds)
        scores = np.sqrt(np.clip(cls[:, 0], 0, 1) * np.clip(obj[:, 0], 0, 1))
        seen = scores >= threshold
        here = cells[seen]
        centre = (here + box[seen, :2]) * stride
        with np.errstate(over="ignore"):  # the caller refuses what is not finite
            half = np.exp(box[seen, 2:]) * (stride / 2)
        marks = (here[:, None] + points[seen].reshape(-1, 5, 2)) * stride
        parts.append(_candidates(np.hstack([centre - half, centre + half]), scores[seen], marks))
    return Candidates.joined(parts)


def decode_scrfd(
    outputs: Sequence[Tensor], width: int, height: int, threshold: float
) -> Candidates:
    """SCRFD (Guo et al. 2021) with landmarks, as insightface reads it.

    Per stride s two anchors at each point of the grid: the score is given; the
    box reaches distance * s to the left, top, right and bottom of cell * s,
    landmarks lie at (cell + offset) * s.
    """
    _expect(outputs, 9, "scrfd")
    parts = []
    for index, stride in enumerate(STRIDES):
        cells = np.repeat(_cells(width, height, stride), _ANCHORS, axis=0)
        kinds = zip(outputs[index::3], (1, 4, _COORDINATES), strict=True)
        score, box, points = (_rows(one, len(cells), size) for one, size in kinds)
        _between_0_and_1(score)
        seen = score[:, 0] >= threshold
        here = cells[seen]
        low, high = (here - box[seen, :2]) * stride, (here + box[seen, 2:]) * stride
        marks = (here[:, None] + points[seen].reshape(-1, 5, 2)) * stride
        parts.append(_candidates(np.hstack([low, high]), score[seen, 0], marks))
    return Candidates.joined(parts)


def decode_centerface(
    outputs: Sequence[Tensor], width: int, height: int, threshold: float
) -> Candidates:
    """CenterFace (Xu et al. 2019): a heat map with a cell of 4 x 4 pixels; see `centerface`."""
    _expect(outputs, 4, "centerface")
    maps = []
    for output, channels in zip(outputs, (1, 2, 2, _COORDINATES), strict=True):
        wanted = (1, channels, height // _CELL, width // _CELL)
        if output.shape != wanted:
            raise _wrong_shape(output, wanted)
        maps.append(output[0])
    heat, size, offset, points = maps
    _between_0_and_1(heat)
    with np.errstate(over="ignore"):
        return centerface.decode(heat[0], size, offset, points, threshold)


DECODERS: Mapping[str, Decoder] = {
    "centerface": Decoder(decode_centerface, ("537", "538", "539", "540")),
    "scrfd": Decoder(decode_scrfd, first_pixel=0.5),
    "yunet": Decoder(
        decode_yunet,
        tuple(f"{kind}_{stride}" for kind in ("cls", "obj", "bbox", "kps") for stride in STRIDES),
        first_pixel=0.5,
    ),
}


def _cells(width: int, height: int, stride: int) -> Floats:
    """The points of a grid, row by row, as x, y in cells: float32 (n, 2)."""
    rows, columns = np.mgrid[: height // stride, : width // stride]
    return np.stack([columns, rows], axis=-1).reshape(-1, 2).astype(np.float32)


def _rows(output: Tensor, count: int, size: int) -> Floats:
    """The output as (count, size); a first dimension of one picture is dropped."""
    whole = output[0] if output.shape[:1] == (1,) and output.ndim > 1 + (size > 1) else output
    if whole.shape != (count, size) and not (size == 1 and whole.shape == (count,)):
        raise _wrong_shape(output, (count, size))
    return whole.reshape(count, size)


def _expect(outputs: Sequence[Tensor], count: int, decoder: str) -> None:
    if len(outputs) != count:
        raise ModelRefusedError(
            "it gives {found} outputs and the decoder {decoder!r} reads {wanted}; "
            "correct 'decoder' or 'outputs'",
            found=len(outputs),
            decoder=decoder,
            wanted=count,
        )


def _between_0_and_1(scores: Tensor) -> None:
    if scores.size and (scores.min() < -_SCORE_ROUNDING or scores.max() > 1 + _SCORE_ROUNDING):
        raise ModelRefusedError(
            "its scores reach from {low} to {high}, not from 0 to 1; "
            "export it with the sigmoid, or correct 'outputs'",
            low=round(float(scores.min()), 2),
            high=round(float(scores.max()), 2),
        )


def _wrong_shape(output: Tensor, wanted: tuple[int, ...]) -> ModelRefusedError:
    return ModelRefusedError(
        "one of its outputs has the shape {found}, not {declared}; "
        "correct 'decoder', 'outputs' or 'size'",
        found=" x ".join(map(str, output.shape)),
        declared=" x ".join(map(str, wanted)),
    )


def _candidates(boxes: Any, scores: Any, landmarks: Any) -> Candidates:
    return Candidates(
        np.ascontiguousarray(boxes, np.float32),
        np.ascontiguousarray(np.clip(scores, 0, 1), np.float32),
        np.ascontiguousarray(landmarks, np.float32),
    )
