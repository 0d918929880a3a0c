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
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from consent.records import Person

__all__ = ["Mention", "NameIndex", "folded"]

_LEAST = 3
"""Letters from which a word alone may name somebody."""
_INFLECTED = 4
"""Letters of a name that takes more endings than s: "Linen" is not of Lin."""
_ENDINGS = ("ens", "es", "en", "ns", "s", "n")
"""Of the German genitive and dative, and of a family as a whole."""
_NEAR = 6
"""Words within which a given and a family name belong together."""
_RUN = 6
"""Letters from which names run together are told from other words."""
_MOST = 8
"""Given names, and family names, of one person: what says more is no name."""
_CODE_WORDS = 6
"""Pieces of letters and digits in which a code may be written."""
_SHORT_CAPITALS = 3
"""Letters of a word in capitals that may be initials ("JP Keller") as well as a family's."""

_PARTICLES = frozenset(
    [
        "von",
        "van",
        "vom",
        "de",
        "del",
        "della",
        "delle",
        "dei",
        "degli",
        "dell",
        "di",
        "da",
        "dal",
        "dalla",
        "das",
        "der",
        "den",
        "des",
        "do",
        "dos",
        "du",
        "la",
        "las",
        "le",
        "les",
        "los",
        "lo",
        "el",
        "al",
        "bin",
        "ibn",
        "zu",
        "zum",
        "zur",
        "ten",
        "ter",
        "und",
        "et",
        "y",
        "e",
        "i",
    ]
)
_TITLES = frozenset(
    [
        "dr",
        "prof",
        "med",
        "phil",
        "dipl",
        "lic",
        "mag",
        "ing",
        "mr",
        "mrs",
        "ms",
        "mme",
        "mlle",
        "herr",
        "frau",
        "signor",
        "signora",
        "geb",
        "geborene",
        "née",
        "nata",
    ]
)
_GENERATIONS = frozenset(["jr", "sr"])

