"""Draws the sample pictures again: `python -m sample_media.draw --out DIR`."""

import argparse
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from sample_media.draw.composition import Scene, compose
from sample_media.draw.photograph import develop, encode
from sample_media.draw.scenes import SCENES
from sample_media.draw.truth import describe_picture, write_cast, write_sources


def draw_scene(scene: Scene, out: Path, scale: float = 1) -> dict[str, Any]:
    """Draw one picture, write it, and say who is where in it."""
    light, faces = compose(scene, scale)
    clean = develop(light, seed=sum(scene.file.encode()))
    hidden = [face.box for face in faces if face.person in scene.hidden]
    picture = paint_over(clean, hidden) if hidden else clean
    target = out / scene.file
    target.parent.mkdir(parents=True, exist_ok=True)
    preview = clean if hidden else None
    target.write_bytes(encode(picture, scene.shot, heic=target.suffix == ".heic", preview=preview))
    return describe_picture(scene, picture.size, faces)


def paint_over(picture: Image.Image, boxes: list[tuple[int, int, int, int]]) -> Image.Image:
    """Hide whole heads under grey blocks, as somebody in a hurry does."""
    copy = picture.copy()
    for left, top, right, bottom in boxes:
        margin = (right - left) // 3
        block = (left - margin, top - 2 * margin, right + margin, bottom + margin)
        ImageDraw.Draw(copy).rectangle(block, fill=(120, 124, 128))
    return copy


def main() -> None:
    """Read the command line and draw."""
    parser = argparse.ArgumentParser(prog="python -m sample_media.draw", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder to draw into")
    parser.add_argument("--only", help="draw only files whose name contains this")
    parser.add_argument("--scale", type=float, default=1, help="smaller pictures, for a quick look")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    drawn = []
    for scene in SCENES:
        if options.only is None or options.only in scene.file:
            drawn.append(draw_scene(scene, options.out, options.scale))
            print(scene.file, len(drawn[-1]["faces"]), "faces", flush=True)
    write_cast(options.out, drawn)
    write_sources(options.out)


if __name__ == "__main__":
    main()
