"""Finds the names of known people in a text or a file name, as people write them.

Capitals, accents, transliterations, the genitive and dative of German, the elisions of
French and words run together do not hide a name. Nicknames, misspellings, a family name
cut to its initial, other abbreviations than an initial, other scripts than that of the
registry, and the inflections of Slavic and other languages do: of those nothing is attempted.
"""

from __future__ import annotations

import bisect
import dataclasses
import functools
import itertools
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from consent.records import Person

__all__ = ["Mention", "NameIndex", "folded"]

_LEAST = 3
"""Letters from which a word alone may name somebody."""
_INFLECTED = 4
"""Letters from which a name takes more endings than s: "Linen" is not of Lin."""
_ENDINGS = ("ens", "es", "en", "ns", "s", "n")
"""Of the German genitive and dative, and of a family as a whole."""
_NEAR = 6
"""Words within which a given and a family name belong together."""
_RUN = 6
"""Letters from which names run together are told from other words."""
_MOST = 8
"""Given names, and family names, of one person: who has more is not searched for by them."""
_CODE_WORDS = 8
"""Pieces of a code that are compared; a longer one is known by its beginning."""
_INITIALS = 3
"""Letters in capitals that may be initials ("JP Keller") as well as a family name."""


def _set_of(words: str) -> frozenset[str]:
    return frozenset(words.split())


_PARTICLES = _set_of(
    "von van vom de del della delle dei degli dell di da dal dalla das der den des do dos du "
    "la las le les los lo el al bin ibn zu zum zur ten ter und et y e i"
)
_TITLES = _set_of(
    "med. phil. dipl. lic. mag. ing. mr mr. mrs mrs. ms ms. mme mlle herr frau hr. fr. "
    "signor signora sig. geb. geb geborene née nata"
)
"""No part of a name that goes on."""
_ADDITIONS = _set_of("dr dr. prof prof. jr jr. sr sr.")
"""No part of a name wherever they stand."""

