"""Makes templates again from the stored portraits, after the networks have changed."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from clearance.references import Problem, references_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from consent.records import Person
    from consent.registry import Registry
    from detector.detector import Detector


@dataclasses.dataclass(frozen=True, slots=True)
class ReEnrolment:
    """What became of one person: templates now kept, and why portraits gave none.

    Nobody's templates were touched where `templates` is 0 and there are problems: new
    portraits are needed, or, where they `collide` with somebody's, a word on that.
    """

    person: Person
    templates: int
    problems: tuple[Problem, ...] = ()
    collide: bool = False

    @property
    def failed(self) -> bool:
        """The person is not matched any more."""
        return not self.templates


def re_enrol(registry: Registry, detector: Detector, on: dt.date) -> Iterator[ReEnrolment]:
    """Everybody whose consent lets a template be kept and who has none of this detector.

    Old templates go when new ones are stored, person by person: an interrupted
    run is continued by the next.

    Raises:
        ModelMissingError, BackendMissingError: a network cannot be loaded.
        ConsentError: the registry cannot be read or written.
    """
    ready = {person for person, _ in registry.gallery(detector.recogniser_name, on)}
    for person in registry.people():
        if person.id in ready or not registry.may_keep_biometrics(person.id, on):
            continue
        references = references_of(person, registry, detector, on)
        if references.templates:
            registry.store_templates(
                person.id, references.templates, detector.recogniser_name, on=on
            )
        elif not references.problems:
            continue  # no portrait on file
        yield ReEnrolment(
            person,
            len(references.templates),
            references.problems,
            collide=references.collision is not None,
        )
