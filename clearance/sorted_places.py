"""Where each picture of an album lies below the folder of its verdict: a place for every file.

Names come from file systems and archives, and become names on a computer that may be another
one: whatever some system would not take, or take for something else, is spelled out.
"""

from __future__ import annotations

import collections
import hashlib
import os
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from clearance.zipped_album import safe_parts

if TYPE_CHECKING:
    from clearance.album_sources import AlbumFile

    Place = tuple[str, ...]
    """Folders and name, below the folder of a verdict."""

LONGEST_NAME = 200
"""Bytes of a name as UTF-8. File systems take 255; the rest is for numbers and other systems."""

_REFUSED = frozenset('<>:"/\\|?*')  # by Windows, or what separates folders somewhere
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_ORDINARY_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}")
_DIGITS = 8


def places_of(files: Sequence[AlbumFile]) -> Mapping[Path, Place]:
    """A place for each file, by its path: no two are one on any file system.

    The folders of the album are kept. Where several folders or archives were named, each has
    a folder of its own, called as it is; files that were named themselves keep the folders in
    which they differ. What would have the same name all the same is numbered, in the order of
    the files: the same files in the same order have the same places.
    """
    labels = _labels(files)
    loose = [file.path for file in files if file.root is None]
    shared = _shared_folder(loose)
    wanted = {
        file.path: tuple(map(safe_name, _parts(file, labels, shared) or (file.path.name,)))
        for file in files
    }
    folders = {_key(place[:depth]) for place in wanted.values() for depth in range(1, len(place))}
    return _all_different(wanted, folders)


def safe_name(untrusted_name: str) -> str:
    """The name as every system takes it for a name, and shows all of it.

    An ordinary name stays as it is. What a system refuses, and what is not seen, is spelled as
    %3A; a name that hides, is a device or leads elsewhere begins with `_`; of one that is too
    long the middle is replaced by a part of its SHA-256.
    """
    composed = unicodedata.normalize("NFC", untrusted_name)
    name = "".join(_spelled(char) if _is_refused(char) else char for char in composed)
    if name.startswith("."):
        name = f"_{name[1:]}"
    if name.endswith((" ", ".")):  # Windows leaves them out
        name = f"{name[:-1]}_"
    # What is wrong now is the name as a whole: empty, or one of a device.
    if not name or safe_parts(name[:LONGEST_NAME], windows=True) is None:
        name = f"_{name}"
    return _shortened(name, untrusted_name)


def _labels(files: Iterable[AlbumFile]) -> dict[Path, Place]:
    """The folder that keeps the files of each root apart; none where there is one root only."""
    roots = dict.fromkeys(file.root for file in files)
    if len(roots) <= 1:
        return {root: () for root in roots if root is not None}
    named = {root: (safe_name(root.resolve().name),) for root in roots if root is not None}
    return dict(_all_different(named, frozenset()))


def _shared_folder(loose: Iterable[Path]) -> Path | None:
    """The folder below which all files lie that were named themselves; None where there is none."""
    parents = {os.path.realpath(path.parent) for path in loose}
    try:
        return Path(os.path.commonpath(parents))
    except ValueError:  # no file; on Windows, files of several drives
        return None


def _parts(file: AlbumFile, labels: Mapping[Path, Place], shared: Path | None) -> Place:
    if file.root is None:
        real = Path(os.path.realpath(file.path.parent), file.path.name)
        return real.relative_to(shared).parts if shared else (file.path.name,)
    if file.inside is not None:
        return (*labels[file.root], *file.inside.split("/"))
    return (*labels[file.root], *file.path.relative_to(file.root).parts)


def _all_different(
    wanted: Mapping[Path, Place], folders: frozenset[str] | set[str]
) -> Mapping[Path, Place]:
    """Each place as it is wanted, or with the next number that is free."""
    taken: set[str] = set()
    tried: collections.Counter[str] = collections.Counter()
    found = {}
    for path, place in wanted.items():
        key, free = _key(place), place
        while (now := _key(free)) in taken or now in folders:
            tried[key] += 1
            free = (*place[:-1], _numbered(place[-1], tried[key] + 1))
        taken.add(now)
        found[path] = free
    return found


def _numbered(name: str, number: int) -> str:
    stem, suffix = _split(name)
    return f"{stem} ({number}){suffix}"


def _split(name: str) -> tuple[str, str]:
    suffix = Path(name).suffix
    return (name[: -len(suffix)], suffix) if _ORDINARY_SUFFIX.fullmatch(suffix) else (name, "")


def _key(place: Sequence[str]) -> str:
    """Equal for places that some file system takes for one: case, composed letters."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", "/".join(place)).casefold())


def _is_refused(char: str) -> bool:
    return char in _REFUSED or unicodedata.category(char) in _UNSEEN


def _spelled(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogatepass"))


def _shortened(name: str, whole: str) -> str:
    if len(name.encode()) <= LONGEST_NAME:
        return name
    digest = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
    stem, suffix = _split(name)
    room = LONGEST_NAME - len(suffix) - _DIGITS - 1
    kept = stem.encode()[:room].decode("utf-8", "ignore").rstrip(" .")
    return f"{kept}~{digest}{suffix}"
