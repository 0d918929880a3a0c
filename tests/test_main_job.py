"""The one sentence of the project, on the fictional cast: find, match, block, hide, report."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from PIL import Image, ImageFilter

from clearance.commandline import ExitCode
from clearance.policy_version import policy_version
from clearance.settings import load_settings
from tests.commands import PHOTOS, ROOT, SAMPLES, media_folder, run
from tests.forms.test_report_json import VALIDATOR as REPORT

WARD = SAMPLES / "ward-opening.jpg"
SCHEMA = json.loads(
    (ROOT / "clearance" / "schemas" / "photo.schema.json").read_text(encoding="utf-8")
)
TODAY = dt.date.today()  # noqa: DTZ011 - the day as the machine that runs it has it


def agreed(person: dict[str, Any], channel: str) -> bool:
    """Whether the cast's truth says that matching and this channel are allowed today."""
    consent = person["consent"]
    return bool(
        consent
        and consent["biometric"]
        and channel in consent["channels"]
        and not consent["withdrawn"]
        and consent["signed"] <= TODAY.isoformat() <= consent["until"]
    )


def truth_of(cast: dict[str, Any], file: str) -> dict[str, list[int]]:
    (picture,) = [picture for picture in cast["pictures"] if picture["file"] == file]
    return {face["person"]: face["box"] for face in picture["faces"]}


def face_at(document: dict[str, Any], box: list[int]) -> dict[str, Any]:
    """The one face of the document whose middle lies in the box."""
    left, top, right, bottom = box
    found = [
        face
        for face in document["faces"]
        if left < (face["box"][0] + face["box"][2]) / 2 < right
        and top < (face["box"][1] + face["box"][3]) / 2 < bottom
    ]
    assert len(found) == 1, f"{len(found)} faces found at {box}"
    face: dict[str, Any] = found[0]
    return face


def cleared_people(document: dict[str, Any]) -> set[str]:
    return {face["person"] for face in document["faces"] if face["outcome"] == "cleared"}


def core(path: Path, box: list[int]) -> np.ndarray:
    """The pixels in the middle half of the box."""
    left, top, right, bottom = box
    dx, dy = (right - left) // 4, (bottom - top) // 4
    with Image.open(path) as picture:
        part = picture.convert("RGB").crop((left + dx, top + dy, right - dx, bottom - dy))
    return np.asarray(part, np.float32)


def test_without_a_registry_everybody_is_blocked_and_told_how_to_begin(tmp_path: Path) -> None:
    answer = run("check", WARD, "--json", "--registry", tmp_path / "none")
    answer.assert_exit(ExitCode.NOT_CLEARED)
    assert {face["outcome"] for face in answer.document["faces"]} == {"blocked"}
    assert {tuple(face["reasons"]) for face in answer.document["faces"]} == {("no_registry",)}
    assert "clearance init" in answer.result.stderr


@pytest.mark.parametrize("channel", ["website", "intranet", "press"])
def test_each_person_of_the_ward_opening_is_judged_by_their_own_form(
    demo_registry: Path, cast: dict[str, Any], channel: str
) -> None:
    answer = run("check", WARD, "--registry", demo_registry, "--channel", channel, "--json")
    document = answer.assert_exit(ExitCode.NOT_CLEARED).document
    people = {person["id"]: person for person in cast["people"]}
    truth = truth_of(cast, "ward-opening.jpg")
    assert len(document["faces"]) == len(truth)
    outcomes = {person: face_at(document, box)["outcome"] for person, box in truth.items()}
    cleared = {person for person, outcome in outcomes.items() if outcome == "cleared"}
    assert cleared == {person for person in truth if agreed(people[person], channel)}
    # A stranger may resemble somebody: then a person looks, and nothing goes out.
    assert set(outcomes.values()) <= {"cleared", "review", "blocked"}


