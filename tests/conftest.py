"""Fixtures for the whole house: the fictional cast, enrolled once per test process."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import cli
from cli import ExitCode

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "sample_media"


def media_folder() -> Path | None:
    """The folder of real development photos, where a machine has one."""
    named = os.environ.get("CLEARANCE_MEDIA")
    folder = Path(named) if named else ROOT.parent / "shared" / "media"
    return folder if folder.is_dir() else None


@pytest.fixture(autouse=True)
def _english_and_nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test sees the user's registry, key or language."""
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.delenv("LANGUAGE", raising=False)
    monkeypatch.delenv("CLEARANCE_KEY_FILE", raising=False)
    monkeypatch.setenv("CLEARANCE_HOME", str(tmp_path / "nowhere"))


@dataclasses.dataclass(frozen=True)
class Run:
    """One command, run in this process as a terminal would run it."""

    arguments: list[str]
    result: Result

    @property
    def documents(self) -> list[dict[str, Any]]:
        """Standard output as JSON, one document a line; nothing else may be there."""
        return [json.loads(line) for line in self.result.stdout.splitlines()]

    @property
    def document(self) -> dict[str, Any]:
        """The only document of standard output."""
        (only,) = self.documents
        return only

    def assert_exit(self, code: ExitCode) -> Run:
        """The run, if it ended with that code; else everything it printed."""
        told = f"clearance {' '.join(self.arguments)}\n{self.result.output}"
        if self.result.exception and not isinstance(self.result.exception, SystemExit):
            raise AssertionError(told) from self.result.exception
        assert self.result.exit_code == code, told
        return self


def run(*arguments: object) -> Run:
    """Run `clearance` with the arguments."""
    words = [str(argument) for argument in arguments]
    return Run(words, CliRunner().invoke(cli.app, words, prog_name="clearance"))


@pytest.fixture(scope="session")
def cast() -> dict[str, Any]:
    """What is true about the sample pictures."""
    told: dict[str, Any] = json.loads((SAMPLES / "cast.json").read_text(encoding="utf-8"))
    return told


@pytest.fixture(scope="session")
def demo_registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo registry; to be read only. Use `registry` to change one."""
    folder = tmp_path_factory.mktemp("demo") / "demo"
    answer = run("demo", folder, "--json").assert_exit(ExitCode.CLEARED).document
    return Path(answer["registry"])


@pytest.fixture
def registry(demo_registry: Path, tmp_path: Path) -> Path:
    """A copy of the demo registry for one test to change."""
    return Path(shutil.copytree(demo_registry, tmp_path / "registry"))


@pytest.fixture
def empty_registry(tmp_path: Path) -> Path:
    """A registry with nobody in it."""
    folder = tmp_path / "empty-registry"
    run("init", "--registry", folder).assert_exit(ExitCode.CLEARED)
    return folder


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    """Stands for the scan of a signed form."""
    path = tmp_path / "scan.pdf"
    path.write_bytes(b"%PDF-1.7 signed by nobody")
    return path


@pytest.fixture
def enrol(evidence: Path) -> Callable[..., str]:
    """Adds a person with a portrait and a biometric consent; gives the id."""

    def enrolled(
        registry: Path, name: str, portrait: Path, *options: object, serial: str = "T-1"
    ) -> str:
        added = run("people", "add", name, "--portrait", portrait, "--registry", registry, "--json")
        person = added.assert_exit(ExitCode.CLEARED).document["person"]
        recorded = run(
            *("consent", "record", person, "--serial", serial, "--evidence", evidence),
            *("--signed", "2026-01-10", "--until", "2036-01-10", "--biometric"),
            *("--registry", registry, *(options or ("--channel", "website"))),
        )
        recorded.assert_exit(ExitCode.CLEARED)
        return str(person)

    return enrolled
