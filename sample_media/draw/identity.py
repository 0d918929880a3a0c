"""What makes one drawn person differ from another."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from sample_media.draw.fields import Array, Colour, blend

HairStyle = Literal[
    "short", "crop", "side", "recede", "bald", "long", "bob", "fringe", "bun", "curly"
]
Garment = Literal["tee", "scrubs", "coat", "shirt", "cardigan", "gown"]

SKIN_TONES: tuple[Colour, ...] = (
    (0.95, 0.80, 0.73),
    (0.90, 0.73, 0.63),
    (0.82, 0.63, 0.50),
    (0.70, 0.50, 0.38),
    (0.52, 0.35, 0.26),
    (0.36, 0.235, 0.18),
)
HAIR_COLOURS: dict[str, Colour] = {
    "black": (0.07, 0.06, 0.06),
    "dark brown": (0.20, 0.13, 0.09),
    "brown": (0.36, 0.22, 0.13),
    "light brown": (0.60, 0.42, 0.22),
    "blond": (0.82, 0.66, 0.40),
    "red": (0.50, 0.20, 0.09),
    "grey": (0.70, 0.70, 0.70),
    "white": (0.86, 0.86, 0.85),
}
IRIS_COLOURS: dict[str, Colour] = {
    "dark brown": (0.20, 0.11, 0.06),
    "brown": (0.33, 0.20, 0.10),
    "hazel": (0.35, 0.36, 0.20),
    "blue": (0.30, 0.45, 0.58),
    "grey": (0.42, 0.48, 0.50),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """The shape of a face; 0 is the average, ±2 about the extremes."""

    face_width: float = 0
    jaw: float = 0
    chin_width: float = 0
    chin_height: float = 0
    cheekbones: float = 0
    fullness: float = 0
    forehead: float = 0
    eye_distance: float = 0
    eye_width: float = 0
    eye_height: float = 0
    eye_tilt: float = 0
    eye_depth: float = 0
    eye_level: float = 0
    lid: float = 0
    brow_level: float = 0
    brow_thickness: float = 0
    brow_arch: float = 0
    brow_tilt: float = 0
    nose_length: float = 0
    nose_width: float = 0
    nose_height: float = 0
    bridge_width: float = 0
    tip_up: float = 0
    mouth_width: float = 0
    upper_lip: float = 0
    lower_lip: float = 0
    mouth_level: float = 0

    @classmethod
    def of(cls, *values: float) -> "Features":
        """The features in the order they are declared."""
        return cls(**dict(zip(cls.__slots__, values, strict=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outfit:
    """What somebody wears; the second colour is what shows under an open garment."""

    garment: Garment = "tee"
    colour: Colour = (0.16, 0.20, 0.30)
    under: Colour = (0.75, 0.80, 0.84)
    badge: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """One fictional person as the drawing program knows them.

    Args:
        features: The shape of the face.
        male: Heavier brow, wider neck and shoulders, shadow of a beard.
        skin: Place on the scale of `SKIN_TONES`, 0 to 5.
        age: 0 is a young adult, 1 very old.
        child: 1 is a child of about eight, 0 an adult.
        beard: 0 none, about 0.35 stubble, 1 full.
        glasses: None, a heavy or a thin frame.
        lips: How much redder than the skin the lips are.
        seed: Decides freckles, strands and the weave of the cloth.
    """

    features: Features
    male: bool
    skin: float
    hair: str
    iris: str
    style: HairStyle
    seed: int
    age: float = 0.3
    child: float = 0
    beard: float = 0
    glasses: Literal["none", "heavy", "thin"] = "none"
    lips: float = 0.1
    outfit: Outfit = Outfit()

    @property
    def skin_colour(self) -> Array:
        """The skin as a screen colour, between the two nearest tones."""
        place = float(np.clip(self.skin, 0, len(SKIN_TONES) - 1.001))
        lower = int(place)
        return blend(np.array(SKIN_TONES[lower]), np.array(SKIN_TONES[lower + 1]), place - lower)

    @property
    def hair_colour(self) -> Colour:
        """The hair as a screen colour."""
        return HAIR_COLOURS[self.hair]

    def wearing(self, outfit: Outfit) -> "Identity":
        """The same person in other clothes."""
        return replace(self, outfit=outfit)


def random_identity(seed: int, spread: float = 0.9) -> Identity:
    """A passer-by: somebody nobody needs to recognise."""
    rng = np.random.default_rng(seed)
    male = bool(rng.random() < 0.5)
    shape = rng.normal(0, spread, len(Features.__slots__)).clip(-1.8, 1.8)
    skin = float(rng.uniform(0, 5))
    dark = skin > 2.5
    styles: tuple[HairStyle, ...] = (
        ("short", "crop", "side", "recede") if male else ("long", "bob", "fringe", "bun", "curly")
    )
    hairs = ["black", "dark brown"] if dark else list(HAIR_COLOURS)[1:7]
    colours: tuple[Colour, ...] = (
        (0.16, 0.20, 0.30),
        (0.50, 0.22, 0.22),
        (0.80, 0.80, 0.77),
        (0.22, 0.34, 0.28),
        (0.25, 0.26, 0.30),
        (0.62, 0.52, 0.38),
    )
    return Identity(
        features=Features.of(*(round(float(v), 2) for v in shape)),
        male=male,
        skin=skin,
        hair=str(rng.choice(hairs)),
        iris="dark brown" if dark else str(rng.choice(list(IRIS_COLOURS))),
        style=styles[int(rng.integers(len(styles)))],
        seed=seed,
        age=float(rng.uniform(0, 0.8)),
        beard=float(rng.choice([0, 0, 0.35, 1])) if male else 0,
        lips=0.1 if male else float(rng.uniform(0.2, 0.8)),
        outfit=Outfit(garment="shirt", colour=colours[int(rng.integers(len(colours)))]),
    )