def test_every_album_face_that_is_cleared_is_of_somebody_who_agreed(
    demo_registry: Path, cast: dict[str, Any]
) -> None:
    """No picture of the album clears a person who did not agree, twins and crowd included."""
    answer = run(
        *("scan", SAMPLES / "album", "--registry", demo_registry, "--channel", "website", "--json")
    )
    answer.assert_exit(ExitCode.NOT_CLEARED)
    people = {person["id"]: person for person in cast["people"]}
    wrong = []
    for document in answer.documents:
        file = Path(document["path"]).relative_to(SAMPLES).as_posix()
        for person, box in truth_of(cast, file).items():
            left, top, right, bottom = box
            wrong += [
                (file, person)
                for face in document["faces"]
                if face["outcome"] == "cleared"
                and left < (face["box"][0] + face["box"][2]) / 2 < right
                and top < (face["box"][1] + face["box"][3]) / 2 < bottom
                and not agreed(people[person], "website")
            ]
    assert not wrong


def test_blur_hides_who_is_not_cleared_and_nobody_else(
    demo_registry: Path, cast: dict[str, Any], tmp_path: Path
) -> None:
    before = hashlib.sha256(WARD.read_bytes()).hexdigest()
    answer = run(
        *("check", WARD, "--registry", demo_registry, "--channel", "website"),
        *("--blur", "-o", tmp_path / "out", "--json"),
    )
    document = answer.assert_exit(ExitCode.NOT_CLEARED).document
    copy = Path(document["export"]["path"])
    assert copy == tmp_path / "out" / "ward-opening.jpg"
    assert hashlib.sha256(copy.read_bytes()).hexdigest() == document["export"]["sha256"]
    assert hashlib.sha256(WARD.read_bytes()).hexdigest() == before
    people = {person["id"]: person for person in cast["people"]}
    for person, box in truth_of(cast, "ward-opening.jpg").items():
        if agreed(people[person], "website"):
            assert np.abs(core(copy, box) - core(WARD, box)).mean() < 4, f"{person} was hidden"
        else:
            assert core(copy, box).std(axis=(0, 1)).max() < 2, f"{person} can be seen"


def test_a_withdrawal_blocks_at_once_and_deletes_the_template(
    registry: Path, cast: dict[str, Any]
) -> None:
    (cleared, *_) = [
        person
        for person in cast["people"]
        if agreed(person, "website") and person["id"] in truth_of(cast, "ward-opening.jpg")
    ]
    box = truth_of(cast, "ward-opening.jpg")[cleared["id"]]
    arguments = ("check", WARD, "--registry", registry, "--channel", "website", "--json")
    assert face_at(run(*arguments).document, box)["outcome"] == "cleared"
    run("consent", "withdraw", cleared["name"], "--registry", registry).assert_exit(
        ExitCode.CLEARED
    )
    face = face_at(run(*arguments).assert_exit(ExitCode.NOT_CLEARED).document, box)
    assert face["outcome"] == "blocked"
    assert face["person"] is None


def test_one_channel_can_be_withdrawn_alone(
    empty_registry: Path, enrol: Callable[..., str]
) -> None:
    portrait = SAMPLES / "portraits" / "jurg-mettler-1.jpg"
    both = ("--channel", "website", "--channel", "press")
    person = enrol(empty_registry, "Jürg Mettler", portrait, *both)
    common = ("check", portrait, "--registry", empty_registry, "--json")
    run("consent", "withdraw", person, "--channel", "press", "--registry", empty_registry)
    run(*common, "--channel", "website").assert_exit(ExitCode.CLEARED)
    document = run(*common, "--channel", "press").assert_exit(ExitCode.NOT_CLEARED).document
    assert document["faces"][0]["reasons"] == ["withdrawn"]
    assert document["channels"]["website"] == "cleared"
    assert document["channels"]["press"] == "blocked"


