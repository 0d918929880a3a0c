"""The network in 8-bit integers is the network: its answers move by less than they may."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from detector.errors import ModelMissingError
from detector.networks import centerface, onnx_format
from detector.networks.onnx_format import Graph, Node
from detector.networks.quantise import Ranges, quantised
from detector.networks.runtime import Network

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy.typing as npt

    from detector.faces import Pixels
    from tests.detector.conftest import SamplePicture

    Floats = npt.NDArray[np.float32]

RNG = np.random.default_rng(8)


# --- CenterFace, whole ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def both() -> tuple[Network, Network]:
    weights = centerface.WEIGHTS.read()
    ranges = Ranges.load(centerface.RANGES)
    whole = centerface.build_quantised_model(weights, ranges)
    return Network(centerface.build_model(weights), threads=1), Network(whole, threads=1)


def seen(network: Network, picture: Pixels) -> Floats:
    (cells,) = network.run(np.ascontiguousarray(picture[None]))
    first: Floats = cells[0]
    return first


def test_integers_see_what_floats_see(both: tuple[Network, Network], ward: SamplePicture) -> None:
    """A shift of the picture by one cell moves the same answers three times as far."""
    people = ward.open().pixels[320:960, 640:1600]
    floats, integers = (seen(network, people) for network in both)
    likely = floats[0] > -3  # scores above 0.05
    assert likely.sum() > 50
    apart = np.abs(integers - floats)[:, likely]
    assert apart[0].mean() < 0.25
    assert apart[0].max() < 1.5
    assert apart[1:].mean() < 0.03
    assert (integers[0][floats[0] < -6] < -3).all()


def test_the_company_of_a_picture_changes_nothing(
    both: tuple[Network, Network], ward: SamplePicture
) -> None:
    """Integers are counted exactly: one scale serves every picture."""
    people = np.ascontiguousarray(ward.open().pixels[320:640, 640:960])
    alone = both[1].run(people[None])[0]
    together = both[1].run(np.stack([people, people[::-1], people]))[0]
    np.testing.assert_array_equal(together[0], alone[0])
    np.testing.assert_array_equal(together[2], alone[0])


@pytest.mark.parametrize("shade", [0, 255])
def test_an_even_picture_shows_nobody(both: tuple[Network, Network], shade: int) -> None:
    assert (seen(both[1], np.full((160, 224, 3), shade, np.uint8))[0] < -3).all()


def test_no_two_neighbouring_weights_overflow_sixteen_bits() -> None:
    """Older processors add the products of two with 255 at most."""
    graph = centerface.read_graph(centerface.WEIGHTS.read())
    shapes = {
        f"{node.output}.weights.q": graph.constants[node.inputs[1]].shape
        for node in graph.nodes
        if node.operator == "Conv" and node.attributes.get("group", 1) == 1
        if node.output != "363"  # takes the picture, which has no range
    }
    found = 0
    for told, raw in quantised(graph, Ranges.load(centerface.RANGES), ("363",))[1]:
        shape = next((shapes[name] for name in shapes if name.encode() in told), None)
        if shape is None:
            continue
        found += 1
        rows = np.frombuffer(raw, np.int8).reshape(shape).transpose(0, 2, 3, 1)
        flat = rows.reshape(len(rows), -1).astype(np.int32)
        for signed in (np.maximum(flat, 0), np.maximum(-flat, 0)):
            assert (255 * (signed[:, 1:] + signed[:, :-1])).max(initial=0) <= 32767
    assert found == len(shapes)


# --- one convolution -----------------------------------------------------------------------


def a_graph(weights: Floats, bias: Floats) -> Graph:
    kernel = weights.shape[2:]
    window = {"kernel_shape": kernel, "pads": tuple(side // 2 for side in kernel) * 2}
    nodes = [
        Node("Conv", ("x", "a.w", "a.b"), "a", window),
        Node("Relu", ("a",), "b", {}),
        Node("Add", ("a", "b"), "y", {}),
    ]
    return Graph(nodes, {"a.w": weights, "a.b": bias})


def run(graph: Graph, tensors: Mapping[str, tuple[float, float]], planes: Floats) -> Floats:
    """The sum of the convolution and its positive part; `planes` are whole, from 0 to 255."""
    ranges = Ranges({"x": (0.0, 255.0), **tensors})
    nodes, constants = quantised(graph, ranges, ())
    model = onnx_format.model(
        nodes,
        constants,
        [onnx_format.port("x", onnx_format.FLOAT, ("n", 3, "h", "w"))],
        [onnx_format.port("y", onnx_format.FLOAT, ("n", "c", "rows", "columns"))],
        onnx_format.QUANTISED_OPSET,
    )
    return Network(model, threads=1).run(planes)[0]


def even(shade: float) -> Floats:
    return np.full((1, 3, 8, 8), shade, np.float32)


def test_a_convolution_is_counted_to_a_step() -> None:
    weights = RNG.normal(0, 1, (16, 3, 1, 1)).astype(np.float32)
    bias = RNG.normal(0, 50, 16).astype(np.float32)
    planes = RNG.integers(0, 256, (1, 3, 8, 8)).astype(np.float32)
    exact = np.einsum("oc,ncyx->noyx", weights[:, :, 0, 0], planes)
    exact += bias[:, None, None]
    low, high = float(exact.min()), float(exact.max())
    tensors = {"a": (low, high), "b": (0.0, high)}
    answer = run(a_graph(weights, bias), tensors, planes)
    step = (high - low) / 255
    np.testing.assert_allclose(answer, exact + np.maximum(exact, 0), atol=6 * step)


def test_what_lies_beyond_a_range_is_cut_off() -> None:
    weights, bias = np.ones((8, 3, 1, 1), np.float32), np.zeros(8, np.float32)
    answer = run(a_graph(weights, bias), {"a": (0.0, 100.0), "b": (0.0, 100.0)}, even(200))
    np.testing.assert_allclose(answer, 200, atol=2)


def test_a_silent_channel_stays_silent() -> None:
    weights, bias = np.zeros((8, 3, 1, 1), np.float32), np.zeros(8, np.float32)
    weights[0] = 1
    answer = run(a_graph(weights, bias), {"a": (0.0, 30.0), "b": (0.0, 30.0)}, even(10))
    assert not answer[:, 1:].any()
    np.testing.assert_allclose(answer[:, 0], 60, atol=1)


# --- ranges --------------------------------------------------------------------------------


def test_ranges_are_read_as_they_were_written(tmp_path: Path) -> None:
    ranges = Ranges({"a": (-1.25, 7.5), "b": (0.0, 3.0)})
    ranges.save(tmp_path / "ranges.json")
    assert Ranges.load(tmp_path / "ranges.json").tensors == ranges.tensors


def test_a_convolution_that_must_be_exact_is_copied() -> None:
    weights = RNG.normal(0, 1, (16, 3, 1, 1)).astype(np.float32)
    graph = Graph([Node("Conv", ("x", "a.w", "a.b"), "a", {"kernel_shape": (1, 1)})], {})
    graph.constants.update({"a.w": weights, "a.b": np.zeros(16, np.float32)})
    nodes, constants = quantised(graph, Ranges({}), ("a",))
    assert nodes == [graph.nodes[0].to_bytes()]
    assert constants == [onnx_format.constant(*one) for one in graph.constants.items()]


@pytest.mark.parametrize("content", [None, "", "[]", '{"a": 1}', '{"a": [1]}', '{"a": [1, "x"]}'])
def test_damaged_ranges_are_refused(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "ranges.json"
    if content is not None:
        path.write_text(content, "utf-8")
    with pytest.raises(ModelMissingError, match=r"ranges\.json cannot be used.*install"):
        Ranges.load(path)


def test_ranges_of_another_network_are_refused(tmp_path: Path) -> None:
    weights = centerface.WEIGHTS.read()
    told = json.loads(centerface.RANGES.read_text("utf-8"))
    for broken in ({}, {name: [0, 0] for name in told}, {"514": told["514"]}):
        path = tmp_path / "ranges.json"
        path.write_text(json.dumps(broken), "utf-8")
        with pytest.raises(ModelMissingError, match="not those of its network"):
            centerface.build_quantised_model(weights, Ranges.load(path))
