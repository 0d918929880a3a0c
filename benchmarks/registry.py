"""How a registry grows: what opening, finding, deciding and checking take with ever more people.

    python -m benchmarks.registry [--people 100000] [--forms-each 3] [--runs 5] [--folder FOLDER]

Registries of 1,000, 10,000 and `--people` people are built, one in a hundred of them
enrolled with a template. Every figure is the median of runs that each are a process of
their own; on Linux the files are dropped from the system's cache before. Modules are
imported before the clock starts.

The builder writes rows as the registry does, with the registry's own encryption,
seals and log, but a thousand people in one transaction. No scan and no portrait is
written: their rows name files that are not there, so that the size is that of the
database alone, and `verify_files` and a thorough sweep are not measured.

Beside it stands a peer as consent plugins of asset managers are made: one table without
encryption, the name searched with LIKE, the answers JSON in a column that Python reads
row by row. It has no log, no seals and no key, so that some lines have no peer.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import json
import os
import random
import secrets
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from consent import filing
from consent.decision import biometrics_until, decide, decide_all, last_day_of
from consent.desk import _digest, entry_purpose, seal_mark
from consent.filing import Kind
from consent.policy import CHANNELS, PURPOSES, Policy
from consent.records import (
    Consent,
    Dossier,
    Evidence,
    Material,
    Person,
    Scope,
    Terms,
    Use,
    new_id,
    new_person_id,
)
from consent.registry import DATABASE_NAME, Registry

ROOT = Path(__file__).resolve().parent.parent
PEER_NAME = "peer.sqlite3"
SIZES = (1_000, 10_000)
TODAY = dt.date(2026, 11, 21)
DAYS_AHEAD = 60
TERM_DAYS = 3650
"""Forms end on every day of so many around today: half of them have ended."""
RECOGNISER = "benchmark 1"
ENROLLED_IN = 100
TEMPLATE = bytes(512)
BATCH = 1_000
SOUGHT = 617
"""The number of the person who is looked for."""
FIRST = ("Anna", "Beat", "Chiara", "Daniel", "Élodie", "Fritz", "Giulia", "Hans", "Iris", "Jean")
LAST = ("Keller", "Zürcher", "Favre", "Rossi", "Meier", "Dubois", "Bianchi", "Huber", "Morel")


def name_of(number: int) -> str:
    """A fictional name; no two are alike."""
    return f"{FIRST[number % len(FIRST)]} {LAST[number % len(LAST)]} {number}"


# Building


def build(folder: Path, people: int, forms_each: int) -> None:
    """Make a registry, and the peer beside it with the same forms."""
    dice = random.Random(people)
    with Registry.create(folder) as registry, sqlite3.connect(folder / PEER_NAME) as peer:
        peer.execute(
            "CREATE TABLE consent (ref INTEGER PRIMARY KEY, name TEXT, email TEXT, "
            "consent_usage TEXT, date_of_consent TEXT, expires TEXT, file TEXT, face BLOB)"
        )
        for start in range(0, people, BATCH):
            numbers = range(start, min(start + BATCH, people))
            with registry._store.writing():
                for number in numbers:
                    dossier = _dossier(number, forms_each, dice)
                    enrolled = number % ENROLLED_IN == 0
                    _insert(registry, dossier, enrolled=enrolled)
                    _insert_into_peer(peer, dossier, enrolled=enrolled)
            peer.commit()
        registry._store.forget_deleted()


def _dossier(number: int, forms_each: int, dice: random.Random) -> Dossier:
    person = Person(new_person_id(), name_of(number), TODAY, contact=f"p{number}@example.org")
    forms = []
    for form in range(forms_each):
        until = TODAY + dt.timedelta(days=dice.randrange(TERM_DAYS) - TERM_DAYS // 2)
        signed = min(until, TODAY) - dt.timedelta(days=dice.randrange(1, 1000))
        channels = dice.sample(CHANNELS, dice.randrange(1, len(CHANNELS)))
        scope = Scope(
            materials=frozenset({Material.PHOTO}),
            channels=frozenset(channels),
            purposes=frozenset(PURPOSES),
            valid_from=signed,
            valid_until=TODAY + dt.timedelta(days=TERM_DAYS)
            if number % ENROLLED_IN == 0
            else until,
        )
        forms.append(
            Consent(
                serial=f"B-{number}-{form}",
                person=person.id,
                signed=signed,
                scope=scope,
                evidence=Evidence(secrets.token_hex(32), ".pdf", 100_000),
                recorded_on=TODAY,
                terms=Terms(biometric=number % ENROLLED_IN == 0),
            )
        )
    return Dossier(person=person, consents=tuple(forms))


def _insert(registry: Registry, dossier: Dossier, *, enrolled: bool) -> None:
    person = dossier.person
    wrapped = registry._vault.new_person_key(person.id)
    safe = registry._vault.safe(person.id, wrapped)
    row = {
        "id": person.id,
        "added_on": person.added_on.isoformat(),
        **registry._kept(person, safe),
    }
    entries = [
        {
            "person": person.id,
            "number": number,
            "kind": Kind.CONSENT.value,
            "body": safe.encrypt(entry_purpose(number, Kind.CONSENT), filing.body_of(consent)),
        }
        for number, consent in enumerate(dossier.consents, 1)
    ]
    seal = safe.encrypt("seal", _digest({**row, "lookalikes": "[]"}, entries))  # type: ignore[arg-type]
    forms = [
        {
            "serial": consent.serial,
            "person": person.id,
            "last_day": last_day_of(consent, dossier).isoformat(),
            "scan": secrets.token_hex(32),
        }
        for consent in dossier.consents
    ]
    _insert_rows(registry, "person", [{**row, "seal": seal}])
    _insert_rows(registry, "person_key", [{"person": person.id, "wrapped": wrapped}])
    _insert_rows(registry, "dossier_entry", entries)
    _insert_rows(registry, "form", forms)
    if enrolled:
        _enrol(registry, dossier, wrapped)
    mark = {"seal": seal_mark(seal)}
    registry._log.append("person.added", person.id, {"portraits": int(enrolled), **mark})
    for consent in dossier.consents:
        told = filing.summary(consent, int(enrolled))
        registry._log.append("consent.recorded", person.id, {**told, **mark})


def _enrol(registry: Registry, dossier: Dossier, wrapped: bytes) -> None:
    person, portrait = dossier.person.id, new_id()
    until = biometrics_until(dossier, Policy())
    record = {
        "id": portrait,
        "person": person,
        "file": secrets.token_hex(32),
        "suffix": ".jpg",
        "added_on": TODAY.isoformat(),
        "keep_until": until.isoformat() if until else None,
    }
    safe = registry._vault.safe(person, wrapped)
    template = {
        "portrait": portrait,
        "recogniser": RECOGNISER,
        "person": person,
        "data": safe.encrypt(f"template {portrait} {RECOGNISER}", TEMPLATE),
    }
    _insert_rows(registry, "portrait", [record])
    _insert_rows(registry, "template", [template])


def _insert_rows(registry: Registry, table: str, rows: Sequence[Mapping[str, object]]) -> None:
    columns = ", ".join(rows[0])
    places = ", ".join("?" for _ in rows[0])
    registry._store.connection.executemany(
        f"INSERT INTO {table} ({columns}) VALUES ({places})", [tuple(row.values()) for row in rows]
    )


def _insert_into_peer(peer: sqlite3.Connection, dossier: Dossier, *, enrolled: bool) -> None:
    peer.executemany(
        "INSERT INTO consent VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                dossier.person.name,
                dossier.person.contact,
                json.dumps(filing.document_of(consent.scope)),
                consent.signed.isoformat(),
                consent.scope.valid_until.isoformat(),
                f"{consent.serial}.pdf",
                TEMPLATE if enrolled else None,
            )
            for consent in dossier.consents
        ],
    )


# Measuring, each in a process of its own

USE = Use(channel="website", on=TODAY, purpose="events")


def _show(registry: Registry) -> object:
    dossier = registry.dossier(registry.find_person(name_of(SOUGHT)).id)
    registry.portrait_days(dossier.person.id)
    return decide_all(dossier, CHANNELS, USE, Policy())


def _decide(registry: Registry) -> object:
    row = registry._store.rows("SELECT person FROM form WHERE serial = ?", [f"B-{SOUGHT}-0"])[0]
    return decide(registry.dossier(row["person"]), USE, Policy())


def _wholly(verdict: bool) -> object:
    assert verdict, "the benchmark built a registry that is not whole"
    return verdict


OURS: Mapping[str, Callable[[Registry], object]] = {
    "find_person, by name": lambda registry: registry.find_person(name_of(SOUGHT)),
    "dossier and decide, one person": _decide,
    "what `people show` reads": _show,
    f"expiring within {DAYS_AHEAD} days": lambda registry: registry.expiring(TODAY, DAYS_AHEAD),
    "gallery, 1 in 100 enrolled": lambda registry: registry.gallery(RECOGNISER, TODAY),
    "sweep, nothing to do": lambda registry: registry.sweep(TODAY),
    "people, everybody by name": lambda registry: registry.people(),
    "verify_audit": lambda registry: _wholly(registry.verify_audit().ok),
    "verify_dossiers": lambda registry: _wholly(registry.verify_dossiers() == ()),
}
OPENING = "opening"


def _peers_forms(peer: sqlite3.Connection, name: str) -> list[dict[str, Any]]:
    rows = peer.execute("SELECT * FROM consent WHERE name LIKE ?", [f"%{name}%"]).fetchall()
    return [{**json.loads(row[3]), "row": row} for row in rows]


def _peer_allows(form: Mapping[str, Any], channel: str) -> bool:
    term = form["valid_from"] <= TODAY.isoformat() <= form["valid_until"]
    return term and channel in form["channels"] and USE.purpose in form["purposes"]


def _peers_expiring(peer: sqlite3.Connection) -> object:
    first, last = TODAY.isoformat(), (TODAY + dt.timedelta(days=DAYS_AHEAD)).isoformat()
    rows = peer.execute("SELECT name, file, consent_usage FROM consent")
    return [row for row in rows if first <= json.loads(row[2])["valid_until"] <= last]


PEER: Mapping[str, Callable[[sqlite3.Connection], object]] = {
    OPENING: lambda peer: peer.execute("SELECT 1 FROM consent LIMIT 1").fetchall(),
    "find_person, by name": lambda peer: _peers_forms(peer, name_of(SOUGHT)),
    "dossier and decide, one person": lambda peer: [
        _peer_allows(form, USE.channel) for form in _peers_forms(peer, name_of(SOUGHT))
    ],
    "what `people show` reads": lambda peer: [
        [_peer_allows(form, channel) for channel in CHANNELS]
        for form in _peers_forms(peer, name_of(SOUGHT))
    ],
    f"expiring within {DAYS_AHEAD} days": _peers_expiring,
    "gallery, 1 in 100 enrolled": lambda peer: peer.execute(
        "SELECT name, face FROM consent WHERE face IS NOT NULL"
    ).fetchall(),
    "people, everybody by name": lambda peer: peer.execute(
        "SELECT DISTINCT name FROM consent ORDER BY name"
    ).fetchall(),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Run:
    """One run of one thing: seconds, and the peak memory of its process in MB (0: not known)."""

    seconds: float
    megabytes: float


def run_ours(folder: Path, what: str) -> Run:
    """Measure one thing in this process."""
    start = time.perf_counter()
    with Registry.open(folder) as registry:
        if what != OPENING:
            start = time.perf_counter()
            OURS[what](registry)
        return Run(time.perf_counter() - start, _peak())


def run_peer(folder: Path, what: str) -> Run:
    """Measure one thing of the peer in this process."""
    start = time.perf_counter()
    with sqlite3.connect(folder / PEER_NAME) as peer:
        PEER[what](peer)
        return Run(time.perf_counter() - start, _peak())


def _peak() -> float:
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def measured(folder: Path, whose: str, what: str, runs: int) -> Run:
    """The medians of several runs, each in a process of its own."""
    found = []
    arguments = [sys.executable, "-m", "benchmarks.registry", "--folder", str(folder)]
    for _ in range(runs):
        for path in folder.glob("*.sqlite3*"):
            _drop_from_cache(path)
        told = subprocess.run(
            [*arguments, "--one", whose, what], cwd=ROOT, check=True, capture_output=True, text=True
        )
        found.append(Run(**json.loads(told.stdout)))
    return Run(
        statistics.median(one.seconds for one in found),
        statistics.median(one.megabytes for one in found),
    )


def _drop_from_cache(path: Path) -> None:
    if not hasattr(os, "posix_fadvise"):
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


# Telling


def told_time(seconds: float) -> str:
    """Seconds as a person compares them."""
    if seconds >= 1:
        return f"{seconds:.1f} s"
    return f"{seconds * 1000:.{1 if seconds < 0.1 else 0}f} ms"


def lines(sizes: Sequence[int], found: Mapping[tuple[int, str, str], Run]) -> Iterator[str]:
    """The Markdown table of all figures: growth, then the peer at the largest size."""
    small, large = sizes[0], sizes[-1]
    columns = " | ".join(f"{size:,} people" for size in sizes)
    yield f"| what | {columns} | growth | peer, {large:,} | peer / ours | peak memory |"
    yield "|---" * (len(sizes) + 5) + "|"
    for what in (OPENING, *OURS):
        ours = [found[size, "ours", what] for size in sizes]
        times = " | ".join(told_time(one.seconds) for one in ours)
        growth = found[large, "ours", what].seconds / found[small, "ours", what].seconds
        peer = found.get((large, "peer", what))
        beside = told_time(peer.seconds) if peer else "none"
        ratio = f"{peer.seconds / ours[-1].seconds:.2g} ×" if peer else ""
        memory = f"{ours[-1].megabytes:.0f} MB" if ours[-1].megabytes else ""
        yield f"| {what} | {times} | {growth:.2g} × | {beside} | {ratio} | {memory} |"


def size_line(sizes: Sequence[int], folders: Sequence[Path]) -> str:
    """The last line of the table: the size of the database."""
    ours = [(folder / DATABASE_NAME).stat().st_size / 2**20 for folder in folders]
    peer = (folders[-1] / PEER_NAME).stat().st_size / 2**20
    told = " | ".join(f"{one:.1f} MB" for one in ours)
    growth, ratio = ours[-1] / ours[0], peer / ours[-1]
    return f"| the file | {told} | {growth:.2g} × | {peer:.1f} MB | {ratio:.2g} × | |"


def main() -> None:
    """Build, measure and print; or, with --one, measure one thing for another process."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--forms-each", type=int, default=3)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where to build; kept, and used again")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        whose, what = options.one
        run = (run_ours if whose == "ours" else run_peer)(options.folder, what)
        print(json.dumps(dataclasses.asdict(run)))
        return
    sizes = [size for size in SIZES if size < options.people] + [options.people]
    with tempfile.TemporaryDirectory() as temporary:
        place = options.folder or Path(temporary)
        folders = [place / f"{size} people, {options.forms_each} forms" for size in sizes]
        found: dict[tuple[int, str, str], Run] = {}
        for size, folder in zip(sizes, folders, strict=True):
            if not (folder / DATABASE_NAME).exists():
                start = time.perf_counter()
                build(folder, size, options.forms_each)
                print(f"built {size:,} in {time.perf_counter() - start:.0f} s", file=sys.stderr)
            for whose, known in (("ours", (OPENING, *OURS)), ("peer", PEER)):
                for what in known:
                    # What reads everything is steady, and takes long.
                    runs = 1 if what.startswith("verify") else options.runs
                    found[size, whose, what] = measured(folder, whose, what, runs)
        print("\n".join((*lines(sizes, found), size_line(sizes, folders))))


if __name__ == "__main__":
    main()
