"""The gallery of an event: whoever was not there is a stranger in its pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from clearance.commandline import ExitCode
from tests.commands import SAMPLES, run

PORTRAIT = SAMPLES / "portraits" / "jurg-mettler-1.jpg"


def scanned(registry: Path, album: Path, *words: object) -> tuple[list[object], dict[str, object]]:
    done = run("scan", album, "--registry", registry, "--channel", "website", "--json", *words)
    (document,) = done.documents
    return [face["person"] for face in document["faces"]], done.album


def test_whoever_is_not_on_the_list_is_a_stranger(registry: Path, tmp_path: Path) -> None:
    album = tmp_path / "album"
    album.mkdir()
    (album / "1.jpg").write_bytes((SAMPLES / "album" / "01.jpg").read_bytes())
    people, told = scanned(registry, album)
    known = [person for person in people if person]
    assert known
    everybody = run("people", "list", "--registry", registry, "--json").documents
    shown = next(one for one in everybody if known[0] in one.values())
    roster = tmp_path / "guests.csv"
    roster.write_text(f"name\n{shown['name']}\nNobody Atall\n", encoding="utf-8")
    narrowed, then = scanned(registry, album, "--roster", roster)
    assert [person for person in narrowed if person] == known[:1]
    assert then["matching"]["people"] == 1 < told["matching"]["people"]  # type: ignore[index]
    said = run("scan", album, "--registry", registry, "--roster", roster, "--lang", "en")
    assert "1 row of the list is about nobody in the registry." in said.result.output
    roster.write_text("name\nNobody Atall\n", encoding="utf-8")
    nobody, _ = scanned(registry, album, "--roster", roster)
    assert not any(nobody)


def test_whoever_agreed_for_other_occasions_only_is_not_looked_for(
    empty_registry: Path, enrol: Callable[..., str], tmp_path: Path
) -> None:
    person = enrol(
        empty_registry, "Ada", PORTRAIT, "--channel", "website", "--event", "Open day 2026"
    )
    album = tmp_path / "album"
    album.mkdir()
    (album / "1.jpg").write_bytes(PORTRAIT.read_bytes())
    assert scanned(empty_registry, album)[0] == [person]
    assert scanned(empty_registry, album, "--event", "open day  2026")[0] == [person]
    assert scanned(empty_registry, album, "--event", "Summer party")[0] == [None]
    told = run(
        "scan", album, "--registry", empty_registry, "--event", "Summer party", "--lang", "en"
    )
    told.assert_exit(ExitCode.NOT_CLEARED)
    assert "1 person agreed for other occasions only" in told.result.output


def test_a_word_that_was_not_compared_with_everybody_goes_to_a_person(
    empty_registry: Path, enrol: Callable[..., str], tmp_path: Path
) -> None:
    """It may be like somebody whom the list leaves out, which would stand against the word."""
    album = tmp_path / "album"
    album.mkdir()
    poster = album / "1.jpg"
    poster.write_bytes((SAMPLES / "portraits" / "zoe-amsler-1.jpg").read_bytes())
    said = ("--by", "Anna Keller", "--reason", "a poster", "--registry", empty_registry)
    run("faces", "not-a-face", poster, "--face", 1, *said).assert_exit(ExitCode.CLEARED)
    enrol(empty_registry, "Ada", PORTRAIT)
    asked = ("scan", album, "--registry", empty_registry, "--channel", "website", "--json")
    assert [one["outcome"] for one in run(*asked).documents] == ["exempt"]
    roster = tmp_path / "guests.csv"
    roster.write_text("name\nNobody Atall\n", encoding="utf-8")
    done = run(*asked, "--roster", roster).assert_exit(ExitCode.NOT_CLEARED)
    assert done.documents[0]["faces"][0]["reasons"] == ["not_a_face_unchecked"]
