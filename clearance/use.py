"""What somebody wants to do with the pictures of a run."""

from __future__ import annotations

import dataclasses
import datetime as dt

from consent.records import Material, Use


@dataclasses.dataclass(frozen=True, slots=True)
class IntendedUse:
    """What somebody wants to do with the pictures of a run.

    Who states no channel asks about every channel of the institution: without a
    stated use only a picture that may go anywhere is cleared. In the same way a
    `purpose` of None needs a yes to every purpose, and an `event` of None a form that
    is not about one occasion only.

    `on` is the day of publication, `until` the last day of the campaign, or None.
    `max_edge` is the longer edge of the largest version that will be published, in
    pixels; 0 is the size of the file, whatever it is.
    """

    channels: tuple[str, ...]
    on: dt.date
    max_edge: int = 0
    purpose: str | None = None
    event: str | None = None
    until: dt.date | None = None
    material: Material = Material.PHOTO

    def __post_init__(self) -> None:
        """Refuse a use of no channel: nothing would stand against it.

        Raises:
            ValueError: `channels` is empty, or the campaign ends before it begins.
        """
        if not self.channels:
            raise ValueError("a use needs a channel")
        if self.until is not None and self.until < self.on:
            raise ValueError("a campaign ends on the day it begins, or later")

    def on_channel(self, channel: str) -> Use:
        """The use of one channel, as a decision is asked about it."""
        return Use(
            channel=channel,
            on=self.on,
            purpose=self.purpose,
            material=self.material,
            event=self.event,
            until=self.until,
        )
