"""A form that contradicts itself, the person or the policy is refused by name, without a trace."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from consent import filing
from consent.admission import LANGUAGES, MAX_REASON
from consent.contradictions import MAX_TERM, check_consent
from consent.errors import PersonUnknownError, RecordInvalidError, SerialTakenError
from consent.filing import Kind
from consent.policy import CHANNELS, PURPOSES, Policy
from consent.records import (
    WORLD,
    Consent,
    Dossier,
    Evidence,
    EvidenceLevel,
    Material,
    Paper,
    Person,
    Role,
    Scope,
    Secrecy,
    Signatory,
    Supersession,
    Terms,
)
from consent.registry import Registry
from tests.consent.dossiers import (
    CURATOR,
    FATHER,
    MOTHER,
    PERSON,
    SELF,
    a_child,
    a_consent,
    a_dossier,
    a_person,
    turning,
)
from tests.consent.factories import (
    NAME,
    NEXT_YEAR,
    SCAN,
    TODAY,
    TOMORROW,
    YESTERDAY,
    a_form,
    record,
)

POLICY = Policy()
CHILD = turning(10, TODAY)
TEEN = turning(14, YESTERDAY)
HUGE = "x" * 10_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "registry"


@pytest.fixture
def registry(folder: Path) -> Iterator[Registry]:
    with Registry.create(folder) as opened:
        yield opened


@pytest.fixture
def person(registry: Registry) -> str:
    """An adult with a form signed yesterday."""
    person = registry.add_person(NAME, [], on=TODAY).id
    record(registry, person, serial="OLD")
    return person


def traces(registry: Registry, folder: Path) -> tuple[object, ...]:
    """Everything that recording a form could leave behind."""
    counted = [
        registry._store.rows(f"SELECT count(*) AS n FROM {table}")[0]["n"]
        for table in ("form", "dossier_entry", "person", "audit")
    ]
    files = sorted(path.name for path in folder.rglob("*") if path.is_file())
    return (*counted, files, list(registry.dossiers()), registry.verify_dossiers())


def assert_refused(
    registry: Registry, folder: Path, form: Consent, complaint: str, scan: bytes = SCAN
) -> None:
    before = traces(registry, folder)
    with pytest.raises(RecordInvalidError, match=complaint):
        registry.record_consent(form, scan)
    assert traces(registry, folder) == before


def scoped(**changed: Any) -> dict[str, Scope]:
    """A scope like that of every form here, but for what is named."""
    return {"scope": dataclasses.replace(a_form(PERSON).scope, **changed)}


def signed_by(*signatories: Signatory) -> dict[str, tuple[Signatory, ...]]:
    return {"signatories": signatories}


# The days, the scope, the renewal


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"signed": TOMORROW}, "signed on 2026-11-22, which is still to come"),
        (
            {"signed": TODAY, **scoped(valid_until=YESTERDAY)},
            "ends on 2026-11-20, before it was signed on 2026-11-21",
        ),
        (
            scoped(valid_from=NEXT_YEAR, valid_until=TOMORROW),
            "ends on 2026-11-22, before it begins on 2027-11-21",
        ),
        (scoped(valid_until=dt.date(2077, 1, 1)), "more than 50 years .* never timeless"),
        (scoped(valid_until=dt.date.max), "never timeless"),
        (scoped(channels=frozenset()), "names no channel"),
        (scoped(materials=frozenset()), "names no material"),
        (scoped(purposes=frozenset()), "names no purpose.* There are services, events"),
        (scoped(channels=frozenset({"website", "billboard"})), "billboard: not known here"),
        (scoped(purposes=frozenset({"sales", "events"})), "sales: not known here"),
        (scoped(territory=frozenset()), "its territory must be"),
        (scoped(territory=frozenset({"CH", "Austria"})), "its territory must be"),
        (scoped(territory=frozenset({"ch"})), "its territory must be"),
        (scoped(territory=frozenset({"CH\n"})), "its territory must be"),
        (scoped(territory=frozenset({HUGE})), "its territory must be"),
        (scoped(event=" "), "its event cannot be kept: it is blank"),
        (scoped(event="a\x00party"), "its event cannot be kept: .* seen"),
        (scoped(event="x" * (MAX_REASON + 1)), "its event cannot be kept: it has 501"),
        (scoped(event=HUGE), "its event cannot be kept: it has 10000000"),
        ({"supersedes": (Supersession(serial="A-9"),)}, "renews the form A-9, .* not on file"),
        ({"supersedes": (Supersession(serial="A-1"),)}, "renews the form A-1, .* not on file"),
        (
            {
                "signed": dt.date(2026, 1, 1),
                "supersedes": (Supersession(serial="OLD", channels=frozenset({"tv"})),),
            },
            "renews the form OLD, which was signed after it",
        ),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_a_form_that_contradicts_itself_leaves_no_trace(
    registry: Registry, folder: Path, person: str, changed: dict[str, Any], complaint: str
) -> None:
    form = dataclasses.replace(a_form(person), **changed)
    assert_refused(registry, folder, form, f"the form A-1 cannot be recorded: .*{complaint}")


def test_a_form_of_another_person_cannot_be_renewed(
    registry: Registry, folder: Path, person: str
) -> None:
    other = registry.add_person("Anna Keller", [], on=TODAY).id
    form = a_form(other, supersedes=(Supersession(serial="OLD"),))
    assert_refused(registry, folder, form, "not on file for this person")


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"signed": TODAY},
        scoped(valid_until=YESTERDAY),
        scoped(valid_from=NEXT_YEAR),
        scoped(valid_from=dt.date(1990, 1, 1)),
        scoped(valid_until=dt.date(YESTERDAY.year + MAX_TERM, 12, 31)),
        scoped(territory=frozenset({"CH", "LI"})),
        scoped(territory=frozenset({WORLD})),
        scoped(event="x" * MAX_REASON),
        {"supersedes": (Supersession(serial="OLD"),)},
        signed_by(CURATOR),
    ],
    ids=lambda changed: " ".join(changed) or "as it is",
)
def test_what_only_looks_like_a_contradiction_is_recorded(
    registry: Registry, person: str, changed: dict[str, Any]
) -> None:
    form = dataclasses.replace(a_form(person), **changed)
    assert registry.record_consent(form, SCAN) == form
    assert registry.dossier(person).consents[1:] == (form,)


def test_a_form_may_have_ended_already() -> None:
    for until in (TODAY, dt.date(2020, 1, 1)):
        form = a_consent(signed=dt.date(2019, 1, 1), valid_until=until)
        assert check_consent(form, a_dossier(), POLICY) == form


def test_an_institution_without_purposes_asks_for_none() -> None:
    house = Policy(purposes=())
    for purposes in ((), ("events",), ("anything",)):
        form = a_consent(purposes=purposes)
        assert check_consent(form, a_dossier(), house) == form


# Who must sign


@pytest.mark.parametrize(
    ("born", "changed", "complaint"),
    [
        (None, signed_by(), "was of age when it was signed, and did not sign"),
        (None, signed_by(MOTHER), "day of birth of p-[^ ]* is not on file.*people born"),
        (None, signed_by(SELF, MOTHER, FATHER), "day of birth of p-[^ ]* is not on file"),
        (None, signed_by(SELF, dataclasses.replace(CURATOR, name=" ")), "must be named"),
        (None, signed_by(dataclasses.replace(CURATOR, basis=" ")), "needs a basis"),
        (turning(18, YESTERDAY), signed_by(MOTHER, FATHER), "was of age when it was signed"),
        (CHILD, signed_by(SELF), "2 guardians must sign, or one who declares"),
        (CHILD, signed_by(SELF, MOTHER), "2 guardians must sign"),
        (CHILD, signed_by(CURATOR), "2 guardians must sign"),
        (CHILD, signed_by(MOTHER, MOTHER), "2 guardians must sign"),
        (
            CHILD,
            signed_by(MOTHER, dataclasses.replace(MOTHER, name=" nora  ZÜRCHER ", relation="aunt")),
            "2 guardians must sign",
        ),
        (CHILD, signed_by(MOTHER, dataclasses.replace(FATHER, name="")), "must be named"),
        (CHILD, {**signed_by(SELF), "sole_authority": True}, "2 guardians must sign"),
        (TEEN, signed_by(MOTHER, FATHER), "a person of 14 or more signs as well"),
        (TEEN, {**signed_by(MOTHER), "sole_authority": True}, "a person of 14 or more"),
        (turning(18, TODAY), signed_by(SELF), "2 guardians must sign"),
    ],
)
def test_a_form_without_the_signatures_it_needs_leaves_no_trace(
    registry: Registry,
    folder: Path,
    born: dt.date | None,
    changed: dict[str, Any],
    complaint: str,
) -> None:
    person = registry.add_person(NAME, [], on=TODAY, born=born).id
    form = dataclasses.replace(a_form(person), **changed)
    assert_refused(registry, folder, form, complaint)


@pytest.mark.parametrize(
    ("born", "changed"),
    [
        (None, signed_by(SELF)),
        (None, signed_by(SELF, CURATOR)),
        (turning(18, YESTERDAY), signed_by(SELF)),
        (turning(18, TODAY), signed_by(SELF, MOTHER, FATHER)),
        (CHILD, signed_by(MOTHER, FATHER)),
        (CHILD, {**signed_by(MOTHER), "sole_authority": True}),
        (turning(14, TODAY), signed_by(MOTHER, FATHER)),
        (TEEN, signed_by(SELF, MOTHER, FATHER)),
    ],
)
def test_a_form_with_them_is_recorded(
    registry: Registry, born: dt.date | None, changed: dict[str, Any]
) -> None:
    person = registry.add_person(NAME, [], on=TODAY, born=born).id
    form = dataclasses.replace(a_form(person), **changed)
    assert registry.record_consent(form, SCAN) == form


@pytest.mark.parametrize(("guardians", "signed"), [(1, 1), (3, 3)])
def test_the_policy_says_how_many_guardians_sign(guardians: int, signed: int) -> None:
    house = Policy(guardians=guardians, minor_signs_from=10)
    everybody = (MOTHER, FATHER, Signatory(role=Role.GUARDIAN, name="Greta Frei"))
    child = a_dossier(person=a_child())
    form = a_consent(signed=TODAY, signatories=(SELF, *everybody[:signed]), recorded_on=TODAY)
    assert check_consent(form, child, house) == form
    with pytest.raises(RecordInvalidError, match=f"{guardians} guardians"):
        fewer = (SELF, *everybody[: signed - 1])
        check_consent(dataclasses.replace(form, signatories=fewer), child, house)
    with pytest.raises(RecordInvalidError, match="a person of 10 or more"):
        without = dataclasses.replace(form, signatories=everybody[:signed])
        check_consent(without, child, house)


# Texts


def with_text(form: Consent, field: str, text: str) -> Consent:
    """The form with the text in one of its fields."""
    room, _, name = field.rpartition(".")
    if room == "signatory":
        told = {"name": CURATOR.name, "basis": CURATOR.basis, name: text}
        signatory = Signatory(role=Role.REPRESENTATIVE, **told)
        return dataclasses.replace(form, signatories=(SELF, signatory))
    if room == "self":
        return dataclasses.replace(form, signatories=(Signatory(role=Role.SELF, name=text),))
    if not room:
        return dataclasses.replace(form, serial=text)
    inner = dataclasses.replace(getattr(form, room), **{name: text})
    return dataclasses.replace(form, **{room: inner})


TEXTS = (
    "serial",
    "scope.event",
    "terms.remuneration",
    "signatory.name",
    "signatory.relation",
    "signatory.basis",
    "self.name",
    "paper.template",
    "paper.collected_by",
    "paper.id_check",
    "paper.language",
)


@pytest.mark.parametrize("field", TEXTS)
@pytest.mark.parametrize(
    "text",
    ["a\x00b", "a\nb", "a\x1b[31m", "a\N{RIGHT-TO-LEFT OVERRIDE}b", "a\ud800", HUGE],
    ids=len,
)
def test_a_text_that_cannot_be_kept_leaves_no_trace(
    registry: Registry, folder: Path, person: str, field: str, text: str
) -> None:
    form = with_text(a_form(person), field, text)
    assert_refused(registry, folder, form, "cannot be kept|cannot be recorded|not a language")


@pytest.mark.parametrize("field", [name for name in TEXTS if name != "paper.language"])
def test_texts_are_kept_in_order(registry: Registry, person: str, field: str) -> None:
    typed, kept = "  cafe\N{COMBINING ACUTE ACCENT} ", "café"
    recorded = registry.record_consent(with_text(a_form(person), field, typed), SCAN)
    # A serial is what was printed, composed or not.
    expected = typed.strip() if field == "serial" else kept
    assert recorded == with_text(a_form(person), field, expected)
    assert registry.dossier(person).consents[1:] == (recorded,)


@pytest.mark.parametrize("serial", ["", "  "])
def test_a_form_without_a_serial_leaves_no_trace(
    registry: Registry, folder: Path, person: str, serial: str
) -> None:
    assert_refused(registry, folder, a_form(person, serial=serial), "the serial cannot be kept")


def test_a_language_is_one_of_the_forms(registry: Registry, folder: Path, person: str) -> None:
    assert_refused(
        registry, folder, with_text(a_form(person), "paper.language", "rm"), "not a language"
    )
    recorded = registry.record_consent(with_text(a_form(person), "paper.language", " DE"), SCAN)
    assert recorded.paper.language == "de"


# What is refused before


def test_another_scan_than_the_evidence_leaves_no_trace(
    registry: Registry, folder: Path, person: str
) -> None:
    assert_refused(registry, folder, a_form(person), "the scan is not its evidence", SCAN + b" ")


def test_a_serial_that_is_taken_leaves_no_trace(
    registry: Registry, folder: Path, person: str
) -> None:
    before = traces(registry, folder)
    for owner in (person, registry.people()[0].id):
        with pytest.raises(SerialTakenError, match="OLD"):
            registry.record_consent(a_form(owner, serial=" OLD "), SCAN)
    with pytest.raises(PersonUnknownError):
        registry.record_consent(a_form("p-00000000"), SCAN)
    assert traces(registry, folder) == before


# Whatever is admitted

DAYS = st.dates(dt.date(1936, 1, 1), dt.date(2040, 1, 1))
NAMES = st.one_of(
    st.sampled_from(["Zoë", " a  b ", "e\u0301", "x\u200cy"]),
    st.text(
        st.characters(exclude_categories=("Cc", "Cf", "Cs", "Co", "Zl", "Zp")), max_size=12
    ).map("a {}".format),
)
LINES = st.sampled_from(["", " "]) | NAMES


def some(values: Any) -> st.SearchStrategy[frozenset[Any]]:
    return st.frozensets(st.sampled_from(sorted(values)), min_size=1)


SCOPES = st.builds(
    Scope,
    materials=some(Material),
    channels=some(CHANNELS),
    purposes=some(PURPOSES),
    valid_from=DAYS,
    valid_until=DAYS,
    event=st.none() | NAMES,
    territory=some(["CH", "LI", WORLD]),
)
TERMS = st.builds(
    Terms,
    biometric=st.booleans(),
    named=st.booleans(),
    editing=st.booleans(),
    secrecy=st.builds(
        Secrecy, presence=st.booleans(), service=st.booleans(), diagnosis=st.booleans()
    ),
    remuneration=LINES,
)
SIGNATORIES = st.lists(
    st.builds(Signatory, role=st.sampled_from(Role), name=NAMES, relation=LINES, basis=NAMES),
    max_size=3,
).map(lambda more: (SELF, MOTHER, FATHER, *more))
PAPERS = st.builds(
    Paper,
    template=LINES,
    version=st.integers(0, 99),
    language=st.sampled_from(["", *LANGUAGES, "DE"]),
    collected_by=LINES,
    id_check=LINES,
)
RENEWALS = st.lists(
    st.builds(
        Supersession,
        serial=st.sampled_from(["OLD", "OLDER"]),
        channels=st.none() | st.frozensets(st.sampled_from(CHANNELS)),
    ),
    max_size=2,
).map(tuple)
EVIDENCE = st.builds(
    Evidence,
    st.just("5e" * 32),
    st.just(".pdf"),
    st.integers(1, 2**40),
    st.sampled_from(EvidenceLevel),
)
FORMS = st.builds(
    Consent,
    serial=st.just("A-1"),
    person=st.just(PERSON),
    signed=DAYS,
    scope=SCOPES,
    evidence=EVIDENCE,
    recorded_on=st.just(dt.date(2090, 1, 1)),
    terms=TERMS,
    signatories=SIGNATORIES,
    sole_authority=st.booleans(),
    paper=PAPERS,
    supersedes=RENEWALS,
)
PEOPLE = st.dates(dt.date(1920, 1, 1), dt.date(2020, 1, 1)).map(lambda born: a_person(born=born))
OLDER = tuple(a_consent(serial, signed=dt.date(1935, 1, 1)) for serial in ("OLD", "OLDER"))


@settings(deadline=None, max_examples=300)
@given(FORMS, DAYS, st.lists(st.integers(0, 40 * 365), min_size=2, max_size=2), PEOPLE)
def test_whatever_is_admitted_comes_back_as_it_was_filed(
    form: Consent, begin: dt.date, days: list[int], person: Person
) -> None:
    # Days drawn by themselves mostly contradict each other, which is tried above.
    signed, until = (begin + dt.timedelta(days=after) for after in sorted(days))
    scope = dataclasses.replace(form.scope, valid_from=begin, valid_until=until)
    form = dataclasses.replace(form, signed=signed, scope=scope, recorded_on=until)
    dossier = Dossier(person=person, consents=OLDER)
    try:
        admitted = check_consent(form, dossier, POLICY)
    except RecordInvalidError:
        assume(False)
    assert check_consent(admitted, dossier, POLICY) == admitted
    body = filing.body_of(admitted)
    back = filing.dossier_from(person, [(Kind.CONSENT, body)], frozenset())
    assert back == Dossier(person=person, consents=(admitted,))
    assert filing.body_of(back.consents[0]) == body
