"""Networks of an institution's own: the same contracts, and every bad file one clear error."""

from __future__ import annotations

import inspect
import math
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from detector.detector import Detector
from detector.errors import BackendMissingError, DetectorError, ModelRefusedError
from detector.faces import Box, Landmarks
from detector.geometry import ARCFACE_112, DLIB_150, ChipGeometry
from detector.models import POINTS, Preparation
from detector.networks import centerface, dlib_resnet, onnx_format, user_decoders, user_model
from detector.networks.onnx_format import FLOAT, UINT8, node, port
from detector.networks.user_finder import OnnxFinder
from detector.networks.user_recogniser import OnnxRecogniser
from detector.recognition import cut_chip
from detector.voting import strongest
from tests.detector import networks as small
from tests.detector import test_networks as contract
from tests.detector.fakes import a_frame, a_picture

if TYPE_CHECKING:
    from detector.models import UserModel
    from detector.passes import FaceFinder
    from detector.recognition import Recogniser
    from tests.detector.conftest import SamplePicture

FACE = small.face_at(304, 256)
PICTURE = a_picture(FACE, width=640, height=500)


def contract_of(kind: str) -> list[Callable[[Any], None]]:
    """The checks of the common contract that take nothing but the network."""
    return [
        check
        for name, check in inspect.getmembers(contract, inspect.isfunction)
        if name.startswith("test_") and list(inspect.signature(check).parameters) == [kind]
    ]


# --- the contracts -------------------------------------------------------------------------


@pytest.fixture(params=[(name, size) for name in small.FINDERS for size in (None, (256, 320))])
def finder(request: pytest.FixtureRequest, tmp_path: Path) -> FaceFinder:
    decoder, size = request.param
    return OnnxFinder(small.a_finder(tmp_path, decoder, size=size))


@pytest.fixture(params=["n", 1])
def recogniser(request: pytest.FixtureRequest, tmp_path: Path) -> Recogniser:
    content = small.recogniser_bytes(batch=request.param)
    return OnnxRecogniser(small.a_recogniser(tmp_path, content))


def test_a_users_finder_keeps_the_contract(finder: FaceFinder) -> None:
    checks = contract_of("finder")
    assert len(checks) >= 3
    for check in checks:
        check(finder)
    contract.test_a_finder_finds_a_face_where_it_is(finder, (PICTURE, FACE))


def test_a_users_recogniser_keeps_the_contract(recogniser: Recogniser) -> None:
    checks = contract_of("recogniser")
    assert len(checks) >= 2
    for check in checks:
        check(recogniser)


def test_a_detector_of_two_own_networks_walks_the_whole_way(tmp_path: Path) -> None:
    scores = tmp_path / "scores.npz"
    finder, recogniser = small.a_finder(tmp_path), small.a_recogniser(tmp_path, scores=scores)
    models: dict[str, UserModel] = {finder.name: finder, recogniser.name: recogniser}
    detector = Detector.load("magenta-yunet", "colours", models=models)
    assert detector.recogniser_name == f"{recogniser.tag}/{finder.tag}"
    assert detector.scores_path == scores
    frame = a_frame(PICTURE)
    faces = detector.find_faces(frame)
    assert max(face.box.iou(FACE) for face in faces) > 0.7
    rows = detector.templates(frame, faces)
    assert rows.shape == (len(faces), small.DIMENSIONS)
    # The mean of several looks is a little shorter than each.
    lengths = np.linalg.norm(rows, axis=1)
    assert ((lengths > 0.4) & (lengths < 1 + 1e-6)).all()


def test_an_own_network_beside_a_built_in_one(tmp_path: Path) -> None:
    finder, recogniser = small.a_finder(tmp_path), small.a_recogniser(tmp_path)
    models: dict[str, UserModel] = {finder.name: finder, recogniser.name: recogniser}
    names = [
        Detector.load(backend, compared, models=models).recogniser_name
        for backend, compared in ((finder.name, "dlib_resnet"), ("centerface", recogniser.name))
    ]
    assert names == [f"dlib_resnet_v1/{finder.tag}", f"{recogniser.tag}/centerface-5.2"]
    assert Detector.load().scores_path is None


