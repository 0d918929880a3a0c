"""The wording of the consent form, one TOML file per language."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from pathlib import Path

from forms.errors import FormLanguageError

LANGUAGES = ("fr", "de", "it", "en")
_FOLDER = Path(__file__).resolve().parent / "texts"


@dataclasses.dataclass(frozen=True, slots=True)
class Wording:
    """Every sentence of the form in one language, by `section.key`."""

    language: str
    texts: Mapping[str, str]

    def __getitem__(self, key: str) -> str:
        """The sentence; a missing one is a mistake in the file and raises KeyError."""
        return self.texts[key]

    def section(self, name: str) -> dict[str, str]:
        """The questions of a section by key, in the order of the file, without its heading."""
        start = f"{name}."
        return {
            key.removeprefix(start): text
            for key, text in self.texts.items()
            if key.startswith(start) and key != f"{name}.heading"
        }


def load_wording(language: str) -> Wording:
    """The form's wording in a language.

    Raises:
        FormLanguageError: there is no form in that language.
    """
    if language not in LANGUAGES:
        raise FormLanguageError(
            "There is no consent form in {language!r}. Choose one of {known}.",
            language=language,
            known=", ".join(LANGUAGES),
        )
    sections = tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    return Wording(
        language,
        {
            f"{section}.{key}": text
            for section, texts in sections.items()
            for key, text in texts.items()
        },
    )
