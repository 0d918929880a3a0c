"""Everything held about one person is handed over: readable, complete, and nobody else's."""

from __future__ import annotations

import json
import os
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest

from clearance.access_request import write_readable
from clearance.commandline import ExitCode, today
from clearance.errors import ReadableNotWrittenError
from clearance.language import language
from consent.registry import Registry
from tests.clearance.clerk import Clerk
from tests.commands import SAMPLES

PORTRAIT = SAMPLES / "portraits" / "jurg-mettler-1.jpg"
EVERYTHING = ("withdrawals", "refusals", "holds", "exemptions", "consents")


@pytest.fixture
def clerk(empty_registry: Path, evidence: Path) -> Clerk:
    return Clerk(empty_registry, evidence)


@pytest.fixture
def person(clerk: Clerk) -> str:
    """Somebody of whom there is one of everything, and a look-alike."""
    clerk.writes(
        '[institution]\nname = "Hôpital de Belmont"\ncontact = "image@example.org"\n'
        '[consent]\nexemptions = ["public_figure"]\n'
    )
    options = ("--contact", "jm@example.org", "--language", "fr")
    person = clerk.adds("Jürg Mettler", *options)
    clerk.signed(person, "--channel", "press", serial="A/1")
    other = clerk.adds("Lena Secretperson")
    clerk.signed(other, serial="SECRETSERIAL")
    clerk.does("people", "lookalike", person, other)
    clerk.does("consent", "withdraw", person, "--channel", "press")
    clerk.does("consent", "refuse", person, "--channel", "tv", "--note", "said at the desk")
    clerk.does("consent", "hold", person, "--by", "Lea Roth", "--reason", "a court asks")
    exemption = ("--kind", "public_figure", "--by", "Lea Roth", "--reason", "in office")
    clerk.does(
        *("consent", "exempt", person, *exemption),
        *("--channel", "print", "--until", "2036-01-10"),
    )
    # Last: who takes a consent back has no portrait left.
    clerk.does("people", "portrait", person, PORTRAIT)
    return person


def exported(clerk: Clerk, person: str, out: Path) -> tuple[dict[str, bytes], dict[str, Any]]:
    told = clerk.does("people", "export", person, "-o", out, "--json").document
    with zipfile.ZipFile(out) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    assert told == {"person": person, "path": str(out), "files": len(files)}
    return files, json.loads(files["data.json"])


def test_everything_filed_is_in_it_readable(clerk: Clerk, person: str, tmp_path: Path) -> None:
    files, data = exported(clerk, person, tmp_path / "out.zip")
    assert set(files) == {"data.json", "read-me.txt", "portraits/1.jpg", "forms/1-A_1.pdf"}
    assert files["portraits/1.jpg"] == PORTRAIT.read_bytes()
    assert files["forms/1-A_1.pdf"] == clerk.scan.read_bytes()
    shown = clerk.does("people", "show", person, "--json").document
    assert data["person"] == shown["person"]
    assert data["person"]["contact"] == "jm@example.org"
    for kind in EVERYTHING:
        assert data[kind] == shown[kind]
        assert len(data[kind]) == 1, kind
    assert data["refusals"][0]["note"] == "said at the desk"
    assert data["may_appear_today"] == shown["today"]
    actions = [entry["action"] for entry in data["log"]]
    assert {"person.added", "consent.recorded", "consent.withdrawn", "person.held"} <= set(actions)


def test_nobody_else_is_in_it(clerk: Clerk, person: str, tmp_path: Path) -> None:
    files, data = exported(clerk, person, tmp_path / "out.zip")
    told = b"".join(files.values())
    assert b"Secretperson" not in told
    assert b"SECRETSERIAL" not in told
    assert len(data["lookalikes"]) == 1


def test_who_else_was_in_a_picture_is_not_told(clerk: Clerk, person: str, tmp_path: Path) -> None:
    other = clerk.adds("Eva Blum")
    with Registry.open(clerk.registry) as opened:
        opened.audit("photo.checked", subject="ab" * 32, outcome="blocked", people=[person, other])
    files, data = exported(clerk, person, tmp_path / "out.zip")
    (checked,) = (entry for entry in data["log"] if entry["action"] == "photo.checked")
    assert checked["file"] == "ab" * 32
    assert checked["details"] == {"outcome": "blocked"}
    assert other.encode() not in b"".join(files.values())


def test_the_read_me_speaks_the_persons_language(clerk: Clerk, person: str, tmp_path: Path) -> None:
    words = language("fr")
    files, _ = exported(clerk, person, tmp_path / "fr.zip")
    said = files["read-me.txt"].decode("utf-8-sig")
    head = "Everything that {institution} holds about {name} in its registry of image rights."
    assert words.gettext(head).format(institution="Hôpital de Belmont", name="Jürg Mettler") in said
    assert "image@example.org" in said
    assert said.count("\r\n") == said.count("\n")
    # Without a language of their own, the one that was asked for.
    clerk.does("people", "change", person, "--language", "")
    out = tmp_path / "de.zip"
    clerk.does("people", "export", person, "-o", out, "--lang", "de")
    with zipfile.ZipFile(out) as archive:
        day = archive.read("read-me.txt").decode("utf-8-sig")
    assert language("de").date(today()) in day


def test_it_is_the_owners_only_new_and_logged(clerk: Clerk, person: str, tmp_path: Path) -> None:
    out = tmp_path / "out.zip"
    exported(clerk, person, out)
    if os.name == "posix":
        assert stat.S_IMODE(out.stat().st_mode) == 0o600
    before = out.read_bytes()
    words = ("people", "export", person, "-o")
    for there in (out, tmp_path, ""):
        clerk.does(*words, there, code=ExitCode.INPUT_OR_OUTPUT)
    clerk.does(*words, tmp_path / "nowhere-at-all" / "x.zip", code=ExitCode.INPUT_OR_OUTPUT)
    assert out.read_bytes() == before
    log = clerk.does("audit", "show", "--person", person, "--json").documents
    done = [entry for entry in log if entry["action"] == "person.exported"]
    assert [entry["details"] for entry in done] == [{"files": 4}]


def test_a_dangling_link_is_not_written_through(tmp_path: Path) -> None:
    link, elsewhere = tmp_path / "out.zip", tmp_path / "elsewhere.zip"
    try:
        link.symlink_to(elsewhere)
    except OSError:
        pytest.skip("links are not allowed here")
    with pytest.raises(ReadableNotWrittenError):
        write_readable(link, b"secret")
    assert not elsewhere.exists()


def test_what_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ReadableNotWrittenError, match="No space left"):
        write_readable(tmp_path / "out.zip", b"secret")
    assert list(tmp_path.iterdir()) == []