def test_a_network_of_the_other_kind_is_no_choice(tmp_path: Path) -> None:
    recogniser = small.a_recogniser(tmp_path)
    with pytest.raises(BackendMissingError, match=r"one of centerface, face_recognition$"):
        Detector.load("colours", models={"colours": recogniser})
    with pytest.raises(BackendMissingError, match="one of colours, dlib_resnet, face_recognition"):
        Detector.load(recogniser="colour", models={"colours": recogniser})


def test_the_built_in_recogniser_from_a_file_gives_the_same_templates(
    tmp_path: Path, cast: dict[str, SamplePicture], detector: Detector
) -> None:
    content = dlib_resnet.build_model(dlib_resnet.read_layers(dlib_resnet.WEIGHTS.read()))
    own = small.a_recogniser(
        tmp_path,
        content,
        geometry=DLIB_150,
        dimensions=128,
        preparation=Preparation(layout="nhwc", type="uint8"),
        output=None,
        normalise=False,
    )
    frame = cast["portraits/zoe-amsler-1.jpg"].open()
    faces = detector.find_faces(frame)
    theirs = Detector.load(recogniser="colours", models={"colours": own}).templates(frame, faces)
    assert np.array_equal(theirs, detector.templates(frame, faces))


def test_the_published_centerface_from_a_file_sees_what_the_built_in_one_sees(
    tmp_path: Path, cast: dict[str, SamplePicture]
) -> None:
    graph = onnx_format.read_graph(centerface.WEIGHTS.read())
    names = user_decoders.DECODERS["centerface"].names
    content = onnx_format.model(
        [one.to_bytes() for one in graph.nodes],
        [onnx_format.constant(name, values) for name, values in graph.constants.items()],
        [port("input.1", FLOAT, (1, 3, "height", "width"))],
        [port(name, FLOAT, (1, "channels", "rows", "columns")) for name in names],
    )
    own = OnnxFinder(small.a_finder(tmp_path, "centerface", content))
    pixels = cast["ward-opening.jpg"].open().pixels[:700, :760]
    # The built-in one counts in integers, a declared one as it was declared.
    theirs, ours = (
        one.take(np.argsort(one.boxes[:, 0]))
        for one in (
            strongest(finder.find(pixels, 0.5)) for finder in (own, centerface.CenterFace())
        )
    )
    assert len(ours)
    np.testing.assert_allclose(theirs.boxes, ours.boxes, atol=3)
    np.testing.assert_allclose(theirs.scores, ours.scores, atol=0.05)
    np.testing.assert_allclose(theirs.landmarks, ours.landmarks, atol=3)


# --- what the words mean -------------------------------------------------------------------


def test_pixels_are_prepared_as_declared() -> None:
    pixels = np.arange(24, dtype=np.uint8).reshape(1, 2, 4, 3)
    plain = user_model.prepared(pixels, Preparation())
    assert plain.dtype == np.float32
    assert np.array_equal(plain, pixels.transpose(0, 3, 1, 2))
    swapped = user_model.prepared(
        pixels, Preparation(layout="nhwc", channels="bgr", mean=(1, 2, 3), std=(2, 4, 8))
    )
    # The first channel that the network sees is blue.
    assert swapped[0, 0, 0].tolist() == [(2 - 1) / 2, (1 - 2) / 4, (0 - 3) / 8]
    raw = user_model.prepared(pixels, Preparation(type="uint8", layout="nhwc"))
    assert raw.dtype == np.uint8
    assert np.array_equal(raw, pixels)


def test_the_tag_changes_with_the_file_and_with_its_use(tmp_path: Path) -> None:
    recogniser, finder = small.a_recogniser(tmp_path), small.a_finder(tmp_path)
    assert recogniser.tag.startswith(f"colours@{recogniser.sha256[:12]}-")
    others: list[tuple[UserModel, dict[str, Any]]] = [
        (recogniser, {"sha256": "0" * 64}),
        (recogniser, {"geometry": ChipGeometry(112, DLIB_150.points)}),
        (recogniser, {"preparation": Preparation(channels="bgr")}),
        (recogniser, {"normalise": False}),
        (recogniser, {"output": "other"}),
        (finder, {"landmarks": tuple(reversed(POINTS))}),
        (finder, {"decoder": "scrfd"}),
    ]
    same: list[tuple[UserModel, dict[str, Any]]] = [
        (recogniser, {"file": Path("elsewhere"), "licence": "another", "scores": Path("x")}),
        (finder, {"smallest_face": 20, "size": (640, 640)}),
    ]
    for model, use in others:
        assert small.changed(model, **use).tag != model.tag
    for model, use in same:
        assert small.changed(model, **use).tag == model.tag


