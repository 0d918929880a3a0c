"""The folder of portraits that comes with a list of people; nothing in it is opened here."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from clearance.errors import RosterRowError, RosterUnreadableError
from clearance.roster_columns import plain_letters

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".heic", ".heif", ".avif")
_SHOWN = 100
_APOSTROPHES = re.compile("['’`´]")
# Two ways to write a name without its dots: Müller is in Mueller.jpg or in Muller.jpg.
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
Spelling = tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class PortraitFolder:
    """The files of a folder that may be portraits; `by_name` has them by name in small letters."""

    files: tuple[Path, ...] = ()
    by_name: Mapping[str, Sequence[Path]] = dataclasses.field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> PortraitFolder:
        """What lies in the folder itself; a link that leads out of it does not count.

        Raises:
            RosterUnreadableError: it is not there, or cannot be read.
        """
        try:
            inside = folder.resolve(strict=True)
            files = [path for path in folder.iterdir() if _may_be_portrait(path, inside)]
        except OSError as error:
            raise RosterUnreadableError(
                "the folder of portraits {path} cannot be read ({reason}); check its name",
                path=folder,
                reason=error.strerror or str(error),
            ) from error
        files.sort(key=lambda path: (path.name.casefold(), path.name))
        by_name: dict[str, list[Path]] = {}
        for path in files:
            by_name.setdefault(_composed(path.name).casefold(), []).append(path)
        return cls(tuple(files), by_name)

    def named(self, untrusted_name: str) -> Path:
        """The file of that name, in any case.

        Raises:
            RosterRowError: there is none, it is no portrait, or a path is given.
        """
        shown = untrusted_name[:_SHOWN]
        if re.search(r"[/\\:]", untrusted_name) or untrusted_name in {".", ".."}:
            raise RosterRowError(
                "the portrait {name!r} is not the name of a file; name one that lies in the "
                "folder of portraits, without a folder",
                name=shown,
            )
        if not untrusted_name.lower().endswith(SUFFIXES):
            raise RosterRowError(
                "the portrait {name!r} is of another kind than {known}",
                name=shown,
                known=", ".join(SUFFIXES),
            )
        wanted = _composed(untrusted_name)
        any_case = self.by_name.get(wanted.casefold(), ())
        found = [path for path in any_case if _composed(path.name) == wanted] or any_case
        if len(found) != 1:
            raise RosterRowError(
                "the portrait {name!r} is not in the folder of portraits; correct the name, or "
                "put the file there",
                name=shown,
            )
        return found[0]


def spellings(name: str) -> frozenset[Spelling]:
    """How a file may spell a name: its words in any order, without accents."""
    return _sorted(_words(name), _words(_composed(name).lower().translate(_UMLAUTS)))


def code_spellings(code: str) -> frozenset[Spelling]:
    """How a file may spell a code: its words in their order."""
    return frozenset(filter(None, [_words(code)]))


def spelled_by(path: Path) -> tuple[frozenset[Spelling], frozenset[Spelling]]:
    """The names and the codes a file may spell; a number at the end only counts the files."""
    words = _words(path.stem)
    # The last number of PT-0042-1 counts, the one before it is the code's own.
    code = words[:-1] if words and words[-1].isdigit() else words
    name = words
    while name and name[-1].isdigit():
        name = name[:-1]
    if name:
        name = (*name[:-1], name[-1].rstrip("0123456789"))
    return _sorted(words, name), frozenset(filter(None, [words, code]))


def _may_be_portrait(path: Path, inside: Path) -> bool:
    # A name with a dot in front is what macOS leaves beside a file of that name.
    if path.name.startswith(".") or path.suffix.lower() not in SUFFIXES:
        return False
    return path.is_file() and path.resolve().is_relative_to(inside)


def _sorted(*spelled: Spelling) -> frozenset[Spelling]:
    return frozenset(tuple(sorted(words)) for words in spelled if words)


def _words(text: str) -> Spelling:
    return tuple(_cut(plain_letters(_APOSTROPHES.sub("", text))))


def _cut(text: str) -> Iterator[str]:
    # Vowel signs of Indian scripts belong to the word, although they are no letters.
    kept = (
        char if char.isalnum() or unicodedata.category(char).startswith("M") else " "
        for char in text
    )
    yield from "".join(kept).split()


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)
