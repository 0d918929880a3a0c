"""The pure decision: do these consents allow this use?"""

from __future__ import annotations

import enum


class Reason(enum.StrEnum):
    """Why a person's consents do not allow a use."""

    NO_CONSENT = "no_consent"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    CHANNEL_NOT_COVERED = "channel_not_covered"
