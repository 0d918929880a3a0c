"""Who may be named beside a picture: names in what a file says, held against the registry."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from clearance.names import NameIndex, folded
from clearance.results import NameFound
from consent.decision import decide_all
from consent.errors import PersonUnknownError
from consent.records import Person

if TYPE_CHECKING:
    from clearance.use import IntendedUse
    from consent.policy import Policy
    from consent.registry import Registry

FILE_NAME = "file_name"
CREDITS = ("creator", "credit", "copyright")
"""Properties in which whoever made the picture is named, as the law of authors wants it."""

Agreed = Callable[[str], bool]
"""Whether the person with an id agreed to be named."""

_ENOUGH = 20
"""People of one text who are asked about. Of more nobody is: that many share a common word,
and somebody among them has not agreed."""


class Naming:
    """Tells which names may not be published; one for a run.

    The names of everybody in the registry are read once, when the first text is checked;
    what somebody agreed to is read anew for every picture.
    """

    def __init__(
        self,
        registry: Registry,
        policy: Policy,
        *,
        ordinary: Iterable[str] = (),
        credited: Iterable[str] = (),
    ) -> None:
        """Take whose names are asked about; nothing is read yet.

        Args:
            registry: the people, and what they agreed to.
            policy: what the institution demands of a consent.
            ordinary: words of everyday language that do not name anybody by themselves.
            credited: names of those who may always be named as makers of a picture.
        """
        self._registry = registry
        self._policy = policy
        self._ordinary = tuple(ordinary)
        self._credited = NameIndex(_strangers(credited))
        self._index: NameIndex | None = None

    def beside(
        self, shown: Collection[str], tagged: Iterable[str], use: IntendedUse
    ) -> NamesBeside:
        """Who may be named beside one picture.

        Args:
            shown: ids of the people in the picture: their given name alone names them.
            tagged: names that the file says somebody in the picture has. Whoever is not in
                the registry has agreed to nothing.
            use: what the picture is for.
        """
        if self._index is None:
            self._index = NameIndex(self._registry.people(), self._ordinary)
        return NamesBeside(self._index, self._credited, shown, tagged, self._agreement(use))

    def _agreement(self, use: IntendedUse) -> Agreed:
        """Whether somebody agreed to be named on every channel that is asked for."""
        known: dict[str, bool] = {}

        def agreed(person: str) -> bool:
            if person not in known:
                known[person] = self._agreed(person, use)
            return known[person]

        return agreed

    def _agreed(self, person: str, use: IntendedUse) -> bool:
        try:
            dossier = self._registry.dossier(person)
        except PersonUnknownError:
            return False
        decisions = decide_all(dossier, use.channels, use.on_channel(use.channels[0]), self._policy)
        return all(one.cleared and one.named for one in decisions.values())


class NamesBeside:
    """Finds the names that may not stand beside one picture."""

    def __init__(
        self,
        index: NameIndex,
        credited: NameIndex,
        shown: Collection[str],
        tagged: Iterable[str],
        agreed: Agreed,
    ) -> None:
        """See `Naming.beside`."""
        self._index, self._credited = index, credited
        self._shown, self._agreed = shown, agreed
        strangers = _strangers(name for name in tagged if not self._all_agreed(name))
        self._tags = NameIndex(strangers)
        self._tagged = {person.id for person in strangers}

    def found(self, texts: Mapping[str, Iterable[str]]) -> tuple[NameFound, ...]:
        """Every name of somebody who did not agree to be named.

        Args:
            texts: of each property of the file, its values; of FILE_NAME the copy's own
                name and those of its folders.
        """
        return tuple(
            dict.fromkeys(
                name
                for where, values in texts.items()
                for value in values
                for name in self._in(where, value)
            )
        )

    def _in(self, where: str, value: str) -> Iterator[NameFound]:
        look = NameIndex.named_in_file_name if where == FILE_NAME else NameIndex.named_in
        credited = self._credits(value) if where in CREDITS else frozenset()
        mentions = [
            mention
            for mention in look(self._index, value, shown=self._shown)
            if not _words(mention.words) <= credited
        ]
        for mention in mentions[:_ENOUGH]:
            if not self._agreed(mention.person):
                yield NameFound(where, mention.words, mention.person)
        for mention in mentions[_ENOUGH : _ENOUGH + 1]:
            yield NameFound(where, mention.words, mention.person)
        for mention in look(self._tags, value, shown=self._tagged):
            yield NameFound(where, mention.words, None)

    def _all_agreed(self, name: str) -> bool:
        mentions = self._index.named_in(name)
        return 0 < len(mentions) <= _ENOUGH and all(self._agreed(one.person) for one in mentions)

    def _credits(self, value: str) -> frozenset[str]:
        """The words of a credit that name somebody who may always be named as maker."""
        named = self._credited.named_in(value)
        return frozenset(word for mention in named for word in _words(mention.words))


def _strangers(names: Iterable[str]) -> list[Person]:
    """People of whom only a name is known, to look for it."""
    nobody = dt.date.min
    return [
        Person(id=f"tag:{number}", name=name, added_on=nobody) for number, name in enumerate(names)
    ]


def _words(text: str) -> frozenset[str]:
    """The words of a text in one spelling."""
    return frozenset(folded(word) for word in text.split())
