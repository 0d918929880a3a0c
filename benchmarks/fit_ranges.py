"""Measures what values the tensors of CenterFace take, for its form in 8-bit integers.

    python -m benchmarks.fit_ranges MEDIA [--photos 24] [--out FILE]

MEDIA holds `wider/` as benchmarks/wider.py reads it. Of each photo a part of up to 512 x 512
pixels is looked at as it is, at half and at twice its size, as the product does. A range ends
at the most extreme value seen: what lies beyond is cut off, and nothing that was seen does.
The file holds the ranges and no picture; how good the network is with them, benchmarks/wider.py
tells.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.wider import read_photos, spread
from detector.networks import centerface, onnx_format
from detector.networks.quantise import Ranges
from detector.networks.runtime import Network
from detector.passes import resized
from detector.photo import open_photo

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from detector.faces import Pixels
    from detector.networks.onnx_format import Graph

SIDE = 512


def parts(media: Path, photos: int) -> Iterator[Pixels]:
    """What is looked at, in sizes that the network takes."""
    for photo in spread(read_photos(media), photos):
        pixels = open_photo(photo.path).pixels[:SIDE, :SIDE]
        for factor in (0.5, 1.0, 2.0):
            part = resized(pixels, factor)[:SIDE, :SIDE]
            height, width = (side // 32 * 32 for side in part.shape[:2])
            yield np.ascontiguousarray(part[None, :height, :width])


def ranges_of(graph: Graph, pictures: Iterable[Pixels]) -> Ranges:
    """The ranges of a network's tensors, measured in pictures."""
    names = [node.output for node in graph.nodes]
    ports = [
        onnx_format.port(name, onnx_format.FLOAT, ("n", "c", f"h{name}", f"w{name}"))
        for name in names
    ]
    network = Network(centerface.exact_model(graph, ports))
    tensors = dict.fromkeys(names, (0.0, 0.0))
    for picture in pictures:
        for name, values in zip(names, network.run(picture), strict=True):
            low, high = tensors[name]
            tensors[name] = min(low, float(values.min())), max(high, float(values.max()))
    return Ranges(tensors)


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("media", type=Path)
    parser.add_argument("--photos", type=int, default=24)
    parser.add_argument("--out", type=Path, default=centerface.RANGES)
    options = parser.parse_args()
    graph = centerface.read_graph(centerface.WEIGHTS.read())
    ranges_of(graph, parts(options.media, options.photos)).save(options.out)


if __name__ == "__main__":
    main()
