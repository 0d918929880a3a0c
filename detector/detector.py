"""The service: networks loaded once, used for every picture."""

from __future__ import annotations

import importlib
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from detector.errors import BackendMissingError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from detector.faces import Box, Face, Frame, Templates
    from detector.held import Held
    from detector.matching import Gallery, Limits
    from detector.models import UserModel
    from detector.options import DetectionOptions
    from detector.passes import FaceFinder
    from detector.recognition import Recogniser
    from detector.video_frames import VideoFrame

FINDERS: Mapping[str, str] = {
    "centerface": "detector.networks.centerface:CenterFace",
    "face_recognition": "detector.networks.face_recognition_backend:HogFinder",
}
RECOGNISERS: Mapping[str, str] = {
    "dlib_resnet": "detector.networks.dlib_resnet:DlibResnet",
    "face_recognition": "detector.networks.face_recognition_backend:DlibRecogniser",
}

# What runs an institution's own networks, by the kind of the declaration.
_OWN: Mapping[str, str] = {
    "finder": "detector.networks.user_finder:OnnxFinder",
    "recogniser": "detector.networks.user_recogniser:OnnxRecogniser",
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
        scores_path: Path | None = None,
    ) -> None:
        """Takes what loads the two networks: each is called once, when it is needed.

        `recogniser_name` tags every template: templates of different tags are
        never compared. `scores_path` is the file that says what the distances of
        an institution's own recogniser mean; None for a built-in one.
        """
        self._finder = _Later(finder)
        self._recogniser = _Later(recogniser)
        self._options = options
        self.recogniser_name = recogniser_name
        self.scores_path = scores_path

    @classmethod
    def load(
        cls,
        backend: str = "centerface",
        recogniser: str = "dlib_resnet",
        *,
        models: Mapping[str, UserModel] | None = None,
        options: DetectionOptions | None = None,
        threads: int | None = None,
        at_once: bool = True,
    ) -> Detector:
        """The detector made of two networks, built-in or an institution's own.

        Returns at once: the finder loads in the background while the first photo
        is decoded, the recogniser when `prepare_matching` or `templates` asks.

        Args:
            backend: a key of FINDERS, or the name of a `UserFinder` in `models`.
            recogniser: a key of RECOGNISERS, or the name of a `UserRecogniser`.
            models: networks of the institution's own, by name.
            options: how hard to look.
            threads: cores per network; all usable ones by default. A worker of an
                album takes 1.
            at_once: False where others will look: nothing is loaded before it is asked for.

        Raises:
            BackendMissingError: no such name.
        """
        own = models or {}
        finding = _built_in(FINDERS, backend, threads) or _declared("finder", backend, own, threads)
        comparing = _built_in(RECOGNISERS, recogniser, threads) or _declared(
            "recogniser", recogniser, own, threads
        )
        detector = cls(
            finding.load,
            comparing.load,
            f"{comparing.name}/{finding.name}",
            options,
            comparing.scores,
        )
        if finding.in_background and at_once:
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
        from detector.detection import find_faces
        from detector.options import DetectionOptions

        return find_faces(frame, self._finder.get(), self._options or DetectionOptions())

    def find_again(self, frame: Frame, faces: Sequence[Face]) -> tuple[Face, ...]:
        """Faces whose place is known, with the landmarks that are found there.

        Takes a fraction of the time of `find_faces`. See `detector.found_again`.

        Raises:
            ModelMissingError: a network's weights are absent or damaged.
            BackendMissingError: a package that the backend needs is not installed.
        """
        from detector.found_again import find_again

        return find_again(frame, faces, self._finder.get())

    def look_at_frame(
        self,
        frame: VideoFrame,
        *,
        careful: bool = False,
        expected: Sequence[Box] = (),
        held: Held | None = None,
    ) -> tuple[Face, ...]:
        """Everything in a frame of a video that may be a face. See `detector.video_faces`.

        Raises:
            ModelMissingError: a network's weights are absent or damaged.
            BackendMissingError: a package that the backend needs is not installed.
        """
        from detector.options import DetectionOptions
        from detector.video_faces import look_at_frame

        return look_at_frame(
            frame,
            self._finder.get(),
            careful=careful,
            expected=expected,
            options=self._options or DetectionOptions(),
            held=held,
        )

    def how_held(self, frame: Frame) -> Held | None:
        """How the faces of a picture say that it was held; None where they say nothing.

        Raises:
            ModelMissingError: a network's weights are absent or damaged.
            BackendMissingError: a package that the backend needs is not installed.
        """
        from detector.detection import how_held
        from detector.options import DetectionOptions

        return how_held(frame, self._finder.get(), self._options or DetectionOptions())

    def templates(self, frame: Frame, faces: Sequence[Face], *, quick: bool = False) -> Templates:
        """One row per face, float32 (n, d); NaN for a face that cannot be measured.

        Each face is measured in the view that shows it. `quick` takes a sixth of the
        time and is good enough to tell who is certainly nobody's match.

        Raises:
            ModelMissingError: the recogniser's weights are absent or damaged.
            BackendMissingError: a package that the backend needs is not installed.
        """
        from detector.recognition import templates

        return templates(frame.views, faces, self._recogniser.get(), quick=quick)

    def probes(
        self, frame: Frame, faces: Sequence[Face], gallery: Gallery, limits: Limits
    ) -> Templates:
        """As `templates`, of the faces that come near somebody of the gallery.

        The others, most of them after one look or two, are certainly strangers: NaN,
        which matches nobody.

        Raises:
            ModelMissingError: the recogniser's weights are absent or damaged.
            BackendMissingError: a package that the backend needs is not installed.
        """
        from detector.matching import worth_a_second_look
        from detector.recognition import probes

        return probes(
            frame.views,
            faces,
            self._recogniser.get(),
            lambda rows, looks: worth_a_second_look(rows, gallery, limits, looks),
        )


