"""The measurement of albums judges rightly: names, boxes, copies, shares of time, arithmetic."""

from __future__ import annotations

import argparse
import json
import math
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import albums, composites, peers, process_tree, time_shares
from benchmarks.album_truth import Names, answers_in, changes_at, hidden_in, judged_names
from benchmarks.arithmetic import Work, operations
from benchmarks.composites import Album, Picture
from benchmarks.process_tree import Ran
from benchmarks.time_shares import PARTS, REST, Clock, Floor, Looks, Shares
from benchmarks.wider import Photo, Truth
from detector.faces import Box
from detector.networks.onnx_format import Graph, Node

CLEAR = Truth(Box(40, 40, 80, 90), blur=0, occlusion=0, invalid=False)
OTHER = Truth(Box(140, 40, 180, 90), blur=0, occlusion=0, invalid=False)
BLURRED = Truth(Box(240, 40, 280, 90), blur=2, occlusion=0, invalid=False)


# --- what the programs print ----------------------------------------------------------------


def test_names_that_face_recognition_prints() -> None:
    printed = (
        "WARNING: More than one face found in known/a.jpg. Only considering the first face.\n"
        "album/one.jpg,Anna\nalbum/one.jpg,Anna.2\nalbum/one.jpg,unknown_person\n"
        '"album/with, comma.jpg",Mary-Jane.W\nalbum/nobody.jpg,no_persons_found\n'
    )
    assert peers.names_printed(printed) == {
        "one.jpg": ["Anna", "Anna"],
        "with, comma.jpg": ["Mary-Jane.W"],
        "nobody.jpg": [],
    }


def test_boxes_that_are_located() -> None:
    assert peers.boxes_printed("a/one.jpg,10,60,50,20\nnot a row\n") == {
        "one.jpg": [Box(20, 10, 60, 50)]
    }


def test_the_folder_of_known_people_can_be_read_back(tmp_path: Path) -> None:
    portrait = tmp_path / "p.JPG"
    portrait.write_bytes(b"one")
    peers.known_people({"Anna": [portrait, portrait]}, tmp_path / "known")
    names = sorted(path.name for path in (tmp_path / "known").iterdir())
    assert names == ["Anna.2.JPG", "Anna.JPG"]
    printed = "".join(f"x.jpg,{Path(name).stem}\n" for name in names)
    assert peers.names_printed(printed) == {"x.jpg": ["Anna", "Anna"]}


def document(path: str, *faces: tuple[str | None, str], export: str | None = None) -> str:
    told = [{"box": [1, 2, 3, 4], "person": who, "outcome": outcome} for who, outcome in faces]
    outcome = faces[0][1] if faces else "failed"
    copy = {"path": export} if export else None
    return json.dumps({"path": path, "faces": told, "outcome": outcome, "export": copy})


def test_answers_of_ours() -> None:
    lines = [
        document(
            "a/1.jpg", ("p1", "cleared"), ("p2", "review"), (None, "blocked"), export="o/1.jpg"
        ),
        document("a/2.jpg"),
        "Report: none of this",
    ]
    said = answers_in("\n".join(lines), {"p1": "Anna", "p2": "Ben"})
    assert said.named == {"1.jpg": ["Anna"], "2.jpg": []}
    assert said.likely == {"1.jpg": ["Ben"], "2.jpg": []}
    assert said.boxes["1.jpg"] == [Box(1, 2, 3, 4)] * 3
    assert said.copies == {"1.jpg": Path("o/1.jpg")}
    assert said.failed == ["2.jpg"]


# --- against the truth ----------------------------------------------------------------------


def picture(name: str, *people: str) -> Picture:
    return Picture(Photo(Path(name), ()), frozenset(people))


def test_names_count_once_a_picture() -> None:
    some = [picture("1.jpg", "Anna", "Ben"), picture("2.jpg"), picture("3.jpg", "Cara")]
    named = {"1.jpg": ["Anna", "Anna", "Dan"], "2.jpg": ["Anna"]}
    likely = {"1.jpg": ["Ben", "Anna"], "3.jpg": ["Dan"]}
    judged = judged_names(some, named, likely)
    assert judged == Names(there=3, right=1, wrong=2, looked_at=1, wrong_looks=1)
    assert albums.name_cells(judged) == [3, 1, 1, 2, 1]


