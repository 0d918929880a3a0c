"""Everything an open desk works with, put together once."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import hmac
import secrets
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from clearance.commandline import settings_in, today
from clearance.demo import samples_installed
from clearance.settings import FILE_NAME
from consent.registry import DATABASE_NAME, Registry
from review.access import ROUTES, Route
from review.accounts import Accounts
from review.errors import DeskRefusedError, InputRefusedError
from review.notices import Notices
from review.queueing import Queue
from review.readings import Readings
from review.sample import make_sample
from review.signings import Signings
from review.templating import environment

if TYPE_CHECKING:
    from jinja2 import Environment

    from clearance.settings import Settings
    from detector.detector import Detector
    from review.workbench import Workbench

FOLDER = "desk"
"""Beside the registry: accounts, and pictures that are being worked on."""
SAMPLE = "sample"
"""In it: a registry of fictional people, which has a desk of its own."""


class Desk:
    """An open desk; one for each start of the program.

    It holds no registry open: each piece of work opens it for itself, so that pages, the album
    in the background and the command line see one another's changes.
    """

    def __init__(self, folder: Path, outer: Desk | None = None) -> None:
        """Open the desk of a registry, which may not be there yet.

        Args:
            folder: of the registry.
            outer: the institution's own desk, where this one shows fictional people.

        Raises:
            DeskRefusedError: the folder cannot be written.
            SettingsInvalidError: the settings cannot be read.
        """
        self.folder = folder
        self.home = folder / FOLDER
        self.outer = outer
        self._sample: Desk | None = None
        try:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise DeskRefusedError(
                "the desk cannot write in {folder}: {reason}",
                folder=folder,
                reason=error.strerror or str(error),
            ) from error
        settings = self.settings
        self.accounts = Accounts(
            self.home / "accounts.sqlite3",
            idle=dt.timedelta(minutes=settings.desk.idle_minutes),
            longest=dt.timedelta(hours=settings.desk.session_hours),
        )
        self.routes: Mapping[str, Route] = {route.name: route for route in ROUTES}
        self.notices = Notices()
        self.queue = Queue(self.home)
        self.readings = Readings(self.home / "scans")
        self.signings = Signings()
        self.templates: Environment = environment()
        self._start_token: str | None = None
        self._workbench: Workbench | None = None
        self._lock = threading.Lock()
        self._sample_lock = threading.Lock()

    @property
    def settings(self) -> Settings:
        """What the institution decided, as the file says now."""
        return settings_in(self.folder)

    @property
    def settings_file(self) -> Path:
        """Where it stands."""
        return self.folder / FILE_NAME

    @property
    def has_registry(self) -> bool:
        """Whether there is one; without it the first page is the one that makes it."""
        return (self.folder / DATABASE_NAME).is_file()

    @contextlib.contextmanager
    def registry(self) -> Iterator[Registry]:
        """The registry, opened for this piece of work, with what is due for deletion deleted.

        Raises:
            ConsentError: it cannot be used.
        """
        with Registry.open(self.folder, self.settings.consent) as registry:
            registry.sweep(today())
            yield registry

    @property
    def workbench(self) -> Workbench:
        """The albums, opened with the first page that needs them.

        Raises:
            ConsentError: the registry cannot be used.
            DeskDamagedError: another version wrote the desk's file.
        """
        from review.workbench import Workbench

        with self._lock:
            if self._workbench is None:
                self._workbench = Workbench.open(self.home)
            return self._workbench

    def detector(self, settings: Settings) -> Detector:
        """The networks the settings name; they load when they are needed, once for all threads."""
        return self.workbench.albums.bench.detector(settings)

    def close(self) -> None:
        """End what works in the background; what waits is done at the next start."""
        with self._lock:
            bench, self._workbench = self._workbench, None
        if bench:
            bench.close()
        if self._sample is not None:
            self.leave_sample()

    # --- fictional people to practise with ------------------------------------------------

    @property
    def sample_folder(self) -> Path:
        """Where everything about fictional people lies, apart from this registry."""
        return self.home / SAMPLE

    @property
    def current(self) -> Desk:
        """The desk whose pages are shown: this one, or the one of fictional people."""
        return self._sample or self

    @property
    def may_practise(self) -> bool:
        """Whether fictional people can be shown: the pictures are there, and one works alone."""
        return samples_installed() and self.outer is None and not self.accounts.team

    def enter_sample(self, day: dt.date) -> Desk:
        """Show fictional people from now on, made the first time; what is real stays as it is.

        Raises:
            DemoMissingError: the sample pictures are not installed.
            InputRefusedError: others work here already, or these are the fictional people.
        """
        if self.outer is not None or self.accounts.team:
            raise InputRefusedError(
                "fictional people are only shown where one person works alone, on this computer"
            )
        with self._sample_lock:
            if self._sample is None:
                registry = make_sample(self.sample_folder, day)
                self._sample = Desk(registry, outer=self)
            return self._sample

    def leave_sample(self) -> None:
        """Show what is real again."""
        with self._sample_lock:
            sample, self._sample = self._sample, None
        if sample is not None:
            sample.close()

    # --- the first visit ------------------------------------------------------------------

    def new_start_token(self) -> str:
        """What lets one browser in, once, where nobody has a password."""
        self.accounts.local()
        self.accounts.end_local_sessions()
        self._start_token = secrets.token_urlsafe(32)
        return self._start_token

    def take_start_token(self, token: str) -> bool:
        """Whether it is the one; it is gone then."""
        with self._lock:
            expected = self._start_token
            right = expected is not None and hmac.compare_digest(
                expected.encode(), token.encode("utf-8", "replace")
            )
            if right:
                self._start_token = None
        return right and not self.accounts.team


@dataclasses.dataclass(frozen=True, slots=True)
class Address:
    """Where the desk is reached.

    Attributes:
        host: that it listens on.
        port: that it listens on.
        origins: as browsers name it, such as `http://127.0.0.1:8477`; the first is the one to open.
        secure: whether browsers reach it encrypted.
        proxied: whether a proxy encrypts for it; every request has the proxy's address then.
    """

    host: str
    port: int
    origins: tuple[str, ...]
    secure: bool = False
    proxied: bool = False

    @property
    def hosts(self) -> frozenset[str]:
        """What may stand in a request's Host header."""
        return frozenset(origin.split("://", 1)[1].lower() for origin in self.origins)