def weights_of(name: str, models: Mapping[str, UserModel]) -> str | None:
    """The SHA-256 of a network's weights, 64 hexadecimal digits.

    None where they are pinned by nobody: a backend's package keeps them to itself.

    Args:
        name: a key of FINDERS or RECOGNISERS, or of `models`.
        models: networks of the institution's own.
    """
    if name in models:
        return models[name].sha256
    built_in = FINDERS.get(name) or RECOGNISERS.get(name)
    if built_in is None:
        return None
    module = importlib.import_module(built_in.partition(":")[0])
    weights = getattr(module, "WEIGHTS", None)
    return weights.sha256 if weights else None


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


class _Choice(NamedTuple):
    """A network that was chosen and is not loaded yet.

    `name` is its part of the tag: of a recogniser its name, of a finder that of
    its landmarks.
    """

    load: Callable[[], Any]
    name: str
    in_background: bool
    scores: Path | None = None


def _built_in(choices: Mapping[str, str], name: str, threads: int | None) -> _Choice | None:
    if name not in choices:
        return None
    kind = _attribute(choices[name])
    if choices is FINDERS:
        return _Choice(lambda: kind(threads), kind.alignment, kind.loads_in_background)
    return _Choice(lambda: kind(threads), kind.name, in_background=False)


def _declared(
    kind: str, name: str, models: Mapping[str, UserModel], threads: int | None
) -> _Choice:
    model = models.get(name)
    if model is None or model.kind != kind:
        built_in = FINDERS if kind == "finder" else RECOGNISERS
        own = [one.name for one in models.values() if one.kind == kind]
        raise BackendMissingError(
            "there is no network called {name!r} for this; choose one of {known}",
            name=name,
            known=", ".join(sorted([*built_in, *own])),
        )
    return _Choice(
        lambda: _attribute(_OWN[kind])(model, threads),
        model.tag,
        in_background=True,
        scores=getattr(model, "scores", None),
    )


def _attribute(path: str) -> Any:
    module, _, attribute = path.partition(":")
    return getattr(importlib.import_module(module), attribute)
