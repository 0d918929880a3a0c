"""What a shell offers to complete a word with; it never fails, and says nothing."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import typer

# What bash would read as the end of a word, or as something else than a letter of it.
_SPECIAL = re.compile(r"[^\w.,:@%+=/-]")


def of_people(ctx: typer.Context, incomplete: str) -> list[str]:
    """Names of people in the registry."""
    from consent.errors import ConsentError
    from consent.registry import Registry

    with contextlib.suppress(ConsentError, OSError), Registry.open(_folder(ctx)) as registry:
        found = _beginning(incomplete, (person.name for person in registry.people()))
        return [_as_one_word(name) for name in found]
    return []


def of_serials(ctx: typer.Context, incomplete: str) -> list[str]:
    """Serials of the recorded forms."""
    from consent.errors import ConsentError
    from consent.registry import Registry

    with contextlib.suppress(ConsentError, OSError), Registry.open(_folder(ctx)) as registry:
        forms = (one.serial for dossier in registry.dossiers() for one in dossier.consents)
        return _beginning(incomplete, forms)
    return []


def of_channels(ctx: typer.Context, incomplete: str) -> list[str]:
    """The institution's channels."""
    return _of_policy(ctx, incomplete, "channels")


def of_purposes(ctx: typer.Context, incomplete: str) -> list[str]:
    """The institution's purposes."""
    return _of_policy(ctx, incomplete, "purposes")


def of(*words: str) -> Callable[[str], list[str]]:
    """One of a few words."""

    def complete(incomplete: str) -> list[str]:
        return _beginning(incomplete, words)

    return complete


def _of_policy(ctx: typer.Context, incomplete: str, what: str) -> list[str]:
    from clearance.errors import SettingsInvalidError
    from clearance.settings import FILE_NAME, load_settings

    with contextlib.suppress(SettingsInvalidError):
        policy = load_settings(_folder(ctx) / FILE_NAME).consent
        return _beginning(incomplete, getattr(policy, what))
    return []


def _beginning(incomplete: str, words: Iterable[str]) -> list[str]:
    start = incomplete.casefold()
    return sorted(word for word in words if word.casefold().startswith(start))


def _as_one_word(name: str) -> str:
    """A name as bash takes it for one word; the other shells see to that themselves."""
    # Bash hands the words over as they stand on the line, one a line.
    typed = os.environ.get("COMP_WORDS", "").split("\n")[-1]
    bash = "COMP_WORDS" in os.environ and not typed.startswith(("'", '"'))
    return _SPECIAL.sub(r"\\\g<0>", name) if bash else name


def _folder(ctx: typer.Context) -> Path:
    """The registry's folder; the variable is read here because a shell completes unparsed."""
    named = ctx.params.get("registry") or os.environ.get("CLEARANCE_HOME")
    if named:
        return Path(named)
    import platformdirs

    return platformdirs.user_data_path("clearance", appauthor=False)
