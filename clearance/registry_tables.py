"""What is on file about people, as a terminal shows it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from clearance import registry_words
from clearance.appearances import against, common
from consent.decision import last_day_of
from consent.records import WORLD
from detector.untrusted import printable

if TYPE_CHECKING:
    from clearance.appearances import Appearance
    from clearance.language import Language
    from consent.decision import Decision, Reason
    from consent.policy import Policy
    from consent.records import Consent, Dossier, Person
    from consent.signing import Expiring

# Below it a column of words breaks within them.
_NARROWEST = 14


def person(dossier: Dossier, more: Mapping[str, str], words: Language) -> Table:
    """Who a person is: one row a fact, and then whatever more is told."""
    return _facts({**person_facts(dossier.person, words), **_told(more)})


def person_facts(one: Person, words: Language) -> dict[str, str]:
    """Who a person is, each fact by what it is called; what is not known is left out."""
    _ = words.gettext
    facts = {
        _("code") if one.coded else _("name"): one.name,
        _("id"): one.id,
        _("in pictures as"): registry_words.capacity(one.capacity, words),
        _("status"): registry_words.status(one.status, words),
        _("born"): words.date(one.born) if one.born else "",
        _("contact"): one.contact,
        _("language"): one.language,
        _("on file since"): words.date(one.added_on),
    }
    return _told(facts)


def events(dossier: Dossier, words: Language) -> list[Text]:
    """What outweighs the forms, or did: withdrawals, refusals, holds, exemptions, by day."""
    found = [
        *((one.effective, registry_words.withdrawal(one, words)) for one in dossier.withdrawals),
        *((one.on, registry_words.refusal(one, words)) for one in dossier.refusals),
        *((one.on, registry_words.hold(one, words)) for one in dossier.holds),
        *((one.on, registry_words.exempted(one, words)) for one in dossier.exemptions),
    ]
    found.sort(key=lambda one: one[0])
    return [Text(printable(f"{words.date(day)}: {said}")) for day, said in found]


def forms(
    found: Iterable[tuple[Dossier, Consent]],
    on: dt.date,
    policy: Policy,
    words: Language,
    *,
    names: bool = True,
) -> Table:
    """Signed forms, one a row, with what became of them; `names` says whose each is."""
    _ = words.gettext
    table = _table(_("form"))
    if names:
        table.add_column(_("person"), overflow="fold")
    for heading in (_("signed"), _("until")):
        table.add_column(heading, min_width=len("2026-11-21"))
    for heading in (_("channels"), _("for what")):
        table.add_column(heading, overflow="fold", min_width=_NARROWEST)
    for dossier, consent in found:
        stands = against(consent, dossier, on, policy)
        ended = [registry_words.state(reason, words) for reason in common(stands)[:1]]
        table.add_row(
            _cell(consent.serial),
            *([_cell(dossier.person.name)] if names else []),
            words.date(consent.signed),
            "\n".join([words.date(last_day_of(consent, dossier)), *ended]),
            _cell(_channels_of_form(stands, policy, words)),
            _cell(_for_what(consent, policy, words)),
        )
    return table


def form(dossier: Dossier, consent: Consent, on: dt.date, policy: Policy, words: Language) -> Table:
    """Everything one signed form says, and what became of it."""
    return _facts(form_facts(dossier, consent, on, policy, words))


def form_facts(
    dossier: Dossier, consent: Consent, on: dt.date, policy: Policy, words: Language
) -> dict[str, str]:
    """The same, each fact by what it is called; what the form does not say is left out."""
    _ = words.gettext
    scope, terms, paper = consent.scope, consent.terms, consent.paper
    yes_no = {True: _("yes"), False: _("no")}
    stands = against(consent, dossier, on, policy)
    facts = {
        _("form"): consent.serial,
        _("person"): f"{dossier.person.name} ({dossier.person.id})",
        _("does not count"): "; ".join(words.reason(reason) for reason in common(stands)),
        _("signed"): words.date(consent.signed),
        _("signed by"): "; ".join(
            _signatory(registry_words.role(one.role, words), one.name, one.relation or one.basis)
            for one in consent.signatories
        ),
        _("sole parental authority"): _("yes") if consent.sole_authority else "",
        _("valid"): _("{begin} to {end}").format(
            begin=words.date(scope.valid_from), end=words.date(last_day_of(consent, dossier))
        ),
        _("channels"): _channels_of_form(stands, policy, words),
        _("material"): _materials(consent, words),
        _("purposes"): registry_words.purposes(scope.purposes, policy.purposes, words),
        _("occasion"): scope.event or _("any"),
        _("territory"): registry_words.territory(scope.territory, words),
        _("name in captions"): yes_no[terms.named],
        _("matching the face"): yes_no[terms.biometric],
        _("editing"): yes_no[terms.editing],
        _("released from secrecy"): _released(consent, words) or _("no"),
        _("paid"): terms.remuneration,
        _("form’s version"): f"{paper.template} {paper.version or ''} {paper.language}".strip(),
        _("taken in by"): paper.collected_by,
        _("identity checked"): paper.id_check,
        _("reading confirmed by"): paper.confirmed_by,
        _("renews"): ", ".join(one.serial for one in consent.supersedes),
        _("proof"): registry_words.level(consent.evidence.level, words),
        _("SHA-256 of the scan"): consent.evidence.sha256,
        _("recorded"): words.date(consent.recorded_on),
    }
    return _told(facts)


def appearances(found: Mapping[str, Appearance], policy: Policy, words: Language) -> Table:
    """A row for each channel: for what a person may appear there, or why not at all."""
    _ = words.gettext
    table = _table("", _("channel"), _("for what, or why not"), _("form"))
    table.add_column(_("until"), no_wrap=True)
    for channel, one in found.items():
        symbol, style = ("✓", "green") if one.whole else ("✗", "red")
        if one.allowed and not one.whole:
            symbol, style = "◐", "yellow"
        why = [words.reason(reason) for reason in one.reasons]
        if one.allowed:
            allowed = registry_words.purposes(one.purposes, policy.purposes, words)
            only = _("only {purposes}").format(purposes=allowed)
            why = [(allowed or _("allowed")) if one.whole else only]
        why += map(words.caution, one.cautions)
        forms = [*one.forms, *([_("exemption")] if one.exempt else [])]
        until = words.date(one.valid_until) if one.valid_until else ""
        table.add_row(
            Text(symbol, style=style),
            _cell(words.channel(channel)),
            _cell("; ".join(why)),
            _cell(", ".join(forms)),
            until,
        )
    return table


def decisions(found: Mapping[str, Decision], policy: Policy, words: Language) -> Group:
    """A row for each channel: yes or no, why, with or without the name, until when."""
    _ = words.gettext
    yes_no = {True: _("yes"), False: _("no")}
    table = _table("", _("channel"), _("why"), _("name"), _("editing"))
    table.add_column(_("until"), no_wrap=True)
    for channel, one in found.items():
        symbol, style = ("✓", "green") if one.cleared else ("✗", "red")
        reasons = "; ".join(map(words.reason, one.reasons))
        why = [registry_words.ground(one, policy.purposes, words) if one.cleared else reasons]
        why += map(words.caution, one.cautions)
        told = (yes_no[one.named], yes_no[one.editing]) if one.cleared else ("", "")
        until = words.date(one.valid_until) if one.valid_until else ""
        table.add_row(
            Text(symbol, style=style),
            _cell(words.channel(channel)),
            _cell("; ".join(why)),
            *told,
            until,
        )
    return Group(table, *_by_form(found, words))


def expiring(found: Iterable[Expiring], on: dt.date, words: Language) -> Table:
    """Forms that end soon, soonest first."""
    _ = words.gettext
    table = _table(_("until"), _("days"), _("form"), _("person"), _("contact"))
    for one in found:
        table.add_row(
            words.date(one.last_day),
            str((one.last_day - on).days),
            _cell(one.consent.serial),
            _cell(one.person.name),
            _cell(one.person.contact),
        )
    return table


def _by_form(found: Mapping[str, Decision], words: Language) -> list[RenderableType]:
    """What stands against each of several forms, where one channel is asked about."""
    if len(found) != 1:
        return []
    (one,) = found.values()
    if one.cleared or len(one.by_form) <= 1:
        return []
    lines = (
        f"{serial}: {'; '.join(map(words.reason, why))}" for serial, why in one.by_form.items()
    )
    return [Padding(Text(printable(line), style="dim"), (0, 0, 0, 3)) for line in lines]


def _channels_of_form(
    stands: Mapping[str, tuple[Reason, ...]], policy: Policy, words: Language
) -> str:
    """A form's channels; in brackets why one does not count although others do."""
    everywhere = common(stands)
    told = []
    for channel in registry_words.in_order(stands, policy.channels):
        said = words.channel(channel)
        ended = [reason for reason in stands[channel] if reason not in everywhere]
        told.append(f"{said} ({registry_words.state(ended[0], words)})" if ended else said)
    return ", ".join(told)


