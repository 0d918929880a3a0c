"""Collect what people read, update the three catalogues, compile them.

    python locale/update.py

What is new is added with an empty translation: fill it in, then run this again.
A test fails when a catalogue and the program differ.
"""

from __future__ import annotations

import ast
import functools
import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("consent", "detector", "clearance", "forms", "review")
LANGUAGES = ("fr", "de", "it")
KEYWORDS = {**DEFAULT_KEYWORDS, "N_": None}


def sources() -> Iterator[Path]:
    """Every file of the program."""
    yield ROOT / "cli.py"
    for room in ROOMS:
        yield from sorted((ROOT / room).rglob("*.py"))


def templates() -> list[Path]:
    """The pages of the desk."""
    return sorted((ROOT / "review" / "templates").rglob("*.html"))


@functools.cache
def error_names() -> frozenset[str]:
    """The classes of errors that a person may read."""
    trees = [_tree(ROOT / room / "errors.py") for room in ROOMS]
    return frozenset(
        node.name for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)
    )


def error_templates(path: Path) -> Iterator[ast.expr]:
    """What each error that the file makes is told first, `type(error)(...)` included."""
    names = error_names()
    for node in ast.walk(_tree(path)):
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in names:
                yield node.args[0] if node.args else node
            case ast.Call(func=ast.Call(func=ast.Name(id="type"))):
                yield node.args[0] if node.args else node


def messages() -> Catalog:
    """Everything the program says, in English."""
    found = Catalog()
    for path in templates():
        for _, said, _, _ in extract_from_file("jinja2", str(path), keywords=KEYWORDS):
            found.add(said)
    for path in sources():
        for _, said, _, _ in extract_from_file("python", str(path), keywords=KEYWORDS):
            found.add(said)
        for template in error_templates(path):
            if isinstance(template, ast.Constant) and isinstance(template.value, str):
                found.add(template.value)
    return found


def po_file(language: str) -> Path:
    """The words of a language, as translators edit them."""
    return ROOT / "locale" / language / "LC_MESSAGES" / "clearance.po"


def updated(language: str, found: Catalog) -> Catalog:
    """The words of a language, with what is new added and what nobody says any more left out."""
    with po_file(language).open("rb") as stream:
        catalogue = read_po(stream, locale=language)
    # Dates would make each run a change.
    catalogue.update(found, no_fuzzy_matching=True, update_creation_date=False)
    return catalogue


def written(catalogue: Catalog) -> bytes:
    """The catalogue as it lies in the repository."""
    stream = io.BytesIO()
    write_po(stream, catalogue, width=76, sort_output=True, ignore_obsolete=True)
    return stream.getvalue()


def compiled(catalogue: Catalog) -> bytes:
    """The catalogue as the program reads it."""
    stream = io.BytesIO()
    write_mo(stream, catalogue)
    return stream.getvalue()


def missing(catalogue: Catalog) -> int:
    """How many messages wait for their translation."""
    return sum(1 for message in catalogue if message.id and not all(_forms(message.string)))


def _forms(text: object) -> tuple[object, ...]:
    return tuple(text) if isinstance(text, list | tuple) else (text,)


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    said = messages()
    for code in LANGUAGES:
        words = updated(code, said)
        po_file(code).write_bytes(written(words))
        po_file(code).with_suffix(".mo").write_bytes(compiled(words))
        print(f"{code}: {len(words)} messages, {missing(words)} to be translated")  # noqa: T201
