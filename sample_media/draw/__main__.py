"""Draws the sample pictures again: `python -m sample_media.draw --out DIR`."""

import argparse
import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from sample_media.draw.cast import CAST, CHANNELS, Person
from sample_media.draw.composition import Face, Scene, compose
from sample_media.draw.photograph import develop, encode
from sample_media.draw.scenes import SCENES

NOTE = (
    "Nobody in these pictures exists: every face is drawn by sample_media.draw. "
    "Boxes are [left, top, right, bottom] in the upright picture, right and bottom exclusive."
)


def draw_scene(scene: Scene, out: Path, scale: float = 1) -> dict[str, Any]:
    """Draw one picture, write it, and say who is where in it."""
    light, faces = compose(scene, scale)
    clean = develop(light, seed=sum(scene.file.encode()))
    hidden = [face.box for face in faces if face.person in scene.hidden]
    picture = paint_over(clean, hidden) if hidden else clean
    target = out / scene.file
    target.parent.mkdir(parents=True, exist_ok=True)
    heic = target.suffix == ".heic"
    target.write_bytes(encode(picture, scene.shot, heic=heic, preview=clean if hidden else None))
    return describe(scene, picture.size, faces)


def paint_over(picture: Image.Image, boxes: list[tuple[int, int, int, int]]) -> Image.Image:
    """Hide faces under grey ovals, as somebody in a hurry does."""
    copy = picture.copy()
    for left, top, right, bottom in boxes:
        margin = (right - left) // 6
        oval = (left - margin, top - 2 * margin, right + margin, bottom + margin)
        ImageDraw.Draw(copy).ellipse(oval, fill=(120, 124, 128))
    return copy


def describe(scene: Scene, size: tuple[int, int], faces: list[Face]) -> dict[str, Any]:
    """The truth about one picture."""
    shown = [face for face in faces if face.person not in scene.hidden]
    gone = [face for face in faces if face.person in scene.hidden]
    return {
        "file": scene.file,
        "note": scene.note,
        "size": list(size),
        "orientation": scene.shot.orientation,
        "exif": scene.shot.camera is not None,
        "faces": [_face(face) for face in sorted(shown, key=lambda face: face.box[0])],
        "only_in_thumbnail": [_face(face) for face in gone],
    }


def _face(face: Face) -> dict[str, Any]:
    entry = {key: value for key, value in asdict(face).items() if value is not None}
    return {"person": face.person, **entry, "box": list(face.box)}


def describe_person(person: Person) -> dict[str, Any]:
    """What the demo registry knows about somebody."""
    portraits = [scene.file for scene in SCENES if scene.file.startswith(f"portraits/{person.id}-")]
    return {
        "id": person.id,
        "name": person.name,
        "capacity": person.capacity,
        "role": person.role,
        "birth_year": person.birth_year,
        "twin_of": person.twin_of,
        "story": person.story,
        "portraits": portraits,
        "consent": None if person.consent is None else asdict(person.consent),
        "refused": person.refused,
    }


def write_cast(out: Path, drawn: list[dict[str, Any]]) -> None:
    """Write cast.json; pictures not drawn this time keep what it said before."""
    path = out / "cast.json"
    known = json.loads(path.read_text("utf-8"))["pictures"] if path.exists() else []
    truth = {entry["file"]: entry for entry in [*known, *drawn]}
    cast = {
        "note": NOTE,
        "institution": "Hôpital de Belmont · Spital Belmont",
        "channels": list(CHANNELS),
        "people": [describe_person(person) for person in CAST],
        "pictures": [truth[scene.file] for scene in SCENES if scene.file in truth],
    }
    path.write_text(_layout(cast) + "\n", "utf-8")


def _layout(cast: dict[str, Any]) -> str:
    """JSON with the short lists on one line, so that people can read it too."""
    text = json.dumps(cast, ensure_ascii=False, indent=1)
    plain_list = re.compile(r"\[\s+([^\[\]{}]*?)\s+\]")
    return plain_list.sub(lambda found: "[" + " ".join(found[1].split()) + "]", text)


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


if __name__ == "__main__":
    main()