def test_landmarks_are_put_in_our_order(tmp_path: Path) -> None:
    order = ("nose", "right_eye", "left_eye", "right_mouth", "left_mouth")
    found = OnnxFinder(small.a_finder(tmp_path, landmarks=order)).find(PICTURE, 0.9)
    # The small network gives the usual order: called otherwise, the points change places.
    usual = OnnxFinder(small.a_finder(tmp_path)).find(PICTURE, 0.9)
    for ours, name in enumerate(POINTS):
        assert np.array_equal(found.landmarks[:, ours], usual.landmarks[:, order.index(name)])


def test_templates_are_normalised_only_if_declared(tmp_path: Path) -> None:
    chips = np.random.default_rng(0).integers(0, 256, (3, 112, 112, 3), dtype=np.uint8)
    plain = OnnxRecogniser(small.a_recogniser(tmp_path, normalise=False)).embed(chips)
    unit = OnnxRecogniser(small.a_recogniser(tmp_path)).embed(chips)
    assert np.linalg.norm(plain, axis=1).max() < 0.9
    np.testing.assert_allclose(
        unit, plain / np.linalg.norm(plain, axis=1, keepdims=True), atol=1e-6
    )


def test_a_chip_without_any_answer_matches_nobody(tmp_path: Path) -> None:
    network = OnnxRecogniser(small.a_recogniser(tmp_path, preparation=Preparation()))
    rows = network.embed(np.zeros((1, 112, 112, 3), np.uint8))
    assert np.isnan(rows).all()


def test_a_fixed_size_sees_each_face_once_wherever_it_is(tmp_path: Path) -> None:
    fixed = OnnxFinder(small.a_finder(tmp_path, size=(320, 256)))
    for x in range(60, 580, 20):
        face = small.face_at(x, 250)
        found = fixed.find(a_picture(face, width=640, height=500), 0.9)
        assert max(Box.around(*map(float, box)).iou(face) for box in found.boxes) > 0.75, x
        assert len(np.unique(found.boxes, axis=0)) == len(found), x


