"""Options that several commands take, written once as a dataclass.

A command that takes a group as a parameter shows the group's fields as options of its
own and is called with the group, filled in.
"""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Callable
from typing import Any


def gathers(**groups: type) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Decorate a command: each parameter named here is a group, and stands for its fields."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        fields = {name: _fields(group) for name, group in groups.items()}

        def run(**values: Any) -> None:
            for name, group in groups.items():
                values[name] = group(**{field: values.pop(field) for field in fields[name]})
            command(**values)

        hints = typing.get_type_hints(command, include_extras=True)
        parameters: list[inspect.Parameter] = []
        for name, parameter in inspect.signature(command).parameters.items():
            own = [parameter.replace(annotation=hints[name], kind=parameter.KEYWORD_ONLY)]
            parameters += fields[name].values() if name in groups else own
        # What Typer reads; the annotations are resolved already, each in its own module.
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {one.name: one.annotation for one in parameters}
        run.__name__, run.__doc__ = command.__name__, command.__doc__
        return run

    return decorate


def _fields(group: type) -> dict[str, inspect.Parameter]:
    """A group's fields as parameters; one without a default must be given."""
    hints = typing.get_type_hints(group, include_extras=True)
    found = {}
    for field in dataclasses.fields(group):
        empty = field.default is dataclasses.MISSING
        found[field.name] = inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if empty else field.default,
            annotation=hints[field.name],
        )
    return found
