"""The part of the registry about signed forms: recorded, renewed, withdrawn, due to end."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping

from consent import filing
from consent.admission import (
    admitted_note,
    admitted_scan,
    admitted_serial,
)
from consent.biometrics import BiometricsDesk
from consent.contradictions import check_consent
from consent.decision import last_day_of, may_keep_biometrics, standing
from consent.errors import RecordInvalidError, SerialTakenError
from consent.filing import Kind
from consent.records import (
    Consent,
    Dossier,
    Evidence,
    EvidenceLevel,
    Person,
    Withdrawal,
)


@dataclasses.dataclass(frozen=True, slots=True)
class Expiring:
    """A form that ends soon, and its last day: of its term, or of childhood."""

    person: Person
    consent: Consent
    last_day: dt.date


def evidence_from(data: bytes, untrusted_suffix: str, level: EvidenceLevel) -> Evidence:
    """What a file proves.

    Raises:
        RecordInvalidError: the file is empty, or its name has no suffix.
    """
    suffix = admitted_scan(data, untrusted_suffix)
    return Evidence(hashlib.sha256(data).hexdigest(), suffix, len(data), level)


class SigningDesk(BiometricsDesk):
    """Files what people agreed to, and what they took back."""

    def record_consent(
        self,
        consent: Consent,
        scan: bytes,
        *,
        templates: Mapping[str, bytes] | None = None,
        recogniser: str | None = None,
    ) -> Consent:
        """Record a signed form on its `recorded_on`, with its scan and, if allowed, templates.

        `templates` maps ids of the person's portraits to what `recogniser` made of
        them. They are kept, in place of all there were, only if the form, as it stands
        on the day, lets the face be matched now or later. A renewal that no longer lets
        it deletes templates and portraits at once.

        Raises:
            PersonUnknownError: nobody has that id.
            SerialTakenError: a form with that serial is recorded already.
            RecordInvalidError: the form contradicts itself, the person or the policy, the
                scan is not its evidence, or templates come without the biometric tick.
        """
        consent = dataclasses.replace(consent, serial=admitted_serial(consent.serial))
        on = consent.recorded_on
        if hashlib.sha256(scan).hexdigest() != consent.evidence.sha256:
            raise RecordInvalidError(
                "the form {serial} cannot be recorded: the scan is not its evidence",
                serial=consent.serial,
            )
        if templates and not consent.terms.biometric:
            raise RecordInvalidError(
                "the form {serial} has no biometric tick: no template may be kept",
                serial=consent.serial,
            )
        with self._store.writing():
            self._refuse_taken(consent.serial)
            before = self.dossier(consent.person)
            consent = check_consent(consent, before, self._policy)
            safe = self._safe(consent.person)
            kept = self._files.write(safe.encrypt(f"evidence {consent.serial}", scan))
            record = {
                "serial": consent.serial,
                "person": consent.person,
                "last_day": last_day_of(consent, before).isoformat(),
                "scan": kept,
            }
            self._store.insert("form", record)
            self._file(consent.person, Kind.CONSENT, consent)
            dossier = self.dossier(consent.person)
            self._set_terms(dossier)
            stored = templates if may_keep_biometrics(dossier, on, self._policy) else None
            if stored:
                self._insert_templates(consent.person, stored, recogniser)
            files = self._end_biometrics(dossier, on) if consent.supersedes else ()
            told = filing.summary(consent, len(stored or ()))
            self._note("consent.recorded", consent.person, told)
        self._forget(files)
        self._files.finished()
        return consent

    def consent(self, serial: str) -> tuple[Dossier, Consent]:
        """The form with that serial, and the dossier it lies in.

        Raises:
            RecordInvalidError: no form has that serial.
        """
        rows = self._store.rows("SELECT person FROM form WHERE serial = ?", [serial.strip()])
        dossier = self.dossier(rows[0]["person"]) if rows else None
        found = dossier.consent(serial.strip()) if dossier else None
        if not dossier or not found:
            raise RecordInvalidError(
                "no form with the serial {serial!r} is recorded; see 'clearance consent list'",
                serial=serial,
            )
        return dossier, found

    def evidence_of(self, serial: str) -> bytes:
        """The scan of a form, decrypted.

        Raises:
            RecordInvalidError: no form has that serial.
        """
        _, consent = self.consent(serial)
        row = self._store.rows("SELECT scan FROM form WHERE serial = ?", [consent.serial])[0]
        safe = self._safe(consent.person)
        return safe.decrypt(f"evidence {consent.serial}", self._files.read(row["scan"]))

    def expiring(self, on: dt.date, days: int) -> list[Expiring]:
        """Forms that still say yes and end within so many days from `on`, soonest first.

        A form that a newer one takes the place of is not among them.
        """
        last = on + dt.timedelta(days=days)
        rows = self._store.rows(
            "SELECT DISTINCT person FROM form WHERE last_day BETWEEN ? AND ? ORDER BY person",
            [on.isoformat(), last.isoformat()],
        )
        found = [
            Expiring(dossier.person, consent, last_day)
            for dossier in self._dossiers_of([row["person"] for row in rows])
            for consent in dossier.consents
            if on <= (last_day := last_day_of(consent, dossier)) <= last
            and standing(dossier, consent, self._policy)
        ]
        return sorted(found, key=lambda one: (one.last_day, one.consent.serial))

    def withdraw(
        self,
        person_id: str,
        channel: str | None,
        on: dt.date,
        *,
        serial: str | None = None,
        said_on: dt.date | None = None,
        note: str = "",
    ) -> int:
        """Withdraw every consent of a person, or one, wholly or for a channel; how many.

        When no consent is left that lets the face be matched, templates and
        portraits are deleted at once.

        Args:
            person_id: whose.
            channel: only this one; None for everything.
            on: today.
            serial: only this form; None for every one that is on file.
            said_on: the day on which the person said so; None for today.
            note: a remark.

        Raises:
            PersonUnknownError: nobody has that id.
            RecordInvalidError: there is nothing to withdraw, the day is still to come, or the
                remark cannot be kept.
            RegistryUnwritableError: the message says whether the withdrawal was recorded.
        """
        if said_on and said_on > on:
            raise RecordInvalidError("{day} is still to come", day=said_on)
        note = admitted_note(note)
        with self._store.writing():
            dossier = self.dossier(person_id)
            touched = [
                one.serial
                for one in dossier.consents
                if serial in (None, one.serial) and _stands(one, dossier, channel)
            ]
            if not touched:
                raise _nothing_to_withdraw(person_id, channel)
            entry = Withdrawal(
                effective=said_on or on,
                channel=channel,
                serials=frozenset(touched),
                only=serial is not None,
                recorded_on=on,
                note=note,
            )
            self._file(person_id, Kind.WITHDRAWAL, entry)
            details = {"serials": sorted(touched), "channel": channel}
            self._note("consent.withdrawn", person_id, details)
            files = self._settled(person_id, on)
        self._forget(files)
        return len(touched)

    def due_for_erasure(self, on: dt.date) -> Iterator[Person]:
        """Whoever is not on hold, and whose last matter ended longer ago than the policy keeps."""
        for dossier in self.dossiers():
            on_hold = any(hold.lifted_on is None for hold in dossier.holds)
            if (
                not on_hold
                and _years_later(_last_matter(dossier), self._policy.retention_years) < on
            ):
                yield dossier.person

    # Below the counter

    def _refuse_taken(self, serial: str) -> None:
        if self._store.rows("SELECT 1 FROM form WHERE serial = ?", [serial]):
            raise SerialTakenError(
                "the form {serial} is recorded already; a new signature needs a new form",
                serial=serial,
            )


def _stands(consent: Consent, dossier: Dossier, channel: str | None) -> bool:
    """Whether there is something left to withdraw of a form: of the channel, or at all."""
    taken = {one.channel for one in dossier.withdrawals if consent.serial in one.serials}
    if None in taken:
        return False
    return channel is None or (channel in consent.scope.channels and channel not in taken)


def _nothing_to_withdraw(person_id: str, channel: str | None) -> RecordInvalidError:
    if channel is None:
        return RecordInvalidError(
            "{person} has no consent that could be withdrawn", person=person_id
        )
    return RecordInvalidError(
        "{person} has no consent for {channel!r} that could be withdrawn",
        person=person_id,
        channel=channel,
    )


def _last_matter(dossier: Dossier) -> dt.date:
    """The last day on which anything about a person still mattered."""
    days = [dossier.person.added_on]
    for consent in dossier.consents:
        taken = [
            one.recorded_on
            for one in dossier.withdrawals
            if one.channel is None and consent.serial in one.serials
        ]
        days.append(min([last_day_of(consent, dossier), *taken]))
    days += [one.taken_back or one.on for one in dossier.refusals]
    days += [one.lifted_on for one in dossier.holds if one.lifted_on]
    days += [one.ended_on or one.valid_until for one in dossier.exemptions]
    return max(days)


def _years_later(day: dt.date, years: int) -> dt.date:
    try:
        return day.replace(year=min(day.year + years, dt.MAXYEAR))
    except ValueError:  # 29 February
        return dt.date(min(day.year + years, dt.MAXYEAR), 3, 1)
