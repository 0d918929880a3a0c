"""What a shell offers when a clerk presses Tab; whatever is wrong, it offers nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clearance.clerk import Clerk
from tests.commands import ROOT


@pytest.fixture
def clerk(empty_registry: Path, evidence: Path) -> Clerk:
    at = Clerk(empty_registry, evidence)
    at.signed(at.adds("Anna Keller"), serial="IR-1")
    at.adds("K-17", "--code")
    return at


def offered(clerk: Clerk, *words: str) -> list[str]:
    """What bash is told when the last of the words is still being typed."""
    env = {
        **os.environ,
        "_CLEARANCE_COMPLETE": "complete_bash",
        "COMP_WORDS": "\n".join(("clearance", *words)),
        "COMP_CWORD": str(len(words)),
        "CLEARANCE_HOME": str(clerk.registry),
    }
    done = subprocess.run(
        [sys.executable, "-c", "import cli; cli.main()"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
        env=env,
    )
    assert done.stderr == ""
    return done.stdout.split("\n") if done.stdout.strip() else []


def lines(found: list[str]) -> list[str]:
    return [line for line in found if line]


def test_commands_and_options(clerk: Clerk) -> None:
    assert lines(offered(clerk, "consent", "wi")) == ["withdraw"]
    assert {"record", "renew", "list"} <= set(lines(offered(clerk, "consent", "")))
    assert lines(offered(clerk, "consent", "withdraw", "K-17", "--ser")) == ["--serial"]


@pytest.mark.parametrize("typed", ["A", "An"])
def test_a_name_is_one_word_for_bash(clerk: Clerk, typed: str) -> None:
    assert lines(offered(clerk, "consent", "withdraw", typed)) == ["Anna\\ Keller"]


def test_a_name_in_quotes_stays_as_it_is(clerk: Clerk) -> None:
    assert lines(offered(clerk, "people", "show", "'Anna K")) == ["Anna Keller"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("consent", "withdraw", "K-17", "--channel", "p"), ["press", "print"]),
        (("consent", "withdraw", "K-17", "--serial", ""), ["IR-1"]),
        (("consent", "show", "I"), ["IR-1"]),
        (("decide", "K-17", "--purpose", "e"), ["events"]),
        (("audit", "show", "--person", "K"), ["K-17"]),
        (("people", "add", "Eva", "--language", "d"), ["de"]),
        (("consent", "record", "K-17", "--release", "d"), ["diagnosis"]),
        (("people", "show", "Z"), []),
    ],
    ids=" ".join,
)
def test_what_the_registry_and_the_house_know(
    clerk: Clerk, words: tuple[str, ...], found: list[str]
) -> None:
    assert lines(offered(clerk, *words)) == found


@pytest.mark.parametrize("harm", ["missing", "damaged", "no key", "settings"])
def test_whatever_is_wrong_it_is_silent(clerk: Clerk, harm: str) -> None:
    database = clerk.registry / "registry.sqlite3"
    if harm == "missing":
        database.unlink()
    elif harm == "damaged":
        database.write_bytes(b"no database " * 500)
    elif harm == "no key":
        (clerk.registry / "institution.key").unlink()
    else:
        clerk.writes("[consent\n")
    asked = {
        "settings": ("consent", "withdraw", "K-17", "--channel", ""),
    }.get(harm, ("people", "show", ""))
    assert lines(offered(clerk, *asked)) == []
