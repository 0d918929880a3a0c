"""`clearance export` as people use it: on the sample pictures, from command to file."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from PIL import Image

from clearance.commandline import ExitCode
from clearance.metadata import read_packet
from clearance.second_look import SecondLook
from detector.faces import Box, Face
from detector.photo import open_photo
from tests.commands import EVERY_PURPOSE, ROOT, SAMPLES, run

WARD = SAMPLES / "ward-opening.jpg"
PORTRAIT = SAMPLES / "portraits" / "jurg-mettler-1.jpg"
WEBSITE = ("--channel", "website")
SCHEMA = json.loads((ROOT / "clearance" / "schemas" / "photo.schema.json").read_text("utf-8"))

NAMESPACES = (
    'xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" '
    'xmlns:Iptc4xmpCore="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/" '
    'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
)


def tagged(path: Path, properties: str) -> Path:
    """A copy of the portrait of Jürg Mettler that says something of itself."""
    xmp = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {NAMESPACES}>{properties}</rdf:Description>'
        "</rdf:RDF></x:xmpmeta>"
    )
    with Image.open(PORTRAIT) as image:
        image.save(path, "JPEG", quality=95, xmp=xmp.encode())
    return path


def alternative(name: str, text: str) -> str:
    return f'<{name}><rdf:Alt><rdf:li xml:lang="x-default">{text}</rdf:li></rdf:Alt></{name}>'


def listed(name: str, *texts: str) -> str:
    return f"<{name}><rdf:Bag>{''.join(f'<rdf:li>{t}</rdf:li>' for t in texts)}</rdf:Bag></{name}>"


def exported(*arguments: object, code: ExitCode = ExitCode.CLEARED) -> dict[str, Any]:
    document = run("export", *arguments, "--json").assert_exit(code).document
    jsonschema.validate(document, SCHEMA)
    return document


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_answer_is_about_the_copies(demo_registry: Path, tmp_path: Path) -> None:
    before = digest(WARD)
    document = exported(WARD, "--registry", demo_registry, *WEBSITE, "-o", tmp_path)
    export = document["export"]
    assert document["outcome"] == "blocked"
    assert export["outcome"] == "redacted"
    assert export["sha256"] == digest(tmp_path / "ward-opening.jpg")
    assert export["checks"]["heads_hidden"] == len(export["hidden"])
    assert export["checks"]["strangers_as_alike"] > 0.001
    assert export["release"] == "MR-LMR"
    packet = read_packet(open_photo(Path(export["path"])).embedded.xmp or b"")
    assert export["written"] == {name: list(values) for name, values in packet.items()}
    assert {"exif", "coordinates"} <= set(export["removed"])
    assert digest(WARD) == before


def test_without_a_folder_copies_go_to_cleared(
    demo_registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run("check", WARD, "--registry", demo_registry, "--blur").assert_exit(ExitCode.NOT_CLEARED)
    assert [path.name for path in (tmp_path / "cleared").iterdir()] == ["ward-opening.jpg"]


@pytest.mark.parametrize("style", ["soft", "stripes", "emoji", "initials"])
def test_every_style_passes_its_checks(demo_registry: Path, tmp_path: Path, style: str) -> None:
    common = (WARD, "--registry", demo_registry, *WEBSITE, "-o", tmp_path / style)
    export = exported(*common, "--style", style)["export"]
    assert export["style"] == style
    plain, copy = open_photo(WARD).pixels, open_photo(Path(export["path"])).pixels
    for left, top, right, bottom in export["hidden"]:
        window = np.s_[top:bottom, left:right]
        assert np.abs(copy[window].astype(int) - plain[window]).mean() > 10


def test_a_true_blur_is_for_cleared_people_only(demo_registry: Path, tmp_path: Path) -> None:
    blurred = ("--registry", demo_registry, *WEBSITE, "--style", "cosmetic", "-o", tmp_path)
    refused = exported(WARD, *blurred, code=ExitCode.INPUT_OR_OUTPUT)
    assert "A blur can be undone" in refused["problem"]
    assert not list(tmp_path.iterdir())

    photo = shutil.copy(PORTRAIT, tmp_path / "01.jpg")
    export = exported(photo, *blurred, "-o", tmp_path / "out")["export"]
    assert (export["outcome"], export["hidden"]) == ("cleared", [])
    (left, top, right, bottom) = run(
        "check", photo, "--registry", demo_registry, *WEBSITE, "--json"
    ).document["faces"][0]["box"]
    window = np.s_[top:bottom, left:right]
    sharp, smooth = (open_photo(Path(path)).pixels[window] for path in (photo, export["path"]))
    assert (
        np.abs(np.diff(smooth.astype(int), axis=1)).mean()
        < 0.5 * np.abs(np.diff(sharp.astype(int), axis=1)).mean()
    )


def test_a_person_may_hide_more(demo_registry: Path, tmp_path: Path) -> None:
    photo = shutil.copy(PORTRAIT, tmp_path / "01.jpg")
    common = (photo, "--registry", demo_registry, *WEBSITE)
    seen = exported(*common, "-o", tmp_path / "a")["export"]
    assert (seen["hidden"], seen["release"]) == ([], "MR-LMR")
    hidden = exported(*common, "--hide", "1", "-o", tmp_path / "b")["export"]
    assert (len(hidden["hidden"]), hidden["release"]) == (1, "MR-NAP")
    masked = exported(*common, "--mask", "box:10,20,60,90", "-o", tmp_path / "c")["export"]
    assert masked["drawn"] == ["box:10,20,60,90"]
    assert masked["outcome"] == "redacted"
    under = open_photo(Path(masked["path"])).pixels[25:85, 15:55]
    assert under.std(axis=(0, 1)).max() < 2
    wrong = exported(*common, "--hide", "7", "-o", tmp_path / "d", code=ExitCode.INPUT_OR_OUTPUT)
    assert "no face 7" in wrong["problem"]


def test_a_mask_beside_the_picture_is_said(demo_registry: Path, tmp_path: Path) -> None:
    document = exported(
        *(WARD, "--registry", demo_registry, *WEBSITE, "-o", tmp_path),
        *("--mask", "box:9000,9000,9100,9100"),
        code=ExitCode.INPUT_OR_OUTPUT,
    )
    assert "lies outside" in document["problem"]


def test_a_crop_is_offered_and_written_when_asked_for(demo_registry: Path, tmp_path: Path) -> None:
    """A cleared person, and far to the right somebody nobody knows."""
    with Image.open(PORTRAIT) as known, Image.open(SAMPLES / "album" / "02.jpg") as crowd:
        wide = Image.new("RGB", (known.width + 900, known.height), (120, 130, 140))
        wide.paste(known, (0, 0))
        stranger = crowd.crop(_a_face(SAMPLES / "album" / "02.jpg", demo_registry))
        wide.paste(stranger, (wide.width - stranger.width - 5, 200))
    photo = tmp_path / "wide.png"
    wide.save(photo)
    common = (photo, "--registry", demo_registry, *WEBSITE)
    offered = exported(*common, "-o", tmp_path / "a")["export"]
    assert offered["crop"] is None
    assert offered["crop_offered"]
    cut = exported(*common, "--suggest-crop", "-o", tmp_path / "b")["export"]
    left, top, right, bottom = cut["crop"]
    assert cut["crop"] == offered["crop_offered"]
    assert (cut["width"], cut["height"]) == (right - left, bottom - top)
    np.testing.assert_array_equal(
        open_photo(Path(cut["path"])).pixels, open_photo(photo).pixels[top:bottom, left:right]
    )


def _a_face(photo: Path, registry: Path) -> tuple[int, int, int, int]:
    """The surroundings of a face that is blocked."""
    faces = run("check", photo, "--registry", registry, *WEBSITE, "--json").document["faces"]
    left, top, right, bottom = next(f["box"] for f in faces if f["outcome"] == "blocked")
    across, down = right - left, bottom - top
    return (max(0, left - across), max(0, top - down), right + across, bottom + down)


def test_a_smaller_copy_in_another_format(demo_registry: Path, tmp_path: Path) -> None:
    export = exported(
        *(WARD, "--registry", demo_registry, *WEBSITE, "-o", tmp_path),
        *("--format", "webp", "--quality", "80", "--max-edge", "600"),
    )["export"]
    assert Path(export["path"]).name == "ward-opening.webp"
    assert max(export["width"], export["height"]) == 600
    with Image.open(export["path"]) as copy:
        assert copy.format == "WEBP"


def test_what_the_file_says_is_a_hint(demo_registry: Path, tmp_path: Path) -> None:
    photo = tagged(tmp_path / "01.jpg", listed("Iptc4xmpExt:PersonInImage", "Anna Keller"))
    answer = run("check", photo, "--registry", demo_registry, *WEBSITE)
    assert "The file names Anna Keller: a hint, and no consent" in answer.result.stdout
    document = run("check", photo, "--registry", tmp_path / "none", "--json").document
    assert document["hints"]["people"] == ["Anna Keller"]
    assert document["outcome"] == "blocked"


def packet_of(path: str) -> str:
    with Image.open(path) as copy:
        return bytes(copy.info.get("xmp", b"")).decode()


def test_credits_are_carried_over_and_names_are_not(demo_registry: Path, tmp_path: Path) -> None:
    photo = tagged(
        tmp_path / "01.jpg",
        "<dc:creator><rdf:Seq><rdf:li>Foto Belmont</rdf:li></rdf:Seq></dc:creator>"
        "<photoshop:Credit>Hôpital de Belmont</photoshop:Credit>"
        + alternative("dc:rights", "© Belmont 2026")
        + alternative("Iptc4xmpCore:AltTextAccessibility", "Dr. Mettlers Team im Gang")
        + alternative("dc:description", "Juerg METTLER eröffnet die Station"),
    )
    export = exported(photo, "--registry", demo_registry, *WEBSITE, "-o", tmp_path / "out")[
        "export"
    ]
    assert export["carried"] == ["creator", "credit", "copyright"]
    told = {(name["where"], name["words"]) for name in export["names"]}
    assert {where for where, _ in told} == {"alt_text", "caption"}
    xmp = packet_of(export["path"])
    assert "Foto Belmont" in xmp
    assert "© Belmont 2026" in xmp
    assert "DMI-PROHIBITED-AIMLTRAINING" in xmp
    assert "MR-LMR" in xmp
    assert "DEMO-003" in xmp
    assert "ettler" not in xmp.lower()


def test_whoever_agreed_to_be_named_is_named(
    registry: Path, tmp_path: Path, evidence: Path
) -> None:
    alt = alternative("Iptc4xmpCore:AltTextAccessibility", "Jürg Mettler im Gang")
    photo = tagged(tmp_path / "01.jpg", alt)
    run(
        *("consent", "renew", "DEMO-003", "--serial", "T-77", "--evidence", evidence),
        *("--signed", "2026-03-01", "--until", "2036-01-01", "--material", "photo"),
        *(*EVERY_PURPOSE, "--channel", "website", "--biometric", "--named"),
        *("--registry", registry),
    ).assert_exit(ExitCode.CLEARED)
    export = exported(photo, "--registry", registry, *WEBSITE, "-o", tmp_path / "out")["export"]
    assert export["carried"] == ["alt_text"]
    assert "Jürg Mettler im Gang" in packet_of(export["path"])


def test_a_file_name_that_names_somebody_refuses_the_copy(
    demo_registry: Path, tmp_path: Path
) -> None:
    photo = shutil.copy(PORTRAIT, tmp_path / "juergMettler_2026.jpg")
    out = tmp_path / "out"
    out.mkdir()
    (out / "juergMettler_2026.jpg").write_bytes(b"an earlier copy")
    refused = exported(
        *(photo, "--registry", demo_registry, *WEBSITE, "-o", out), code=ExitCode.INPUT_OR_OUTPUT
    )
    assert "rename the photo" in refused["problem"]
    assert not list(out.iterdir()), "the earlier copy names somebody as well"


def test_without_a_registry_no_text_is_carried_over(tmp_path: Path) -> None:
    photo = tagged(tmp_path / "01.jpg", alternative("dc:rights", "© Anna Keller"))
    export = exported(photo, "--registry", tmp_path / "none", "-o", tmp_path / "out")["export"]
    assert export["carried"] == []
    assert export["release"] == "MR-NAP"
    assert "Keller" not in packet_of(export["path"])


def test_the_sidecar_is_for_the_institution_alone(demo_registry: Path, tmp_path: Path) -> None:
    photo = Path(shutil.copy(WARD, tmp_path / "ward.jpg"))
    out = tmp_path / "out"
    exported(photo, "--registry", demo_registry, *WEBSITE, "--sidecar", "-o", out)
    sidecar = tmp_path / "ward.jpg.xmp"
    text = sidecar.read_text(encoding="utf-8")
    assert "Jürg Mettler" in text
    assert [path.name for path in out.iterdir()] == ["ward.jpg"]
    # Ours is written anew, another program's is not.
    exported(photo, "--registry", demo_registry, *WEBSITE, "--sidecar", "-o", out)
    sidecar.write_text("<x:xmpmeta>somebody's work</x:xmpmeta>", encoding="utf-8")
    refused = exported(
        *(photo, "--registry", demo_registry, *WEBSITE, "--sidecar", "-o", out),
        code=ExitCode.INPUT_OR_OUTPUT,
    )
    assert "ward.jpg.xmp" in refused["problem"]
    assert sidecar.read_text(encoding="utf-8") == "<x:xmpmeta>somebody's work</x:xmpmeta>"


def see_again(monkeypatch: pytest.MonkeyPatch, sees: Callable[[int], Face]) -> None:
    """Let the look at a copy see somebody else each time."""
    looks = iter(range(100))
    for look in ("at", "again"):
        monkeypatch.setattr(SecondLook, look, lambda *_: (sees(next(looks)),))


def test_whoever_is_seen_only_in_the_copy_is_hidden_and_told_of(
    demo_registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = shutil.copy(PORTRAIT, tmp_path / "01.jpg")
    corner = Face(Box(20, 600, 60, 650), 0.9)
    see_again(monkeypatch, lambda _: corner)
    document = exported(
        *(photo, "--registry", demo_registry, *WEBSITE, "-o", tmp_path / "out", "--sidecar")
    )
    export = document["export"]
    # The sidecar lies beside the original, in which that face is to be seen.
    sidecar = (tmp_path / "01.jpg.xmp").read_text(encoding="utf-8")
    assert "<xmp:Label>Yellow</xmp:Label>" in sidecar
    assert export["appeared"] == export["hidden"] == [[20, 600, 60, 650]]
    assert document["outcome"] == "review"
    assert document["faces"][-1]["reasons"] == ["found_in_copy"]


def test_a_copy_that_fails_is_deleted_and_explained(
    demo_registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def restless(look: int) -> Face:
        return Face(Box(10 + 60 * look, 20, 30 + 60 * look, 45), 0.9)

    see_again(monkeypatch, restless)
    photo = shutil.copy(PORTRAIT, tmp_path / "01.jpg")
    out, why = tmp_path / "out", tmp_path / "why"
    document = exported(
        *(photo, "--registry", demo_registry, *WEBSITE, "-o", out, "--explain", why),
        code=ExitCode.INPUT_OR_OUTPUT,
    )
    assert document["outcome"] == "failed"
    assert "keep appearing" in document["problem"]
    assert list(out.iterdir()) == []
    (picture,) = why.iterdir()
    assert picture.name == "01.explain.png"
    shown = np.asarray(Image.open(picture).convert("RGB")).astype(int)
    red = (shown[..., 0] > 200) & (shown[..., 1] < 60) & (shown[..., 2] < 70)
    rows, columns = np.nonzero(red)
    assert 240 < columns.mean() < 280, "around the face that appeared last"
    assert rows.max() < 70


def test_a_folder_is_exported_as_it_is_laid_out(demo_registry: Path, tmp_path: Path) -> None:
    album = tmp_path / "album"
    (album / "monday").mkdir(parents=True)
    shutil.copy(PORTRAIT, album / "monday" / "01.jpg")
    shutil.copy(PORTRAIT, album / "02.jpg")
    done = run("export", album, "--registry", demo_registry, *WEBSITE, "-o", tmp_path / "out")
    done.assert_exit(ExitCode.CLEARED)
    found = sorted(
        str(path.relative_to(tmp_path / "out")) for path in tmp_path.rglob("out/**/*.jpg")
    )
    assert found == ["02.jpg", str(Path("monday") / "01.jpg")]


def test_nothing_carries_over_to_a_copy_of_nobody(tmp_path: Path) -> None:
    photo = tmp_path / "empty.png"
    Image.new("RGB", (320, 200), (90, 120, 150)).save(photo)
    export = exported(photo, "--registry", tmp_path / "none", "-o", tmp_path / "out")["export"]
    assert dataclasses.asdict(open_photo(Path(export["path"])))["format"] == "PNG"
    assert (export["outcome"], export["release"]) == ("cleared", "MR-NAP")


def test_a_file_with_more_than_was_judged_is_published_as_a_copy_only(tmp_path: Path) -> None:
    photo = tmp_path / "garden.jpg"
    Image.new("RGB", (320, 240), "green").save(photo)
    with photo.open("ab") as file:
        file.write(b"\0\0\0\x18ftypmp42" + bytes(range(256)) * 8)
    registry = ("--registry", tmp_path / "none")
    told = run("check", photo, *registry).assert_exit(ExitCode.NOT_CLEARED).result.output
    assert "a video" in told
    assert "never the file" in " ".join(told.split())
    document = run("check", photo, *registry, "--json").document
    assert (document["outcome"], document["unjudged"]) == ("review", ["video"])

    exported(photo, *registry, "-o", tmp_path / "out")
    copy = tmp_path / "out" / "garden.jpg"
    assert run("check", copy, *registry, "--json").document["unjudged"] == []
