"""The first visit: who is here, the institution, its key, and then the registry.

The answers travel from step to step with the pages; nothing is kept until the last one makes
everything at once. So whoever stops in the middle leaves nothing behind.
"""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING

from clearance.commandline import N_, today
from clearance.errors import ClearanceError, SettingsInvalidError
from clearance.founding import found_registry, where_key_lies
from clearance.legal import PROFILES, legal_profile
from clearance.settings_file import change_settings, check_settings, with_changes
from consent.admission import LANGUAGES
from consent.errors import ConsentError, RegistryExistsError
from consent.keys import KEY_VARIABLE, KeyPlace, key_file
from consent.policy import CHANNELS
from review.accounts import LOCAL
from review.sample import lay_out_album
from review.settings_keys import section_named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.datastructures import FormData, QueryParams
    from starlette.responses import Response

    from clearance.settings import Settings
    from review.visit import Visit

STEPS = (
    ("who", N_("You")),
    ("institution", N_("Institution")),
    ("law", N_("Law and channels")),
    ("key", N_("Key")),
    ("check", N_("Last look")),
)
_LONGEST = 300
_SEEN = "law_seen"


@dataclasses.dataclass(frozen=True, slots=True)
class Answers:
    """What was said so far; what was not asked yet is as the settings have it.

    Attributes:
        shown: the name that stands under decisions.
        name, place, contact, privacy_contact, legal_profile: of the institution.
        languages: of its forms.
        channels: where it publishes.
        key: where a new key is kept.
    """

    shown: str
    name: str
    place: str
    contact: str
    privacy_contact: str
    legal_profile: str
    languages: tuple[str, ...]
    channels: tuple[str, ...]
    key: str

    @classmethod
    def told(cls, sent: QueryParams | FormData, settings: Settings, shown: str) -> Answers:
        """What came with a request, in place of what is known."""
        institution, ticked = settings.institution, _SEEN in sent

        def one(name: str, known: str) -> str:
            value = sent.get(name)
            return known if not isinstance(value, str) else value.strip()[:_LONGEST]

        def some(name: str, known: tuple[str, ...]) -> tuple[str, ...]:
            values = [value.strip()[:_LONGEST] for value in map(str, sent.getlist(name))]
            # A page of which nothing is ticked sends nothing of it.
            return tuple(dict.fromkeys(filter(None, values))) if ticked else known

        return cls(
            shown=one("shown", shown),
            name=one("name", institution.name),
            place=one("place", institution.place),
            contact=one("contact", institution.contact),
            privacy_contact=one("privacy_contact", institution.privacy_contact),
            legal_profile=one("legal_profile", institution.legal_profile),
            languages=some("languages", institution.languages),
            channels=some("channels", settings.consent.channels),
            key=one("key", KeyPlace.FILE.value),
        )

    def carried(self) -> list[tuple[str, str]]:
        """Everything as fields that nobody sees."""
        pairs = [(_SEEN, "1")]
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            values = value if isinstance(value, tuple) else (value,)
            pairs += [(field.name, one) for one in values]
        return pairs

    def changes(self) -> Mapping[str, Mapping[str, object]]:
        """What they mean for clearance.toml."""
        named = ("name", "place", "contact", "privacy_contact", "legal_profile", "languages")
        return {
            "institution": {key: getattr(self, key) for key in named},
            "consent": {"channels": self.channels},
        }

    def problems(self, step: str, visit: Visit) -> dict[str, str]:
        """What is missing or wrong in a step, by field."""
        _ = visit.words.gettext
        found = {
            ("who", "shown"): not self.shown and asks_name(visit),
            ("institution", "name"): not self.name,
            ("law", "legal_profile"): self.legal_profile not in PROFILES,
            ("law", "languages"): not self.languages or not set(self.languages) <= set(LANGUAGES),
            ("law", "channels"): not self.channels,
            ("key", "key"): self.key not in tuple(KeyPlace),
        }
        said = {
            "shown": _("Say your name: it stands under every decision."),
            "name": _("Say the institution’s name: it stands on every form."),
        }
        choose = _("Choose at least one.")
        return {
            field: said.get(field, choose)
            for (where, field), wrong in found.items()
            if wrong and where == step
        }


def asks_name(visit: Visit) -> bool:
    """Whether who is here has to say their name: accounts of a team have one."""
    return visit.who.name == LOCAL


