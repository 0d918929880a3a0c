"""A sheet of doubtful frames of a copy, for a person to look at. It is not for publication.

It shows frames of the video itself: what a copy hides is to be seen on it.
"""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from clearance.video_masks import frames_around
from consent.files import write_whole
from detector.tracks import Ending, How
from detector.video import frame_at

if TYPE_CHECKING:
    from clearance.video_plan import VideoPlan
    from detector.faces import Box
    from detector.tracks import Track

_RED, _WHITE, _GROUND = (220, 20, 30), (255, 255, 255), (40, 40, 40)
_ACROSS, _MOST = 4, 24
_WIDTH = 480
"""Pixels across of one frame on the sheet."""
_CAPTION = 18
_EDGE = 8


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Doubt:
    """A place in a frame that somebody should look at."""

    frame: int
    box: Box


def doubts_of(plan: VideoPlan, appeared: Iterable[tuple[int, Box]]) -> tuple[Doubt, ...]:
    """Where a person should look, in the order of the video.

    Faces that only the copy showed; where a track is lost; and of everybody who is to be seen
    the moment at which the finder was least sure.

    Args:
        plan: the copy.
        appeared: what was hidden besides: frame and place of each sighting.
    """
    found = [Doubt(frame, box) for frame, box in appeared]
    tracks = plan.watched.followed.tracks
    found += [
        Doubt(one.stop - 1, one.box_at(one.stop - 1)) for one in tracks if one.ended is Ending.LOST
    ]
    found += [doubt for one in plan.seen if (doubt := _weakest(one))]
    around = frames_around(plan.watched.frame_rate)
    kept: list[Doubt] = []
    for doubt in sorted(found):
        near = (one for one in kept if doubt.frame - one.frame <= 2 * around)
        if not any(doubt.box.intersection(one.box) for one in near):
            kept.append(doubt)
    return tuple(kept)


def _weakest(track: Track) -> Doubt | None:
    seen = np.flatnonzero(track.how == How.SEEN)
    if not len(seen):
        return None
    frame = track.start + int(seen[np.argmin(track.scores[seen])])
    return Doubt(frame, track.box_at(frame))


def write_sheet(path: Path, plan: VideoPlan, doubts: Sequence[Doubt]) -> None:
    """Draw the frames of doubts side by side, a red frame around each place.

    Only its owner may read it. Where there are many, as many as fit are chosen evenly.

    Args:
        path: of the picture; its folder is made if it is not there.
        plan: the copy.
        doubts: at least one.

    Raises:
        OSError: it cannot be written.
        VideoUnreadableError: the video cannot be read.
    """
    step = max(1, -(-len(doubts) // _MOST))
    tiles = [_tile(plan, doubt) for doubt in doubts[::step]]
    rows = -(-len(tiles) // _ACROSS)
    across = min(_ACROSS, len(tiles))
    width, height = tiles[0].size
    sheet = Image.new(
        "RGB", (across * (width + _EDGE) + _EDGE, rows * (height + _EDGE) + _EDGE), _GROUND
    )
    for number, tile in enumerate(tiles):
        row, column = divmod(number, _ACROSS)
        sheet.paste(tile, (_EDGE + column * (width + _EDGE), _EDGE + row * (height + _EDGE)))
    content = io.BytesIO()
    sheet.save(content, "PNG")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content.getvalue())


def _tile(plan: VideoPlan, doubt: Doubt) -> Image.Image:
    watched = plan.watched
    time = watched.time_of(doubt.frame)
    frame = frame_at(watched.info, time)
    scale = _WIDTH / frame.width
    picture = Image.fromarray(frame.rgb()).resize((_WIDTH, round(frame.height * scale)))
    tile = Image.new("RGB", (_WIDTH, picture.height + _CAPTION), _GROUND)
    tile.paste(picture, (0, _CAPTION))
    draw = ImageDraw.Draw(tile)
    box = doubt.box.clipped(frame.width, frame.height)
    edges = [edge * scale for edge in (box.left, box.top, box.right, box.bottom)]
    placed = (edges[0] - 4, edges[1] + _CAPTION - 4, edges[2] + 4, edges[3] + _CAPTION + 4)
    draw.rectangle(placed, outline=_WHITE, width=4)
    draw.rectangle(placed, outline=_RED, width=2)
    draw.text((4, 3), f"{float(time):.2f} s", fill=_WHITE)
    return tile
