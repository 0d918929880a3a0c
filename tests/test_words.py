"""Every word a person reads is there in every language, and the right language is chosen."""

from __future__ import annotations

import ast
import functools
import gettext
import locale
import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

import cli
from clearance.language import LANGUAGES, language
from clearance.results import FaceReason, Outcome
from consent.decision import Reason

ROOT = Path(__file__).resolve().parent.parent
# What `poe words` runs.
TASK = runpy.run_path(str(ROOT / "locale" / "update.py"))
SOURCES: list[Path] = list(TASK["sources"]())
TRANSLATED = [code for code in LANGUAGES if code != "en"]
# Typed by the reader, or a name: they stand in every language as they are.
UNTOUCHED = re.compile(
    r"--\w+|clearance (?:init|people list)|CLEARANCE_KEY_FILE|chmod \d+|clearance\.toml"
    r"|\.(?:json|pdf|jpg)|JSON|JPEG|PNG|TIFF|TOML|MiB|SHA-256|SQLite|\d{2,}"
)
FILLED_IN = re.compile(r"\{(\w+)")
# Longer verdicts break within a word in the columns of the report.
LONGEST_VERDICT = 18


@functools.cache
def template() -> Catalog:
    """What the code says, as the task finds it."""
    found: Catalog = TASK["messages"]()
    return found


def po_file(code: str) -> Path:
    path: Path = TASK["po_file"](code)
    return path


@functools.cache
def catalogue(code: str) -> Catalog:
    """One language's words, as the translators edit them."""
    with po_file(code).open("rb") as stream:
        return read_po(stream, locale=code)


def messages(catalog: Catalog) -> list[Message]:
    """All but the header."""
    return [message for message in catalog if message.id]


def forms(text: object) -> tuple[str, ...]:
    """Singular and plural, or the only form there is."""
    return (text,) if isinstance(text, str) else tuple(text)  # type: ignore[arg-type]


def translations(code: str) -> list[str]:
    return [text for message in messages(catalogue(code)) for text in forms(message.string)]


def test_the_extractor_finds_all_rooms() -> None:
    said = {form for message in messages(template()) for form in forms(message.id)}
    assert {"blocked", "Signed consents.", "Clearance report", "{n} pictures"} <= said
    # Errors of each room, and one whose class is that of another error.
    assert {
        "it is blank",
        "this is a folder; name a photo or a video",
        "must be 0, or at least {least}",
    } <= said
    assert {"A serial is given twice; each form needs its own.", "{name}: {cause}"} <= said
    assert "{cause} The earlier copy {path} was removed." in said


def is_literal(template: ast.expr) -> bool:
    return isinstance(template, ast.Constant) and isinstance(template.value, str)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_error_can_be_translated(path: Path) -> None:
    """An f-string, or a name, would be filled in before it can be looked up."""
    spoken = [ast.unparse(node) for node in TASK["error_templates"](path) if not is_literal(node)]
    assert spoken == []


@pytest.mark.parametrize(
    ("call", "literal"),
    [
        ('PhotoUnreadableError("{name} is empty", name=name)', True),
        ('PhotoUnreadableError("{name} " "is empty", name=name)', True),
        ('errors.PhotoUnreadableError(f"{name} is empty")', False),
        ('PhotoUnreadableError("{} is empty".format(name))', False),
        ("type(error)(str(error))", False),
        ("PhotoUnreadableError(template=text)", False),
        ("PhotoUnreadableError(*texts)", False),
    ],
)
def test_a_planted_untranslatable_error_is_seen(tmp_path: Path, call: str, literal: bool) -> None:
    (tmp_path / "planted.py").write_text(f"raise {call}\n")
    (found,) = TASK["error_templates"](tmp_path / "planted.py")
    assert is_literal(found) is literal


@pytest.mark.parametrize("code", TRANSLATED)
def test_every_message_is_translated(code: str) -> None:
    for wanted in messages(template()):
        found = catalogue(code).get(wanted.id)
        assert found, f"{wanted.id!r} is missing: run the task `words`, then translate"
        assert not found.fuzzy, wanted.id
        assert len(forms(found.string)) == len(forms(wanted.id)), wanted.id
        assert all(form.strip() == form and form for form in forms(found.string)), wanted.id


