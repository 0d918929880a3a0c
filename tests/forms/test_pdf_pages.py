"""Pages of a PDF are drawn by a child, which no PDF can keep busy and nothing leaves behind."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from forms import pdf_pages
from forms.errors import ScanTooLargeError, ScanUnreadableError
from forms.scans import open_scans

Processes = list["subprocess.Popen[bytes]"]


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> Processes:
    """Every child that was started, in order."""
    started: Processes = []
    popen = subprocess.Popen

    def start(*arguments: object, **options: object) -> subprocess.Popen[bytes]:
        started.append(popen(*arguments, **options))  # type: ignore[call-overload]
        return started[-1]

    monkeypatch.setattr("forms.pdf_pages.subprocess.Popen", start)
    return started


def must_be_gone(children: Processes) -> None:
    # Not `poll`, which would wait for it here.
    assert [child.returncode is not None for child in children] == [True]


# --- documents -------------------------------------------------------------------------------

Objects = list[bytes]


def pdf(objects: Objects) -> bytes:
    """A file of these objects, the first of which is the catalogue."""
    body, places = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return body + (
        b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<</Size %d/Root 1 0 R>>\n"
        b"startxref\n%d\n%%%%EOF" % (size, table, size, len(body))
    )


def stream(entries: bytes, content: bytes) -> bytes:
    return b"<<%b/Length %d>>stream\n%b\nendstream" % (entries, len(content), content)


def bomb(*, levels: int = 10, calls: int = 10, side: int = 500) -> bytes:
    """An empty page, and one that draws a form that draws a form ...: calls ** levels lines."""
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]" % (side, side)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2>>",
        page + b">>",
        page + b"/Resources<</XObject<</F 6 0 R>>>>/Contents 5 0 R>>",
        stream(b"", b"/F Do " * calls),
    ]
    form = b"/Type/XObject/Subtype/Form/BBox[0 0 500 500]/Resources<<%b>>"
    for level in range(1, levels):
        inner = b"/XObject<</F %d 0 R>>" % (6 + level)
        objects.append(stream(form % inner, b"/F Do " * calls))
    return pdf([*objects, stream(form % b"", b"0 0 m 9 9 l S")])


def sheets(*numbers: int) -> bytes:
    """Pages as a scanner makes them: one picture each, a black bar at another place."""
    pages = []
    for number in numbers:
        page = Image.new("L", (1200, 1600), 240)
        page.paste(20, (100 * number, 300, 100 * number + 60, 900))
        pages.append(page)
    file = io.BytesIO()
    pages[0].save(file, "PDF", save_all=True, append_images=pages[1:], resolution=150)
    return file.getvalue()


def typed(*, encrypt: str | None = None, field: bool = False, scan: bool = False) -> bytes:
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(600, 800), encrypt=encrypt)
    if scan:
        canvas.drawInlineImage(Image.new("L", (60, 80), 240), 0, 0, 600, 800)
    canvas.drawString(100, 400, "typed")
    if field:
        canvas.acroForm.textfield(x=100, y=200, value="filled in")
    canvas.save()
    return file.getvalue()


def kept(folder: Path, data: bytes) -> Path:
    path = folder / "stack.pdf"
    path.write_bytes(data)
    return path


# --- what is drawn ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "on_screen"),
    [
        (sheets(1, 2, 3), False),
        (typed(scan=True), False),
        (typed(), True),
        (typed(field=True), True),
        (typed(scan=True, field=True), True),
    ],
    ids=["scans", "noted scan", "typed", "fields", "fields on a scan"],
)
def test_a_page_is_what_pdfium_draws_of_it(
    tmp_path: Path, children: Processes, data: bytes, on_screen: bool
) -> None:
    with pypdfium2.PdfDocument(data) as document:
        document.init_forms()
        drawn = [
            page.render(
                scale=min(3300 / max(page.get_size()), 300 / 72),
                grayscale=True,
                may_draw_forms=True,
            ).to_numpy()
            for page in document
        ]
    scans = list(open_scans(kept(tmp_path, data))[1])
    assert [scan.number for scan in scans] == list(range(1, len(drawn) + 1))
    for scan, wanted in zip(scans, drawn, strict=True):
        assert scan.on_screen is on_screen
        assert scan.grey.min() < 100
        assert np.array_equal(scan.grey, wanted)
    must_be_gone(children)


def test_the_child_loads_nothing_of_ours_and_nothing_large() -> None:
    # What it loads is waited for with every file.
    told = "import runpy, sys; runpy.run_path(sys.argv[1]); print(*sys.modules)"
    child = Path(pdf_pages.__file__).with_name("pdf_drawing.py")
    done = subprocess.run(
        [sys.executable, "-P", "-c", told, str(child)], capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "pypdfium2" in loaded
    assert not loaded & {"numpy", "PIL", "scipy", "forms", "detector", "clearance", "consent"}


def test_modules_beside_the_child_are_not_taken_for_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = tmp_path / "child.py"
    child.write_bytes(pdf_pages._DRAWING.read_bytes())
    (tmp_path / "json.py").write_text("raise SystemExit\n")
    monkeypatch.setattr(pdf_pages, "_DRAWING", child)
    assert next(open_scans(kept(tmp_path, sheets(1)))[1]).number == 1


# --- what is refused -------------------------------------------------------------------------


def refused(pages: Iterator[object], error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told) as caught:
        next(pages)
    assert len(str(caught.value).splitlines()) == 1
    assert str(caught.value).startswith("stack.pdf: ")


def test_a_page_that_would_be_drawn_for_ever_is_given_up(
    tmp_path: Path, children: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, pages = open_scans(kept(tmp_path, bomb()))
    assert next(pages).number == 1
    # Only now: a busy machine may take longer to start the child.
    monkeypatch.setattr(pdf_pages, "SECONDS", 1.0)
    refused(pages, ScanTooLargeError, "page 2 takes more than 1 seconds to draw")
    must_be_gone(children)


def test_a_document_that_does_not_open_in_time_is_given_up(
    tmp_path: Path, children: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    asleep = tmp_path / "asleep.py"
    asleep.write_text("import time\ntime.sleep(10)\n")
    monkeypatch.setattr(pdf_pages, "_DRAWING", asleep)
    monkeypatch.setattr(pdf_pages, "SECONDS", 0.5)
    _, pages = open_scans(kept(tmp_path, sheets(1)))
    refused(pages, ScanTooLargeError, r"more than 0\.5 seconds to open")
    must_be_gone(children)
    assert children[0].returncode != 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of a process")
def test_a_page_that_would_fill_the_memory_is_given_up(
    tmp_path: Path, children: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf_pages, "MEMORY", 300 * 1024**2)
    _, pages = open_scans(kept(tmp_path, bomb()))
    assert next(pages).number == 1
    refused(pages, ScanUnreadableError, "page 2 breaks .* or needs too much memory")
    must_be_gone(children)


def test_a_child_that_is_killed_is_told_and_not_waited_for(
    tmp_path: Path, children: Processes
) -> None:
    _, pages = open_scans(kept(tmp_path, sheets(1, 2, 3)))
    assert next(pages).number == 1
    children[0].kill()
    refused(pages, ScanUnreadableError, "page 2 breaks the program that draws it")
    must_be_gone(children)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "hello",
        "5",
        "[]",
        "[" * 4000,
        '{"pages": "many"}',
        '{"pages": Infinity, "fillable": false}',
        '{"refused": "no such reason", "reason": ""}',
        '{"refused": "damaged"}',
    ],
)
def test_a_child_that_says_nonsense_is_not_believed(
    tmp_path: Path, children: Processes, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    speaking(tmp_path, monkeypatch, said)
    _, pages = open_scans(kept(tmp_path, sheets(1)))
    refused(pages, ScanUnreadableError, "breaks the program that opens it")
    must_be_gone(children)


@pytest.mark.parametrize(
    ("page", "pixels"),
    [
        ('{"width": 20, "height": 20, "stride": 20, "scanned": true}', 400),
        ('{"width": 9, "height": 0, "stride": 9, "scanned": true}', 0),
        ('{"width": 9, "height": -9, "stride": 9, "scanned": true}', 0),
        ('{"width": 9, "height": 9, "stride": 8, "scanned": true}', 81),
        ('{"width": 9, "height": 9, "stride": 9, "scanned": true}', 80),
        ('{"width": 9, "height": 9, "stride": 9}', 81),
    ],
    ids=["too large", "flat", "negative", "narrow", "cut off", "half told"],
)
def test_a_page_that_cannot_be_is_not_believed(
    tmp_path: Path,
    children: Processes,
    monkeypatch: pytest.MonkeyPatch,
    page: str,
    pixels: int,
) -> None:
    monkeypatch.setattr("forms.scans._MAX_PIXELS", 300)
    told = f'{{"pages": 1, "fillable": false}}\n{page}\n'
    speaking(tmp_path, monkeypatch, told + "x" * pixels)
    _, pages = open_scans(kept(tmp_path, sheets(1)))
    refused(pages, ScanUnreadableError, "page 1 breaks the program that draws it")
    must_be_gone(children)


def speaking(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Let a program that says this draw the pages."""
    child = folder / "speaking.py"
    # It listens to the end: whoever asks for a page must not find it gone before they read.
    child.write_text(
        "import os, sys\nsys.stdin.buffer.readline()\n"
        f"sys.stdout.buffer.write({text.encode()!r})\nsys.stdout.buffer.flush()\n"
        "os.close(1)\nsys.stdin.buffer.read()\nos._exit(0)\n"
    )
    monkeypatch.setattr(pdf_pages, "_DRAWING", child)


