"""What the institution demands of a consent."""

from __future__ import annotations

import dataclasses

# The channels a Swiss hospital publishes on. An institution may name its own in
# clearance.toml; a form always asks for each channel by itself, never for "all".
CHANNELS = ("intranet", "website", "social", "press", "print", "newsletter", "tv")
# The purposes that the printed form asks about.
PURPOSES = ("services", "events", "recruitment", "training", "fundraising", "other")
# What is there can be seen in every country.
WORLDWIDE = ("website", "social", "press", "tv")


@dataclasses.dataclass(frozen=True, slots=True)
class Policy:
    """The demands that `decide` applies and the registry enforces.

    Attributes:
        channels: where the institution publishes; another one is never covered.
        purposes: what its forms ask about. Empty: they do not tell purposes apart, and
            none is asked of a use.
        worldwide_channels: those that a form with a smaller territory does not cover,
            beside every channel of the institution's own.
        country: where the other channels are seen, ISO 3166.
        minimum_evidence: the weakest proof that counts, an `EvidenceLevel`.
        guardians: how many must sign for a minor, unless one declares to hold parental
            authority alone. Two is the careful reading where no court has ruled.
        minor_signs_from: age from which a minor signs as well; about 14 is the usual
            reading of the capacity of discernment (Swiss Civil Code 16, 19c).
        combine_forms: whether two forms may together allow what neither does.
        exemptions: the kinds of `Exemption` that count. None: the house rule knows none.
        portrait_days: how long a portrait waits, encrypted and unmatched, for a consent
            with the biometric tick before it is deleted.
        retention_years: how long the forms of a person are kept once none of them holds
            any more, for claims; then the person is erased.
    """

    channels: tuple[str, ...] = CHANNELS
    purposes: tuple[str, ...] = PURPOSES
    worldwide_channels: tuple[str, ...] = WORLDWIDE
    country: str = "CH"
    minimum_evidence: str = "advanced"
    guardians: int = 2
    minor_signs_from: int = 14
    combine_forms: bool = False
    exemptions: tuple[str, ...] = ()
    portrait_days: int = 30
    retention_years: int = 10

    def is_worldwide(self, channel: str) -> bool:
        """Whether the channel is seen in every country, as far as is known.

        Nobody has said of a channel of the institution's own that it is not.
        """
        return channel in self.worldwide_channels or channel not in CHANNELS
