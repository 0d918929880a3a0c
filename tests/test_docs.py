"""The documents are true: their commands run, their tables are complete."""

from __future__ import annotations

import dataclasses
import inspect
import re
import runpy
import shlex
import shutil
from pathlib import Path

import pytest

import clearance.errors
import consent.errors
import detector.errors
import forms.errors
import review.errors
from clearance.commandline import ExitCode
from clearance.model_settings import COMMON, OF_FINDERS, OF_RECOGNISERS
from clearance.settings import Settings, load_settings
from cli import EXIT_CODES
from tests.commands import ROOT, SAMPLES, run

CONSOLE = re.compile(r"```console\n(.*?)```", re.S)
ROOMS = (clearance.errors, consent.errors, detector.errors, forms.errors, review.errors)


def commands_of(document: str) -> list[tuple[list[str], int]]:
    """Each command of the console blocks, with the exit code the document promises."""
    found: list[tuple[list[str], int]] = []
    text = (ROOT / document).read_text(encoding="utf-8")
    for block in CONSOLE.findall(text):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((shlex.split(line[2:]), 0))
            elif code := re.fullmatch(r"\[exit code (\d+)\]", line):
                found[-1] = (found[-1][0], int(code[1]))
    assert found
    return found


@pytest.mark.parametrize("document", ["README.md", "docs/guide.md"])
def test_every_command_does_what_the_document_says(
    document: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(SAMPLES, tmp_path / "sample_media")
    monkeypatch.chdir(tmp_path)
    for command, code in commands_of(document):
        program, *arguments = command
        assert program in {"clear", "clearance"}
        words = ["check", *arguments] if program == "clear" else arguments
        run(*words).assert_exit(ExitCode(code))


def documented(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


def errors_of(room: object) -> list[type[Exception]]:
    return [
        kind
        for _, kind in inspect.getmembers(room, inspect.isclass)
        if issubclass(kind, Exception) and kind.__module__ == getattr(room, "__name__", "")
    ]


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.__name__)
def test_every_error_has_its_remedy_and_its_number(room: object) -> None:
    text = documented("docs/errors.md")
    for kind in errors_of(room):
        code = next(code for base, code in EXIT_CODES if issubclass(kind, base))
        is_base = Exception in kind.__bases__
        assert is_base or f"| `{kind.__name__}` | {code.value} |" in text, kind.__name__


@pytest.mark.parametrize("document", ["docs/errors.md", "docs/architecture.md"])
def test_every_exit_code_is_documented(document: str) -> None:
    numbers = set(map(int, re.findall(r"^\| (\d+) \|", documented(document), re.M)))
    assert numbers == {code.value for code in ExitCode}


def test_the_command_reference_is_what_the_program_says() -> None:
    generated = runpy.run_path(str(ROOT / "docs" / "generate.py"))["page"]()
    assert documented("docs/commands.md") == generated, "run: python docs/generate.py"


def test_every_setting_is_documented() -> None:
    text = documented("docs/settings.md")
    for section in dataclasses.fields(Settings):
        told = text.split(f"## [{section.name}]")[1]
        if section.name == "models":
            for name in (*COMMON, *OF_FINDERS, *OF_RECOGNISERS):
                assert f"`{name}`" in told.split("\n## ")[0], name
            continue
        for key in dataclasses.fields(getattr(Settings(), section.name)):
            assert f"| `{key.name}` |" in told, key.name


def examples_of(document: str) -> list[str]:
    return re.findall(r"```toml\n(.*?)```", documented(document), re.S)


@pytest.mark.parametrize("text", examples_of("docs/models.md"))
def test_every_network_in_the_documents_can_be_declared(text: str, tmp_path: Path) -> None:
    path = tmp_path / "clearance.toml"
    path.write_text(text, encoding="utf-8")
    settings = load_settings(path)
    assert settings.models
    for kind in ("finder", "recogniser"):
        chosen = getattr(settings.detection, kind)
        assert chosen in settings.models or chosen == getattr(Settings().detection, kind)


def test_the_documented_networks_use_every_word_there_is() -> None:
    keys = set(re.findall(r"^(\w+) = ", "".join(examples_of("docs/models.md")), re.M))
    assert keys >= {*COMMON, *OF_FINDERS, *OF_RECOGNISERS}


def test_no_document_names_a_machine_or_a_registry_of_packages() -> None:
    hosts = re.compile("|".join(("p" + "ypi.org", "python" + "hosted", "npm" + "js.org")))
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        assert not hosts.search(document.read_text(encoding="utf-8")), document
