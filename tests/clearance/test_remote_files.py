"""Pictures in a store are listed whole and read from memory to memory, and keys stay unsaid."""

from __future__ import annotations

import io
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clearance.album_sources import AlbumFile, AlbumSources
from clearance.commandline import ExitCode
from clearance.crew import look_for
from clearance.errors import AlbumUnreadableError
from clearance.remote_files import RemoteFile, is_url, local_path, remote_files, shown
from detector.decoding import PhotoLimits
from detector.errors import BackendMissingError, PhotoTooLargeError, PhotoUnreadableError
from tests.clearance.cluster_eyes import ENROLLED, LIMITS, light_eyes
from tests.clearance.s3_store import BUCKET, store
from tests.commands import SAMPLES, run

fsspec = pytest.importorskip("fsspec")
PHOTO = (SAMPLES / "portraits" / "jurg-mettler-1.jpg").read_bytes()


@pytest.fixture
def memory() -> Iterator[str]:
    """An address in this process."""
    place = f"/{uuid.uuid4().hex}"
    yield f"memory:/{place}"
    system = fsspec.filesystem("memory")
    if system.exists(place):
        system.rm(place, recursive=True)


def put(url: str, **objects: bytes) -> None:
    system, top = fsspec.core.url_to_fs(url)
    for name, content in objects.items():
        system.pipe_file(f"{top}/{name}", content)


def listed(url: str) -> list[str]:
    return ["/".join(parts) for parts, _ in remote_files(url)]


def s3(objects: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, *refused: str) -> Any:
    """A store that s3fs finds without any other word."""
    pytest.importorskip("s3fs").S3FileSystem.clear_instance_cache()
    for name, value in {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "nowhere",
        "AWS_SHARED_CREDENTIALS_FILE": "nowhere",
    }.items():
        monkeypatch.setenv(name, value)
    return store(objects, *refused)


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ("s3://bucket/album", True),
        ("memory://album", True),
        ("simplecache::s3://bucket", True),
        ("C:\\album", False),
        ("c://album", False),
        ("album/a::b.jpg", False),
        ("-", False),
    ],
)
def test_what_is_an_address(named: str, told: bool) -> None:
    assert is_url(named) is told


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("s3://bucket/album/", "s3://bucket/album/"),
        ("s3://KEY:SECRET@bucket/album", "s3://bucket/album"),
        ("ftp://user:se/cr@et@host/album", "ftp://host/album"),
        ("https://host:9000/a@b/c.jpg?X-Amz-Signature=SECRET", "https://host:9000/a@b/c.jpg"),
        ("https://host/a.jpg#SECRET", "https://host/a.jpg"),
        ("https://host:9000?a=SECRET@SECRET", "https://host:9000"),
        ("https://host?a:b=SECRET@SECRET", "https://host"),
        ("ftp://user:SEC?RET@host/album", "ftp://host/album"),
        ("s3://bucket/me@home/a.jpg", "s3://bucket/me@home/a.jpg"),
        ("ftp://[2001:db8::7]:21/a@b", "ftp://[2001:db8::7]:21/a@b"),
    ],
)
def test_an_address_is_shown_without_keys(url: str, told: str) -> None:
    assert shown(url) == told


def test_a_local_address_is_a_path(tmp_path: Path) -> None:
    (tmp_path / "a b.jpg").write_bytes(PHOTO)
    assert local_path(tmp_path.as_uri()) == tmp_path
    assert local_path("s3://bucket") is None
    with AlbumSources([tmp_path.as_uri()]) as sources:
        assert sources.files == (AlbumFile(tmp_path / "a b.jpg", tmp_path),)


