"""Which step follows which, for every state and action; and that no way leads around four eyes."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearance import publication_steps as steps
from clearance.checklist import checklist_for
from clearance.errors import StepRefusedError
from clearance.publication_steps import Deed
from clearance.publications import (
    TRANSITIONS,
    Action,
    Actor,
    Approval,
    Placement,
    Publication,
    Role,
    State,
    Task,
)
from clearance.results import Outcome
from tests.clearance.desk import (
    ALMIGHTY,
    APPROVER,
    ASKER,
    COPY,
    EDITOR,
    END,
    MOMENT,
    OFFICER,
    ORIGINAL,
    PUBLISHER,
    QUESTION,
    WHERE,
    a_wish,
    an_item,
)
from tests.consent.factories import TODAY

TASK = Task(TODAY, ("asked",), "p.weber", TODAY + dt.timedelta(days=7))
EXPECTED = """
                 scan answer review block release redact edit settle approve lapse publish expire withdraw down irrec decline retract
requested        SCA  -      -      -     -       -      REQ  -      -       -     -       -      -        -    -     DEC     RET
scanned          REV  REV    REV    BLO   NRL     NRD    REV  -      -       -     -       -      -        -    -     DEC     RET
in_review        REV  REV    REV    BLO   NRL     NRD    REV  RDY    -       -     -       -      -        -    -     DEC     RET
blocked          REV  REV    REV    BLO   NRL     NRD    REV  -      -       -     -       -      -        -    -     DEC     RET
needs_release    REV  REV    REV    BLO   NRL     NRD    REV  -      -       -     -       -      -        -    -     DEC     RET
needs_redaction  REV  REV    REV    BLO   NRL     NRD    REV  -      -       -     -       -      -        -    -     DEC     RET
ready            REV  REV    REV    BLO   -       -      REV  -      APP     REV   -       -      -        -    -     DEC     RET
approved         REV  REV    REV    BLO   -       -      REV  -      -       REV   PUB     -      -        -    -     DEC     RET
published        -    -      -      -     -       -      -    -      -       -     PUB     EXP    PEN      DWN  -     -       -
expired          -    -      -      -     -       -      -    -      -       -     -       -      -        DWN  IRR   -       -
withdrawal_pending - -      -      -     -       -      -    -      -       -     -       -      -        DWN  IRR   -       -
taken_down       -    -      -      -     -       -      -    -      -       -     -       -      -        -    -     -       -
irrecoverable    -    -      -      -     -       -      -    -      -       -     -       -      -        -    -     -       -
declined         -    -      -      -     -       -      -    -      -       -     -       -      -        -    -     -       -
retracted        -    -      -      -     -       -      -    -      -       -     -       -      -        -    -     -       -
"""  # noqa: E501 - a table
SHORT = {
    "REQ": State.REQUESTED,
    "SCA": State.SCANNED,
    "REV": State.IN_REVIEW,
    "BLO": State.BLOCKED,
    "NRL": State.NEEDS_RELEASE,
    "NRD": State.NEEDS_REDACTION,
    "RDY": State.READY,
    "APP": State.APPROVED,
    "PUB": State.PUBLISHED,
    "EXP": State.EXPIRED,
    "PEN": State.WITHDRAWAL_PENDING,
    "DWN": State.TAKEN_DOWN,
    "IRR": State.IRRECOVERABLE,
    "DEC": State.DECLINED,
    "RET": State.RETRACTED,
}
COLUMNS = [one for one in Action if one is not Action.REQUEST]


def expected() -> dict[tuple[State, Action], State | None]:
    _, _, *lines = EXPECTED.strip("\n").splitlines()
    rows = [line.split() for line in [EXPECTED.strip("\n").splitlines()[1], *lines]]
    return {
        (State(name), action): SHORT.get(cell)
        for name, *cells in rows
        for action, cell in zip(COLUMNS, cells, strict=True)
    }


def deed(actor: Actor = ALMIGHTY, note: str = "") -> Deed:
    return Deed(actor, MOMENT, note)


def in_state(state: State) -> Publication:
    """A publication of which nothing but the state can stand in the way."""
    asked = steps.request("pub-00000000", a_wish(an_item()), deed(ASKER))
    answered = asked
    for question in checklist_for():
        answered = steps.answer(
            dataclasses.replace(answered, state=State.IN_REVIEW), question, deed(EDITOR), clear=True
        )
    return dataclasses.replace(
        answered,
        state=state,
        settled_by=EDITOR.account,
        approval=Approval("a.meier", MOMENT, ("website",), END, frozenset({COPY})),
        placements=(Placement("website", WHERE, TODAY, END, "p.weber", (COPY,)),),
    )


def do(publication: Publication, action: Action, actor: Actor = ALMIGHTY) -> Publication:  # noqa: C901, PLR0911, PLR0912
    """The action in a form in which only the rules can refuse it."""
    done = deed(actor, note="a word on it")
    match action:
        case Action.SCAN:
            return steps.scan(publication, [an_item()], done)
        case Action.ANSWER:
            return steps.answer(publication, QUESTION, done, clear=True)
        case Action.REVIEW | Action.BLOCK | Action.NEED_RELEASE | Action.NEED_REDACTION:
            return steps.sort(publication, action, done)
        case Action.EDIT:
            return steps.edit(publication, {"title": "Another"}, done)
        case Action.SETTLE:
            return steps.settle(publication, done)
        case Action.APPROVE:
            return steps.approve(publication, ["website"], END, done, today=TODAY)
        case Action.LAPSE:
            return steps.lapse(publication, done)
        case Action.PUBLISH:
            return steps.publish(publication, "website", WHERE, [COPY], done, on=TODAY)
        case Action.EXPIRE:
            return steps.expire(publication, TASK, done)
        case Action.WITHDRAW:
            return steps.withdraw(publication, TASK, done)
        case Action.TAKE_DOWN:
            return steps.take_down(publication, done, on=TODAY)
        case Action.IRRECOVERABLE:
            return steps.irrecoverable(publication, done, on=TODAY)
        case Action.DECLINE | Action.RETRACT:
            return steps.end(publication, action, done)
        case _:
            raise AssertionError(action)


def test_the_table_has_every_pair() -> None:
    assert set(expected()) == {(state, action) for state in State for action in COLUMNS}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("action", COLUMNS)
def test_every_action_in_every_state(state: State, action: Action) -> None:
    before, target = in_state(state), expected()[state, action]
    if target is None:
        with pytest.raises(StepRefusedError, match=f"'{action.value}' is not possible while"):
            do(before, action)
        return
    after = do(before, action)
    last = after.history[-1]
    assert (after.state, last.before, last.after, last.action) == (target, state, target, action)
    assert after.history[:-1] == before.history
    assert last.number == len(after.history)
    if target in (State.IN_REVIEW, State.BLOCKED, State.NEEDS_RELEASE, State.NEEDS_REDACTION):
        assert (after.approval, after.settled_by) == (None, "")


@pytest.mark.parametrize(("state", "action"), sorted(TRANSITIONS))
def test_only_the_roles_of_the_rule_may(state: State, action: Action) -> None:
    rule = TRANSITIONS[state, action]
    for role in Role:
        actor = Actor("somebody.else", frozenset({role}))
        if role in rule.roles:
            assert do(in_state(state), action, actor).state is rule.target
        else:
            with pytest.raises(StepRefusedError, match="ask somebody with the role"):
                do(in_state(state), action, actor)


def test_no_person_can_do_what_the_program_does() -> None:
    roles = {rule.action for rule in TRANSITIONS.values() if rule.roles == {Role.PROGRAM}}
    assert roles == {Action.LAPSE, Action.EXPIRE}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"items": ()}, "no picture"),
        ({"items": (an_item(outcome=Outcome.BLOCKED),)}, "may not be published"),
        ({"items": (an_item(outcome=Outcome.REVIEW),)}, "may not be published"),
        ({"items": (an_item(outcome=Outcome.REDACTED, copy=None),)}, "there is no copy"),
        ({"items": (an_item(erased=1),)}, "was erased"),
        ({"answers": ()}, "nobody has answered: badges, screens"),
        ({"rights": dataclasses.replace(a_wish().rights, held=False)}, "rights"),
    ],
)
def test_not_ready(changed: dict[str, object], message: str) -> None:
    publication = dataclasses.replace(in_state(State.IN_REVIEW), **changed)  # type: ignore[arg-type]
    with pytest.raises(StepRefusedError, match=message):
        steps.settle(publication, deed(EDITOR))


def test_what_was_found_by_eye_stands_in_the_way() -> None:
    found = steps.answer(in_state(State.IN_REVIEW), QUESTION, deed(EDITOR), clear=False)
    with pytest.raises(StepRefusedError, match="something was found: badges"):
        steps.settle(found, deed(EDITOR))


def test_another_picture_needs_other_answers() -> None:
    before = in_state(State.IN_REVIEW)
    same = steps.scan(before, [an_item(file="renamed.jpg")], deed(EDITOR))
    assert same.answers == before.answers
    other = steps.scan(before, [an_item(copy="ab" * 32)], deed(EDITOR))
    assert other.answers == ()


@pytest.mark.parametrize(
    "account", [EDITOR.account, ASKER.account, "E.ROTH", "Nora Favre", "nora  favre"]
)
def test_four_eyes(account: str) -> None:
    ready = in_state(State.READY)
    actor = Actor(account, frozenset(Role))
    with pytest.raises(StepRefusedError, match="somebody else must approve"):
        steps.approve(ready, ["website"], END, deed(actor), today=TODAY)
    alone = steps.approve(ready, ["website"], END, deed(actor), today=TODAY, four_eyes=False)
    assert alone.state is State.APPROVED


@pytest.mark.parametrize(
    ("channels", "until", "message"),
    [
        (["social"], END, "only what was asked for"),
        ([], END, "only what was asked for"),
        (["website"], TODAY - dt.timedelta(days=1), "before it begins"),
        (["website"], END + dt.timedelta(days=1), "was asked for until"),
    ],
)
def test_not_approved(channels: list[str], until: dt.date, message: str) -> None:
    with pytest.raises(StepRefusedError, match=message):
        steps.approve(in_state(State.READY), channels, until, deed(APPROVER), today=TODAY)


@pytest.mark.parametrize(
    ("channel", "where", "copies", "on", "message"),
    [
        ("website", WHERE, [ORIGINAL], TODAY, "is not the one that was approved"),
        ("website", WHERE, [COPY, "ab" * 32], TODAY, "is not the one that was approved"),
        ("website", WHERE, [], TODAY, "name the files"),
        ("website", " ", [COPY], TODAY, "where it is published"),
        ("print", WHERE, [COPY], TODAY, "print was not approved"),
        ("website", WHERE, [COPY], END + dt.timedelta(days=1), "approved until"),
    ],
)
def test_not_published(
    channel: str, where: str, copies: list[str], on: dt.date, message: str
) -> None:
    with pytest.raises(StepRefusedError, match=message):
        steps.publish(in_state(State.APPROVED), channel, where, copies, deed(PUBLISHER), on=on)


def test_taken_down_needs_a_proof() -> None:
    pending = in_state(State.WITHDRAWAL_PENDING)
    pending = dataclasses.replace(pending, task=TASK)
    with pytest.raises(StepRefusedError, match="a proof is needed"):
        steps.take_down(pending, deed(OFFICER), on=TODAY)
    with pytest.raises(StepRefusedError, match="no SHA-256"):
        steps.take_down(pending, Deed(OFFICER, MOMENT, proof="screenshot.png"), on=TODAY)
    done = steps.take_down(pending, Deed(OFFICER, MOMENT, proof="ab" * 32), on=TODAY)
    assert done.task == dataclasses.replace(TASK, done=TODAY)
    assert done.history[-1].proof == "ab" * 32


def test_irrecoverable_and_declined_need_a_reason() -> None:
    with pytest.raises(StepRefusedError, match="why it cannot be taken down"):
        steps.irrecoverable(in_state(State.EXPIRED), deed(PUBLISHER), on=TODAY)
    with pytest.raises(StepRefusedError, match="why it is declined"):
        steps.end(in_state(State.READY), Action.DECLINE, deed(APPROVER))


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"title": " "}, "needs a title"),
        ({"requester": ""}, "needs a title"),
        ({"channels": ()}, "needs a channel"),
        ({"until": TODAY - dt.timedelta(days=1)}, "ends before it begins"),
        ({"items": (an_item(original="x"),)}, "no SHA-256"),
    ],
)
def test_a_request_that_makes_no_sense(wish: dict[str, object], message: str) -> None:
    with pytest.raises(StepRefusedError, match=message):
        steps.request("pub-00000000", dataclasses.replace(a_wish(), **wish), deed(ASKER))  # type: ignore[arg-type]


def test_the_program_asks_for_nothing() -> None:
    with pytest.raises(StepRefusedError, match="may not do 'request'"):
        steps.request("pub-00000000", a_wish(), steps.by_program(MOMENT))


PEOPLE = [Actor(name, frozenset(Role)) for name in ("one", "two", "three")]
CHANGING = {Action.SCAN, Action.ANSWER, Action.EDIT}
WALKS = st.lists(st.tuples(st.sampled_from(COLUMNS), st.sampled_from(PEOPLE)), max_size=40)
LIKELY = st.lists(
    st.tuples(
        st.sampled_from(
            [Action.SCAN, Action.EDIT, Action.SETTLE, Action.APPROVE, Action.PUBLISH, Action.REVIEW]
        ),
        st.sampled_from(PEOPLE),
    ),
    max_size=40,
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(WALKS, LIKELY))
def test_nothing_is_published_but_by_two_people_after_the_last_change(
    walk: list[tuple[Action, Actor]],
) -> None:
    publication = steps.request("pub-00000000", a_wish(an_item()), deed(ASKER))
    publication = steps.scan(publication, [an_item()], deed(EDITOR))
    for question in checklist_for():
        publication = steps.answer(publication, question, deed(EDITOR), clear=True)
    for action, actor in walk:
        with contextlib.suppress(StepRefusedError):
            publication = do(publication, action, actor)
    history = publication.history
    firsts = [at for at, one in enumerate(history) if one.action is Action.PUBLISH]
    for first in firsts:
        before = history[:first]
        last_change = max(at for at, one in enumerate(before) if one.after is State.IN_REVIEW)
        since = before[last_change + 1 :]
        settled = {one.by for one in since if one.action is Action.SETTLE}
        approved = {one.by for one in since if one.action is Action.APPROVE}
        assert len(settled) == len(approved) == 1
        assert settled.isdisjoint(approved)
        assert not {one.action for one in since} & CHANGING


def test_a_usual_walk_is_published() -> None:
    one, two, three = PEOPLE
    publication = in_state(State.IN_REVIEW)
    for action, actor in ((Action.SETTLE, one), (Action.APPROVE, two), (Action.PUBLISH, three)):
        publication = do(publication, action, actor)
    assert publication.state is State.PUBLISHED
