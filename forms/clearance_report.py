"""The report on what may be published: PDF and HTML for people, CSV for Excel, JSON."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
from typing import TYPE_CHECKING

from forms.atomic import written_whole
from forms.errors import ReportFormatError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from clearance.clear import House
    from clearance.language import Language
    from clearance.rate import MatchingRate
    from clearance.results import PhotoResult
    from clearance.settings import Institution
    from clearance.use import IntendedUse
    from detector.faces import Frame, Pixels
    from detector.matching import Limits

    OpenPhoto = Callable[[Path], Frame]
    Still = Callable[[Path, str, float], Pixels]
    """The picture of a video, of this SHA-256, that is shown at a time in seconds, as it is."""

SUFFIXES = (".pdf", ".html", ".csv", ".json")


@dataclasses.dataclass(frozen=True, slots=True)
class ReportHead:
    """What a report says about itself.

    Attributes:
        language: of what people read.
        made_at: the moment of the examination, with its time zone.
        use_date: the day of publication that the verdicts are about.
        institution: who publishes.
        tool: the versions of the program and of what it runs on, by name.
        models: the SHA-256 of the networks' weights, by name.
        names: False for a copy that may leave the house: people are then numbered.
        rate: how often a stranger is mistaken; None where nobody was compared.
        limits: what a likeness must reach to count as certain; None as above.
        policy: the number of the rules in force (`clearance.policy_version`); empty if unknown.
    """

    language: Language
    made_at: dt.datetime
    use_date: dt.date
    institution: Institution
    tool: Mapping[str, str]
    models: Mapping[str, str] = dataclasses.field(default_factory=dict)
    names: bool = True
    rate: MatchingRate | None = None
    limits: Limits | None = None
    policy: str = ""


def report_head(
    results: Sequence[PhotoResult],
    use: IntendedUse,
    house: House,
    language: Language,
    *,
    names: bool,
    thorough: bool = False,
) -> ReportHead:
    """What a report on these verdicts says about itself, now.

    Args:
        results: the verdicts.
        use: what they are about.
        house: what the pictures were judged with.
        language: of what people read.
        names: False for a copy that may leave the house.
        thorough: whether it was looked more thoroughly than the settings ask.
    """
    from clearance.policy_version import policy_version
    from clearance.rate import rate_of
    from clearance.tool_versions import model_hashes, tool_versions

    rate = rate_of(house, faces=any(result.faces for result in results))
    return ReportHead(
        language=language,
        made_at=dt.datetime.now().astimezone(),
        use_date=use.on,
        institution=house.settings.institution,
        tool=tool_versions(house),
        models=model_hashes(house),
        names=names,
        rate=rate,
        limits=house.eyes.limits if rate else None,
        policy=policy_version(house.settings, thorough=thorough),
    )


def write_report(
    results: Sequence[PhotoResult],
    path: Path,
    head: ReportHead,
    open_photo: OpenPhoto | None = None,
    *,
    still: Still | None = None,
) -> None:
    """Write the report in the format that the file's suffix names: one of `SUFFIXES`.

    Args:
        results: the verdicts, in the order in which they are to stand.
        path: the file; it is replaced if it exists.
        head: what the report says about itself.
        open_photo: opens a picture for its thumbnail; the detector's own by default.
        still: takes a picture out of a video, at its own size; it raises a `DetectorError` or
            an `OSError` where it cannot, or where the file is another one by now. Without it
            no picture of a video is shown.

    Raises:
        ReportFormatError: the suffix is another one.
        DocumentNotWrittenError: the file cannot be written.
    """
    opener = open_photo or _open_photo
    match path.suffix.lower():
        case ".json":
            from forms.report_json import write_json

            with written_whole(path) as stream:
                write_json(stream, results, head)
        case ".pdf":
            # Here and not above: a report for a program needs no typesetting.
            from forms.report_document import write_document

            with written_whole(path) as stream:
                write_document(stream, results, head, opener, still)
        case ".html":
            from forms.report_html import write_html

            with written_whole(path) as stream:
                text = io.TextIOWrapper(stream, "utf-8", errors="backslashreplace")
                write_html(text, results, head, opener, still)
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


def _open_photo(path: Path) -> Frame:
    from detector.photo import open_photo

    return open_photo(path)
