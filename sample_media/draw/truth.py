"""What the pictures show, written down: cast.json and SOURCES.md."""

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sample_media.draw.cast import CAST, CHANNELS, Person
from sample_media.draw.composition import Face, Scene
from sample_media.draw.scenes import SCENES

NOTE = (
    "Nobody in these pictures exists: every face is drawn by sample_media.draw. "
    "Boxes are [left, top, right, bottom] in the upright picture, right and bottom exclusive."
)
SOURCES = """\
# Where the sample pictures come from

**No real person is shown.** Every picture is drawn by the program in `draw/`, from numbers: no
photograph was traced, learned from or pasted in. Names, hospital, serial numbers and positions
are invented; the position in the metadata is the middle of a lake. Who is in which picture, and
what they agreed to, is in `cast.json`.

To draw them again: `python -m sample_media.draw --out DIR`.

| file | how it was made | licence | purpose |
|---|---|---|---|
"""


def describe_picture(scene: Scene, size: tuple[int, int], faces: list[Face]) -> dict[str, Any]:
    """The truth about one picture."""
    ordered = sorted(faces, key=lambda face: face.box[0])
    return {
        "file": scene.file,
        "note": scene.note,
        "size": list(size),
        "orientation": scene.shot.orientation,
        "exif": scene.shot.camera is not None,
        "faces": [_face(face) for face in ordered if face.person not in scene.hidden],
        "only_in_thumbnail": [_face(face) for face in ordered if face.person in scene.hidden],
    }


def _face(face: Face) -> dict[str, Any]:
    entry = {"person": face.person, **asdict(face), "box": list(face.box)}
    return {key: value for key, value in entry.items() if key == "person" or value is not None}


def describe_person(person: Person) -> dict[str, Any]:
    """What the demo registry knows about somebody."""
    start = f"portraits/{person.id}-"
    return {
        "id": person.id,
        "name": person.name,
        "capacity": person.capacity,
        "role": person.role,
        "birth_year": person.birth_year,
        "twin_of": person.twin_of,
        "story": person.story,
        "portraits": [scene.file for scene in SCENES if scene.file.startswith(start)],
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


def write_sources(out: Path) -> None:
    """Write SOURCES.md, one line per file."""
    rows = [("cast.json", "written while drawing", "names, demo consents, and who is where")]
    rows += [(scene.file, "drawn by `sample_media.draw`", scene.note) for scene in SCENES]
    lines = [f"| {name} | {how} | Apache-2.0 | {why} |\n" for name, how, why in rows]
    (out / "SOURCES.md").write_text(SOURCES + "".join(lines), "utf-8")