def test_where_no_child_starts_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no python"))
    _, pages = open_scans(kept(tmp_path, sheets(1)))
    refused(pages, ScanUnreadableError, "no second program starts")


def test_a_protected_document_is_told_as_such(tmp_path: Path, children: Processes) -> None:
    _, pages = open_scans(kept(tmp_path, typed(encrypt="secret")))
    refused(pages, ScanUnreadableError, "protected by a password; save it without one")
    must_be_gone(children)


def test_a_page_of_a_hundred_metres_is_refused(tmp_path: Path, children: Processes) -> None:
    _, pages = open_scans(kept(tmp_path, bomb(levels=1, side=300_000)))
    refused(pages, ScanTooLargeError, "page 1 is longer or wider than 5 metres")
    must_be_gone(children)


def test_the_pictures_of_a_page_are_counted_together(
    tmp_path: Path, children: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = b"/Type/XObject/Subtype/Image/Width 9/Height 9/ColorSpace/DeviceGray"
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 90 90]"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        page + b"/Resources<</XObject<</I 5 0 R>>>>/Contents 4 0 R>>",
        stream(b"", b"q 9 0 0 9 0 0 cm /I Do Q " * 3),
        stream(picture + b"/BitsPerComponent 8", bytes(81)),
    ]
    path = kept(tmp_path, pdf(objects))
    monkeypatch.setattr("forms.scans._MAX_PIXELS", 2 * 81)
    refused(open_scans(path)[1], ScanTooLargeError, "a page declares more than")
    must_be_gone(children)


