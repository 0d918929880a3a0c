"""Networks of the institution's own in clearance.toml: every word read, every mistake located."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from clearance.errors import SettingsInvalidError
from clearance.settings import Settings, load_settings, settings_text
from detector.geometry import ARCFACE_112, DLIB_150, ChipGeometry
from detector.models import POINTS, Preparation, UserFinder, UserRecogniser
from tests.clearance.test_settings import written

HASH = "0123456789abcdef" * 4

RECOGNISER = f"""
[detection]
recogniser = "sface"
[models.sface]
kind = "recogniser"
file = "models/sface.onnx"
sha256 = "{HASH.upper()}"
licence = "Apache-2.0"
dimensions = 128
geometry = "arcface-112"
"""
FINDER = f"""
[models.yunet]
kind = "finder"
file = "yunet.onnx"
sha256 = "{HASH}"
licence = "MIT"
decoder = "yunet"
"""


def test_a_recogniser_is_read(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, RECOGNISER))
    assert settings.detection.recogniser == "sface"
    assert settings.models == {
        "sface": UserRecogniser(
            "sface", tmp_path / "models" / "sface.onnx", HASH, "Apache-2.0", ARCFACE_112, 128
        )
    }


def test_every_word_of_a_recogniser_counts(tmp_path: Path) -> None:
    points = [list(point) for point in DLIB_150.points]
    text = RECOGNISER.replace('geometry = "arcface-112"', f"side = 200\npoints = {points}")
    text += """
layout = "nhwc"
channels = "bgr"
mean = [1, 2.5, 3]
std = 127.5
output = "fc1"
normalise = false
scores = "/srv/sface-scores.npz"
"""
    (model,) = load_settings(written(tmp_path, text)).models.values()
    assert isinstance(model, UserRecogniser)
    assert model.geometry == ChipGeometry(200, DLIB_150.points)
    assert model.preparation == Preparation("nhwc", "float32", "bgr", (1, 2.5, 3), (127.5,) * 3)
    assert (model.output, model.normalise) == ("fc1", False)
    assert model.scores == Path("/srv/sface-scores.npz")


def test_every_word_of_a_finder_counts(tmp_path: Path) -> None:
    order = [POINTS[1], POINTS[0], *POINTS[2:]]
    text = (
        FINDER
        + f"""
