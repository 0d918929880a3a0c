"""How pages are made from templates: everything that is not ours is escaped."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
from markupsafe import Markup

from clearance.commandline import N_
from clearance.masks import Drawn, DrawnShape
from clearance.registry_words import purpose
from clearance.results import Outcome
from review.records import Verb
from review.roles import Role

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clearance.language import Language
    from review.records import Offer
    from review.visit import Visit

HERE = Path(__file__).resolve().parent


@dataclasses.dataclass(frozen=True, slots=True)
class NavItem:
    """One entry of the menu; `label` is English and translated where it is shown."""

    route: str
    label: str
    icon: str
    current: bool = False


_MENU = (
    NavItem("home", N_("Today"), "today"),
    NavItem("inbox", N_("Pictures"), "pictures"),
    NavItem("people", N_("People"), "people"),
    NavItem("forms", N_("Forms"), "form"),
    NavItem("publications", N_("Publications"), "publish"),
    NavItem("reports", N_("Reports"), "report"),
    NavItem("settings", N_("Settings"), "settings"),
)


def navigation(visit: Visit) -> list[NavItem]:
    """The entries that who is signed in may open, with the one they are in marked."""
    routes = visit.desk.routes
    path = visit.request.url.path
    return [
        dataclasses.replace(item, current=_within(path, routes[item.route].path))
        for item in _MENU
        if item.route in routes and visit.may_open(item.route)
    ]


def role_word(role: Role, words: Language) -> str:
    """A role in a reader's language."""
    _ = words.gettext
    return {
        Role.REQUESTER: _("requester"),
        Role.EDITOR: _("editor"),
        Role.APPROVER: _("approver"),
        Role.PUBLISHER: _("publisher"),
        Role.CONSENT_DESK: _("consent desk"),
        Role.PRIVACY_OFFICER: _("privacy officer"),
        Role.AUDITOR: _("auditor"),
        Role.ADMINISTRATOR: _("administrator"),
    }[role]


def role_meaning(role: Role, words: Language) -> str:
    """What a role may do, in a sentence."""
    _ = words.gettext
    return {
        Role.REQUESTER: _("asks for publications and sees what became of them"),
        Role.EDITOR: _("looks at pictures, says who is in them, hides faces"),
        Role.APPROVER: _("says yes to a channel and a day, never to their own work"),
        Role.PUBLISHER: _("publishes, and takes down"),
        Role.CONSENT_DESK: _("takes in signed forms, refusals and withdrawals"),
        Role.PRIVACY_OFFICER: _("decides on exemptions, holds, erasure and access requests"),
        Role.AUDITOR: _("reads what was done; changes nothing"),
        Role.ADMINISTRATOR: _("runs accounts and settings; sees no picture by that alone"),
    }[role]


def outcome_meaning(outcome: Outcome, words: Language) -> str:
    """What a verdict means for a picture, in a sentence."""
    _ = words.gettext
    return {
        Outcome.CLEARED: _("Everybody in it has agreed to this use: it may be published."),
        Outcome.EXEMPT: _(
            "Somebody has not agreed, but an exemption counts, with a reason and a name under it."
        ),
        Outcome.NOT_RECOGNISABLE: _("The face is too small for anybody to be recognised."),
        Outcome.REDACTED: _("The face is hidden in the copy, and that was checked."),
        Outcome.REVIEW: _("The program is not sure: somebody has to look and decide."),
        Outcome.BLOCKED: _("Somebody in it has not agreed: it may not be published like this."),
        Outcome.FAILED: _("It could not be looked at: it may not be published."),
    }[outcome]


def outcome_word(outcome: Outcome | str, words: Language) -> str:
    """A verdict in a word or two; what is no verdict yet says so."""
    if outcome in set(Outcome):
        return words.outcome(Outcome(outcome))
    return words.gettext("not judged yet")


def mask_shape(text: str) -> Markup:
    """A mask drawn by hand as a shape of SVG; what is no mask is nothing."""
    try:
        drawn = Drawn.parse(text)
    except ValueError:
        return Markup()
    points = drawn.points
    if drawn.kind in (DrawnShape.BOX, DrawnShape.ELLIPSE):
        (left, top), (right, bottom) = points
        points = ((left, top), (right, top), (right, bottom), (left, bottom))
    # Numbers of ours alone: nothing of the text itself.
    corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return Markup('<polygon points="{}"/>').format(corners)


def offer_word(offer: Offer, people: Iterable[tuple[str, str]], words: Language) -> str:
    """What was decided of the same face elsewhere."""
    _ = words.gettext
    names = {id_: name for name, id_ in people}
    name = names.get(offer.person or "", "–")
    return {
        Verb.IDENTIFIED: _("This is {name}"),
        Verb.REJECTED: _("This is not {name}"),
        Verb.NOT_A_FACE: _("No face"),
    }[offer.verb].format(name=name)


def environment() -> jinja2.Environment:
    """The templates; a name that a page forgot is an error, never an empty place."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {
        "navigation": navigation,
        "outcome_word": outcome_word,
        "purpose_word": purpose,
        "mask_shape": mask_shape,
        "offer_word": offer_word,
        "outcome_meaning": outcome_meaning,
    }
    made.filters |= {"role_word": role_word, "role_meaning": role_meaning}
    return made


def _within(path: str, section: str) -> bool:
    return path == section or (section != "/" and path.startswith(f"{section}/"))
