"""The commands about an institution's own networks, on the registry of the demo."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clearance.commandline import ExitCode, today
from clearance.settings import FILE_NAME
from consent.registry import Registry
from detector.models import UserModel, UserRecogniser
from detector.networks import dlib_resnet
from tests.commands import SAMPLES, run
from tests.detector import networks as small

PORTRAIT = SAMPLES / "portraits" / "desire-kamanda-1.jpg"
BUILT_IN = "dlib_resnet_v1/centerface-5.2"


def words_of(model: UserModel, **more: Any) -> str:
    """The declaration as somebody would write it."""
    told: dict[str, Any] = {
        "kind": model.kind,
        "file": str(model.file),
        "sha256": model.sha256,
        "licence": model.licence,
    }
    if isinstance(model, UserRecogniser):
        told |= {"dimensions": model.dimensions, "geometry": "arcface-112", "output": "fc1"}
        told |= {"mean": 127.5, "std": 127.5}
    else:
        told["decoder"] = model.decoder
    lines = [f"{key} = {json.dumps(value)}" for key, value in (told | more).items()]
    return "\n".join([f"[models.{model.name}]", *lines, ""])


def declare(registry: Path, *sections: str, **chosen: str) -> None:
    """Add the sections to clearance.toml, and choose networks."""
    path = registry / FILE_NAME
    text = path.read_text(encoding="utf-8")
    for key, name in chosen.items():
        before = f'{key} = "{"centerface" if key == "finder" else "dlib_resnet"}"'
        assert before in text
        text = text.replace(before, f'{key} = "{name}"')
    path.write_text("\n".join([text, *sections]), encoding="utf-8")


@pytest.fixture(scope="session")
def built_in_as_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The built-in recogniser as a network of one's own; its section."""
    folder = tmp_path_factory.mktemp("model")
    content = dlib_resnet.build_model(dlib_resnet.read_layers(dlib_resnet.WEIGHTS.read()))
    path, digest = small.saved(content, folder / "own.onnx")
    return f"""
[models.own]
kind = "recogniser"
file = "{path}"
sha256 = "{digest}"
licence = "CC0"
layout = "nhwc"
input = "uint8"
dimensions = 128
geometry = "dlib-150"
normalise = false
"""


def test_without_a_network_of_ones_own_there_is_nothing_to_check(empty_registry: Path) -> None:
    done = run("models", "check", "--registry", empty_registry).assert_exit(ExitCode.CLEARED)
    assert done.result.stdout == "clearance.toml declares no network: the built-in ones are used.\n"
    silent = run("models", "check", "--registry", empty_registry, "--json")
    assert silent.assert_exit(ExitCode.CLEARED).documents == []


def test_a_good_recogniser_is_described_and_tells_the_drawn_people_apart(
    empty_registry: Path, built_in_as_file: str
) -> None:
    declare(empty_registry, built_in_as_file, recogniser="own")
    done = run("models", "check", "--registry", empty_registry, "--json")
    told = done.assert_exit(ExitCode.CLEARED).document
    assert (told["right"], told["tried"], told["passed"]) == (10, 10, True)
    assert told["tag"].startswith(f"own@{told['sha256'][:12]}-")
    assert told["tag"].endswith("/centerface-5.2")
    assert (told["licence"], told["scores"], told["dimensions"]) == ("CC0", None, 128)
    assert told["measured"] is False
    assert (told["in_use"], told["problem"]) == (True, None)


def test_a_recogniser_that_tells_nobody_apart_is_no_recogniser(
    empty_registry: Path, tmp_path: Path
) -> None:
    blind = small.a_recogniser(tmp_path)
    # Every pixel lies below the mean: what is left after the rectifier is nothing.
    section = words_of(blind, output="other", dimensions=48, mean=[500, 500, 500], std=1)
    declare(empty_registry, section)
    done = run("models", "check", "--registry", empty_registry)
    told = done.assert_exit(ExitCode.COMPONENT_MISSING).result.stdout
    assert "0 of 10 portraits" in told
    assert "problem: check the channels" in told
    assert "not in use" in told
    assert "none: no match is ever sure" in told


