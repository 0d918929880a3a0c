"""Signing on a screen: the desk opens a form, and somebody reads, answers and signs it.

Whoever signs comes by a secret address, in a browser in which nobody is signed in: it opens this
one form, once, for an hour, and nothing of the registry.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

import typer
from reportlab.graphics.barcode.qrencoder import QRCode, QRErrorCorrectLevel
from starlette.responses import Response

from clearance.commandline import today, words_for
from clearance.recording import Counter, record_form
from consent.admission import name_key
from consent.decision import missing_signatures
from consent.errors import PersonUnknownError
from consent.records import Capacity, EvidenceLevel
from forms.consent_form import form_template
from forms.on_screen import BIRTH, END, SignedForm, signed_document
from forms.on_screen import Signature as Signed
from forms.outline import outline, runs
from forms.serials import new_serial
from forms.strokes import HEIGHT, WIDTH, strokes_in
from forms.variants import VARIANTS
from forms.wording import LANGUAGES, load_wording
from review import fields
from review.answers import download
from review.app import OURS
from review.errors import InputRefusedError, NotFoundError
from review.pages.forms import preset_words, variant_words
from review.signings import OPEN_SECONDS
from review.taking_in import check_form_of, newcomer
from review.words import language_name

if TYPE_CHECKING:
    from clearance.form_options import FormOptions
    from clearance.language import Language
    from consent.records import Person
    from consent.registry import Registry
    from forms.outline import Outline
    from review.signings import Signing
    from review.visit import Visit

_STROKES = 400_000
"""Characters that a signature is at most."""


# --- at the desk -------------------------------------------------------------------------------


def show_all(visit: Visit) -> Response:
    """The forms that are open, and the page to open one."""
    return _show_all(visit)


def _show_all(visit: Visit, problem: str | None = None) -> Response:
    policy = visit.desk.settings.consent
    signings = visit.desk.signings
    person = None
    if wanted := visit.query.get("person") or visit.text("person", most=40):
        with visit.desk.registry() as registry:
            person = _on_file(registry, wanted)
    return visit.page(
        "sign_all.html",
        status=422 if problem else 200,
        problem=problem,
        form=visit.form,
        person=person,
        variants=variant_words(visit.words),
        languages=[(code, language_name(code)) for code in LANGUAGES],
        names=dict(variant_words(visit.words)),
        first=visit.words.code,
        too_weak=_too_weak(policy.minimum_evidence),
        signings=[(one, _state(one, visit)) for one in signings.all()],
    )


def _on_file(registry: Registry, id_: str | None) -> Person | None:
    """The person of that id; None for nobody, also for who was erased since."""
    with contextlib.suppress(PersonUnknownError):
        return registry.person(id_) if id_ else None
    return None


def _too_weak(minimum: str) -> bool:
    """Whether the institution asks for more than a simple electronic signature."""
    return EvidenceLevel(minimum).rank > EvidenceLevel.SIMPLE.rank


def _state(one: Signing, visit: Visit) -> str:
    _ = visit.words.gettext
    signings = visit.desk.signings
    if one.serial:
        return _("signed")
    return _("waits to be signed") if signings.is_open(one) else _("closed")


def open_form(visit: Visit) -> Response:
    """Open a form for somebody to sign."""
    try:
        variant = fields.among(visit, "form", VARIANTS)
        language = fields.among(visit, "language", LANGUAGES)
        boxes = {blank.name for blank in form_template(language, variant).blanks}
        written = preset_words(visit, boxes)
        event = written.get("session.event")
        only = VARIANTS[variant].one_occasion or fields.ticked(visit, "only")
        if only and not event:
            raise InputRefusedError("this form is about one occasion: write which")
        made = visit.desk.signings.open(
            variant=variant,
            language=language,
            written=written,
            until=fields.day(visit, "until"),
            event=event if only else None,
            person=_chosen(visit),
            by=visit.by,
        )
    except OURS as error:
        return _show_all(visit, visit.words.error(error))
    return visit.to("signing", signing=made.id)


def _chosen(visit: Visit) -> str | None:
    """The id of the person on file whom it is for."""
    wanted = visit.text("person", most=300)
    if not wanted:
        return None
    with visit.desk.registry() as registry:
        return registry.find_person(wanted).id


def show(visit: Visit) -> Response:
    """An open form: its address, and what became of it."""
    one = _signing(visit)
    alike: list[Person] = []
    with visit.desk.registry() as registry:
        wanted = one.recorded_for or one.person
        person = _on_file(registry, wanted)
        if one.serial and person:
            alike = [each for each in registry.people_named(person.name) if each.id != person.id]
    return visit.page(
        "sign_open.html",
        one=one,
        state=_state(one, visit),
        open=visit.desk.signings.is_open(one),
        address=_address(visit, one),
        minutes=round(OPEN_SECONDS / 60),
        person=person,
        alike=alike,
        variant=dict(variant_words(visit.words))[one.variant],
        language=language_name(one.language),
        too_weak=_too_weak(visit.desk.settings.consent.minimum_evidence),
    )


def _address(visit: Visit, one: Signing) -> str:
    """The whole address by which whoever signs comes, at the name the desk was called by."""
    # A proxy that encrypts speaks to the desk in the clear: how browsers come, the cookie knows.
    scheme = "https" if visit.cookie.secure else visit.request.url.scheme
    return f"{scheme}://{visit.request.headers['host']}{visit.url('sign', token=one.token)}"


def code(visit: Visit) -> Response:
    """The address as a code to be photographed by a tablet."""
    one = _signing(visit)
    drawn = QRCode(None, QRErrorCorrectLevel.M)
    drawn.addData(_address(visit, one))
    drawn.make()
    side = drawn.moduleCount
    dark = "".join(
        f"M{column + 4} {row + 4}h1v1h-1z"
        for row in range(side)
        for column in range(side)
        if drawn.modules[row][column]
    )
    whole = side + 8
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {whole}" '
        f'shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{whole}v{whole}H0z"/>'
        f'<path d="{dark}"/></svg>'
    )
    return Response(svg, media_type="image/svg+xml")


def close(visit: Visit) -> Response:
    """Let the address of a form open nothing any more."""
    visit.desk.signings.close(_signing(visit))
    return visit.to("signings", visit.words.gettext("The form is closed."))


def _signing(visit: Visit) -> Signing:
    found = visit.desk.signings.get(visit.parts["signing"])
    if found is None:
        raise NotFoundError("there is no such form any more")
    return found


# --- whoever signs -----------------------------------------------------------------------------


def form(visit: Visit) -> Response:
    """The form, to be read, answered and signed."""
    one = visit.desk.signings.of_token(visit.parts["token"])
    if one is not None and visit.account is not None:
        # Whoever is handed this browser now could look at the registry.
        return visit.page("sign_hand_over.html", token=one.token)
    if one is None or not visit.desk.signings.is_open(one):
        return _over(visit, one)
    return _form_page(_in_language(visit, visit.query.get("language") or one.language), one)


def _over(visit: Visit, one: Signing | None) -> Response:
    if one is not None and visit.desk.signings.may_copy(one):
        return visit.to("sign_thanks", token=one.token)
    return visit.page("sign_over.html", status=410)


def _in_language(visit: Visit, code: str) -> Visit:
    """The same visit, answered in the language of the form."""
    chosen = code if code in LANGUAGES else "fr"
    return dataclasses.replace(visit, words=words_for(chosen))


def _form_page(visit: Visit, one: Signing, problem: str | None = None) -> Response:
    read = outline(one.variant, visit.words.code)
    return visit.page(
        "sign_form.html",
        status=422 if problem else 200,
        problem=problem,
        one=one,
        outline=read,
        runs=runs,
        # Asked whatever the form, so that nobody signs one that is not for their age.
        ask_birth=BIRTH not in read.boxes,
        birth=BIRTH,
        birth_label=load_wording(read.language).texts["minor.birth"],
        end=END,
        given=visit.form,
        institution=visit.desk.settings.institution,
        languages=[(code, language_name(code)) for code in LANGUAGES],
        today=today(),
        pad=(WIDTH, HEIGHT),
        initials="matching.initials",
    )


def hand_over(visit: Visit) -> Response:
    """Sign out in this browser, and go on with the form alone."""
    one = visit.desk.signings.of_token(visit.parts["token"])
    if one is None:
        raise NotFoundError("there is no such page")
    if visit.secret:
        visit.desk.accounts.end_session(visit.secret)
    answer = visit.to("sign", token=one.token)
    visit.cookie.take(answer)
    # What the browser kept of pages that were open before.
    answer.headers["clear-site-data"] = '"cache", "storage"'
    return answer


def sign(visit: Visit) -> Response:
    """Record what was answered and signed, once."""
    signings = visit.desk.signings
    one = signings.of_token(visit.parts["token"])
    if one is not None and visit.account is not None:
        return visit.page("sign_hand_over.html", token=one.token)
    code = visit.text("language", most=5)
    if one is None or not signings.take(one):
        return _over(visit, one)
    visit = _in_language(visit, code or one.language)
    try:
        signed = _signed(visit, one)
        person = _recorded(visit, one, signed)
    except typer.BadParameter as error:
        return _form_page(visit, one, error.message)
    except OURS as error:
        return _form_page(visit, one, visit.words.error(error))
    else:
        signings.signed(one, signed.serial, person.id)
    finally:
        # Nothing where it was signed.
        signings.give_back(one)
    return visit.to("sign_thanks", token=one.token, query={"language": visit.words.code})


def _signed(visit: Visit, one: Signing) -> SignedForm:
    """What was answered, written and signed.

    Raises:
        InputRefusedError: a day is missing, or none.
        FormNotConfirmedError: a signature cannot be read.
    """
    read = outline(one.variant, visit.words.code)
    written = {name: visit.text(f"box.{name}", most=300) for name in read.boxes}
    # What the desk wrote stands, whatever is sent.
    written = {name: text for name, text in {**written, **one.written}.items() if text}
    signatures = {
        name: _signature(visit, name) for name in read.boxes if name.endswith(".signature")
    }
    return SignedForm(
        outline=read,
        serial=new_serial(),
        at=dt.datetime.now().astimezone(),
        desk=one.by,
        answers=_answers(visit, read),
        squares=frozenset(
            name for name in read.squares if visit.text(f"square.{name}", most=5) == "yes"
        ),
        written=written,
        signatures=signatures,
        born=fields.needed_day(visit, f"box.{BIRTH}"),
        until=one.until or fields.needed_day(visit, f"box.{END}"),
        event=one.event,
    )


def _answers(visit: Visit, read: Outline) -> dict[str, bool]:
    said = {name: visit.text(f"question.{name}", most=5) for name in read.questions}
    return {name: one == "yes" for name, one in said.items() if one in ("yes", "no")}


def _signature(visit: Visit, name: str) -> Signed:
    strokes = strokes_in(visit.text(f"strokes.{name}", most=_STROKES))
    typed = visit.text(f"typed.{name}", most=200)
    if strokes:
        return Signed(strokes=strokes)
    return Signed(typed=typed if fields.ticked(visit, f"signs.{name}") else "")


def _recorded(visit: Visit, one: Signing, signed: SignedForm) -> Person:
    """Record what was signed, for whom it was opened or for somebody new."""
    settings = visit.desk.settings
    typed = signed.form(settings.consent)
    document = signed_document(signed, settings.institution)
    minor_born = signed.born if _is_minor(signed) else None
    with visit.desk.registry() as registry:
        counter = Counter(registry, settings, visit.desk.detector, today())
        new = newcomer(signed.name, minor_born, counter.on)
        _check_signatures(new, typed, document, counter, visit.words)
        check_form_of(new, typed, document, counter, visit.words)
        person = _known(one, signed, registry)
        if person is None:
            person = registry.add_person(
                signed.name,
                [],
                on=counter.on,
                # Asked of everybody, kept where it decides something.
                born=minor_born,
                contact=signed.written.get("person.contact", ""),
                language=signed.outline.language,
                capacity=_capacity(signed),
            )
        elif signed.patient and person.capacity is not Capacity.PATIENT:
            # The careful way: without the release from secrecy nothing is cleared.
            careful = dataclasses.replace(person, capacity=Capacity.PATIENT)
            person = registry.change_person(careful, counter.on)
        if minor_born and person.born is None:
            person = registry.change_person(
                dataclasses.replace(person, born=minor_born), counter.on
            )
        registry.note_printed(f"{signed.template}-{signed.outline.language}", [signed.serial])
        consent = typed.consent(person.id, document, settings, visit.words, today=counter.on)
        record_form(counter, person, consent, document)
    return person


def _is_minor(signed: SignedForm) -> bool:
    return newcomer("x", signed.born, signed.signed).minor_on(signed.signed)


def _check_signatures(
    person: Person, typed: FormOptions, document: bytes, counter: Counter, words: Language
) -> None:
    """That nobody's signature is missing: now they are all there."""
    consent = typed.consent(person.id, document, counter.settings, words, today=counter.on)
    missing = missing_signatures(consent, person, counter.settings.consent)
    if missing:
        told = "; ".join(words.reason(one) for one in sorted(missing))
        raise InputRefusedError("not everybody has signed who must: {missing}", missing=told)