_BESIDE_LATIN = str.maketrans(
    {"æ": "a", "œ": "o", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i"}
)
"""Letters that do not come apart into a plain one and a mark."""
_UMLAUT = re.compile("([aou])e+")
_WORD = re.compile(r"[^ .'#]+")
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
    titles do not count. A reference code is found as a whole word, however its pieces are
    separated; one of digits alone only as written.
    """

    def __init__(self, people: Iterable[Person], ordinary: Iterable[str] = ()) -> None:
        """Take the people, in the order in which those named by the same words are told.

        Args:
            people: everybody who may be named.
            ordinary: words of everyday language, which name no family by themselves. They
                still name those in the picture, and those known by that word only.
        """
        self._ordinary = {folded(word) for words in ordinary for word in _words(words)}
        self._ids: list[str] = []
        self._written: dict[str, list[int]] = {}
        """People by id: a list, since whoever hands in an id twice means both."""
        self._names: list[str] = []
        self._given: set[str] = set()
        self._family: set[str] = set()
        self._second: set[str] = set()
        self._long: set[str] = set()
        """Words that are short only because of folding: "aur" of Auer."""
        self._alone: dict[str, list[int]] = {}
        self._together: dict[str, list[int]] = {}
        self._initials: dict[str, list[int]] = {}
        self._lengths: dict[str, set[int]] = {}
        """Of the names that are looked for inside a word, by their first two letters."""
        self._codes: dict[str, list[tuple[int, str]]] = {}
        for person in people:
            self._add(person)
        self._known = self._given | self._family | self._second | self._alone.keys()

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
        return self._named(text, shown, in_file_name=False)

    def named_in_file_name(self, stem: str, *, shown: Collection[str] = ()) -> tuple[Mention, ...]:
        """Who is named in a file name or that of a folder; for the rest see `named_in`.

        Names run together are found inside longer words as well, and an initial beside a
        family name may be a small letter.
        """
        return self._named(stem, shown, in_file_name=True)

    def _add(self, person: Person) -> None:
        number = len(self._ids)
        self._ids.append(person.id)
        self._names.append("" if person.coded else person.name)
        self._written.setdefault(person.id, []).append(number)
        name = _name(self._names[number])
        if person.coded or not name.family or (not name.given and _has_digit(person.name)):
            self._names[number] = ""
            self._add_code(number, person.name)
            return
        self._given.update(part.folded for part in name.given)
        self._family.update(part.folded for part in name.family)
        self._second.update(part.folded for part in name.second)
        for part in (*name.given, *name.family):
            if len(part.folded) < _INFLECTED <= part.letters:
                self._long.add(part.folded)
        for part in name.family:
            if part.letters >= _LEAST and not (name.given and part.folded in self._ordinary):
                self._alone.setdefault(part.folded, []).append(number)
            for initial in {given.folded[0] for given in name.given}:
                self._initials.setdefault(f"{initial} {part.folded}", []).append(number)
        for together, letters in name.together():
            self._add_together(number, together, letters)

    def _add_together(self, number: int, together: str, letters: int) -> None:
        is_found_inside = letters >= (2 if _UNSPACED.search(together) else _RUN)
        # After a, o or u an e is taken for the sign of an umlaut: "fotoErika", "fotorika".
        for spelling in {together, together.lstrip("e") or together}:
            self._together.setdefault(spelling, []).append(number)
            if is_found_inside:
                self._lengths.setdefault(spelling[:2], set()).add(len(spelling))

    def _add_code(self, number: int, code: str) -> None:
        pieces = list(_CODE_WORD.finditer(unicodedata.normalize("NFC", code)))
        if pieces:
            written = pieces[0].string[pieces[0].start() : pieces[-1].end()]
            key = "".join(folded(piece[0]) for piece in pieces)
            self._codes.setdefault(key, []).append((number, written.casefold()))

    def _named(
        self, text: str, shown: Collection[str], *, in_file_name: bool
    ) -> tuple[Mention, ...]:
        found = _Found()
        hits = _Hits(self._parts_of(shown))
        self._read(_cleaned(text), hits, found, in_file_name=in_file_name)
        self._look_alone(hits, found)
        self._look_for_pairs(hits, found)
        if self._codes:
            self._look_for_codes(unicodedata.normalize("NFC", text), found)
        return tuple(Mention(self._ids[number], words) for number, words in found.in_order())

    def _parts_of(self, shown: Collection[str]) -> dict[str, list[tuple[int, int]]]:
        """The folded parts of these people's names: whose, and with how many letters."""
        parts: dict[str, list[tuple[int, int]]] = {}
        for person in shown:
            for number in self._written.get(person, ()):
                name = _name(self._names[number])
                for part in (*name.given, *name.family):
                    parts.setdefault(part.folded, []).append((number, part.letters))
        return parts

    def _read(self, cleaned: str, hits: _Hits, found: _Found, *, in_file_name: bool) -> None:
        """Go through the text once: note words of names, tell names run together."""
        readings: dict[str, tuple[str, tuple[str, ...]]] = {}
        place = 0
        for match in _WORD.finditer(cleaned):
            run, start = match[0], match.start()
            is_tag = cleaned[start - 1 : start] == "#"
            parts = _apart(run)
            for part in parts:
                if len(part) == 1 and part.lower() != part.upper():
                    around = cleaned[max(start - 1, 0) : start], cleaned[match.end() :][:1]
                    is_dotted = around[1] == "."
                    if "'" not in around and (in_file_name or is_dotted or part.isupper()):
                        hit = _Hit(folded(part), part, part, place, place, start, run)
                        hits.initials.append((hit, is_dotted))
                        hits.add(hit, self._known)
                place += 1
            first = place - len(parts)
            words = [(first + index, first + index, part) for index, part in enumerate(parts)]
            if len(parts) > 1:
                words.append((first, place - 1, run))
            for begin, end, written in words:
                if len(written) == 1 and written.lower() != written.upper():
                    continue
                if written not in readings:
                    word = folded(written)
                    readings[written] = word, tuple(self._stems(word))
                word, stems = readings[written]
                for stem in stems:
                    hits.add(_Hit(stem, word, written, begin, end, start, run), self._known)
                if len(written) >= _RUN:
                    for stem in stems:
                        found.add(self._together.get(stem, ()), start, run, full=True)
            if in_file_name or is_tag or _UNSPACED.search(run):
                found.add(self._inside(folded(run)), start, run, full=True)

    def _stems(self, word: str) -> Iterator[str]:
        """The word, and what it may be an inflection of."""
        yield word
        for ending in _ENDINGS:
            if word.endswith(ending):
                stem = word[: -len(ending)]
                if (ending == "s" and stem) or len(stem) >= _INFLECTED or stem in self._long:
                    yield stem

    def _inside(self, run: str) -> Iterator[int]:
        """Whose names run together are in the word."""
        for start in range(len(run) - 1):
            for length in self._lengths.get(run[start : start + 2], ()):
                if start + length <= len(run):
                    yield from self._together.get(run[start : start + length], ())

    def _look_alone(self, hits: _Hits, found: _Found) -> None:
        """Words that name somebody by themselves."""
        for hit in hits.known:
            if hit.stem == hit.word or hit.word not in self._ordinary:
                found.add(self._alone.get(hit.stem, ()), hit.start, hit.written, full=False)
            for number, letters in hits.shown.get(hit.stem, ()):
                if letters >= _LEAST or (hit.stem == hit.word and not hit.written.islower()):
                    found.add((number,), hit.start, hit.written, full=False)

    def _look_for_pairs(self, hits: _Hits, found: _Found) -> None:
        """Given and family names near each other."""
        givens = [hit for hit in hits.known if hit.stem in self._given]
        given_at = [hit.first for hit in givens]
        initial_at = [hit.first for hit, _ in hits.initials]
        for hit in hits.known:
            if hit.stem in self._family:
                reach = _NEAR
            elif hit.stem in self._second:
                reach = 1
            else:
                continue
            near = slice(
                bisect.bisect_left(given_at, hit.first - reach - _MOST),
                bisect.bisect_right(given_at, hit.last + reach),
            )
            for given in givens[near]:
                if 0 < hit.distance(given) <= reach:
                    people = self._together.get(_together(given.stem, hit.stem), ())
                    found.add(people, *hit.with_(given), full=True)
            near = slice(
                bisect.bisect_left(initial_at, hit.first - _NEAR),
                bisect.bisect_right(initial_at, hit.last + _NEAR),
            )
            for initial, is_dotted in hits.initials[near]:
                if 0 < hit.distance(initial) <= (_NEAR if is_dotted else 1):
                    people = self._initials.get(f"{initial.stem} {hit.stem}", ())
                    found.add(people, *hit.with_(initial), full=True)

    def _look_for_codes(self, text: str, found: _Found) -> None:
        words = list(_CODE_WORD.finditer(text))
        keys = [folded(word[0]) for word in words]
        for index, first in enumerate(words):
            key = ""
            for last, piece in zip(words[index:][:_CODE_WORDS], keys[index:], strict=False):
                key += piece
                for number, code in self._codes.get(key, ()):
                    written = text[first.start() : last.end()]
                    if written.casefold() == code or not key.isdigit():
                        found.add((number,), first.start(), written, full=True)


class _Part(NamedTuple):
    """A folded word of a name, and with how many letters it is written."""

    folded: str
    letters: int


class _Name(NamedTuple):
    """A person's name.

    `second` is the last word before the family name where there are three or more: in Spanish
    and Portuguese the family name by which people are called. `whole` are all the words as
    they are written, `turned` the family name first.
    """

    given: tuple[_Part, ...]
    family: tuple[_Part, ...]
    second: tuple[_Part, ...]
    whole: _Part
    turned: _Part

    def together(self) -> Iterator[tuple[str, int]]:
        """The names run together, and their letters; the given name is first, or second."""
        pairs = [(given, family) for given in self.given for family in self.family]
        pairs += [(given, second) for given in self.given for second in self.second]
        for one, other in pairs:
            letters = one.letters + other.letters
            yield _together(one.folded, other.folded), letters
            yield _together(other.folded, one.folded), letters
        if len(pairs) > 1 or (not pairs and _UNSPACED.search(self.whole.folded)):
            yield from {self.whole, self.turned}
        elif pairs and self.whole.letters > pairs[0][0].letters + pairs[0][1].letters:
            yield self.whole


class _Hit(NamedTuple):
    """A word of the text that is in somebody's name: as it is there, folded, as written.

    `first` and `last` count the words of the text: "AnnaKeller" is one of two. `start` is where
    the run of letters begins, `run` that run.
    """

    stem: str
    word: str
    written: str
    first: int
    last: int
    start: int
    run: str

    def distance(self, other: _Hit) -> int:
        """In words, 1 for neighbours; 0 or less where they are made of the same letters."""
        return max(self.first - other.last, other.first - self.last)

    def with_(self, other: _Hit) -> tuple[int, str]:
        """Where both together begin, and how they are written."""
        one, two = sorted((self, other), key=lambda hit: hit.first)
        return one.start, one.run if one.start == two.start else f"{one.written} {two.written}"


class _Hits:
    """What of the names there is in a text, in its order."""

    def __init__(self, shown: dict[str, list[tuple[int, int]]]) -> None:
        self.shown = shown
        self.known: list[_Hit] = []
        self.initials: list[tuple[_Hit, bool]] = []

    def add(self, hit: _Hit, known: Collection[str]) -> None:
        if hit.stem in known:
            self.known.append(hit)


class _Found:
    """Where each person is named first, by what words."""

    def __init__(self) -> None:
        self._first: dict[int, tuple[int, bool, str]] = {}

    def add(self, people: Iterable[int], start: int, words: str, *, full: bool) -> None:
        place = start, not full, words
        first = self._first
        for number in people:
            if number not in first or place < first[number]:
                first[number] = place

    def in_order(self) -> list[tuple[int, str]]:
        ordered = sorted((place[:2], number) for number, place in self._first.items())
        return [(number, self._first[number][2]) for _, number in ordered]


class _Cleaning(dict[int, int | None]):
    """What stays of a character: letters and their marks, a full stop, an apostrophe, a hash.

    Everything else is a space; nothing is left of what cannot be seen.
    """

    _INVISIBLE = frozenset([0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0])
    _APOSTROPHES = frozenset(map(ord, "'’‘‛′`´＇"))

    def __missing__(self, code: int) -> int | None:
        self[code] = stays = self._stays(code, unicodedata.category(chr(code)))
        return stays

    def _stays(self, code: int, category: str) -> int | None:
        is_selector = 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF
        if category == "Cf" or is_selector or code in self._INVISIBLE:
            return None
        # Spacing modifiers are letters to Unicode, and apostrophes to people.
        if code in self._APOSTROPHES or 0x2B0 <= code <= 0x2FF:
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
        plain = "".join(c for c in apart if not unicodedata.combining(c)).translate(_BESIDE_LATIN)
    return _UMLAUT.sub(r"\1", plain)


def _cleaned(text: str) -> str:
    return unicodedata.normalize("NFC", text).translate(_CLEANING)


def _words(text: str) -> list[str]:
    return _WORD.findall(_cleaned(text))


def _together(*words: str) -> str:
    """Folded words run together, folded."""
    return _UMLAUT.sub(r"\1", "".join(words))


def _apart(run: str) -> list[str]:
    """The words of a run of letters: "AnnaKeller", "KELLERAnna", "Keller様"."""
    if run.islower() or run.isupper() or (run[1:].islower() and run.isascii()):
        return [run]
    joints = [0, *(at for at in range(1, len(run)) if _is_joint(run, at)), len(run)]
    return [run[start:end] for start, end in zip(joints, joints[1:], strict=False)]


def _is_joint(run: str, at: int) -> bool:
    before, after = run[at - 1], run[at]
    if not after.isalpha():
        return False
    if after.isupper():
        return not before.isupper() or run[at + 1 : at + 2].islower()
    return before.isalpha() and (before.lower() != before.upper()) != (
        after.lower() != after.upper()
    )


def _has_digit(text: str) -> bool:
    return any(letter.isdigit() for letter in text)


def _name(written: str) -> _Name:
    """Take a name apart."""
    aside = " ".join(_ASIDE.findall(written))
    main = _ASIDE.sub(" ", written) if aside else written
    if aside and not _words(main):
        main, aside = written, ""
    before, comma, after = main.partition(",")
    if comma and _words(after) and _words(before):
        family, given = _without_particles(before.split()), _without_particles(after.split())
        second: list[str] = []
        whole = after.split() + before.split()
    else:
        whole = main.replace(",", " ").split()
        given, family, second = _sorted(_without_particles(whole))
    given_parts = _parts([*given, *aside.split()], alone=True)[:_MOST]
    turned = [word for word in whole if word in family] + given
    return _Name(
        given_parts,
        (_parts(family) + _with_particles(whole, family))[:_MOST],
        _parts(second)[:_MOST],
        _run(whole),
        _run(turned),
    )


def _sorted(words: list[str]) -> tuple[list[str], list[str], list[str]]:
    """Given names, family names, and the last of the given that may be one of the family."""
    capitals = [word for word in words if _is_capital(word)]
    if not capitals or len(capitals) == len(words):
        return words[:-1], words[-1:], words[-2:-1] if len(words) > 2 else []  # noqa: PLR2004
    family = capitals
    if words[-1] not in family and all(len(word) <= _SHORT_CAPITALS for word in capitals):
        family = [*capitals, words[-1]]
    given = [word for word in words if word not in family] or words[:-1]
    return given, family, []


def _is_capital(word: str) -> bool:
    letters = "".join(_words(word)).replace("ß", "SS")
    return len(letters) > 1 and letters[-2:].isupper()


def _without_particles(words: list[str]) -> list[str]:
    """The words that are names; all where none seems to be one."""
    words = [word for word in words if _words(word)]
    people = [word for word in words if _bare(word) not in _GENERATIONS] or words
    plain = [word for word in people if _bare(word) not in _TITLES]
    if len(plain) < 2:  # noqa: PLR2004
        plain = people
    # The last word is a name, whatever it means elsewhere: Anna Le, Marta Ter.
    return [word for word in plain[:-1] if not _is_particle(word)] + plain[-1:]


def _is_particle(word: str) -> bool:
    return _bare(word) in _PARTICLES and (len(word) > 1 or word.islower())


def _bare(word: str) -> str:
    return word.strip(".").casefold()


@functools.lru_cache(maxsize=1)
def _no_part() -> _Part:
    return _Part("", 0)


def _run(words: Iterable[str]) -> _Part:
    pieces = [piece for word in words for piece in _words(word)]
    return _Part(_together(*map(folded, pieces)), sum(map(len, pieces)))


def _parts(words: Iterable[str], *, alone: bool = False) -> tuple[_Part, ...]:
    """The words, of compounds every piece and the whole: Küng-Meier, O'Neil."""
    parts: dict[_Part, None] = {}
    for word in words:
        pieces = _words(word)
        if len(pieces) > 1:
            parts[_run(pieces)] = None
            pieces = [piece for piece in pieces if alone or len(piece) > 1] or pieces
        for piece in pieces:
            parts[_Part(folded(piece), len(piece))] = None
    return tuple(part for part in parts if part.folded)


def _with_particles(words: list[str], family: list[str]) -> tuple[_Part, ...]:
    """The family name together with the particles before it: Vonmoos for von Moos."""
    for at in range(1, len(words)):
        if words[at] in family and _is_particle(words[at - 1]):
            start = at - 1
            while start and _is_particle(words[start - 1]):
                start -= 1
            return (_run(words[start : at + 1]),)
    return ()
