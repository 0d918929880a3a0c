"""What people read about a copy, and about what else is in the file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from clearance.hints import Unreadable
from detector.second_pictures import Unjudged

if TYPE_CHECKING:
    from clearance.hints import Hints
    from clearance.language import Language
    from clearance.results import Checks, ExportResult, NameFound
    from detector.faces import Box

_MOST = 6
"""Names in a line; of more the first ones are told, and how many there are."""


def hints(found: Hints | None, words: Language) -> list[str]:
    """What somebody must know about a file, a line each; nothing for a file that says nothing."""
    if found is None:
        return []
    _ = words.gettext
    lines = []
    if found.people:
        said = _("The file names {people}: a hint, and no consent.")
        lines.append(said.format(people=_listed(found.people)))
    if found.place:
        lines.append(_("The file says where it was taken; a copy does not."))
    if found.credential:
        lines.append(
            _(
                "The file carries content credentials (C2PA); a copy has none, and they would "
                "show the picture as it was."
            )
        )
    if found.unreadable:
        said = _("What the file says in {kinds} cannot be read; a copy has nothing of it.")
        lines.append(said.format(kinds=", ".join(_kind(one, words) for one in found.unreadable)))
    return lines


def unjudged(found: Sequence[Unjudged], words: Language) -> str:
    """What somebody must know about a file that holds more than was judged; else nothing."""
    _ = words.gettext
    if not found:
        return ""
    known = {
        Unjudged.GAIN_MAP: _("an HDR gain map"),
        Unjudged.AUXILIARY: _("an auxiliary picture (depth, mask, gain map)"),
        Unjudged.THUMBNAIL: _("a thumbnail"),
        Unjudged.FURTHER_PICTURE: _("a further picture"),
        Unjudged.VIDEO: _("a video"),
        Unjudged.LAYERS: _("layers"),
        Unjudged.CROPPED: _("parts that are cut off only for display"),
        Unjudged.UNREADABLE: _("a picture that cannot be opened"),
        Unjudged.DATA: _("unknown data"),
    }
    said = _(
        "The file also holds {things}, and nobody has looked at that: publish a copy that "
        "clearance export writes, never the file."
    )
    return said.format(things=", ".join(known[what] for what in found))


def _kind(unreadable: Unreadable, words: Language) -> str:
    """What people call something in a file that cannot be read."""
    _ = words.gettext
    known = {
        Unreadable.REGIONS: _("regions of another size"),
        Unreadable.TOO_LARGE: _("a block that is too large"),
        Unreadable.DAMAGED: _("a block that is damaged"),
    }
    return known.get(unreadable, unreadable.value)


def copy(export: ExportResult, words: Language) -> list[str]:
    """What somebody must know about a copy, a line each: what was proved, and what else."""
    return [checked(export.checks, words), *beside_checks(export, words)]


def beside_checks(export: ExportResult, words: Language, *, names: bool = True) -> list[str]:
    """What somebody must know about a copy beside what was proved of it, a line each.

    Without `names` it is not told which words were left out: they name people.
    """
    _, ngettext = words.gettext, words.ngettext
    lines = []
    if export.appeared:
        count = len(export.appeared)
        said = ngettext(
            "{n} face was seen only when the copy was checked, and is hidden in it: nobody has "
            "looked at it in the original.",
            "{n} faces were seen only when the copy was checked, and are hidden in it: nobody has "
            "looked at them in the original.",
            count,
        )
        lines.append(said.format(n=count))
    if export.crop:
        lines.append(_("It shows the part {box} of the picture.").format(box=_place(export.crop)))
    if export.crop_offered:
        said = _("The part {box} shows nobody who is not cleared: --suggest-crop cuts it out.")
        lines.append(said.format(box=_place(export.crop_offered)))
    lines += _left_out(export.names, words, names=names)
    return lines


def checked(checks: Checks, words: Language) -> str:
    """What was proved of a copy, in a sentence."""
    _ = words.gettext
    if checks.strangers_as_alike is None:
        return _("Checked on the written file: no face but the allowed ones, nothing else inside.")
    alike = _(
        "Checked on the written file: no face but the allowed ones, nothing else inside; the "
        "hidden head most like its person is matched by {share} of strangers."
    )
    return alike.format(share=share(checks.strangers_as_alike))


def _left_out(found: Sequence[NameFound], words: Language, *, names: bool) -> list[str]:
    _ = words.gettext
    lines = []
    for where in dict.fromkeys(name.where for name in found):
        told = _listed(dict.fromkeys(name.words for name in found if name.where == where))
        if names:
            said = _("Left out, because nobody agreed to be named there: {where} ({names}).")
        else:
            said = _("Left out, because nobody agreed to be named there: {where}.")
        lines.append(said.format(where=property_name(where, words), names=told))
    return lines


def property_name(name: str, words: Language) -> str:
    """What people call a property of a file."""
    _ = words.gettext
    known = {
        "creator": _("creator"),
        "credit": _("credit line"),
        "copyright": _("copyright notice"),
        "web_statement": _("web address of the rights"),
        "alt_text": _("alternative text"),
        "extended_description": _("extended description"),
        "caption": _("caption"),
        "title": _("title"),
        "keywords": _("keywords"),
        "usage_terms": _("usage terms"),
        "comment": _("comment"),
        "people": _("people shown"),
        "places": _("place names"),
        "file_name": _("file name"),
    }
    return known.get(name, name)


def _listed(names: Iterable[str]) -> str:
    some = list(names)
    return ", ".join(some[:_MOST]) + (f" … ({len(some)})" if len(some) > _MOST else "")


def _place(box: Box) -> str:
    return f"{box.left}, {box.top} – {box.right}, {box.bottom}"


def share(of_strangers: float) -> str:
    """A share of strangers, 0 to 1, as people read it."""
    return f"{of_strangers:.1%}" if of_strangers >= 0.001 else "< 0.1%"  # noqa: PLR2004 - one in a thousand
