"""Runs commands as a terminal would, and knows where the pictures are."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

import cli
from clearance.commandline import ExitCode
from consent.policy import PURPOSES

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "sample_media"
EVERY_PURPOSE = tuple(word for purpose in PURPOSES for word in ("--purpose", purpose))
PHOTOS = ("--material", "photo", *EVERY_PURPOSE)
"""The ticks of a form that allows photos for every purpose."""


def media_folder() -> Path | None:
    """The folder of real development photos, where a machine has one."""
    named = os.environ.get("CLEARANCE_MEDIA")
    folder = Path(named) if named else ROOT.parent / "shared" / "media"
    return folder if folder.is_dir() else None


@dataclasses.dataclass(frozen=True)
class Run:
    """One command, run in this process as a terminal would run it."""

    arguments: list[str]
    result: Result

    @property
    def documents(self) -> list[dict[str, Any]]:
        """Standard output as JSON, one document a line; nothing else may be there.

        Without the last one of an album, which is about all of it.
        """
        return [document for document in self._lines if "album" not in document]

    @property
    def album(self) -> dict[str, Any]:
        """What `scan --json` says of the album as a whole."""
        *_, last = self._lines
        found: dict[str, Any] = last["album"]
        return found

    @property
    def _lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.result.stdout.splitlines()]

    @property
    def document(self) -> dict[str, Any]:
        """The only document of standard output."""
        (only,) = self.documents
        return only

    def assert_exit(self, code: ExitCode) -> Run:
        """The run, if it ended with that code; else everything it printed."""
        told = f"clearance {' '.join(self.arguments)}\n{self.result.output}"
        if self.result.exception and not isinstance(self.result.exception, SystemExit):
            raise AssertionError(told) from self.result.exception
        assert self.result.exit_code == code, told
        return self


def run(*arguments: object) -> Run:
    """Run `clearance` with the arguments."""
    words = [str(argument) for argument in arguments]
    return Run(words, CliRunner().invoke(cli.app, words, prog_name="clearance"))


def begun(*arguments: object) -> subprocess.Popen[str]:
    """`clearance` with the arguments, in a process of its own that can be interrupted."""
    # Whatever was started in the background of a shell ignores Ctrl-C, and so does what it starts.
    hears = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = f"{hears}; import sys, cli; sys.argv = ['clearance', *sys.argv[1:]]; cli.main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
