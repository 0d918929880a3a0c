"""Reads XMP packets from outside, in whichever of its many spellings they are written.

XMP part 1 says how RDF is written; what nobody writes who means well is refused.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from clearance.embedded_text import clean

_MAX_DEPTH = 40
"""Of nested elements; regions take about twelve."""
_MAX_ELEMENTS = 200_000
"""Of elements and attributes. Photoshop's history of much copied pictures has thousands."""

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns|"
XML = "http://www.w3.org/XML/1998/namespace|"
DC = "http://purl.org/dc/elements/1.1|"
PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0|"
CORE = "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns|"
EXT = "http://iptc.org/std/Iptc4xmpExt/2008-02-29|"
RIGHTS = "http://ns.adobe.com/xap/1.0/rights|"
EXIF = "http://ns.adobe.com/exif/1.0|"
LIGHTROOM = "http://ns.adobe.com/lightroom/1.0|"
DIGIKAM = "http://www.digikam.org/ns/1.0|"
PLUS = "http://ns.useplus.org/ldf/xmp/1.0|"
MWG = "http://www.metadataworkinggroup.com/schemas/regions|"
MICROSOFT = "http://ns.microsoft.com/photo/1.2|"
MICROSOFT_INFO = "http://ns.microsoft.com/photo/1.2/t/RegionInfo|"
MICROSOFT_REGION = "http://ns.microsoft.com/photo/1.2/t/Region|"
ACDSEE = "http://ns.acdsee.com/regions|"


@dataclasses.dataclass(slots=True)
class Node:
    """A value of XMP, however it was serialised: a text, an array or a structure."""

    text: str = ""
    language: str = ""
    items: list[Node] = dataclasses.field(default_factory=list)
    fields: dict[str, Node] = dataclasses.field(default_factory=dict)

    def __getitem__(self, name: str) -> Node:
        """A field of the structure, or an empty value."""
        return self.fields.get(name, _NONE)

    def __iter__(self) -> Iterator[Node]:
        """The values of an array; a single value is an array of one."""
        return iter(self.items or ([self] if self.fields or self.text else []))

    @property
    def said(self) -> str:
        """The text; of several, the one in the default language, else the first."""
        said = [item for item in self if item.text]
        default = [item for item in said if item.language == "x-default"]
        return (default or said)[0].text if said else ""

    @property
    def all_said(self) -> Iterator[str]:
        """The text of every value."""
        return (item.said for item in self)

    def local(self, name: str) -> str:
        """The text of a field, in whatever namespace: dialects differ in nothing else."""
        return next(
            (node.said for key, node in self.fields.items() if key.endswith(f"|{name}")), ""
        )


_NONE = Node()


class _Builder(ET.TreeBuilder):
    """Refuses what is nested or repeated beyond anything real."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0
        self._elements = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> ET.Element:
        """Count one more."""
        self._depth += 1
        self._elements += 1 + len(attrs)
        if self._depth > _MAX_DEPTH or self._elements > _MAX_ELEMENTS:
            raise ValueError("nested or repeated too much")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> ET.Element:
        """One less to be closed."""
        self._depth -= 1
        return super().end(tag)


_BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\xfe\xff", "utf-16-be"),
    (b"\xff\xfe", "utf-16-le"),
    # Without a mark: the first character of a packet is "<".
    (b"\x00\x00\x00<", "utf-32-be"),
    (b"<\x00\x00\x00", "utf-32-le"),
    (b"\x00<", "utf-16-be"),
    (b"<\x00", "utf-16-le"),
)
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Characters that no XML may hold; some programs let them in, and end packets with zeros."""
DECLARATION = re.compile(r"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
"""Of a document type or an entity: how a kilobyte becomes gigabytes."""


def read_xmp(*packets: bytes | None) -> Node:
    """Every property of the packets; of one that is told twice, the first.

    Raises:
        ValueError: no XML, or XML as nobody writes who means well.
        SyntaxError: broken XML.
    """
    properties = Node()
    for packet in packets:
        if not packet:
            continue
        root = _parsed(packet)
        for rdf in root.iter():
            if _name(rdf.tag) == RDF + "RDF":
                for description in rdf:
                    for name, node in _node(description).fields.items():
                        properties.fields.setdefault(name, node)
    return properties


def _parsed(packet: bytes) -> ET.Element:
    encoding = next((name for mark, name in _BOMS if packet.startswith(mark)), "utf-8")
    text = _NO_XML.sub("", packet.decode(encoding, "replace"))
    # Entities are how a kilobyte becomes gigabytes, and how a file is read that is not
    # ours. XMP needs none, so no parser is asked.
    if DECLARATION.search(text):
        raise ValueError("declares a document type")
    text = text[text.find("<") : text.rfind(">") + 1]
    parser = ET.XMLParser(target=_Builder())  # noqa: S314 - see above, and _Builder
    parser.feed(text)  # a declared encoding no longer counts
    root = parser.close()
    if not isinstance(root, ET.Element):
        raise ValueError("no element")
    return root


def _name(tag: object) -> str:
    """Namespace and name; programs disagree on how a namespace ends."""
    namespace, brace, local = str(tag).removeprefix("{").rpartition("}")
    return f"{namespace.rstrip('/#')}|{local}" if brace else local


def _node(element: ET.Element) -> Node:
    """The value of an element: its attributes and its children mean the same."""
    node = Node(text=clean(element.text or ""))
    for attribute, value in element.attrib.items():
        name = _name(attribute)
        if name == XML + "lang":
            node.language = value.lower()
        elif name in (RDF + "resource", RDF + "value"):
            node.text = clean(value)
        elif not name.startswith((RDF, XML)):
            node.fields[name] = Node(text=clean(value))
    for child in element:
        name = _name(child.tag)
        if name in (RDF + "Bag", RDF + "Seq", RDF + "Alt"):
            node.items += [_node(item) for item in child]
        elif name == RDF + "Description":
            inner = _node(child)
            node.fields = inner.fields | node.fields
            node.items += inner.items
            node.text = node.text or inner.text
        elif name == RDF + "value":
            inner = _node(child)
            node.text, node.items = inner.text, inner.items
        else:
            node.fields.setdefault(name, _node(child))
    return node
