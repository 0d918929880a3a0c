"""clearance.toml is changed as a whole, or not at all."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from clearance.errors import SettingsInvalidError
from clearance.founding import found_registry
from clearance.settings import FILE_NAME, Institution, Settings, load_settings
from clearance.settings_file import change_settings, changed_keys, settings_version, with_changes
from consent.registry import DATABASE_NAME

MODELS = """
[models.our-own]
kind = "recogniser"
file = "net.onnx"
sha256 = "{digest}"
licence = 'with "quotes" and \\\\ in it'
dimensions = 128
geometry = "arcface-112"
mean = [127.5, 127.5, 127.5]
std = 128
normalise = false
"""


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_networks_of_ones_own_are_kept_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    path.write_text(MODELS.format(digest="0" * 64), encoding="utf-8")
    before = load_settings(path)
    assert change_settings(tmp_path, {"consent": {"guardians": 1}}) == ("consent.guardians",)
    after = load_settings(path)
    assert after.models == before.models
    assert after.consent.guardians == 1
    tables = [
        tomllib.loads((tmp_path / name).read_text("utf-8"))["models"]
        for name in (FILE_NAME, f"{FILE_NAME}.before")
    ]
    assert tables[0] == tables[1]


def test_what_is_not_allowed_leaves_every_file_as_it_was(tmp_path: Path) -> None:
    change_settings(tmp_path, {"institution": {"name": "A"}})
    before = (tmp_path / FILE_NAME).read_bytes()
    with pytest.raises(SettingsInvalidError) as refused:
        change_settings(tmp_path, {"consent": {"guardians": 3}})
    assert refused.value.values["where"] == "[consent] guardians"
    assert (tmp_path / FILE_NAME).read_bytes() == before
    assert files(tmp_path) == {FILE_NAME}


def test_who_saw_another_version_changes_nothing(tmp_path: Path) -> None:
    seen = settings_version(tmp_path)
    assert seen == ""
    change_settings(tmp_path, {"institution": {"name": "A"}}, seen)
    with pytest.raises(SettingsInvalidError, match="meanwhile"):
        change_settings(tmp_path, {"institution": {"name": "B"}}, seen)
    assert load_settings(tmp_path / FILE_NAME).institution.name == "A"


@pytest.mark.parametrize(
    "name", ['with "quotes"', "back\\slash", "line\nbreak", "é\u200d🙂", "\x7f"]
)
def test_any_text_comes_back_as_it_was(tmp_path: Path, name: str) -> None:
    change_settings(tmp_path, {"institution": {"name": name}})
    assert load_settings(tmp_path / FILE_NAME).institution.name == name


def test_changed_keys_are_named_with_their_section() -> None:
    other = with_changes(Settings(), {"desk": {"idle_minutes": 5}, "consent": {"guardians": 2}})
    assert changed_keys(Settings(), other) == ("desk.idle_minutes",)


def test_without_its_settings_no_registry_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Path.replace

    def full(path: Path, target: Path) -> Path:
        if FILE_NAME in path.name:
            raise OSError(28, "No space left on device")
        return whole(path, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(SettingsInvalidError, match="No space left"):
        found_registry(tmp_path, settings=Settings(institution=Institution(name="A")))
    assert DATABASE_NAME not in files(tmp_path)
    assert FILE_NAME not in files(tmp_path)


def test_settings_that_are_there_stay(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text('[institution]\nname = "There"\n', encoding="utf-8")
    made = found_registry(tmp_path, settings=Settings())
    assert load_settings(made.settings_file).institution.name == "There"
    assert made.key == tmp_path / "institution.key"
