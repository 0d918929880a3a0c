"""`clearance scan` as somebody runs it after an event."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from clearance.commandline import ExitCode
from consent.registry import Registry
from detector.detector import Detector
from detector.faces import Face
from tests.commands import ROOT, SAMPLES, begun, run

ALBUM = SAMPLES / "album"


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Three pictures, one of them twice, and a file that is none."""
    folder = tmp_path / "album"
    (folder / "again").mkdir(parents=True)
    for name in ("01.jpg", "03.jpg"):
        shutil.copy(ALBUM / name, folder / name)
    shutil.copy(ALBUM / "01.jpg", folder / "again" / "copy of 01.jpg")
    (folder / "broken.jpg").write_bytes(b"no picture")
    (folder / ".hidden.jpg").write_bytes(b"no picture")
    (folder / "notes.txt").write_text("not of the album")
    return folder


def test_the_last_line_is_about_the_album_and_holds_to_its_schema(
    demo_registry: Path, album: Path
) -> None:
    done = run("scan", album, "--registry", demo_registry, "--channel", "website", "--json")
    done.assert_exit(ExitCode.INPUT_OR_OUTPUT)
    schema = json.loads((ROOT / "clearance" / "schemas" / "album.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate({"album": done.album}, schema)
    assert done.album["complete"]
    assert sum(done.album["counts"].values()) == len(done.documents) == 4
    assert done.album["counts"]["failed"] == 1
    (copies,) = [one["paths"] for one in done.album["alike"] if one["kind"] == "duplicates"]
    assert [Path(path).name for path in copies] == ["01.jpg", "copy of 01.jpg"]
    first, twin = (next(one for one in done.documents if one["path"] == path) for path in copies)
    assert twin == first | {"path": twin["path"]}


def test_quiet_says_only_what_there_is_to_say_about_the_album(
    demo_registry: Path, album: Path
) -> None:
    asked = ("scan", album, "--registry", demo_registry, "--channel", "website", "--lang", "en")
    told = run(*asked, "--quiet").result.stdout
    assert "4 pictures: 1 ! failed" in told
    assert "1 picture is a copy of another" in told
    assert "In a gallery of" in told
    assert "01.jpg" not in told
    assert "01.jpg" in run(*asked).result.stdout


def test_somebody_new_is_found_without_searching_the_pictures_again(
    empty_registry: Path,
    enrol: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    portraits = SAMPLES / "portraits"
    folder = tmp_path / "album"
    folder.mkdir()
    for name in ("jurg-mettler-2.jpg", "zoe-amsler-1.jpg"):
        shutil.copy(portraits / name, folder / name)
    asked = ("scan", folder, "--registry", empty_registry, "--channel", "website", "--json")
    before = run(*asked).assert_exit(ExitCode.NOT_CLEARED)
    person = enrol(empty_registry, "Jürg Mettler", portraits / "jurg-mettler-1.jpg")

    def never(*_: object, **__: object) -> tuple[Face, ...]:
        raise AssertionError("searched again")

    monkeypatch.setattr(Detector, "find_faces", never)
    after = run(*asked).assert_exit(ExitCode.NOT_CLEARED)
    assert [document["outcome"] for document in before.documents] == ["blocked", "blocked"]
    assert [document["outcome"] for document in after.documents] == ["cleared", "blocked"]
    assert after.documents[0]["faces"][0]["person"] == person
    (change,) = after.album["changes"]
    assert (change["before"], change["now"]) == ("blocked", "cleared")


def test_copies_and_sorted_pictures_are_written_in_one_run(
    demo_registry: Path, album: Path, tmp_path: Path
) -> None:
    copies, shelves = tmp_path / "copies", tmp_path / "sorted"
    asked = ("scan", album, "--registry", demo_registry, "--channel", "website", "--json")
    done = run(*asked, "--export", copies, "--sort-into", shelves)
    done.assert_exit(ExitCode.INPUT_OR_OUTPUT)
    assert {path.relative_to(copies).as_posix() for path in copies.rglob("*.jpg")} == {
        "01.jpg",
        "03.jpg",
        "again/copy of 01.jpg",
    }
    assert [path.name for path in (shelves / "failed").iterdir()] == ["broken.jpg"]
    cleared = {path.name for path in (shelves / "cleared").rglob("*.jpg")}
    publishable = [one for one in done.documents if one["outcome"] == "cleared"]
    assert cleared == {Path(one["path"]).name for one in publishable} != set()
    run(*asked, "--export", copies, "--blur").assert_exit(ExitCode.USAGE)
    run(*asked, "--export", copies, "--scheduler", "tls://nowhere:1").assert_exit(ExitCode.USAGE)


@pytest.fixture
def strangers(tmp_path: Path) -> Path:
    """Two people, each in two pictures, and one of them a third time in a copy."""
    folder = tmp_path / "strangers"
    folder.mkdir()
    for name in ("zoe-amsler-1", "zoe-amsler-2", "desire-kamanda-1", "desire-kamanda-2"):
        shutil.copy(SAMPLES / "portraits" / f"{name}.jpg", folder / f"{name}.jpg")
    shutil.copy(folder / "zoe-amsler-1.jpg", folder / "zoe again.jpg")
    return folder


def test_the_same_unknown_face_is_one_question_and_forgotten_afterwards(
    empty_registry: Path, strangers: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    asked = ("scan", strangers, "--registry", empty_registry, "--channel", "website")
    done = run(*asked, "--json", "--report", report).assert_exit(ExitCode.NOT_CLEARED)
    groups = {
        one["group"]: sorted({Path(face["path"]).name for face in one["faces"]})
        for one in done.album["unknown"]
    }
    assert groups == {
        "A": ["zoe again.jpg", "zoe-amsler-1.jpg", "zoe-amsler-2.jpg"],
        "B": ["desire-kamanda-1.jpg", "desire-kamanda-2.jpg"],
    }
    # What is written knows neither groups nor anything that a face could be known by.
    written = json.loads(report.read_text(encoding="utf-8"))
    with Registry.open(empty_registry) as opened:
        kept = [json.loads(record) for record in opened.journal("albums").records()]
        logged = [dataclasses.asdict(entry) for entry in opened.audit_entries()]
    assert kept and logged
    assert longest_row(json.loads(json.dumps([written, kept, logged], default=str))) < 40
    assert "unknown" not in written
    # Another run remembers the pictures, and no group.
    again = run(*asked, "--json").album
    assert (again["unknown"], again["not_compared"]) == ([], 5)
    told = run(*asked, "--lang", "en", "--again", "--quiet").result.stdout
    assert "Unknown A: 3 pictures" in told


def longest_row(document: Any) -> int:
    """How many numbers stand in a row at most."""
    if isinstance(document, dict):
        return max(map(longest_row, document.values()), default=0)
    if not isinstance(document, list):
        return 0
    numbers = sum(isinstance(one, int | float) for one in document)
    return max([numbers, *map(longest_row, document)])


def test_whoever_was_named_by_hand_is_suggested_and_never_cleared_for_that(
    empty_registry: Path, strangers: Path
) -> None:
    name = "Zoë Amsler"
    added = run("people", "add", name, "--registry", empty_registry, "--json").document
    named = ("faces", "assign", strangers / "zoe-amsler-2.jpg", "--face", 1, "--person", name)
    run(*named, "--by", "Anna Keller", "--registry", empty_registry).assert_exit(ExitCode.CLEARED)
    done = run("scan", strangers, "--registry", empty_registry, "--json")
    (group,) = [one for one in done.album["unknown"] if one["suggestion"]]
    suggestion = group["suggestion"]
    assert (suggestion["person"], suggestion["by_hand"]) == (added["person"], True)
    assert Path(suggestion["path"]).name == "zoe-amsler-2.jpg"
    first = next(one for one in done.documents if one["path"].endswith("zoe-amsler-1.jpg"))
    assert (first["outcome"], first["faces"][0]["person"]) == ("blocked", None)


@pytest.mark.skipif(os.name == "nt", reason="Windows delivers no SIGINT to one process")
@pytest.mark.parametrize(("jobs", "copying"), [("1", False), ("2", False), ("2", True)])
def test_ctrl_c_leaves_a_report_in_which_nothing_that_was_not_judged_is_clear(
    demo_registry: Path, tmp_path: Path, jobs: str, copying: bool
) -> None:
    folder = tmp_path / "album"
    folder.mkdir()
    portrait = SAMPLES / "portraits" / "zoe-amsler-1.jpg"
    for number in range(30):
        # Small, because whoever looks at one when Ctrl-C comes looks at it to the end.
        picture = portrait.read_bytes() + bytes([number])
        (folder / f"{number:02}.jpg").write_bytes(picture)
    process = begun(
        *("scan", folder, "--json", "--jobs", jobs),
        *("--registry", demo_registry, "--channel", "website"),
        *("--report", tmp_path / "report.json"),
        *(("--blur", "-o", tmp_path / "copies") if copying else ()),
    )
    assert process.stdout is not None
    first = json.loads(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    # Not `communicate`, which loses what was read ahead of the first line.
    assert process.stderr is not None
    rest, told = process.stdout.read(), process.stderr.read()
    assert process.wait(timeout=120) == ExitCode.INTERRUPTED, told
    *documents, last = [first, *map(json.loads, rest.splitlines())]
    left = last["album"]["not_judged"]
    assert not last["album"]["complete"]
    assert len(documents) + len(left) == 30
    assert left
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert len(report["files"]) == 30
    told_of = {one["path"]: one for one in report["files"]}
    assert {told_of[path]["outcome"] for path in left} == {"failed"}
    assert "stopped" in told_of[left[0]]["problem"]
    if copying:
        copies = {path.name for path in (tmp_path / "copies").iterdir()}
        assert {Path(one["path"]).name for one in documents} <= copies
        assert not [name for name in copies if name.startswith(".")]
