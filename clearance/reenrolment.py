"""Makes templates again from the stored portraits, after the networks have changed."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from clearance.enrolment import reference_templates
from consent.decision import may_keep_biometrics
from detector.errors import PhotoUnreadableError, PortraitRejectedError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping, Sequence

    from consent.records import Person, StoredPortrait
    from consent.registry import Registry
    from detector.detector import Detector


@dataclasses.dataclass(frozen=True, slots=True)
class ReEnrolment:
    """What became of one person: templates now kept, and why portraits gave none.

    Nobody's templates were touched where `templates` is 0 and there are problems:
    new portraits are needed.
    """

    person: Person
    templates: int
    problems: tuple[PhotoUnreadableError | PortraitRejectedError, ...] = ()

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
        if person.id in ready or not may_keep_biometrics(registry.consents_of(person.id), on):
            continue
        portraits = registry.portraits_of(person.id)
        if not portraits:
            continue
        templates, problems = _templates(portraits, detector)
        if templates:
            registry.store_templates(person.id, templates, detector.recogniser_name, on=on)
        yield ReEnrolment(person, len(templates), problems)


def _templates(
    portraits: Sequence[StoredPortrait], detector: Detector
) -> tuple[Mapping[str, bytes], tuple[PhotoUnreadableError | PortraitRejectedError, ...]]:
    """What the portraits give by their id, and why others give nothing."""
    templates: dict[str, bytes] = {}
    problems: list[PhotoUnreadableError | PortraitRejectedError] = []
    for portrait in portraits:
        try:
            templates |= reference_templates([portrait], detector)
        except (PhotoUnreadableError, PortraitRejectedError) as error:
            problems.append(error)
    return templates, tuple(problems)
