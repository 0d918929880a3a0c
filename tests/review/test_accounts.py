"""Accounts, sessions and tokens: what holds whatever somebody tries, and for how long."""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
import stat
import threading
import unicodedata
from collections.abc import Callable
from pathlib import Path

import argon2
import pytest

from review import attempts
from review.accounts import LOCAL, Account, Accounts
from review.attempts import (
    FREE_ATTEMPTS,
    FREE_FROM_ADDRESS,
    FREE_FROM_ANYWHERE,
    LOCKED_AT_MOST,
    LOCKED_SECONDS,
    Attempts,
    Turns,
    neighbourhood,
)
from review.errors import AccountRefusedError, SignInRefusedError
from review.roles import Role
from tests.review.office import HASHER, PASSWORD, Office

IDLE, LONGEST = dt.timedelta(minutes=30), dt.timedelta(hours=10)
TODAY = dt.date(2026, 3, 2)
HERE, THERE = "192.0.2.1", "198.51.100.7"
WRONG = "not the right one"


class Clock:
    """A clock that somebody turns."""

    def __init__(self) -> None:
        self.now = dt.datetime(2026, 3, 2, 8, 0, tzinfo=dt.UTC)

    def __call__(self) -> dt.datetime:
        return self.now

    def later(self, **by: float) -> None:
        self.now += dt.timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def accounts(tmp_path: Path, clock: Clock) -> Accounts:
    return Accounts(tmp_path / "accounts.sqlite3", idle=IDLE, longest=LONGEST, clock=clock)


@pytest.fixture
def erika(accounts: Accounts) -> Account:
    """Who may change accounts, and look at pictures."""
    return accounts.add("erika", "Erika Muster", PASSWORD, [Role.EDITOR, Role.ADMINISTRATOR])


# --- passwords --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "password",
    ["", "short", "x" * 11, "x" * 300, "aaaaaaaaaaaaaaaa", "ababababababab", "I am ERIKA!!!"],
)
def test_some_passwords_are_none(accounts: Accounts, password: str) -> None:
    with pytest.raises(AccountRefusedError):
        accounts.add("erika", "Erika", password, [Role.EDITOR])
    assert accounts.named("erika") is None


def test_a_short_name_may_stand_in_a_password_by_chance(accounts: Accounts) -> None:
    accounts.add("al", "Al", "a wall of alders", [Role.ADMINISTRATOR])
    assert accounts.sign_in("al", "a wall of alders", 0.0).name == "al"


def test_nothing_that_is_secret_is_kept(accounts: Accounts, erika: Account, tmp_path: Path) -> None:
    session = accounts.begin_session(erika)
    _, token = accounts.add_token("CMS", [Role.EDITOR], erika, TODAY)
    kept = (tmp_path / "accounts.sqlite3").read_bytes()
    for secret in (PASSWORD, session, token):
        assert secret.encode() not in kept


def test_passwords_are_kept_as_rfc_9106_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(argon2, "PasswordHasher", HASHER)
    made = Accounts(tmp_path / "accounts.sqlite3", idle=IDLE, longest=LONGEST)
    made.add("erika", "Erika", PASSWORD, [Role.ADMINISTRATOR])
    # Its second recommended option: 64 MiB, three times, four lanes.
    kept = (tmp_path / "accounts.sqlite3").read_bytes()
    assert b"$argon2id$v=19$m=65536,t=3,p=4$" in kept


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such bits")
def test_the_file_is_for_its_owner_alone(accounts: Accounts, tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / "accounts.sqlite3").stat().st_mode) == 0o600


def test_a_password_is_the_same_however_a_keyboard_makes_accents(accounts: Accounts) -> None:
    typed = "Zürich à côté de Genève"
    accounts.add("anna", "Anna", unicodedata.normalize("NFD", typed), [Role.ADMINISTRATOR])
    assert accounts.sign_in("anna", unicodedata.normalize("NFC", typed), 0.0)


