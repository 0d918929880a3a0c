"""The clearance report as a table for a spreadsheet: one line for each face."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from clearance.results import VideoResult
from clearance.tables import write_csv
from forms.report_words import ReportWords

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from clearance.results import FaceResult, PhotoResult
    from forms.clearance_report import ReportHead

_FILE = (
    *("file", "sha256", "verdict", "asked_for", "on", "also_holds", "copy", "copy_sha256"),
    "problem",
)
_FACE = (
    *("face", "left", "top", "right", "bottom", "face_verdict", "person", "why"),
    *("distance", "strangers", "strangers_limit", "margin", "margin_limit"),
    *("forms", "valid_until", "said_by", "said_on", "exemptions"),
)
_TIMES = ("from_second", "to_second")
"""Of a face of a video; where there is none, there are no such columns."""


def write_table(path: Path, results: Sequence[PhotoResult], head: ReportHead) -> None:
    """Write the table; a picture without faces has one line as well.

    Verdicts and channels are the words of programs, which never change with the language.

    Raises:
        TableNotWrittenError: the file cannot be written.
    """
    words = ReportWords.of(results, head)
    channels = tuple(dict.fromkeys(channel for result in results for channel in result.channels))
    timed = any(isinstance(result, VideoResult) for result in results)
    header = (*_FILE, *_FACE, *channels, *(_TIMES if timed else ()))
    write_csv(path, header, _rows(results, words, channels, timed=timed))


def _rows(
    results: Sequence[PhotoResult],
    words: ReportWords,
    channels: Sequence[str],
    *,
    timed: bool,
) -> Iterator[Sequence[object]]:
    for result in results:
        export = result.copy
        file = (
            str(result.path) if words.head.names else result.path.name,
            result.sha256,
            result.outcome.value,
            " ".join(result.asked),
            words.head.use_date,
            " ".join(what.value for what in result.unjudged),
            export.path.name if export else None,
            export.sha256 if export else None,
            words.problem(result.problem) if result.problem else None,
        )
        if not result.faces:
            verdicts = (result.channels.get(channel) for channel in channels)
            told = (one and one.value for one in verdicts)
            yield (*file, *(None,) * len(_FACE), *told, *((None, None) if timed else ()))
        for number, face in enumerate(result.faces, 1):
            times = _times(result, number) if timed else ()
            yield (*file, *_face(number, face, words), *_channels(face, channels), *times)


def _times(result: PhotoResult, number: int) -> tuple[float | None, float | None]:
    """From when to when a face is there, in seconds."""
    if not isinstance(result, VideoResult):
        return None, None
    track = result.tracks[number - 1]
    return round(track.start, 3), round(track.end, 3)


def _face(number: int, face: FaceResult, words: ReportWords) -> tuple[object, ...]:
    box = face.face.box
    match, limits, word = face.match, words.head.limits, face.word
    compared = limits if match.person else None
    by = (word.by if words.head.names else words.somebody) if word else None
    return (
        *(number, box.left, box.top, box.right, box.bottom, face.outcome.value),
        *(words.person(face), words.reasons(face)),
        _figure(match.distance),
        match.rate,
        compared.confident if compared else None,
        _figure(match.margin),
        compared.margin if compared else None,
        " ".join(face.serials),
        face.valid_until,
        by,
        word.on if word else None,
        " ".join(one.kind.value for one in face.exemptions),
    )


def _figure(value: float | None) -> float | None:
    """A figure to two digits; None where there is none."""
    return None if value is None or math.isinf(value) else round(value, 2)


def _channels(face: FaceResult, channels: Sequence[str]) -> Iterator[str | None]:
    for channel in channels:
        outcome = face.channels.get(channel)
        yield outcome.value if outcome else None
