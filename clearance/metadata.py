"""What a copy says about itself: one XMP packet, written from an allow-list.

The photo's own metadata are never passed on: they name people, tell where a face was, and
hold thumbnails. What an institution wants kept (who made the picture, who owns it, what it
shows for those who cannot see it) is taken out as text and written afresh, together with
what the tool itself has to say: on which forms the picture rests, and that nobody may
train machines with it.

Properties and types: IPTC Photo Metadata Standard 2024.1, PLUS License Data Format 2.0.1,
XMP parts 1 and 2. A packet depends on what is said in it and on nothing else: no date, no
identifier, no name of a program. So a copy can be made again, and checked to the byte.
"""

from __future__ import annotations

import dataclasses
import enum
import re
from collections.abc import Iterable, Sequence
from typing import Final
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from clearance.xmp import DECLARATION

LONGEST_TEXT: Final = 2000
"""Characters of one text; the 2,000 of IIM's caption (dataset 2:120)."""
LONGEST_PACKET: Final = 65_502
"""Bytes: a packet must fit into one segment of a JPEG (XMP part 3, 1.1.3)."""
_LONGEST_SERIAL = 64
_BUDGETS = (
    (LONGEST_TEXT, 500, 5000),
    (1000, 200, 5000),
    (500, 100, 5000),
    (250, 50, 5000),
    (100, 20, 1000),
    (100, 20, 80),
)
"""Characters of a text, entries of a list, forms: what is tried until the packet fits.

The last fits always: of each character five bytes are written at most.
"""

_VOCABULARY = "http://ns.useplus.org/ldf/vocab/"
NAMESPACES: Final = {
    "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "digiKam": "http://www.digikam.org/ns/1.0/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "mwg-rs": "http://www.metadataworkinggroup.com/schemas/regions/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "plus": "http://ns.useplus.org/ldf/xmp/1.0/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "stArea": "http://ns.adobe.com/xmp/sType/Area#",
    "stDim": "http://ns.adobe.com/xap/1.0/sType/Dimensions#",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
}
"""By the prefix that everybody uses."""
_PROPERTIES: Final = (
    "plus:ModelReleaseStatus",
    "plus:ModelReleaseID",
    "plus:DataMining",
    "dc:creator",
    "photoshop:Credit",
    "dc:rights",
    "xmpRights:WebStatement",
    "Iptc4xmpCore:AltTextAccessibility",
    "dc:description",
    "dc:subject",
)
"""The allow-list, in the order in which it is written."""
_PREFIXES = {uri: prefix for prefix, uri in NAMESPACES.items()}

