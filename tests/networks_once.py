"""The built-in networks, asked once about the same pixels in a run of the tests.

A network says the same of the same pixels, and most tests look at the same few drawn pictures.
What was said is kept for this process in memory, and for the others in a folder of this run.
Whoever tests the networks themselves, as tests/detector does, asks them each time: `asleep`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from detector.networks.centerface import CenterFace
from detector.networks.dlib_resnet import DlibResnet
from detector.networks.runtime import Network
from detector.voting import Candidates

Arrays = dict[str, npt.NDArray[Any]]
Pixels = npt.NDArray[np.uint8]


class Answers:
    """What a network said, by what it was asked."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self._known: dict[str, Arrays] = {}
        self.is_awake = True

    @contextlib.contextmanager
    def asleep(self) -> Iterator[None]:
        """In this block every question goes to the network."""
        self.is_awake = False
        try:
            yield
        finally:
            self.is_awake = True

    def to(self, question: tuple[object, ...], asked: Callable[[], Arrays]) -> Arrays:
        """The answer to a question, copied, so that whoever gets it may change it."""
        if not self.is_awake:
            return asked()
        key = _digest(question)
        if key not in self._known:
            self._known[key] = self._read(key) or self._write(key, asked())
        return {name: value.copy() for name, value in self._known[key].items()}

    def _read(self, key: str) -> Arrays | None:
        try:
            with np.load(self._folder / f"{key}.npz", allow_pickle=False) as kept:
                return dict(kept)
        except FileNotFoundError:
            return None

    def _write(self, key: str, answer: Arrays) -> Arrays:
        # Whole or not at all: another process may read it at any moment.
        partial = self._folder / f"{key}.{os.getpid()}-{threading.get_ident()}.npz"
        np.savez(partial, allow_pickle=False, **answer)
        with contextlib.suppress(PermissionError):  # on Windows, while the other reads it
            partial.replace(self._folder / f"{key}.npz")
        return answer


def _digest(question: tuple[object, ...]) -> str:
    found = hashlib.sha256()
    for part in question:
        if isinstance(part, np.ndarray):
            found.update(f"{part.dtype} {part.shape} ".encode())
            found.update(np.ascontiguousarray(part).data)
        else:
            found.update(f"{part!r} ".encode())
    return found.hexdigest()


def remember(answers: Answers, patch: pytest.MonkeyPatch) -> None:
    """From now on a built-in network is asked once about the same pixels."""
    find, embed = CenterFace.find, DlibResnet.embed

    def finds(self: CenterFace, pixels: Pixels, threshold: float) -> Candidates:
        def asked() -> Arrays:
            found = find(self, pixels, threshold)
            return {"boxes": found.boxes, "scores": found.scores, "landmarks": found.landmarks}

        question = ("find", _threads(self._network), float(threshold), pixels)
        return Candidates(**answers.to(question, asked))

    def embeds(self: DlibResnet, chips: Pixels) -> npt.NDArray[np.float32]:
        question = ("embed", _threads(self._network), chips)
        return answers.to(question, lambda: {"templates": embed(self, chips)})["templates"]

    patch.setattr(CenterFace, "find", finds)
    patch.setattr(DlibResnet, "embed", embeds)


def _threads(network: Network) -> int:
    """On how many cores it runs, which may change the last digits."""
    return int(network._session.get_session_options().intra_op_num_threads)
