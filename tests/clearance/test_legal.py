"""Every legal profile says everything, in every language, in its own spelling."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import clearance.settings
from clearance.errors import LegalTextUnknownError
from clearance.legal import PROFILES, LegalProfile, legal_profile, legal_texts
from consent.admission import LANGUAGES

FOLDER = Path(clearance.settings.__file__).parent / "profiles"
FILES = (*PROFILES, "record")
KEYS = {field.name for field in dataclasses.fields(LegalProfile)} - {"name"}
MAY_BE_EMPTY = {"authority_contact"}


def leaves(texts: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every sentence with the path that leads to it."""
    if isinstance(texts, str):
        yield path, texts
        return
    inner = texts.items() if isinstance(texts, dict) else enumerate(texts)
    for key, value in inner:
        yield from leaves(value, f"{path}.{key}" if path else str(key))


def sentences(language: str) -> list[tuple[str, str]]:
    return [
        (f"{file}.{path}", text)
        for file in FILES
        for path, text in leaves(legal_texts(file, language))
    ]


def document(file: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{file}.toml").read_text(encoding="utf-8"))


def test_the_folder_holds_the_profiles_and_the_record_and_nothing_else() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(FILES)


def test_the_settings_allow_exactly_the_profiles_there_are() -> None:
    assert clearance.settings.Institution().legal_profile in PROFILES


@pytest.mark.parametrize("file", FILES)
def test_a_file_has_the_four_languages_and_no_other_section(file: str) -> None:
    assert tuple(document(file)) == LANGUAGES


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_profile_has_every_key_and_none_is_empty(name: str, language: str) -> None:
    assert set(document(name)[language]) == KEYS
    profile = legal_profile(name, language)
    assert profile.name == name
    empty = {key for key, text in dataclasses.asdict(profile).items() if not text}
    assert empty <= MAY_BE_EMPTY
    assert all(profile.to_confirm)


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_languages_of_a_file_say_equally_much(file: str, language: str) -> None:
    english = dict(leaves(legal_texts(file, "en")))
    texts = dict(leaves(legal_texts(file, language)))
    assert texts.keys() == english.keys()
    for key, text in texts.items():
        assert sorted(re.findall(r"\{\w*\}", text)) == sorted(re.findall(r"\{\w*\}", english[key]))
        assert bool(text) is bool(english[key]), key


@pytest.mark.parametrize("name", PROFILES)
def test_the_languages_of_a_profile_cite_the_same_articles(name: str) -> None:
    cited = {
        language: {
            key: sorted(re.findall(r"\d+\w?", text))
            for key, text in leaves(legal_texts(name, language))
            if key not in {"data_protection_act", "record_title"}
        }
        for language in LANGUAGES
    }
    assert cited["fr"] == cited["de"] == cited["it"] == cited["en"]


@pytest.mark.parametrize(
    ("name", "act", "authority"),
    [
        ("ch-vs", "LIPDA", "Valais"),
        ("ch-ge", "LIPAD", "Genève"),
        ("ch-vd", "LPrD", "Vaud"),
        ("ch-private", "LPD", "PFPDT"),
        ("fr", "Informatique et Libertés", "CNIL"),
        ("de", "BDSG", "Land"),
        ("eu-generic", "2016/679", "État"),
    ],
)
def test_each_profile_is_of_its_own_law(name: str, act: str, authority: str) -> None:
    profile = legal_profile(name, "fr")
    assert act in profile.data_protection_act
    assert authority in profile.authority


@pytest.mark.parametrize("name", ["ch-vs", "ch-ge", "ch-vd"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_cantonal_institution_is_not_sent_to_the_federal_act(name: str, language: str) -> None:
    said = " ".join(text for _, text in leaves(legal_texts(name, language)))
    assert not re.search(r"\b(LPD|DSG|FADP|PFPDT|EDÖB|FDPIC|RGPD|GDPR|DSGVO)\b", said)


def test_german_is_swiss() -> None:
    assert [key for key, text in sentences("de") if "ß" in text] == []


def test_french_signs_keep_to_their_word() -> None:
    # A no-break space stands before them, and inside quotation marks.
    loose = [key for key, text in sentences("fr") if re.search(r"[^\u00a0][:;!?](?!\w)", text)]
    loose += [key for key, text in sentences("fr") if re.search(r"[^\u00a0]»|«[^\u00a0]", text)]
    assert loose == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_typography_is_not_a_typewriter(language: str) -> None:
    for key, text in sentences(language):
        assert not re.search("['\"<>]|\\.\\.\\.|  ", text), key
        assert text.strip() == text, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_is_short_enough_to_be_read(language: str) -> None:
    for key, text in sentences(language):
        assert len(text) <= 260, key


def test_an_unknown_profile_is_named_with_the_known_ones() -> None:
    with pytest.raises(LegalTextUnknownError, match=r"'ch-zz'.*ch-vs, ch-ge, .*eu-generic"):
        legal_profile("ch-zz", "fr")
    with pytest.raises(LegalTextUnknownError, match="'record'"):
        legal_profile("record", "fr")


def test_an_unknown_language_is_named_with_the_known_ones() -> None:
    with pytest.raises(LegalTextUnknownError, match=r"'rm'.*fr, de, it, en"):
        legal_profile("ch-vs", "rm")


def test_the_wheel_takes_the_whole_room_with_the_texts() -> None:
    root = FOLDER.parent.parent
    wheel = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"][
        "build"
    ]["targets"]["wheel"]
    assert "/clearance" in wheel["include"]
    assert not any("toml" in pattern or "profiles" in pattern for pattern in wheel["exclude"])