def test_the_day_of_publication_counts(empty_registry: Path, enrol: Callable[..., str]) -> None:
    portrait = SAMPLES / "portraits" / "jurg-mettler-1.jpg"
    enrol(empty_registry, "Jürg Mettler", portrait)
    common = ("check", portrait, "--registry", empty_registry, "--channel", "website", "--json")
    run(*common, "--on", "2036-01-10").assert_exit(ExitCode.CLEARED)
    late = run(*common, "--on", "2036-01-11").assert_exit(ExitCode.NOT_CLEARED)
    assert late.document["faces"][0]["reasons"] == ["expired"]
    early = run(*common, "--on", "2026-01-09").assert_exit(ExitCode.NOT_CLEARED)
    assert early.document["faces"][0]["reasons"] == ["not_yet_valid"]


def test_without_a_channel_a_picture_must_be_cleared_everywhere(
    empty_registry: Path, enrol: Callable[..., str]
) -> None:
    portrait = SAMPLES / "portraits" / "jurg-mettler-1.jpg"
    enrol(empty_registry, "Jürg Mettler", portrait)
    document = run("check", portrait, "--registry", empty_registry, "--json")
    document.assert_exit(ExitCode.NOT_CLEARED)
    assert document.document["faces"][0]["reasons"] == ["channel_not_covered"]


def test_a_twin_is_never_cleared_by_a_machine(
    empty_registry: Path, enrol: Callable[..., str]
) -> None:
    portrait = SAMPLES / "portraits" / "elodie-rochat-1.jpg"
    enrol(empty_registry, "Élodie Rochat", portrait)
    run("people", "add", "Aline Rochat", "--registry", empty_registry)
    common = ("check", portrait, "--registry", empty_registry, "--channel", "website", "--json")
    run(*common).assert_exit(ExitCode.CLEARED)
    pair = ("Aline Rochat", "Élodie Rochat")
    run("people", "lookalike", *pair, "--registry", empty_registry).assert_exit(ExitCode.CLEARED)
    (face,) = run(*common).assert_exit(ExitCode.NOT_CLEARED).document["faces"]
    assert (face["outcome"], face["reasons"]) == ("review", ["lookalike"])


def test_nobody_is_sure_of_a_blurred_face(
    empty_registry: Path, enrol: Callable[..., str], tmp_path: Path
) -> None:
    portrait, blurred = SAMPLES / "portraits" / "jurg-mettler-1.jpg", tmp_path / "blurred.jpg"
    person = enrol(empty_registry, "Jürg Mettler", portrait)
    with Image.open(portrait) as picture:
        picture.filter(ImageFilter.GaussianBlur(picture.width / 100)).save(blurred, quality=95)
    common = ("--registry", empty_registry, "--channel", "website", "--json")
    run("check", portrait, *common).assert_exit(ExitCode.CLEARED)
    (face,) = run("check", blurred, *common).assert_exit(ExitCode.NOT_CLEARED).document["faces"]
    assert (face["outcome"], face["person"]) == ("review", person)
    assert face["reasons"] == ["likely_match"]


