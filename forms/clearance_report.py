"""The report on what may be published: PDF and HTML for people, CSV for Excel, JSON."""

from __future__ import annotations

import dataclasses
import io
import json
from typing import TYPE_CHECKING, BinaryIO

from clearance.documents import photo_document
from forms.atomic import written_whole
from forms.errors import ReportFormatError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from clearance.language import Language
    from clearance.rate import MatchingRate
    from clearance.results import PhotoResult
    from clearance.settings import Institution
    from detector.faces import Frame

    OpenPhoto = Callable[[Path], Frame]

SUFFIXES = (".pdf", ".html", ".csv", ".json")


@dataclasses.dataclass(frozen=True, slots=True)
class ReportHead:
    """What a report says about itself: who asked when, for which day, with which versions.

    `names` is False for a copy that leaves the house: people are then numbered.
    `rate` says how often a stranger is mistaken; None where nobody was compared.
    """

    language: Language
    made_at: dt.datetime
    use_date: dt.date
    institution: Institution
    tool: Mapping[str, str]
    names: bool = True
    rate: MatchingRate | None = None


def write_report(  # noqa: PLR0913
    results: Sequence[PhotoResult],
    path: Path,
    *,
    language: Language,
    made_at: dt.datetime,
    use_date: dt.date,
    institution: Institution,
    tool: Mapping[str, str],
    open_photo: OpenPhoto | None = None,
    names: bool = True,
    rate: MatchingRate | None = None,
) -> None:
    """Write the report in the format that the file's suffix names: one of `SUFFIXES`.

    Args:
        results: the verdicts, in the order in which they are to stand.
        path: the file; it is replaced if it exists.
        language: of what people read. The JSON has no words in it.
        made_at: the moment of the examination, with its time zone.
        use_date: the day of publication that the verdicts are about.
        institution: who publishes.
        tool: the versions of the program and its models, by name.
        open_photo: opens a picture for its thumbnail; the detector's own by default.
        names: whether people are named; if not, they are numbered. (The JSON has names.)
        rate: how often a stranger is mistaken; None where nobody was compared.

    Raises:
        ReportFormatError: the suffix is another one.
        DocumentNotWrittenError: the file cannot be written.
    """
    head = ReportHead(language, made_at, use_date, institution, tool, names, rate)
    match path.suffix.lower():
        case ".json":
            with written_whole(path) as stream:
                _write_json(stream, results, head)
        case ".pdf":
            # Here and not above: a report for a program needs no typesetting.
            from forms.report_document import write_document

            with written_whole(path) as stream:
                write_document(stream, results, head, open_photo or _open_photo)
        case ".html":
            from forms.report_html import write_html

            with written_whole(path) as stream:
                text = io.TextIOWrapper(stream, "utf-8", errors="backslashreplace")
                write_html(text, results, head, open_photo or _open_photo)
                text.flush()
                text.detach()
        case ".csv":
            from forms.report_table import write_table

            write_table(path, results, head)
        case suffix:
            raise ReportFormatError(
                "A report is a file ending in {known}, not in {suffix!r}.",
                known=", ".join(SUFFIXES),
                suffix=suffix,
            )


def _write_json(stream: BinaryIO, results: Sequence[PhotoResult], head: ReportHead) -> None:
    document = {
        "made_at": head.made_at.isoformat(),
        "use_date": head.use_date.isoformat(),
        "tool": dict(head.tool),
        "institution": dataclasses.asdict(head.institution),
        "matching": dataclasses.asdict(head.rate) if head.rate else None,
        "files": [photo_document(result) for result in results],
    }
    text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    # A file name that is not Unicode holds lone surrogates; JSON spells them as an
    # escape, which is what "backslashreplace" writes.
    stream.write(text.encode("utf-8", "backslashreplace"))


def _open_photo(path: Path) -> Frame:
    from detector.photo import open_photo

    return open_photo(path)
