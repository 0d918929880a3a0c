"""The law an institution lives under: one profile a law, each in four languages.

The wording is legal content. It stands in `clearance/profiles`, one file a profile, and
names an article only where that was looked up; the rest is in `to_confirm`.
"""

from __future__ import annotations

import dataclasses
import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clearance.errors import LegalTextUnknownError
from consent.admission import LANGUAGES

PROFILES = ("ch-vs", "ch-ge", "ch-vd", "ch-private", "fr", "de", "eu-generic")
_FOLDER = Path(__file__).resolve().parent / "profiles"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LegalProfile:
    """What one law says, in sentences for people.

    Attributes:
        name: of the profile, one of `PROFILES`.
        title: whom it is for.
        record_title: what the law calls the record of processing.
        data_protection_act: the act, with its date.
        image_right: whose consent a publication takes.
        authority: the name of the supervisory authority.
        authority_contact: its place and website; empty where it depends on the place.
        secrecy: the secrecy that binds who cares for patients.
        access_right: what people may learn about themselves.
        erasure: when data must go.
        record_duty: why there is a record of processing.
        biometric_basis: what allows a face to be compared.
        minors: who decides for somebody under age.
        to_confirm: what nobody has looked up yet, for a lawyer.
    """

    name: str
    title: str
    record_title: str
    data_protection_act: str
    image_right: str
    authority: str
    authority_contact: str
    secrecy: str
    access_right: str
    erasure: str
    record_duty: str
    biometric_basis: str
    minors: str
    to_confirm: tuple[str, ...]


def legal_profile(name: str, language: str) -> LegalProfile:
    """The profile of that name, in a language.

    Raises:
        LegalTextUnknownError: there is no such profile, or not in that language.
    """
    if name not in PROFILES:
        raise LegalTextUnknownError(
            "There is no legal profile {name!r}. Choose one of {known}.",
            name=name,
            known=", ".join(PROFILES),
        )
    texts = dict(legal_texts(name, language))
    return LegalProfile(name=name, to_confirm=tuple(texts.pop("to_confirm")), **texts)


def legal_texts(file: str, language: str) -> Mapping[str, Any]:
    """One language of a file of `clearance/profiles`, as it is written there.

    Raises:
        LegalTextUnknownError: it is not written in that language.
    """
    if language not in LANGUAGES:
        raise LegalTextUnknownError(
            "Legal texts are not written in {language!r}. Choose one of {known}.",
            language=language,
            known=", ".join(LANGUAGES),
        )
    texts: Mapping[str, Any] = _read(file)[language]
    return texts


@functools.cache
def _read(file: str) -> Mapping[str, Any]:
    return tomllib.loads((_FOLDER / f"{file}.toml").read_text(encoding="utf-8"))