# --- nothing stays behind --------------------------------------------------------------------


def test_pages_that_nobody_wants_any_more_end_the_child(
    tmp_path: Path, children: Processes
) -> None:
    path = kept(tmp_path, sheets(1, 2, 3))
    assert not children
    # The iterator is dropped with the expression.
    assert next(open_scans(path)[1]).number == 1
    must_be_gone(children)


def test_ctrl_c_ends_the_child(
    tmp_path: Path, children: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr("forms.pdf_pages._Child.pixels", interrupted)
    _, pages = open_scans(kept(tmp_path, sheets(1)))
    with pytest.raises(KeyboardInterrupt):
        next(pages)
    must_be_gone(children)


def test_a_child_whose_parent_was_killed_ends_in_the_midst_of_a_page() -> None:
    data = bomb()
    limits = b'{"bytes": %d, "memory": %d, "pixels": 1000000}\n' % (len(data), pdf_pages.MEMORY)
    child = subprocess.Popen(
        [sys.executable, "-P", str(Path(pdf_pages.__file__).with_name("pdf_drawing.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        child.stdin.write(limits + data)
        child.stdin.flush()
        # The document and the first page; the second is the bomb.
        assert b"fillable" in child.stdout.readline()
        first = child.stdout.readline()
        assert b"height" in first
        child.stdout.read(2084 * 2084)
        child.stdin.close()
        assert child.wait(timeout=20) == 1
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