input = "uint8"
size = [640, 320]
outputs = ["a", "b"]
landmarks = {order}
smallest_face = 16
"""
    )
    (model,) = load_settings(written(tmp_path, text)).models.values()
    assert model == UserFinder(
        "yunet",
        tmp_path / "yunet.onnx",
        HASH,
        "MIT",
        "yunet",
        Preparation(type="uint8"),
        (640, 320),
        ("a", "b"),
        tuple(order),
        16,
    )
    assert model.permutation == (1, 0, 2, 3, 4)


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ('kind = "recogniser"', 'kind = "recognizer"', 5, "must be one of finder, recogniser"),
        ('kind = "recogniser"', "", 4, "kind is missing"),
        ('"models/sface.onnx"', "3", 6, "file must be a text"),
        ('licence = "Apache-2.0"', "", 4, "licence is missing"),
        ('"Apache-2.0"', '" "', 8, "licence must be a text"),
        (HASH.upper(), "0123", 7, "64 hexadecimal digits"),
        ("dimensions = 128", "dimensions = 0", 9, "a whole number from 1 to 4096"),
        ("dimensions = 128", "dimensions = true", 9, "a whole number"),
        ("dimensions = 128", "", 4, "dimensions is missing"),
        ('"arcface-112"', '"arcface"', 10, "must be one of arcface-112, dlib-150"),
        ('geometry = "arcface-112"', "", 4, "side is missing"),
        ('geometry = "arcface-112"', "side = 112", 4, "points is missing"),
        ('geometry = "arcface-112"', "side = 112\npoints = [[1, 2]]", 11, "five different points"),
        ("geometry", "points = []\ngeometry", 10, "which says it already"),
        ("dimensions", 'layout = "chw"\ndimensions', 9, "one of nchw, nhwc"),
        ("dimensions", "mean = [1, 2]\ndimensions", 9, "a number, or three"),
        ("dimensions", "mean = nan\ndimensions", 9, "a number, or three"),
        ("dimensions", "std = 0\ndimensions", 9, "must not be 0"),
        ("dimensions", "scale = 127.5\ndimensions", 9, "scale is not known"),
        ("dimensions", 'decoder = "yunet"\ndimensions', 9, "decoder is not known"),
        ("dimensions", 'input = "uint8"\nstd = 2\ndimensions', 10, "takes uint8"),
        ("dimensions", "normalise = 1\ndimensions", 9, "must be true or false"),
        ("[models.sface]", "[models.SFace]", 4, "small letters"),
        ("[models.sface]", "[models.centerface]", 4, "name of a built-in network"),
        ("[models.sface]", "[modells.sface]", 4, "is not a section"),
        ('kind = "recogniser"', 'kind = "finder"', 9, "dimensions is not known"),
    ],
)
def test_a_mistake_about_a_recogniser_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, says: str
) -> None:
    assert old in RECOGNISER
    with pytest.raises(SettingsInvalidError, match=rf"line {line}: .*{says}"):
        load_settings(written(tmp_path, RECOGNISER.replace(old, new, 1)))


@pytest.mark.parametrize(
    ("more", "line", "says"),
    [
        ('decoder = "retinaface"', 7, "one of centerface, scrfd, yunet"),
        ("size = [640]", 8, "multiples of 32 from 128 on"),
        ("size = [640, 641]", 8, "multiples of 32"),
        ("size = [64, 64]", 8, "from 128 on"),
        ("size = 640", 8, "multiples of 32"),
        ('landmarks = ["nose"]', 8, "must name each of left_eye"),
        ('outputs = "cls_8"', 8, "list of texts"),
        ("smallest_face = 0", 8, "a whole number from 1"),
        ('scores = "x"', 8, "scores is not known"),
    ],
)
def test_a_mistake_about_a_finder_is_named_with_its_line(
    tmp_path: Path, more: str, line: int, says: str
) -> None:
    text = FINDER.replace('decoder = "yunet"\n', "") if "decoder" in more else FINDER
    with pytest.raises(SettingsInvalidError, match=rf"line {line}: .*{says}"):
        load_settings(written(tmp_path, text + more + "\n"))


def test_a_network_written_as_one_key_is_located_by_it(tmp_path: Path) -> None:
    text = '\n\n[models]\nsface = { kind = "pet" }\n'
    with pytest.raises(SettingsInvalidError, match=r"line 4: \[models.sface\] kind must be one of"):
        load_settings(written(tmp_path, text))


@pytest.mark.parametrize(
    ("key", "name", "kind"), [("finder", "sface", "recogniser"), ("recogniser", "yunet", "finder")]
)
def test_a_network_is_chosen_for_what_it_can_do(
    tmp_path: Path, key: str, name: str, kind: str
) -> None:
    text = RECOGNISER.replace('recogniser = "sface"', f'{key} = "{name}"', 1) + FINDER
    says = rf"line 3: \[detection\] {key} names \[models.{name}\], which is a {kind}"
    with pytest.raises(SettingsInvalidError, match=says):
        load_settings(written(tmp_path, text))


@pytest.mark.parametrize(("text", "line"), [("models = 3\n", 1), ("[models]\nsface = 3\n", 2)])
def test_a_network_is_a_section(tmp_path: Path, text: str, line: int) -> None:
    says = rf"line {line}: .*must be a section: write \[models.NAME\]"
    with pytest.raises(SettingsInvalidError, match=says):
        load_settings(written(tmp_path, text))


def test_the_file_that_init_writes_declares_no_network() -> None:
    assert "models" not in settings_text(Settings())


def test_nothing_more_is_imported_where_no_network_is_declared(tmp_path: Path) -> None:
    program = f"""
import sys
from pathlib import Path
from clearance.settings import load_settings
from clearance.commandline import detector_for
detector_for(load_settings(Path({str(written(tmp_path, settings_text(Settings())))!r})))
print([name for name in sys.modules if "model" in name and "detector" in name or "user_" in name
       or name == "clearance.model_settings"])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