def test_a_space_at_the_end_of_a_password_belongs_to_it(tmp_path: Path) -> None:
    office = Office.at(tmp_path)
    office.desk.accounts.add("anna", "Anna", " a space on both sides ", [Role.ADMINISTRATOR])
    client = office.client(signed_in=False)
    sent = {"name": " ANNA ", "password": " a space on both sides "}
    assert client.post("/sign-in", data=sent).status_code == 303
    stripped = {**sent, "password": sent["password"].strip()}
    assert client.post("/sign-in", data=stripped).status_code == 401


def test_names_that_look_the_same_are_one(accounts: Accounts, erika: Account) -> None:
    for name in ("ERIKA", " erika ", "ｅｒｉｋａ", "eri\u200bka", "erika\x00"):
        with pytest.raises(AccountRefusedError):
            accounts.add(name, "Another", PASSWORD, [Role.EDITOR])
        assert accounts.sign_in(name, PASSWORD, 0.0) == erika


@pytest.mark.parametrize("name", ["", " ", "\u200b", LOCAL, "LOCAL"])
def test_some_names_are_none(accounts: Accounts, name: str) -> None:
    with pytest.raises(AccountRefusedError):
        accounts.add(name, "Somebody", PASSWORD, [Role.EDITOR])


def test_a_hash_of_an_earlier_version_is_made_anew(
    accounts: Accounts, erika: Account, tmp_path: Path
) -> None:
    old = HASHER(time_cost=2, memory_cost=128).hash(PASSWORD)
    with sqlite3.connect(tmp_path / "accounts.sqlite3") as store:
        store.execute("UPDATE account SET password = ?", (old,))
    accounts.sign_in("erika", PASSWORD, 0.0)
    with sqlite3.connect(tmp_path / "accounts.sqlite3") as store:
        ((now,),) = store.execute("SELECT password FROM account")
    assert now != old
    assert accounts.sign_in("erika", PASSWORD, 0.0) == erika


# --- who guesses ------------------------------------------------------------------------


