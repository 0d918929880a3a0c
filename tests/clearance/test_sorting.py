"""Each picture lies where its verdict says, and nothing stale lies among the clear ones."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearance import sorting
from clearance.album_sources import AlbumFile, AlbumSources
from clearance.errors import SortingError, SortingRefusedError
from clearance.language import language
from clearance.rendition import Rendition
from clearance.results import Outcome, PhotoResult
from clearance.sorted_places import LONGEST_NAME, places_of, safe_name
from clearance.sorted_record import NAME, SortedRecord
from clearance.sorting import Shelf, SortAs, Sorter
from clearance.zipped_album import safe_parts
from detector.errors import PhotoUnreadableError

posix = pytest.mark.skipif(os.name != "posix", reason="modes and odd names are those of POSIX")
ENGLISH = language("en")


linking = pytest.mark.skipif(os.name != "posix", reason="links need a privilege on Windows")
BOTH = [pytest.param(SortAs.LINK, marks=linking, id="link"), pytest.param(SortAs.COPY, id="copy")]


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Three pictures, of which two have the same name."""
    folder = tmp_path / "album"
    for name in ("a.jpg", "ward/a.jpg", "ward/b.jpg"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "sorted"


def judged(path: Path, outcome: Outcome = Outcome.CLEARED, data: bytes | None = None) -> Any:
    content = path.read_bytes() if data is None else data
    return PhotoResult(path, outcome, hashlib.sha256(content).hexdigest(), 4, 3)


def listed(album: Path) -> tuple[AlbumFile, ...]:
    with AlbumSources([album]) as sources:
        return sources.files


def sort(
    album: Path,
    out: Path,
    how: SortAs = SortAs.COPY,
    outcomes: dict[str, Outcome] | None = None,
) -> Sorter:
    """Sort a folder; what is not told of is cleared."""
    files = listed(album)
    with Sorter(out, files, how) as sorter:
        for file in files:
            name = file.path.relative_to(album).as_posix()
            sorter.place(judged(file.path, (outcomes or {}).get(name, Outcome.CLEARED)))
    return sorter


def lies(out: Path) -> set[str]:
    """Every file and link below the folder, but our own record."""
    return {
        path.relative_to(out).as_posix()
        for path in out.rglob("*")
        if path.name != NAME and (path.is_symlink() or not path.is_dir())
    }


def everything(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


# --- where a picture lies ---------------------------------------------------------------------


@pytest.mark.parametrize("how", BOTH)
def test_each_picture_lies_in_the_folder_of_its_verdict(
    album: Path, out: Path, how: SortAs
) -> None:
    before = everything(album)
    sorter = sort(album, out, how, {"ward/a.jpg": Outcome.BLOCKED, "ward/b.jpg": Outcome.REVIEW})
    assert lies(out) == {"cleared/a.jpg", "blocked/ward/a.jpg", "review/ward/b.jpg"}
    assert (out / "blocked/ward/a.jpg").read_bytes() == b"ward/a.jpg"
    assert (out / "cleared/a.jpg").is_symlink() is (how is SortAs.LINK)
    assert sorter.problems == []
    assert everything(album) == before


@pytest.mark.parametrize("outcome", Outcome)
def test_only_what_may_be_published_as_it_is_lies_among_the_clear(outcome: Outcome) -> None:
    result = PhotoResult(Path("a.jpg"), outcome, "0" * 64, 600, 400)
    clear = {Outcome.CLEARED, Outcome.EXEMPT, Outcome.NOT_RECOGNISABLE}
    assert (Shelf.of(result) is Shelf.CLEARED) is (outcome in clear)
    # A verdict on a smaller version says nothing of the file that would lie there.
    smaller = dataclasses.replace(result, rendition=Rendition.of(600, 400, 300))
    assert Shelf.of(smaller) is not Shelf.CLEARED
    assert (Shelf.of(smaller) is Shelf.ONLY_SMALLER) is (outcome in clear)


def test_a_copy_is_as_old_as_its_original_and_as_secret(album: Path, out: Path) -> None:
    os.utime(album / "a.jpg", ns=(1_600_000_000_123_456_700,) * 2)
    (album / "a.jpg").chmod(0o600)
    sort(album, out)
    copy = (out / "cleared/a.jpg").stat()
    assert copy.st_mtime_ns == (album / "a.jpg").stat().st_mtime_ns
    if os.name == "posix":
        assert copy.st_mode & 0o777 == 0o600


@linking
def test_a_link_leads_to_the_original_from_everywhere(
    album: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(album.parent)
    sort(Path("album"), Path("sorted"), SortAs.LINK)
    monkeypatch.chdir("/")
    assert (out / "cleared/ward/a.jpg").samefile(album / "ward/a.jpg")


@pytest.mark.parametrize("how", BOTH)
def test_what_changed_since_it_was_judged_is_never_among_the_clear(
    album: Path, out: Path, how: SortAs
) -> None:
    files = listed(album)
    with Sorter(out, files, how) as sorter:
        result = judged(album / "a.jpg")
        (album / "a.jpg").write_bytes(b"someone else")
        placed = sorter.place(result)
    assert lies(out) == {"failed/a.jpg"}
    assert placed == sorter.folder / "failed" / "a.jpg"
    (problem,) = sorter.problems
    assert "a.jpg has changed since it was judged" in str(problem)


@pytest.mark.parametrize("how", BOTH)
def test_a_verdict_on_no_bytes_never_clears(album: Path, out: Path, how: SortAs) -> None:
    with Sorter(out, listed(album), how) as sorter:
        sorter.place(PhotoResult(album / "a.jpg", Outcome.CLEARED))
    assert lies(out) == {"failed/a.jpg"}


@pytest.mark.parametrize("how", BOTH)
def test_a_file_that_could_not_be_judged_lies_with_the_failed(
    album: Path, out: Path, how: SortAs
) -> None:
    with Sorter(out, listed(album), how) as sorter:
        sorter.place(PhotoResult(album / "a.jpg", Outcome.FAILED))
    assert lies(out) == {"failed/a.jpg"}
    assert sorter.problems == []


@pytest.mark.parametrize("how", BOTH)
@pytest.mark.parametrize("outcome", [Outcome.CLEARED, Outcome.FAILED])
def test_a_picture_that_is_gone_is_told_and_lies_nowhere(
    album: Path, out: Path, how: SortAs, outcome: Outcome
) -> None:
    with Sorter(out, listed(album), how) as sorter:
        result = judged(album / "a.jpg", outcome)
        (album / "a.jpg").unlink()
        assert sorter.place(result) is None
    assert lies(out) == set()
    assert len(sorter.problems) == 1
    assert "a.jpg" in sorter.told(ENGLISH)[0]


# --- a later run ------------------------------------------------------------------------------


@pytest.mark.parametrize("how", BOTH)
def test_a_later_run_moves_what_changed_its_verdict(album: Path, out: Path, how: SortAs) -> None:
    sort(album, out, how)
    sort(album, out, how, {"a.jpg": Outcome.BLOCKED, "ward/b.jpg": Outcome.BLOCKED})
    assert lies(out) == {"blocked/a.jpg", "cleared/ward/a.jpg", "blocked/ward/b.jpg"}


@pytest.mark.parametrize("first", SortAs)
@linking
def test_a_later_run_may_sort_in_another_manner(album: Path, out: Path, first: SortAs) -> None:
    (then,) = set(SortAs) - {first}
    sort(album, out, first)
    sort(album, out, then, {"a.jpg": Outcome.REVIEW})
    assert lies(out) == {"review/a.jpg", "cleared/ward/a.jpg", "cleared/ward/b.jpg"}


@pytest.mark.parametrize("how", BOTH)
def test_nothing_is_clear_before_it_is_judged_in_this_run(
    album: Path, out: Path, how: SortAs
) -> None:
    sort(album, out, how, {"ward/b.jpg": Outcome.BLOCKED})
    with Sorter(out, listed(album), how):
        assert lies(out) == set()
    # The run ended before anything was judged.
    assert lies(out) == set()
    assert [path.name for path in out.iterdir()] == [NAME]


@pytest.mark.parametrize("how", BOTH)
def test_a_picture_that_left_the_album_leaves_the_clear(
    album: Path, out: Path, how: SortAs
) -> None:
    sort(album, out, how)
    (album / "a.jpg").unlink()
    sort(album, out, how)
    assert lies(out) == {"cleared/ward/a.jpg", "cleared/ward/b.jpg"}


def test_the_folder_shows_the_last_run_whichever_album_it_was_about(
    album: Path, out: Path, tmp_path: Path
) -> None:
    sort(album, out)
    other = tmp_path / "other"
    other.mkdir()
    (other / "z.jpg").write_bytes(b"z")
    sort(other, out)
    assert lies(out) == {"cleared/z.jpg"}


class Killed(BaseException):
    """Stands for the moment in which the program is gone."""


def dying(function: Callable[..., Any], left: list[int]) -> Callable[..., Any]:
    """The function, until the counted call."""

    def called(*arguments: Any, **more: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        return function(*arguments, **more)

    return called


@pytest.mark.parametrize("how", BOTH)
@pytest.mark.parametrize("step", [0, 1, 2, 4, 7, 11])
@pytest.mark.parametrize("name", ["fsync", "unlink", "symlink", "link", "rmdir", "mkdir"])
def test_whenever_a_run_is_killed_the_next_one_finds_all_of_it(
    album: Path, out: Path, how: SortAs, name: str, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sort(album, out, how, {"ward/b.jpg": Outcome.BLOCKED})
    with monkeypatch.context() as dies, pytest.raises(Killed):
        dies.setattr(os, name, dying(getattr(os, name), [step]))
        sort(album, out, how, {"a.jpg": Outcome.REVIEW})
        raise Killed  # it got to its end before
    with Sorter(out, listed(album), how) as sorter:
        assert {path for path in lies(out) if not path.startswith(".")} == set()
        assert sorter.strangers == ()
    sort(album, out, how)
    assert lies(out) == {"cleared/a.jpg", "cleared/ward/a.jpg", "cleared/ward/b.jpg"}
    assert everything(album).keys() == {str(file.path) for file in listed(album)}


def test_a_line_that_was_being_written_is_no_damage(album: Path, out: Path) -> None:
    sort(album, out)
    with (out / NAME).open("ab") as stream:
        stream.write(b'{"place":"cleared/wa')
    sort(album, out, outcomes={"a.jpg": Outcome.BLOCKED})
    assert "blocked/a.jpg" in lies(out)


# --- what is not ours -------------------------------------------------------------------------


@pytest.mark.parametrize("how", BOTH)
def test_what_a_person_put_there_stays_and_is_told(album: Path, out: Path, how: SortAs) -> None:
    sort(album, out, how)
    mine = out / "cleared" / "ward" / "mine.jpg"
    mine.write_bytes(b"mine")
    (out / "cleared" / "Thumbs.db").write_bytes(b"of the system")
    (out / "readme.txt").write_text("kept", encoding="utf-8")
    sorter = sort(album, out, how, {"ward/a.jpg": Outcome.BLOCKED})
    assert mine.read_bytes() == b"mine"
    assert {"readme.txt", "cleared/Thumbs.db", "blocked/ward/a.jpg"} < lies(out)
    assert sorter.problems == []
    told, _ = sorter.told(ENGLISH)
    assert told.startswith("1 file in ")
    assert told.endswith("was not judged: cleared/ward/mine.jpg")


@pytest.mark.parametrize("how", BOTH)
def test_what_was_replaced_stays_and_its_picture_has_no_place(
    album: Path, out: Path, how: SortAs
) -> None:
    sort(album, out, how)
    replaced = out / "cleared" / "a.jpg"
    replaced.unlink()
    replaced.write_bytes(b"retouched")
    sorter = sort(album, out, how)
    assert replaced.read_bytes() == b"retouched"
    (problem,) = sorter.problems
    assert "left as it is" in str(problem)
    assert sorter.strangers == (sorter.folder / "cleared" / "a.jpg",)


@linking
def test_a_link_that_leads_elsewhere_now_is_not_ours(album: Path, out: Path) -> None:
    sort(album, out, SortAs.LINK)
    link = out / "cleared" / "a.jpg"
    link.unlink()
    link.symlink_to(album / "ward" / "b.jpg")
    sorter = sort(album, out, SortAs.LINK, {"a.jpg": Outcome.BLOCKED})
    assert link.is_symlink()
    assert [path.name for path in sorter.strangers] == ["a.jpg"]


def test_an_empty_folder_of_a_person_stays_and_ours_do_not(album: Path, out: Path) -> None:
    (out / "cleared" / "mine").mkdir(parents=True)
    sort(album, out)
    assert (out / "cleared" / "ward").is_dir()
    with Sorter(out, listed(album), SortAs.COPY):
        assert sorted(path.name for path in (out / "cleared").iterdir()) == ["mine"]


@linking
@pytest.mark.parametrize("how", BOTH)
def test_a_folder_that_became_a_link_to_the_album_costs_no_original(
    album: Path, out: Path, how: SortAs
) -> None:
    sort(album, out, how)
    before = everything(album)
    for path in (out / "cleared").rglob("*.jpg"):
        path.unlink()
    (out / "cleared" / "ward").rmdir()
    (out / "cleared").rmdir()
    (out / "cleared").symlink_to(album, target_is_directory=True)
    sorter = sort(album, out, how)
    assert everything(album) == before
    assert len(sorter.problems) == 3
    assert all("is in the way" in str(problem) for problem in sorter.problems)
    assert sorter.strangers == (sorter.folder / "cleared",)


def test_a_record_of_another_place_is_not_believed(album: Path, out: Path, tmp_path: Path) -> None:
    sort(album, out)
    precious = tmp_path / "precious.jpg"
    precious.write_bytes(b"precious")
    digest = hashlib.sha256(b"precious").hexdigest()
    head = (out / NAME).read_bytes().splitlines(keepends=True)[0]
    for place in ("../precious.jpg", str(precious), "cleared/../../precious.jpg", "other/a.jpg"):
        line = json.dumps({"place": place, "sha256": digest}).encode()
        (out / NAME).write_bytes(head + line + b"\n")
        with pytest.raises(SortingError, match="it was altered"):
            sort(album, out)
        assert precious.exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it was altered"),
        (b"{}\n", "it was altered"),
        (b'{"clearance-sorted":2}\n', "a newer version"),
        (b'{"clearance-sorted":1}\nnothing\n{"place":"cleared/a"}\n', "it was altered"),
        (b'{"clearance-sorted":1}\n{"place":"cleared/a","verdict":1}\n', "it was altered"),
        (b'{"clearance-sorted":1}\n{"place":7}\n', "it was altered"),
        (b"\xff\xfe\n", "it was altered"),
    ],
)
def test_a_record_that_cannot_be_used_stops_the_run_and_touches_nothing(
    album: Path, out: Path, content: bytes, reason: str
) -> None:
    sort(album, out)
    (out / NAME).write_bytes(content)
    before = lies(out)
    with pytest.raises(SortingError, match=reason):
        sort(album, out)
    assert lies(out) == before


def test_the_record_says_where_and_keeps_no_history(album: Path, out: Path) -> None:
    sort(album, out)
    sort(album, out, outcomes={"a.jpg": Outcome.BLOCKED})
    head, *lines = [json.loads(line) for line in (out / NAME).read_bytes().splitlines()]
    assert head == {"clearance-sorted": 1}
    assert sorted(line["place"] for line in lines if "sha256" in line) == [
        "blocked/a.jpg",
        "cleared/ward/a.jpg",
        "cleared/ward/b.jpg",
    ]
    assert str(album) not in (out / NAME).read_text(encoding="ascii")


@posix
def test_two_runs_do_not_sort_into_one_folder_at_once(album: Path, out: Path) -> None:
    with Sorter(out, listed(album), SortAs.COPY) as first:
        first.place(judged(album / "a.jpg"))
        with pytest.raises(SortingError, match="Another run"):
            sort(album, out)
        first.place(judged(album / "ward/a.jpg"))
    assert first.problems == []
    assert lies(out) == {"cleared/a.jpg", "cleared/ward/a.jpg"}


@posix
def test_a_run_whose_record_was_taken_away_puts_nothing_more(album: Path, out: Path) -> None:
    with Sorter(out, listed(album), SortAs.COPY) as sorter:
        (out / NAME).unlink()
        SortedRecord(out, tuple(Shelf)).begin([])
        assert sorter.place(judged(album / "a.jpg")) is None
    assert lies(out) == set()
    assert "Another run" in str(sorter.problems[0])


def test_what_cannot_be_taken_out_stops_the_run_and_is_known_to_the_next(
    album: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sort(album, out)
    unlink = Path.unlink

    def refusing(path: Path, missing_ok: bool = False) -> None:
        if path.name == "b.jpg":
            raise PermissionError(13, "Permission denied")
        unlink(path, missing_ok=missing_ok)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", refusing)
        with pytest.raises(SortingError, match=r"b\.jpg .*Permission denied.* by hand"):
            sort(album, out)
        assert lies(out) == {"cleared/ward/b.jpg"}
    with Sorter(out, listed(album), SortAs.COPY):
        assert lies(out) == set()


# --- what is refused --------------------------------------------------------------------------


@pytest.mark.parametrize("below", [".", "..", "sorted", "ward", "ward/deep/er"])
def test_album_and_folder_have_nothing_in_common(album: Path, below: str) -> None:
    before = everything(album)
    with pytest.raises(SortingRefusedError, match="beside the album"):
        Sorter(album / below, listed(album))
    assert everything(album) == before
    assert not (album / "sorted").exists()


@linking
def test_a_link_on_the_way_hides_no_overlap(album: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").symlink_to(album, target_is_directory=True)
    with pytest.raises(SortingRefusedError):
        Sorter(tmp_path / "elsewhere" / "sorted", listed(album))
    with pytest.raises(SortingRefusedError):
        Sorter(album / "sorted", listed(tmp_path / "elsewhere"))


@linking
def test_a_picture_that_is_a_link_into_the_folder_is_refused(album: Path, out: Path) -> None:
    sort(album, out)
    (album / "z.jpg").symlink_to(out / "cleared" / "a.jpg")
    before = lies(out)
    with pytest.raises(SortingRefusedError):
        Sorter(out, listed(album), SortAs.COPY)
    assert lies(out) == before


def test_a_file_that_was_named_may_lie_beside_the_folder(album: Path) -> None:
    files = (AlbumFile(album / "a.jpg"),)
    with Sorter(album / "sorted", files, SortAs.COPY) as sorter:
        sorter.place(judged(album / "a.jpg"))
    assert lies(album / "sorted") == {"cleared/a.jpg"}
    with pytest.raises(SortingRefusedError):
        Sorter(album, files)


def test_a_folder_that_is_named_beside_one_of_its_files_is_an_album_all_the_same(
    album: Path,
) -> None:
    with AlbumSources([album / "a.jpg", album]) as sources, pytest.raises(SortingRefusedError):
        Sorter(album / "sorted", sources.files)


def test_an_archive_does_not_lie_in_the_folder(tmp_path: Path, out: Path) -> None:
    out.mkdir()
    with zipfile.ZipFile(out / "party.zip", "w") as packed:
        packed.writestr("a.jpg", b"packed")
    with AlbumSources([out / "party.zip"]) as sources, pytest.raises(SortingRefusedError):
        Sorter(out, sources.files, SortAs.COPY, sources.read)


def test_pictures_of_an_archive_are_copied_and_not_linked(tmp_path: Path, out: Path) -> None:
    archive = tmp_path / "party.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("hall/a.jpg", b"packed")
    os.utime(archive, ns=(1_700_000_000_000_000_000,) * 2)
    with AlbumSources([archive]) as sources:
        with pytest.raises(SortingRefusedError, match="use --sort-as copy"):
            Sorter(out, sources.files, SortAs.LINK, sources.read)
        with Sorter(out, sources.files, SortAs.COPY, sources.read) as sorter:
            sorter.place(judged(archive / "hall/a.jpg", data=b"packed"))
    assert sorter.problems == []
    assert (out / "cleared/hall/a.jpg").read_bytes() == b"packed"
    assert (out / "cleared/hall/a.jpg").stat().st_mtime_ns == 1_700_000_000_000_000_000


@pytest.mark.parametrize("error", [OSError(1, "privilege not held"), NotImplementedError("none")])
def test_where_links_cannot_be_made_the_run_stops_after_clearing_up(
    album: Path, out: Path, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    sort(album, out, SortAs.COPY)

    def refused(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(Path, "symlink_to", refused)
    with pytest.raises(SortingRefusedError, match="use --sort-as copy"):
        sort(album, out, SortAs.LINK)
    assert lies(out) == set()


def test_a_file_in_place_of_the_folder_is_told(album: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SortingError, match="cannot be written"):
        sort(album, tmp_path / "file")


def test_a_copy_that_the_disk_changed_has_no_place(
    album: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sorting, "sha256_of", lambda _: "0" * 64)
    sorter = sort(album, out)
    assert lies(out) == set()
    assert "check the disk" in str(sorter.problems[0])


def test_a_file_that_cannot_be_read_is_told_with_its_cause(album: Path, out: Path) -> None:
    def unreadable(_: Path) -> bytes:
        raise PhotoUnreadableError("a.jpg: damaged")

    with Sorter(out, listed(album), SortAs.COPY, unreadable) as sorter:
        assert sorter.place(judged(album / "a.jpg")) is None
    assert "a.jpg: damaged" in str(sorter.problems[0])


# --- places and names -------------------------------------------------------------------------


def test_folders_of_the_same_name_do_not_mix(tmp_path: Path) -> None:
    for name in ("x/fotos/1.jpg", "y/fotos/1.jpg", "y/fotos/sub/2.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    with AlbumSources([tmp_path / "x/fotos", tmp_path / "y/fotos"]) as sources:
        places = places_of(sources.files)
    assert ["/".join(place) for place in places.values()] == [
        "fotos/1.jpg",
        "fotos (2)/1.jpg",
        "fotos (2)/sub/2.jpg",
    ]


def test_files_that_were_named_keep_the_folders_in_which_they_differ(tmp_path: Path) -> None:
    named = [tmp_path / "x" / "1.jpg", tmp_path / "y" / "1.jpg", tmp_path / "y" / "z" / "2.jpg"]
    places = places_of([AlbumFile(path) for path in named])
    assert ["/".join(place) for place in places.values()] == ["x/1.jpg", "y/1.jpg", "y/z/2.jpg"]
    assert places_of([AlbumFile(named[0])]) == {named[0]: ("1.jpg",)}


def test_a_file_and_a_folder_of_one_name_have_each_a_place(tmp_path: Path) -> None:
    files = [AlbumFile(tmp_path / "fotos"), AlbumFile(tmp_path / "Fotos/1.jpg", tmp_path / "Fotos")]
    assert set(places_of(files).values()) == {("fotos (2)",), ("Fotos", "1.jpg")}


def test_names_that_differ_by_case_or_accents_only_are_numbered() -> None:
    root = Path("album")
    composed = unicodedata.normalize("NFC", "É.jpg")
    names = ["a.jpg", "A.JPG", "a (2).jpg", composed, unicodedata.normalize("NFD", composed)]
    places = places_of([AlbumFile(root / name, root) for name in names])
    assert [place[0] for place in places.values()] == [
        *("a.jpg", "A (2).JPG", "a (2) (2).jpg", "É.jpg", "É (2).jpg"),
    ]


@pytest.mark.parametrize(
    ("untrusted", "safe"),
    [
        ("Fête – Übergabe (3) & Ćwiek.jpg", "Fête – Übergabe (3) & Ćwiek.jpg"),
        ("院長.jpg", "院長.jpg"),
        ("..", "__"),
        (".hidden.jpg", "_hidden.jpg"),
        ("a:b*c?.jpg", "a%3Ab%2Ac%3F.jpg"),
        ("back\\slash.jpg", "back%5Cslash.jpg"),
        ("CON.jpg", "_CON.jpg"),
        ("lpt1", "_lpt1"),
        ("ends.", "ends_"),
        ("ends ", "ends_"),
        ("\x1b[31mred.jpg", "%1B[31mred.jpg"),
        ("\u202egpj.a", "%E2%80%AEgpj.a"),
        ("\udcff.jpg", "%ED%B3%BF.jpg"),
        ("", "_"),
    ],
)
def test_a_name_that_a_system_would_refuse_or_misread_is_spelled(untrusted: str, safe: str) -> None:
    assert safe_name(untrusted) == safe


def test_a_long_name_keeps_its_suffix_and_stays_apart() -> None:
    one, other = safe_name("ü" * 200 + "1.jpeg"), safe_name("ü" * 200 + "2.jpeg")
    assert one != other
    assert one.endswith(".jpeg")
    assert len(one.encode()) <= LONGEST_NAME


@given(st.lists(st.text(max_size=300), min_size=1, max_size=8))
def test_every_place_is_safe_on_every_system(names: list[str]) -> None:
    root = Path("album")
    paths = dict.fromkeys(root / name.replace("/", "") for name in names if name.strip("/\0."))
    places = places_of([AlbumFile(path, root) for path in paths if path != root])
    keys = ["/".join(place).casefold() for place in places.values()]
    assert len(set(keys)) == len(keys)
    for place in places.values():
        assert safe_parts("/".join(place), windows=True) == place
        assert not any(part.startswith(".") for part in place)


@posix
def test_odd_names_are_sorted_and_taken_out_again(album: Path, out: Path) -> None:
    odd = ["CON.jpg", "a:b.jpg", "\x1b[2J.jpg", os.fsdecode(b"\xff.jpg"), "A.jpg"]
    for name in odd:
        (album / name).write_bytes(os.fsencode(name))
    sorter = sort(album, out, SortAs.LINK)
    assert sorter.problems == []
    assert len(lies(out)) == len(odd) + 3
    with Sorter(out, listed(album), SortAs.LINK):
        assert lies(out) == set()


@pytest.fixture(autouse=True)
def _nothing_half_written(tmp_path: Path) -> Iterator[None]:
    """No test leaves a file of ours that is not whole."""
    yield
    assert not list(tmp_path.rglob("*.part"))
