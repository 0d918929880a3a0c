"""The notice at the door says in every language what holds, and fits its page."""

from __future__ import annotations

import itertools
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from clearance.commandline import ExitCode
from clearance.settings import Institution
from forms.errors import FormLanguageError, FormOverflowError
from forms.notice import print_notice
from forms.wording import LANGUAGES
from tests.commands import ROOT, run
from tests.forms.paper import codes, images, squeezed, words

TEXTS = tomllib.loads((ROOT / "forms" / "texts" / "notices.toml").read_text(encoding="utf-8"))
HOUSE = Institution(name="Hôpital du Lac", contact="images@example.ch")


def printed(path: Path, *languages: str, **more: Any) -> Path:
    print_notice(path, languages=languages, institution=HOUSE, **more)
    return path


def test_every_language_says_the_same() -> None:
    assert tuple(TEXTS) == LANGUAGES
    assert len({tuple(texts) for texts in TEXTS.values()}) == 1
    assert "ß" not in str(TEXTS["de"])
    french = " ".join(TEXTS["fr"].values())
    assert not re.search("[^\u00a0][:;?!]", french)


@pytest.mark.parametrize("languages", list(itertools.permutations(LANGUAGES, 2)))
def test_everything_is_on_one_page(tmp_path: Path, languages: tuple[str, str]) -> None:
    path = printed(
        tmp_path / "n.pdf",
        *languages,
        event="Portes ouvertes",
        photographer="Foto Frei",
        address="https://example.ch/images",
    )
    text = words(path)
    for language in languages:
        for sentence in TEXTS[language].values():
            assert squeezed(sentence) in text
    for part in ("Portes ouvertes", "Foto Frei", HOUSE.name, HOUSE.contact):
        assert part in text
    (page,) = images(path)
    assert codes(page) == ["https://example.ch/images"]


def test_all_four_languages_fit(tmp_path: Path) -> None:
    text = words(printed(tmp_path / "n.pdf", *LANGUAGES))
    assert all(squeezed(TEXTS[language]["later"]) in text for language in LANGUAGES)
    assert not codes(images(tmp_path / "n.pdf")[0])


def test_what_does_not_fit_or_is_not_there_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "n.pdf"
    with pytest.raises(FormOverflowError):
        printed(path, *LANGUAGES, event="A name that goes on and on " * 30)
    with pytest.raises(FormLanguageError):
        printed(path, "rm")
    assert not path.exists()


def test_markup_in_a_name_is_only_text(tmp_path: Path) -> None:
    assert "<b>Ball & Co" in words(printed(tmp_path / "n.pdf", "en", event="<b>Ball & Co"))


def test_the_command_writes_it(tmp_path: Path) -> None:
    out = tmp_path / "n.pdf"
    told = run(
        *("forms", "notice", "-o", out, "--event", "Open day", "--also", "fr", "--lang", "en"),
        *("--registry", tmp_path / "none"),
    ).assert_exit(ExitCode.CLEARED)
    assert str(out) in told.result.output.replace("\n", "")
    text = words(out)
    assert TEXTS["en"]["title"] in text
    assert squeezed(TEXTS["fr"]["title"]) in text
