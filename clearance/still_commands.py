"""The command that takes a still of a video."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clearance.commandline import (
    N_,
    detector_for,
    registry_folder,
    registry_if_there,
    settings_in,
    today,
)
from clearance.copy_options import CopyOrder
from clearance.option_groups import gathers
from clearance.run_options import Order

if TYPE_CHECKING:
    from clearance.copying import Copies

STILL_HELP = N_("Take a picture out of a video; whoever is not cleared is hidden in it.")


@gathers(order=Order, copies=CopyOrder)
def still(
    video: Annotated[Path, typer.Argument(metavar="VIDEO", help=N_("The video."))],
    order: Order,
    copies: CopyOrder,
    at: Annotated[
        float,
        typer.Option("--at", min=0, metavar="SECONDS", help=N_("Which moment, from its start.")),
    ],
) -> None:
    from clearance.clear import House
    from clearance.crews import all_copies
    from clearance.remembered_videos import video_memory
    from clearance.run import Task, exit_code
    from clearance.still import StillMaker
    from clearance.telling import teller

    order.check()
    if order.reports:
        _ = order.words.gettext
        raise typer.BadParameter(_("a report is about the video: make it with clearance export"))
    folder = registry_folder(order.registry)
    settings = settings_in(folder)
    detector = detector_for(settings, thorough=order.thorough)
    with registry_if_there(folder, settings, order.words) as registry:
        house = House.open(settings, detector, registry, today())

        def copies_of(picture: Path) -> Copies:
            return all_copies(Task((picture,), copying=copies), copies, order, house)[0]

        with video_memory(order, house) as memory:
            maker = StillMaker(order.use(settings), house, copies_of, order.words, memory)
            result = maker.take(video, Fraction(at).limit_denominator(1_000_000))
    told = teller(order.words, as_json=order.as_json, album=False, quiet=False)
    with told.running(1) as tell:
        tell(result)
    # It is about the copy, as with `export`.
    raise typer.Exit(exit_code((result.export.outcome if result.export else result.outcome,)))