def test_a_face_is_hidden_where_its_middle_is_changed(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    before = rng.integers(0, 256, (120, 320, 3), dtype=np.uint8)
    after = before.copy()
    after[CLEAR.box.top : CLEAR.box.bottom, CLEAR.box.left : CLEAR.box.right] = 128
    # Only its edge: the face itself is still to be seen.
    after[OTHER.box.top : OTHER.box.top + 6, OTHER.box.left : OTHER.box.right] = 0
    photo, copy = tmp_path / "photo.png", tmp_path / "copy.png"
    Image.fromarray(before).save(photo)
    Image.fromarray(after).save(copy)
    labelled = Photo(photo, (CLEAR, OTHER, BLURRED))
    judged = hidden_in([labelled], {"photo.png": copy})
    assert (judged.total, judged.hidden, judged.copies) == (2, 1, 1)
    assert albums.hidden_cells([labelled], {"photo.png": copy}) == ["1", "1 of 2"]


def test_a_photo_without_a_copy_shows_nobody(tmp_path: Path) -> None:
    judged = hidden_in([Photo(tmp_path / "p.png", (CLEAR,))], {"p.png": tmp_path / "none.png"})
    assert (judged.total, judged.copies) == (0, 0)
    assert math.isnan(judged.share)


def test_a_copy_of_another_size_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="a copy of"):
        changes_at(np.zeros((4, 4, 3), np.uint8), np.zeros((4, 5, 3), np.uint8), [])


def album(*faces: Truth, complete: bool = True) -> Album:
    return Album("some", Path(), (Picture(Photo(Path("a.jpg"), faces)),), complete)


def test_found_cells_say_only_what_the_labels_tell() -> None:
    assert albums.found_cells(album(), {}) == ["–", "–"]
    boxes = {"a.jpg": [CLEAR.box, Box(0, 0, 9, 9)]}
    assert albums.found_cells(album(CLEAR, OTHER), boxes) == ["0.500", "1.00"]
    assert albums.found_cells(album(CLEAR, OTHER, complete=False), boxes) == ["0.500", "–"]


# --- pictures that are put together ---------------------------------------------------------


@pytest.fixture
def ground(tmp_path: Path) -> Photo:
    path = tmp_path / "ground.png"
    Image.new("RGB", (320, 240), "grey").save(path)
    return Photo(path, (CLEAR, Truth(Box(0, 100, 30, 140), 0, 0, invalid=False)))


def test_what_is_laid_on_a_picture_covers_no_face(tmp_path: Path, ground: Photo) -> None:
    tile = tmp_path / "tile.png"
    Image.new("RGB", (250, 250), "magenta").save(tile)
    made = composites.compose(
        ground,
        (3200, 2400),
        [(tile, "Anna"), *[(tile, None)] * 11],
        random.Random(3),
        tmp_path / "made.jpg",
    )
    assert made.people == {"Anna"}
    faces = made.photo.faces
    assert faces[0].box == Box(400, 400, 800, 900)
    assert 4 < len(faces) <= 14
    boxes = [face.box for face in faces]
    assert not any(a.intersection(b) for n, a in enumerate(boxes) for b in boxes[:n])
    pixels = np.asarray(Image.open(made.photo.path)).astype(int)
    assert pixels.shape == (2400, 3200, 3)
    for box in boxes[2:]:
        seen = pixels[box.top : box.bottom, box.left : box.right].mean(axis=(0, 1))
        assert seen == pytest.approx((255, 0, 255), abs=12)


def test_a_face_that_the_edge_cuts_counts_for_nobody(tmp_path: Path, ground: Photo) -> None:
    # A square leaves out 40 pixels at each side of the ground, and the second face with them.
    path = tmp_path / "square.jpg"
    cut = Truth(Box(30, 150, 50, 170), blur=0, occlusion=0, invalid=False)
    photo = Photo(ground.path, (*ground.faces, cut))
    made = composites.compose(photo, (2400, 2400), [], random.Random(3), path)
    assert [(face.box, face.invalid) for face in made.photo.faces] == [
        (Box(0, 400, 400, 900), False),
        (Box(0, 1500, 100, 1700), True),
    ]


def test_small_variants_differ_in_their_bytes(tmp_path: Path) -> None:
    path = tmp_path / "one.jpg"
    Image.effect_noise((900, 600), 60).convert("RGB").save(path)
    made = composites.variants([Photo(path, ())], 6, tmp_path / "album")
    assert len({one.read_bytes() for one in made}) == 6
    low, high = composites.SMALL
    assert all(low <= max(Image.open(one).size) <= high for one in made)


# --- time -----------------------------------------------------------------------------------


class Ticking:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def ticking() -> Ticking:
    return Ticking()


