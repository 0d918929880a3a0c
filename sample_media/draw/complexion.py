"""Colour on a sculpted head: skin, lips, eyes, brows and beard."""

import numpy as np

from sample_media.draw.anatomy import Head, sculpt_head
from sample_media.draw.fields import Array, blend, bump, grain, linear, ridge, smoothstep
from sample_media.draw.hair import hairline
from sample_media.draw.identity import IRIS_COLOURS, Identity
from sample_media.draw.surface import Material, Surface

SHADE = np.array([0.16, 0.08, 0.08])


def paint_head(identity: Identity, smile: float, detail: float) -> Surface:
    """Sculpt and paint the head of somebody who smiles that much (0 to 1)."""
    rng = np.random.default_rng(identity.seed + 7)
    easel = _Easel(identity, sculpt_head(identity, smile, detail), rng, detail)
    easel.flush_and_shadow()
    easel.beard()
    easel.lips(teeth=smile > 0.35)
    easel.eyes()
    easel.brows(smile)
    easel.scalp()
    return easel.finish()


class _Easel:
    """A head with the colours laid on so far; every step works on what is there."""

    def __init__(
        self, identity: Identity, head: Head, rng: np.random.Generator, detail: float
    ) -> None:
        self.identity, self.head, self.rng, self.detail = identity, head, rng, detail
        self.skin = linear(identity.skin_colour)
        self.hair = linear(identity.hair_colour)
        self.albedo = np.broadcast_to(self.skin, (*head.z.shape, 3)).copy()
        self.gloss = 0.28 * (1 - 0.35 * identity.age) + 0 * head.x
        self.glow = np.zeros_like(head.z)
        self.strands = self._grain(7, 1 / detail)

    def _grain(self, down: float, across: float) -> Array:
        shape = (self.head.z.shape[0], self.head.z.shape[1])
        return grain(self.rng, shape, down * self.detail, across * self.detail)

    def tint(self, mask: Array, colour: tuple[float, float, float]) -> None:
        """Multiply the colour in, as a shadow or a flush does."""
        self.albedo *= 1 - mask[..., None] * (1 - np.asarray(colour, np.float32))

    def paint(self, mask: Array, colour: Array | tuple[float, float, float]) -> None:
        """Cover what is there."""
        self.albedo[...] = blend(self.albedo, np.asarray(colour, np.float32), mask[..., None])

    def flush_and_shadow(self) -> None:
        """Blood under the skin, unevenness, and the darker parts around the eyes."""
        head, marks, lines = self.head, self.head.marks, self.head.wrinkles
        x, y, side = head.x, head.y, head.side
        fair = 1 - float(np.clip(self.identity.skin, 0, 5)) / 6
        cheek = 0.6 + 0.25 * self.identity.child
        flush = cheek * bump(side, y, (0.36, marks.nose_base + 0.12), (0.13, 0.10))
        flush += 0.45 * bump(x, y, (0, marks.nose_tip), (0.10, 0.06))
        flush += 0.25 * bump(x, y, (0, -0.9), (0.2, 0.1)) + 0.3 * head.eyes.inside
        uneven = 0.04 * self._grain(14, 14) + 0.025 * self._grain(3.5, 3.5)
        uneven += 0.02 * self._grain(1 / self.detail, 1 / self.detail)
        self.albedo *= (1 + uneven * 0.8 * (1 - 0.5 * self.identity.child))[..., None]
        self.tint(flush * fair, (1.0, 0.80, 0.78))
        lid = 0.35 * bump(side, y, (marks.eye_x - 0.02, marks.eye_y - 0.07), (0.12, 0.05))
        lid += 0.35 * bump(side, y, (marks.eye_x, marks.eye_y + 0.07), (0.13, 0.05))
        self.tint(np.clip(lid * (1 - 0.5 * self.identity.child), 0, 1), (0.78, 0.70, 0.70))
        furrow = lines.fold * 0.45 + lines.forehead * 0.55 + lines.crow * 0.4 + lines.bag * 0.35
        self.tint(np.clip(furrow, 0, 0.8), (0.62, 0.50, 0.45))
        self.tint(head.eyes.crease * 0.75, (0.45, 0.34, 0.30))
        corner = bump(
            side, y, (marks.eye_x - marks.eye_half - 0.05, marks.eye_y + 0.03), (0.035, 0.06)
        )
        self.tint(np.clip(corner * 0.35, 0, 1), (0.7, 0.6, 0.58))
        wing = bump(side, y, (marks.nostril + 0.058, marks.nose_base + 0.05), (0.014, 0.045))
        self.tint(np.clip(wing * 0.40, 0, 1), (0.62, 0.48, 0.44))

    def beard(self) -> None:
        """Chin, jaw and moustache; a shadow on a shaven man."""
        amount = self.identity.beard or (0.12 if self.identity.male else 0)
        if not amount or self.identity.child:
            return
        head, marks, mouth = self.head, self.head.marks, self.head.mouth
        edge = marks.mouth_y + 0.10 + 0.88 * np.clip(head.side - 0.27, 0, 1)
        edge = edge + 0.03 * self._grain(6, 6)
        mask = smoothstep(0.03, -0.05, head.y - edge) * (np.cos(head.azimuth) > -0.2)
        upper = smoothstep(0.30, 0.24, head.side)
        upper = upper * smoothstep(marks.nose_base - 0.012, marks.nose_base - 0.05, head.y)
        upper = upper * smoothstep(marks.mouth_y - 0.3, marks.mouth_y, head.y)
        mask = np.maximum(mask, upper) * (1 - np.maximum(mouth.upper, mouth.lower))
        mask = mask * (1 - mouth.gap)
        under_lip = (0, marks.mouth_y - marks.lip_down - 0.03)
        mask = mask * (1 - 0.7 * bump(head.side, head.y, under_lip, (0.09, 0.02)))
        cover = np.clip(mask * amount * (0.80 + 0.25 * self.strands), 0, 0.97)
        self.paint(cover, self.hair * (0.55 if amount > 0.2 else 0.8))
        self.gloss *= 1 - 0.6 * mask * amount
        if amount > 0.5:
            head.z += mask * (0.030 + 0.006 * self.strands) * head.front

    def lips(self, *, teeth: bool) -> None:
        """Lips, the line between them, teeth in a wide smile, and the nostrils above."""
        head, marks, mouth = self.head, self.head.marks, self.head.mouth
        red = blend(np.array([0.86, 0.55, 0.55]), np.array([0.85, 0.30, 0.34]), self.identity.lips)
        self.paint(np.clip(mouth.upper * 0.85, 0, 1), self.skin * red * 0.80)
        self.paint(np.clip(mouth.lower * 0.85, 0, 1), self.skin * red)
        self.gloss = self.gloss + 0.35 * mouth.lower + 0.15 * mouth.upper
        if teeth:
            self._teeth()
        line = ridge(head.y - mouth.upper_edge, 0.009) * (head.side < marks.mouth_half * 0.99)
        line = line * mouth.corner**0.25
        line = line + 0.6 * ridge(head.y - mouth.lower_edge, 0.008) * (mouth.gap > 0)
        self.paint(np.clip(line * 0.85, 0, 0.9), self.skin * SHADE)
        self.paint(np.clip(head.nostrils * 1.15, 0, 0.85), self.skin * np.array([0.14, 0.07, 0.06]))

    def _teeth(self) -> None:
        head, mouth = self.head, self.head.mouth
        between = ridge(np.abs((head.side / 0.052) % 1 - 0.5), 0.05)[..., None]
        far = ((head.side / head.marks.mouth_half) ** 2)[..., None]
        tooth = linear((0.90, 0.87, 0.82)) * (1 - 0.25 * between) * (1 - 0.75 * far)
        self.albedo[...] = blend(self.albedo, tooth, mouth.gap[..., None])
        head.z -= 0.035 * mouth.gap
        shade = smoothstep(0.018, 0.0, head.y - mouth.lower_edge) * mouth.gap * 0.7
        self.paint(shade, (0.05, 0.015, 0.015))

    def eyes(self) -> None:
        """White, iris, pupil, lashes and a sparkle."""
        head, marks, eyes, pixel = self.head, self.head.marks, self.head.eyes, self.head.pixel
        inside, u, v = eyes.inside, eyes.u, eyes.v
        size = 0.060 * (1 + 0.10 * self.identity.child)
        at = (marks.eye_x - 0.008, marks.eye_y + 0.004)
        radius = np.hypot(head.side - at[0], head.y - at[1])
        turn = np.arctan2(head.y - at[1], head.x)

        white = linear((0.83, 0.80, 0.78)) * (1 - 0.30 * u**2)[..., None].clip(0.3, 1)
        self.albedo[...] = blend(self.albedo, white, inside[..., None])
        self.paint(inside * smoothstep(-0.78, -0.92, u), self.skin * np.array([0.9, 0.5, 0.5]))
        rays = np.sin(turn * 37 + 3 * np.sin(turn * 11)) * smoothstep(0.2, 0.6, radius / size)
        iris = linear(IRIS_COLOURS[self.identity.iris]) * (1.1 + 0.35 * rays)[..., None]
        iris = iris * (1 - 0.5 * smoothstep(0.0, -0.05, at[1] + 0.02 - head.y))[..., None]
        iris = iris * (1 - 0.75 * smoothstep(0.78, 1.0, radius / size))[..., None]
        disc = inside * smoothstep(size + pixel, size - pixel, radius)
        self.albedo[...] = blend(self.albedo, iris, disc[..., None])
        self.paint(inside * smoothstep(0.026, 0.021, radius), (0.006, 0.005, 0.005))
        lid_shadow = ridge(np.clip(eyes.upper - v, 0, 1), 0.022)
        self.tint(inside * lid_shadow * (0.85 - 0.3 * self.identity.child), (0.25, 0.22, 0.22))

        soft = self.identity.male or self.identity.child > 0
        lash = 0.010 + (0.0 if soft else 0.010) + 0.006 * np.clip(u, 0, 1)
        upper = np.exp(-(((v - eyes.upper - 0.002) / lash) ** 4))
        upper = upper * smoothstep(1.10, 0.98, np.abs(u))
        self.paint(
            np.clip(upper * (0.92 - 0.25 * self.identity.child), 0, 1), (0.018, 0.013, 0.012)
        )
        lower = ridge(v - eyes.lower + 0.003, 0.007) * smoothstep(1.03, 0.8, np.abs(u))
        self.paint(np.clip(lower * 0.45, 0, 1), self.skin * np.array([0.25, 0.15, 0.14]))

        centre = np.sign(head.x) * at[0]
        key = ridge(np.hypot(head.x - centre + 0.018, head.y - at[1] - 0.022), 0.011, 4)
        fill = ridge(np.hypot(head.x - centre - 0.02, head.y - at[1] + 0.02), 0.009, 4)
        self.glow = inside * np.maximum(key, 0.35 * fill)
        self.gloss = self.gloss * (1 - inside) + 0.5 * inside

    def brows(self, smile: float) -> None:
        """Two arches of short hair."""
        head, marks, f = self.head, self.head.marks, self.identity.features
        along = (head.side - (marks.eye_x - 0.175)) / 0.36
        arch = (0.045 + 0.018 * f.brow_arch) * (1 - ((along - 0.66) / 0.66) ** 2)
        level = marks.eye_y + 0.185 + 0.022 * f.brow_level + arch - 0.045
        level = level + 0.03 * f.brow_tilt * (along - 0.4) + 0.01 * smile
        full = (0.030 + 0.0085 * f.brow_thickness) * (1 - 0.25 * self.identity.child)
        thick = np.maximum(full * (1 - 0.62 * np.clip(along, 0, 1) ** 1.6), 0.010)
        hairs = self._grain(2.2, 2.2) * 0.5 + self._grain(5, 1.2 / self.detail) * 0.5
        mask = np.exp(-(np.abs((head.y - level) / thick) ** 3.0))
        mask = mask * smoothstep(-0.03, 0.08, along) * smoothstep(1.04, 0.88, along)
        light_haired = self.identity.hair in ("blond", "white")
        colour = self.hair * 0.55 * (0.5 if light_haired else 1)
        self.paint(np.clip(mask * (0.82 + 0.22 * hairs), 0, 0.95), colour)
        head.z += 0.010 * mask * head.front * (1 + 0.3 * hairs)
        self.gloss *= 1 - 0.7 * mask
        shine = 0.5 * bump(head.x, head.y, (0, 0.5), (0.25, 0.15))
        shine += 0.7 * bump(head.x, head.y, (0, marks.nose_tip), (0.06, 0.1))
        self.gloss *= 1 + shine

    def scalp(self) -> None:
        """Darken the skin under the hair, so that no bald spot shines through."""
        if self.identity.style == "bald":
            return
        head = self.head
        line = hairline(self.identity, np.degrees(np.abs(head.azimuth)))
        cover = smoothstep(-0.05, 0.03, head.y - line + 0.03 * self.strands) * 0.9
        self.paint(np.clip(cover, 0, 1), self.hair * 0.6)
        self.gloss *= 1 - 0.6 * cover

    def finish(self) -> Surface:
        """The painted head; its face is what a viewer sees from the brow's top to the chin."""
        head = self.head
        azimuth = np.degrees(np.abs(head.azimuth)) + 0 * head.y
        return Surface(
            points=np.stack([head.x + 0 * head.y, head.y, head.z], -1),
            albedo=self.albedo,
            gloss=self.gloss,
            material=Material.SKIN,
            glow=self.glow,
            is_face=(azimuth < 85) & (head.y < 0.62),
        )
