"""The task list of pyproject.toml holds: what a person runs is what CI runs."""

from __future__ import annotations

import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TASKS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["poe"]["tasks"]
STATIC = [name for name in TASKS["check"]["sequence"] if name != "test"]


@pytest.mark.parametrize("name", STATIC)
def test_task_passes(name: str) -> None:
    tool, *arguments = shlex.split(TASKS[name]["cmd"])
    run = subprocess.run(
        [sys.executable, "-m", tool, *arguments],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
