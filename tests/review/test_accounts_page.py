"""Who may sign in: start passwords, the last administrator, what the log says of it."""

from __future__ import annotations

import html
import re
import time

import pytest

from consent.registry import Registry
from review.attempts import FREE_ATTEMPTS
from review.errors import SignInRefusedError
from review.events import account_mark
from review.pages.accounts import start_password
from review.roles import Role
from tests.review.office import PASSWORD, Office

NASTY = "<script>alert(1)</script>"
NEW = {"name": "anna", "shown": "Anna Keller", "roles": ["editor", "consent_desk"]}


def log_of(office: Office) -> list[tuple[str, dict[str, object]]]:
    with Registry.open(office.desk.folder) as registry:
        return [(entry.action, dict(entry.details)) for entry in registry.audit_entries()]


def test_a_start_password_is_shown_once_and_lets_in(office: Office) -> None:
    client = office.client(Role.ADMINISTRATOR)
    made = client.post("/settings/accounts", data=NEW)
    assert made.status_code == 303
    once, again = (client.get(made.headers["location"]).text for _ in range(2))
    (password,) = re.findall(r'<code class="secret">([^<]+)</code>', once)
    assert password not in again
    account = office.desk.accounts.sign_in("anna", password, time.monotonic())
    assert account.roles == {Role.EDITOR, Role.CONSENT_DESK}
    assert account.shown == "Anna Keller"
    action, details = log_of(office)[-1]
    assert action == "account.added"
    assert details == {
        "by": account_mark("administrator"),
        "account": account_mark("anna"),
        "roles": ["consent_desk", "editor"],
    }


def test_start_passwords_differ_and_are_long(office: Office) -> None:
    made = {start_password() for _ in range(50)}
    assert len(made) == 50
    assert all(re.fullmatch(r"(\w{5}-){3}\w{5}", one) for one in made)


def test_a_typed_password_is_not_shown(office: Office) -> None:
    client = office.client(Role.ADMINISTRATOR)
    typed = "a sentence nobody guesses"
    made = client.post("/settings/accounts", data={**NEW, "password": typed})
    assert made.headers["location"] == "/settings/accounts"
    assert typed not in client.get("/settings/accounts").text
    assert office.desk.accounts.sign_in("anna", typed, time.monotonic()).name == "anna"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"roles": []}, "at least one role"),
        ({"roles": ["king"]}, "at least one role"),
        ({"password": "short"}, "12 characters or more"),
        ({"name": "administrator"}, "there is an account named administrator already"),
        ({"name": "local"}, "needs a name to sign in with"),
    ],
)
def test_what_is_refused_is_said_and_what_was_typed_stays(
    office: Office, changed: dict[str, object], said: str
) -> None:
    client = office.client(Role.ADMINISTRATOR)
    answer = client.post("/settings/accounts", data={**NEW, **changed})
    assert answer.status_code == 422
    assert said in html.unescape(answer.text)
    assert 'value="Anna Keller"' in answer.text
    assert office.desk.accounts.named("anna") is None


def test_the_first_account_can_make_others(office: Office) -> None:
    accounts = office.desk.accounts
    client = office.client(signed_in=False)
    from review.visit import Cookie

    secret = accounts.begin_session(accounts.local("Marie"))
    client.cookies.set(Cookie.of(office.address).name, secret, domain=office.address.host)
    assert client.post("/settings/accounts", data=NEW).status_code == 422
    assert not accounts.team
    roles = ["editor", "administrator"]
    assert client.post("/settings/accounts", data={**NEW, "roles": roles}).status_code == 303
    assert accounts.team


