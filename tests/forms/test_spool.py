"""What waits on the disk is readable to nobody, and nothing of it stays."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from clearance.commandline import ExitCode
from forms.drafts import PageFiles
from forms.errors import DocumentNotWrittenError
from forms.form_reading import PageReading
from forms.spool import Spool
from tests.commands import run
from tests.forms.test_form_commands import Office, fill

PAGE = b"\x89PNG somebody's signature " * 4000


def content(spool: Spool) -> bytes:
    """Everything that the disk holds of it."""
    descriptor = spool._file.fileno()
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)


posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows deletes it when it is closed")


def test_what_waits_comes_back(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    things = [PAGE, b"", PAGE[:9], PAGE]
    kept = [spool.keep(thing) for thing in things]
    assert [spool.read(one) for one in reversed(kept)] == things[::-1]
    late = spool.keep(b"late")
    assert [spool.read(one) for one in (*kept, late)] == [*things, b"late"]
    spool.close()
    assert list(tmp_path.iterdir()) == []


@posix
def test_the_disk_holds_nothing_that_can_be_read(tmp_path: Path) -> None:
    spool, other = Spool(tmp_path), Spool(tmp_path)
    for one in (spool, other):
        one.keep(PAGE)
        one.keep(PAGE)
    assert list(tmp_path.iterdir()) == [], "another process can open it"
    body = content(spool)
    assert len(body) >= 2 * len(PAGE)
    assert b"somebody" not in body
    # The same thing twice, and in two spools, looks different.
    half = len(body) // 2
    assert body[:half] != body[half:]
    assert content(other)[:half] != body[:half]
    spool.close()
    other.close()


@posix
def test_what_was_altered_is_not_believed(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    kept = spool.keep(PAGE)
    os.pwrite(spool._file.fileno(), bytes([content(spool)[50] ^ 1]), 50)
    with pytest.raises(DocumentNotWrittenError, match="cannot wait in") as caught:
        spool.read(kept)
    assert len(str(caught.value).splitlines()) == 1
    spool.close()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(DocumentNotWrittenError, match="make room there"):
        Spool(tmp_path / "gone")


@pytest.fixture
def office(empty_registry: Path, tmp_path: Path) -> Office:
    return Office(tmp_path, empty_registry)


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@posix
def test_pages_of_a_stack_wait_encrypted_and_leave_nothing_behind(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    spools: list[tuple[Spool, bytes]] = []
    close = Spool.close

    def closed(spool: Spool) -> None:
        spools.append((spool, content(spool)))
        close(spool)

    monkeypatch.setattr(Spool, "close", closed)
    pages = office.printed()
    fill(pages)
    scans = office.scanned(*pages)
    before = names(office.registry)
    office.clearance("forms", "read", scans)
    ((spool, body),) = spools
    assert spool._file.closed
    assert len(body) > 100_000
    # Long enough that no ciphertext holds one by chance.
    openings = (b"\x89PNG\r\n", b"IHDR\0\0", b"JFIF\0", b"%PDF-1.")
    assert not [opening for opening in openings if opening in body]
    serial = office.only_draft()
    assert names(office.registry) - before == {"drafts", f"drafts/{serial}.draft"}


@pytest.mark.parametrize("error", [KeyboardInterrupt(), DocumentNotWrittenError("full")])
def test_what_waits_goes_when_the_reading_fails(
    office: Office, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    made: list[Spool] = []
    start = Spool.__init__

    def recorded(spool: Spool, folder: Path) -> None:
        start(spool, folder)
        made.append(spool)

    def failing(_: PageReading) -> PageFiles:
        raise error

    monkeypatch.setattr(Spool, "__init__", recorded)
    monkeypatch.setattr("forms.reading.page_files", failing)
    scans = office.scanned(*office.printed())
    done = run("forms", "read", scans, "--registry", office.registry)
    interrupted = isinstance(error, KeyboardInterrupt)
    done.assert_exit(ExitCode.INTERRUPTED if interrupted else ExitCode.INPUT_OR_OUTPUT)
    assert [spool._file.closed for spool in made] == [True]
