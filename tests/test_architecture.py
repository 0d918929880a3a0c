"""The rooms import only what the house allows."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAY_IMPORT = {
    "consent": set(),
    "detector": set(),
    "clearance": {"consent", "detector"},
    "forms": {"consent", "detector", "clearance"},
    "review": {"consent", "detector", "clearance", "forms"},
    "cli": {"consent", "detector", "clearance", "forms", "review"},
}


def imported_rooms(source: str) -> Iterator[str]:
    """Rooms of ours that the source imports, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide which room is meant"
            names = [node.module or ""]
        yield from {name.split(".")[0] for name in names} & set(MAY_IMPORT)


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_room_imports_only_what_it_may(room: str) -> None:
    files = [ROOT / "cli.py"] if room == "cli" else sorted((ROOT / room).rglob("*.py"))
    assert files
    wrong = {
        f"{file.relative_to(ROOT)} imports {other}"
        for file in files
        for other in imported_rooms(file.read_text(encoding="utf-8"))
        if other != room and other not in MAY_IMPORT[room]
    }
    assert not wrong


def test_a_planted_violation_is_seen() -> None:
    assert list(imported_rooms("def f():\n    from clearance.clear import x\n")) == ["clearance"]


def test_every_module_has_something_in_it() -> None:
    empty = [
        str(file.relative_to(ROOT))
        for room in MAY_IMPORT
        for file in (ROOT / room).rglob("*.py")
        if not file.read_text(encoding="utf-8").strip()
    ]
    assert not empty
