"""An error reads as one English line, and can be said again in every language."""

from __future__ import annotations

import copy
import datetime as dt
import inspect
import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

import clearance.errors
import consent.errors
import detector.errors
import forms.errors
import review.errors
from clearance.album import clear_files
from clearance.clear import House
from clearance.commandline import ExitCode
from clearance.errors import EvidenceUnreadableError
from clearance.language import LANGUAGES, language
from clearance.results import Outcome
from clearance.settings import Settings
from clearance.use import IntendedUse
from consent.errors import ConsentError, RecordInvalidError
from detector.errors import PhotoTooLargeError, PhotoUnreadableError
from tests.commands import ROOT, SAMPLES, run
from tests.forms.paper import words

if TYPE_CHECKING:
    from collections.abc import Callable

    from detector.detector import Detector

PORTRAIT = SAMPLES / "portraits" / "jurg-mettler-1.jpg"
NAME = "{0} {cause} {{.pdf"
KINDS = [
    kind
    for room in (clearance.errors, consent.errors, detector.errors, forms.errors, review.errors)
    for _, kind in inspect.getmembers(room, inspect.isclass)
    if issubclass(kind, Exception)
]


def wrapped() -> EvidenceUnreadableError:
    """Two rooms, two levels, and a file name that looks like a template."""
    inner = PhotoUnreadableError("there is no such file; check the path")
    middle = PhotoUnreadableError("{name}: {cause}", name=NAME, cause=inner)
    return EvidenceUnreadableError("The scan of the form cannot be used: {cause}", cause=middle)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_is_one_line_and_keeps_what_it_is_made_of(
    kind: Callable[..., Any],
) -> None:
    error = kind("{name}: {n} of {template}", name="{n}", n=3, template="{}")
    assert str(error) == "{n}: 3 of {}"
    assert (error.template, error.values["name"]) == ("{name}: {n} of {template}", "{n}")


@pytest.mark.parametrize("text", ["a { brace", "{nobody}", "{}", "}{", "{{}}"])
def test_a_text_without_values_is_no_template(text: str) -> None:
    error = ConsentError(text)
    assert str(error) == text
    assert {language(code).error(error) for code in LANGUAGES} == {text}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("duplicate", [lambda e: pickle.loads(pickle.dumps(e)), copy.deepcopy])
def test_an_error_survives_the_way_to_another_process(
    kind: Callable[..., Any], duplicate: Callable[[Any], Any]
) -> None:
    error = kind("{path}: {cause}", path=Path("{odd}"), cause=wrapped())
    arrived = duplicate(error)
    assert type(arrived) is kind
    assert str(arrived) == str(error)
    assert language("fr").error(arrived) == language("fr").error(error) != str(error)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("fr", "Le scan du formulaire ne peut pas être utilisé : {name} : ce fichier n’existe pas"),
        ("de", "Der Scan des Formulars ist nicht brauchbar: {name}: diese Datei gibt es nicht"),
        ("it", "La scansione del modulo non si può usare: {name}: questo file non esiste"),
        ("en", "The scan of the form cannot be used: {name}: there is no such file"),
    ],
)
def test_an_error_within_an_error_is_said_in_one_language(code: str, said: str) -> None:
    line = language(code).error(wrapped())
    assert line.replace("\u00a0", " ").startswith(said.replace("{name}", NAME))


def test_days_are_written_as_people_here_write_them() -> None:
    error = RecordInvalidError(
        "it is signed on {signed}, which is still to come", signed=dt.date(2026, 11, 22)
    )
    assert "22.11.2026" in language("de").error(error)
    assert "2026-11-22" in language("en").error(error) == str(error)


def test_what_others_say_stays_as_it_is() -> None:
    assert language("fr").error(OSError(28, "No space left on device")) == (
        "[Errno 28] No space left on device"
    )


