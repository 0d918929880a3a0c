from __future__ import annotations

from pathlib import Path

import pytest

from clearance.errors import SettingsInvalidError
from clearance.settings import Settings, load_settings, settings_text


def written(folder: Path, text: str) -> Path:
    path = folder / "clearance.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_no_file_means_the_defaults(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "clearance.toml") == Settings()


def test_the_file_init_writes_says_exactly_the_defaults(tmp_path: Path) -> None:
    assert load_settings(written(tmp_path, settings_text(Settings()))) == Settings()


def test_values_replace_defaults(tmp_path: Path) -> None:
    text = '[institution]\nname = "Spital Belmont"\n[consent]\nchannels = ["website", "club"]\n'
    settings = load_settings(written(tmp_path, text))
    assert settings.institution.name == "Spital Belmont"
    assert settings.consent.channels == ("website", "club")
    assert settings.detection == Settings().detection


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("[institution]\nname = 3\n", 2, "must be a text"),
        ("[detection]\n\nmatching = 1\n", 3, "true or false"),
        ("[detection]\nfalse_positive_rate = 0.5\n", 2, "at most 0.01"),
        ("[detection]\nfalse_positive_rate = nan\n", 2, "above 0"),
        ('[consent]\nchannels = "website"\n', 2, "must be a list"),
        ("[consent]\nchannels = []\n", 2, "must name each one once"),
        ('[consent]\nchannels = ["a", "a"]\n', 2, "must name each one once"),
        ("[consent]\nportrait_days = -1\n", 2, "from 0 to 3650"),
        ("[consent]\nportrait_day = 1\n", 2, "is not known"),
        ("[publication]\nmax_edge = 160\n", 2, "at least 200"),
        ("[publication]\nmax_edge = -1\n", 2, "at least 200"),
        ("\n[detektion]\n", 2, "is not a section"),
        ("detection = 3\n", 1, "must be a section"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    with pytest.raises(SettingsInvalidError, match=rf"line {line}: .*{says}"):
        load_settings(written(tmp_path, text))


@pytest.mark.parametrize("content", [b"[detection\n", b"\xff\xfe\x00"])
def test_what_is_not_toml_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clearance.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsInvalidError, match=r"clearance\.toml"):
        load_settings(path)