@pytest.mark.parametrize("change", [{"do": "close"}, {"do": "roles", "roles": "editor"}])
def test_the_last_administrator_stays(office: Office, change: dict[str, str]) -> None:
    client = office.client(Role.ADMINISTRATOR, name="chief")
    answer = client.post("/settings/accounts/change", data={"name": "chief", **change})
    assert answer.status_code == 422
    assert "nobody would be left who may change accounts" in answer.text
    office.account(Role.ADMINISTRATOR, name="deputy")
    assert (
        client.post("/settings/accounts/change", data={"name": "deputy", **change}).status_code
        == 303
    )


def test_who_is_closed_is_out_at_once_and_can_come_back(office: Office) -> None:
    chief = office.client(Role.ADMINISTRATOR)
    editor = office.client(Role.EDITOR, name="erika")
    assert editor.get("/settings").status_code == 200
    chief.post("/settings/accounts/change", data={"name": "erika", "do": "close"})
    assert editor.get("/settings").headers["location"] == "/sign-in"
    with pytest.raises(SignInRefusedError):
        office.desk.accounts.sign_in("erika", PASSWORD, time.monotonic())
    chief.post("/settings/accounts/change", data={"name": "erika", "do": "reopen"})
    assert office.desk.accounts.sign_in("erika", PASSWORD, time.monotonic()).name == "erika"
    assert [details["what"] for action, details in log_of(office) if action == "account.changed"]


def test_a_new_start_password_replaces_the_old_one(office: Office) -> None:
    chief = office.client(Role.ADMINISTRATOR)
    office.account(Role.EDITOR, name="erika")
    made = chief.post("/settings/accounts/change", data={"name": "erika", "do": "password"})
    (password,) = re.findall(
        r'<code class="secret">([^<]+)</code>', chief.get(made.headers["location"]).text
    )
    with pytest.raises(SignInRefusedError):
        office.desk.accounts.sign_in("erika", PASSWORD, time.monotonic())
    assert office.desk.accounts.sign_in("erika", password, time.monotonic()).name == "erika"


def test_names_are_text(office: Office) -> None:
    client = office.client(Role.ADMINISTRATOR)
    sent = {**NEW, "name": NASTY, "shown": NASTY}
    assert client.post("/settings/accounts", data=sent).status_code == 303
    page = client.get("/settings/accounts").text
    assert NASTY not in page
    assert "&lt;script&gt;" in page


def test_ones_own_password_takes_the_old_one_and_ends_other_sessions(office: Office) -> None:
    here, elsewhere = (office.client(Role.EDITOR, name="erika") for _ in range(2))
    new = "another long sentence"
    sent = {"old": "wrong", "new": new, "again": new}
    wrong = here.post("/settings/password", data=sent)
    assert (wrong.status_code, 'id="old-problem"' in wrong.text) == (422, True)
    sent = {"old": PASSWORD, "new": new, "again": "something else"}
    assert 'id="new-problem"' in here.post("/settings/password", data=sent).text
    sent = {"old": PASSWORD, "new": new, "again": new}
    assert here.post("/settings/password", data=sent).status_code == 303
    assert here.get("/settings").status_code == 200
    assert elsewhere.get("/settings").headers["location"] == "/sign-in"


def test_a_name_of_a_team_is_not_changed_by_its_owner(office: Office) -> None:
    answer = office.client(Role.EDITOR, name="erika").post(
        "/settings/name", data={"shown": "Somebody Else"}
    )
    assert answer.status_code == 422
    account = office.desk.accounts.named("erika")
    assert account is not None
    assert account.shown == "Erika"


def test_too_many_wrong_passwords_stand_in_the_log_without_a_name(office: Office) -> None:
    office.account(Role.EDITOR, name="erika")
    client = office.client(signed_in=False)
    for name in ("erika", "nobody at all"):
        for _ in range(FREE_ATTEMPTS + 1):
            client.post("/sign-in", data={"name": name, "password": "guess"})
    locked = [details for action, details in log_of(office) if action == "account.locked"]
    assert locked == [{"account": account_mark("erika")}]
    assert "Erika" in office.client(Role.AUDITOR).get("/reports/log").text
