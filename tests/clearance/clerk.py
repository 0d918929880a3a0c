"""A clerk at the counter: runs commands on one registry, with a scan at hand."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from clearance.commandline import ExitCode
from tests.commands import PHOTOS, Run, run

SIGNED = "2026-01-10"
UNTIL = "2036-01-10"


@dataclasses.dataclass(frozen=True)
class Clerk:
    """Who runs commands; `scan` is the scan of a signed form."""

    registry: Path
    scan: Path

    def does(self, *words: object, code: ExitCode = ExitCode.CLEARED) -> Run:
        """Run a command, which ends with the code."""
        return run(*words, "--registry", self.registry).assert_exit(code)

    def reads(self, *words: object, code: ExitCode = ExitCode.CLEARED) -> str:
        """What the command prints for a person."""
        return self.does(*words, code=code).result.stdout

    def adds(self, name: str, *options: object) -> str:
        """Add a person; the id."""
        return str(self.does("people", "add", name, *options, "--json").document["person"])

    def signed(
        self,
        person: str,
        *options: object,
        serial: str = "S-1",
        signed: str = SIGNED,
        until: str = UNTIL,
        ticks: tuple[str, ...] = (*PHOTOS, "--channel", "website"),
        code: ExitCode = ExitCode.CLEARED,
    ) -> Run:
        """Record a form, by default a yes to photos on the website for every purpose."""
        return self.does(
            *("consent", "record", person, "--serial", serial, "--evidence", self.scan),
            *("--signed", signed, "--until", until, *ticks, *options, "--json"),
            code=code,
        )

    def may(self, person: str, *options: object, channel: str = "website") -> bool:
        """Whether the registry lets the person appear on the channel."""
        words = ("decide", person, "--channel", channel, *options, "--json")
        told = run(*words, "--registry", self.registry)
        cleared = told.document["channels"][channel]["cleared"]
        told.assert_exit(ExitCode.CLEARED if cleared else ExitCode.NOT_CLEARED)
        return bool(cleared)

    def reasons(self, person: str, *options: object, channel: str = "website") -> list[str]:
        """Every reason why the person may not appear on the channel."""
        words = ("decide", person, "--channel", channel, *options, "--json")
        told = run(*words, "--registry", self.registry)
        return list(told.document["channels"][channel]["reasons"])

    def writes(self, settings: str) -> None:
        """Put a clearance.toml in place of the one there."""
        (self.registry / "clearance.toml").write_text(settings, encoding="utf-8")
