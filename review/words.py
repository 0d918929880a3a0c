"""Words that several pages of the desk need."""

from __future__ import annotations

_LANGUAGES = {"fr": "Français", "de": "Deutsch", "it": "Italiano", "en": "English"}


def language_name(code: str) -> str:
    """A language as it calls itself."""
    return _LANGUAGES[code]
