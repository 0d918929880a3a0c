"""Every sample picture: where, who, and what it is good for."""

import numpy as np

from sample_media.draw import scenery
from sample_media.draw.cast import (
    ALINE,
    CAST,
    DESIRE,
    ELODIE,
    JURG,
    LINH,
    LOIC,
    MARGRIT,
    MILA,
    NADEGE,
    PRIYA,
    TIZIANO,
    WERNER,
    ZOE,
    Person,
)
from sample_media.draw.composition import Prop, Scene, Stand
from sample_media.draw.fields import Array
from sample_media.draw.figure import Pose
from sample_media.draw.identity import Outfit, random_identity
from sample_media.draw.photograph import Shot
from sample_media.draw.rendering import FLAT, STUDIO, WARM, WINDOW

WIDE, TALL = (1600, 1067), (1067, 1600)
SECOND_PORTRAITS = (DESIRE, ZOE, JURG, NADEGE, ELODIE)


def _stand(
    person: Person,
    at: tuple[float, float],
    size: float,
    *,
    yaw: float = 0,
    pitch: float = 0,
    roll: float = 0,
    smile: float = 0.2,
    mask: bool = False,
    outfit: Outfit | None = None,
    note: str | None = None,
) -> Stand:
    return Stand(
        look=person.look,
        person=person.id,
        at=at,
        size=size,
        pose=Pose(yaw=yaw, pitch=pitch, roll=roll, smile=smile, mask=mask),
        outfit=outfit,
        note=note,
    )


def _stranger(seed: int, at: tuple[float, float], size: float, yaw: float = 0) -> Stand:
    return Stand(
        look=random_identity(seed),
        person=None,
        at=at,
        size=size,
        pose=Pose(yaw=yaw, smile=0.1),
    )


def _backcloth(size: tuple[int, int]) -> Array:
    """The plain grey of a portrait booth, brighter in the middle."""
    columns, rows = size
    x = np.linspace(-1, 1, columns, dtype=np.float32)[None, :, None]
    y = np.linspace(-1, 1, rows, dtype=np.float32)[:, None, None]
    glow = np.exp(-(x**2 + (y + 0.2) ** 2))
    return np.asarray(np.array([0.62, 0.66, 0.68], np.float32) + 0.16 * glow)


def _portrait(person: Person, number: int) -> Scene:
    second = number == 2
    return Scene(
        file=f"portraits/{person.id}-{number}.jpg",
        size=(640, 720),
        place=_backcloth,
        items=(
            _stand(
                person,
                (0.5, 0.46),
                0.50,
                yaw=14 if second else 0,
                smile=0.6 if second else 0.12,
            ),
        ),
        lighting=FLAT if second else STUDIO,
        shot=Shot(camera=None),
        note="second enrolment portrait" if second else "enrolment portrait",
    )


PORTRAITS = (
    *(_portrait(person, 1) for person in CAST),
    *(_portrait(person, 2) for person in SECOND_PORTRAITS),
)

WARD_OPENING = Scene(
    file="ward-opening.jpg",
    size=(2400, 1600),
    place=scenery.ward_entrance,
    items=(
        _stand(PRIYA, (0.270, 0.355), 0.158, yaw=6, smile=0.3),
        _stand(DESIRE, (0.505, 0.325), 0.160, yaw=-3, smile=0.7),
        _stand(LOIC, (0.790, 0.392), 0.160, yaw=-8, smile=0.2),
        _stand(WERNER, (0.145, 0.475), 0.186, yaw=10, smile=0.1),
        _stand(NADEGE, (0.380, 0.485), 0.184, yaw=4, smile=0.6),
        _stand(JURG, (0.618, 0.455), 0.190, yaw=-4, smile=0.2),
        _stand(MARGRIT, (0.850, 0.500), 0.182, yaw=-10, smile=0.3),
        Prop(lambda canvas: scenery.ribbon(canvas, 0.855)),
    ),
    shot=Shot(taken="2026:09:04 10:15:00"),
    note="seven people, one reason to hide somebody after the other",
)


# Passers-by whom the recogniser takes for nobody in the cast: most random faces come too close.
STRANGERS = (1277, 2015, 3012, 1042, 3065, 2058, 3041, 2064, 1130, 3067, 3024)
GUESTS = {(0, 1): TIZIANO, (1, 0): LINH, (1, 3): LOIC, (2, 3): ZOE}  # row and seat


def _audience() -> tuple[Stand | Prop, ...]:
    """Three rows of a lecture hall, filled with strangers and a few people of the cast."""
    items: list[Stand | Prop] = []
    strangers = iter(STRANGERS)
    rows = ((0.19, 0.108, 6), (0.41, 0.128, 5), (0.66, 0.156, 4))
    for row, (level, size, count) in enumerate(rows):
        for seat in range(count):
            x = (seat + 0.5 + (0.12 if row % 2 else -0.06)) / count
            yaw = float((0.5 - x) * 22)
            guest = GUESTS.get((row, seat))
            if guest is None:
                items.append(_stranger(next(strangers), (x, level), size, yaw))
            else:
                items.append(_stand(guest, (x, level), size, yaw=yaw))
        items.append(Prop(scenery.seats(level + size * 1.02, (0.24, 0.34, 0.46))))
    return tuple(items)


