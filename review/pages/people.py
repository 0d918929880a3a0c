"""People and their consents: who is on file, what they agreed to, and everything that changes it.

Each action calls what the command of the same name calls.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from clearance import registry_words
from clearance.access_request import access_data, access_request
from clearance.commandline import today
from clearance.enrolment import MAX_EVIDENCE_BYTES, portrait_from
from clearance.form_options import FormOptions
from clearance.recording import Counter, add_portraits, record_form
from clearance.registry_tables import form_facts, person_facts
from clearance.tables import csv_bytes
from consent.admission import name_key
from consent.decision import last_day_of, may_match
from consent.errors import OnHoldError
from consent.records import (
    Capacity,
    EvidenceLevel,
    ExemptionKind,
    Material,
    Status,
    Supersession,
    Use,
)
from forms.scans import SUFFIXES
from review import fields, people_facts
from review.answers import download, picture, plain
from review.app import OURS
from review.errors import InputRefusedError, NotFoundError
from review.evidence import evidence_page, evidence_pages

if TYPE_CHECKING:
    from starlette.responses import Response

    from clearance.language import Language
    from clearance.recording import Filed
    from clearance.settings import Settings
    from consent.records import Consent, Dossier, Person
    from consent.registry import Registry
    from review.visit import Visit

_PAGE = 50
_DIGITS = 6
_SPANS = (30, 60, 90)
_LANGUAGES = ("fr", "de", "it", "en")
_RELEASES = ("presence", "service", "diagnosis")
_PORTRAIT_SIDE = 480


# --- the list ----------------------------------------------------------------------------------


def show_all(visit: Visit) -> Response:
    """Everybody, fifty a page, found by a name or an id."""
    wanted = visit.query.get("q", "").strip()[:200]
    only = visit.query.get("only", "")
    settings, words, on = visit.desk.settings, visit.words, today()
    with visit.desk.registry() as registry:
        people = registry.people()
        everybody = len(people)
        found = people_facts.matching(people, wanted) if wanted else people
        if only == "without":
            wanted_ids = {one.id for one in found}
            every = (one for one in registry.dossiers() if one.person.id in wanted_ids)
            rows = [people_facts.row(one, settings, on, words) for one in every]
            rows = sorted(
                (one for one in rows if not one.agreed),
                key=lambda one: (name_key(one.person.name), one.person.id),
            )
            number, pages = _pages(visit, len(rows))
            shown, total = rows[_span(number)], len(rows)
        else:
            number, pages = _pages(visit, len(found))
            chosen, total = found[_span(number)], len(found)
            shown = [
                people_facts.row(registry.dossier(one.id), settings, on, words) for one in chosen
            ]
    return visit.page(
        "people.html",
        rows=shown,
        everybody=everybody,
        total=total,
        wanted=wanted,
        only=only,
        number=number,
        pages=pages,
        capacity=registry_words.capacity,
        status_word=registry_words.status,
    )


def _pages(visit: Visit, many: int) -> tuple[int, int]:
    """The number of the page that is asked for, and how many there are."""
    pages = max(1, -(-many // _PAGE))
    text = visit.query.get("page", "1")
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else 1
    return min(max(1, number), pages), pages


def _span(number: int) -> slice:
    return slice((number - 1) * _PAGE, number * _PAGE)


# --- one person --------------------------------------------------------------------------------


def show(visit: Visit) -> Response:
    """Everything on file about a person."""
    return _person_page(visit)


def _person_page(
    visit: Visit, *, problem: str | None = None, opened: str = "", status: int = 200
) -> Response:
    settings, words, on = visit.desk.settings, visit.words, today()
    purpose = visit.query.get("purpose") or settings.publication.purpose or None
    if purpose not in settings.consent.purposes:
        purpose = None
    with visit.desk.registry() as registry:
        dossier = _dossier(visit, registry)
        person = dossier.person
        portraits = registry.portraits_of(person.id)
        held = registry.holdings(person.id)
        alike = [registry.person(other) for other in sorted(dossier.lookalikes)]
    use = Use(channel=next(iter(settings.consent.channels), ""), on=on, purpose=purpose)
    forms = [
        (one, last_day_of(one, dossier), people_facts.state_of(one, dossier, settings, on, words))
        for one in sorted(dossier.consents, key=lambda one: one.signed, reverse=True)
    ]
    return visit.page(
        "people_person.html",
        status=status,
        problem=problem,
        opened=opened,
        dossier=dossier,
        person=person,
        facts=person_facts(person, words),
        portraits=portraits,
        held=held,
        alike=alike,
        compared=bool(held.templates) and may_match(dossier, on, settings.consent),
        minor=person.minor_on(on),
        channels=people_facts.channel_rows(dossier, use, settings, words),
        purpose=purpose,
        purposes=settings.consent.purposes,
        purpose_word=registry_words.purpose,
        events=people_facts.timeline(dossier, portraits, settings, words),
        forms=forms,
        materials=lambda one: ", ".join(
            registry_words.material(each, words) for each in sorted(one.scope.materials)
        ),
        channel_names=lambda some: registry_words.channels(some, settings.consent.channels, words),
        level=registry_words.level,
        policy=settings.consent,
        exemptions=[
            (one.value, registry_words.exemption(one, words))
            for one in ExemptionKind
            if one.value in settings.consent.exemptions
        ],
        refused=any(one.taken_back is None for one in dossier.refusals),
        exempt=any(one.ended_on is None for one in dossier.exemptions),
        today=on,
        form=visit.form,
        **_choices(words),
    )


def _choices(words: Language) -> dict[str, object]:
    """What can be chosen in forms about people, each with its words."""
    return {
        "capacities": [(one.value, registry_words.capacity(one, words)) for one in Capacity],
        "statuses": [(one.value, registry_words.status(one, words)) for one in Status],
        "languages": _LANGUAGES,
    }


def _dossier(visit: Visit, registry: Registry) -> Dossier:
    """The dossier of the person in the address.

    Raises:
        PersonUnknownError: nobody has that id.
    """
    return registry.dossier(visit.parts["person"])


def _done(visit: Visit, said: str) -> Response:
    return visit.to("person", said, person=visit.parts["person"])


def _acting(visit: Visit, opened: str, act: Callable[[Registry, Person], str]) -> Response:
    """Do something with a person, and say so; what is wrong is told on the person's page."""
    try:
        with visit.desk.registry() as registry:
            said = act(registry, _dossier(visit, registry).person)
    except OURS as error:
        # Where there is nobody, there is no page of theirs.
        with visit.desk.registry() as registry:
            _dossier(visit, registry)
        return _person_page(visit, problem=visit.words.error(error), opened=opened, status=422)
    return _done(visit, said)


