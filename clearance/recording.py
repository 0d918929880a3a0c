"""What is put on file by a command and by the desk alike: a signed form, more portraits."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from clearance.references import NewPortrait, references_of
from consent.records import StoredPortrait, new_id

if TYPE_CHECKING:
    import datetime as dt

    from clearance.references import References
    from clearance.settings import Settings
    from consent.records import Consent, Person, Portrait
    from consent.registry import Registry
    from detector.detector import Detector

    Networks = Callable[[Settings], Detector]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Counter:
    """Where things are taken in, and by what.

    Attributes:
        registry: where they are recorded.
        settings: of the institution.
        networks: gives the networks that the settings name; asked only where they are needed.
        on: today.
    """

    registry: Registry
    settings: Settings
    networks: Networks
    on: dt.date


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Filed:
    """What became of a form.

    Attributes:
        consent: as it was recorded.
        references: what the portraits gave; None where no face may be compared with them.
    """

    consent: Consent
    references: References | None

    @property
    def without_template(self) -> bool:
        """Whether a face was to be compared, and no portrait gave a template."""
        return self.references is not None and not self.references.templates


def record_form(counter: Counter, person: Person, consent: Consent, scan: bytes) -> Filed:
    """Record a form with the templates it allows.

    Args:
        counter: where it is taken in.
        person: whose form it is.
        consent: what it says.
        scan: its evidence.

    Raises:
        ConsentError: it cannot be recorded.
        ModelMissingError, BackendMissingError: a network cannot be loaded.
    """
    registry, on = counter.registry, counter.on
    matched = consent.terms.biometric and counter.settings.detection.matching
    detector = (
        counter.networks(counter.settings) if matched and registry.portraits_of(person.id) else None
    )
    made = references_of(person, registry, detector, on) if detector else None
    # Recorded whatever the portraits are worth: the signature is a fact.
    recorded = registry.record_consent(
        consent,
        scan,
        templates=made.templates if made else None,
        recogniser=detector.recogniser_name if detector else None,
    )
    kept = registry.may_keep_biometrics(person.id, on)
    return Filed(recorded, made if kept else None)


def add_portraits(
    counter: Counter, person: Person, portraits: Sequence[tuple[Path, Portrait]]
) -> References | None:
    """Add portraits of a person, all of them or none; what may be compared of them now.

    Args:
        counter: where they are taken in.
        person: whose they are.
        portraits: which its networks have let through the gate, each with the file it came
            from, which is only a name.

    Returns:
        What the portraits give, or None where nothing lets a face be compared with them.

    Raises:
        PortraitRejectedError, PortraitsCollideError: one is not like the others, or like
            somebody else; nothing was added.
        ConsentError: they cannot be recorded.
    """
    new = {new_id(): (path.name, one) for path, one in portraits}
    registry, on = counter.registry, counter.on
    detector = counter.networks(counter.settings)
    made = None
    if counter.settings.detection.matching and registry.may_keep_biometrics(person.id, on):
        named = [
            NewPortrait(StoredPortrait(id_, one.data, one.suffix, on), name)
            for id_, (name, one) in new.items()
        ]
        made = references_of(person, registry, detector, on, named)
        for refused in (*(made.left_out.get(id_) for id_ in new), made.collision):
            if refused:
                raise refused
    registry.add_portraits(
        person.id,
        {id_: one for id_, (_, one) in new.items()},
        on,
        templates=made.templates if made else None,
        recogniser=detector.recogniser_name if made else None,
    )
    return made
