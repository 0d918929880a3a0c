"""What the institution decides once: clearance.toml as pages."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from clearance.errors import SettingsInvalidError
from clearance.settings import Settings
from clearance.settings_file import BEFORE, change_settings, settings_version
from review.errors import FieldRefusedError, NotFoundError
from review.events import SETTINGS_CHANGED, told_and_noted
from review.settings_keys import SECTIONS, Key, Option, Section, options, section_named, sent, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from review.visit import Visit


@dataclasses.dataclass(frozen=True, slots=True)
class Tab:
    """One of several pages about the same."""

    address: str
    label: str
    current: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """A key as a page asks for it.

    Attributes:
        key: what it is.
        value: as it is now, or as it was sent.
        default: as people read it.
        options: what may be chosen; empty where anything may be said.
        problem: what is wrong with it; None for nothing.
    """

    key: Key
    value: object
    default: str
    options: tuple[Option, ...]
    problem: str | None

    @property
    def lines(self) -> str:
        """A list, one to a line."""
        return "\n".join(self.value) if isinstance(self.value, tuple) else ""


def show(visit: Visit) -> Response:
    """One section, with what each key means."""
    section = _section(visit)
    values = _values(section, visit.desk.settings)
    return _page(visit, section, values)


def save(visit: Visit) -> Response:
    """Change a section, once all of it is known to be good."""
    section = _section(visit)
    values: Mapping[str, object] = _values(section, visit.desk.settings)
    try:
        values = sent(section, visit)
        changed = change_settings(visit.desk.folder, {section.name: values}, visit.text("seen"))
    except FieldRefusedError as error:
        key = str(error.values["key"])
        typed = {**values, key: visit.text(key)}
        return _page(visit, section, typed, {key: visit.words.error(error)})
    except SettingsInvalidError as error:
        return _page(visit, section, values, problems_of(error, section, visit))
    said = visit.words.ngettext(
        "{n} setting was changed.", "{n} settings were changed.", len(changed)
    ).format(n=len(changed))
    if changed:
        said = told_and_noted(visit, said, SETTINGS_CHANGED, keys=list(changed))
    return visit.to("rules", said, section=section.name)


def settings_tabs(visit: Visit, current: str) -> list[Tab]:
    """The pages of the settings that who is signed in may open."""
    _ = visit.words.gettext
    pages = [("settings", visit.url("settings"), _("You"))]
    if visit.may_open("rules"):
        pages += [
            (one.name, visit.url("rules", section=one.name), _(one.title)) for one in SECTIONS
        ]
    pages += [
        (route, visit.url(route), label)
        for route, label in (("accounts", _("Accounts")), ("tokens", _("Programs")))
        if visit.may_open(route)
    ]
    return [Tab(address, label, current == name) for name, address, label in pages]


def problems_of(error: SettingsInvalidError, section: Section, visit: Visit) -> dict[str, str]:
    """What is wrong, by key; under an empty key what is about no single one."""
    cause, where = error.values.get("cause"), str(error.values.get("where", ""))
    for key in section.keys:
        if isinstance(cause, Exception) and where == f"[{section.name}] {key.name}":
            return {key.name: visit.words.error(cause)}
    return {"": visit.words.error(error)}


def fields_of(
    section: Section, values: Mapping[str, object], problems: Mapping[str, str], visit: Visit
) -> list[Field]:
    """A section's keys as fields with these values."""
    settings, words = visit.desk.settings, visit.words
    defaults = getattr(Settings(), section.name)
    return [
        Field(
            key=key,
            value=values[key.name],
            default=shown(section.name, key, getattr(defaults, key.name), settings, words),
            options=options(section.name, key.name, settings, words),
            problem=problems.get(key.name),
        )
        for key in section.keys
        if key.name in values
    ]


def _page(
    visit: Visit,
    section: Section,
    values: Mapping[str, object],
    problems: Mapping[str, str] | None = None,
) -> Response:
    found = problems or {}
    return visit.page(
        "rules.html",
        status=422 if found else 200,
        tabs=settings_tabs(visit, section.name),
        section=section,
        fields=fields_of(section, values, found, visit),
        problem=found.get(""),
        wrong=bool(found),
        seen=settings_version(visit.desk.folder),
        before=BEFORE if visit.desk.settings_file.with_name(BEFORE).exists() else None,
    )


def _section(visit: Visit) -> Section:
    found = section_named(str(visit.parts["section"]))
    if found is None:
        raise NotFoundError("there is no such page")
    return found


def _values(section: Section, settings: Settings) -> dict[str, object]:
    table = getattr(settings, section.name)
    return {key.name: getattr(table, key.name) for key in section.keys}