def _known(one: Signing, signed: SignedForm, registry: Registry) -> Person | None:
    """The person on file for whom the form was opened, if it is they who signed.

    Raises:
        InputRefusedError: another name or day of birth is on file.
    """
    if one.person is None:
        return None
    person = registry.person(one.person)
    # Whichever stands first.
    same = sorted(name_key(person.name).split()) == sorted(name_key(signed.name).split())
    if (person.born and person.born != signed.born) or not (same or person.coded):
        raise InputRefusedError(
            "the name or the day of birth is not that of the person for whom this form was "
            "opened: ask at the desk"
        )
    return person


def _capacity(signed: SignedForm) -> Capacity:
    if signed.patient:
        return Capacity.PATIENT
    if signed.outline.variant.name == "staff":
        return Capacity.STAFF
    ticked = [one for one in Capacity if f"capacity.{one.value}" in signed.squares]
    return ticked[0] if ticked else Capacity.OTHER


def thanks(visit: Visit) -> Response:
    """What is shown after signing, and nothing else."""
    one = visit.desk.signings.of_token(visit.parts["token"])
    if one is None or not visit.desk.signings.may_copy(one):
        return visit.page("sign_over.html", status=410)
    visit = _in_language(visit, visit.query.get("language") or one.language)
    return visit.page("sign_thanks.html", one=one)


def copy(visit: Visit) -> Response:
    """The copy of whoever signed, to save."""
    one = visit.desk.signings.of_token(visit.parts["token"])
    if one is None or not visit.desk.signings.may_copy(one):
        return visit.page("sign_over.html", status=410)
    with visit.desk.registry() as registry:
        data = registry.evidence_of(one.serial)
    return download(data, f"copy-{one.serial}.pdf")


def done(visit: Visit) -> Response:
    """Whoever signed is done: the address opens nothing any more."""
    one = visit.desk.signings.of_token(visit.parts["token"])
    if one is not None and visit.desk.signings.may_copy(one):
        visit.desk.signings.close(one)
    return visit.page("sign_over.html")
