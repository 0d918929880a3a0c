"""What is on file about people, in the words of a language."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from consent.decision import Reason
from consent.records import WORLD, Capacity, EvidenceLevel, ExemptionKind, Material, Role, Status

if TYPE_CHECKING:
    from clearance.language import Language
    from consent.decision import Decision
    from consent.records import Exemption, Hold, Refusal, Withdrawal


def capacity(value: Capacity, words: Language) -> str:
    """As what a person is in the picture."""
    _ = words.gettext
    told: Mapping[Capacity, str] = {
        Capacity.PATIENT: _("patient"),
        Capacity.STAFF: _("staff"),
        Capacity.VISITOR: _("visitor or relative"),
        Capacity.VOLUNTEER: _("volunteer"),
        Capacity.STUDENT: _("student or trainee"),
        Capacity.SPEAKER: _("external speaker"),
        Capacity.OTHER: _("other"),
    }
    return told[value]


def status(value: Status, words: Language) -> str:
    """What a person is to the institution today."""
    _ = words.gettext
    told: Mapping[Status, str] = {
        Status.ACTIVE: _("active"),
        Status.LEFT: _("has left"),
        Status.DECEASED: _("deceased"),
    }
    return told[value]


def material(value: Material, words: Language) -> str:
    """What is recorded of a person."""
    _ = words.gettext
    told: Mapping[Material, str] = {
        Material.PHOTO: _("photo"),
        Material.VIDEO: _("video"),
        Material.VOICE: _("voice"),
        Material.QUOTATION: _("quotation"),
    }
    return told[value]


def purpose(value: str, words: Language) -> str:
    """What pictures are for; an institution's own purpose keeps the name it has."""
    _ = words.gettext
    told = {
        "services": _("information on services"),
        "events": _("reports on events"),
        "recruitment": _("finding staff"),
        "training": _("teaching and training"),
        "fundraising": _("appeals for donations"),
        "other": _("other purposes"),
    }
    return told.get(value, value)


def purposes(some: Collection[str], known: Collection[str], words: Language) -> str:
    """What pictures are for; in short where it is everything the institution asks about."""
    if known and set(known) <= set(some):
        return words.gettext("every purpose")
    return ", ".join(purpose(one, words) for one in in_order(some, known))


def channels(some: Collection[str], known: Collection[str], words: Language) -> str:
    """Where pictures are published, in the order the institution names it."""
    return ", ".join(map(words.channel, in_order(some, known)))


def in_order(some: Iterable[str], known: Collection[str]) -> list[str]:
    """Channels or purposes in the order the institution names them, unknown ones last."""
    order = {name: place for place, name in enumerate(known)}
    return sorted(some, key=lambda one: (order.get(one, len(order)), one))


def state(reason: Reason, words: Language) -> str:
    """In a word or two, why a form does not count."""
    _ = words.gettext
    told: Mapping[Reason, str] = {
        Reason.WITHDRAWN: _("withdrawn"),
        Reason.REFUSED: _("refused"),
        Reason.SUPERSEDED: _("renewed"),
        Reason.OF_AGE_NOW: _("of age now"),
        Reason.EXPIRED: _("ended"),
        Reason.NOT_YET_VALID: _("not yet valid"),
        Reason.SIGNATURE_MISSING: _("signature missing"),
        Reason.GUARDIAN_MISSING: _("signature missing"),
        Reason.MINOR_SIGNATURE_MISSING: _("signature missing"),
        Reason.EVIDENCE_TOO_WEAK: _("not proved well enough"),
        Reason.SECRECY_NOT_RELEASED: _("secrecy not released"),
    }
    return told[reason]


def level(value: EvidenceLevel, words: Language) -> str:
    """How well a consent is proved."""
    _ = words.gettext
    told: Mapping[EvidenceLevel, str] = {
        EvidenceLevel.VERBAL: _("by word of mouth, recorded"),
        EvidenceLevel.SIMPLE: _("simple electronic signature"),
        EvidenceLevel.ADVANCED: _("advanced electronic signature"),
        EvidenceLevel.WET_INK: _("signature by hand, scanned"),
        EvidenceLevel.QUALIFIED: _("qualified electronic signature"),
    }
    return told[value]