_PLAIN = str.maketrans(
    {"æ": "a", "œ": "o", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i"}
)
"""Letters that do not come apart into a plain one and a mark."""
_UMLAUT = re.compile("([aou])e+")
_RUN_OF_LETTERS = re.compile(r"[^ .'#]+")
_ASIDE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_CODE_WORD = re.compile(r"[^\W_]+")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Letters of scripts that put no space between words, or none before a particle."""


@dataclasses.dataclass(frozen=True, slots=True)
class Mention:
    """Somebody is named.

    Attributes:
        person: the id.
        words: the words of the text that name them, as written, in its order and with one
            space between.
    """

    person: str
    words: str


class NameIndex:
    """Who is named in a text; made once for many people and many texts.

    A name consists of given and family names. The family names are the words before a
    comma, else those in capitals where others are not, else the last word. Particles and
    titles do not count. A reference code is found as a whole word, whatever single character
    separates its pieces; one of digits alone only as written.
    """

    def __init__(self, people: Iterable[Person], ordinary: Iterable[str] = ()) -> None:
        """Take the people, in the order in which those named by the same words are told.

        Args:
            people: everybody who may be named.
            ordinary: words of everyday language, which name no family by themselves. They
                still name those in the picture, and those who are known by one word only.
        """
        self._ordinary = {folded(word) for words in ordinary for word in _words(words)}
        self._people: list[tuple[str, str]] = []
        """Id and name, the name empty where it is a code; the other tables hold places here."""
        self._places: dict[str, list[int]] = {}
        self._given: set[str] = set()
        self._family: set[str] = set()
        self._second: set[str] = set()
        self._long: set[str] = set()
        """Words that only folding made short: "aur" of Auer."""
        self._alone: dict[str, list[int]] = {}
        self._together: dict[str, list[int]] = {}
        self._initials: dict[str, list[int]] = {}
        self._lengths: dict[str, set[int]] = {}
        """Of the names that are looked for inside a word, by their first two letters."""
        self._codes: dict[str, list[tuple[int, str]]] = {}
        # The same words are in many names; they are forgotten when all names are read.
        read = functools.cache(_NameWord.of)
        for person in people:
            self._add(person, read)
        self._known = self._given | self._family | self._second

    def named_in(self, text: str, *, shown: Collection[str] = ()) -> tuple[Mention, ...]:
        """Who is named in a text.

        Somebody is named by a given name, or its initial, and a family name within six words,
        in any order; by a family name alone, if it has three letters and is no ordinary word;
        by both run together. A word that is part of somebody else's full name counts as well:
        "Anna Keller" names every Keller.

        Args:
            text: what is searched; line breaks do not matter.
            shown: ids of the people in the picture. Every single part of their names names
                them, one below three letters if it is not in small letters. An id that is not
                in the index is nobody's.

        Returns:
            Everybody who is named, each once, in the order of the text; of those who are named
            from the same place on, the ones with their full name first.
        """
        return self._named(text, shown, is_file_name=False)

    def named_in_file_name(self, stem: str, *, shown: Collection[str] = ()) -> tuple[Mention, ...]:
        """Who is named in a file name or that of a folder; for the rest see `named_in`.

        Names run together are found inside longer words as well, and an initial may be a
        small letter.
        """
        return self._named(stem, shown, is_file_name=True)

    def _add(self, person: Person, read: Callable[[str], _NameWord]) -> None:
        place = len(self._people)
        self._places.setdefault(person.id, []).append(place)
        name = None if person.coded else _Name.of(person.name, read)
        if name is None or (not name.given and any(map(str.isdigit, person.name))):
            self._people.append((person.id, ""))
            self._add_code(place, person.name)
            return
        self._people.append((person.id, person.name))
        self._add_parts(place, name)
        for together, letters in name.together():
            self._add_together(place, together, letters)

    def _add_parts(self, place: int, name: _Name) -> None:
        self._given.update(part.folded for part in name.given)
        self._second.update(part.folded for part in name.second)
        initials = {part.folded[0] for part in name.given}
        for word, letters in name.family:
            self._family.add(word)
            if letters >= _LEAST and not (name.given and word in self._ordinary):
                self._alone.setdefault(word, []).append(place)
            for initial in initials:
                self._initials.setdefault(f"{initial} {word}", []).append(place)
        for word, letters in (*name.given, *name.family):
            if len(word) < _INFLECTED <= letters:
                self._long.add(word)

    def _add_together(self, place: int, together: str, letters: int) -> None:
        spellings = [together]
        if together[0] == "e":
            # In "fotoErika" the o takes the e for the sign of an umlaut.
            spellings.append(together.lstrip("e") or together)
        for spelling in spellings:
            self._together.setdefault(spelling, []).append(place)
            if letters >= _RUN or (letters > 1 and _is_unspaced(spelling)):
                self._lengths.setdefault(spelling[:2], set()).add(len(spelling))

    def _add_code(self, place: int, code: str) -> None:
        pieces = list(_CODE_WORD.finditer(unicodedata.normalize("NFC", code)))[:_CODE_WORDS]
        if pieces:
            written = pieces[0].string[pieces[0].start() : pieces[-1].end()]
            key = "".join(folded(piece[0]) for piece in pieces)
            self._codes.setdefault(key, []).append((place, written.casefold()))

    def _named(
        self, text: str, shown: Collection[str], *, is_file_name: bool
    ) -> tuple[Mention, ...]:
        found = _Found()
        hits, initials = self._read(_cleaned(text), found, is_file_name=is_file_name)
        self._look_for_families(hits, found)
        self._look_for_shown(hits, shown, found)
        given = [hit for hit in hits if hit.stem in self._given and not hit.reach]
        self._look_for_pairs(hits, given, found)
        self._look_for_pairs(hits, initials, found)
        if self._codes:
            self._look_for_codes(unicodedata.normalize("NFC", text), found)
        return tuple(Mention(self._people[place][0], words) for place, words in found.in_order())

    def _read(
        self, cleaned: str, found: _Found, *, is_file_name: bool
    ) -> tuple[list[_Hit], list[_Hit]]:
        """Go through the text: the words that are in names, the initials; tell names in runs."""
        hits: list[_Hit] = []
        initials: list[_Hit] = []
        readings: dict[str, _Reading] = {}
        number = 0
        for match in _RUN_OF_LETTERS.finditer(cleaned):
            run, start = match[0], match.start()
            before = cleaned[start - 1 : start]
            reading = readings.get(run)
            if reading is None:
                reading = readings[run] = self._reading(run)
                found.add(reading.together, start, run, is_full=True)
                if is_file_name or before == "#" or _is_unspaced(run):
                    found.add(self._inside(folded(run)), start, run, is_full=True)
            for at, end, word, stem, written in reading.words:
                hits.append(_Hit(stem, word, written, number + at, number + end, start, run))
            for at, written in reading.initials:
                after = cleaned[match.end() : match.end() + 1]
                if "'" not in (before, after) and (
                    is_file_name or after == "." or written.isupper()
                ):
                    word = folded(written)
                    reach = _NEAR if after == "." else 1
                    place = number + at
                    hit = _Hit(word, word, written, place, place, start, run, reach)
                    initials.append(hit)
                    if word in self._known:
                        hits.append(hit)
            number += reading.length
        return hits, initials

    def _reading(self, run: str) -> _Reading:
        parts = _apart(run)
        whole = [(0, len(parts) - 1, run)] if len(parts) > 1 else []
        words: list[tuple[int, int, str, str, str]] = []
        initials = []
        together: list[int] = []
        for at, end, written in (*whole, *((at, at, part) for at, part in enumerate(parts))):
            if len(written) == 1 and _is_cased(written):
                initials.append((at, written))
                continue
            word = folded(written)
            for stem in self._stems(word):
                if stem in self._known:
                    words.append((at, end, word, stem, written))
                if len(written) >= _RUN:
                    together += self._together.get(stem, ())
        return _Reading(len(parts), tuple(words), tuple(initials), tuple(together))

    def _stems(self, word: str) -> Iterator[str]:
        """The word, and what it may be an inflection of."""
        yield word
        if word[-1:] in ("s", "n"):
            for ending in _ENDINGS:
                if word.endswith(ending):
                    stem = word[: -len(ending)]
                    if len(stem) >= _INFLECTED or (ending == "s" and stem) or stem in self._long:
                        yield stem

    def _inside(self, run: str) -> Iterator[int]:
        """Who is named in the word by names run together."""
        for start in range(len(run) - 1):
            for length in self._lengths.get(run[start : start + 2], ()):
                if start + length <= len(run):
                    yield from self._together.get(run[start : start + length], ())

    def _look_for_families(self, hits: Iterable[_Hit], found: _Found) -> None:
        done: set[str] = set()
        for hit in hits:
            is_ordinary = hit.stem != hit.word and hit.word in self._ordinary
            if hit.stem not in done and not is_ordinary:
                done.add(hit.stem)
                found.add(self._alone.get(hit.stem, ()), hit.start, hit.written, is_full=False)

    def _look_for_shown(self, hits: Iterable[_Hit], shown: Iterable[str], found: _Found) -> None:
        parts: dict[str, list[tuple[int, int]]] = {}
        for place in (place for person in shown for place in self._places.get(person, ())):
            name = _Name.of(self._people[place][1], _NameWord.of)
            for word, letters in (*name.given, *name.family) if name else ():
                parts.setdefault(word, []).append((place, letters))
        for hit in hits if parts else ():
            is_proper = hit.stem == hit.word and not hit.written.islower() and not hit.reach
            for place, letters in parts.get(hit.stem, ()):
                if letters >= _LEAST or is_proper:
                    found.add((place,), hit.start, hit.written, is_full=False)

    def _look_for_pairs(self, hits: Iterable[_Hit], others: Sequence[_Hit], found: _Found) -> None:
        """Family names near given names, or near initials."""
        places = [hit.first for hit in others]
        done: set[tuple[str, str, int]] = set()
        for hit in hits:
            is_family = hit.stem in self._family
            if not is_family and hit.stem not in self._second:
                continue
            reach = _NEAR if is_family else 1
            begin = bisect.bisect_left(places, hit.first - _NEAR - _MOST)
            end = bisect.bisect_right(places, hit.last + reach)
            for other in others[begin:end]:
                key = (other.stem, hit.stem, other.reach)
                if key in done or not 0 < hit.distance(other) <= min(reach, other.reach or _NEAR):
                    continue
                done.add(key)
                people = self._pair(other, hit.stem)
                found.add(people, *hit.beside(other), is_full=True)

    def _pair(self, other: _Hit, family: str) -> Collection[int]:
        if other.reach:
            return self._initials.get(f"{other.stem} {family}", ())
        return self._together.get(_together(other.stem, family), ())

    def _look_for_codes(self, text: str, found: _Found) -> None:
        words = list(_CODE_WORD.finditer(text))
        keys = [folded(word[0]) for word in words]
        for index, first in enumerate(words):
            key, gaps = "", 0
            end = first.start()
            for word, piece in zip(
                words[index : index + _CODE_WORDS], keys[index : index + _CODE_WORDS], strict=True
            ):
                key += piece
                gaps = max(gaps, word.start() - end)
                end = word.end()
                for place, code in self._codes.get(key, ()):
                    written = text[first.start() : end]
                    if written.casefold() == code or (gaps <= 1 and not key.isdigit()):
                        found.add((place,), first.start(), written, is_full=True)


class _Part(NamedTuple):
    """A word of a name, folded, and with how many letters it is written."""

    folded: str
    letters: int

    @classmethod
    def of(cls, pieces: Iterable[_Part]) -> _Part:
        """The pieces run together."""
        pieces = tuple(pieces)
        together = _together(*(piece.folded for piece in pieces))
        return cls(together, sum(piece.letters for piece in pieces))


class _NameWord(NamedTuple):
    """What is written between two spaces of a name: Anna, Küng-Meier, O'Neil, von, Dr.

    `pieces` are its words, `parts` what of it names somebody: the pieces, and of a compound
    all together.
    """

    pieces: tuple[_Part, ...]
    parts: tuple[_Part, ...]
    is_particle: bool
    is_title: bool
    is_addition: bool
    is_capital: bool

    @classmethod
    def of(cls, written: str) -> _NameWord:
        runs = _words(written)
        pieces = tuple(_Part(folded(run), len(run)) for run in runs)
        parts = pieces = tuple(piece for piece in pieces if piece.folded)
        if len(pieces) > 1:
            # The O of O'Neil is no name, nor is the J of J.-P. an initial less.
            longer = tuple(piece for piece in pieces if piece.letters > 1)
            parts = (*(longer or pieces), _Part.of(pieces))[-_MOST:]
        spelling = written.casefold()
        # Two capitals at the end, for McDONALD; ß has none of its own.
        end = "".join(runs).replace("ß", "SS")[-2:]
        return cls(
            pieces,
            parts,
            is_particle=spelling in _PARTICLES and (len(written) > 1 or written.islower()),
            is_title=spelling in _TITLES,
            is_addition=spelling in _ADDITIONS,
            is_capital=len(end) > 1 and end.isupper(),
        )


class _Name(NamedTuple):
    """The parts of a name.

    `second` is the last word before the family name where there are three or more: in Spanish
    and Portuguese the family name by which people are called. `orders` are all the words, as
    written and with the family name first.
    """

    given: tuple[_Part, ...]
    family: tuple[_Part, ...]
    second: tuple[_Part, ...]
    orders: tuple[tuple[_NameWord, ...], ...]

    @classmethod
    def of(cls, written: str, read: Callable[[str], _NameWord]) -> _Name | None:
        """Take a name apart; None where there is no letter in it."""
        aside: list[_NameWord] = []
        if "(" in written or "[" in written:
            aside = _read_all(" ".join(part[1:-1] for part in _ASIDE.findall(written)), read)
            written = _ASIDE.sub(" ", written)
        before, _, after = written.partition(",")
        first, last = _read_all(before, read), _read_all(after.replace(",", " "), read)
        second: list[_NameWord] = []
        if first and last:
            family, given, words = _names_in(first), _names_in(last), last + first
        else:
            words = first or last or aside
            if not words:
                return None
            given, family, second = _sorted(_names_in(words))
        family_parts = [part for word in family for part in word.parts]
        return cls(
            tuple(part for word in (*given, *aside) for part in word.parts)[:_MOST],
            tuple(dict.fromkeys((*_with_particles(words, family), *family_parts)))[:_MOST],
            tuple(part for word in second for part in word.parts),
            (tuple(words), (*(word for word in words if word not in given), *given)),
        )

    def together(self) -> Iterator[tuple[str, int]]:
        """The parts run together, folded, and their letters."""
        pairs = [(given, other) for given in self.given for other in self.family + self.second]
        for given, other in pairs:
            letters = given.letters + other.letters
            yield _together(given.folded, other.folded), letters
            yield _together(other.folded, given.folded), letters
        if self.orders[0][2:] or len(pairs) != 1:
            yield from {
                _Part.of(piece for word in words[:_MOST] for piece in word.pieces)
                for words in self.orders
                # Two words at least: also where the given name looks like a particle, Di Wang.
                if words[1:] or _is_unspaced(words[0].pieces[0].folded)
            }


class _Reading(NamedTuple):
    """What a run of letters may say: how many words it is, and what is in them.

    `words` are those that are in names: from which to which word of the run, folded, as it is in
    the name, and as written. `initials` are single letters, `together` who is named by names
    run together.
    """

    length: int
    words: tuple[tuple[int, int, str, str, str], ...]
    initials: tuple[tuple[int, str], ...]
    together: tuple[int, ...]


class _Hit(NamedTuple):
    """A word of the text: as it is in a name, folded, as written; or an initial.

    `first` and `last` count the words of the text: "AnnaKeller" is one of two. `start` is where
    the run of letters begins, `run` that run. `reach` is how near a family name has to be to an
    initial, in words; 0 for a word.
    """

    stem: str
    word: str
    written: str
    first: int
    last: int
    start: int
    run: str
    reach: int = 0

    def distance(self, other: _Hit) -> int:
        """In words, 1 for neighbours; 0 or less where they are made of the same letters."""
        return max(self.first - other.last, other.first - self.last)

    def beside(self, other: _Hit) -> tuple[int, str]:
        """Where both begin, and how they are written."""
        one, two = (self, other) if self.first < other.first else (other, self)
        return one.start, one.run if one.start == two.start else f"{one.written} {two.written}"


class _Found:
    """Where each person is named first, and by what words."""

    def __init__(self) -> None:
        self._first: dict[int, tuple[int, bool, str]] = {}

    def add(self, people: Iterable[int], start: int, words: str, *, is_full: bool) -> None:
        here = start, not is_full, words
        first = self._first
        for person in people:
            if person not in first or here < first[person]:
                first[person] = here

    def in_order(self) -> list[tuple[int, str]]:
        ordered = sorted((*here[:2], person) for person, here in self._first.items())
        return [(person, self._first[person][2]) for *_, person in ordered]


class _Cleaning(dict[int, int | None]):
    """What stays of a character: letters and their marks, a full stop, an apostrophe, a hash.

    Everything else is a space; nothing is left of what cannot be seen.
    """

    _FILLERS = (0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0)
    _UNSEEN = frozenset([*_FILLERS, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)])
    """Fillers and variation selectors, which are letters or marks to Unicode."""
    _APOSTROPHES = frozenset([*map(ord, "'’‘‛′`´＇"), *range(0x2B0, 0x300)])
    """Among them the spacing modifiers, which are letters to Unicode."""

    def __missing__(self, code: int) -> int | None:
        stays = self[code] = self._stays(code, unicodedata.category(chr(code)))
        return stays

    def _stays(self, code: int, category: str) -> int | None:
        if category == "Cf" or code in self._UNSEEN:
            return None
        if code in self._APOSTROPHES:
            return ord("'")
        if chr(code) in "#@":
            return ord("#")
        is_letter = category[0] == "L" or category in ("Mn", "Mc")
        return code if is_letter or chr(code) == "." else ord(" ")


_CLEANING = _Cleaning()


def folded(word: str) -> str:
    """One spelling for all that are the same name: small, plain, without transliterations.

    Marks are dropped, ß is ss, and an e after a, o or u is taken for the sign of an umlaut, so
    that Müller, Mueller and Muller are one. Folding twice changes nothing.
    """
    if word.isascii():
        plain = word.lower()
    else:
        apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", word).casefold())
        plain = "".join(c for c in apart if not unicodedata.combining(c)).translate(_PLAIN)
    return _UMLAUT.sub(r"\1", plain) if "e" in plain else plain


def _together(*words: str) -> str:
    """Folded words run together, folded."""
    together = "".join(words)
    return _UMLAUT.sub(r"\1", together) if "e" in together else together


def _cleaned(text: str) -> str:
    return unicodedata.normalize("NFC", text).translate(_CLEANING)


def _words(text: str) -> list[str]:
    return _RUN_OF_LETTERS.findall(_cleaned(text))


def _is_cased(letter: str) -> bool:
    return letter.lower() != letter.upper()


def _is_unspaced(text: str) -> bool:
    return not text.isascii() and _UNSPACED.search(text) is not None


def _apart(run: str) -> list[str]:
    """The words of a run of letters: "AnnaKeller", "KELLERAnna", "Annaさん"."""
    if run.isascii() and (run.islower() or run[1:].islower() or run.isupper()):
        return [run]
    joints = [0, *(at for at in range(1, len(run)) if _is_joint(run, at)), len(run)]
    return [run[start:end] for start, end in itertools.pairwise(joints)]


def _is_joint(run: str, at: int) -> bool:
    before, after = run[at - 1], run[at]
    if not after.isalpha():
        return False
    if after.isupper():
        return not before.isupper() or run[at + 1 : at + 2].islower()
    return before.isalpha() and _is_cased(before) != _is_cased(after)


def _read_all(text: str, read: Callable[[str], _NameWord]) -> list[_NameWord]:
    return [word for word in map(read, text.split()) if word.parts]


def _names_in(words: list[_NameWord]) -> list[_NameWord]:
    """The words that are names; where none seems to be one, all."""
    people = [word for word in words if not word.is_addition] or words
    # The last word is a name, whatever it means elsewhere: Anna Le, Marta Herr.
    plain = [word for word in people[:-1] if not word.is_particle and not word.is_title]
    return plain + people[-1:]


def _sorted(
    words: list[_NameWord],
) -> tuple[list[_NameWord], list[_NameWord], list[_NameWord]]:
    """Given names, family names, and the last of the given that may be one of the family."""
    capitals = [word for word in words if word.is_capital]
    if not capitals or len(capitals) == len(words):
        return words[:-1], words[-1:], words[1:-1][-1:]
    family = capitals
    if all(_Part.of(word.pieces).letters <= _INITIALS for word in capitals):
        family = list(dict.fromkeys([*capitals, words[-1]]))
    return [word for word in words if word not in family] or words[:-1], family, []


def _with_particles(words: list[_NameWord], family: list[_NameWord]) -> tuple[_Part, ...]:
    """The family name together with the particles before it: Vonmoos for von Moos."""
    for at in range(1, len(words)):
        start = at
        while start and words[at] in family and words[start - 1].is_particle:
            start -= 1
        if start < at:
            return (_Part.of(piece for word in words[start : at + 1] for piece in word.pieces),)
    return ()
