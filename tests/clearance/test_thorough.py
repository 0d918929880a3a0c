"""Whoever asks for a thorough look gets one: in checks, in albums, and of the copies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import detector.detection
from tests.commands import SAMPLES, run

if TYPE_CHECKING:
    from pathlib import Path

PORTRAIT = SAMPLES / "portraits" / "zoe-amsler-1.jpg"


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each look at a picture was a thorough one."""
    seen: list[bool] = []
    find = detector.detection.find_faces

    def spy(frame: Any, finder: Any, options: Any) -> Any:
        seen.append(options.thorough)
        return find(frame, finder, options)

    monkeypatch.setattr(detector.detection, "find_faces", spy)
    return seen


def test_a_look_is_quick_unless_asked(looks: list[bool], tmp_path: Path) -> None:
    run("check", PORTRAIT, "--registry", tmp_path / "none", "--json")
    assert looks == [False]


@pytest.mark.parametrize("command", ["check", "scan"])
def test_photo_and_copy_are_looked_at_alike(
    looks: list[bool], tmp_path: Path, command: str
) -> None:
    album = tmp_path / "album"
    album.mkdir()
    photo = album / PORTRAIT.name
    photo.write_bytes(PORTRAIT.read_bytes())
    asked = photo if command == "check" else album
    options = ("--registry", tmp_path / "none", "--json", "--blur", "-o", tmp_path / "out")
    run(command, asked, "--thorough", *options)
    assert (tmp_path / "out" / PORTRAIT.name).exists()
    assert len(looks) >= 2
    assert all(looks)


def test_an_institution_may_always_want_it(looks: list[bool], tmp_path: Path) -> None:
    (tmp_path / "clearance.toml").write_text("[detection]\nthorough = true\n", encoding="utf-8")
    run("check", PORTRAIT, "--registry", tmp_path, "--json")
    assert looks == [True]