ALBUM = (
    Scene(
        file="album/01.jpg",
        size=WIDE,
        place=scenery.corridor,
        items=(
            _stand(ZOE, (0.36, 0.42), 0.30, yaw=18, smile=0.4),
            _stand(DESIRE, (0.66, 0.39), 0.30, yaw=-16, smile=0.5),
        ),
        lighting=WINDOW,
        shot=Shot(taken="2026:09:04 09:12:40"),
        note="two colleagues who agreed to everything",
    ),
    Scene(
        file="album/02.jpg",
        size=WIDE,
        place=scenery.terrace,
        items=(
            _stand(TIZIANO, (0.77, 0.40), 0.24, yaw=-14, smile=0.1),
            _stand(MARGRIT, (0.27, 0.46), 0.27, yaw=10, smile=0.3),
            _stand(NADEGE, (0.52, 0.41), 0.26, yaw=-4, smile=0.7),
            Prop(scenery.rail),
        ),
        lighting=WARM,
        shot=Shot(taken="2026:09:04 11:48:05"),
        note="outdoors: an expired consent, intranet only, and an unknown visitor",
    ),
    Scene(
        file="album/03.jpg",
        size=WIDE,
        place=scenery.patient_room,
        shot=Shot(taken="2026:09:04 12:02:30"),
        note="nobody",
    ),
    Scene(
        file="album/04.jpg",
        size=TALL,
        place=scenery.office,
        items=(_stand(JURG, (0.5, 0.36), 0.27, yaw=8, smile=0.3),),
        shot=Shot(taken="2026:09:04 13:20:11", orientation=6),
        note="stored lying on its side (orientation 6)",
    ),
    Scene(
        file="album/05.jpg",
        size=WIDE,
        place=scenery.laboratory,
        items=(
            _stand(ELODIE, (0.33, 0.44), 0.30, yaw=6, smile=0.3),
            _stand(ALINE, (0.66, 0.45), 0.30, yaw=-6, smile=0.3),
        ),
        shot=Shot(taken="2026:09:04 13:41:52"),
        note="twins: one agreed, one refused",
    ),
    Scene(
        file="album/06.jpg",
        size=WIDE,
        place=scenery.corridor,
        items=(
            _stand(PRIYA, (0.68, 0.42), 0.28, yaw=-10, smile=0.3),
            _stand(DESIRE, (0.36, 0.40), 0.29, yaw=8, smile=0.3),
        ),
        lighting=WINDOW,
        shot=Shot(taken="2026:09:04 14:05:00"),
        hidden=(PRIYA.id,),
        note="somebody painted a face over by hand; the thumbnail still shows it",
    ),
    Scene(
        file="album/07.heic",
        size=WIDE,
        place=scenery.office,
        items=(
            _stand(LINH, (0.20, 0.44), 0.26, yaw=14, smile=0.3),
            _stand(JURG, (0.80, 0.42), 0.27, yaw=-14, smile=0.1),
            _stand(ZOE, (0.50, 0.44), 0.27, smile=0.5),
            Prop(lambda canvas: scenery.table(canvas, 0.80)),
        ),
        shot=Shot(taken="2026:09:04 14:30:27"),
        note="HEIC, as telephones write it",
    ),
    Scene(
        file="album/08.jpg",
        size=WIDE,
        place=scenery.patient_room,
        items=(
            _stand(WERNER, (0.38, 0.48), 0.28, yaw=10, smile=0.2),
            _stand(NADEGE, (0.66, 0.40), 0.29, yaw=-8, mask=True, note="surgical mask"),
        ),
        shot=Shot(taken="2026:09:04 15:10:44"),
        note="a surgical mask, and a patient nobody has asked",
    ),
    Scene(
        file="album/09.jpg",
        size=WIDE,
        place=scenery.playroom,
        items=(
            _stand(
                ZOE, (0.60, 0.38), 0.29, yaw=-8, smile=0.6, outfit=Outfit(colour=(0.28, 0.45, 0.50))
            ),
            _stand(MILA, (0.38, 0.58), 0.26, yaw=6, smile=0.5, note="child"),
        ),
        shot=Shot(taken="2026:09:04 15:32:09"),
        note="a child whose mother agreed to intranet and print",
    ),
    Scene(
        file="album/10.jpg",
        size=(2000, 1333),
        place=scenery.lecture_hall,
        items=_audience(),
        shot=Shot(taken="2026:09:04 16:00:00"),
        note="an audience: many small faces, most of them strangers",
    ),
    Scene(
        file="album/11.jpg",
        size=WIDE,
        place=scenery.ward_entrance,
        items=(
            _stand(LOIC, (0.975, 0.42), 0.30, yaw=-12, note="cut off by the edge"),
            _stand(LINH, (0.46, 0.43), 0.30, yaw=-32, smile=0.3, note="turned away"),
        ),
        shot=Shot(taken="2026:09:04 16:20:15", orientation=3),
        note="a turned head, a face cut off by the edge, stored upside down (orientation 3)",
    ),
    Scene(
        file="album/12.jpg",
        size=TALL,
        place=scenery.terrace,
        items=(
            _stand(
                ELODIE,
                (0.5, 0.40),
                0.25,
                yaw=-6,
                smile=0.6,
                outfit=Outfit(colour=(0.25, 0.45, 0.42)),
            ),
        ),
        lighting=WARM,
        shot=Shot(taken="2026:09:04 17:02:58", orientation=8),
        note="one of the twins alone, out of her working clothes (orientation 8)",
    ),
)

SCENES = (*PORTRAITS, WARD_OPENING, *ALBUM)
