"""Who may be named beside a picture: names in what a file says, held against the registry."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
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

    def found(
        self,
        texts: Mapping[str, Sequence[str]],
        file_names: Sequence[str],
        *,
        shown: Collection[str],
        tagged: Sequence[str],
        use: IntendedUse,
    ) -> tuple[NameFound, ...]:
        """Every name of somebody who did not agree to be named in this use.

        Args:
            texts: of each property of the file, its values.
            file_names: the copy's own name and those of its folders.
            shown: ids of the people in the picture: their given name alone names them.
            tagged: names that the file says somebody in the picture has. Whoever is not in
                the registry has agreed to nothing.
            use: what the picture is for.
        """
        index = self._names()
        strangers = tuple(
            name for name in tagged if not self._agreed_all(index.named_in(name), use)
        )
        tags = NameIndex(_strangers(strangers))
        seen = {person.id for person in _strangers(strangers)}
        found: list[NameFound] = []
        agreed: dict[str, bool] = {}
        for where, values in (*texts.items(), (FILE_NAME, file_names)):
            look = NameIndex.named_in_file_name if where == FILE_NAME else NameIndex.named_in
            for value in values:
                credited = self._credits(value) if where in CREDITS else frozenset()
                mentions = look(index, value, shown=shown)
                for number, mention in enumerate(mentions):
                    if _folded_words(mention.words) <= credited:
                        continue
                    if number >= _ENOUGH:
                        found.append(NameFound(where, mention.words, mention.person))
                        break
                    if mention.person not in agreed:
                        agreed[mention.person] = self._agreed(mention.person, use)
                    if not agreed[mention.person]:
                        found.append(NameFound(where, mention.words, mention.person))
                found += [
                    NameFound(where, mention.words, None)
                    for mention in look(tags, value, shown=seen)
                ]
        return tuple(dict.fromkeys(found))

    def _credits(self, value: str) -> frozenset[str]:
        """The words of a credit that name somebody who may always be named as maker."""
        return frozenset().union(
            *(_folded_words(mention.words) for mention in self._credited.named_in(value))
        )

    def _names(self) -> NameIndex:
        if self._index is None:
            self._index = NameIndex(self._registry.people(), self._ordinary)
        return self._index

    def _agreed_all(self, mentions: Sequence[object], use: IntendedUse) -> bool:
        people = [getattr(mention, "person", "") for mention in mentions]
        return 0 < len(people) <= _ENOUGH and all(self._agreed(one, use) for one in people)

    def _agreed(self, person: str, use: IntendedUse) -> bool:
        """Whether a person agreed to be named on every channel that is asked for."""
        try:
            dossier = self._registry.dossier(person)
        except PersonUnknownError:
            return False
        decisions = decide_all(dossier, use.channels, use.on_channel(use.channels[0]), self._policy)
        return all(one.cleared and one.named for one in decisions.values())


def _strangers(names: Iterable[str]) -> list[Person]:
    """People of whom only a name is known, to look for it."""
    nobody = dt.date.min
    return [
        Person(id=f"tag:{number}", name=name, added_on=nobody) for number, name in enumerate(names)
    ]


def _folded_words(text: str) -> frozenset[str]:
    """The words of a text in one spelling."""
    return frozenset(folded(word) for word in text.split())
