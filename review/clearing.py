"""Photos and videos that other programs ask about: the verdict, and the copy with it."""

from __future__ import annotations

import base64
import hashlib
import mimetypes
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clearance.copy_options import CopyOrder
from clearance.documents import photo_document
from clearance.run import Task, begun
from review.errors import NotFoundError

if TYPE_CHECKING:
    from clearance.results import PhotoResult
    from clearance.run_options import Order
    from detector.detector import Detector

LARGEST_COPY = 64 * 2**20
"""Bytes of a copy that an answer holds: it stands there as text, all of it in memory."""
Document = dict[str, Any]


def verdict_on(path: Path, order: Order, detector: Detector, *, copy: bool) -> Document:
    """What `clear --json` says of a file that was sent.

    Args:
        path: of the file, which lies alone in a folder of a private folder.
        order: what is asked about it, and of which registry.
        detector: the networks that its settings name.
        copy: whether a copy is wanted, in which everybody not cleared is hidden.

    Returns:
        The document of `photo.schema.json`, in which paths are names; with `copy` that
        under `verdict`, and the copy, or null, under `copy`.

    Raises:
        BadParameter: the institution knows no such channel or purpose.
        ModelMissingError, BackendMissingError: no picture can be judged.
        ConsentError: the registry cannot answer.
    """
    out = path.parent.parent / "copies"
    task = Task((path,), copying=CopyOrder(out) if copy else None, jobs=1)
    order.check()
    with begun(order, task, keep=False, detector=detector) as run:
        result = next(run.verdicts(), None)
    if result is None:
        raise NotFoundError("the file could not be looked at")
    # Where it lay is nobody's business, and no longer true.
    document: Document = _without(photo_document(result), path.parent, out, path.parent.parent)
    return {"verdict": document, "copy": _copy(result)} if copy else document


def _copy(result: PhotoResult) -> Document | None:
    """The copy in the answer; None where there is none that may be published."""
    made = result.copy
    if made is None or not made.outcome.publishable:
        return None
    told: Document = {
        "name": made.path.name,
        "type": mimetypes.guess_type(made.path.name)[0] or "application/octet-stream",
        "sha256": made.sha256,
        "base64": None,
    }
    if made.path.stat().st_size > LARGEST_COPY:
        return told
    data = made.path.read_bytes()
    if hashlib.sha256(data).hexdigest() != made.sha256:
        # Only the very bytes that were examined go out.
        return None
    return {**told, "base64": base64.b64encode(data).decode("ascii")}


def _without(value: Any, *folders: Path) -> Any:
    """A document in which no text names the folders."""
    if isinstance(value, dict):
        return {key: _without(one, *folders) for key, one in value.items()}
    if isinstance(value, list):
        return [_without(one, *folders) for one in value]
    if isinstance(value, str):
        for folder in folders:
            value = value.replace(f"{folder}{os.sep}", "").replace(str(folder), "")
    return value
