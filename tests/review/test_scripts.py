"""The scripts of the pages: each can be read, and nothing of them stands in a page itself."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from review.templating import HERE

SCRIPTS = sorted((HERE / "static").glob("*.js"))
TEMPLATES = sorted((HERE / "templates").glob("*.html"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_is_sound(script: Path, tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on this machine")
    module = Path(shutil.copy(script, tmp_path / "script.mjs"))
    checked = subprocess.run([node, "--check", module], check=False, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_page_holds_no_script_and_no_style_of_its_own(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text)
    assert all('src="' in tag for tag in re.findall(r"<script[^>]*>", text))
    # Nothing is escaped by hand, and nothing is let through.
    assert "|safe" not in text.replace(" ", "") and "autoescape" not in text


def test_nothing_is_fetched_from_elsewhere() -> None:
    for path in [*SCRIPTS, *TEMPLATES, *(HERE / "static").glob("*.css")]:
        text = path.read_text(encoding="utf-8")
        text = text.replace("http://www.w3.org/2000/svg", "").replace('placeholder="https://"', "")
        assert "http://" not in text and "https://" not in text, path.name
