"""Photos that lie in a store and not in a folder: `s3://bucket/prefix/` and what fsspec reads.

A store is listed by whoever asks and read by whoever looks, each with the rights of its own
account. Nothing of it is ever written to a disk. An address may hold keys: what people read
shows neither user nor password nor what stands after a question mark.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import os
import re
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clearance.album import may_show_somebody
from clearance.errors import AlbumUnreadableError, ClearanceError
from clearance.zipped_album import MAX_NAME, safe_parts
from detector.decoding import PhotoLimits
from detector.errors import BackendMissingError, PhotoTooLargeError, PhotoUnreadableError
from detector.untrusted import printable

MAX_DEPTH = 100
"""Folders in folders: what goes deeper leads in a circle."""

_DEFAULT_LIMITS = PhotoLimits()
# Two letters at least: one is a drive of Windows.
_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+)://")
_LOCAL = frozenset({"file", "local"})
# They keep what they read on the disk.
_KEEPING = frozenset({"blockcache", "cached", "filecache", "simplecache"})
# Also a password with a slash in it; a number behind the colon is a port.
_USER = re.compile(r"(?:[^/@?#]*|[^/:@\[?#]*:(?!\d*(?:[/?#]|$)).*)@")


@dataclasses.dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file of a store, for whoever reads it.

    Attributes:
        url: what was named; it may hold keys, and is never shown.
        place: where the file lies, as the store calls it.
    """

    url: str = dataclasses.field(repr=False)
    place: str

    def read(self, limits: PhotoLimits = _DEFAULT_LIMITS) -> bytes:
        """The bytes of the file, from memory to memory.

        Raises:
            PhotoTooLargeError: more bytes than `limits` allow; they are not fetched.
            PhotoUnreadableError: missing, empty, or not to be read.
            BackendMissingError: a package that reads this store is not installed.
        """
        name = printable(shown(self.place).rstrip("/").rpartition("/")[2])
        try:
            return self._read(limits.file_bytes)
        except PhotoUnreadableError as error:
            raise type(error)("{name}: {cause}", name=name, cause=error) from error

    def _read(self, limit: int) -> bytes:
        try:
            system, _ = _opened(self.url)
            with system.open(self.place, "rb", cache_type="none") as stream:
                size = getattr(stream, "size", None) or 0
                # One byte more than allowed: the store may not know how large it is.
                content: bytes = stream.read(limit + 1) if size <= limit else b""
        except (BackendMissingError, ClearanceError):
            raise
        except FileNotFoundError as error:
            raise PhotoUnreadableError("there is no such file; check the path") from error
        except PermissionError as error:
            raise PhotoUnreadableError(
                "no permission to read it; change its permissions"
            ) from error
        except Exception as error:
            raise PhotoUnreadableError(
                "cannot be opened ({reason})", reason=_reason(error)
            ) from error
        if size > limit or len(content) > limit:
            raise PhotoTooLargeError(
                "the file is larger than {mib} MiB; export a smaller copy",
                mib=round(limit / 2**20),
            )
        if not content:
            raise PhotoUnreadableError("the file is empty; fetch it again from its source")
        return content


def is_url(named: str) -> bool:
    """Whether somebody names a place in a store, or a `file://` one, and not a path."""
    before, mark, _ = named.partition("://")
    return bool(mark and (_URL.match(named) or "::" in before))


def local_path(url: str) -> Path | None:
    """The path that a `file://` address means; None of any other."""
    found = _URL.match(url)
    if not found or found["scheme"].lower() not in _LOCAL:
        return None
    parts = urllib.parse.urlsplit(url)
    host = "" if parts.netloc in {"", "localhost"} else f"//{parts.netloc}"
    return Path(urllib.request.url2pathname(f"{host}{parts.path}"))


def shown(url: str) -> str:
    """An address without user, password, and what stands after `?` or `#`."""
    scheme, mark, rest = url.rpartition("://")
    if not mark:
        return url
    user = _USER.match(rest)
    place = re.split(r"[?#]", rest[user.end() if user else 0 :], maxsplit=1)[0]
    return f"{scheme}{mark}{place}"