def test_a_person_may_say_that_a_face_is_none(empty_registry: Path, tmp_path: Path) -> None:
    photo = Path(shutil.copy(SAMPLES / "ward-opening.jpg", tmp_path))
    home = ("--registry", empty_registry)
    common = ("check", photo, *home, "--channel", "website", "--json")
    faces = run(*common).document["faces"]
    assert [face["number"] for face in faces] == list(range(1, len(faces) + 1))
    first, poster = faces[1], faces[4]
    said = ("--by", "Anna Keller", "--reason", "a poster")
    word = ("faces", "not-a-face", photo, *home)
    answer = run(*word, "--face", 5, *said, "--json").assert_exit(ExitCode.CLEARED).document
    assert answer["boxes"] == [poster["box"]]

    export = ("--blur", "-o", tmp_path / "out")
    document = run(*common, *export).assert_exit(ExitCode.NOT_CLEARED).document
    jsonschema.validate(document, SCHEMA)
    outcomes = [face["outcome"] for face in document["faces"]]
    assert outcomes == [face["outcome"] if face != poster else "exempt" for face in faces]
    assert document["faces"][4]["reasons"] == ["not_a_face"]
    quoted = document["faces"][4]["said"]
    assert (quoted["by"], quoted["reason"]) == ("Anna Keller", "a poster")
    # A run over midnight may say the next day.
    assert TODAY <= dt.date.fromisoformat(quoted["on"]) <= TODAY + dt.timedelta(days=1)
    copy = Path(document["export"]["path"])
    assert np.abs(core(copy, poster["box"]) - core(photo, poster["box"])).mean() < 4
    assert core(copy, first["box"]).std(axis=(0, 1)).max() < 2
    table = run("check", photo, *home, "--lang", "fr").result.stdout
    assert "Anna Keller" in table

    # One more byte is another picture: nobody has looked at it.
    edited = tmp_path / "edited.jpg"
    with Image.open(photo) as picture:
        picture.save(edited, quality=95, exif=picture.getexif())
    again = run("check", edited, *home, "--channel", "website", "--json").document
    assert "exempt" not in {face["outcome"] for face in again["faces"]}

    run(*word, "--face", 5, "--by", "Bruno Frei", "--undo").assert_exit(ExitCode.CLEARED)
    undone = run(*common).assert_exit(ExitCode.NOT_CLEARED).document
    assert [face["outcome"] for face in undone["faces"]] == [face["outcome"] for face in faces]
    run(*word, "--face", 5, "--by", "Bruno Frei", "--undo").assert_exit(ExitCode.USAGE)


def test_nobody_can_say_that_somebody_enrolled_is_no_face(registry: Path) -> None:
    photo = SAMPLES / "portraits" / "jurg-mettler-1.jpg"
    said = ("--face", 1, "--by", "Anna Keller", "--reason", "a poster", "--registry", registry)
    refused = run("faces", "not-a-face", photo, *said).assert_exit(ExitCode.USAGE)
    assert "resembles" in refused.result.stderr
    run("check", photo, "--registry", registry, "--channel", "website").assert_exit(
        ExitCode.CLEARED
    )


def test_a_word_is_doubted_once_the_face_resembles_somebody(
    empty_registry: Path, enrol: Callable[..., str]
) -> None:
    photo = SAMPLES / "portraits" / "jurg-mettler-1.jpg"
    home = ("--registry", empty_registry)
    said = ("--face", 1, "--by", "Anna Keller", "--reason", "a poster", *home)
    run("faces", "not-a-face", photo, *said).assert_exit(ExitCode.CLEARED)
    common = ("check", photo, *home, "--channel", "website", "--json")
    assert run(*common).assert_exit(ExitCode.CLEARED).document["outcome"] == "exempt"
    enrol(empty_registry, "Jürg Mettler", photo)
    (face,) = run(*common).assert_exit(ExitCode.NOT_CLEARED).document["faces"]
    assert (face["outcome"], face["reasons"]) == ("review", ["not_a_face_doubted"])


def test_faces_are_listed_with_their_place(demo_registry: Path) -> None:
    arguments = ("faces", "list", WARD, "--registry", demo_registry)
    document = run(*arguments, "--json").assert_exit(ExitCode.CLEARED).document
    jsonschema.validate(document, SCHEMA)
    table = run(*arguments).assert_exit(ExitCode.CLEARED).result.stdout
    for face in document["faces"]:
        left, top, right, bottom = face["box"]
        assert f"{left}, {top}" in table
        assert f"{right - left} × {bottom - top}" in table