def test_windows_cover_every_pixel_and_their_cores_once(tmp_path: Path) -> None:
    finder = OnnxFinder(small.a_finder(tmp_path, size=(256, 128)))
    for width, height in ((1, 1), (256, 128), (257, 129), (768, 768), (700, 130)):
        windows = list(finder._windows(width, height))
        assert max(w.right for w, _ in windows) == width
        assert max(w.bottom for w, _ in windows) == height
        for window, _ in windows:
            assert 0 < window.width <= 256
            assert 0 < window.height <= 128
        for point in ((0, 0), (width - 1, height - 1), (width // 2, height // 3), (-50, 2000)):
            inside = [core for _, core in windows if _holds(core, *point)]
            assert len(inside) == 1


def _holds(box: Box, x: int, y: int) -> bool:
    return box.left <= x < box.right and box.top <= y < box.bottom


# --- decoders, against the formulas written out ---------------------------------------------


def _random_outputs(kinds: tuple[int, ...], per_cell: int, width: int, height: int) -> list[Any]:
    rng = np.random.default_rng(5)
    outputs = []
    for size in kinds:
        for stride in user_decoders.STRIDES:
            cells = (width // stride) * (height // stride) * per_cell
            values = rng.random((cells, size)) if size == 1 else rng.normal(size=(cells, size))
            outputs.append(values.astype(np.float32))
    return outputs


@pytest.mark.parametrize("batched", [False, True])
def test_yunet_is_decoded_as_published(batched: bool) -> None:
    width, height = 96, 64
    outputs = _random_outputs((1, 1, 4, 10), 1, width, height)
    outputs[0][3], outputs[3][3] = 1.5, 0.8  # clamped, as OpenCV does
    outputs[0][4], outputs[3][4] = -1.0, -0.8
    given = [one[None] for one in outputs] if batched else outputs
    found = user_decoders.decode_yunet(given, width, height, 0.6)
    row = 0
    for index, stride in enumerate(user_decoders.STRIDES):
        cls, obj, box, marks = (outputs[index + 3 * kind] for kind in range(4))
        for cell in range(len(cls)):
            r, c = divmod(cell, width // stride)
            shares = (min(max(float(one[cell, 0]), 0), 1) for one in (cls, obj))
            score = math.sqrt(math.prod(shares))
            if score < 0.6:
                continue
            x, y = (c + box[cell, 0]) * stride, (r + box[cell, 1]) * stride
            w, h = math.exp(box[cell, 2]) * stride, math.exp(box[cell, 3]) * stride
            expected = (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
            assert found.scores[row] == pytest.approx(score, abs=1e-6)
            assert found.boxes[row] == pytest.approx(expected, abs=1e-3)
            points = [((a + c) * stride, (b + r) * stride) for a, b in marks[cell].reshape(5, 2)]
            np.testing.assert_allclose(found.landmarks[row], points, atol=1e-3)
            row += 1
    assert row == len(found) > 10


@pytest.mark.parametrize("batched", [False, True])
def test_scrfd_is_decoded_as_published(batched: bool) -> None:
    width, height = 96, 64
    outputs = _random_outputs((1, 4, 10), 2, width, height)
    given = [one[None] for one in outputs] if batched else outputs
    found = user_decoders.decode_scrfd(given, width, height, 0.6)
    row = 0
    for index, stride in enumerate(user_decoders.STRIDES):
        score, box, marks = (outputs[index + 3 * kind] for kind in range(3))
        for place in range(len(score)):
            r, c = divmod(place // 2, width // stride)
            if score[place, 0] < 0.6:
                continue
            x, y = c * stride, r * stride
            left, top, right, bottom = box[place] * stride
            assert found.scores[row] == pytest.approx(score[place, 0])
            expected = (x - left, y - top, x + right, y + bottom)
            assert found.boxes[row] == pytest.approx(expected, abs=1e-3)
            points = [(x + a * stride, y + b * stride) for a, b in marks[place].reshape(5, 2)]
            np.testing.assert_allclose(found.landmarks[row], points, atol=1e-3)
            row += 1
    assert row == len(found) > 10


# --- against OpenCV, where it is installed ---------------------------------------------------


def test_yunet_finds_what_opencv_finds(tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed")
    size = (640, 512)
    model = small.a_finder(tmp_path, size=size)
    pixels = a_picture(FACE, small.face_at(500, 300), width=size[0], height=size[1])
    # Neighbours are not suppressed: every candidate is compared.
    theirs = cv2.FaceDetectorYN.create(str(model.file), "", size, 0.6, 0.9999, 5000)
    _, told = theirs.detect(np.ascontiguousarray(pixels[..., ::-1]))
    found = OnnxFinder(model).find(pixels, 0.6)
    assert len(told) == len(found) > 100
    low, high = found.boxes[:, :2], found.boxes[:, 2:]
    # OpenCV counts landmarks from the middle of the first pixel.
    marks = found.landmarks.reshape(-1, 10) - 0.5
    ours = np.hstack([low, high - low, marks, found.scores[:, None]])
    apart = np.abs(told[:, None] - ours[None]).max(axis=-1)
    assert apart.min(axis=1).max() < 1e-3


def test_sface_gets_the_chips_and_pixels_that_opencv_gives_it(
    tmp_path: Path, cast: dict[str, SamplePicture]
) -> None:
    cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed")
    content = onnx_format.model(
        [
            node("AveragePool", ["data"], "fields", kernel_shape=(28, 28), strides=(28, 28)),
            node("Flatten", ["fields"], "fc1", axis=1),
        ],
        [],
        [port("data", FLOAT, (1, 3, 112, 112))],
        [port("fc1", FLOAT, (1, 48))],
    )
    model = small.a_recogniser(
        tmp_path, content, dimensions=48, normalise=False, preparation=Preparation()
    )
    theirs = cv2.FaceRecognizerSF.create(str(model.file), "")
    pixels = cast["portraits/zoe-amsler-1.jpg"].open().pixels
    # A picture in which a chip is about as large as the face: no averaging, only its place.
    pixels = np.ascontiguousarray(pixels[::2, ::2])
    points = np.array([(130, 165), (190, 162), (161, 197), (137, 225), (185, 223)], np.float32)
    row = np.zeros((1, 15), np.float32)
    row[0, 4:14] = points.ravel()
    aligned = theirs.alignCrop(np.ascontiguousarray(pixels[..., ::-1]), row)
    chip = cut_chip(pixels, Landmarks(*map(tuple, points + 0.5)), ARCFACE_112)
    assert chip is not None
    assert np.abs(aligned[..., ::-1].astype(int) - chip).mean() < 3
    mine = OnnxRecogniser(model).embed(chip[None])[0]
    np.testing.assert_allclose(mine, theirs.feature(aligned).ravel(), atol=3)


# --- bad files -----------------------------------------------------------------------------


def said(error: DetectorError) -> str:
    """The error's text, which is one line and names the model."""
    text = str(error)
    assert len(text.splitlines()) == 1
    assert text.startswith("model 'colours': ") or text.startswith("model 'magenta-")
    return text


def refusal(load: Callable[[], object]) -> str:
    with pytest.raises(ModelRefusedError) as caught:
        load()
    return said(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    model = small.a_recogniser(tmp_path, file=tmp_path / "gone.onnx")
    assert f"there is no file {tmp_path / 'gone.onnx'}" in refusal(lambda: OnnxRecogniser(model))
    folder = small.changed(model, file=tmp_path)
    assert "there is no file" in refusal(lambda: OnnxRecogniser(folder))


def test_an_unreadable_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = small.a_recogniser(tmp_path)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    text = refusal(lambda: OnnxRecogniser(model))
    assert text.endswith("recogniser.onnx cannot be read (Permission denied)")


def test_a_truncated_or_other_file_is_refused_by_its_hash(tmp_path: Path) -> None:
    model = small.a_recogniser(tmp_path)
    whole = model.file.read_bytes()
    for content in (b"", whole[:-1], whole[:50] + b"\0" + whole[51:], b"x" * 1000):
        model.file.write_bytes(content)
        text = refusal(lambda: OnnxRecogniser(model))
        assert "not the declared one" in text
        assert f"({len(content)} bytes)" in text


def test_a_file_too_large_is_not_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = small.a_recogniser(tmp_path)
    monkeypatch.setattr(user_model, "MAX_MODEL_BYTES", model.file.stat().st_size - 1)
    assert "larger than" in refusal(lambda: OnnxRecogniser(model))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x" * 1000,
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        small.recogniser_bytes()[:-40],
        small.recogniser_bytes()[:100],
        onnx_format.model([], [], [], []),
        b"ORTM" + bytes(60),
    ],
    ids=["empty", "letters", "picture", "end", "beginning", "no-node", "flatbuffer"],
)
def test_what_is_no_model_is_refused_even_with_its_own_hash(tmp_path: Path, content: bytes) -> None:
    path, digest = small.saved(content, tmp_path / "it.onnx")
    model = small.changed(small.a_recogniser(tmp_path), file=path, sha256=digest)
    assert "is not an ONNX model" in refusal(lambda: OnnxRecogniser(model))


def test_a_graph_that_does_not_hang_together_is_refused(tmp_path: Path) -> None:
    for broken in (
        [node("Relu", ["nowhere"], "dangling")],
        [node("NoSuchOperator", ["flat"], "odd")],
        [node("Relu", ["flat"], "fc1")],
    ):
        model = small.a_recogniser(tmp_path, small.recogniser_bytes(extra=broken))
        assert "the runtime refuses" in refusal(lambda: OnnxRecogniser(model))  # noqa: B023


def in_domain(domain: str) -> bytes:
    return node("Relu", ["flat"], "more") + onnx_format._text(7, domain)


def holding(attribute: bytes) -> bytes:
    return node("Relu", ["flat"], "more") + message(5, attribute)


@pytest.mark.parametrize("domain", ["com.microsoft", "custom", "ai.onnx.contrib"])
def test_operators_beyond_the_standard_are_refused(tmp_path: Path, domain: str) -> None:
    model = small.a_recogniser(tmp_path, small.recogniser_bytes(extra=[in_domain(domain)]))
    assert f"'Relu' of '{domain}'" in refusal(lambda: OnnxRecogniser(model))


def test_the_standard_by_its_name_is_the_standard(tmp_path: Path) -> None:
    model = small.a_recogniser(tmp_path, small.recogniser_bytes(extra=[in_domain("ai.onnx")]))
    OnnxRecogniser(model)


def message(number: int, *parts: bytes) -> bytes:
    return onnx_format._message(number, b"".join(parts))


ELSEWHERE = onnx_format._integer(14, 1) + message(
    13, onnx_format._text(1, "location") + onnx_format._text(2, "/etc/passwd")
)
WITH_SUCH_A_CONSTANT = message(5, ELSEWHERE)


@pytest.mark.parametrize(
    "attribute",
    [
        message(5, ELSEWHERE),
        message(10, ELSEWHERE),
        message(6, WITH_SUCH_A_CONSTANT),
        message(11, message(15, message(1, ELSEWHERE))),
        message(22, message(2, ELSEWHERE)),
        message(6, message(1, message(5, message(6, WITH_SUCH_A_CONSTANT)))),
    ],
    ids=["tensor", "tensors", "graph", "sparse-in-graphs", "sparse", "graph-in-graph"],
)
def test_weights_in_another_file_are_refused_wherever_they_are_named(
    tmp_path: Path, attribute: bytes
) -> None:
    model = small.a_recogniser(tmp_path, small.recogniser_bytes(extra=[holding(attribute)]))
    assert "keeps weights in another file" in refusal(lambda: OnnxRecogniser(model))


def test_a_constant_in_another_file_is_refused(tmp_path: Path) -> None:
    told = onnx_format._integer(1, 4) + onnx_format._integer(2, FLOAT) + onnx_format._text(8, "far")
    content = onnx_format.model(
        [node("Relu", ["data"], "fc1")],
        [(told + ELSEWHERE, memoryview(b""))],
        [port("data", FLOAT, ("n", 3, 112, 112))],
        [port("fc1", FLOAT, ("n", 3, 112, 112))],
    )
    model = small.a_recogniser(tmp_path, content)
    assert "keeps weights in another file" in refusal(lambda: OnnxRecogniser(model))


def test_graphs_within_graphs_end_somewhere(tmp_path: Path) -> None:
    attribute = b""
    for _ in range(40):
        attribute = message(6, message(1, message(5, attribute)))
    model = small.a_recogniser(tmp_path, small.recogniser_bytes(extra=[holding(attribute)]))
    assert "nested too deeply" in refusal(lambda: OnnxRecogniser(model))


def test_a_model_that_is_no_model_opens_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = small.a_recogniser(tmp_path)
    opened: list[Path] = []
    real = Path.open

    def spy(self: Path, *arguments: Any, **options: Any) -> Any:
        opened.append(self)
        return real(self, *arguments, **options)

    def no_connection(*_: object, **__: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(Path, "open", spy)
    monkeypatch.setattr(socket, "socket", no_connection)
    OnnxRecogniser(model)
    assert opened == [model.file]


# --- good files with other words ------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "says"),
    [
        ({"dimensions": 25}, "1 x 24, not 1 x 25; correct 'dimensions'"),
        ({"output": "embedding"}, "no output 'embedding'; there are other, fc1"),
        ({"output": "other"}, "1 x 48, not 1 x 24"),
        ({"output": None}, "1 x 48, not 1 x 24"),
        ({"geometry": DLIB_150}, "? x 3 x 112 x 112?, not ? x 3 x 150 x 150"),
        ({"preparation": Preparation(layout="nhwc")}, "not ? x 112 x 112 x 3"),
        (
            {"preparation": Preparation(type="uint8")},
            "tensor(float), not the declared tensor(uint8)",
        ),
    ],
)
def test_a_recogniser_that_is_not_as_declared(
    tmp_path: Path, declared: dict[str, Any], says: str
) -> None:
    model = small.a_recogniser(tmp_path, **declared)
    text = refusal(lambda: OnnxRecogniser(model))
    assert says.replace("112?", "112") in text


def test_two_inputs_are_refused(tmp_path: Path) -> None:
    content = onnx_format.model(
        [node("Add", ["a", "b"], "c")],
        [],
        [port(name, FLOAT, ("n", 3, 112, 112)) for name in "ab"],
        [port("c", FLOAT, ("n", 3, 112, 112))],
    )
    model = small.a_recogniser(tmp_path, content)
    assert "it has 2 inputs" in refusal(lambda: OnnxRecogniser(model))


def test_an_output_of_another_type_is_refused(tmp_path: Path) -> None:
    content = onnx_format.model(
        [node("Flatten", ["data"], "flat"), node("Cast", ["flat"], "fc1", to=UINT8)],
        [],
        [port("data", FLOAT, ("n", 3, 112, 112))],
        [port("fc1", UINT8, ("n", "d"))],
    )
    model = small.a_recogniser(tmp_path, content)
    assert "'fc1' is not float32" in refusal(lambda: OnnxRecogniser(model))


def test_numbers_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    content = small.recogniser_bytes().replace(b"Relu", b"Sqrt")
    model = small.a_recogniser(tmp_path, content, preparation=Preparation())
    network = OnnxRecogniser(model)  # the root of a grey chip is finite
    shifted = small.changed(model, preparation=Preparation(mean=(255,) * 3))
    assert "not finite" in refusal(lambda: OnnxRecogniser(shifted))
    assert np.isfinite(network.embed(np.full((1, 112, 112, 3), 9, np.uint8))).all()


def test_a_batch_of_two_is_refused(tmp_path: Path) -> None:
    model = small.a_recogniser(tmp_path, small.recogniser_bytes(batch=2))
    assert "2 x 3 x 112 x 112" in refusal(lambda: OnnxRecogniser(model))


@pytest.mark.parametrize(
    ("decoder", "declared", "says"),
    [
        ("yunet", {"decoder": "scrfd"}, "12 outputs and the decoder 'scrfd' reads 9"),
        ("scrfd", {"decoder": "yunet"}, "9 outputs and the decoder 'yunet' reads 12"),
        ("centerface", {"decoder": "yunet"}, "4 outputs and the decoder 'yunet' reads 12"),
        ("yunet", {"outputs": ("cls_8",)}, "1 outputs and the decoder 'yunet' reads 12"),
        ("yunet", {"outputs": ("cls_64",) * 12}, "no output 'cls_64'"),
        ("yunet", {"outputs": ("cls_8",) * 12}, "the shape"),
        (
            "centerface",
            {"outputs": ("size", "heat", "offset", "points")},
            "1 x 2 x 8 x 16, not 1 x 1",
        ),
    ],
)
def test_a_finder_that_is_not_as_declared(
    tmp_path: Path, decoder: str, declared: dict[str, Any], says: str
) -> None:
    content = small.FINDERS[decoder]()
    model = small.changed(small.a_finder(tmp_path, decoder, content), **declared)
    assert says in refusal(lambda: OnnxFinder(model))


def test_a_fixed_size_must_be_declared_and_a_declared_size_be_there(tmp_path: Path) -> None:
    fixed = small.a_finder(tmp_path, content=small.yunet_bytes((640, 320)))
    assert "1 x 3 x 320 x 640" in refusal(lambda: OnnxFinder(fixed))
    other = small.changed(fixed, size=(320, 640))
    assert "? x 3 x 640 x 320" in refusal(lambda: OnnxFinder(other))
    OnnxFinder(small.changed(fixed, size=(640, 320)))


def test_scores_that_are_no_shares_are_refused(tmp_path: Path) -> None:
    model = small.a_finder(tmp_path, "scrfd", small.scrfd_bytes(loud=5.0))
    finder = OnnxFinder(model)  # of grey, five times nothing is nothing
    assert "not from 0 to 1; export it with the sigmoid" in refusal(
        lambda: finder.find(PICTURE, 0.5)
    )


def test_a_box_without_end_is_an_error_and_never_a_missed_face(tmp_path: Path) -> None:
    finder = OnnxFinder(small.a_finder(tmp_path, content=small.yunet_bytes(log_width=200.0)))
    assert "not finite" in refusal(lambda: finder.find(PICTURE, 0.5))


def test_a_refused_model_is_told_by_the_detector_each_time(tmp_path: Path) -> None:
    model = small.a_finder(tmp_path, sha256="0" * 64)
    detector = Detector.load(model.name, models={model.name: model})
    for _ in range(2):
        with pytest.raises(ModelRefusedError, match="not the declared one"):
            detector.find_faces(a_frame(PICTURE))


def test_a_float_that_is_a_trap_does_not_pass_as_a_length() -> None:
    # A length near 2^64 must not wrap around.
    huge = onnx_format._key(7, 2) + struct.pack("<Q", 2**63) + b"\xff" * 9 + b"\x01"
    with pytest.raises((ValueError, IndexError)):
        list(onnx_format.fields(huge))
