"""Publications on file: asked for, approved, out, and what becomes of them after a no."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clearance.errors import StepRefusedError
from clearance.ledger import Ledger
from clearance.publications import Action, Publication, State
from clearance.results import Outcome
from clearance.settings import Publication as PublicationSettings
from clearance.settings import Settings
from consent.errors import PublicationChangedError, PublicationUnknownError
from consent.records import Status
from consent.registry import Registry
from tests.clearance.desk import (
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
    all_answered,
    an_item,
    approved,
    published,
)
from tests.consent.factories import NEXT_YEAR, TODAY, TOMORROW, enrol, record

DAY = dt.timedelta(days=1)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.create(tmp_path / "registry") as made:
        yield made


@pytest.fixture
def ledger(registry: Registry) -> Ledger:
    return Ledger(registry, Settings(), clock=lambda: MOMENT)


@pytest.fixture
def elodie(registry: Registry) -> str:
    return enrol(registry)


@pytest.fixture
def anna(registry: Registry) -> str:
    return enrol(registry, "Anna Keller", serial="B-1")


def test_what_is_filed_is_read_again(ledger: Ledger, registry: Registry, elodie: str) -> None:
    out = published(ledger, elodie)
    assert ledger.publication(out.id) == out
    assert ledger.publication(out.id.lower().replace("pub-", "PUB-")) == out
    assert ledger.publications() == (out,)
    assert out.state is State.PUBLISHED
    assert out.items[0].people == (elodie,)
    assert out.items[0].serials == ("A-1",)
    assert [one.action for one in out.history][-3:] == [
        Action.SETTLE,
        Action.APPROVE,
        Action.PUBLISH,
    ]
    assert {one.at for one in out.history} == {MOMENT}
    assert (out.placements[0].where, out.placements[0].by) == (WHERE, PUBLISHER.account)
    assert out.ends_on == END
    assert registry.verify_audit().ok
    assert registry.verify_publications() == registry.verify_dossiers() == ()


def test_the_log_names_nobody(ledger: Ledger, registry: Registry, elodie: str) -> None:
    out = published(ledger, elodie)
    entries = [one for one in registry.audit_entries() if one.subject == out.id]
    assert [one.action for one in entries] == [f"publication.{one.action}" for one in out.history]
    for told in map(str, (one.details for one in entries)):
        assert elodie not in told
        assert "Favre" not in told
        assert not any(one.account in told for one in (ASKER, EDITOR, APPROVER, PUBLISHER))


def test_an_unknown_publication(ledger: Ledger) -> None:
    with pytest.raises(PublicationUnknownError, match="pub-00000000"):
        ledger.publication("pub-00000000")


def test_an_unknown_channel(ledger: Ledger) -> None:
    with pytest.raises(StepRefusedError, match="no channel 'facebook'"):
        ledger.request(a_wish(channels=("facebook",)), ASKER)
    asked = ledger.request(a_wish(), ASKER)
    with pytest.raises(StepRefusedError, match="no channel 'facebook'"):
        ledger.edit(asked.id, ASKER, channels=("facebook",))


def test_a_step_that_is_refused_changes_nothing(ledger: Ledger, elodie: str) -> None:
    before = approved(ledger, elodie)
    with pytest.raises(StepRefusedError, match="is not the one that was approved"):
        ledger.publish(before.id, "website", WHERE, [ORIGINAL], PUBLISHER, on=TODAY)
    assert ledger.publication(before.id) == before


@pytest.mark.parametrize("changes", [{"channels": ("website", "print")}, {"title": "Other"}])
def test_an_edit_takes_the_approval_away(
    ledger: Ledger, elodie: str, changes: dict[str, Any]
) -> None:
    before = approved(ledger, elodie)
    edited = ledger.edit(before.id, EDITOR, **changes)
    assert (edited.state, edited.approval) == (State.IN_REVIEW, None)
    with pytest.raises(StepRefusedError, match="not possible while it is 'in_review'"):
        ledger.publish(before.id, "website", WHERE, [COPY], PUBLISHER, on=TODAY)


def test_what_is_out_is_not_edited(ledger: Ledger, elodie: str) -> None:
    out = published(ledger, elodie)
    with pytest.raises(StepRefusedError, match="'edit' is not possible"):
        ledger.edit(out.id, EDITOR, channels=("print",))


def test_two_who_change_it_at_once(ledger: Ledger, registry: Registry, elodie: str) -> None:
    class Slow(Ledger):
        def publication(self, publication_id: str) -> Publication:
            found = super().publication(publication_id)
            ledger.edit(found.id, EDITOR, title="changed meanwhile")
            return found

    before = approved(ledger, elodie)
    with pytest.raises(PublicationChangedError, match="meanwhile"):
        Slow(registry, Settings()).publish(before.id, "website", WHERE, [COPY], PUBLISHER, on=TODAY)
    assert ledger.publication(before.id).state is State.IN_REVIEW


def test_approval_asks_the_consents(ledger: Ledger, registry: Registry, elodie: str) -> None:
    asked = ledger.request(a_wish(until=None), ASKER).id
    ledger.scan(asked, [an_item(elodie)], EDITOR)
    all_answered(ledger, asked)
    ledger.settle(asked, EDITOR)
    with pytest.raises(StepRefusedError, match=rf"ward\.jpg may not be on website.*{elodie}"):
        ledger.approve(asked, ["website"], NEXT_YEAR + DAY, APPROVER, today=TODAY)
    registry.withdraw(elodie, "website", TODAY)
    with pytest.raises(StepRefusedError, match="withdrawn"):
        ledger.approve(asked, ["website"], END, APPROVER, today=TODAY)


def test_publication_asks_the_consents_again(
    ledger: Ledger, registry: Registry, elodie: str
) -> None:
    before = approved(ledger, elodie)
    registry.withdraw(elodie, None, TODAY)
    with pytest.raises(StepRefusedError, match="withdrawn"):
        ledger.publish(before.id, "website", WHERE, [COPY], PUBLISHER, on=TODAY)
    assert ledger.publication(before.id).placements == ()


def test_a_withdrawal_before_publication_takes_the_approval_away(
    ledger: Ledger, registry: Registry, elodie: str
) -> None:
    before = approved(ledger, elodie)
    assert ledger.sweep(TODAY) == ()
    registry.withdraw(elodie, None, TODAY)
    assert registry.stirred_publications() == (before.id,)
    (lapsed,) = ledger.sweep(TODAY)
    assert (lapsed.state, lapsed.approval, lapsed.task) == (State.IN_REVIEW, None, None)
    assert registry.stirred_publications() == ()


def test_several_withdrawals_open_one_task(
    ledger: Ledger, registry: Registry, elodie: str, anna: str
) -> None:
    out = published(ledger, elodie, anna)
    bystander = published(ledger, anna)
    registry.withdraw(elodie, None, TODAY)
    (first,) = ledger.sweep(TODAY)
    registry.withdraw(anna, None, TOMORROW)
    (second,) = ledger.sweep(TOMORROW)
    assert ledger.sweep(TOMORROW) == ()
    assert (first.id, second.id) == (out.id, bystander.id)
    tasks = ledger.tasks(TOMORROW)
    assert [one.publication.id for one in tasks] == [out.id, bystander.id]
    task = tasks[0].task
    assert task.why == ("withdrawn",)
    assert (task.owner, task.opened) == (PUBLISHER.account, TODAY)
    assert task.deadline == TODAY + 7 * DAY
    history = ledger.publication(out.id).history
    assert [one.action for one in history].count(Action.WITHDRAW) == 1


@pytest.mark.parametrize("how", ["withdraw", "refuse", "hold", "die"])
def test_what_takes_a_consent_back(
    ledger: Ledger, registry: Registry, elodie: str, how: str
) -> None:
    out = published(ledger, elodie)
    match how:
        case "withdraw":
            registry.withdraw(elodie, None, TODAY)
        case "refuse":
            registry.refuse(elodie, TODAY)
        case "hold":
            registry.hold(elodie, TODAY, by="T. Roth", reason="a complaint")
        case "die":
            gone = dataclasses.replace(registry.person(elodie), status=Status.DECEASED)
            registry.change_person(gone, TODAY)
    assert registry.stirred_publications() == (out.id,)
    (pending,) = ledger.sweep(TODAY)
    assert pending.state is State.WITHDRAWAL_PENDING


def test_a_withdrawal_for_another_channel_changes_nothing(
    ledger: Ledger, registry: Registry, elodie: str
) -> None:
    out = published(ledger, elodie)
    registry.withdraw(elodie, "print", TODAY)
    assert registry.stirred_publications() == (out.id,)
    assert ledger.sweep(TODAY) == ()
    assert registry.stirred_publications() == ()
    assert ledger.publication(out.id) == out


def test_it_expires_after_its_last_day(ledger: Ledger, elodie: str) -> None:
    out = published(ledger, elodie)
    assert ledger.sweep(END) == ()
    (expired,) = ledger.sweep(END + DAY)
    assert (expired.id, expired.state) == (out.id, State.EXPIRED)
    assert expired.task is not None
    assert expired.task.why == ("ended",)
    assert expired.history[-1].by == "clearance"


def test_it_expires_with_a_consent(ledger: Ledger, registry: Registry, elodie: str) -> None:
    """A new form takes the place of the one it rests on, and ends earlier."""
    published(ledger, elodie)
    from tests.consent.dossiers import a_renewal

    earlier = TODAY + 40 * DAY
    record(
        registry,
        elodie,
        serial="A-2",
        supersedes=(a_renewal("A-1"),),
        valid_until=earlier,
        signed=TODAY,
    )
    assert ledger.sweep(earlier) == ()
    (ending,) = ledger.ending(TODAY)
    assert (ending.last_day, ending.days, ending.warning) == (earlier, 40, 60)
    (expired,) = ledger.sweep(earlier + DAY)
    assert expired.state in (State.EXPIRED, State.WITHDRAWAL_PENDING)


def test_warnings(ledger: Ledger, elodie: str) -> None:
    published(ledger, elodie)
    warned = {days: ledger.ending(END - days * DAY) for days in (61, 60, 31, 30, 8, 7, 0, -1)}
    told = {days: [one.warning for one in found] for days, found in warned.items()}
    assert told == {61: [], 60: [60], 31: [60], 30: [30], 8: [30], 7: [7], 0: [7], -1: []}


def test_erasing_somebody_leaves_the_publication_and_its_task(
    ledger: Ledger, registry: Registry, elodie: str, anna: str
) -> None:
    out = published(ledger, elodie, anna)
    registry.erase_person(elodie)
    assert registry.stirred_publications() == (out.id,)
    (pending,) = ledger.sweep(TODAY)
    assert pending.state is State.WITHDRAWAL_PENDING
    assert pending.task is not None
    assert pending.task.why == ("erased",)
    found = ledger.publication(out.id)
    assert found == pending
    assert (found.items[0].people, found.items[0].erased) == ((anna,), 1)
    assert found.items[0].serials == ("A-1",)  # those of Anna, as the factory has them
    kept = b"".join(registry.publication(out.id).steps)
    for told in (elodie, "Élodie", "Zürcher", "A-1"):
        assert told.encode() not in kept
    assert registry._store.rows("SELECT * FROM publication_person WHERE person = ?", [elodie]) == []
    assert registry.verify_publications() == ()
    done = ledger.take_down(out.id, PUBLISHER, on=TOMORROW, note="404 on 22 November")
    assert done.state is State.TAKEN_DOWN


def test_two_records_made_one_keep_their_publications(
    ledger: Ledger, registry: Registry, elodie: str, anna: str
) -> None:
    out = published(ledger, anna)
    registry.merge_people(elodie, anna, TODAY)
    assert [one.id for one in ledger.of_person(elodie)] == [out.id]
    assert ledger.publication(out.id).items[0].people == (elodie,)
    assert ledger.sweep(TODAY) == ()
    assert registry.verify_publications() == ()


def test_tasks_overdue_first(ledger: Ledger, registry: Registry, elodie: str, anna: str) -> None:
    early, late = published(ledger, elodie), published(ledger, anna)
    ledger.withdraw(late.id, OFFICER, today=TODAY + 3 * DAY)
    ledger.withdraw(early.id, OFFICER, today=TODAY)
    told = [(one.publication.id, one.overdue) for one in ledger.tasks(TODAY + 8 * DAY)]
    assert told == [(early.id, True), (late.id, False)]
    ledger.take_down(early.id, PUBLISHER, on=TODAY + 8 * DAY, proof="ab" * 32)
    ledger.irrecoverable(late.id, PUBLISHER, on=TODAY + 8 * DAY, note="3000 copies are out")
    assert ledger.tasks(TODAY + 8 * DAY) == ()
    done = ledger.tasks(TODAY + 9 * DAY, done=True)
    assert [(one.task.done, one.overdue) for one in done] == [(TODAY + 8 * DAY, False)] * 2


def test_the_house_names_who_takes_down(registry: Registry, elodie: str) -> None:
    house = Settings(
        publication=PublicationSettings(take_down_days=2, take_down_owner="w.web", four_eyes=False)
    )
    ledger = Ledger(registry, house, clock=lambda: MOMENT)
    out = published(ledger, elodie)
    task = ledger.withdraw(out.id, OFFICER, today=TODAY).task
    assert task is not None
    assert (task.owner, task.deadline) == ("w.web", TODAY + 2 * DAY)


def test_the_list_of_what_to_remove(ledger: Ledger, registry: Registry, elodie: str) -> None:
    out = published(ledger, elodie)
    assert ledger.take_down_list() == ()
    (at,) = ledger.take_down_list(elodie)
    assert (at.owner, at.deadline) == ("", None)
    registry.withdraw(elodie, None, TODAY)
    ledger.sweep(TODAY)
    (row,) = ledger.take_down_list()
    assert (row.publication, row.channel, row.where) == (out.id, "website", WHERE)
    assert (row.files, row.since, row.by) == (("ward.jpg",), TODAY, PUBLISHER.account)
    assert (row.owner, row.deadline) == (PUBLISHER.account, TODAY + 7 * DAY)


def test_two_channels_one_after_the_other(ledger: Ledger, registry: Registry, elodie: str) -> None:
    ready = approved(ledger, elodie, channels=["website", "print"])
    ledger.publish(ready.id, "website", WHERE, [COPY], PUBLISHER, on=TODAY)
    out = ledger.publish(ready.id, "print", "spring issue", [COPY], PUBLISHER, on=TOMORROW)
    assert [one.channel for one in out.placements] == ["website", "print"]
    registry.withdraw(elodie, "print", TOMORROW)
    (pending,) = ledger.sweep(TOMORROW)
    assert pending.state is State.WITHDRAWAL_PENDING


def test_a_verdict_becomes_a_file(elodie: str) -> None:
    from clearance.ledger import item_from
    from clearance.results import PhotoResult

    found = item_from(PhotoResult(Path("x/ward.jpg"), Outcome.CLEARED, sha256=ORIGINAL), look=7)
    assert (found.file, found.original, found.copy, found.look) == ("ward.jpg", ORIGINAL, None, 7)
    assert found.bytes_out == ORIGINAL
    with pytest.raises(StepRefusedError, match="could not be judged"):
        item_from(PhotoResult(Path("x/ward.jpg"), Outcome.FAILED))


def test_a_new_verdict_shows_others(ledger: Ledger, elodie: str, anna: str) -> None:
    before = approved(ledger, elodie)
    after = ledger.scan(before.id, [an_item(anna)], EDITOR)
    assert after.state is State.IN_REVIEW
    assert ledger.publication(before.id) == after
    assert ledger.of_person(elodie) == ()
    assert [one.id for one in ledger.of_person(anna)] == [before.id]


def test_an_answer_keeps_who_looked(ledger: Ledger, elodie: str) -> None:
    asked = ledger.request(a_wish(an_item(elodie)), ASKER).id
    ledger.scan(asked, [an_item(elodie)], EDITOR)
    ledger.answer(asked, QUESTION, EDITOR, clear=False, note="a badge, left")
    found = ledger.answer(asked, QUESTION, EDITOR, clear=True, note="hidden now")
    (said,) = found.answers
    assert (said.by, said.note, said.clear, said.at) == (EDITOR.account, "hidden now", True, MOMENT)