def test_what_may_show_somebody_is_listed_at_every_depth(memory: str) -> None:
    put(
        memory,
        **{
            "b.jpg": PHOTO,
            "a/deep/er/c.HEIC": b"x",
            "a/z.mp4": b"x",
            "a/z.mp4.xmp": b"x",
            "notes.txt": b"x",
            ".hidden.jpg": b"x",
            ".trash/d.jpg": b"x",
            "empty.jpg": b"",
        },
    )
    assert listed(memory) == ["a/deep/er/c.HEIC", "a/z.mp4", "b.jpg", "empty.jpg"]
    assert listed(f"{memory}/a") == ["deep/er/c.HEIC", "z.mp4"]
    assert listed(f"{memory}/b.jpg") == [""]


def test_a_store_is_one_of_the_sources(memory: str, tmp_path: Path) -> None:
    put(memory, **{"a/one.jpg": PHOTO, "two.jpg": b"no picture"})
    (tmp_path / "here.jpg").write_bytes(PHOTO)
    root = Path(memory)
    with AlbumSources([tmp_path / "here.jpg", memory, f"{memory}/two.jpg"]) as sources:
        assert [file.path for file in sources.files] == [
            tmp_path / "here.jpg",
            root / "a" / "one.jpg",
            root / "two.jpg",
        ]
        _, one, two = sources.files
        assert (one.root, one.inside) == (root, None)
        assert sources.open_photo(one.path).path == one.path
        assert sources.read(one.path) == PHOTO
        with sources.unpacked(one.path) as copied:
            assert copied.read_bytes() == PHOTO
        assert not copied.exists()
        with pytest.raises(PhotoUnreadableError, match=r"^two\.jpg: "):
            sources.open_photo(two.path)


def test_a_list_may_name_addresses(memory: str, tmp_path: Path) -> None:
    put(memory, **{"one.jpg": PHOTO})
    (tmp_path / "here.jpg").write_bytes(PHOTO)
    stream = io.BytesIO(f"{memory}/one.jpg\n{tmp_path / 'here.jpg'}\n".encode())
    with AlbumSources(["-"], stream) as sources:
        assert [file.path.name for file in sources.files] == ["one.jpg", "here.jpg"]


def test_who_looks_reads_for_themselves(memory: str) -> None:
    from clearance.crew import Outfit
    from clearance.settings import Settings

    put(memory, **{"one.jpg": PHOTO, "empty.jpg": b""})
    eyes = light_eyes(Outfit(Settings(), ENROLLED, LIMITS))
    with AlbumSources([memory]) as sources:
        empty, one = sources.files
    looked = look_for(one, None, eyes, {}).looked
    assert (looked.path, len(looked.faces)) == (one.path, 1)
    with pytest.raises(PhotoUnreadableError, match=r"empty\.jpg: the file is empty"):
        look_for(empty, None, eyes, {})


def test_a_file_beyond_the_limit_is_not_fetched(memory: str) -> None:
    put(memory, **{"one.jpg": PHOTO})
    (_, one), *_ = remote_files(memory)
    assert one.read(PhotoLimits(file_bytes=len(PHOTO))) == PHOTO
    with pytest.raises(PhotoTooLargeError, match=r"^one\.jpg: the file is larger"):
        one.read(PhotoLimits(file_bytes=len(PHOTO) - 1))


def test_a_file_that_is_gone_is_told(memory: str) -> None:
    put(memory, **{"one.jpg": PHOTO})
    (_, one), *_ = remote_files(memory)
    fsspec.filesystem("memory").rm(one.place)
    with pytest.raises(PhotoUnreadableError, match=r"^one\.jpg: there is no such file"):
        one.read()


def test_nothing_to_judge_is_told(memory: str) -> None:
    with pytest.raises(AlbumUnreadableError, match="cannot be listed"):
        listed(memory)
    put(memory, **{"notes.txt": b"x"})
    with pytest.raises(AlbumUnreadableError, match="there is no picture in memory://"):
        listed(memory)


