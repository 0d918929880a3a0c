"""The people of the sample pictures. None of them exists, and neither does their hospital."""

from dataclasses import dataclass
from typing import Literal

from sample_media.draw.identity import Features, Identity, Outfit

Capacity = Literal["staff", "patient", "visitor"]

CHANNELS = ("intranet", "website", "social", "press", "print", "newsletter", "tv")
NAVY, TEAL, WHITE = (0.20, 0.28, 0.42), (0.20, 0.47, 0.50), (0.93, 0.94, 0.95)
SKY, WINE, SAND, MOSS = (
    (0.58, 0.68, 0.82),
    (0.50, 0.24, 0.31),
    (0.78, 0.70, 0.56),
    (0.38, 0.48, 0.36),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What somebody signed.

    Args:
        channels: Where pictures of them may appear.
        signed: Day of the signature.
        until: Last day it holds.
        biometric: Whether their face may be turned into a template to find them.
        withdrawn: Day they took it back.
        guardian: Who signed for a child.
    """

    channels: tuple[str, ...]
    signed: str
    until: str
    biometric: bool
    withdrawn: str | None = None
    guardian: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody in the pictures, with what the demo registry knows about them."""

    id: str
    name: str
    capacity: Capacity
    role: str
    story: str
    look: Identity
    consent: Consent | None = None
    refused: str | None = None
    birth_year: int | None = None
    twin_of: str | None = None


def _scrubs(colour: tuple[float, float, float] = TEAL) -> Outfit:
    return Outfit(garment="scrubs", colour=colour, badge=True)


def _coat(under: tuple[float, float, float]) -> Outfit:
    return Outfit(garment="coat", colour=WHITE, under=under, badge=True)


ROCHAT = Features.of(
    *(0.91, 1.29, -1.45, -0.97, 0.57, 0.0, 0.82, -1.51, -0.1, -0.51, -1.9, 0.64, -0.22, -0.06),
    *(1.9, -1.1, -1.9, -1.49, 0.24, -0.29, -0.7, -1.9, -1.49, -1.04, 0.6, -0.8, 0.39),
)

DESIRE = Person(
    id="desire-kamanda",
    name="Désiré Kamanda",
    capacity="staff",
    role="nurse",
    story="agreed to everything",
    consent=Consent(channels=CHANNELS, signed="2026-01-12", until="2036-01-11", biometric=True),
    look=Identity(
        features=Features.of(
            *(-1.7, -0.64, 1.05, 1.5, -0.65, 0.89, -1.53, -1.83, 1.34, 0.07, 1.69, -1.8, -0.37),
            *(-1.01, -0.79, -1.65, -0.57, 1.69, -1.54, 0.72, 1.22, -1.42, 1.41, -1.21, -0.83),
            *(2.0, 1.26),
        ),
        male=True,
        skin=4.4,
        hair="black",
        iris="dark brown",
        style="crop",
        beard=0.35,
        seed=100,
        outfit=_scrubs(),
    ),
)
ZOE = Person(
    id="zoe-amsler",
    name="Zoé Amsler",
    capacity="staff",
    role="physiotherapist",
    story="agreed to everything",
    consent=Consent(channels=CHANNELS, signed="2025-11-03", until="2035-11-02", biometric=True),
    look=Identity(
        features=Features.of(
            *(-1.52, -2.3, 0.61, -0.6, -1.95, 2.0, 1.41, -1.59, -0.33, -0.37, 0.6, -1.26, -0.43),
            *(0.92, -0.57, -1.33, -0.98, 1.17, 0.6, -0.31, 1.62, 1.19, -0.96, 2.0, 0.18, 1.57),
            *(-0.49,),
        ),
        male=False,
        skin=0.2,
        hair="blond",
        iris="blue",
        style="long",
        age=0.1,
        lips=0.6,
        seed=101,
        outfit=Outfit(garment="tee", colour=WINE),
    ),
)
JURG = Person(
    id="jurg-mettler",
    name="Jürg Mettler",
    capacity="staff",
    role="senior physician",
    story="website, press and intranet",
    consent=Consent(
        channels=("intranet", "website", "press"),
        signed="2026-02-03",
        until="2036-02-02",
        biometric=True,
    ),
    look=Identity(
        features=Features.of(
            *(0.24, 1.01, 0.08, -1.8, 1.8, 1.43, -0.41, 0.97, 0.35, -0.99, 0.6, -0.39, -0.41),
            *(-1.46, 0.07, 0.68, 0.68, -0.76, 0.16, -2.0, 1.05, 0.33, 0.97, 0.51, -1.66, 0.98),
            *(1.8,),
        ),
        male=True,
        skin=1.3,
        hair="brown",
        iris="brown",
        style="bald",
        beard=1.0,
        glasses="heavy",
        age=0.55,
        seed=102,
        outfit=_coat(SKY),
    ),
)
NADEGE = Person(
    id="nadege-fontanet",
    name="Nadège Fontanet",
    capacity="staff",
    role="ward nurse",
    story="intranet only",
    consent=Consent(
        channels=("intranet",), signed="2026-02-03", until="2036-02-02", biometric=True
    ),
    look=Identity(
        features=Features.of(
            *(0.03, 0.46, -0.35, -0.66, -1.46, 0.43, 0.54, 1.8, -1.48, 1.01, 0.22, -1.38, -1.61),
            *(-0.77, 1.8, -1.21, 2.4, 0.84, -0.77, 1.01, -1.8, 0.59, 0.04, 0.97, -0.21, -0.85),
            *(-0.16,),
        ),
        male=False,
        skin=3.6,
        hair="black",
        iris="dark brown",
        style="curly",
        age=0.2,
        lips=0.6,
        seed=103,
        outfit=_scrubs((0.42, 0.30, 0.46)),
    ),
)
MARGRIT = Person(
    id="margrit-zurcher",
    name="Margrit Zürcher",
    capacity="patient",
    role="patient",
    story="her consent has run out",
    consent=Consent(
        channels=("intranet", "website", "print"),
        signed="2020-10-01",
        until="2025-09-30",
        biometric=True,
    ),
    look=Identity(
        features=Features.of(
            *(-1.1, 0.04, -1.67, -2.0, 1.49, 1.4, -1.04, 0.85, -0.1, 0.46, -2.0, -1.9, -0.51),
            *(0.78, -1.2, -2.0, 1.48, 2.0, 1.8, 0.69, -2.0, 1.85, 1.24, -1.16, -1.81, -1.0, 1.38),
        ),
        male=False,
        skin=0.8,
        hair="grey",
        iris="grey",
        style="bob",
        glasses="thin",
        age=0.95,
        lips=0.4,
        seed=104,
        outfit=Outfit(garment="cardigan", colour=MOSS, under=(0.92, 0.90, 0.86)),
    ),
)
LOIC = Person(
    id="loic-berthoud",
    name="Loïc Berthoud",
    capacity="staff",
    role="apprentice",
    story="took his consent back",
    consent=Consent(
        channels=("intranet", "website", "social"),
        signed="2025-08-18",
        until="2035-08-17",
        biometric=True,
        withdrawn="2026-05-18",
    ),
    look=Identity(
        features=Features.of(
            *(-2.0, 2.0, 0.7, 0.62, -1.8, -1.48, -0.17, 1.56, -0.82, -0.29, -2.0, -0.21, -2.0),
            *(-2.0, -2.3, 2.0, 0.51, -0.29, 0.35, -0.91, -2.0, 1.04, 1.8, 0.81, 0.05, 0.41, 1.78),
        ),
        male=True,
        skin=2.1,
        hair="dark brown",
        iris="dark brown",
        style="side",
        age=0.1,
        seed=105,
        outfit=Outfit(garment="shirt", colour=SKY, badge=True),
    ),
)
MILA = Person(
    id="mila-kung",
    name="Mila Küng",
    capacity="patient",
    role="patient, a child",
    story="her mother agreed to intranet and print, and to no template",
    birth_year=2018,
    consent=Consent(
        channels=("intranet", "print"),
        signed="2026-03-20",
        until="2029-03-19",
        biometric=False,
        guardian="Regula Küng",
    ),
    look=Identity(
        features=Features.of(
            *(0.8, 0.42, 0.07, -1.1, 0.18, -0.05, 0.62, -0.24, 0.01),
            *(0.56, 0.6, 0.21, -0.09, 0.02, -1.1, 0.0, -0.13, -0.28),
            *(-0.95, -1.0, -0.77, 0.74, 1.1, -0.1, 0.7, 0.9, -1.1),
        ),
        male=False,
        skin=1.0,
        hair="brown",
        iris="hazel",
        style="fringe",
        age=0,
        child=1,
        lips=0.2,
        seed=201,
        outfit=Outfit(garment="tee", colour=(0.93, 0.72, 0.34)),
    ),
)
ELODIE = Person(
    id="elodie-rochat",
    name="Élodie Rochat",
    capacity="staff",
    role="laboratory technician",
    story="agreed to everything; her twin refused",
    twin_of="aline-rochat",
    consent=Consent(channels=CHANNELS, signed="2026-01-15", until="2036-01-14", biometric=True),
    look=Identity(
        features=ROCHAT,
        male=False,
        skin=1.5,
        hair="red",
        iris="blue",
        style="bun",
        age=0.25,
        lips=0.45,
        seed=202,
        outfit=_coat((0.80, 0.62, 0.55)),
    ),
)
ALINE = Person(
    id="aline-rochat",
    name="Aline Rochat",
    capacity="staff",
    role="laboratory technician",
    story="refused; her twin agreed",
    twin_of="elodie-rochat",
    refused="2026-01-15",
    look=Identity(
        features=Features.of(
            *(0.96, 1.20, -1.40, -0.92, 0.52, 0.1, 0.82, -1.48, -0.1, -0.48, -1.85, 0.60, -0.2),
            *(-0.06, 1.85, -1.05, -1.9, -1.45, 0.24, -0.25, -0.7, -1.9, -1.4, -1.0, 0.6, -0.75),
            *(0.42,),
        ),
        male=False,
        skin=1.5,
        hair="red",
        iris="blue",
        style="bun",
        age=0.25,
        lips=0.40,
        seed=212,
        outfit=_coat((0.45, 0.60, 0.58)),
    ),
)
WERNER = Person(
    id="werner-hafliger",
    name="Werner Häfliger",
    capacity="patient",
    role="patient",
    story="was never asked",
    look=Identity(
        features=Features.of(
            *(0.33, 0.82, 0.95, 1.9, -1.06, -1.9, -0.19, 1.52, 1.9, -0.62, 1.08, -0.67, 1.22, 1.44),
            *(-0.13, -0.79, -1.03, -1.54, -1.14, -0.62, -1.9, -1.55, 1.45, -1.04, -0.49, -1.25),
            *(0.69,),
        ),
        male=True,
        skin=0.8,
        hair="white",
        iris="blue",
        style="recede",
        age=0.95,
        seed=203,
        outfit=Outfit(garment="gown", colour=(0.72, 0.82, 0.86), under=(0.38, 0.52, 0.62)),
    ),
)
PRIYA = Person(
    id="priya-ramanathan",
    name="Priya Ramanathan",
    capacity="staff",
    role="radiographer",
    story="refused",
    refused="2026-02-10",
    look=Identity(
        features=Features.of(
            *(-0.77, -1.0, 1.59, 0.36, 0.2, -0.46, 0.27, -1.19, -0.06, -0.37, 1.9, 1.35, -0.14),
            *(0.78, 0.15, 1.24, 0.9, -1.86, -0.44, -1.76, -0.31, 0.64, -1.9, 1.2, -0.6, -1.68, 1.9),
        ),
        male=False,
        skin=3.0,
        hair="black",
        iris="dark brown",
        style="long",
        age=0.35,
        lips=0.5,
        seed=204,
        outfit=_scrubs(NAVY),
    ),
)
LINH = Person(
    id="linh-dubach",
    name="Linh Dubach",
    capacity="staff",
    role="communications officer",
    story="website, social media and newsletter, and to no template",
    consent=Consent(
        channels=("website", "social", "newsletter"),
        signed="2026-04-01",
        until="2036-03-31",
        biometric=False,
    ),
    look=Identity(
        features=Features.of(
            *(-1.37, -0.43, -1.41, -0.37, -1.9, 0.16, -1.5, 1.73, 1.9),
            *(-1.45, 0.58, -0.12, -0.84, -0.22, -0.75, -1.9, -0.37, -0.34),
            *(0.15, -1.81, 1.07, 1.9, -1.02, 0.23, -0.35, -0.14, 1.57),
        ),
        male=False,
        skin=2.0,
        hair="black",
        iris="dark brown",
        style="bob",
        glasses="heavy",
        age=0.15,
        lips=0.4,
        seed=205,
        outfit=Outfit(garment="cardigan", colour=NAVY, under=(0.92, 0.90, 0.86)),
    ),
)
TIZIANO = Person(
    id="tiziano-ravelli",
    name="Tiziano Ravelli",
    capacity="visitor",
    role="visitor",
    story="nobody knows him here",
    look=Identity(
        features=Features.of(
            *(1.12, 0.73, 0.92, -0.24, -0.21, -1.6, 1.79, 0.4, -0.34),
            *(1.06, -1.63, 1.17, 1.23, -0.56, -0.58, -0.75, -1.17, -0.83),
            *(-0.75, -0.78, 0.88, 0.06, 1.05, 1.01, 1.24, -0.84, 1.06),
        ),
        male=True,
        skin=2.4,
        hair="dark brown",
        iris="brown",
        style="short",
        beard=0.35,
        age=0.5,
        seed=206,
        outfit=Outfit(garment="shirt", colour=SAND),
    ),
)

CAST = (
    *(DESIRE, ZOE, JURG, NADEGE, MARGRIT, LOIC, MILA),
    *(ELODIE, ALINE, WERNER, PRIYA, LINH, TIZIANO),
)
