"""Which signed forms the registry admits: every contradiction is refused by name."""

from __future__ import annotations

import dataclasses
import re

from consent.admission import (
    MAX_REASON,
    admitted_form_language,
    admitted_name,
    admitted_note,
    objection_to_line,
)
from consent.decision import Reason, missing_signatures
from consent.errors import RecordInvalidError
from consent.policy import Policy
from consent.records import Consent, Dossier, Person, Role, Scope, Signatory

# Longer than a working life: a mistake in the year, or a consent without an end.
MAX_TERM = 50
_TERRITORY = re.compile(r"world|[A-Z]{2}")


def check_consent(consent: Consent, dossier: Dossier, policy: Policy) -> Consent:
    """The form as it is kept: texts in order, every contradiction refused.

    `dossier` is what is on file of the person already.

    Raises:
        RecordInvalidError: the message names the field.
    """
    cause = _objection_to_days(consent) or _objection_to_scope(consent, policy)
    cause = cause or _objection_to_signatures(consent, dossier.person, policy)
    cause = cause or _objection_to_renewal(consent, dossier)
    if cause:
        raise RecordInvalidError(
            "the form {serial} cannot be recorded: {cause}", serial=consent.serial, cause=cause
        )
    scope, terms, paper = consent.scope, consent.terms, consent.paper
    event = admitted_note(scope.event) if scope.event is not None else None
    return dataclasses.replace(
        consent,
        scope=dataclasses.replace(scope, event=event),
        terms=dataclasses.replace(terms, remuneration=admitted_note(terms.remuneration)),
        paper=dataclasses.replace(
            paper,
            collected_by=admitted_note(paper.collected_by),
            id_check=admitted_note(paper.id_check),
            confirmed_by=admitted_note(paper.confirmed_by),
            template=admitted_note(paper.template),
            language=admitted_form_language(paper.language),
        ),
        signatories=tuple(map(_admitted_signatory, consent.signatories)),
    )


def _admitted_signatory(one: Signatory) -> Signatory:
    return dataclasses.replace(
        one,
        name=admitted_name(one.name) if one.name else "",
        relation=admitted_note(one.relation),
        basis=admitted_note(one.basis),
    )


def _objection_to_days(consent: Consent) -> RecordInvalidError | None:
    signed, until = consent.signed, consent.scope.valid_until
    begin = consent.scope.valid_from
    if signed > consent.recorded_on:
        return RecordInvalidError("it is signed on {signed}, which is still to come", signed=signed)
    if until < signed:
        return RecordInvalidError(
            "it ends on {until}, before it was signed on {signed}", until=until, signed=signed
        )
    if until < begin:
        return RecordInvalidError(
            "it ends on {until}, before it begins on {begin}", until=until, begin=begin
        )
    if until.year - signed.year > MAX_TERM:
        return RecordInvalidError(
            "it ends on {until}, more than {years} years after it was signed; a consent is "
            "never timeless",
            until=until,
            years=MAX_TERM,
        )
    return None


def _objection_to_scope(consent: Consent, policy: Policy) -> RecordInvalidError | None:
    scope = consent.scope
    if not scope.channels:
        return RecordInvalidError("it names no channel; a form without a tick allows nothing")
    if not scope.materials:
        return RecordInvalidError("it names no material, such as photo; a blank answer is no")
    if policy.purposes and not scope.purposes:
        return RecordInvalidError(
            "it names no purpose; a blank answer is no. There are {known}",
            known=", ".join(policy.purposes),
        )
    return _objection_to_unknown(scope, policy)


def _objection_to_unknown(scope: Scope, policy: Policy) -> RecordInvalidError | None:
    """Why a scope names something that the institution or the world does not have."""
    for named, known in (
        (scope.channels, policy.channels),
        (scope.purposes, policy.purposes or scope.purposes),
    ):
        if unknown := sorted(named - set(known)):
            return RecordInvalidError(
                "{unknown}: not known here; there are {known}",
                unknown=", ".join(unknown),
                known=", ".join(known),
            )
    if not scope.territory or not all(map(_TERRITORY.fullmatch, scope.territory)):
        return RecordInvalidError(
            "its territory must be 'world' or country codes of two letters, such as CH"
        )
    if scope.event is not None and (cause := objection_to_line(scope.event, MAX_REASON)):
        return RecordInvalidError("its event cannot be kept: {cause}", cause=cause)
    return None


def _objection_to_signatures(
    consent: Consent, person: Person, policy: Policy
) -> RecordInvalidError | None:
    if any(not one.name.strip() for one in consent.signatories if one.role is not Role.SELF):
        return RecordInvalidError("whoever signs for somebody else must be named")
    if any(not one.basis.strip() for one in consent.signed_by(Role.REPRESENTATIVE)):
        return RecordInvalidError(
            "a representative needs a basis, such as a curatorship or a mandate"
        )
    if consent.signed_by(Role.GUARDIAN) and person.born is None:
        return RecordInvalidError(
            "guardians signed it, and the day of birth of {person} is not on file: say it with "
            "'clearance people born'",
            person=person.id,
        )
    told = {
        Reason.SIGNATURE_MISSING: RecordInvalidError(
            "the person was of age when it was signed, and did not sign it"
        ),
        Reason.GUARDIAN_MISSING: RecordInvalidError(
            "the person was under age: {n} guardians must sign, or one who declares to hold "
            "parental authority alone",
            n=policy.guardians,
        ),
        Reason.MINOR_SIGNATURE_MISSING: RecordInvalidError(
            "a person of {age} or more signs as well, beside the guardians",
            age=policy.minor_signs_from,
        ),
    }
    missing = missing_signatures(consent, person, policy)
    return next((cause for reason, cause in told.items() if reason in missing), None)


def _objection_to_renewal(consent: Consent, dossier: Dossier) -> RecordInvalidError | None:
    for one in consent.supersedes:
        older = dossier.consent(one.serial)
        if older is None:
            return RecordInvalidError(
                "it renews the form {older}, which is not on file for this person",
                older=one.serial,
            )
        if consent.signed < older.signed:
            return RecordInvalidError(
                "it renews the form {older}, which was signed after it", older=one.serial
            )
    return None