def test_a_new_error_without_translation_is_said_in_english() -> None:
    error = PhotoTooLargeError("never said before: {n}", n=1)
    assert language("it").error(error) == "never said before: 1"


class BuggyDetector:
    """Fails on every picture, as a bug would."""

    recogniser_name = "none"
    scores_path = None

    def find_faces(self, _: object) -> object:
        raise ZeroDivisionError("a {bug}")


def test_a_kept_problem_holds_no_picture_in_memory(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    today = dt.date(2026, 11, 21)
    house = House.open(Settings(), cast("Detector", BuggyDetector()), None, today)
    use = IntendedUse(("website",), today)
    unreadable, bug = clear_files([tmp_path / "empty.jpg", PORTRAIT], use, house)
    for result in (unreadable, bug):
        assert result.outcome is Outcome.FAILED
        problem = result.problem
        while problem:
            kept = (problem.__traceback__, problem.__context__, problem.__cause__)
            assert kept == (None, None, None)
            problem = getattr(problem, "values", {}).get("cause")
    assert str(bug.problem) == "internal error: ZeroDivisionError: a {bug}"


def test_the_command_line_says_an_error_in_french(tmp_path: Path) -> None:
    done = run("people", "list", "--registry", tmp_path / "none", "--lang", "fr")
    line = done.assert_exit(ExitCode.REGISTRY).result.stderr
    assert f"il n’y a pas de registre dans {tmp_path / 'none'}" in line
    assert "clearance init" in line
    assert len(line.splitlines()) == 1


def test_the_environment_chooses_the_language_of_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "it_CH.UTF-8")
    done = run("people", "list", "--registry", tmp_path / "none").assert_exit(ExitCode.REGISTRY)
    assert "non c’è un registro" in done.result.stderr


def test_the_table_says_in_german_why_a_photo_cannot_be_judged(tmp_path: Path) -> None:
    (tmp_path / "{leer}.jpg").touch()
    done = run("check", tmp_path / "{leer}.jpg", "--registry", tmp_path / "none", "--lang", "de")
    done.assert_exit(ExitCode.INPUT_OR_OUTPUT)
    assert "{leer}.jpg: die Datei ist leer" in done.result.stdout


def test_the_report_says_in_italian_why_photos_cannot_be_judged(tmp_path: Path) -> None:
    photos, report = [tmp_path / "uno.jpg", tmp_path / "due.jpg"], tmp_path / "report.pdf"
    for photo in photos:
        photo.touch()
    done = run("check", *photos, "--registry", tmp_path, "--lang", "it", "--report", report)
    done.assert_exit(ExitCode.INPUT_OR_OUTPUT)
    # Of each, once in the list of all pictures and once beside the picture.
    assert words(report).count("il file è vuoto") == 4


def test_machines_read_english_in_every_language(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    common = ("check", tmp_path / "empty.jpg", "--registry", tmp_path / "none", "--json")
    answers = [run(*common, "--lang", code).document["problem"] for code in LANGUAGES]
    assert set(answers) == {"empty.jpg: the file is empty; fetch it again from its source"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-o", "copies"), "aucune n’est demandée"),
        (("--report", "x.txt"), "se termine par"),
        (("--channel", "billboard"), "aucun canal"),
        (("--on", "tomorrow"), "n’est pas un jour"),
        (("--lang", "rm"), "n’est pas l’un de"),
    ],
)
def test_a_wrong_option_is_said_in_french(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    monkeypatch.setenv("LC_ALL", "fr_CH.UTF-8")
    monkeypatch.setenv("COLUMNS", "200")
    done = run("check", PORTRAIT, "--registry", tmp_path / "none", *arguments)
    assert said in done.assert_exit(ExitCode.USAGE).result.stderr


def test_no_error_class_is_left_out() -> None:
    assert len(KINDS) == sum(
        path.read_text(encoding="utf-8").count("\nclass ") for path in ROOT.glob("*/errors.py")
    )