def test_a_minor_is_never_cleared_by_a_machine(
    empty_registry: Path, enrol: Callable[..., str], evidence: Path
) -> None:
    portrait = SAMPLES / "portraits" / "elodie-rochat-1.jpg"
    enrol(empty_registry, "Élodie Rochat", portrait)
    common = ("check", portrait, "--registry", empty_registry, "--channel", "website", "--json")
    run(*common).assert_exit(ExitCode.CLEARED)
    run("people", "born", "Élodie Rochat", "2015-03-02", "--registry", empty_registry)
    (face,) = run(*common).assert_exit(ExitCode.NOT_CLEARED).document["faces"]
    # Her own signature alone is worth nothing: it ends her template too.
    assert face["person"] is None
    guardians = ("--guardian", "Eva Rochat, mother", "--guardian", "Ivo Rochat, father")
    run("people", "portrait", "Élodie Rochat", portrait, "--registry", empty_registry)
    recorded = run(
        *("consent", "record", "Élodie Rochat", "--serial", "T-2", "--evidence", evidence),
        *PHOTOS,
        *("--signed", "2026-01-10", "--until", "2036-01-10", "--channel", "website"),
        *(*guardians, "--biometric", "--registry", empty_registry),
    )
    recorded.assert_exit(ExitCode.CLEARED)
    document = run(*common).assert_exit(ExitCode.NOT_CLEARED).document
    jsonschema.validate(document, SCHEMA)
    (face,) = document["faces"]
    assert (face["outcome"], face["reasons"]) == ("review", ["minor"])
    (face,) = run(*common, "--on", "2033-03-02").assert_exit(ExitCode.NOT_CLEARED).document["faces"]
    assert (face["outcome"], face["reasons"]) == ("blocked", ["of_age_now"])


def test_a_portrait_without_the_biometric_tick_is_never_matched(
    empty_registry: Path, evidence: Path
) -> None:
    portrait = SAMPLES / "portraits" / "jurg-mettler-1.jpg"
    common = ("--registry", empty_registry)
    run("people", "add", "Jürg Mettler", "--portrait", portrait, *common)
    run(
        *("consent", "record", "Jürg Mettler", "--serial", "T-1", "--evidence", evidence),
        *PHOTOS,
        *("--signed", "2026-01-10", "--until", "2036-01-10", "--channel", "website", *common),
    ).assert_exit(ExitCode.CLEARED)
    document = run("check", portrait, *common, "--channel", "website", "--json").document
    assert document["outcome"] == "blocked"
    assert document["faces"][0]["person"] is None


def test_matching_switched_off_matches_nobody(registry: Path) -> None:
    settings = registry / "clearance.toml"
    text = settings.read_text(encoding="utf-8").replace("matching = true", "matching = false")
    settings.write_text(text, encoding="utf-8")
    document = run("check", WARD, "--registry", registry, "--json").document
    assert {face["person"] for face in document["faces"]} == {None}


