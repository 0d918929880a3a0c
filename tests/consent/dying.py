"""A process of its own that works on a registry until somebody kills it.

Everything is imported once; each order forks a worker, which says what it begins
and what it has done, and is killed after so many milliseconds, or at so many calls
from its start. The same order at a number of calls dies at the same place.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from consent.registry import Registry
from tests.consent.factories import PORTRAIT, TODAY, record

Act = dict[str, str]
World = dict[str, "Filed"]


@dataclasses.dataclass(frozen=True, slots=True)
class Filed:
    """What is on file about a person, as far as these tests tell it apart."""

    forms: frozenset[str] = frozenset()
    withdrawals: int = 0
    refusals: int = 0
    portraits: int = 1
    contact: str = ""

    @property
    def open(self) -> bool:
        """Whether the person took nothing back and said no to nothing."""
        return not self.withdrawals and not self.refusals


@dataclasses.dataclass(frozen=True, slots=True)
class Order:
    """One worker's work: `ms` or `calls` until it is killed, else `acts` to the end."""

    folder: str
    seed: str
    ms: float | None = None
    calls: int | None = None
    acts: int | None = None
    only: str = ""


def world_in(registry: Registry) -> World:
    """What a registry holds, by name."""
    days = registry.portrait_days()
    return {
        dossier.person.name: Filed(
            forms=frozenset(consent.serial for consent in dossier.consents),
            withdrawals=len(dossier.withdrawals),
            refusals=len(dossier.refusals),
            portraits=len(days.get(dossier.person.id, ())),
            contact=dossier.person.contact,
        )
        for dossier in registry.dossiers()
    }


def after(world: Mapping[str, Filed], act: Act) -> World:
    """The world once the act is done."""
    name, then = act["name"], dict(world)
    was = world.get(name, Filed())
    match act["act"]:
        case "add":
            then[name] = Filed()
        case "record":
            then[name] = dataclasses.replace(was, forms=was.forms | {act["serial"]})
        case "withdraw":
            then[name] = dataclasses.replace(was, withdrawals=was.withdrawals + 1, portraits=0)
        case "refuse":
            then[name] = dataclasses.replace(was, refusals=was.refusals + 1, portraits=0)
        case "change":
            then[name] = dataclasses.replace(was, contact=act["contact"])
        case "erase":
            del then[name]
        case "merge":
            other = then.pop(act["other"])
            then[name] = _together(was, other)
    return then


def _together(keep: Filed, other: Filed) -> Filed:
    withdrawals = keep.withdrawals + other.withdrawals
    return Filed(
        forms=keep.forms | other.forms,
        withdrawals=withdrawals,
        refusals=keep.refusals + other.refusals,
        portraits=0 if withdrawals else keep.portraits + other.portraits,
        contact=keep.contact or other.contact,
    )


def _chosen(world: World, dice: random.Random, new: str) -> Act:
    """Something that can be done in this world; `new` is a name or a serial nobody has."""
    names = sorted(world)
    still_open = [name for name in names if world[name].open]
    could: dict[str, tuple[int, Callable[[], Act]]] = {
        "add": (max(1, 8 - len(names)), lambda: {"name": new}),
        "change": (len(names), lambda: {"name": dice.choice(names), "contact": new}),
        "erase": (len(names) // 2, lambda: {"name": dice.choice(names)}),
        "record": (
            2 * len(still_open),
            lambda: {"name": dice.choice(still_open), "serial": new},
        ),
        "refuse": (len(still_open) // 2, lambda: {"name": dice.choice(still_open)}),
    }
    if signed := [name for name in still_open if world[name].forms]:
        could["withdraw"] = (2 * len(signed), lambda: {"name": dice.choice(signed)})
    keep = next(iter(still_open), "")
    if others := [name for name in names if name != keep and not world[name].refusals and keep]:
        could["merge"] = (2, lambda: {"name": keep, "other": dice.choice(others)})
    weights = [weight for weight, _ in could.values()]
    (act,) = dice.choices(list(could), weights)
    return {"act": act, **could[act][1]()}


def do(registry: Registry, act: Act) -> None:
    """Do what the act says."""
    name = act["name"]
    if act["act"] == "add":
        registry.add_person(name, [PORTRAIT], on=TODAY)
        return
    person = registry.find_person(name)
    match act["act"]:
        case "record":
            record(registry, person.id, serial=act["serial"])
        case "withdraw":
            registry.withdraw(person.id, None, TODAY)
        case "refuse":
            registry.refuse(person.id, TODAY)
        case "change":
            changed = dataclasses.replace(person, contact=act["contact"])
            registry.change_person(changed, on=TODAY)
        case "erase":
            registry.erase_person(person.id)
        case "merge":
            registry.merge_people(person.id, registry.find_person(act["other"]).id, TODAY)


def _work(order: Order, begun: Callable[[], None]) -> None:
    dice = random.Random(order.seed)
    with Registry.open(Path(order.folder)) as registry:
        begun()
        registry.sweep(TODAY)
        world = {
            name: filed for name, filed in world_in(registry).items() if name.startswith(order.only)
        }
        for number in itertools.count():
            if number == order.acts:
                return
            act = _chosen(world, dice, f"{order.only}{order.seed} {number}")
            _tell({"begun": act})
            do(registry, act)
            _tell({"done": act})
            world = after(world, act)


def _tell(document: Mapping[str, Any]) -> None:
    # One short write: whoever is killed has told all of it or nothing.
    os.write(sys.stdout.fileno(), json.dumps(document).encode() + b"\n")


def _die_at(calls: int) -> None:
    left = itertools.count(calls, -1)

    def count(*_: object) -> None:
        if next(left) <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)


def _worker(order: Order, go: int) -> None:
    def begun() -> None:
        os.write(go, b"!")
        if order.calls is not None:
            _die_at(order.calls)

    try:
        _work(order, begun)
    except BaseException:  # noqa: BLE001 - a forked process must not run on as its parent
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def main() -> None:
    """Carry out one order a line, and say how each worker ended."""
    for line in sys.stdin:
        order = Order(**json.loads(line))
        ready, go = os.pipe()
        child = os.fork()
        if not child:
            _worker(order, go)
        os.close(go)
        os.read(ready, 1)
        os.close(ready)
        if order.ms is not None:
            time.sleep(order.ms / 1000)
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        _tell({"ended": os.waitstatus_to_exitcode(status)})


if __name__ == "__main__":
    # Imported on the first change otherwise, by every worker anew.
    import sqlite_utils  # noqa: F401

    main()
