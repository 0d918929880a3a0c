"""Every language says everything, in its own spelling."""

from __future__ import annotations

import re

import pytest

from consent.policy import CHANNELS
from forms.errors import FormLanguageError
from forms.wording import FORM_LANGUAGES, LANGUAGES, form_language, load_wording

KEYS = set(load_wording("en").texts)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_key_and_no_empty_one(language: str) -> None:
    wording = load_wording(language)
    assert set(wording.texts) == KEYS
    assert all(text.strip() == text and text for text in wording.texts.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_and_markup_are_the_same_everywhere(language: str) -> None:
    english = load_wording("en").texts
    for key, text in load_wording(language).texts.items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", english[key])), key
        assert text.count("<b>") == text.count("</b>") == english[key].count("<b>"), key


def test_german_is_swiss() -> None:
    assert not any("ß" in text for text in load_wording("de").texts.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_typography_is_not_a_typewriter(language: str) -> None:
    assert not any(re.search("['\"]", text) for text in load_wording(language).texts.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_channel_is_asked_by_itself_and_there_is_no_all(language: str) -> None:
    for section in ("channel", "crowd_channel"):
        assert tuple(load_wording(language).section(section)) == CHANNELS


def test_french_signs_stand_behind_a_space_that_does_not_break() -> None:
    texts = " ".join(load_wording("fr").texts.values())
    assert not re.search("[^\u00a0\\d][;?!»]|«[^\u00a0]|[^\u00a0\\d]:", texts)


def test_two_languages_have_one_order() -> None:
    assert form_language("de", "fr") == form_language("fr", "de") == "fr+de"
    assert form_language("it", "it") == form_language("it") == "it"
    assert len(FORM_LANGUAGES) == 10
    with pytest.raises(FormLanguageError):
        form_language("fr", "rm")


def test_an_unknown_language_is_named() -> None:
    with pytest.raises(FormLanguageError, match=r"'rm'.*fr, de, it, en"):
        load_wording("rm")
