"""Which rules a verdict was made under: one number for all settings that bear on it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clearance.settings import Settings

_AFTER_THE_VERDICT = {"portrait_days", "retention_years"}
"""How long records are kept decides nothing about a picture."""


def policy_version(settings: Settings, *, thorough: bool = False) -> str:
    """SHA-256 over the settings that bear on a verdict or a copy, as 64 hexadecimal digits.

    The same settings give the same number, in whatever order a file says them; who the
    institution is and how it is reached does not count. Networks of the institution's own
    count by their content and use.

    Args:
        settings: as loaded.
        thorough: whether this run looked for faces thoroughly although the settings do not say so.
    """
    text = json.dumps(
        _bearing(settings, thorough), sort_keys=True, ensure_ascii=False, separators=(",", ":")
    )
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _bearing(settings: Settings, thorough: bool) -> dict[str, Any]:
    consent = dataclasses.asdict(settings.consent)
    detection = dataclasses.asdict(settings.detection)
    detection["thorough"] = thorough or settings.detection.thorough
    chosen = {settings.detection.finder, settings.detection.recogniser}
    return {
        "consent": {key: value for key, value in consent.items() if key not in _AFTER_THE_VERDICT},
        "detection": detection,
        "publication": dataclasses.asdict(settings.publication),
        "models": {name: model.tag for name, model in settings.models.items() if name in chosen},
    }
