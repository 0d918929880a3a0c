"""One picture: who is in it, what the verdict rests on, and everything a person can decide."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import Response

from clearance.checklist import ChecklistItem, question
from clearance.results import FaceResult, TrackResult, VideoResult
from consent.errors import PersonUnknownError
from detector.photo import small_photo_from_bytes
from review.advice import advice
from review.albums import wishes
from review.bench import number_of
from review.errors import InputRefusedError, NotFoundError, NoVerdictError
from review.records import Answer, Decision, Kind, Offer, Verb
from review.runner import jpeg_of

if TYPE_CHECKING:
    from clearance.language import Language
    from consent.registry import Registry
    from review.records import Review
    from review.visit import Visit

_TYPES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".avif": "image/avif",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
}


@dataclasses.dataclass(frozen=True, slots=True)
class ShownFace:
    """A face as the page shows it.

    Attributes:
        number: from 1.
        verdict: on it.
        why: the reasons in words.
        ways: what would make it publishable.
        hidden: whether somebody wants it hidden.
        track: of a video, when it is there.
        offer: what was decided of the same face elsewhere in the album.
    """

    number: int
    verdict: FaceResult
    why: str
    ways: list[str]
    hidden: bool
    track: TrackResult | None = None
    offer: Offer | None = None


def show(visit: Visit) -> Response:
    """The page of one picture, or why there is none yet."""
    bench = visit.desk.workbench
    item = bench.albums.item(visit.parts["item"])
    album = bench.albums.album(item.album)
    try:
        review = bench.albums.review(item.id)
    except NoVerdictError as error:
        return visit.page(
            "picture_waiting.html", item=item, album=album, said=visit.words.error(error)
        )
    kept = bench.pictures.kept(item.id)
    before, after = bench.neighbours(item.id)
    editing = visit.may_open("decide")
    with visit.desk.registry() as registry:
        # Everybody's name is only for who may say who a face is.
        people = sorted((one.name, one.id) for one in registry.people()) if editing else []
        names = _names(review, registry)
    offers = {one.face: one for one in bench.decisions.offers(album.id) if one.item == item.id}
    return visit.page(
        "picture.html",
        item=item,
        album=album,
        review=review,
        result=review.result,
        is_video=item.kind is Kind.VIDEO,
        faces=_faces(review, offers, visit.words),
        masks=[one for one in review.decisions if one.stands and one.verb is Verb.MASKED],
        questions=[
            (item_, question(item_, visit.words), answer)
            for item_, answer in review.checklist.items()
        ],
        answers=answer_words(visit.words),
        history=_history(review, visit.words, names),
        can_undo=any(one.stands for one in review.decisions),
        kept=kept,
        people=people,
        before=before,
        after=after,
        editing=editing,
    )


def image(visit: Visit) -> Response:
    """The picture itself, upright, without anything that its file says besides."""
    return Response(
        visit.desk.workbench.pictures.original(visit.parts["item"]), media_type="image/jpeg"
    )


def face(visit: Visit) -> Response:
    """One face in its own size."""
    found = visit.desk.workbench.pictures.crop(visit.parts["item"], visit.parts["face"])
    return Response(found, media_type="image/jpeg")


def portrait(visit: Visit) -> Response:
    """The portrait of whom a face of this picture may be; of nobody else."""
    bench = visit.desk.workbench
    result = bench.albums.verdict(visit.parts["item"])
    person = visit.parts["person"]
    if person not in result.people:
        raise NotFoundError("there is no such page")
    with visit.desk.registry() as registry:
        kept = registry.portraits_of(person)
    if not kept:
        raise NotFoundError("there is no portrait of this person")
    newest = kept[-1]
    shown = small_photo_from_bytes(newest.data, Path(f"portrait{newest.suffix}"), 800)
    return Response(jpeg_of(shown.pixels), media_type="image/jpeg")


def preview(visit: Visit) -> Response:
    """The copy as it would be published, checked like every copy, and not kept."""
    found = visit.desk.workbench.pictures.preview(visit.parts["item"])
    kind = "image/png" if found.startswith(b"\x89PNG") else "image/jpeg"
    return Response(found, media_type=kind)


def make_copy(visit: Visit) -> Response:
    """Make the copy that may be published, and keep it while it holds."""
    visit.desk.workbench.pictures.copy(visit.parts["item"])
    said = visit.words.gettext("The copy was made and checked.")
    return visit.to("picture", said, item=visit.parts["item"])


def copy(visit: Visit) -> Response:
    """The copy, under a name that names nobody."""
    return copy_of(visit, visit.parts["item"])


def copy_of(visit: Visit, item: str, *, inline: bool = False) -> Response:
    """The bytes of a copy: to be saved, or to be looked at in the page.

    Raises:
        CopyMissingError: there is none that still holds.
    """
    bench = visit.desk.workbench
    data, kept = bench.pictures.kept_bytes(item), bench.pictures.kept(item)
    suffix = kept.path.suffix if kept else ""
    how = "inline" if inline else "attachment"
    return Response(
        data,
        media_type=_TYPES.get(suffix, "application/octet-stream"),
        headers={"content-disposition": f'{how}; filename="clearance-{item}{suffix}"'},
    )


def remove(visit: Visit) -> Response:
    """Delete one picture from its album, for good."""
    bench = visit.desk.workbench
    item = bench.albums.item(visit.parts["item"])
    bench.albums.delete_item(item.id)
    said = visit.words.gettext("The picture was deleted from the desk.")
    return visit.to("album", said, album=item.album)


def decide(visit: Visit) -> Response:
    """Everything that a person decides about a picture: one word, one person, one moment."""
    wanted = visit.needed("action", most=40)
    action = ACTIONS.get(wanted)
    if action is None:
        raise InputRefusedError("choose what you decide")
    said = action(visit, visit.parts["item"])
    return visit.to("picture", said, item=visit.parts["item"])


def _identify(visit: Visit, item: str) -> str:
    visit.desk.workbench.decisions.identify(
        item, _number(visit), visit.needed("person"), by=visit.by, why=visit.text("why")
    )
    return visit.words.gettext("Noted who it is.")


def _reject(visit: Visit, item: str) -> str:
    visit.desk.workbench.decisions.reject(item, _number(visit), by=visit.by, why=visit.text("why"))
    return visit.words.gettext("Noted: it is not this person.")


def _not_a_face(visit: Visit, item: str) -> str:
    visit.desk.workbench.decisions.not_a_face(
        item, _number(visit), by=visit.by, why=visit.needed("why")
    )
    return visit.words.gettext("Noted: it is no face.")


def _not_recognisable(visit: Visit, item: str) -> str:
    visit.desk.workbench.decisions.not_recognisable(
        item, _number(visit), by=visit.by, why=visit.needed("why")
    )
    return visit.words.gettext("Noted: nobody could tell who it is.")


def _hide(visit: Visit, item: str) -> str:
    visit.desk.workbench.decisions.hide(item, _number(visit), by=visit.by, why=visit.text("why"))
    return visit.words.gettext("The face will be hidden in the copy.")


def _show(visit: Visit, item: str) -> str:
    visit.desk.workbench.decisions.show(item, _number(visit), by=visit.by, why=visit.text("why"))
    return visit.words.gettext("The wish to hide the face is taken back.")


def _mask(visit: Visit, item: str) -> str:
    drawn = visit.needed("drawn", most=20_000)
    visit.desk.workbench.decisions.mask(item, drawn, by=visit.by, why=visit.text("why"))
    return visit.words.gettext("What you drew will be hidden in the copy.")


def _answer(visit: Visit, item: str) -> str:
    decisions = visit.desk.workbench.decisions
    known, said = set(ChecklistItem), 0
    for name in visit.form:
        if not name.startswith("answer-"):
            continue
        asked, given = name.removeprefix("answer-"), visit.text(name, most=20)
        if asked not in known or given not in set(Answer):
            raise InputRefusedError("choose one of the answers")
        before = visit.text(f"before-{asked}", most=20)
        if given != before:
            decisions.answer(item, ChecklistItem(asked), Answer(given), by=visit.by)
            said += 1
    told = visit.words.ngettext("{n} answer noted.", "{n} answers noted.", said)
    return told.format(n=said)


def _undo(visit: Visit, item: str) -> str:
    chosen = visit.text("decision", most=60) or None
    visit.desk.workbench.decisions.undo(item, by=visit.by, decision=chosen)
    return visit.words.gettext("Taken back.")


ACTIONS: Mapping[str, Callable[[Visit, str], str]] = {
    "identify": _identify,
    "reject": _reject,
    "not_a_face": _not_a_face,
    "not_recognisable": _not_recognisable,
    "hide": _hide,
    "show": _show,
    "mask": _mask,
    "answer": _answer,
    "undo": _undo,
}


def answer_words(words: Language) -> Mapping[Answer, str]:
    """The answers to a question of the checklist, as the page offers them."""
    _ = words.gettext
    return {
        Answer.NOTHING: _("No, nothing"),
        Answer.HIDDEN: _("Yes, and it is hidden"),
        Answer.OPEN: _("Not settled"),
    }


def _number(visit: Visit) -> int:
    text = visit.needed("face", most=6)
    if not text.isdecimal():
        raise InputRefusedError("there is no face {n}", n=text)
    return int(text)


def _faces(review: Review, offers: Mapping[int, Offer], words: Language) -> list[ShownFace]:
    result = review.result
    wished = {
        one.track if one.track is not None else number_of(one.box, result)
        for one in wishes(review.decisions)
        if one.box
    }
    tracks = result.tracks if isinstance(result, VideoResult) else ()
    return [
        ShownFace(
            number=number,
            verdict=verdict,
            why=words.why(verdict),
            ways=advice(verdict, words),
            hidden=(tracks[number - 1].number if tracks else number) in wished,
            track=tracks[number - 1] if tracks else None,
            offer=offers.get(number),
        )
        for number, verdict in enumerate(result.faces, 1)
    ]


@dataclasses.dataclass(frozen=True, slots=True)
class Told:
    """A decision as the history of a picture tells it."""

    decision: Decision
    what: str
    when: str


def _names(review: Review, registry: Registry) -> dict[str, str]:
    """The names of whom decisions are about, by id; of who was erased since none."""
    names: dict[str, str] = {}
    for id_ in {one.person for one in review.decisions if one.person}:
        with contextlib.suppress(PersonUnknownError):
            names[id_] = registry.find_person(id_).name
    return names


def _history(review: Review, words: Language, names: Mapping[str, str]) -> list[Told]:
    return [_told(one, words, names) for one in reversed(review.decisions)]


def _told(decision: Decision, words: Language, names: Mapping[str, str]) -> Told:
    _ = words.gettext
    name = names.get(decision.person or "", "–")
    what = {
        Verb.IDENTIFIED: _("This is {name}").format(name=name),
        Verb.REJECTED: _("This is not {name}").format(name=name),
        Verb.NOT_A_FACE: _("No face"),
        Verb.NOT_RECOGNISABLE: _("Not recognisable"),
        Verb.HIDDEN: _("Hide the face"),
        Verb.SHOWN: _("No longer hide the face"),
        Verb.MASKED: _("Hide what was drawn"),
        Verb.ANSWERED: _("Answered"),
    }[decision.verb]
    if decision.question and decision.answer:
        what = f"{question(decision.question, words)} {answer_words(words)[decision.answer]}"
    local = decision.at.astimezone()
    return Told(decision, what, f"{words.date(local.date())} {local:%H:%M}")
