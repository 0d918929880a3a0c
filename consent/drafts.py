"""The part of the registry about paper that is no consent yet: printed numbers, read forms."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from pathlib import Path

from consent.admission import admitted_serial
from consent.desk import Desk
from consent.errors import DraftMissingError, RecordInvalidError
from consent.files import write_whole
from consent.store import unwritable

_PRINTED = "forms.printed"
_NAME = re.compile(r"[0-9A-Z-]{1,64}")
_SUFFIX = ".draft"


class DraftDesk(Desk):
    """Keeps what was read from signed forms until a person has confirmed or dropped it.

    A draft says nothing to anybody but whoever confirms it: no decision rests on it. It
    lies encrypted under the institution's key, one file each, and is in no backup: the
    paper is.
    """

    def note_printed(self, form: str, serials: Sequence[str]) -> None:
        """Remember which numbers were printed, and on which form."""
        with self._store.writing():
            self._log.append(_PRINTED, None, {"form": form, "serials": list(serials)})

    def printed(self) -> frozenset[str]:
        """Every number that was ever printed here."""
        found: set[str] = set()
        for entry in self._log.entries():
            serials = entry.details.get("serials")
            if entry.action == _PRINTED and isinstance(serials, list):
                found.update(map(str, serials))
        return frozenset(found)

    def is_recorded(self, serial: str) -> bool:
        """Whether a form with that serial is on file."""
        return bool(self._store.rows("SELECT 1 FROM form WHERE serial = ?", [serial]))

    def keep_draft(self, serial: str, content: bytes) -> None:
        """Keep what was read of a form, in place of what was read of it before.

        Raises:
            RecordInvalidError: the serial cannot be kept.
            RegistryUnwritableError: full disk, no permission, read-only.
        """
        path = self._draft_path(serial)
        body = self._vault.house.encrypt(f"draft {serial}", content)
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            write_whole(path, body)
        except OSError as error:
            raise unwritable(path, error) from error
        with self._store.writing():
            self._log.append("draft.kept", None, {"serial": serial})

    def drafts(self, *, kept_before: dt.date | None = None) -> tuple[str, ...]:
        """The serials of all drafts, or of those last kept before a day, in order."""
        return tuple(
            sorted(
                path.stem
                for path in self._drafts.glob(f"*{_SUFFIX}")
                if kept_before is None or _day_of(path) < kept_before
            )
        )

    def draft(self, serial: str) -> bytes:
        """What was kept of a form.

        Raises:
            DraftMissingError: there is no draft of it.
            RegistryDamagedError: it is not what was kept.
        """
        path = self._draft_path(serial)
        try:
            body = path.read_bytes()
        except FileNotFoundError as error:
            raise DraftMissingError(
                "there is no draft of the form {serial}; clearance forms drafts lists them",
                serial=serial,
            ) from error
        except OSError as error:
            raise unwritable(path, error) from error
        return self._vault.house.decrypt(f"draft {serial}", body)

    def drop_draft(self, serial: str, *, confirmed: bool, changed: Sequence[str] = ()) -> None:
        """Delete a draft: it was confirmed, with some answers changed, or it is of no use.

        Raises:
            DraftMissingError: there is none.
            RegistryUnwritableError: it cannot be deleted.
        """
        path = self._draft_path(serial)
        if not path.exists():
            self.draft(serial)
        with self._store.writing():
            action = "draft.confirmed" if confirmed else "draft.dropped"
            self._log.append(action, None, {"serial": serial, "changed": list(changed)})
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise unwritable(path, error) from error

    @property
    def _drafts(self) -> Path:
        return self._store.path.parent / "drafts"

    def _draft_path(self, serial: str) -> Path:
        serial = admitted_serial(serial)
        if not _NAME.fullmatch(serial):
            raise RecordInvalidError(
                "the serial cannot be kept: {cause}",
                cause=RecordInvalidError("only digits, capital letters and dashes"),
            )
        return self._drafts / f"{serial}{_SUFFIX}"


def _day_of(path: Path) -> dt.date:
    return dt.datetime.fromtimestamp(path.stat().st_mtime).astimezone().date()
