"""The wording of the consent forms, one TOML file per language, and two languages at once."""

from __future__ import annotations

import dataclasses
import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path

from forms.errors import FormLanguageError

LANGUAGES = ("fr", "de", "it", "en")
BESIDE = "+"
"""Between the two languages of a form that has both side by side, as in `fr+de`."""
FORM_LANGUAGES = (
    *LANGUAGES,
    *(
        f"{first}{BESIDE}{second}"
        for number, first in enumerate(LANGUAGES)
        for second in LANGUAGES[number + 1 :]
    ),
)
"""Every language and pair in which there are forms; a pair has one order only."""
_FOLDER = Path(__file__).resolve().parent / "texts"

Text = tuple[str, ...]
"""A sentence in each language of a form: one of them, or two."""


@dataclasses.dataclass(frozen=True, slots=True)
class Wording:
    """Every sentence of the forms in one language, by `section.key`."""

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


class Words:
    """The wording of one form, and which of its sentences were asked for.

    What was asked for is what stands on the form: its fingerprint is made of that.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self._wordings = tuple(load_wording(one) for one in _split(language))
        self.used: dict[str, Text] = {}

    def __getitem__(self, key: str) -> Text:
        """A sentence in each language of the form; KeyError where it is missing."""
        return self.used.setdefault(key, tuple(one[key] for one in self._wordings))

    def section(self, name: str) -> dict[str, Text]:
        """The questions of a section by key, in the order of the file, without its heading."""
        return {key: self[f"{name}.{key}"] for key in self._wordings[0].section(name)}

    def line(self, key: str) -> str:
        """A short sentence as one line: both languages of a form that has two."""
        return joined(self[key])


def joined(text: Text) -> str:
    """A short text in its languages, one after the other; once where they say the same."""
    return " / ".join(dict.fromkeys(text))


def form_language(first: str, second: str = "") -> str:
    """The name of a form's language, or of its two languages in the one order there is.

    Raises:
        FormLanguageError: there is no form in one of them.
    """
    for language in filter(None, (first, second)):
        _check(language)
    languages = sorted({first, second or first}, key=LANGUAGES.index)
    return BESIDE.join(languages)


@functools.cache
def load_wording(language: str) -> Wording:
    """The forms' wording in a language.

    Raises:
        FormLanguageError: there is no form in that language.
    """
    _check(language)
    sections = tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    return Wording(
        language,
        {
            f"{section}.{key}": text
            for section, texts in sections.items()
            for key, text in texts.items()
        },
    )


def _split(language: str) -> list[str]:
    languages = language.split(BESIDE)
    for one in languages:
        _check(one)
    return languages


def _check(language: str) -> None:
    if language not in LANGUAGES:
        raise FormLanguageError(
            "There is no consent form in {language!r}. Choose one of {known}.",
            language=language,
            known=", ".join(LANGUAGES),
        )