_NO_XML = re.compile("[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, and the control characters that it discourages."""


class ReleaseStatus(enum.StrEnum):
    """Whether whoever can be recognised was released, as PLUS has it.

    PLUS knows two more. "None" is never published: a copy that shows somebody without a
    consent is not written. And "unlimited" never exists here: a form speaks for
    channels, purposes and a time, and whoever reads "unlimited" in a file uses it for
    anything and for ever.
    """

    NOT_APPLICABLE = "MR-NAP"
    """Nobody can be recognised, or everybody who could be is hidden."""
    LIMITED = "MR-LMR"
    """Released for some uses: ask the institution before any other."""


class DataMining(enum.StrEnum):
    """What machines may learn from the picture, as PLUS has it."""

    UNSPECIFIED = "DMI-UNSPECIFIED"
    ALLOWED = "DMI-ALLOWED"
    PROHIBITED = "DMI-PROHIBITED"
    PROHIBITED_AIMLTRAINING = "DMI-PROHIBITED-AIMLTRAINING"
    PROHIBITED_GENAIMLTRAINING = "DMI-PROHIBITED-GENAIMLTRAINING"
    PROHIBITED_EXCEPTSEARCHENGINEINDEXING = "DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING"
    PROHIBITED_SEECONSTRAINT = "DMI-PROHIBITED-SEECONSTRAINT"
    PROHIBITED_SEEEMBEDDEDRIGHTSEXPR = "DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR"
    PROHIBITED_SEELINKEDRIGHTSEXPR = "DMI-PROHIBITED-SEELINKEDRIGHTSEXPR"


@dataclasses.dataclass(frozen=True, slots=True)
class Rights:
    """What may be carried over from a photo, as text. Empty ones are not written.

    Attributes:
        creator: who made it.
        credit: the credit line.
        copyright: the copyright notice.
        web_statement: address of the terms of use.
        alt_text: for those who cannot see the picture.
        caption: what is to be seen.
        keywords: each once.
    """

    creator: tuple[str, ...] = ()
    credit: str = ""
    copyright: str = ""
    web_statement: str = ""
    alt_text: str = ""
    caption: str = ""
    keywords: tuple[str, ...] = ()


def packet(
    status: ReleaseStatus, release_ids: Sequence[str], data_mining: DataMining, rights: Rights
) -> bytes:
    """The XMP packet of one copy.

    Args:
        status: of the people who can be recognised.
        release_ids: serial numbers of the forms that the copy rests on. One longer than 64
            characters is none of ours and left out.
        data_mining: what machines may learn from it.
        rights: what is carried over. Texts are cut after 2,000 characters, and shorter
            where the packet would not fit into a JPEG; an address is left out instead,
            because a part of one is another address.

    Returns:
        UTF-8, at most 65,502 bytes; the same for the same arguments.
    """
    for longest, entries, forms in _BUDGETS:
        written = _composed(
            status,
            [serial for serial in map(cleaned, release_ids) if len(serial) <= _LONGEST_SERIAL],
            data_mining,
            _cut(rights, longest, entries),
            forms,
        )
        if len(written) <= LONGEST_PACKET:
            break
    return written


def _composed(
    status: ReleaseStatus,
    serials: Sequence[str],
    data_mining: DataMining,
    rights: Rights,
    forms: int,
) -> bytes:
    return compose(
        [
            simple("plus:ModelReleaseStatus", _VOCABULARY + status),
            array("plus:ModelReleaseID", "Bag", list(dict.fromkeys(serials))[:forms]),
            simple("plus:DataMining", _VOCABULARY + data_mining),
            array("dc:creator", "Seq", rights.creator),
            simple("photoshop:Credit", rights.credit),
            alternative("dc:rights", rights.copyright),
            simple("xmpRights:WebStatement", rights.web_statement),
            alternative("Iptc4xmpCore:AltTextAccessibility", rights.alt_text),
            alternative("dc:description", rights.caption),
            array("dc:subject", "Bag", rights.keywords),
        ]
    )


def _cut(rights: Rights, longest: int, entries: int) -> Rights:
    def short(text: str) -> str:
        return cleaned(text)[:longest].rstrip()

    def few(texts: Iterable[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(filter(None, map(short, texts))))[:entries]

    address = cleaned(rights.web_statement)
    return Rights(
        creator=few(rights.creator),
        credit=short(rights.credit),
        copyright=short(rights.copyright),
        web_statement=address if len(address) <= longest else "",
        alt_text=short(rights.alt_text),
        caption=short(rights.caption),
        keywords=few(rights.keywords),
    )


def read_packet(xmp: bytes) -> dict[str, tuple[str, ...]]:
    """What a packet of ours says, read by a parser that shares nothing with the writer.

    Args:
        xmp: as `packet` returns it.

    Returns:
        The values of each property, by its name with the usual prefix, as "dc:creator".

    Raises:
        ValueError: no packet, or one that says anything `packet` would not.
    """
    root = parse(xmp)
    descriptions = root.findall("rdf:RDF/rdf:Description", NAMESPACES)
    if len(descriptions) != 1 or len(root) != 1 or len(root[0]) != 1:
        raise ValueError("not one description")
    found: dict[str, tuple[str, ...]] = {}
    for element in descriptions[0]:
        name = qualified(element.tag)
        if name not in _PROPERTIES:
            raise ValueError(f"{name} is not on the list")
        if name in found:
            raise ValueError(f"{name} is said twice")
        items = element.findall("*/rdf:li", NAMESPACES)
        if any(len(item) for item in items) or len(element) != bool(items):
            raise ValueError(f"{name} is neither a text nor a list of texts")
        found[name] = tuple(item.text or "" for item in items or [element])
    return found


# --- how XMP is written and read -----------------------------------------------------------


def cleaned(text: str) -> str:
    """The text without what XML cannot hold, and without blanks around it."""
    return _NO_XML.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def simple(name: str, text: str) -> str:
    """A property with one value; nothing for an empty one. `name` has its usual prefix."""
    said = escape(cleaned(text))
    return f"<{name}>{said}</{name}>" if said else ""


def array(name: str, kind: str, texts: Iterable[str]) -> str:
    """A property with several values; `kind` is Bag or Seq. Nothing where all are empty."""
    said = [escape(text) for text in map(cleaned, texts) if text]
    items = "".join(f"<rdf:li>{text}</rdf:li>" for text in said)
    return f"<{name}><rdf:{kind}>{items}</rdf:{kind}></{name}>" if said else ""


def alternative(name: str, text: str) -> str:
    """A text that might be given in several languages; ours says not in which it is."""
    said = escape(cleaned(text))
    if not said:
        return ""
    item = f'<rdf:li xml:lang="x-default">{said}</rdf:li>'
    return f"<{name}><rdf:Alt>{item}</rdf:Alt></{name}>"


def compose(properties: Iterable[str]) -> bytes:
    """A packet of written properties, in their order; empty ones are left out."""
    said = [one for one in properties if one]
    # Ours are elements, never attributes, and in a text "<" is not written as such.
    used = set(re.findall(r"<([\w-]+):", "".join(said)))
    names = "".join(
        f'\n    xmlns:{prefix}="{uri}"'
        for prefix, uri in NAMESPACES.items()
        if prefix in used and prefix != "rdf"
    )
    lines = "".join(f"\n   {one}" for one in said)
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
        f' <rdf:RDF xmlns:rdf="{NAMESPACES["rdf"]}">\n'
        f'  <rdf:Description rdf:about=""{names}>{lines}\n'
        "  </rdf:Description>\n"
        " </rdf:RDF>\n"
        "</x:xmpmeta>\n"
        # Not to be changed in place: there is no room, and the copy was checked as it is.
        '<?xpacket end="r"?>'
    ).encode()


def parse(xmp: bytes) -> ET.Element:
    """The outermost element of a packet.

    Raises:
        ValueError: no XML in UTF-8, or XML that declares entities, by which a kilobyte
            becomes gigabytes.
    """
    text = xmp.decode("utf-8")
    if DECLARATION.search(text):
        raise ValueError("declares a document type")
    try:
        return ET.fromstring(text)  # noqa: S314 - see above
    except ET.ParseError as error:
        raise ValueError(f"no XML: {error}") from error


def qualified(tag: str) -> str:
    """A name with its usual prefix, as "dc:creator".

    Raises:
        ValueError: the namespace is none in which we write.
    """
    uri, _, local = tag.removeprefix("{").rpartition("}")
    if uri not in _PREFIXES:
        raise ValueError(f"{tag} is none of ours")
    return f"{_PREFIXES[uri]}:{local}"
