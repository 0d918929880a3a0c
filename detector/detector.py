"""The service: networks loaded once, used for every picture."""

from __future__ import annotations

import importlib
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from detector.errors import BackendMissingError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from detector.detection import DetectionOptions
    from detector.faces import Face, Frame, Templates
    from detector.passes import FaceFinder
    from detector.recognition import Recogniser

FINDERS: Mapping[str, str] = {
    "centerface": "detector.networks.centerface:CenterFace",
    "face_recognition": "detector.networks.face_recognition_backend:HogFinder",
}
RECOGNISERS: Mapping[str, str] = {
    "dlib_resnet": "detector.networks.dlib_resnet:DlibResnet",
    "face_recognition": "detector.networks.face_recognition_backend:DlibRecogniser",
}

_Network = TypeVar("_Network")


class Detector:
    """Finds faces and says who they look like. May be shared between threads."""

    def __init__(
        self,
        finder: Callable[[], FaceFinder],
        recogniser: Callable[[], Recogniser],
        recogniser_name: str,
        options: DetectionOptions | None = None,
    ) -> None:
        """Takes what loads the two networks: each is called once, when it is needed.

        `recogniser_name` tags every template: templates of different tags are
        never compared.
        """
        self._finder = _Later(finder)
        self._recogniser = _Later(recogniser)
        self._options = options
        self.recogniser_name = recogniser_name

    @classmethod
    def load(
        cls,
        backend: str = "centerface",
        recogniser: str = "dlib_resnet",
        *,
        options: DetectionOptions | None = None,
        threads: int | None = None,
    ) -> Detector:
        """The detector made of two built-in networks.

        Returns at once: CenterFace loads in the background while the first photo
        is decoded, the recogniser when `prepare_matching` or `templates` asks.

        Args:
            backend: a key of FINDERS.
            recogniser: a key of RECOGNISERS.
            options: how hard to look.
            threads: cores per network; all usable ones by default. A worker of an
                album takes 1.

        Raises:
            BackendMissingError: no such name.
        """
        finder_class = _built_in(FINDERS, backend)
        recogniser_class = _built_in(RECOGNISERS, recogniser)
        detector = cls(
            lambda: finder_class(threads),
            lambda: recogniser_class(threads),
            f"{recogniser_class.name}/{finder_class.alignment}",
            options,
        )
        if finder_class.loads_in_background:
            detector._finder.start()
        return detector

    def prepare_matching(self) -> None:
        """Starts to load the recogniser in the background: somebody is enrolled."""
        self._recogniser.start()

    def find_faces(self, frame: Frame) -> tuple[Face, ...]:
        """Every face in any view of the frame, from the top down, then from the left.

        Raises:
            ModelMissingError: a network's weights are absent or damaged.
            BackendMissingError: a package that the backend needs is not installed.
        """
        from detector.detection import DetectionOptions, find_faces

        return find_faces(frame, self._finder.get(), self._options or DetectionOptions())

    def templates(self, frame: Frame, faces: Sequence[Face]) -> Templates:
        """One row per face, float32 (n, d); NaN for a face that cannot be measured.

        Each face is measured in the view that shows it.

        Raises:
            ModelMissingError: the recogniser's weights are absent or damaged.
            BackendMissingError: a package that the backend needs is not installed.
        """
        from detector.recognition import templates

        return templates(frame.views, faces, self._recogniser.get())


class _Later(Generic[_Network]):
    """Loads something once, at the latest when it is asked for."""

    def __init__(self, load: Callable[[], _Network]) -> None:
        self._load = load
        self._lock = threading.Lock()
        self._future: Future[_Network] | None = None

    def start(self) -> Future[_Network]:
        """Begins to load in a thread of its own, unless that has begun."""
        with self._lock:
            if self._future is None:
                executor = ThreadPoolExecutor(max_workers=1)
                self._future = executor.submit(self._load)
                executor.shutdown(wait=False)
            return self._future

    def get(self) -> _Network:
        """The loaded thing; raises what loading raised."""
        return self.start().result()


def _built_in(choices: Mapping[str, str], name: str) -> Any:
    if name not in choices:
        raise BackendMissingError(
            "there is no network called {name!r} for this; choose one of {known}",
            name=name,
            known=", ".join(sorted(choices)),
        )
    module, _, attribute = choices[name].partition(":")
    return getattr(importlib.import_module(module), attribute)