def remote_files(url: str) -> list[tuple[tuple[str, ...], RemoteFile]]:
    """Every file of a store below an address that may show somebody, in a stable order.

    Hidden files, sidecars and texts are no part of an album, as in a folder; an object that
    only stands for a folder is none. An empty file is one, and fails when it is read.

    Returns:
        Folders and name of each below the address, and how it is read; without any parts, the
        address is the file itself.

    Raises:
        AlbumUnreadableError: it cannot be listed, holds nothing to judge, or holds a file with
            a name that cannot be used.
        BackendMissingError: a package that reads this store is not installed.
    """
    with _listing(url):
        system, top = _opened(url)
        named_folder = shown(url).endswith("/")
        if not named_folder and system.info(top)["type"] == "file":
            return [((), RemoteFile(url, top))]
        found = sorted(_below(system, top, url))
    if not found:
        raise AlbumUnreadableError(
            "there is no picture in {folder}: name the folder of the album", folder=shown(url)
        )
    for (parts, _), (following, _) in itertools.pairwise(found):
        if parts == following:
            raise _unusable(url, "/".join(parts))
    return [(parts, RemoteFile(url, place)) for parts, place in found]


def _below(system: Any, top: str, url: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Folders and name of each file, and its place.

    Not by the `find` and `walk` of the library: they leave out, silently, what cannot be listed.
    """
    folders: list[tuple[tuple[str, ...], str]] = [((), top)]
    while folders:
        above, folder = folders.pop()
        entries = system.ls(folder, detail=True)
        # It would keep every listing, for millions of files.
        system.invalidate_cache()
        for entry in entries:
            place, is_folder = entry["name"], entry["type"] == "directory"
            if _is_itself(entry, folder):
                continue
            name = shown(place).rstrip("/").rpartition("/")[2]
            is_nameless = place.rstrip("/") == folder.rstrip("/")
            trailing = place.endswith("/") and not is_folder
            if is_nameless or trailing or safe_parts(name) != (name,) or len(above) > MAX_DEPTH:
                raise _unusable(url, place)
            if name.startswith("."):
                continue
            if is_folder:
                folders.append(((*above, name), place))
            elif may_show_somebody(name):
                yield (*above, name), place


def _is_itself(entry: Any, folder: str) -> bool:
    """Whether a listing names the folder that is listed, or the empty object that stands for it."""
    if entry["name"].rstrip("/") != folder.rstrip("/"):
        return False
    if entry["type"] == "directory":
        return bool(entry["name"] == folder)
    return entry["name"].endswith("/") and not entry.get("size")


def _opened(url: str) -> tuple[Any, str]:
    """What reads the store, and the place in it that the address means.

    Raises:
        AlbumUnreadableError: an address of which copies would be kept, or of no known kind.
        BackendMissingError: a package that reads this store is not installed.
    """
    found = _URL.match(url)
    scheme = found["scheme"].lower() if found else ""
    if not scheme or "::" in url or scheme in _KEEPING:
        raise AlbumUnreadableError(
            "{address} is not read, because copies of the pictures would be kept: name the "
            "place itself, like s3://bucket/folder/",
            address=printable(shown(url)),
        )
    try:
        import fsspec

        system, top = fsspec.core.url_to_fs(url)
    except ImportError as error:
        raise BackendMissingError(
            "what reads pictures at {scheme}:// is not installed; install photo-clearance[s3], "
            "and for another store than S3 what fsspec asks for",
            scheme=scheme,
        ) from error
    return system, str(top)


@contextlib.contextmanager
def _listing(url: str) -> Iterator[None]:
    try:
        yield
    except (BackendMissingError, ClearanceError):
        raise
    except Exception as error:
        raise AlbumUnreadableError(
            "{address} cannot be listed ({reason}): check the address, and the rights of the "
            "account that reads it",
            address=printable(shown(url)),
            reason=_reason(error),
        ) from error


def _reason(error: Exception) -> str:
    """Why, in a word: what libraries say may hold the address, and with it a key."""
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    return type(error).__name__


def _unusable(url: str, place: str) -> AlbumUnreadableError:
    name = printable(shown(place).rstrip("/").rpartition("/")[2][:MAX_NAME])
    return AlbumUnreadableError(
        "{address} holds two files of one name, or a file with a name that cannot be used "
        "({name}): rename it there",
        address=printable(shown(url)),
        name=name,
    )
