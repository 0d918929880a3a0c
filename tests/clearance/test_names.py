"""A name is found as people write it, and a word that is none is not."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearance.names import Mention, NameIndex, folded
from consent.records import Person

DAY = dt.date(2026, 1, 1)
NAMES = {
    "anna": "Anna Keller",
    "jurg": "Jürg Müller",
    "zoe": "Zoé Amsler",
    "carla": "Carla von Berg",
    "eva": "KÜNG-MEIER Eva",
    "li": "Li Wu",
}


def people() -> list[Person]:
    coded = Person("study", "STUDY-17", DAY, coded=True)
    return [*(Person(one, name, DAY) for one, name in NAMES.items()), coded]


INDEX = NameIndex(people(), ordinary=["Berg"])


def named(text: str, **more: object) -> set[str]:
    return {mention.person for mention in INDEX.named_in(text, **more)}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("Anna Keller im Gang", {"anna"}),
        ("ANNA KELLER", {"anna"}),
        ("Anna Kellers Team", {"anna"}),
        ("Keller’s team", {"anna"}),
        ("die Kellers", {"anna"}),
        ("Juerg Mueller", {"jurg"}),
        ("Jurg Muller", {"jurg"}),
        ("l’équipe d’Amsler", {"zoe"}),
        ("Frau Küng", {"eva"}),
        ("Eva Meier-Küng", {"eva"}),
        ("#annakeller", {"anna"}),
        ("AnnaKeller", {"anna"}),
        ("Carla von Berg", {"carla"}),
        ("C. Berg", {"carla"}),
        ("Wu, Li", {"li"}),
        ("study-17, Tag 3", {"study"}),
        ("Keller und Amsler", {"anna", "zoe"}),
        ("Anna im Gang", set()),
        ("auf dem Berg", set()),
        ("im Kellerraum der Bergbahn", set()),
        ("STUDY-171", set()),
        ("", set()),
    ],
)
def test_who_is_named_in_a_text(text: str, who: set[str]) -> None:
    assert named(text) == who


def test_of_people_in_the_picture_every_part_of_the_name_counts() -> None:
    assert named("Annas Geburtstag", shown={"anna"}) == {"anna"}
    assert named("auf dem Berg", shown={"carla"}) == {"carla"}


def test_the_words_are_told_as_they_are_written() -> None:
    assert INDEX.named_in("Das Team um Müller") == (Mention("jurg", "Müller"),)


@pytest.mark.parametrize(
    ("stem", "who"),
    [
        ("ward3annakeller2024", {"anna"}),
        ("kelleranna", {"anna"}),
        ("xannakellerx", {"anna"}),
        ("2026_Keller", {"anna"}),
        ("IMG_1234", set()),
    ],
)
def test_a_file_name_runs_on(stem: str, who: set[str]) -> None:
    assert {mention.person for mention in INDEX.named_in_file_name(stem)} == who


@settings(max_examples=100, deadline=None)
@given(
    who=st.sampled_from(sorted(NAMES)),
    before=st.text(alphabet="abc äß.,;\n", max_size=20),
    after=st.text(alphabet="xyz éü.,;\n", max_size=20),
    loud=st.booleans(),
)
def test_a_full_name_is_found_anywhere(who: str, before: str, after: str, loud: bool) -> None:
    name = NAMES[who].upper() if loud else NAMES[who]
    assert who in named(f"{before} {name} {after}")


@given(st.text(max_size=30))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert folded(folded(text)) == folded(text)
