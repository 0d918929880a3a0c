"""What the institution demands of a consent."""

from __future__ import annotations

import dataclasses

# The channels a Swiss hospital publishes on. An institution may name its own in
# clearance.toml; a form always asks for each channel by itself, never for "all".
CHANNELS = ("intranet", "website", "social", "press", "print", "newsletter", "tv")


@dataclasses.dataclass(frozen=True, slots=True)
class Policy:
    """The demands that `decide` applies and the registry enforces.

    `portrait_days` is how long a portrait waits, encrypted and unmatched, for a
    consent with the biometric tick before it is deleted.
    """

    channels: tuple[str, ...] = CHANNELS
    portrait_days: int = 30
