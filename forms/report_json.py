"""The clearance report for programs; the schema is `clearance/schemas/report.schema.json`."""

from __future__ import annotations

import collections
import dataclasses
import json
from typing import TYPE_CHECKING, Any, BinaryIO

from clearance.documents import photo_document, without_names
from forms.report_words import ReportWords

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clearance.results import PhotoResult
    from forms.clearance_report import ReportHead

SCHEMA_VERSION = 1
"""Rises when a reader of the older form would misunderstand the newer one."""


def write_json(stream: BinaryIO, results: Sequence[PhotoResult], head: ReportHead) -> None:
    """Write the report to the stream, in UTF-8."""
    text = json.dumps(report_document(results, head), ensure_ascii=False, indent=2) + "\n"
    # A file name that is not Unicode holds lone surrogates; JSON spells them as an
    # escape, which is what "backslashreplace" writes.
    stream.write(text.encode("utf-8", "backslashreplace"))


def report_document(results: Sequence[PhotoResult], head: ReportHead) -> dict[str, Any]:
    """The whole report in the published form."""
    words = ReportWords.of(results, head)
    return {
        "schema_version": SCHEMA_VERSION,
        "names": head.names,
        "made_at": head.made_at.isoformat(),
        "use_date": head.use_date.isoformat(),
        "language": head.language.code,
        "institution": _institution(head),
        "tool": dict(head.tool),
        "models": dict(head.models),
        "policy": head.policy or None,
        "matching": _matching(head),
        "summary": dict(collections.Counter(result.outcome.value for result in results)),
        "files": [
            photo_document(result) if head.names else without_names(result, words.people)
            for result in results
        ],
        "limits": words.limits()[1:],
    }


def _institution(head: ReportHead) -> dict[str, Any]:
    if head.names:
        return dataclasses.asdict(head.institution)
    # Whom to write to is often somebody's name.
    return {"name": head.institution.name, "place": head.institution.place}


def _matching(head: ReportHead) -> dict[str, Any] | None:
    if head.rate is None:
        return None
    limits = head.limits and {
        name: getattr(head.limits, name) for name in ("confident", "look", "margin", "eye_distance")
    }
    return {**dataclasses.asdict(head.rate), "limits": limits}