def portrait(visit: Visit) -> Response:
    """A portrait, drawn anew."""
    from detector.photo import small_photo_from_bytes

    with visit.desk.registry() as registry:
        person = _dossier(visit, registry).person
        found = {one.id: one for one in registry.portraits_of(person.id)}
    one = found.get(visit.parts["portrait"])
    if one is None:
        raise NotFoundError("there is no such page")
    small = small_photo_from_bytes(one.data, Path(one.id + one.suffix), _PORTRAIT_SIDE)
    return picture(small.pixels, _PORTRAIT_SIDE)


def pictures(visit: Visit) -> Response:
    """All pictures of a person that are known."""
    with visit.desk.registry() as registry:
        person = _dossier(visit, registry).person
        found = people_facts.pictures_of(person.id, registry, visit.desk, visit.words)
    return visit.page("people_pictures.html", person=person, pictures=found)


# --- a form on file ----------------------------------------------------------------------------


def form(visit: Visit) -> Response:
    """What a form says beside its evidence."""
    settings, words = visit.desk.settings, visit.words
    with visit.desk.registry() as registry:
        dossier, consent = _consent(visit, registry)
        pages = evidence_pages(registry.evidence_of(consent.serial), consent.evidence.suffix)
    return visit.page(
        "people_form.html",
        person=dossier.person,
        consent=consent,
        facts=form_facts(dossier, consent, today(), settings.consent, words),
        state=people_facts.state_of(consent, dossier, settings, today(), words),
        pages=pages,
    )


