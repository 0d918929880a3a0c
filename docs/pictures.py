"""Draw the README's picture: before, after, and the clearance report, from the demo.

python docs/pictures.py
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
from pathlib import Path

import pypdfium2
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
import cli  # noqa: E402 - found only now that the project is on the path

PHOTO = Path("sample_media") / "ward-opening.jpg"
TARGET = ROOT / "docs" / "images" / "demo.jpg"
HEIGHT = 560
GAP = 16


def clearance(*arguments: object) -> None:
    """Run one command; the exit code that says "not cleared" is expected."""
    with contextlib.suppress(SystemExit):
        cli.app([str(argument) for argument in arguments], prog_name="clearance")


def fitted(picture: Image.Image) -> Image.Image:
    """The picture at the common height."""
    width = round(picture.width * HEIGHT / picture.height)
    return picture.convert("RGB").resize((width, HEIGHT), Image.Resampling.LANCZOS)


def main() -> None:
    """Build the demo, clear the photo for the website, put the three pictures side by side."""
    with tempfile.TemporaryDirectory() as temporary, contextlib.chdir(temporary):
        # Short paths, as a reader of the picture would have them.
        Path("sample_media").mkdir()
        shutil.copy(ROOT / PHOTO, PHOTO)
        clearance("demo", "demo")
        options = ["--registry", "demo/registry", "--channel", "website"]
        clearance("check", PHOTO, *options, "--blur", "-o", "publish", "--report", "report.pdf")
        document = pypdfium2.PdfDocument("report.pdf")
        page = document[0].render(scale=2).to_pil()
        document.close()
        with Image.open(PHOTO) as before, Image.open(Path("publish") / PHOTO.name) as after:
            row = [fitted(before), fitted(after), fitted(page)]
    sheet = Image.new("RGB", (sum(p.width for p in row) + GAP * (len(row) - 1), HEIGHT), "#d0d7de")
    left = 0
    for picture in row:
        sheet.paste(picture, (left, 0))
        left += picture.width + GAP
    TARGET.parent.mkdir(exist_ok=True)
    sheet.save(TARGET, quality=85)


if __name__ == "__main__":
    main()