def test_nobody_learns_which_names_there_are(
    accounts: Accounts, erika: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts.add("gone", "Gone", PASSWORD, [Role.EDITOR])
    accounts.change("gone", closed=True)
    accounts.local()
    looked_at: list[str] = []
    verify = HASHER.verify

    def counted(self: argon2.PasswordHasher, hashed: str, password: str) -> bool:
        looked_at.append(hashed)
        return verify(self, hashed, password)

    monkeypatch.setattr(HASHER, "verify", counted)
    said = set()
    tried = [
        ("erika", WRONG),
        ("nobody", PASSWORD),
        ("gone", PASSWORD),
        (LOCAL, PASSWORD),
        ("", ""),
    ]
    for n, (name, password) in enumerate(tried, 1):
        with pytest.raises(SignInRefusedError) as refused:
            accounts.sign_in(name, password, 0.0)
        said.add(str(refused.value))
        # The same work for each: the time tells nothing.
        assert len(looked_at) == n
    assert said == {"the name or the password is wrong"}


def wrong(counting: Attempts, name: str, client: str | None, now: float, times: int = 1) -> None:
    """So many wrong passwords; each may be tried."""
    for _ in range(times):
        counting.begin(name, client, now)


def test_after_some_wrong_passwords_one_waits_and_longer_each_time() -> None:
    counting = Attempts()
    wrong(counting, "erika", HERE, 0.0, FREE_ATTEMPTS)
    with pytest.raises(SignInRefusedError, match="31 seconds"):
        counting.begin("erika", HERE, 0.0)
    counting.begin("erika", HERE, LOCKED_SECONDS)
    with pytest.raises(SignInRefusedError):
        counting.begin("erika", HERE, 2 * LOCKED_SECONDS)
    now = 10 * LOCKED_AT_MOST
    for _ in range(30):
        now += LOCKED_AT_MOST
        counting.begin("erika", HERE, now)


def test_the_right_password_ends_the_count(accounts: Accounts, erika: Account) -> None:
    for _ in range(2):
        for _ in range(FREE_ATTEMPTS - 1):
            with pytest.raises(SignInRefusedError, match="wrong"):
                accounts.sign_in("erika", WRONG, 0.0, client=HERE)
        assert accounts.sign_in("erika", PASSWORD, 0.0, client=HERE) == erika


def test_a_right_password_does_not_shorten_the_wait(accounts: Accounts, erika: Account) -> None:
    for _ in range(FREE_ATTEMPTS):
        with pytest.raises(SignInRefusedError, match="wrong"):
            accounts.sign_in("erika", WRONG, 0.0, client=HERE)
    with pytest.raises(SignInRefusedError, match="too many"):
        accounts.sign_in("erika", PASSWORD, 0.0, client=HERE)


def test_nobody_locks_somebody_else_out_from_another_place() -> None:
    counting = Attempts()
    wrong(counting, "erika", THERE, 0.0, FREE_ATTEMPTS)
    with pytest.raises(SignInRefusedError):
        counting.begin("erika", THERE, 0.0)
    counting.begin("erika", HERE, 0.0)


def test_a_name_that_many_places_try_is_open_only_where_its_owner_was() -> None:
    counting = Attempts()
    counting.begin("erika", HERE, 0.0)
    counting.right("erika", HERE)
    for n in range(FREE_FROM_ANYWHERE):
        counting.begin("erika", f"203.0.113.{n}", 0.0)
    with pytest.raises(SignInRefusedError):
        counting.begin("erika", "203.0.113.250", 0.0)
    counting.begin("erika", HERE, 0.0)
    # And nobody else is concerned.
    counting.begin("anna", "203.0.113.250", 0.0)


def test_a_place_that_tries_many_names_is_locked_and_no_other() -> None:
    counting = Attempts()
    for n in range(FREE_FROM_ADDRESS):
        counting.begin(f"name-{n}", THERE, 0.0)
    with pytest.raises(SignInRefusedError):
        counting.begin("another", THERE, 0.0)
    counting.begin("another", HERE, 0.0)


def test_a_right_password_now_and_then_does_not_cover_guessing_at_others() -> None:
    counting = Attempts()
    with pytest.raises(SignInRefusedError):
        for n in range(3 * FREE_FROM_ADDRESS):
            counting.begin(f"name-{n}", THERE, 0.0)
            counting.begin("mallory", THERE, 0.0)
            counting.right("mallory", THERE)


def test_behind_a_proxy_one_name_is_locked_and_no_other() -> None:
    counting = Attempts()
    wrong(counting, "erika", None, 0.0, FREE_ATTEMPTS)
    with pytest.raises(SignInRefusedError):
        counting.begin("erika", None, 0.0)
    for n in range(3 * FREE_FROM_ADDRESS):
        counting.begin(f"name-{n}", None, 0.0)


def test_what_is_counted_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "_MOST_KEPT", 50)
    counting = Attempts()
    for n in range(200):
        counting.begin(f"name-{n}", None, 0.0)
        counting.right(f"name-{n}", f"client-{n}")
        counting.begin(f"name-{n}", None, 0.0)
    assert len(counting._wrong) <= 50
    assert len(counting._at_home) <= 50