@functools.cache
def texts() -> frozenset[object]:
    """Every text that stands in the code."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES]
    return frozenset(
        node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)
    )


@pytest.mark.parametrize("code", TRANSLATED)
def test_nothing_is_translated_that_nobody_says(code: str) -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in TASK["templates"]())
    translated = {form for message in messages(catalogue(code)) for form in forms(message.id)}
    assert not {form for form in translated - texts() if f'"{form}"' not in pages}


@pytest.mark.parametrize("code", TRANSLATED)
def test_what_is_filled_in_or_typed_is_the_same_everywhere(code: str) -> None:
    for message in messages(catalogue(code)):
        for english, translated in zip(forms(message.id), forms(message.string), strict=True):
            for same in (UNTOUCHED, FILLED_IN):
                assert sorted(same.findall(translated)) == sorted(same.findall(english))


@pytest.mark.parametrize("code", TRANSLATED)
def test_the_files_are_as_the_task_writes_them(code: str) -> None:
    words = TASK["updated"](code, template())
    assert po_file(code).read_bytes() == TASK["written"](words), "run the task `words`"
    assert po_file(code).with_suffix(".mo").read_bytes() == TASK["compiled"](words)


@pytest.mark.parametrize("code", TRANSLATED)
def test_the_header_names_nobody(code: str) -> None:
    header = dict(catalogue(code).mime_headers)
    named = ("Report-Msgid-Bugs-To", "Last-Translator", "Language-Team")
    assert [header[name] for name in named] == ["", "", ""]
    assert not re.search(r"@|https?://", po_file(code).read_text(encoding="utf-8"))


def test_german_is_swiss() -> None:
    assert not any("ß" in text for text in translations("de"))


def test_french_signs_keep_to_their_word() -> None:
    # A no-break space stands before them.
    assert not any(re.search(r"[^\u00a0][:;!?](?!\w)", text) for text in translations("fr"))


@pytest.mark.parametrize("code", TRANSLATED)
def test_typography_is_not_a_typewriter(code: str) -> None:
    assert not any(re.search("['\"]|\\.\\.\\.|  ", text) for text in translations(code))


def helped(name: str, command: Any) -> Iterator[tuple[str, str | None]]:
    """Each command, argument and option with its help text."""
    yield name, command.help
    for parameter in command.params:
        # Typer's own options bring Typer's own words.
        if parameter.name not in {"install_completion", "show_completion"}:
            yield f"{name} {parameter.name}", parameter.help
    for below, subcommand in getattr(command, "commands", {}).items():
        yield from helped(f"{name} {below}", subcommand)


@pytest.mark.parametrize("app", ["app", "clear_app"])
def test_every_command_and_option_has_a_help_that_is_translated(app: str) -> None:
    texts = dict(helped(app, typer.main.get_command(getattr(cli, app))))
    assert len(texts) > 5
    known = {form for message in messages(template()) for form in forms(message.id)}
    assert {name: text for name, text in texts.items() if text not in known} == {}


@pytest.mark.parametrize("code", TRANSLATED)
def test_verdicts_and_reasons_are_words_not_codes(code: str) -> None:
    words, english = language(code), language("en")
    for outcome in Outcome:
        assert words.outcome(outcome) not in {outcome.value, english.outcome(outcome)}
        assert len(words.outcome(outcome)) <= LONGEST_VERDICT
    for reason in (*FaceReason, *Reason):
        assert words.reason(reason) not in {reason.value, english.reason(reason)}


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_two_verdicts_or_reasons_read_the_same(code: str) -> None:
    words = language(code)
    assert len({words.outcome(outcome) for outcome in Outcome}) == len(Outcome)
    reasons = (*FaceReason, *Reason)
    assert len({words.reason(reason) for reason in reasons}) == len(reasons)


@pytest.mark.parametrize(
    ("code", "none", "one", "two"),
    [
        ("fr", "{n} image", "{n} image", "{n} images"),
        ("de", "{n} Bilder", "{n} Bild", "{n} Bilder"),
        ("it", "{n} immagini", "{n} immagine", "{n} immagini"),
        ("en", "{n} pictures", "{n} picture", "{n} pictures"),
    ],
)
def test_none_one_and_two(code: str, none: str, one: str, two: str) -> None:
    ngettext = language(code).ngettext
    said = [ngettext("{n} picture", "{n} pictures", n) for n in (0, 1, 2)]
    assert said == [none, one, two]


def test_english_needs_no_catalogue() -> None:
    assert gettext.find("clearance", str(ROOT / "locale"), ["en"]) is None
    assert language("en").outcome(Outcome.REVIEW) == "look at it"


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine that says nothing about its user's language."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANGUAGE", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(locale, "getlocale", lambda: (None, None))
    return monkeypatch


@pytest.mark.parametrize(
    ("asked", "spoken", "blocked"),
    [
        ("fr", "fr", "bloqué"),
        ("fr_CH.UTF-8", "fr", "bloqué"),
        ("de-CH", "de", "gesperrt"),
        ("IT", "it", "bloccato"),
        ("en_GB", "en", "blocked"),
        ("rm", "en", "blocked"),
        ("../fr", "en", "blocked"),
        ("", "en", "blocked"),
        (None, "en", "blocked"),
    ],
)
@pytest.mark.usefixtures("nowhere")
def test_the_language_asked_for_is_spoken(asked: str | None, spoken: str, blocked: str) -> None:
    words = language(asked)
    assert words.code == spoken
    assert words.outcome(Outcome.BLOCKED) == blocked


@pytest.mark.parametrize(
    ("environment", "spoken"),
    [
        ({"LC_ALL": "fr_CH.UTF-8", "LANG": "de_CH.UTF-8"}, "fr"),
        ({"LC_MESSAGES": "it_CH", "LANG": "de_CH.UTF-8"}, "it"),
        ({"LANGUAGE": "de:fr", "LANG": "fr_CH.UTF-8"}, "de"),
        ({"LANG": "it_CH.UTF-8"}, "it"),
        ({"LC_ALL": "", "LANG": "fr_CH.UTF-8"}, "fr"),
        ({"LC_ALL": "C"}, "en"),
        ({"LANG": "rm_CH.UTF-8"}, "en"),
    ],
)
def test_the_environment_chooses_where_nobody_asks(
    nowhere: pytest.MonkeyPatch, environment: dict[str, str], spoken: str
) -> None:
    for name, value in environment.items():
        nowhere.setenv(name, value)
    assert language().code == spoken
    assert language("en").code == "en"


def test_windows_spells_its_languages_out(nowhere: pytest.MonkeyPatch) -> None:
    nowhere.setattr(locale, "getlocale", lambda: ("German_Switzerland", "1252"))
    assert language().code == "de"