def test_a_finder_that_finds_no_drawn_face_is_no_finder(
    empty_registry: Path, tmp_path: Path
) -> None:
    declare(empty_registry, words_of(small.a_finder(tmp_path)), finder="magenta-yunet")
    done = run("models", "check", "--registry", empty_registry, "--json")
    told = done.assert_exit(ExitCode.COMPONENT_MISSING).document
    assert (told["right"], told["tried"], told["passed"]) == (0, 10, False)
    assert (told["decoder"], told["size"]) == ("yunet", None)


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", "problem: model 'colours': there is no file"),
        ("fr", "problème\u00a0: réseau «\u00a0colours\u00a0»\u00a0: il n’y a pas de fichier"),
        ("de", "Problem: Netz «colours»: es gibt keine Datei"),
        ("it", "problema: rete «colours»: non c’è un file"),
    ],
)
def test_a_refused_network_is_told_beside_the_others(
    empty_registry: Path, tmp_path: Path, lang: str, said: str
) -> None:
    gone = words_of(small.a_recogniser(tmp_path), file="gone.onnx")
    other = words_of(small.changed(small.a_finder(tmp_path), name="other"), file="lost.onnx")
    declare(empty_registry, gone, other)
    done = run("models", "check", "--registry", empty_registry, "--lang", lang)
    told = done.assert_exit(ExitCode.COMPONENT_MISSING).result.stdout
    assert said in told
    assert str(empty_registry / "gone.onnx") in told
    assert str(empty_registry / "lost.onnx") in told


def test_a_refused_network_judges_nobody(registry: Path, tmp_path: Path) -> None:
    model = small.a_recogniser(tmp_path)
    declare(registry, words_of(model, sha256="0" * 64), recogniser="colours")
    # Nobody has a template of it: it is not needed, and everybody is unknown.
    done = run("check", PORTRAIT, "--registry", registry, "--channel", "website")
    done.assert_exit(ExitCode.NOT_CLEARED)
    added = run("people", "re-enrol", "--registry", registry)
    line = added.assert_exit(ExitCode.COMPONENT_MISSING).result.stderr
    assert "model 'colours'" in line
    assert "not the declared one" in line
    assert len(line.splitlines()) == 1


def test_people_are_enrolled_again_when_the_recogniser_changes(
    registry: Path, built_in_as_file: str
) -> None:
    before = run("check", PORTRAIT, "--registry", registry, "--channel", "website")
    assert "re-enrol" not in before.assert_exit(ExitCode.CLEARED).result.stderr

    declare(registry, built_in_as_file, recogniser="own")
    old = run("check", PORTRAIT, "--registry", registry, "--channel", "website")
    line = old.assert_exit(ExitCode.NOT_CLEARED).result.stderr
    assert f"made by {BUILT_IN}, not by own@" in line
    assert "clearance people re-enrol" in line

    made = run("people", "re-enrol", "--registry", registry, "--json")
    people = made.assert_exit(ExitCode.CLEARED).documents
    assert len(people) > 3
    assert all(one["templates"] > 0 and not one["problems"] for one in people)
    with Registry.open(registry) as opened:
        assert opened.gallery(BUILT_IN, today()) == ()

    # The distances of another network mean nothing yet: the right person, but never for sure.
    new = run("check", PORTRAIT, "--registry", registry, "--channel", "website", "--json")
    assert "re-enrol" not in new.result.stderr
    (face,) = new.assert_exit(ExitCode.NOT_CLEARED).document["faces"]
    (right,) = (one["person"] for one in people if one["name"] == "Désiré Kamanda")
    assert (face["outcome"], face["person"]) == ("review", right)

    again = run("people", "re-enrol", "--registry", registry)
    assert again.assert_exit(ExitCode.CLEARED).result.stdout == (
        "Everybody’s templates are up to date.\n"
    )


def test_who_cannot_be_enrolled_again_is_told_and_keeps_the_old_templates(
    empty_registry: Path, tmp_path: Path, enrol: Callable[..., str]
) -> None:
    registry = empty_registry
    enrol(registry, "Anna Keller", SAMPLES / "portraits" / "werner-hafliger-1.jpg")
    declare(registry, words_of(small.a_finder(tmp_path)), finder="magenta-yunet")
    done = run("people", "re-enrol", "--registry", registry)
    told = done.assert_exit(ExitCode.INPUT_OR_OUTPUT).result.stdout
    assert "no face was found" in told
    assert "A new portrait is needed" in told
    with Registry.open(registry) as opened:
        assert opened.gallery(BUILT_IN, today())


def test_whoever_withdrew_is_not_enrolled_again(
    registry: Path, built_in_as_file: str, enrol: Callable[..., str]
) -> None:
    person = enrol(registry, "Anna Keller", SAMPLES / "portraits" / "werner-hafliger-1.jpg")
    run("consent", "withdraw", person, "--registry", registry).assert_exit(ExitCode.CLEARED)
    declare(registry, built_in_as_file, recogniser="own")
    made = run("people", "re-enrol", "--registry", registry, "--json")
    assert person not in {one["person"] for one in made.assert_exit(ExitCode.CLEARED).documents}


def test_nobody_is_enrolled_again_where_nobody_is_matched(registry: Path) -> None:
    path = registry / FILE_NAME
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("matching = true", "matching = false"), encoding="utf-8")
    done = run("people", "re-enrol", "--registry", registry).assert_exit(ExitCode.USAGE)
    assert "matching is off" in done.result.stderr