def test_documents_hold_to_the_published_schema(demo_registry: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(WARD.read_bytes()[:20_000])
    answer = run(
        *("check", WARD, broken, SAMPLES / "album" / "03.jpg", "--registry", demo_registry),
        *("--channel", "website", "--blur", "-o", tmp_path / "out", "--json"),
    )
    assert len(answer.documents) == 3
    for document in answer.documents:
        jsonschema.validate(document, SCHEMA)
    keys = "path sha256 width height rendition use outcome faces channels hints "
    keys += "unjudged export checklist problem"
    assert {" ".join(document) for document in answer.documents} == {keys}


CROWD = SAMPLES / "album" / "10.jpg"


def test_a_smaller_version_is_judged_by_its_own_pixels(demo_registry: Path, tmp_path: Path) -> None:
    common = ("check", CROWD, "--registry", demo_registry, "--channel", "website")
    whole = run(*common, "--json").document
    assert whole["rendition"] is None
    export = ("--max-edge", 240, "--blur", "-o", tmp_path / "out")
    small = run(*common, *export, "--json").document
    jsonschema.validate(small, SCHEMA)
    assert small["rendition"] == {"max_edge": 240, "width": 240, "height": 160}
    # The whole picture was searched: the same faces, and each is less recognisable.
    judged = len(small["faces"]) - len(small["export"]["appeared"])
    del small["faces"][judged:]
    assert [f["box"] for f in small["faces"]] == [f["box"] for f in whole["faces"]]
    sizes = [face["size_class"] for face in small["faces"]]
    assert {face["size_class"] for face in whole["faces"]} == {"recognisable"}
    assert "too_small" in sizes
    for face in small["faces"]:
        if face["person"] is None and face["reasons"] != ["matched_twice"]:
            expected = {"too_small": "not_recognisable", "doubtful": "review"}
            assert face["outcome"] == expected.get(face["size_class"], "blocked")
    with Image.open(small["export"]["path"]) as copy:
        assert copy.size == (240, 160)
    assert (small["export"]["width"], small["export"]["height"]) == (240, 160)
    hidden = [tuple(box) for box in small["export"]["hidden"]]
    must = [f["box"] for f in small["faces"] if f["outcome"] in {"review", "blocked"}]
    assert {tuple(box) for box in must} <= set(hidden)


def test_a_verdict_about_a_smaller_version_says_so_everywhere(
    registry: Path, tmp_path: Path
) -> None:
    common = ("check", CROWD, "--registry", registry)
    line = "Judged for a version of at most 400 pixels (400 × 267). The file itself, 2000 × 1333,"
    assert line in " ".join(run(*common, "--max-edge", 400).result.stdout.split())
    assert "Judged for a version" not in run(*common).result.stdout
    both = run(*common, SAMPLES / "album" / "03.jpg", "--max-edge", 400).result.stdout
    limit = "versions of at most 400 pixels on the longer edge"
    assert f"This is only about {limit}; larger files are not covered." in both
    assert "Judged for a version" not in run(*common, "--max-edge", 2000).result.stdout
    settings = registry / "clearance.toml"
    text = settings.read_text(encoding="utf-8").replace("max_edge = 0", "max_edge = 400")
    settings.write_text(text, encoding="utf-8")
    assert run(*common, "--json").document["rendition"]["max_edge"] == 400
    assert run(*common, "--max-edge", 0, "--json").document["rendition"] is None
    run(*common, "--report", tmp_path / "report.json")
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["files"][0]["rendition"]["max_edge"] == 400


def test_how_often_a_stranger_is_mistaken_is_said_where_faces_were_matched(
    demo_registry: Path, empty_registry: Path, tmp_path: Path
) -> None:
    rate = "about 1 stranger in 1,000 would be taken for somebody"
    home = ("--registry", demo_registry)
    assert rate in run("check", WARD, *home, "--report", tmp_path / "r.json").result.stdout
    report = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert report["matching"]["strangers"] == 1000
    assert report["matching"]["people"] > 1
    nobody = SAMPLES / "album" / "03.jpg"
    assert rate not in run("check", nobody, *home).result.stdout
    assert rate not in run("check", WARD, "--registry", empty_registry).result.stdout


def test_reports_are_written(demo_registry: Path, tmp_path: Path) -> None:
    for name in ("report.pdf", "report.json"):
        run("check", WARD, "--registry", demo_registry, "--report", tmp_path / name)
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF-")
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    jsonschema.validate(report["files"][0], SCHEMA)


def test_the_report_for_programs_holds_to_its_schema_and_tells_its_rules(
    demo_registry: Path, tmp_path: Path
) -> None:
    inside, outside = tmp_path / "inside.json", tmp_path / "outside.json"
    run(
        *("export", WARD, "--registry", demo_registry, "--channel", "website"),
        *("-o", tmp_path / "out", "--report", inside, "--report-to-share", outside),
    ).assert_exit(ExitCode.CLEARED)
    told = json.loads(inside.read_text(encoding="utf-8"))
    shared = json.loads(outside.read_text(encoding="utf-8"))
    for document in (told, shared):
        REPORT.validate(document)
    assert told["policy"] == policy_version(load_settings(demo_registry / "clearance.toml"))
    assert set(told["models"]) == {"centerface", "dlib_resnet"}
    assert {"clearance", "finder", "recogniser", "python", "onnxruntime"} <= set(told["tool"])
    assert 0 < told["matching"]["limits"]["confident"] < 0.001
    (file,) = told["files"]
    assert "exif" in file["export"]["removed"]
    assert "plus:ModelReleaseStatus" in file["export"]["written"]
    assert file["export"]["checks"]["passed"][0] == "reopened"
    people = {face["person"] for face in file["faces"]} - {None}
    assert len(people) > 1
    text = outside.read_text(encoding="utf-8")
    assert not [one for one in people if one in text]
    assert str(WARD.parent) not in text


@pytest.mark.parametrize("name", ["report.pdf", "report.txt"])
def test_the_shared_report_is_a_file_of_its_own_and_of_a_known_kind(
    demo_registry: Path, tmp_path: Path, name: str
) -> None:
    reports = ("--report", tmp_path / "report.pdf", "--report-to-share", tmp_path / name)
    run("check", WARD, "--registry", demo_registry, *reports).assert_exit(ExitCode.USAGE)
    assert list(tmp_path.iterdir()) == []


def test_the_same_verdict_through_every_file_format(demo_registry: Path, tmp_path: Path) -> None:
    common = ("--registry", demo_registry, "--channel", "website", "--json")
    plain = cleared_people(run("check", WARD, *common).document)
    assert len(plain) == 2
    with Image.open(WARD) as picture:
        for suffix in (".png", ".webp", ".tif", ".avif"):
            picture.save(tmp_path / f"ward{suffix}")
    for path in sorted(tmp_path.glob("ward.*")):
        document = run("check", path, *common).assert_exit(ExitCode.NOT_CLEARED).document
        assert cleared_people(document) == plain, path.suffix


def test_no_network_is_needed(
    demo_registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked for")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    run(
        *("check", WARD, "--registry", demo_registry, "--report", tmp_path / "r.pdf"),
        *("--blur", "-o", tmp_path / "out"),
    ).assert_exit(ExitCode.NOT_CLEARED)


def test_no_template_of_an_unknown_person_is_written(registry: Path, tmp_path: Path) -> None:
    """What a check leaves behind is one audit entry, and no 512 bytes of floats."""
    before = {path: path.stat().st_size for path in registry.rglob("*") if path.is_file()}
    run("check", WARD, "--registry", registry, "--report", tmp_path / "r.json", "--json")
    after = {path: path.stat().st_size for path in registry.rglob("*") if path.is_file()}
    assert {path.name for path in set(after) - set(before)} <= {
        "registry.sqlite3-wal",
        "registry.sqlite3-shm",
    }
    assert "template" not in (tmp_path / "r.json").read_text(encoding="utf-8")


REAL = media_folder()


@pytest.mark.skipif(REAL is None, reason="the folder of real photos is not on this machine")
def test_obama_is_cleared_and_biden_blocked(
    empty_registry: Path, enrol: Callable[..., str], tmp_path: Path
) -> None:
    assert REAL
    examples = REAL / "face_recognition" / "examples"
    photo = Path(
        shutil.copy(examples / "knn_examples" / "test" / "obama_and_biden.jpg", tmp_path / "01.jpg")
    )
    person = enrol(empty_registry, "Barack Obama", examples / "obama.jpg")
    common = ("check", photo, "--registry", empty_registry, "--channel", "website", "--json")
    answer = run(*common, "--blur", "-o", tmp_path / "out").assert_exit(ExitCode.NOT_CLEARED)
    # A child stands in the corner of the picture, half in the shade: a third person.
    cleared, *others = sorted(
        answer.document["faces"], key=lambda face: face["outcome"] != "cleared"
    )
    assert (cleared["outcome"], cleared["person"]) == ("cleared", person)
    assert [face["outcome"] for face in others] == ["blocked", "blocked"]
    hidden = sorted(answer.document["export"]["hidden"])
    assert hidden == sorted(face["box"] for face in others)
    run("consent", "withdraw", person, "--registry", empty_registry)
    after = run(*common).assert_exit(ExitCode.NOT_CLEARED).document
    assert {face["outcome"] for face in after["faces"]} == {"blocked"}
