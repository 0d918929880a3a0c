"""Pictures come in, are judged in the background, and stand side by side with their verdicts."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from clearance.commandline import today
from clearance.results import Outcome
from review import fields
from review.errors import InputRefusedError, NotFoundError

if TYPE_CHECKING:
    from review.copier import Copying
    from review.records import Added, Page, Progress
    from review.visit import Visit

TILES = 60
"""Small pictures of one page: enough to scroll through, few enough to come at once."""


@dataclasses.dataclass(frozen=True, slots=True)
class Shown:
    """Which part of an album a page shows.

    `outcome` and `channel` as in `Albums.tiles`; `page` counts from 1.
    """

    outcome: Outcome | None
    channel: str | None
    page: int

    @classmethod
    def of(cls, visit: Visit) -> Shown:
        """What the address asks for; what makes no sense asks for nothing."""
        asked = visit.query.get("verdict", "")
        outcome = Outcome(asked) if asked in set(Outcome) else None
        channel = visit.query.get("channel") or None
        known = visit.desk.settings.consent.channels
        number = visit.query.get("page", "1")
        page = int(number) if number.isdecimal() and len(number) < 7 else 1  # noqa: PLR2004
        return cls(outcome, channel if channel in known else None, max(1, page))

    def query(self, **changed: object) -> dict[str, object]:
        """The address of the same part with something changed."""
        told: dict[str, object] = {
            "verdict": self.outcome,
            "channel": self.channel,
            "page": self.page if self.page > 1 else None,
        }
        return {**told, **changed}


def show(visit: Visit) -> Response:
    """Every album, and a form for a new one."""
    bench = visit.desk.workbench
    event = visit.query.get("event") or None
    everything = bench.albums.albums()
    albums = [one for one in everything if event in (None, one.event)]
    return visit.page(
        "inbox.html",
        albums=[(album, bench.runner.progress(album.id)) for album in albums],
        events=sorted({one.event for one in everything if one.event}),
        event=event,
        settings=visit.desk.settings,
        today=today(),
    )


def add(visit: Visit) -> Response:
    """A new album."""
    album = visit.desk.workbench.albums.create(
        visit.needed("title", most=200),
        visit.text("event", most=200) or None,
        visit.texts("channel"),
        visit.text("purpose", most=100) or None,
        fields.day(visit, "on"),
        fields.day(visit, "until"),
        by=visit.by,
    )
    return visit.to("album", album=album.id)


def album(visit: Visit) -> Response:
    """One album: how far it is, and its pictures."""
    bench = visit.desk.workbench
    found = bench.albums.album(visit.parts["album"])
    shown = Shown.of(visit)
    progress = bench.runner.progress(found.id)
    page = _page(visit, found.id, shown)
    return visit.page(
        "album.html",
        album=found,
        shown=shown,
        progress=progress,
        running=progress.running or bench.copier.progress(found.id).running,
        said=said(progress, bench.copier.progress(found.id), visit),
        page=page,
        pages=max(1, -(-page.total // TILES)),
        outcomes=_outcomes(progress),
        problem=progress.problem and visit.words.error(progress.problem),
        copying=bench.copier.progress(found.id),
        offers=len(bench.decisions.offers(found.id)),
        settings=visit.desk.settings,
    )


def state(visit: Visit) -> Response:
    """How far an album is, for the page that is open; and its tiles as they are now."""
    bench = visit.desk.workbench
    album_id = visit.parts["album"]
    shown = Shown.of(visit)
    progress, copying = bench.runner.progress(album_id), bench.copier.progress(album_id)
    found = bench.albums.album(album_id)
    tiles = visit.page("tiles.html", page=_page(visit, album_id, shown), album=found)
    tabs = visit.page(
        "verdict_tabs.html",
        album=found,
        shown=shown,
        progress=progress,
        outcomes=_outcomes(progress),
    )
    return JSONResponse(
        {
            "running": progress.running or copying.running,
            "done": copying.done if copying.running else progress.done,
            "total": copying.total if copying.running else progress.total,
            "said": said(progress, copying, visit),
            "tiles": bytes(tiles.body).decode(),
            "tabs": bytes(tabs.body).decode(),
        }
    )


def said(progress: Progress, copying: Copying, visit: Visit) -> str:
    """How far an album is, in a sentence."""
    _, ngettext = visit.words.gettext, visit.words.ngettext
    if copying.running and not progress.running:
        told = _("{done} of {total} copies made")
        return told.format(done=copying.done, total=copying.total or "…")
    if not progress.running:
        return ngettext("{n} picture judged", "{n} pictures judged", progress.done).format(
            n=visit.words.number(progress.done)
        )
    told = _("{done} of {total} judged").format(
        done=visit.words.number(progress.done), total=visit.words.number(progress.total)
    )
    if progress.seconds_left is None:
        return told
    minutes = max(1, round(progress.seconds_left / 60))
    left = ngettext("about {n} minute left", "about {n} minutes left", minutes)
    return f"{told} · {left.format(n=minutes)}"


async def receive(visit: Visit) -> Response:
    """One file as a script of ours sends it: its bytes alone, its name in a header.

    It is written while it comes; nothing of it stays where it does not come to its end.
    """
    name = unquote(visit.request.headers.get("x-file-name", ""))[:500] or "?"
    bench = visit.desk.workbench
    upload = await run_in_threadpool(bench.albums.begin_upload, visit.parts["album"], name)
    try:
        async for part in visit.request.stream():
            if part:
                await run_in_threadpool(upload.append, part)
        added = await run_in_threadpool(upload.finish)
    finally:
        await run_in_threadpool(upload.abandon)
    await run_in_threadpool(bench.runner.begin, visit.parts["album"])
    return JSONResponse({"said": _taken(visit, added)})


def upload(visit: Visit) -> Response:
    """Files of a form, where no script runs."""
    bench = visit.desk.workbench
    files = [one for one in visit.form.getlist("files") if not isinstance(one, str)]
    files = [one for one in files if one.filename]
    if not files:
        raise InputRefusedError("choose at least one file")
    added: list[Added] = []
    for file in files:
        added += bench.albums.add_file(visit.parts["album"], file.filename or "?", file.file)
    bench.runner.begin(visit.parts["album"])
    return visit.to("album", _taken(visit, added), album=visit.parts["album"])


def run(visit: Visit) -> Response:
    """Judge what waits."""
    visit.desk.workbench.runner.begin(visit.parts["album"])
    return visit.to("album", album=visit.parts["album"])


def make_copies(visit: Visit) -> Response:
    """Have the copies made that are missing."""
    bench = visit.desk.workbench
    bench.copier.begin(bench.albums.album(visit.parts["album"]).id)
    return visit.to("album", album=visit.parts["album"])


def stop(visit: Visit) -> Response:
    """Stop judging; what was judged stays."""
    visit.desk.workbench.runner.cancel(visit.parts["album"])
    return visit.to("album", album=visit.parts["album"])


def delete(visit: Visit) -> Response:
    """Delete an album with all its files, for good."""
    bench = visit.desk.workbench
    bench.runner.cancel(visit.parts["album"])
    bench.albums.delete_album(visit.parts["album"])
    return visit.to("inbox", visit.words.gettext("The album and its files were deleted."))


def thumbnail(visit: Visit) -> Response:
    """The small picture of a file."""
    found = visit.desk.workbench.albums.thumbnail(visit.parts["item"])
    if found is None:
        raise NotFoundError("there is no small picture of that yet")
    return Response(found, media_type="image/jpeg")


def _outcomes(progress: Progress) -> list[Outcome]:
    return [one for one in Outcome if progress.counts.get(one)]


def _page(visit: Visit, album_id: str, shown: Shown) -> Page:
    return visit.desk.workbench.albums.tiles(
        album_id, shown.outcome, shown.channel, (shown.page - 1) * TILES, TILES
    )


def _taken(visit: Visit, added: Sequence[Added]) -> str:
    """What became of files that came, in a sentence."""
    from review.records import State

    _, ngettext = visit.words.gettext, visit.words.ngettext
    twins = sum(one.twin for one in added)
    aside = sum(one.item.state is State.ASIDE for one in added)
    new = len(added) - twins - aside
    parts = [ngettext("{n} picture came in.", "{n} pictures came in.", new).format(n=new)]
    if twins:
        told = ngettext("{n} was there already.", "{n} were there already.", twins)
        parts.append(told.format(n=twins))
    if aside:
        told = ngettext("{n} file is no picture.", "{n} files are no pictures.", aside)
        parts.append(told.format(n=aside))
    return " ".join(parts)