def form_page(visit: Visit) -> Response:
    """A page of the evidence, drawn anew."""
    with visit.desk.registry() as registry:
        dossier, consent = _consent(visit, registry)
        data = registry.evidence_of(consent.serial)
        number = visit.parts["number"]
        drawn = evidence_page(data, consent.evidence.suffix, number)
        registry.audit(
            "evidence.read", subject=dossier.person.id, serial=consent.serial, page=number
        )
    return picture(drawn)


def evidence(visit: Visit) -> Response:
    """The evidence as it came in, to save."""
    with visit.desk.registry() as registry:
        dossier, consent = _consent(visit, registry)
        data = registry.evidence_of(consent.serial)
        registry.audit("evidence.read", subject=dossier.person.id, serial=consent.serial)
    known = consent.evidence.suffix if consent.evidence.suffix in SUFFIXES else ".bin"
    return download(data, f"form-{plain(consent.serial)}{known}")


def _consent(visit: Visit, registry: Registry) -> tuple[Dossier, Consent]:
    """The form that is asked for, of the person in the address and of nobody else."""
    dossier = _dossier(visit, registry)
    found = dossier.consent(visit.query.get("serial", "").strip())
    if found is None:
        raise NotFoundError("there is no such form of this person")
    return dossier, found


# --- who is on file ----------------------------------------------------------------------------


def new(visit: Visit) -> Response:
    """The page to add a person."""
    return _new_page(visit)


def _new_page(visit: Visit, problem: str | None = None) -> Response:
    status = 422 if problem else 200
    return visit.page(
        "people_new.html",
        status=status,
        problem=problem,
        form=visit.form,
        **_choices(visit.words),
    )


def add(visit: Visit) -> Response:
    """Add a person, with a portrait that waits for a consent."""
    try:
        upload = visit.file("portrait")
        portraits = []
        if upload is not None:
            data = fields.file_bytes(upload, MAX_EVIDENCE_BYTES)
            detector = visit.desk.detector(visit.desk.settings)
            portraits = [portrait_from(data, fields.shown_name(upload), detector)]
        with visit.desk.registry() as registry:
            name = visit.needed("name", most=500)
            if registry.people_named(name) and not fields.ticked(visit, "another"):
                raise InputRefusedError(
                    "somebody of that name is on file already; tick that it is somebody else, "
                    "or find them in the list"
                )
            person = registry.add_person(
                name,
                portraits,
                on=today(),
                born=fields.day(visit, "born"),
                coded=fields.ticked(visit, "coded"),
                contact=visit.text("contact"),
                language=visit.text("language", most=5),
                capacity=fields.choice(visit, "capacity", Capacity),
            )
    except OURS as error:
        return _new_page(visit, visit.words.error(error))
    said = visit.words.gettext("{name} is on file now. A signed form comes next.")
    return visit.to("person", said.format(name=person.name), person=person.id)


def change(visit: Visit) -> Response:
    """Correct what is on file about a person."""

    def act(registry: Registry, person: Person) -> str:
        wanted = dataclasses.replace(
            person,
            name=visit.needed("name", most=500),
            coded=fields.ticked(visit, "coded"),
            born=fields.day(visit, "born"),
            contact=visit.text("contact"),
            language=visit.text("language", most=5),
            capacity=fields.choice(visit, "capacity", Capacity),
            status=fields.choice(visit, "status", Status),
        )
        if person.born and wanted.born is None:
            raise InputRefusedError(
                "a day of birth on file can be corrected, not removed: without it a minor would "
                "count as of age"
            )
        registry.change_person(wanted, on=today())
        return visit.words.gettext("Changed.")

    return _acting(visit, "change", act)


def add_portrait(visit: Visit) -> Response:
    """Add a portrait, if it passes the gate."""

    def act(registry: Registry, person: Person) -> str:
        upload = visit.file("portrait")
        if upload is None:
            raise InputRefusedError("choose a file")
        counter = _counter(visit, registry)
        path = fields.shown_name(upload)
        data = fields.file_bytes(upload, MAX_EVIDENCE_BYTES)
        one = portrait_from(data, path, counter.networks(counter.settings))
        made = add_portraits(counter, person, [(path, one)])
        if made is None:
            return visit.words.gettext(
                "The portrait is kept, encrypted. No face is compared with it: nothing allows it "
                "yet."
            )
        return visit.words.gettext("The portrait is kept, and faces are compared with it.")

    return _acting(visit, "portrait", act)


