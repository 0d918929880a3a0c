"""What is on file about people as JSON documents; days are ISO texts, sets sorted lists."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from consent.filing import document_of

if TYPE_CHECKING:
    from clearance.appearances import Appearance
    from consent.decision import Decision, Reason
    from consent.records import Consent, Dossier, Person
    from consent.signing import Expiring

Document = dict[str, Any]


def person_document(person: Person) -> Document:
    """A person; `person` is the id."""
    told = document_of(person)
    return {"person": told.pop("id"), **told}


def consent_document(consent: Consent, last_day: dt.date) -> Document:
    """A signed form; `last_day` also counts that a minor comes of age."""
    told = document_of(consent)
    return {"consent": told.pop("serial"), **told, "last_day": last_day.isoformat()}


def expiring_document(ending: Expiring) -> Document:
    """A form that ends soon, and how its person is reached."""
    told = {"name": ending.person.name, "contact": ending.person.contact}
    return {**consent_document(ending.consent, ending.last_day), **told}


def against_document(found: Mapping[str, tuple[Reason, ...]]) -> Document:
    """For each channel of a form, what stands against it whatever the use; often nothing."""
    return {channel: [reason.value for reason in why] for channel, why in found.items()}


def dossier_document(dossier: Dossier) -> Document:
    """Everything on file about a person, the files apart."""
    told = document_of(dossier)
    told["person"] = person_document(dossier.person)
    return told


def decision_document(decision: Decision) -> Document:
    """Whether a use is allowed, on what ground, or every reason why not."""
    ground = decision.ground
    return {
        "cleared": decision.cleared,
        "forms": list(decision.serials),
        "exemption": ground.exemption if ground else None,
        "clauses": list(ground.clauses) if ground else [],
        "reasons": [reason.value for reason in decision.reasons],
        "by_form": {
            serial: [reason.value for reason in why] for serial, why in decision.by_form.items()
        },
        "valid_until": decision.valid_until.isoformat() if decision.valid_until else None,
        "cautions": [caution.value for caution in decision.cautions],
        "named": decision.named,
        "editing": decision.editing,
    }


def decisions_document(decisions: Mapping[str, Decision]) -> Document:
    """A decision per channel."""
    return {channel: decision_document(one) for channel, one in decisions.items()}


def appearances_document(found: Mapping[str, Appearance]) -> Document:
    """For each channel the purposes that are allowed, or why there are none."""
    return {
        channel: {
            "purposes": list(one.purposes),
            "every_purpose": one.whole,
            "forms": list(one.forms),
            "exempt": one.exempt,
            "valid_until": one.valid_until.isoformat() if one.valid_until else None,
            "reasons": [reason.value for reason in one.reasons],
            "cautions": [caution.value for caution in one.cautions],
        }
        for channel, one in found.items()
    }
