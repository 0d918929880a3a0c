"""Finds the names of known people in a text or a file name, as people write them.

Accents, transliterations, capitals, the endings of German and the elisions of French do
not hide a name. Inflections of other languages, nicknames and misspellings do.
"""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from consent.records import Person

_WORD = re.compile(r"[^\W\d_]+")
_JOINT = re.compile(r"(?<=[a-zß-öø-ÿ])(?=[A-ZÀ-ÖØ-Þ])")
_PLAIN = str.maketrans({"ß": "ss", "æ": "a", "œ": "o", "ø": "o", "ł": "l", "đ": "d", "ı": "i"})
_TRANSLITERATED = re.compile("([aou])e+")
_ENDINGS = ("ens", "es", "en", "ns", "s", "n")
"""Of the German genitive and dative, and of a family as a whole."""
_SHORT = 4
"""Letters below which a name takes no ending but s: Li, Linn, Lisa."""
_LEAST = 3
"""Letters from which a word alone may name somebody."""
_NEAR = 6
"""Words between which a given and a family name belong together."""
_JOINED = 6
"""Letters from which names run together are looked for."""
_PARTICLES = frozenset(
    [
        "von",
        "van",
        "de",
        "del",
        "della",
        "di",
        "da",
        "dal",
        "der",
        "den",
        "des",
        "du",
        "la",
        "le",
        "los",
        "las",
        "ten",
        "ter",
        "zu",
        "zum",
        "zur",
        "vom",
        "und",
        "y",
        "e",
    ]
)


@dataclasses.dataclass(frozen=True, slots=True)
class Mention:
    """Somebody is named: the id, and the words of the text that do it."""

    person: str
    words: str


@dataclasses.dataclass(frozen=True, slots=True)
class _Name:
    """The folded words of a person's name."""

    person: str
    given: tuple[str, ...]
    family: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class _Token:
    folded: str
    written: str
    place: int


class NameIndex:
    """Everybody's names, made ready to be found."""

    def __init__(self, people: Iterable[Person], ordinary: Iterable[str] = ()) -> None:
        """Take the people, and words that name nobody by themselves."""
        self._ordinary = {folded(word) for word in ordinary}
        self._names: dict[str, _Name] = {}
        self._families: dict[str, list[str]] = {}
        self._givens: dict[str, list[str]] = {}
        self._joined: dict[str, list[str]] = {}
        self._codes: list[tuple[re.Pattern[str], str]] = []
        for person in people:
            if person.coded:
                pattern = rf"(?<!\w){re.escape(person.name)}(?!\w)"
                self._codes.append((re.compile(pattern, re.IGNORECASE), person.id))
            else:
                self._add(person.id, person.name)

    def _add(self, person: str, written: str) -> None:
        name = _name(person, written)
        self._names[person] = name
        for word in name.family:
            self._families.setdefault(word, []).append(person)
        for word in name.given:
            self._givens.setdefault(word, []).append(person)
        for given in name.given:
            for family in name.family:
                for joined in (given + family, family + given):
                    if len(joined) >= _JOINED:
                        self._joined.setdefault(joined, []).append(person)

    def named_in(self, text: str, *, shown: Collection[str] = ()) -> tuple[Mention, ...]:
        """Who is named in a text, in its order, each once.

        A given and a family name near each other name somebody; so do a family name alone
        that is no ordinary word, and both run together. Of those `shown` in the picture
        every part of the name does.
        """
        return self._found(text, shown, inside=False)

    def named_in_file_name(self, stem: str, *, shown: Collection[str] = ()) -> tuple[Mention, ...]:
        """The same for a file name, in which names also run on into other words."""
        return self._found(stem, shown, inside=True)

    def _found(self, text: str, shown: Collection[str], *, inside: bool) -> tuple[Mention, ...]:
        found: dict[str, str] = {}
        for pattern, person in self._codes:
            if match := pattern.search(text):
                found.setdefault(person, match[0])
        tokens = _tokens(text)
        for token in tokens:
            for person, words in self._by(token, tokens, shown):
                found.setdefault(person, words)
        for written in _WORD.findall(text):
            for person in self._run_together(folded(written), inside=inside):
                found.setdefault(person, written)
        return tuple(Mention(person, words) for person, words in found.items())

    def _by(
        self, token: _Token, tokens: list[_Token], shown: Collection[str]
    ) -> Iterator[tuple[str, str]]:
        """Whom one word names, by itself or with its neighbours, and the words that do it."""
        for word in _stems(token.folded):
            for person in self._families.get(word, ()):
                if self._alone(word, person, shown):
                    yield person, token.written
                elif near := self._given_near(token, tokens, person):
                    yield person, f"{near.written} {token.written}"
            for person in self._givens.get(word, ()):
                if person in shown and self._alone(word, person, shown):
                    yield person, token.written

    def _alone(self, word: str, person: str, shown: Collection[str]) -> bool:
        if person in shown:
            return len(word) >= _LEAST
        return len(word) >= _LEAST and word not in self._ordinary

    def _given_near(self, family: _Token, tokens: list[_Token], person: str) -> _Token | None:
        """A given name, or its initial beside the family name."""
        given = self._names[person].given
        for token in tokens:
            distance = abs(token.place - family.place)
            if not 0 < distance <= _NEAR:
                continue
            initial = distance == 1 and len(token.folded) == 1
            if any(word in given for word in _stems(token.folded)) or (
                initial and any(word.startswith(token.folded) for word in given)
            ):
                return token
        return None

    def _run_together(self, word: str, *, inside: bool) -> Iterator[str]:
        if len(word) < _JOINED:
            return
        if not inside:
            for stem in _stems(word):
                yield from self._joined.get(stem, ())
            return
        for start in range(len(word) - _JOINED + 1):
            for end in range(start + _JOINED, len(word) + 1):
                yield from self._joined.get(word[start:end], ())


def folded(word: str) -> str:
    """One spelling for all: small, without accents, ä, ae and a alike."""
    lower = word.casefold().translate(_PLAIN)
    bare = "".join(c for c in unicodedata.normalize("NFKD", lower) if not unicodedata.combining(c))
    return _TRANSLITERATED.sub(r"\1", bare.casefold())


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    for run in _WORD.findall(unicodedata.normalize("NFC", text)):
        for part in _JOINT.split(run):
            tokens.append(_Token(folded(part), part, len(tokens)))
    return tokens


def _stems(word: str) -> Iterator[str]:
    """The word, and what it may be an inflection of."""
    yield word
    for ending in _ENDINGS:
        stem = word.removesuffix(ending)
        if stem != word and len(stem) > 1 and (ending == "s" or len(stem) >= _SHORT):
            yield stem


def _name(person: str, written: str) -> _Name:
    """Given and family names: before a comma, in capitals, or last stands the family."""
    before, comma, after = unicodedata.normalize("NFC", written).partition(",")
    words = [word for word in re.split(r"\s+", f"{after} {before}" if comma else before) if word]
    plain = [word for word in words if word.casefold() not in _PARTICLES] or words
    capitals = [word for word in plain if len(word) > 1 and word.isupper()]
    family = capitals if capitals and len(capitals) < len(plain) else plain[-1:]
    given = [word for word in plain if word not in family]
    return _Name(person, _parts(given), _parts(family))


def _parts(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(folded(part) for word in words for part in _WORD.findall(word)))