def _counter(visit: Visit, registry: Registry) -> Counter:
    return Counter(registry, visit.desk.settings, visit.desk.detector, today())


def alike(visit: Visit) -> Response:
    """Say that two people look alike."""

    def act(registry: Registry, person: Person) -> str:
        other = registry.find_person(visit.needed("other", most=300))
        registry.link_lookalikes(person.id, other.id)
        said = visit.words.gettext("{one} and {other} look alike: matches with them need a person.")
        return said.format(one=person.name, other=other.name)

    return _acting(visit, "alike", act)


# --- what was signed, and taken back -----------------------------------------------------------


def record(visit: Visit) -> Response:
    """The page to record a form by hand."""
    return _record_page(visit)


def _record_page(visit: Visit, problem: str | None = None) -> Response:
    settings, words = visit.desk.settings, visit.words
    with visit.desk.registry() as registry:
        dossier = _dossier(visit, registry)
    return visit.page(
        "people_record.html",
        status=422 if problem else 200,
        problem=problem,
        dossier=dossier,
        person=dossier.person,
        form=visit.form,
        policy=settings.consent,
        today=today(),
        materials=[one.value for one in Material],
        material_word=lambda one: registry_words.material(Material(one), words),
        purpose_name=lambda one: registry_words.purpose(one, words),
        release_word=lambda one: _release(one, words),
        levels=[(one.value, registry_words.level(one, words)) for one in EvidenceLevel],
        minor=dossier.person.minor_on(today()),
        most_mib=MAX_EVIDENCE_BYTES // 2**20,
    )


def _release(one: str, words: Language) -> str:
    """What a patient releases from secrecy."""
    _ = words.gettext
    told = {
        "presence": _("being there"),
        "service": _("the service"),
        "diagnosis": _("the diagnosis"),
    }
    return told[one]


def record_now(visit: Visit) -> Response:
    """Record a form, as `clearance consent record` does."""
    words = visit.words
    try:
        with visit.desk.registry() as registry:
            person = _dossier(visit, registry).person
            counter = _counter(visit, registry)
            filed = _filed(visit, counter, person)
            until = last_day_of(filed.consent, registry.dossier(person.id))
    except OURS as error:
        return _record_page(visit, words.error(error))
    said = words.gettext("Recorded {serial} for {name}, valid until {until}.").format(
        serial=filed.consent.serial, name=person.name, until=words.date(until)
    )
    problems = filed.references.problems if filed.references else ()
    return _done(visit, " ".join([said, *map(words.error, problems)]))


def _filed(visit: Visit, counter: Counter, person: Person) -> Filed:
    upload = visit.file("evidence")
    if upload is None:
        raise InputRefusedError("choose the scan of the signed form")
    scan = fields.file_bytes(upload, MAX_EVIDENCE_BYTES)
    suffix = fields.suffix_of(upload)
    if suffix not in SUFFIXES:
        raise InputRefusedError(
            "the scan must be a PDF or a picture: {kinds}", kinds=", ".join(sorted(SUFFIXES))
        )
    typed = _typed(visit, counter.settings, suffix)
    renewed = _renewed(visit, counter, person)
    consent = _as_consent(typed, person, scan, counter, visit.words, renewed)
    return record_form(counter, person, consent, scan)