@pytest.mark.parametrize(
    "url",
    ["simplecache::memory://a", "filecache://a/b", "blockcache::s3://KEY:SECRET@bucket/a?k=SECRET"],
)
def test_what_would_keep_copies_on_the_disk_is_refused(url: str) -> None:
    with pytest.raises(AlbumUnreadableError, match="copies of the pictures") as caught:
        remote_files(url)
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["nosuchstore://user:SECRET@host/album?key=SECRET", "http://u:SECRET@127.0.0.1:1/a/?SECRET"],
)
def test_an_error_tells_no_key(url: str) -> None:
    with pytest.raises(AlbumUnreadableError, match="cannot be listed") as caught:
        remote_files(url)
    assert "SECRET" not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert "SECRET" not in repr(AlbumFile(Path("a"), remote=RemoteFile(url, "a")))


def test_without_the_package_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(BackendMissingError, match=r"install photo-clearance\[s3\]"):
        remote_files("s3://bucket/album/")
    done = run("scan", "s3://bucket/album/", "--registry", tmp_path / "none")
    line = done.assert_exit(ExitCode.COMPONENT_MISSING).result.stderr
    assert len(line.splitlines()) == 1


def test_a_bucket_is_listed_page_after_page(monkeypatch: pytest.MonkeyPatch) -> None:
    objects = {f"album/{number}.jpg": PHOTO for number in range(8)}
    objects |= {"album/": b"", "album/sub/": b"", "album/sub/x.jpg": b"", "other.jpg": PHOTO}
    with s3(objects, monkeypatch) as (address, asked):
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        for url in (f"s3://{BUCKET}/album/", f"s3://{BUCKET}/album"):
            found = remote_files(url)
            names = ["/".join(parts) for parts, _ in found]
            assert names == [*(f"{number}.jpg" for number in range(8)), "sub/x.jpg"]
        asked.clear()
        assert found[0][1].read() == PHOTO
        # Asked for its size, and then fetched once.
        assert asked == ["HEAD album/0.jpg", "GET album/0.jpg"]
        with pytest.raises(PhotoUnreadableError, match=r"^x\.jpg: the file is empty"):
            found[-1][1].read()
        asked.clear()
        with pytest.raises(PhotoTooLargeError):
            found[0][1].read(PhotoLimits(file_bytes=100))
        assert "GET album/0.jpg" not in asked
        with AlbumSources([f"s3://{BUCKET}"]) as sources:
            assert len(sources.files) == 10
            assert sources.files[0].path == Path(f"s3:/{BUCKET}/album/0.jpg")


@pytest.mark.parametrize("key", ["album//b.jpg", "album/../b.jpg", "album/./b.jpg", "album/c.jpg/"])
def test_a_name_that_cannot_be_used_is_never_left_out(
    monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    objects = {"album/b.jpg": PHOTO, key: PHOTO}
    with s3(objects, monkeypatch) as (address, _):
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        with pytest.raises(AlbumUnreadableError, match="cannot be used"):
            remote_files(f"s3://{BUCKET}/album")


def test_a_store_that_refuses_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with s3({"album/a.jpg": PHOTO}, monkeypatch, "album/a.jpg") as (address, _):
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        (_, one), *_ = remote_files(f"s3://{BUCKET}/album/")
        with pytest.raises(PhotoUnreadableError, match=r"^a\.jpg: no permission"):
            one.read()
        with pytest.raises(AlbumUnreadableError, match="s3://nobody/ cannot be listed"):
            remote_files("s3://KEY:SECRET@nobody/")


def test_nothing_of_a_store_is_written_anywhere(
    memory: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    monkeypatch.chdir(tmp_path)
    put(memory, **{"one.jpg": PHOTO})
    with AlbumSources([memory]) as sources:
        sources.open_photo(sources.files[0].path)
    assert [path.name for path in tmp_path.rglob("*")] == ["temporary"]


def test_a_command_checks_pictures_of_a_store(memory: str, tmp_path: Path) -> None:
    put(memory, **{"one.jpg": PHOTO, "empty.jpg": b""})
    done = run("scan", memory, "--registry", tmp_path / "none", "--json", "--jobs", 1)
    documents = done.assert_exit(ExitCode.INPUT_OR_OUTPUT).documents
    empty, one = documents
    assert "the file is empty" in empty["problem"]
    assert len(one["faces"]) == 1
