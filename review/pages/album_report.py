"""The clearance report on an album, as the verdicts are now."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import Response

from clearance.video_stills import Stills
from detector.photo import open_photo
from forms.clearance_report import report_head, write_report
from review.albums import MOST_TILES
from review.errors import NotFoundError, NoVerdictError

if TYPE_CHECKING:
    from clearance.results import PhotoResult
    from detector.faces import Frame, Pixels
    from review.visit import Visit


def pdf(visit: Visit) -> Response:
    """The report as PDF; with `names=no` a copy that may leave the house."""
    bench = visit.desk.workbench
    album = bench.albums.album(visit.parts["album"])
    names = visit.query.get("names") != "no"
    results, places = _results(visit, album.id)
    if not results:
        raise NotFoundError("nothing in the album was judged yet")
    with bench.albums.bench.opened() as standing:
        house = bench.albums.bench.house(standing, album, here=False)
        use = bench.albums.bench.use(album, standing.settings)
        head = report_head(results, use, house, visit.words, names=names)

    def opened(path: Path) -> Frame:
        return open_photo(places[path])

    def still(path: Path, sha256: str, at: float) -> Pixels:
        return stills(places[path], sha256, at)

    stills = Stills()
    with tempfile.TemporaryDirectory(dir=visit.desk.home, prefix="report-") as folder:
        target = Path(folder) / "report.pdf"
        write_report(results, target, head, opened, still=still)
        data = target.read_bytes()
    named = f"clearance-report-{album.id}{'' if names else '-to-share'}.pdf"
    return Response(
        data,
        media_type="application/pdf",
        headers={"content-disposition": f'attachment; filename="{named}"'},
    )


def _results(visit: Visit, album_id: str) -> tuple[list[PhotoResult], dict[Path, Path]]:
    """Every verdict of an album under the name that people know, and where each file lies."""
    bench = visit.desk.workbench
    results: list[PhotoResult] = []
    places: dict[Path, Path] = {}
    offset = 0
    while tiles := bench.albums.tiles(album_id, offset=offset, limit=MOST_TILES).tiles:
        offset += len(tiles)
        for tile in tiles:
            try:
                result = bench.albums.verdict(tile.item.id)
            except NoVerdictError:
                continue
            # Two files may have the same name: the number keeps them apart.
            told = Path(str(len(results) + 1)) / tile.item.name
            places[told] = bench.albums.path_of(tile.item)
            results.append(dataclasses.replace(result, path=told))
    return results, places