def show(visit: Visit) -> Response:
    """One step; an earlier one where something is missing there."""
    if visit.desk.has_registry:
        return visit.to("home")
    answers = Answers.told(visit.query, visit.desk.settings, visit.who.shown)
    names = [name for name, _title in _steps(visit)]
    wanted = visit.query.get("step", names[0])
    wanted = wanted if wanted in names else names[0]
    for earlier in names[: names.index(wanted)]:
        problems = answers.problems(earlier, visit)
        if problems:
            return _page(visit, earlier, answers, problems)
    return _page(visit, wanted, answers)


def make(visit: Visit) -> Response:
    """Make the registry, its key and clearance.toml, all at once."""
    desk = visit.desk
    if desk.has_registry:
        return visit.to("home")
    answers = Answers.told(visit.form, desk.settings, visit.who.shown)
    for step, _title in _steps(visit):
        problems = answers.problems(step, visit)
        if problems:
            return _page(visit, step, answers, problems)
    changes = answers.changes()
    settings = with_changes(desk.settings, changes)
    try:
        check_settings(desk.folder, settings)
        found_registry(desk.folder, KeyPlace(answers.key), settings)
    except RegistryExistsError:
        return visit.to("home")
    except SettingsInvalidError as error:
        return _page(visit, "check", answers, {"": visit.words.error(error)})
    except ConsentError as error:
        return _page(visit, "key", answers, {"key": visit.words.error(error)})
    # Where a clearance.toml was there already, it was not replaced.
    change_settings(desk.folder, changes)
    if asks_name(visit):
        desk.accounts.local(shown=answers.shown)
    return visit.to("welcome_done")


def done(visit: Visit) -> Response:
    """Where everything lies, and what must be kept safe."""
    key, by_variable = where_key_lies(visit.desk.folder)
    return visit.page(
        "welcome_done.html",
        folder=visit.desk.folder,
        settings_file=visit.desk.settings_file,
        key=key,
        by_variable=by_variable,
        beside=key is not None and key.parent == visit.desk.folder,
    )


def enter_sample(visit: Visit) -> Response:
    """Show fictional people from now on."""
    if visit.desk.outer is not None:
        return visit.to("home")
    try:
        sample = visit.desk.enter_sample(today())
    except (ClearanceError, ConsentError) as error:
        return visit.to("help", visit.words.error(error))
    account = sample.accounts.local(shown=visit.who.shown or visit.words.gettext("Practising"))
    lay_out_album(sample.workbench, visit.words.gettext("Sample album"), account.shown)
    answer = visit.to("home")
    visit.cookie.give(answer, sample.accounts.begin_session(account))
    return answer


def leave_sample(visit: Visit) -> Response:
    """Go back to what is real."""
    own = visit.desk.outer
    if own is None:
        return visit.to("home")
    own.leave_sample()
    answer = visit.to("home")
    # An account that was made meanwhile asks for its password.
    if not own.accounts.team:
        visit.cookie.give(answer, own.accounts.begin_session(own.accounts.local()))
    return answer


def _steps(visit: Visit) -> tuple[tuple[str, str], ...]:
    return STEPS if asks_name(visit) else STEPS[1:]


def _page(
    visit: Visit, step: str, answers: Answers, problems: Mapping[str, str] | None = None
) -> Response:
    steps = _steps(visit)
    names = [name for name, _title in steps]
    at = names.index(step)
    code, institution = visit.words.code, section_named("institution")
    return visit.page(
        "welcome.html",
        status=422 if problems else 200,
        step=step,
        steps=steps,
        at=at,
        before=names[at - 1] if at else None,
        after=names[at + 1] if at + 1 < len(names) else None,
        answers=answers,
        problems=problems or {},
        keys={key.name: key for key in institution.keys} if institution else {},
        profiles=[legal_profile(name, code) for name in PROFILES],
        channels=tuple(dict.fromkeys((*CHANNELS, *answers.channels))),
        samples=visit.desk.may_practise,
        by_variable=bool(os.environ.get(KEY_VARIABLE)),
        key_there=_key_there(visit),
        folder=visit.desk.folder,
    )


def _key_there(visit: Visit) -> bool:
    """Whether a key lies there already, of an earlier registry: it is used, never replaced."""
    try:
        return key_file(visit.desk.folder).exists()
    except ConsentError:
        return False
