"""The sections [models.NAME] of clearance.toml: networks of the institution's own.

Imported only where such a section stands. What the keys mean is written in
docs/models.md; every mistake is told with its line, like any other of the file.
"""

from __future__ import annotations

import dataclasses
import math
import re
from typing import TYPE_CHECKING, Any

from clearance.errors import SettingsInvalidError
from detector.detector import FINDERS, RECOGNISERS
from detector.geometry import ARCFACE_112, DLIB_150, LANDMARKS, ChipGeometry
from detector.models import (
    CHANNELS,
    DECODERS,
    LAYOUTS,
    MULTIPLE,
    POINTS,
    TYPES,
    Preparation,
    UserFinder,
    UserModel,
    UserRecogniser,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    Complain = Callable[[str, str, SettingsInvalidError], SettingsInvalidError]
    """From section, key and cause to the error with its line."""

GEOMETRIES = {"arcface-112": ARCFACE_112, "dlib-150": DLIB_150}

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_SHA256 = re.compile(r"[0-9a-f]{64}")

COMMON = ("kind", "file", "sha256", "licence", "layout", "input", "channels", "mean", "std")
OF_RECOGNISERS = ("dimensions", "geometry", "side", "points", "output", "normalise", "scores")
OF_FINDERS = ("decoder", "size", "outputs", "landmarks", "smallest_face")

_LARGEST_SIDE = 1024
_MOST_DIMENSIONS = 4096
_SMALLEST_WINDOW = 128
_COLOURS = 3


def read_models(
    tables: Mapping[str, object], folder: Path, complain: Complain
) -> Mapping[str, UserModel]:
    """The declared networks by name; their files are not opened.

    Args:
        tables: what stands under [models].
        folder: where paths begin.
        complain: makes the error about a key.

    Raises:
        SettingsInvalidError: a key or value is missing, not known or not allowed.
    """
    return {name: _Section(name, tables[name], folder, complain).model() for name in sorted(tables)}


@dataclasses.dataclass(frozen=True, slots=True)
class _Section:
    name: str
    table: Any
    folder: Path
    complain: Complain

    def model(self) -> UserModel:
        """The declaration in the section."""
        if not isinstance(self.table, dict):
            cause = SettingsInvalidError("must be a section: write [{name}]", name="models.NAME")
            raise self.complain("models", self.name, cause)
        if not _NAME.fullmatch(self.name):
            cause = SettingsInvalidError(
                "must have a name of small letters, digits, - and _, like [models.sface]"
            )
            raise self.wrong("", cause)
        if self.name in {*FINDERS, *RECOGNISERS}:
            raise self.wrong("", SettingsInvalidError("is the name of a built-in network"))
        kind = self.one_of("kind", ("finder", "recogniser"))
        known = (*COMMON, *(OF_FINDERS if kind == "finder" else OF_RECOGNISERS))
        for key in self.table:
            if key not in known:
                cause = SettingsInvalidError(
                    "is not known; there are {known}", known=", ".join(known)
                )
                raise self.wrong(key, cause)
        sha256 = self.text("sha256").lower()
        if not _SHA256.fullmatch(sha256):
            raise self.wrong("sha256", SettingsInvalidError("must be 64 hexadecimal digits"))
        common: dict[str, Any] = {
            "name": self.name,
            "file": self.folder / self.text("file"),
            "sha256": sha256,
            "licence": self.text("licence"),
            "preparation": self.preparation(),
        }
        return self.finder(common) if kind == "finder" else self.recogniser(common)

    def recogniser(self, common: Mapping[str, Any]) -> UserRecogniser:
        """A recogniser, from its own keys."""
        return UserRecogniser(
            **common,
            geometry=self.geometry(),
            dimensions=self.whole("dimensions", 1, _MOST_DIMENSIONS),
            output=self.text("output") if "output" in self.table else None,
            normalise=self.flag("normalise", default=True),
            scores=self.folder / self.text("scores") if "scores" in self.table else None,
        )

    def finder(self, common: Mapping[str, Any]) -> UserFinder:
        """A finder, from its own keys."""
        landmarks = self.texts("landmarks", POINTS)
        if sorted(landmarks) != sorted(POINTS):
            cause = SettingsInvalidError("must name each of {known} once", known=", ".join(POINTS))
            raise self.wrong("landmarks", cause)
        return UserFinder(
            **common,
            decoder=self.one_of("decoder", DECODERS),
            size=self.size(),
            outputs=self.texts("outputs", ()),
            landmarks=landmarks,
            smallest_face=self.whole("smallest_face", 1, _LARGEST_SIDE, default=10),
        )

    def preparation(self) -> Preparation:
        """How pixels become the input, from the keys of both kinds."""
        prepared = Preparation(
            layout=self.one_of("layout", LAYOUTS, "nchw"),
            type=self.one_of("input", TYPES, "float32"),
            channels=self.one_of("channels", CHANNELS, "rgb"),
            mean=self.per_channel("mean", 0.0),
            std=self.per_channel("std", 1.0),
        )
        if 0 in prepared.std:
            raise self.wrong("std", SettingsInvalidError("must not be 0"))
        for key in ("mean", "std"):
            if prepared.type == "uint8" and key in self.table:
                cause = SettingsInvalidError("has no meaning for a network that takes uint8")
                raise self.wrong(key, cause)
        return prepared

    def geometry(self) -> ChipGeometry:
        """A geometry by its name, or from a side and five points."""
        if "geometry" in self.table:
            for key in ("side", "points"):
                if key in self.table:
                    cause = SettingsInvalidError("stands beside 'geometry', which says it already")
                    raise self.wrong(key, cause)
            return GEOMETRIES[self.one_of("geometry", tuple(GEOMETRIES))]
        side = self.whole("side", 16, _LARGEST_SIDE)
        points = self.needed("points")
        if not isinstance(points, list) or len(points) != LANDMARKS:
            raise self.not_points()
        pairs = tuple(self.point(one) for one in points)
        if len(set(pairs)) < LANDMARKS:
            raise self.not_points()
        return ChipGeometry(side, pairs)

    def point(self, value: object) -> tuple[float, float]:
        """One point of a chip."""
        if not isinstance(value, list) or not _numbers(value, 2):
            raise self.not_points()
        return float(value[0]), float(value[1])

    def not_points(self) -> SettingsInvalidError:
        """The error about points that are none."""
        cause = SettingsInvalidError(
            "must be five different points [x, y] of the chip: {known}", known=", ".join(POINTS)
        )
        return self.wrong("points", cause)

    def size(self) -> tuple[int, int] | None:
        """Width and height of a finder's input, if it has only one."""
        if "size" not in self.table:
            return None
        size = self.table["size"]
        if (
            not isinstance(size, list)
            or not _numbers(size, 2)
            or any(
                not isinstance(side, int)
                or side % MULTIPLE
                or not _SMALLEST_WINDOW <= side <= 4 * _LARGEST_SIDE
                for side in size
            )
        ):
            cause = SettingsInvalidError(
                "must be [width, height], multiples of {multiple} from {least} on",
                multiple=MULTIPLE,
                least=_SMALLEST_WINDOW,
            )
            raise self.wrong("size", cause)
        return size[0], size[1]

    def per_channel(self, key: str, default: float) -> tuple[float, float, float]:
        """One number for all channels, or three."""
        value = self.table.get(key, default)
        values = value if isinstance(value, list) else [value] * _COLOURS
        if not _numbers(values, _COLOURS):
            cause = SettingsInvalidError("must be a number, or three: one per channel")
            raise self.wrong(key, cause)
        first, second, third = map(float, values)
        return first, second, third

    def needed(self, key: str) -> object:
        """The value of a key that has no default."""
        if key not in self.table:
            raise self.wrong(key, SettingsInvalidError("is missing"))
        value: object = self.table[key]
        return value

    def text(self, key: str) -> str:
        """A text that says something."""
        value = self.needed(key)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(key, SettingsInvalidError("must be a text"))
        return value

    def texts(self, key: str, default: Sequence[str]) -> tuple[str, ...]:
        """A list of texts."""
        value = self.table.get(key, list(default))
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            cause = SettingsInvalidError(
                "must be a list of texts, like {example}", example='["cls_8"]'
            )
            raise self.wrong(key, cause)
        return tuple(value)

    def one_of(self, key: str, known: Collection[str], default: str | None = None) -> str:
        """A text out of a few."""
        value = self.needed(key) if default is None else self.table.get(key, default)
        if value not in known:
            cause = SettingsInvalidError("must be one of {known}", known=", ".join(known))
            raise self.wrong(key, cause)
        return str(value)

    def whole(self, key: str, least: int, most: int, default: int | None = None) -> int:
        """A whole number within bounds."""
        value = self.needed(key) if default is None else self.table.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            cause = SettingsInvalidError(
                "must be a whole number from {least} to {most}", least=least, most=most
            )
            raise self.wrong(key, cause)
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """True or false."""
        value = self.table.get(key, default)
        if not isinstance(value, bool):
            raise self.wrong(key, SettingsInvalidError("must be true or false"))
        return value

    def wrong(self, key: str, cause: SettingsInvalidError) -> SettingsInvalidError:
        """The error about a key of this section."""
        return self.complain(f"models.{self.name}", key, cause)


def _numbers(values: Sequence[object], count: int) -> bool:
    """Whether these are so many finite numbers."""
    return len(values) == count and all(
        isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        for value in values
    )
