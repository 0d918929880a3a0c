"""What people read about the metadata of a copy, and about what was proved of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from clearance.copy_words import property_name, share
from clearance.left_behind import Block
from clearance.metadata import ReleaseStatus
from clearance.results import Proof

if TYPE_CHECKING:
    from clearance.language import Language
    from clearance.results import Checks

_OURS = {
    "dc:creator": "creator",
    "photoshop:Credit": "credit",
    "dc:rights": "copyright",
    "xmpRights:WebStatement": "web_statement",
    "Iptc4xmpCore:AltTextAccessibility": "alt_text",
    "dc:description": "caption",
    "dc:subject": "keywords",
}
"""The name of a property in `clearance.metadata.Rights` by its name in the file."""

TELLING = frozenset({"plus:ModelReleaseStatus", "plus:ModelReleaseID", "plus:DataMining"})
"""Properties whose values are the tool's own words or numbers, and name nobody."""


def removed(name: str, words: Language) -> str:
    """What people call a block or a property that was left behind."""
    _ = words.gettext
    known: Mapping[str, str] = {
        Block.EXIF: _("EXIF (camera, time, settings, thumbnail)"),
        Block.XMP: _("XMP (edits, history, ratings)"),
        Block.IPTC: _("IPTC (captions, credits, places)"),
        Block.COMMENT_BLOCK: _("comments"),
        Block.CREDENTIAL: _("content credentials (C2PA)"),
        Block.COORDINATES: _("coordinates of the place"),
        Block.REGIONS: _("regions with names"),
        Block.FURTHER_PICTURES: _("further pictures"),
    }
    return known.get(name) or property_name(name, words)


def written(name: str, words: Language) -> str:
    """What people call a property that a copy says, by its name in the file."""
    _ = words.gettext
    known = {
        "plus:ModelReleaseStatus": _("releases of the people shown"),
        "plus:ModelReleaseID": _("numbers of the consent forms"),
        "plus:DataMining": _("learning by machines"),
    }
    return known.get(name) or property_name(_OURS.get(name, name), words)


def value(name: str, text: str, words: Language) -> str:
    """A value as people read it: a code of PLUS without its address, and in words if known."""
    _ = words.gettext
    if name not in TELLING:
        return text
    code = text.rpartition("/")[2]
    told = {
        ReleaseStatus.NOT_APPLICABLE.value: _("not applicable: nobody shown can be recognised"),
        ReleaseStatus.LIMITED.value: _("limited: ask before any other use"),
    }
    return f"{code} ({told[code]})" if code in told else code


def proof(passed: Proof, checks: Checks, words: Language) -> str:
    """What a copy was checked for and passed, in a sentence, with the figure where there is one."""
    _, ngettext = words.gettext, words.ngettext
    told: Mapping[Proof, str] = {
        Proof.REOPENED: _("The written file can be opened again."),
        Proof.NOTHING_ELSE: _("It holds the picture and what was put in, nothing else."),
        Proof.ONE_PICTURE: _("It holds one picture."),
        Proof.COLOURS: _("It has the colour profile that was written."),
        Proof.SIZE: _("It has the size that was to be written."),
        Proof.PIXELS: _(
            "It shows the picture that was to be written (largest change {change} of 255)."
        ).format(change=checks.largest_change),
        Proof.COVERED: _("Every hidden face is covered completely."),
        Proof.MASKS: ngettext(
            "Under {n} mask there is what was drawn, nothing of a face.",
            "Under {n} masks there is what was drawn, nothing of a face.",
            checks.heads_hidden,
        ).format(n=checks.heads_hidden),
        Proof.NO_OTHER_FACE: ngettext(
            "Searched for faces, also mirrored: {n} seen, all of them allowed or masks.",
            "Searched for faces, also mirrored: {n} seen, all of them allowed or masks.",
            checks.faces_seen,
        ).format(n=checks.faces_seen),
        Proof.UNLIKE: _(
            "The hidden head most like its person is matched by {share} of strangers."
        ).format(share=share(checks.strangers_as_alike or 0.0)),
    }
    return told[passed]