def role(value: Role, words: Language) -> str:
    """For whom somebody signed."""
    _ = words.gettext
    told: Mapping[Role, str] = {
        Role.SELF: _("the person"),
        Role.GUARDIAN: _("holder of parental authority"),
        Role.REPRESENTATIVE: _("legal representative"),
    }
    return told[value]


def exemption(value: ExemptionKind, words: Language) -> str:
    """Why somebody's consent is held not to be needed."""
    _ = words.gettext
    told: Mapping[ExemptionKind, str] = {
        ExemptionKind.INCIDENTAL: _("incidental in the picture"),
        ExemptionKind.CROWD: _("one of a crowd at an assembly"),
        ExemptionKind.PUBLIC_FIGURE: _("public figure in office"),
        ExemptionKind.PRESS_INTEREST: _("overriding interest of the press"),
    }
    return told[value]


def territory(countries: frozenset[str], words: Language) -> str:
    """Where pictures may be seen."""
    return words.gettext("worldwide") if WORLD in countries else ", ".join(sorted(countries))


def withdrawal(one: Withdrawal, words: Language) -> str:
    """What a person took back, and of which forms."""
    _ = words.gettext
    what = words.channel(one.channel) if one.channel else _("everything")
    serials = ", ".join(sorted(one.serials))
    said = _("withdrew {what} ({serials})").format(what=what, serials=serials)
    return "; ".join(filter(None, (said, one.note)))


def refusal(one: Refusal, words: Language) -> str:
    """What a person said no to."""
    _ = words.gettext
    what = words.channel(one.channel) if one.channel else _("everything")
    child, adult = _("the child said no to {what}"), _("said no to {what}")
    parts = [(child if one.by_child else adult).format(what=what), one.note]
    if one.taken_back:
        parts.append(_("taken back on {day}").format(day=words.date(one.taken_back)))
    return "; ".join(filter(None, parts))


def hold(one: Hold, words: Language) -> str:
    """Who stopped everything, and why."""
    _ = words.gettext
    parts = [_("on hold, says {by}: {reason}").format(by=one.by, reason=one.reason)]
    if one.lifted_on:
        lifted = _("lifted on {day}, says {by}")
        parts.append(lifted.format(day=words.date(one.lifted_on), by=one.lifted_by))
    return "; ".join(parts)


def exempted(one: Exemption, words: Language) -> str:
    """Who answers for it that a person need not be asked, where, and why."""
    _ = words.gettext
    said = _("exempt until {until}, says {by}: {kind}; {reason}").format(
        until=words.date(one.valid_until),
        by=one.approver,
        kind=exemption(one.kind, words),
        reason=one.reason,
    )
    parts = [said, channels(one.channels, (), words), one.event or ""]
    if one.ended_on:
        parts.append(_("ended on {day}").format(day=words.date(one.ended_on)))
    return "; ".join(filter(None, parts))


def clause(key: str, words: Language) -> str:
    """The answer of a form that a clearance rests on, from a `Ground`'s clause."""
    question, _, value = key.partition(".")
    if question == "channel":
        return words.channel(value)
    if question == "material":
        return material(Material(value), words)
    if question == "purpose":
        return purpose(value, words)
    return words.gettext("release from medical secrecy: being there")


def ground(decision: Decision, known: Collection[str], words: Language) -> str:
    """What a clearance rests on: the forms and their answers, or the exemption.

    `known` are the institution's purposes.
    """
    found = decision.ground
    if found is None:
        return ""
    if found.exemption:
        return words.gettext("exemption {id}").format(id=found.exemption)
    told = words.ngettext(
        "form {serials}, which says yes to: {clauses}",
        "forms {serials}, which say yes to: {clauses}",
        len(found.serials),
    )
    every = {f"purpose.{one}" for one in known}
    clauses = [clause(key, words) for key in found.clauses]
    if every and every <= set(found.clauses):
        clauses = [clause(key, words) for key in found.clauses if key not in every]
        clauses.append(words.gettext("every purpose"))
    return told.format(serials=", ".join(found.serials), clauses=", ".join(clauses))
