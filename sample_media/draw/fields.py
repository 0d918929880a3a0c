"""Smooth functions over arrays: what the whole drawing is made of."""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Colour = tuple[float, float, float]


def smoothstep(start: float, end: float, value: Array) -> Array:
    """Rise from 0 at `start` to 1 at `end`; falls when `end` is the smaller."""
    t = np.clip((value - start) / (end - start), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def bump(x: Array, y: Array, at: tuple[Any, Any], width: tuple[float, float]) -> Array:
    """A soft hill of height 1."""
    across = ((x - at[0]) / width[0]) ** 2
    return np.asarray(np.exp(-0.5 * (across + ((y - at[1]) / width[1]) ** 2)))


def ridge(distance: Array, width: float, power: float = 2) -> Array:
    """1 where the distance is 0, fading over `width`."""
    return np.asarray(np.exp(-(np.abs(distance / width) ** power)))


def blend(first: Any, second: Any, share: Any) -> Array:
    """`first` where the share is 0, `second` where it is 1."""
    return np.asarray(first + (second - first) * share)


def linear(colour: Any) -> Array:
    """Turn a screen colour into light, where colours may be added and multiplied."""
    return np.asarray(colour, np.float32) ** 2.2


def curve(at: Any, values: Any, query: Array) -> Array:
    """A curve through the points that never overshoots them (monotone cubic)."""
    x, y = np.asarray(at, float), np.asarray(values, float)
    step = np.diff(x)
    slope = np.diff(y) / step
    tangent = np.zeros_like(y)
    same = slope[1:] * slope[:-1] > 0
    tangent[1:-1][same] = (2 * slope[1:] * slope[:-1])[same] / (slope[1:] + slope[:-1])[same]
    tangent[0], tangent[-1] = slope[0], slope[-1]
    i = np.clip(np.searchsorted(x, query) - 1, 0, len(step) - 1)
    t = np.clip((query - x[i]) / step[i], 0, 1)
    return np.asarray(
        (1 + 2 * t) * (1 - t) ** 2 * y[i]
        + t * (1 - t) ** 2 * step[i] * tangent[i]
        + t * t * (3 - 2 * t) * y[i + 1]
        + t * t * (t - 1) * step[i] * tangent[i + 1]
    )


def blur(image: Array, down: float, across: float | None = None) -> Array:
    """Soften by about a Gaussian of that deviation; wide blurs run on a reduced copy."""
    across = down if across is None else across
    reduce_y, reduce_x = max(1, int(down / 2.5)), max(1, int(across / 2.5))
    if image.ndim == 2 and reduce_y * reduce_x > 1:
        return _blur_reduced(image, (down, across), (reduce_y, reduce_x))
    for _ in range(2):
        image = _box(_box(image, round(down * 1.2), 0), round(across * 1.2), 1)
    return image


def _blur_reduced(image: Array, width: tuple[float, float], step: tuple[int, int]) -> Array:
    rows, columns = image.shape
    (ky, kx), (h, w) = step, (-(-rows // step[0]), -(-columns // step[1]))
    padded = np.pad(image, ((0, h * ky - rows), (0, w * kx - columns)), mode="edge")
    small = padded.reshape(h, ky, w, kx).mean((1, 3), dtype=np.float32)
    soft = blur(small, width[0] / ky, width[1] / kx)
    return _enlarge(_enlarge(soft, ky, rows, 0), kx, columns, 1)


def _box(image: Array, radius: int, axis: int) -> Array:
    if radius < 1:
        return image
    line = np.moveaxis(image, axis, 0)
    before = np.repeat(line[:1], radius + 1, 0)
    padded = np.concatenate([before, line, np.repeat(line[-1:], radius, 0)])
    total = np.cumsum(padded, 0, dtype=np.float64)
    mean = (total[2 * radius + 1 :] - total[: -2 * radius - 1]) / (2 * radius + 1)
    return np.moveaxis(mean.astype(np.float32), 0, axis)


def _enlarge(image: Array, step: int, length: int, axis: int) -> Array:
    at = np.clip((np.arange(length) + 0.5) / step - 0.5, 0, image.shape[axis] - 1)
    low = at.astype(int)
    share = (at - low).astype(np.float32)
    share = share[:, None] if axis == 0 else share
    high = np.minimum(low + 1, image.shape[axis] - 1)
    return np.asarray(np.take(image, low, axis) * (1 - share) + np.take(image, high, axis) * share)


def grain(
    rng: np.random.Generator, shape: tuple[int, int], down: float, across: float | None = None
) -> Array:
    """Random unevenness of deviation 1, in spots of that size."""
    field = blur(rng.standard_normal(shape, dtype=np.float32), down, across)
    return np.asarray(field / (field.std() + 1e-9))
