"""What would make a face publishable: the way out of each reason against it, in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from clearance.results import FaceReason, Outcome
from consent.decision import Reason

if TYPE_CHECKING:
    from clearance.language import Language
    from clearance.results import FaceResult


def advice(face: FaceResult, words: Language) -> list[str]:
    """Each way out once, the surest last; nothing where the face may be seen."""
    if face.outcome.publishable:
        return []
    ways = _ways(words)
    told = [ways[reason] for reason in face.reasons if reason in ways]
    if face.outcome is not Outcome.FAILED:
        told.append(words.gettext("Or hide the face: the copy then shows nobody there."))
    return list(dict.fromkeys(told))


def _ways(words: Language) -> Mapping[FaceReason | Reason, str]:
    _ = words.gettext
    new_form = _("Ask the person to sign a new form that covers this use.")
    look = _("Compare the face with the portrait, and say whether it is this person.")
    ask = _("Ask the person; without a new signed yes they stay hidden.")
    office = _("Ask the privacy officer.")
    return {
        FaceReason.UNKNOWN_PERSON: _("If you know who it is and they signed, say who it is."),
        FaceReason.NO_REGISTRY: _("Make the registry first, and record who signed."),
        FaceReason.LIKELY_MATCH: look,
        FaceReason.DOUBTFUL_SIZE: _(
            "Look whether somebody who knows the person would recognise them; if so, say who it is."
        ),
        FaceReason.MATCHED_TWICE: look,
        FaceReason.LOOKALIKE: look,
        FaceReason.MINOR: look,
        FaceReason.NOT_A_FACE_DOUBTED: look,
        FaceReason.NOT_A_FACE_UNCHECKED: look,
        FaceReason.RECOGNISED_DOUBTED: look,
        FaceReason.TRACK_MIXED: _("Look at the video there: perhaps these are two people."),
        FaceReason.FOUND_IN_COPY: _("Look at the place: somebody may be there."),
        Reason.DECEASED: office,
        Reason.ON_HOLD: office,
        Reason.REFUSED: ask,
        Reason.REFUSED_BY_CHILD: ask,
        Reason.NO_CONSENT: _("Ask the person to sign a form, and record it."),
        Reason.NOT_YET_VALID: _("Publish later, or ask the person to sign for an earlier day."),
        Reason.EXPIRED: new_form,
        Reason.WITHDRAWN: ask,
        Reason.SUPERSEDED: new_form,
        Reason.OF_AGE_NOW: _("The person is of age: ask them to sign for themselves."),
        Reason.SIGNATURE_MISSING: _("The form lacks a signature: ask for it."),
        Reason.GUARDIAN_MISSING: _("Ask the missing guardian to sign."),
        Reason.MINOR_SIGNATURE_MISSING: _("Ask the young person to sign as well."),
        Reason.EVIDENCE_TOO_WEAK: _("Ask for a signature that proves more, on paper for example."),
        Reason.SECRECY_NOT_RELEASED: _(
            "Ask the patient to release you in writing from secrecy about being here."
        ),
        Reason.MATERIAL_NOT_COVERED: new_form,
        Reason.CHANNEL_NOT_COVERED: _("Leave out this channel, or ask for a form that covers it."),
        Reason.PURPOSE_NOT_COVERED: new_form,
        Reason.EVENT_NOT_COVERED: new_form,
        Reason.TERRITORY_NOT_COVERED: new_form,
    }