def test_attempts_at_the_same_moment_are_counted_each(
    accounts: Accounts, erika: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Barrier(8)
    said: list[str] = []

    def guess() -> None:
        gate.wait()
        try:
            accounts.sign_in("erika", WRONG, 0.0, client=HERE)
        except SignInRefusedError as error:
            said.append(error.template)

    threads = [threading.Thread(target=guess) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said.count("the name or the password is wrong") == FREE_ATTEMPTS
    assert len(said) == 8


def test_few_passwords_are_looked_at_together_and_few_wait() -> None:
    turns = Turns(at_once=1, waiting=1)
    waits = threading.Event()
    done = threading.Event()

    def second() -> None:
        waits.set()
        with turns.taken():
            done.set()

    with turns.taken():
        thread = threading.Thread(target=second)
        thread.start()
        waits.wait(10)
        while turns._inside._value:
            pass
        # No thread is kept for the third.
        with pytest.raises(SignInRefusedError), turns.taken():
            pass
        assert not done.is_set()
    thread.join(10)
    assert done.is_set()
    with turns.taken():
        pass


def test_signing_in_waits_for_its_turn(accounts: Accounts, erika: Account) -> None:
    accounts._turns = Turns(at_once=1, waiting=0)
    with (
        accounts._turns.taken(),
        pytest.raises(SignInRefusedError, match="many people"),
    ):
        accounts.sign_in("erika", PASSWORD, 0.0)
    assert accounts.sign_in("erika", PASSWORD, 0.0) == erika


@pytest.mark.parametrize(
    ("host", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("127.0.0.1", None),
        ("::1", None),
        ("::ffff:127.0.0.1", None),
        ("testclient", None),
        (None, None),
    ],
)
def test_what_counts_as_one_client(host: str | None, client: str | None) -> None:
    assert neighbourhood(host) == client


# --- sessions ---------------------------------------------------------------------------


def test_a_session_ends_when_nobody_uses_it(
    accounts: Accounts, erika: Account, clock: Clock
) -> None:
    secret = accounts.begin_session(erika)
    clock.later(minutes=29)
    assert accounts.session(secret) == erika
    clock.later(minutes=29)
    assert accounts.session(secret) == erika
    clock.later(minutes=30)
    assert accounts.session(secret) is None
    # Nor does it come back when the clock does.
    clock.later(minutes=-30)
    assert accounts.session(secret) is None


def test_a_session_ends_at_last_however_much_it_is_used(
    accounts: Accounts, erika: Account, clock: Clock
) -> None:
    secret = accounts.begin_session(erika)
    for _ in range(29):
        clock.later(minutes=20)
        assert accounts.session(secret) == erika
    clock.later(minutes=20)
    assert accounts.session(secret) is None


def test_old_sessions_are_not_kept(
    accounts: Accounts, erika: Account, clock: Clock, tmp_path: Path
) -> None:
    accounts.begin_session(erika)
    clock.later(hours=11)
    accounts.begin_session(erika)
    with sqlite3.connect(tmp_path / "accounts.sqlite3") as store:
        assert store.execute("SELECT count(*) FROM session").fetchone() == (1,)


@pytest.mark.parametrize(
    "change",
    [
        lambda accounts: accounts.change("anna", roles=[Role.AUDITOR]),
        lambda accounts: accounts.change("anna", password="another long password"),
        lambda accounts: accounts.change("anna", closed=True),
    ],
    ids=["roles", "password", "closed"],
)
def test_what_changes_an_account_ends_its_sessions(
    accounts: Accounts, erika: Account, change: Callable[[Accounts], None]
) -> None:
    anna = accounts.add("anna", "Anna", PASSWORD, [Role.EDITOR])
    hers, others = accounts.begin_session(anna), accounts.begin_session(erika)
    accounts.change("anna", language="fr")
    assert accounts.session(hers)
    change(accounts)
    assert accounts.session(hers) is None
    assert accounts.session(others) == erika


def test_a_closed_account_signs_in_no_more(accounts: Accounts, erika: Account) -> None:
    anna = accounts.add("anna", "Anna", PASSWORD, [Role.EDITOR])
    accounts.change("anna", closed=True)
    with pytest.raises(SignInRefusedError):
        accounts.sign_in("anna", PASSWORD, 0.0)
    assert accounts.session(accounts.begin_session(anna)) is None


def test_who_came_in_without_a_password_is_out_once_others_need_one(accounts: Accounts) -> None:
    alone = accounts.local()
    secret = accounts.begin_session(alone)
    _, token = accounts.add_token("CMS", [Role.EDITOR], alone, TODAY)
    assert accounts.session(secret) == alone
    assert accounts.token(token, TODAY)
    accounts.add("erika", "Erika", PASSWORD, [Role.ADMINISTRATOR])
    assert accounts.session(secret) is None
    assert accounts.token(token, TODAY) is None


def test_somebody_must_be_left_who_changes_accounts(accounts: Accounts, erika: Account) -> None:
    for change in ({"roles": [Role.EDITOR]}, {"closed": True}):
        with pytest.raises(AccountRefusedError, match="nobody would be left"):
            accounts.change("erika", **change)
    assert accounts.named("erika") == erika
    accounts.add("anna", "Anna", PASSWORD, [Role.ADMINISTRATOR])
    accounts.change("erika", closed=True)


def test_the_language_changes_whoever_is_left(accounts: Accounts) -> None:
    accounts.add("anna", "Anna", PASSWORD, [Role.EDITOR])
    accounts.change("anna", language="it")
    anna = accounts.named("anna")
    assert anna is not None
    assert anna.language == "it"


def test_an_account_that_is_not_there_is_not_changed(accounts: Accounts, erika: Account) -> None:
    with pytest.raises(AccountRefusedError, match="no account named nobody"):
        accounts.change("nobody", language="fr")


def test_a_role_of_a_newer_version_gives_nothing(
    accounts: Accounts, erika: Account, tmp_path: Path
) -> None:
    with sqlite3.connect(tmp_path / "accounts.sqlite3") as store:
        store.execute("UPDATE account SET roles = 'editor emperor'")
    known = accounts.named("erika")
    assert known is not None
    assert known.roles == {Role.EDITOR}


# --- tokens -----------------------------------------------------------------------------


def test_a_token_does_no_more_than_its_maker_may_now(accounts: Accounts, erika: Account) -> None:
    with pytest.raises(AccountRefusedError, match="no more than"):
        accounts.add_token("CMS", [Role.EDITOR, Role.AUDITOR], erika, TODAY)
    _, secret = accounts.add_token("CMS", [Role.EDITOR], erika, TODAY)
    acting = accounts.token(secret, TODAY)
    assert acting is not None
    assert acting.roles == {Role.EDITOR}
    assert acting.shown == "Erika Muster (CMS)"
    accounts.change("erika", roles=[Role.ADMINISTRATOR])
    acting = accounts.token(secret, TODAY)
    assert acting is not None
    assert not acting.roles


def test_a_token_ends_on_its_day(accounts: Accounts, erika: Account) -> None:
    _, secret = accounts.add_token("CMS", [Role.EDITOR], erika, TODAY)
    assert accounts.token(secret, TODAY)
    assert accounts.token(secret, TODAY + dt.timedelta(days=1)) is None


def test_a_token_that_was_dropped_or_made_up_is_none(accounts: Accounts, erika: Account) -> None:
    token, secret = accounts.add_token("CMS", [Role.EDITOR], erika, TODAY)
    for other in ("", secret[:-1], f"{secret} ", token.id):
        assert accounts.token(other, TODAY) is None
    accounts.drop_token(token.id)
    assert accounts.token(secret, TODAY) is None


def test_tokens_of_a_closed_account_end_with_it_and_do_not_come_back(
    accounts: Accounts, erika: Account
) -> None:
    anna = accounts.add("anna", "Anna", PASSWORD, [Role.EDITOR])
    _, secret = accounts.add_token("CMS", [Role.EDITOR], anna, TODAY)
    accounts.change("anna", closed=True)
    assert accounts.token(secret, TODAY) is None
    accounts.change("anna", closed=False, password="another long password")
    assert accounts.token(secret, TODAY) is None
    assert accounts.tokens() == ()
