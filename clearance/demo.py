"""The demo registry: the fictional cast of sample_media, enrolled for real."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clearance.enrolment import read_portrait, reference_templates
from clearance.errors import DemoMissingError
from clearance.settings import FILE_NAME, Institution, Settings, settings_text
from consent.errors import RegistryExistsError
from consent.policy import PURPOSES
from consent.records import Consent, Evidence, EvidenceLevel, Material, Scope, Terms
from consent.registry import Registry
from consent.signing import evidence_from

if TYPE_CHECKING:
    from detector.detector import Detector

SAMPLES = Path(__file__).resolve().parent.parent / "sample_media"


@dataclasses.dataclass(frozen=True, slots=True)
class Demo:
    """What was built: the registry's folder, how many people, and a photo to try."""

    registry: Path
    people: int
    photo: Path


def build_demo(folder: Path, detector: Detector, today: dt.date) -> Demo:
    """Build `folder`/registry with the cast, their portraits, consents and withdrawals.

    Raises:
        DemoMissingError: the sample pictures are not there.
        RegistryExistsError: the folder holds a demo already.
    """
    cast = sample_cast()
    home = folder / "registry"
    if home.exists():
        raise RegistryExistsError(
            "{path} is there already: remove it, or name another folder", path=home
        )
    # Built under another name: a demo that is there is a whole one.
    partial = folder / ".registry-partial"
    shutil.rmtree(partial, ignore_errors=True)
    try:
        _build(partial, cast, detector, today)
        partial.replace(home)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return Demo(home, len(cast["people"]), _near(SAMPLES / "ward-opening.jpg"))


def _build(home: Path, cast: dict[str, Any], detector: Detector, today: dt.date) -> None:
    with Registry.create(home) as registry:
        settings = Settings(institution=Institution(name=cast["institution"], place="Belmont"))
        (home / FILE_NAME).write_text(settings_text(settings), encoding="utf-8")
        ids = {
            person["id"]: _enrol(person, number, registry, detector, today)
            for number, person in enumerate(cast["people"], 1)
        }
        for person in cast["people"]:
            if person["twin_of"]:
                registry.link_lookalikes(ids[person["id"]], ids[person["twin_of"]])


def sample_cast() -> dict[str, Any]:
    """What is true about the sample pictures.

    Raises:
        DemoMissingError: they are not there.
    """
    try:
        cast: dict[str, Any] = json.loads((SAMPLES / "cast.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise DemoMissingError(
            "the sample pictures are not in {folder} ({reason}): run the demo from a checkout",
            folder=SAMPLES,
            reason=error.strerror or str(error),
        ) from error
    return cast


def sample_pictures() -> tuple[Path, ...]:
    """The pictures of the sample album, in order; none where they are not installed."""
    return tuple(sorted(path for path in (SAMPLES / "album").glob("*") if path.is_file()))


def samples_installed() -> bool:
    """Whether the fictional cast is there."""
    return (SAMPLES / "cast.json").is_file()


def _enrol(
    person: dict[str, Any], number: int, registry: Registry, detector: Detector, today: dt.date
) -> str:
    """Add one person as the cast describes them; the id."""
    portraits = [read_portrait(SAMPLES / name, detector) for name in person["portraits"]]
    added = registry.add_person(person["name"], portraits, on=today)
    consent = person["consent"]
    if not consent:
        return added.id
    # As they are: drawn faces are more alike than people's, and the cast is who it is.
    stored = registry.portraits_of(added.id) if consent["biometric"] else ()
    scan = f"Demo of {person['name']}: nobody has signed anything.".encode()
    registry.record_consent(
        _form(
            added.id,
            f"DEMO-{number:03d}",
            consent,
            evidence_from(scan, ".txt", EvidenceLevel.WET_INK),
            today,
        ),
        scan,
        templates=reference_templates(stored, detector) if stored else None,
        recogniser=detector.recogniser_name if stored else None,
    )
    if consent["withdrawn"]:
        registry.withdraw(added.id, None, on=dt.date.fromisoformat(consent["withdrawn"]))
    return added.id


def _form(
    person: str, serial: str, told: dict[str, Any], evidence: Evidence, today: dt.date
) -> Consent:
    """The form of somebody of the cast: a yes to photos for every purpose."""
    signed = dt.date.fromisoformat(told["signed"])
    return Consent(
        serial=serial,
        person=person,
        signed=signed,
        scope=Scope(
            materials=frozenset({Material.PHOTO}),
            channels=frozenset(told["channels"]),
            purposes=frozenset(PURPOSES),
            valid_from=signed,
            valid_until=dt.date.fromisoformat(told["until"]),
        ),
        evidence=evidence,
        recorded_on=today,
        terms=Terms(biometric=told["biometric"]),
    )


def _near(path: Path) -> Path:
    """The path as short as it can be written from here."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
