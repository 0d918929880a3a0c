"""Portraits of one person agree, are unlike anybody else's, and the best of them serve."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
from PIL import Image

import clearance.references
from clearance.commandline import ExitCode
from clearance.language import LANGUAGES, language
from clearance.likeness import rates_for
from clearance.reenrolment import re_enrol
from clearance.references import MAX_TEMPLATES, NewPortrait, References, references_of
from consent.records import Portrait, StoredPortrait, new_id
from consent.registry import Registry
from detector.faces import Box, Face, Frame
from tests.commands import PHOTOS, SAMPLES, run
from tests.consent.factories import NEXT_YEAR, TODAY, YESTERDAY, record
from tests.detector.fakes import a_detector, a_face

if TYPE_CHECKING:
    import numpy.typing as npt

    from consent.records import Person
    from detector.detector import Detector
    from detector.faces import Templates

RED, DARK_RED, BLUE, GREEN = (200, 90, 90), (190, 90, 90), (90, 90, 200), (90, 200, 90)
JURG = SAMPLES / "portraits" / "jurg-mettler-1.jpg"
JURG_TOO = SAMPLES / "portraits" / "jurg-mettler-2.jpg"
ZOE = SAMPLES / "portraits" / "zoe-amsler-1.jpg"


class Colours:
    """A detector that sees one face in each picture and tells people by their colour."""

    recogniser_name = "colours 1"
    scores_path = None

    def find_faces(self, frame: Frame) -> tuple[Face, ...]:
        edge = frame.width // 5
        return (a_face(Box(edge, edge, frame.width - edge, frame.height - edge)),)

    def templates(self, frame: Frame, faces: Sequence[Face]) -> Templates:
        colour = frame.pixels.mean(axis=(0, 1), dtype=np.float64) / 255
        return np.tile(colour.astype(np.float32), (len(faces), 1))


COLOURS = cast("Detector", Colours())


def rates(templates: Templates, people: Sequence[Sequence[Templates]]) -> npt.NDArray[np.float64]:
    """One stranger in a million has nearly the same colour, one in two another one."""
    means = np.stack([np.mean(rows, axis=0) for rows in people])
    apart = np.linalg.norm(templates[:, None] - means, axis=2)
    return np.where(apart < 0.1, 1e-6, 0.5)


@pytest.fixture(autouse=True)
def _measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clearance.references, "rates_for", lambda _: rates)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Registry]:
    with Registry.create(tmp_path / "colours") as registry:
        yield registry


def drawn(colour: tuple[int, int, int], side: int = 300) -> Portrait:
    """A face of that colour: stripes, so that it is sharp."""
    down, across = np.mgrid[:side, :side]
    light = np.sin((down + across) * 0.5) + np.sin(across * 0.15)
    pixels = np.clip(np.array(colour) + light[..., None] * 25, 0, 255).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return Portrait(stream.getvalue(), ".png")


def add(registry: Registry, name: str, *portraits: Portrait) -> Person:
    return registry.add_person(name, portraits, on=YESTERDAY)


def enrolled(registry: Registry, name: str, serial: str, *portraits: Portrait) -> Person:
    person = add(registry, name, *portraits)
    made = references_of(person, registry, COLOURS, TODAY)
    assert made.templates
    record(
        registry,
        person.id,
        serial=serial,
        templates=made.templates,
        recogniser=COLOURS.recogniser_name,
    )
    return person


def kept(registry: Registry, person: Person, made: References) -> list[int]:
    """Numbers, from 1, of the stored portraits that gave a template."""
    ids = [portrait.id for portrait in registry.portraits_of(person.id)]
    assert set(made.templates) <= set(ids)
    return [number for number, id_ in enumerate(ids, 1) if id_ in made.templates]


def new(portrait: Portrait, name: str = "new.png") -> NewPortrait:
    return NewPortrait(StoredPortrait(new_id(), portrait.data, portrait.suffix, TODAY), name)


def test_portraits_that_agree_all_serve(opened: Registry) -> None:
    person = add(opened, "Rosa", drawn(RED), drawn(DARK_RED), drawn(RED, 330))
    made = references_of(person, opened, COLOURS, TODAY)
    assert kept(opened, person, made) == [1, 2, 3]
    assert made.problems == ()


def test_a_portrait_of_somebody_else_among_several_is_left_out(opened: Registry) -> None:
    person = add(opened, "Rosa", drawn(RED), drawn(BLUE), drawn(DARK_RED))
    made = references_of(person, opened, COLOURS, TODAY)
    assert kept(opened, person, made) == [1, 3]
    (told,) = made.problems
    assert str(told) == (
        "portrait 2, added on 2026-11-20: it does not look like the other portraits of this "
        "person; add another picture, if it is the right person"
    )


@pytest.mark.parametrize("colours", [(RED, BLUE), (RED, BLUE, GREEN), (RED, RED, BLUE, BLUE)])
def test_where_nobody_can_tell_which_is_wrong_none_serves(
    opened: Registry, colours: tuple[tuple[int, int, int], ...]
) -> None:
    person = add(opened, "Rosa", *(drawn(colour) for colour in colours))
    made = references_of(person, opened, COLOURS, TODAY)
    assert made.templates == {}
    assert len(made.left_out) == len(colours)


def test_another_picture_settles_it(opened: Registry) -> None:
    person = add(opened, "Rosa", drawn(RED), drawn(BLUE))
    third = new(drawn(DARK_RED))
    made = references_of(person, opened, COLOURS, TODAY, [third])
    first, second = (portrait.id for portrait in opened.portraits_of(person.id))
    assert set(made.templates) == {first, third.portrait.id}
    assert set(made.left_out) == {second}


def test_new_portraits_never_outvote_those_on_file(opened: Registry) -> None:
    person = add(opened, "Rosa", drawn(RED))
    others = [new(drawn(BLUE), f"blue{number}.png") for number in range(3)]
    made = references_of(person, opened, COLOURS, TODAY, others)
    assert kept(opened, person, made) == [1]
    assert [str(told).partition(":")[0] for told in made.problems] == [
        "blue0.png",
        "blue1.png",
        "blue2.png",
    ]


def test_portraits_like_somebody_elses_give_nothing(opened: Registry) -> None:
    other = enrolled(opened, "Rosa", "A-1", drawn(RED))
    person = add(opened, "Rita", drawn(BLUE), drawn(BLUE), drawn(DARK_RED), drawn(DARK_RED))
    # Where the portraits disagree, that is told; nothing of the person is compared.
    assert references_of(person, opened, COLOURS, TODAY).templates == {}
    twin = add(opened, "Rita", drawn(DARK_RED))
    made = references_of(twin, opened, COLOURS, TODAY)
    assert made.templates == {}
    assert made.collision
    assert made.problems == (made.collision,)
    told = str(made.collision)
    assert told.startswith("portrait 1, added on 2026-11-20: it looks like Rosa")
    assert f"'clearance people lookalike {twin.id} {other.id}'" in told

    opened.link_lookalikes(other.id, twin.id)
    assert references_of(twin, opened, COLOURS, TODAY).collision is None
    assert kept(opened, twin, references_of(twin, opened, COLOURS, TODAY)) == [1]


def test_nobody_collides_with_who_is_not_matched(opened: Registry) -> None:
    enrolled(opened, "Rosa", "A-1", drawn(RED))
    twin = add(opened, "Rita", drawn(RED))
    after = NEXT_YEAR + dt.timedelta(days=1)
    assert references_of(twin, opened, COLOURS, TODAY).collision
    assert references_of(twin, opened, COLOURS, after).templates


def test_a_person_does_not_collide_with_their_own_templates(opened: Registry) -> None:
    person = enrolled(opened, "Rosa", "A-1", drawn(RED))
    assert references_of(person, opened, COLOURS, TODAY).templates


@pytest.mark.parametrize(
    ("rate", "disagree", "collide"),
    [
        (0.5, True, False),
        (0.0101, True, False),
        (0.01, False, False),
        (1.01e-4, False, False),
        (1e-4, False, True),
        (1e-6, False, True),
    ],
)
def test_the_limits_are_these(
    opened: Registry,
    monkeypatch: pytest.MonkeyPatch,
    rate: float,
    disagree: bool,
    collide: bool,
) -> None:
    enrolled(opened, "Rosa", "A-1", drawn(BLUE))
    person = add(opened, "Rita", drawn(RED), drawn(RED))

    def constant(
        templates: Templates, people: Sequence[Sequence[Templates]]
    ) -> npt.NDArray[np.float64]:
        return np.full((len(templates), len(people)), rate)

    monkeypatch.setattr(clearance.references, "rates_for", lambda _: constant)
    made = references_of(person, opened, COLOURS, TODAY)
    assert bool(made.left_out) is disagree
    assert bool(made.collision) is collide
    assert bool(made.templates) is not (disagree or collide)


def test_an_unmeasured_network_compares_no_portraits(
    opened: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clearance.references, "rates_for", rates_for)
    enrolled(opened, "Rosa", "A-1", drawn(RED))
    person = add(opened, "Rita", drawn(RED), drawn(BLUE))
    unmeasured = a_detector()
    assert rates_for(unmeasured) is None
    made = references_of(person, opened, COLOURS, TODAY)
    assert (len(made.templates), made.problems) == (2, ())


def test_the_best_five_are_kept(opened: Registry) -> None:
    sides = (180, 290, 160, 220, 250, 200, 210)
    person = add(opened, "Rosa", *(drawn(RED, side) for side in sides))
    made = references_of(person, opened, COLOURS, TODAY)
    assert kept(opened, person, made) == [2, 4, 5, 6, 7]
    assert len(made.templates) == MAX_TEMPLATES
    assert made.problems == ()


def test_a_blurred_portrait_from_before_is_told_of_and_left_out(opened: Registry) -> None:
    flat = io.BytesIO()
    Image.new("RGB", (300, 300), RED).save(flat, "PNG")
    person = add(opened, "Rosa", drawn(RED), Portrait(flat.getvalue(), ".png"))
    made = references_of(person, opened, COLOURS, TODAY)
    assert kept(opened, person, made) == [1]
    (told,) = made.problems
    assert "portrait 2, added on 2026-11-20: the face is blurred" in str(told)


def test_every_language_says_which_portrait_and_whom_it_is_like(opened: Registry) -> None:
    enrolled(opened, "Rosa", "A-1", drawn(RED))
    made = references_of(add(opened, "Rita", drawn(RED)), opened, COLOURS, TODAY)
    assert made.collision
    told = {language(code).error(made.collision) for code in LANGUAGES}
    assert len(told) == len(LANGUAGES)
    assert all("Rosa" in line and "clearance people lookalike" in line for line in told)


def test_whoever_collides_is_not_enrolled_again(opened: Registry) -> None:
    one = enrolled(opened, "Anna", "A-1", drawn(RED))
    two = add(opened, "Rita", drawn(RED))
    record(opened, two.id, serial="B-2")
    (again,) = re_enrol(opened, COLOURS, TODAY)
    assert (again.person.id, again.templates, again.collide) == (two.id, 0, True)
    assert {person for person, _ in opened.gallery("colours 1", TODAY)} == {one.id}
    opened.link_lookalikes(one.id, two.id)
    (again,) = re_enrol(opened, COLOURS, TODAY)
    assert (again.templates, again.failed) == (1, False)


# At the terminal, with the built-in networks, and rates as if they were measured.


@pytest.fixture
def signed(evidence: Path) -> Callable[..., tuple[object, ...]]:
    def options(serial: str) -> tuple[object, ...]:
        return (
            *("--serial", serial, "--evidence", evidence, "--biometric", "--channel", "website"),
            *PHOTOS,
            *("--signed", "2026-01-10", "--until", "2036-01-10"),
        )

    return options


@pytest.fixture
def by_distance(monkeypatch: pytest.MonkeyPatch) -> None:
    def near(
        templates: Templates, people: Sequence[Sequence[Templates]]
    ) -> npt.NDArray[np.float64]:
        means = np.stack([np.mean(rows, axis=0) for rows in people])
        return np.where(np.linalg.norm(templates[:, None] - means, axis=2) < 0.35, 1e-6, 0.5)

    monkeypatch.setattr(clearance.references, "rates_for", lambda _: near)


@pytest.mark.usefixtures("by_distance")
def test_a_consent_is_recorded_without_templates_where_portraits_collide(
    empty_registry: Path, enrol: Callable[..., str], signed: Callable[..., tuple[object, ...]]
) -> None:
    common = ("--registry", empty_registry)
    first = enrol(empty_registry, "Jürg Mettler", JURG)
    run("people", "add", "Hans Muster", "--portrait", JURG_TOO, *common)
    done = run("consent", "record", "Hans Muster", *signed("T-2"), *common)
    done.assert_exit(ExitCode.INPUT_OR_OUTPUT)
    assert "Recorded T-2" in done.result.stdout
    assert "looks like Jürg Mettler" in done.result.stderr
    assert "Hans Muster has no template" in done.result.stderr
    with Registry.open(empty_registry) as opened:
        hans = opened.find_person("Hans Muster").id
        assert [one.serial for one in opened.dossier(hans).consents] == ["T-2"]
        assert {person for person, _ in opened.gallery(built_in(), TODAY)} == {first}

    again = run("people", "re-enrol", *common).assert_exit(ExitCode.INPUT_OR_OUTPUT)
    assert "looks like Jürg Mettler" in again.result.stdout
    assert "A new portrait is needed" not in again.result.stdout
    run("people", "lookalike", hans, first, *common).assert_exit(ExitCode.CLEARED)
    (made,) = run("people", "re-enrol", *common, "--json").assert_exit(ExitCode.CLEARED).documents
    assert (made["person"], made["templates"], made["problems"]) == (hans, 1, [])


def built_in() -> str:
    from detector.detector import Detector

    return Detector.load().recogniser_name


@pytest.mark.usefixtures("by_distance")
def test_portraits_that_disagree_are_told_when_the_consent_is_recorded(
    empty_registry: Path, signed: Callable[..., tuple[object, ...]]
) -> None:
    common = ("--registry", empty_registry)
    files = ("--portrait", JURG, "--portrait", ZOE)
    run("people", "add", "Jürg Mettler", *files, *common).assert_exit(ExitCode.CLEARED)
    done = run("consent", "record", "Jürg Mettler", *signed("T-1"), *common, "--json")
    told = done.assert_exit(ExitCode.INPUT_OR_OUTPUT).document
    assert (told["consent"], told["templates"]) == ("T-1", 0)
    assert [problem.partition(",")[0] for problem in told["problems"]] == [
        "portrait 1",
        "portrait 2",
    ]
    added = run("people", "portrait", "Jürg Mettler", JURG_TOO, *common)
    added.assert_exit(ExitCode.CLEARED)
    assert "Jürg Mettler has 3 portraits." in added.result.stdout
    assert "2 templates" in added.result.stdout
    assert "portrait 2, added on" in added.result.stderr


@pytest.mark.usefixtures("by_distance")
def test_a_later_portrait_serves_at_once_where_the_consent_allows_it(
    empty_registry: Path, enrol: Callable[..., str]
) -> None:
    common = ("--registry", empty_registry)
    person = enrol(empty_registry, "Jürg Mettler", JURG)
    done = run("people", "portrait", person, JURG_TOO, *common, "--json")
    told = done.assert_exit(ExitCode.CLEARED).document
    assert (told["portraits"], told["added"], told["templates"]) == (2, 1, 2)
    listed = run("people", "list", *common, "--json").document
    assert listed["portraits"] == 2
    assert dt.date.fromisoformat(listed["newest_portrait"]) >= TODAY
    assert "2 portraits, the newest of" in run("people", "list", *common).result.stdout


@pytest.mark.usefixtures("by_distance")
@pytest.mark.parametrize("wrong", [ZOE, SAMPLES / "ward-opening.jpg", SAMPLES / "none.jpg"])
def test_a_later_portrait_that_does_not_fit_adds_nothing(
    empty_registry: Path, enrol: Callable[..., str], wrong: Path
) -> None:
    common = ("--registry", empty_registry)
    person = enrol(empty_registry, "Jürg Mettler", JURG)
    done = run("people", "portrait", person, JURG_TOO, wrong, *common)
    done.assert_exit(ExitCode.INPUT_OR_OUTPUT)
    assert wrong.name in done.result.stderr
    with Registry.open(empty_registry) as opened:
        assert len(opened.portraits_of(person)) == 1
        assert len(opened.gallery(built_in(), TODAY)) == 1


def test_a_later_portrait_waits_for_a_consent(
    empty_registry: Path, signed: Callable[..., tuple[object, ...]]
) -> None:
    common = ("--registry", empty_registry)
    run("people", "add", "Jürg Mettler", *common).assert_exit(ExitCode.CLEARED)
    done = run("people", "portrait", "Jürg Mettler", JURG, *common).assert_exit(ExitCode.CLEARED)
    assert "No face is compared" in done.result.stdout
    with Registry.open(empty_registry) as opened:
        assert not opened.enrolled(TODAY)
    recorded = run("consent", "record", "Jürg Mettler", *signed("T-1"), *common, "--json")
    assert recorded.assert_exit(ExitCode.CLEARED).document["templates"] == 1
    run("people", "portrait", "Nobody", JURG, *common).assert_exit(ExitCode.REGISTRY)
