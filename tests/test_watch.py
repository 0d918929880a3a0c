"""An inbox is cleared as it fills, and Ctrl-C ends with what was found."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from clearance.commandline import ExitCode
from tests.commands import SAMPLES, begun, run


@pytest.mark.skipif(os.name == "nt", reason="Windows delivers no SIGINT to one process")
def test_what_arrives_is_judged_until_ctrl_c(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "first.jpg").write_bytes((SAMPLES / "album" / "03.jpg").read_bytes())
    (inbox / "later.jpg.part").write_bytes(b"half of it")
    process = begun(
        *("watch", inbox, "--json", "--settle", "0.2"),
        *("--registry", tmp_path / "none", "--report", tmp_path / "report.json"),
        *("--blur", "-o", tmp_path / "copies"),
    )
    assert process.stdout is not None
    first = json.loads(process.stdout.readline())
    assert (Path(first["path"]).name, first["outcome"]) == ("first.jpg", "cleared")
    (inbox / "later.jpg.part").write_bytes((SAMPLES / "ward-opening.jpg").read_bytes())
    (inbox / "later.jpg.part").rename(inbox / "later.jpg")
    second = json.loads(process.stdout.readline())
    assert (Path(second["path"]).name, second["outcome"]) == ("later.jpg", "blocked")
    copy = tmp_path / "copies" / "later.jpg"
    assert (second["export"]["path"], len(second["export"]["hidden"])) == (str(copy), 7)
    assert copy.is_file()
    (inbox / "never.jpg.part").write_bytes(b"half of it")
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == ExitCode.NOT_CLEARED, told
    assert "1 file in" in told
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert [Path(one["path"]).name for one in report["files"]] == ["first.jpg", "later.jpg"]


def test_copies_never_arrive_in_the_inbox(tmp_path: Path) -> None:
    asked = run("watch", tmp_path, "--blur", "-o", tmp_path / "copies")
    asked.assert_exit(ExitCode.USAGE)
    assert "-o names a folder of the album" in asked.result.output


def test_an_inbox_must_be_there(tmp_path: Path) -> None:
    run("watch", tmp_path / "none").assert_exit(ExitCode.USAGE)
