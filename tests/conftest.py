"""Fixtures for the whole house: the fictional cast, enrolled once per test process."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clearance.commandline import ExitCode
from tests.commands import PHOTOS, SAMPLES, run
from tests.networks_once import Answers, remember


@pytest.fixture(autouse=True)
def _english_and_nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test sees the user's registry, key or language."""
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.delenv("LANGUAGE", raising=False)
    monkeypatch.delenv("CLEARANCE_KEY_FILE", raising=False)
    monkeypatch.delenv("CLEARANCE_KEY", raising=False)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.setenv("CLEARANCE_HOME", str(tmp_path / "nowhere"))


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What every process of this run of the tests may write into, and nobody later reads."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session", autouse=True)
def network_answers(run_folder: Path) -> Iterator[Answers]:
    """What the built-in networks have said in this run; see `tests.networks_once`."""
    answers = Answers(run_folder / "network-answers")
    with pytest.MonkeyPatch.context() as patch:
        remember(answers, patch)
        yield answers


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
            *PHOTOS,
            *("--signed", "2026-01-10", "--until", "2036-01-10", "--biometric"),
            *("--registry", registry, *(options or ("--channel", "website"))),
        )
        recorded.assert_exit(ExitCode.CLEARED)
        return str(person)

    return enrolled