def _typed(visit: Visit, settings: Settings, suffix: str) -> FormOptions:
    """The form as it was typed."""
    policy = settings.consent
    guardians = [
        ", ".join(filter(None, (name.replace(",", " "), relation)))
        for name, relation in (
            (visit.text(f"guardian_{one}"), visit.text(f"relation_{one}")) for one in (1, 2)
        )
        if name
    ]
    countries = [one.strip() for one in visit.text("territory").split(",") if one.strip()]
    return FormOptions(
        serial=visit.needed("serial", most=200),
        signed=fields.needed_day(visit, "signed"),
        until=fields.needed_day(visit, "until"),
        channel=list(fields.several(visit, "channel", policy.channels)),
        evidence=Path(f"scan{suffix}"),
        purpose=list(fields.several(visit, "purpose", policy.purposes)),
        material=[
            Material(one)
            for one in fields.several(visit, "material", [each.value for each in Material])
        ],
        biometric=fields.ticked(visit, "biometric"),
        valid_from=fields.day(visit, "from"),
        event=visit.text("event") or None,
        territory=countries or None,
        named=fields.ticked(visit, "named"),
        editing=fields.ticked(visit, "editing"),
        release=list(fields.several(visit, "release", _RELEASES)),
        remuneration=visit.text("remuneration"),
        guardian=guardians or None,
        sole_authority=fields.ticked(visit, "sole_authority"),
        representative=visit.text("representative") or None,
        basis=visit.text("basis"),
        own_signature=fields.ticked(visit, "own_signature"),
        level=fields.choice(visit, "level", EvidenceLevel),
        form=visit.text("template", most=40),
        form_language=visit.text("form_language", most=5),
        collected_by=visit.text("collected_by"),
        id_check=visit.text("id_check"),
        first_published=fields.day(visit, "first_published"),
    )


def _renewed(visit: Visit, counter: Counter, person: Person) -> tuple[Supersession, ...]:
    """The form that this one takes the place of."""
    serial = visit.text("renews", most=200)
    if not serial:
        return ()
    if counter.registry.dossier(person.id).consent(serial) is None:
        raise InputRefusedError("choose one of the answers that are offered")
    channels = fields.several(visit, "renews_only", counter.settings.consent.channels)
    return (Supersession(serial=serial, channels=frozenset(channels) if channels else None),)


def _as_consent(
    typed: FormOptions,
    person: Person,
    scan: bytes,
    counter: Counter,
    words: Language,
    renewed: tuple[Supersession, ...],
) -> Consent:
    try:
        return typed.consent(
            person.id, scan, counter.settings, words, supersedes=renewed, today=counter.on
        )
    except typer.BadParameter as error:
        # Said in the reader's language already.
        raise InputRefusedError("{cause}", cause=error.message) from error


def withdraw(visit: Visit) -> Response:
    """Take consents back: all, one form, one channel."""

    def act(registry: Registry, person: Person) -> str:
        serial = visit.text("serial", most=200) or None
        if serial and registry.dossier(person.id).consent(serial) is None:
            raise InputRefusedError("choose one of the answers that are offered")
        registry.withdraw(
            person.id,
            _channel(visit),
            on=today(),
            serial=serial,
            said_on=fields.day(visit, "on"),
            note=visit.text("note"),
        )
        said = visit.words.gettext("Withdrawn for {name}. Take down what is already published.")
        return said.format(name=person.name)

    return _acting(visit, "withdraw", act)


def _channel(visit: Visit) -> str | None:
    """One channel; None where everything was chosen, which must be said."""
    known = visit.desk.settings.consent.channels
    chosen = fields.among(visit, "channel", ("all", *known))
    return None if chosen == "all" else chosen


def refuse(visit: Visit) -> Response:
    """Note that a person said no."""

    def act(registry: Registry, person: Person) -> str:
        registry.refuse(
            person.id,
            today(),
            channel=_channel(visit),
            by_child=fields.ticked(visit, "by_child"),
            note=visit.text("note"),
        )
        said = visit.words.gettext("Noted: {name} said no. Take down what is already published.")
        return said.format(name=person.name)

    return _acting(visit, "refuse", act)


def take_back(visit: Visit) -> Response:
    """Note that a person expressly changed their mind about a no."""

    def act(registry: Registry, person: Person) -> str:
        registry.take_back_refusals(person.id, today())
        said = visit.words.gettext(
            "{name} has changed their mind; a signed form is needed all the same."
        )
        return said.format(name=person.name)

    return _acting(visit, "refuse", act)


# --- what the privacy officer decides ----------------------------------------------------------


def hold(visit: Visit) -> Response:
    """Stop everything about a person."""

    def act(registry: Registry, person: Person) -> str:
        registry.hold(person.id, today(), by=visit.by, reason=visit.needed("reason"))
        said = visit.words.gettext("{name} is on hold: nothing is cleared.")
        return said.format(name=person.name)

    return _acting(visit, "hold", act)