def _for_what(consent: Consent, policy: Policy, words: Language) -> str:
    """Material and purposes of a form, and what else limits it."""
    _ = words.gettext
    scope = consent.scope
    purposes = registry_words.purposes(scope.purposes, policy.purposes, words)
    parts = [_materials(consent, words), purposes]
    if scope.event:
        parts.append(_("only {event}").format(event=scope.event))
    if WORLD not in scope.territory:
        where = registry_words.territory(scope.territory, words)
        parts.append(_("only seen in {countries}").format(countries=where))
    return "; ".join(filter(None, parts))


def _materials(consent: Consent, words: Language) -> str:
    return ", ".join(registry_words.material(one, words) for one in sorted(consent.scope.materials))


def _released(consent: Consent, words: Language) -> str:
    _ = words.gettext
    secrecy = consent.terms.secrecy
    told = {
        _("being there"): secrecy.presence,
        _("the service"): secrecy.service,
        _("the diagnosis"): secrecy.diagnosis,
    }
    return ", ".join(what for what, released in told.items() if released)


def _signatory(role: str, name: str, more: str) -> str:
    said = ", ".join(part for part in (name, more) if part)
    return f"{role} ({said})" if said else role


def _cell(text: str) -> Text:
    """A text as it is: in a plain str rich reads what stands in brackets as a style."""
    return Text(printable(text))


def _table(*headings: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _told(facts: Mapping[str, str]) -> dict[str, str]:
    return {name: fact for name, fact in facts.items() if fact}


def _facts(facts: Mapping[str, str]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, fact in facts.items():
        table.add_row(name, _cell(fact))
    return table