def test_each_part_gets_its_own_time_only(ticking: Ticking) -> None:
    clock = Clock(now=ticking)

    def tick(seconds: float) -> None:
        ticking.at += seconds

    network = clock.timed(time_shares.NETWORK, lambda: tick(5))

    def find() -> None:
        tick(1)
        network()

    def write() -> None:
        tick(2)
        clock.timed("detect", find)()

    clock.timed("detect", find)()
    clock.timed(time_shares.COPY, write)()
    assert clock.spent == {
        "detect, network": 5,
        "detect": 1,
        "copy: detect, network": 5,
        "copy: detect": 1,
        "copy": 2,
    }


def test_a_call_that_fails_is_counted_too(ticking: Ticking) -> None:
    clock = Clock(now=ticking)
    with pytest.raises(OSError, match="gone"), clock.taken("decode"):
        ticking.at += 3
        raise OSError("gone")
    assert clock.spent == {"decode": 3}


@pytest.mark.parametrize("place", PARTS)
def test_what_is_timed_is_there(place: str) -> None:
    holder, name = time_shares.held(place)
    assert callable(getattr(holder, name))


def test_shares_and_floor_are_told() -> None:
    spent = {"decode": 0.2, "detect, network": 1.0}
    shares = Shares(spent, 1.6, Looks(calls=4, pixels=2_000_000, chips=6), photos=2)
    assert shares.by_part[REST] == pytest.approx(0.4)
    assert list(shares.by_part) == ["detect, network", REST, "decode"]
    told = time_shares.shares_table({"check": shares})
    assert "| detect, network | 500.0 | 62.5% |" in told
    assert "| **together** | 800.0 | 100% |" in told
    work = Work(per_pixel=1000, per_face=1e8)
    floor = Floor(0.1, work.seconds(shares.looks.pixels, shares.looks.chips, 1e10), 1e10)
    assert floor.together == pytest.approx(0.1 + 0.26)
    row = time_shares.floor_table({"check": (shares, floor)}).splitlines()[-1]
    assert row.startswith("| check | 1.00 | 2.0 | 3.0 | 800.0 | 500.0 | 130.0 | 50.0 | 180.0 |")
    assert "| 4.44 × | 26% |" in row


def node(
    operator: str, source: str, output: str, *constants: str, **sizes: tuple[int, ...]
) -> Node:
    return Node(operator, (source, *constants), output, sizes)


def test_operations_of_a_network() -> None:
    graph = Graph(
        [
            node("Conv", "x", "a", "w", kernel_shape=(3, 3), strides=(2, 2), pads=(1, 1, 1, 1)),
            node("Relu", "a", "b"),
            node("ConvTranspose", "b", "c", "t", kernel_shape=(2, 2), strides=(2, 2)),
            node("GlobalAveragePool", "c", "d"),
            node("MatMul", "d", "e", "m"),
        ],
        {
            "w": np.zeros((4, 3, 3, 3), np.float32),
            "t": np.zeros((4, 5, 2, 2), np.float32),
            "m": np.zeros((5, 7), np.float32),
        },
    )
    convolved = 2 * (4 * 3 * 3 * 3) * (8 * 8)
    spread_out = 2 * (4 * 5 * 2 * 2) * (8 * 8)
    assert operations(graph, {"x": (3, 16, 16)}) == convolved + spread_out + 2 * 5 * 7


# --- processes and costs --------------------------------------------------------------------


def test_everybody_below_a_process() -> None:
    parents = {10: 1, 11: 10, 12: 11, 13: 1, 14: 10}
    assert sorted(process_tree.descendants(10, parents)) == [10, 11, 12, 14]


def test_lines_of_proc() -> None:
    assert process_tree.parent_in("42 (a (b) c) S 7 42 42 0 -1") == 7
    rollup = "0-f ---p [rollup]\nRss:  900 kB\nPss:  512 kB\nPss_Anon:  100 kB\n"
    assert process_tree.proportional_in(rollup) == 512 * 1024
    assert process_tree.proportional_in("Rss: 9 kB\n") == 0


def test_a_start_is_taken_off() -> None:
    run, start = Ran(12.0, 20.0, 3 * 2**20, 0, ""), Ran(2.0, 4.0, None, 0, "")
    cost = albums.Cost.of(run, start, 4)
    assert (cost.clock, cost.processor) == (2.5, 4.0)
    assert cost.cells == ["0.40", "4.000", "3"]
    assert albums.Cost.of(start, run, 1).cells == ["–", "0.000", "–"]


def test_parts_are_chosen() -> None:
    assert albums.chosen("") == tuple(albums.PARTS)
    assert albums.chosen("scale,peers") == ("names", "copies", "scale")
    with pytest.raises(argparse.ArgumentTypeError, match="no part speed"):
        albums.chosen("speed")


def test_a_table() -> None:
    assert albums.table(("a", "b"), [(1, "x")]) == "| a | b |\n| --- | --- |\n| 1 | x |"