def lift(visit: Visit) -> Response:
    """Lift every hold of a person."""

    def act(registry: Registry, person: Person) -> str:
        registry.lift_holds(person.id, today(), by=visit.by)
        return visit.words.gettext("{name} is no longer on hold.").format(name=person.name)

    return _acting(visit, "hold", act)


def exempt(visit: Visit) -> Response:
    """Answer for it that a person need not be asked."""

    def act(registry: Registry, person: Person) -> str:
        policy = visit.desk.settings.consent
        kind = ExemptionKind(fields.among(visit, "kind", policy.exemptions))
        channels = fields.several(visit, "channel", policy.channels)
        if not channels:
            raise InputRefusedError("tick at least one channel")
        until = fields.needed_day(visit, "until")
        made = registry.exempt(
            person.id,
            today(),
            kind=kind,
            reason=visit.needed("reason"),
            approver=visit.by,
            channels=channels,
            valid_until=until,
            event=visit.text("event") or None,
        )
        said = visit.words.gettext(
            "{by} answers for it that {name} need not be asked, until {until}."
        )
        return said.format(by=made.approver, name=person.name, until=visit.words.date(until))

    return _acting(visit, "exempt", act)


def end_exemptions(visit: Visit) -> Response:
    """End every exemption of a person."""

    def act(registry: Registry, person: Person) -> str:
        registry.end_exemptions(person.id, today())
        return visit.words.gettext("{name} has no exemption any more.").format(name=person.name)

    return _acting(visit, "exempt", act)


def erase(visit: Visit) -> Response:
    """What would be destroyed, and the question whether it is to be."""
    return _erase_page(visit)


def _erase_page(visit: Visit, problem: str | None = None) -> Response:
    with visit.desk.registry() as registry:
        person = _dossier(visit, registry).person
        held = registry.holdings(person.id)
    status = 422 if problem else 200
    return visit.page("people_erase.html", status=status, problem=problem, person=person, held=held)


def erase_now(visit: Visit) -> Response:
    """Destroy everything about a person, once their name was typed."""
    try:
        with visit.desk.registry() as registry:
            person = _dossier(visit, registry).person
            if name_key(visit.text("name", most=500)) != name_key(person.name):
                raise InputRefusedError("that is not the name as it is on file: nothing was erased")
            registry.erase_person(person.id)
    except (InputRefusedError, OnHoldError) as error:
        return _erase_page(visit, visit.words.error(error))
    said = visit.words.gettext(
        "Erased. Take down what is published, and replace backups that still hold the person."
    )
    return visit.to("people", said)


def export(visit: Visit) -> Response:
    """Everything held about a person, for that person: a ZIP, or the data alone as JSON."""
    kind = fields.among(visit, "kind", ("zip", "json"))
    settings = visit.desk.settings
    with visit.desk.registry() as registry:
        person = _dossier(visit, registry).person
        if kind == "zip":
            data, files = access_request(person.id, registry, settings, today(), visit.words)
        else:
            data, files = access_data(person.id, registry, settings, today()), 1
        registry.audit("person.exported", subject=person.id, files=files)
    return download(data, f"access-{plain(person.id)}-{today():%Y-%m-%d}.{kind}")


# --- what ends soon ----------------------------------------------------------------------------


def expiring(visit: Visit) -> Response:
    """The forms that end soon."""
    days = _days(visit)
    with visit.desk.registry() as registry:
        found = registry.expiring(today(), days)
    return visit.page("people_expiring.html", found=found, days=days, spans=_SPANS, today=today())


def expiring_csv(visit: Visit) -> Response:
    """The same as a table."""
    days = _days(visit)
    with visit.desk.registry() as registry:
        found = registry.expiring(today(), days)
    header = ("last_day", "days", "serial", "person", "name", "contact", "language")
    rows = (
        (
            one.last_day,
            (one.last_day - today()).days,
            one.consent.serial,
            one.person.id,
            one.person.name,
            one.person.contact,
            one.person.language,
        )
        for one in found
    )
    return download(csv_bytes(header, rows), f"expiring-{days}-{today():%Y-%m-%d}.csv")


def _days(visit: Visit) -> int:
    text = visit.query.get("days", "60")
    return int(text) if text in map(str, _SPANS) else 60
