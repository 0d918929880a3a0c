"""An album of 2,000 pictures at the desk: how soon it is seen, and how much memory it takes.

    python -m benchmarks.desk [--pictures 2000] [--registry FOLDER]

The pictures are small drawn ones, each with bytes of its own, and are judged as any album is. Then
a real browser opens the album, goes through every page of tiles, and opens pictures; the server
runs in a process of its own whose memory is read. Printed as a table in Markdown.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import multiprocessing
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from PIL import Image

from clearance.commandline import detector_for, today
from clearance.demo import build_demo
from clearance.settings import Settings
from review.desk import Desk
from review.roles import Role
from review.serving import Listening, address_of, bound, server
from review.visit import Cookie

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from playwright.sync_api import Page

SAMPLES = Path(__file__).resolve().parent.parent / "sample_media"
SIDE = 480
PASSWORD = "two thousand pictures"


def pictures(number: int) -> Iterator[tuple[str, bytes]]:
    """So many small pictures, no two of the same bytes."""
    drawn = [
        Image.open(path).convert("RGB").resize((SIDE, SIDE))
        for path in sorted((SAMPLES / "portraits").glob("*.jpg"))[:20]
    ]
    for one in range(number):
        image = drawn[one % len(drawn)].copy()
        # A corner of its own, so that none is a twin of another.
        image.putpixel((0, 0), (one % 256, one // 256 % 256, 7))
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=90, comment=f"{one}".encode())
        yield f"picture-{one:05}.jpg", stream.getvalue()


def filled(folder: Path, number: int) -> str:
    """A desk with an album of so many judged pictures; the id of the album."""
    desk = Desk(folder)
    bench = desk.workbench
    album = bench.albums.create("Everything", channels=["website"], by="Benchmark")
    begun = time.perf_counter()
    for name, data in pictures(number):
        bench.albums.add_file(album.id, name, io.BytesIO(data))
    came = time.perf_counter()
    bench.runner.begin(album.id)
    while (progress := bench.runner.progress(album.id)).running:
        print(f"\r{progress.done} of {progress.total}", end="", flush=True)
        time.sleep(2)
    judged = time.perf_counter()
    print(
        f"\rtaken in: {(came - begun) / number * 1000:.1f} ms a picture, "
        f"judged: {(judged - came) / number * 1000:.1f} ms a picture"
    )
    desk.close()
    return album.id


def serve(folder: Path, told: Connection) -> None:
    """A desk in a process of its own; it tells its port and the secret of a session."""
    desk = Desk(folder)
    account = desk.accounts.named("anna") or desk.accounts.add("anna", "Anna", PASSWORD, Role)
    with contextlib.closing(bound(Listening())) as socket:
        address = address_of(Listening(), socket.getsockname()[1])
        told.send((address.origins[0], Cookie.of(address).name))
        told.send(desk.accounts.begin_session(account))
        server(desk, Listening(), address).run(sockets=[socket])


def first_tile(page: Page, path: str) -> float:
    """Seconds from asking for a page until its first small picture is there."""
    begun = time.perf_counter()
    page.goto(path, wait_until="commit")
    page.wait_for_selector(".tile img")
    image = page.locator(".tile img").first
    while not image.evaluate("image => image.complete && image.naturalWidth > 0"):
        time.sleep(0.005)
    return time.perf_counter() - begun


def measured(folder: Path, album: str) -> None:
    """Go through the album, and print what was seen."""
    from playwright.sync_api import sync_playwright

    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(folder, there))
    process.start()
    (origin, cookie), secret = here.recv(), here.recv()
    memory = psutil.Process(process.pid).memory_info
    try:
        with sync_playwright() as playwright:
            chromium = shutil.which("chromium") or shutil.which("chromium-browser")
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            context = browser.new_context(base_url=origin)
            context.add_cookies([{"name": cookie, "value": secret, "url": origin}])
            page = context.new_page()
            cold = first_tile(page, f"/pictures/{album}")
            before = memory().rss
            times = []
            pages = int(page.locator(".pager span").inner_text().split()[-1])
            for number in range(1, pages + 1):
                times.append(first_tile(page, f"/pictures/{album}?page={number}"))
            after = memory().rss
            blocked = first_tile(page, f"/pictures/{album}?verdict=cleared")
            browser.close()
    finally:
        process.terminate()
        process.join()
    print("| | |\n|---|---|")
    print(f"| first tile, just after the start | {cold * 1000:.0f} ms |")
    print(f"| first tile of a page, median of {pages} | {statistics.median(times) * 1000:.0f} ms |")
    print(f"| the slowest page | {max(times) * 1000:.0f} ms |")
    print(f"| first tile of those with one verdict | {blocked * 1000:.0f} ms |")
    print(f"| memory of the server with one page open | {before / 2**20:.0f} MiB |")
    print(f"| after all {pages} pages | {after / 2**20:.0f} MiB |")


def main() -> None:
    """Fill a desk, or take one that is there, and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--registry", type=Path, help="one that an earlier run filled")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.registry or Path(temporary) / "registry"
        if not folder.exists():
            build_demo(folder.parent, detector_for(Settings()), today())
            album = filled(folder, chosen.pictures)
        else:
            desk = Desk(folder)
            album = desk.workbench.albums.albums()[0].id
            desk.close()
        measured(folder, album)


if __name__ == "__main__":
    main()
