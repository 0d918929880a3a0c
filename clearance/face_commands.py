"""The commands about the faces of one picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clearance import completion
from clearance.commandline import (
    N_,
    Answering,
    Command,
    CommandGroup,
    ThoroughOption,
    answer,
    detector_for,
    known_purpose,
    today,
)
from clearance.option_groups import gathers

if TYPE_CHECKING:
    from clearance.clear import House
    from clearance.settings import Settings
    from consent.registry import Registry

faces_app = typer.Typer(
    cls=CommandGroup, no_args_is_help=True, help=N_("The faces of one picture, by number.")
)

PhotoArgument = Annotated[Path, typer.Argument(metavar="PHOTO", help=N_("The picture."))]


@faces_app.command(
    "list", cls=Command, help=N_("Number the faces of a picture, with their place in it.")
)
@gathers(answering=Answering)
def faces_list(
    photo: PhotoArgument,
    *,
    thorough: ThoroughOption = False,
    answering: Answering,
) -> None:
    from clearance.clear import clear_photo
    from clearance.documents import photo_document
    from clearance.use import IntendedUse

    words = answering.words
    with answering.opened() as (opened, settings):
        house = _house(opened, settings, thorough=thorough)
        purpose = known_purpose(None, settings, words)
        max_edge = settings.publication.max_edge
        use = IntendedUse(house.channels, today(), max_edge, purpose=purpose)
        result = clear_photo(photo, use, house)
    if answering.as_json:
        answer(photo_document(result))
        return
    from clearance import terminal

    terminal.console().print(terminal.places(result, words))


@faces_app.command(
    "not-a-face",
    cls=Command,
    help=N_(
        "Say that a found face is none: a poster, a statue, a pattern. It holds for this very "
        "file, and for nobody the registry knows."
    ),
)
@gathers(answering=Answering)
def faces_not_a_face(
    photo: PhotoArgument,
    *,
    face: Annotated[
        list[int],
        typer.Option(
            "--face", metavar="N", help=N_("Number of the face in the table; may be repeated.")
        ),
    ],
    by: Annotated[str, typer.Option("--by", metavar="NAME", help=N_("Who says so."))],
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help=N_("What is there instead."))
    ] = "",
    undo: Annotated[bool, typer.Option("--undo", help=N_("Take back what was said."))] = False,
    thorough: ThoroughOption = False,
    answering: Answering,
) -> None:
    from clearance.looking import look_at
    from clearance.not_a_face import regions, words_on

    _ = answering.words.gettext
    if not undo and not reason.strip():
        raise typer.BadParameter(_("--reason TEXT is needed: what is there instead of a face?"))
    with answering.opened() as (opened, settings):
        house = _house(opened, settings, thorough=thorough)
        looked = look_at(photo, house.eyes)[1].looked
        faces, picture = looked.faces, looked.sha256
        if undo:
            said = words_on(faces, face, opened.not_faces_in(picture))
            opened.take_back_not_a_face(said, by=by, on=today())
            told = _("Taken back: the face at {left}, {top} ({width} × {height}) counts again.")
        else:
            boxes = regions(faces, looked.matches, face)
            said = opened.say_not_a_face(picture, boxes, by=by, reason=reason, on=today())
            told = _("Remembered of this very file: no face at {left}, {top} ({width} × {height}).")
    places = dict.fromkeys(word.box for word in said)
    if answering.as_json:
        answer({"sha256": picture, "undone": undo, "boxes": [list(box) for box in places]})
        return
    for left, top, right, bottom in places:
        size = {"width": right - left, "height": bottom - top}
        typer.echo(told.format(left=left, top=top, **size))


@faces_app.command(
    "assign",
    cls=Command,
    help=N_(
        "Say who a found face is, after a look at it: it then counts as certain, in this very file."
    ),
)
@gathers(answering=Answering)
def faces_assign(
    photo: PhotoArgument,
    *,
    face: Annotated[
        int, typer.Option("--face", metavar="N", help=N_("Number of the face in the table."))
    ],
    person: Annotated[
        str | None,
        typer.Option(
            "--person",
            metavar="PERSON",
            help=N_("A person's id, or exact name."),
            autocompletion=completion.of_people,
        ),
    ] = None,
    by: Annotated[str, typer.Option("--by", metavar="NAME", help=N_("Who says so."))],
    undo: Annotated[bool, typer.Option("--undo", help=N_("Take back what was said."))] = False,
    thorough: ThoroughOption = False,
    answering: Answering,
) -> None:
    from clearance.by_hand import region
    from clearance.not_a_face import words_on
    from detector.photo import open_photo

    _ = answering.words.gettext
    if not undo and not person:
        raise typer.BadParameter(_("--person PERSON is needed: who is it?"))
    with answering.opened() as (opened, settings):
        # No template is needed to number faces.
        frame = open_photo(photo)
        faces = detector_for(settings, thorough=thorough).find_faces(frame)
        said = opened.identified_in(frame.sha256)
        if undo:
            opened.take_back_identifications(words_on(faces, [face], said), by=by, on=today())
            line = _("Taken back: face {n} is unknown again.").format(n=face)
            answering.tell({"sha256": frame.sha256, "face": face, "undone": True}, line)
            return
        known = opened.find_person(person or "")
        box = region(faces, face, known.id, said)
        word = opened.identify(frame.sha256, box, known.id, by=by, on=today())
    line = _("Remembered of this very file: face {n} is {name}, says {by}.")
    answering.tell(
        {"sha256": frame.sha256, "face": face, "person": known.id, "box": list(box)},
        line.format(n=face, name=known.name, by=word.by),
    )


def _house(registry: Registry, settings: Settings, *, thorough: bool) -> House:
    """What the faces are looked at with: as in the check whose numbers are meant.

    Whoever looks more thoroughly may find more faces, and number them differently.
    """
    from clearance.clear import House

    return House.open(settings, detector_for(settings, thorough=thorough), registry, today())
