"""What programs sign in with: shown once, never more than its maker, a year at most."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from clearance.commandline import today
from review.roles import Role
from tests.review.office import Office

NASTY = "<script>alert(1)</script>"


def sent(days: int = 30) -> dict[str, object]:
    until = (today() + dt.timedelta(days=days)).isoformat()
    return {"label": "Picture library", "until": until, "roles": ["editor"]}


def test_a_token_is_shown_once_and_works(office: Office) -> None:
    client = office.client(Role.EDITOR)
    made = client.post("/settings/tokens", data=sent())
    assert made.status_code == 303
    once, again = (client.get(made.headers["location"]).text for _ in range(2))
    (secret,) = re.findall(r'<code class="secret">([^<]+)</code>', once)
    assert secret not in again
    account = office.desk.accounts.token(secret, today())
    assert account is not None
    assert account.roles == {Role.EDITOR}


@pytest.mark.parametrize("days", [-1, 367])
def test_a_token_ends_within_a_year(office: Office, days: int) -> None:
    answer = office.client(Role.EDITOR).post("/settings/tokens", data=sent(days))
    assert answer.status_code == 422
    assert "a token works for a year at most" in answer.text
    assert office.desk.accounts.tokens() == ()


@pytest.mark.parametrize(
    "changed", [{"roles": ["administrator"]}, {"roles": []}, {"label": " "}, {"until": "soon"}]
)
def test_what_a_token_may_not_be_is_refused(office: Office, changed: dict[str, object]) -> None:
    answer = office.client(Role.EDITOR).post("/settings/tokens", data={**sent(), **changed})
    assert answer.status_code == 422
    assert office.desk.accounts.tokens() == ()


def test_each_drops_their_own_and_who_runs_the_desk_drops_all(office: Office) -> None:
    office.client(Role.EDITOR).post("/settings/tokens", data=sent())
    (token,) = office.desk.accounts.tokens()
    other = office.client(Role.APPROVER)
    assert "Picture library" not in other.get("/settings/tokens").text
    assert other.post("/settings/tokens/drop", data={"id": token.id}).status_code == 404
    assert office.desk.accounts.tokens() == (token,)
    chief = office.client(Role.ADMINISTRATOR)
    assert "Picture library" in chief.get("/settings/tokens").text
    assert chief.post("/settings/tokens/drop", data={"id": token.id}).status_code == 303
    assert office.desk.accounts.tokens() == ()


def test_labels_are_text(office: Office) -> None:
    client = office.client(Role.EDITOR)
    client.post("/settings/tokens", data={**sent(), "label": NASTY})
    assert NASTY not in client.get("/settings/tokens").text
