"""A packet says what is on the list, fits into every format, and reads back as it was meant."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearance import settings as institution
from clearance.hints import hints_of
from clearance.metadata import (
    LONGEST_PACKET,
    LONGEST_TEXT,
    NAMESPACES,
    DataMining,
    ReleaseStatus,
    Rights,
    packet,
    parse,
    read_packet,
)
from detector.embedded import Embedded
from detector.faces import Frame

VOCABULARY = "http://ns.useplus.org/ldf/vocab/"
FULL = Rights(
    creator=("A. Fictional", "Second Maker"),
    credit="Hospital of Nowhere",
    copyright="© 2026 Hospital of Nowhere",
    web_statement="https://hospital.example/terms?of=use&in=en",
    alt_text="Three people in a corridor",
    caption="The new wing\nopens",
    keywords=("wing", "opening"),
)
ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=60)
RIGHTS = st.builds(
    Rights,
    creator=st.tuples(ANY_TEXT, ANY_TEXT),
    credit=ANY_TEXT,
    copyright=ANY_TEXT,
    web_statement=ANY_TEXT,
    alt_text=ANY_TEXT,
    caption=ANY_TEXT,
    keywords=st.lists(ANY_TEXT, max_size=5).map(tuple),
)


def said(
    rights: Rights = Rights(),  # noqa: B008 - frozen
    *serials: str,
    status: ReleaseStatus = ReleaseStatus.LIMITED,
    mining: DataMining = DataMining.PROHIBITED_AIMLTRAINING,
) -> dict[str, tuple[str, ...]]:
    return read_packet(packet(status, serials, mining, rights))


def test_everything_on_the_list_is_said() -> None:
    assert said(FULL, "N-2026-1", "N-2026-2") == {
        "plus:ModelReleaseStatus": (f"{VOCABULARY}MR-LMR",),
        "plus:ModelReleaseID": ("N-2026-1", "N-2026-2"),
        "plus:DataMining": (f"{VOCABULARY}DMI-PROHIBITED-AIMLTRAINING",),
        "dc:creator": FULL.creator,
        "photoshop:Credit": (FULL.credit,),
        "dc:rights": (FULL.copyright,),
        "xmpRights:WebStatement": (FULL.web_statement,),
        "Iptc4xmpCore:AltTextAccessibility": (FULL.alt_text,),
        "dc:description": (FULL.caption,),
        "dc:subject": FULL.keywords,
    }


def test_what_is_empty_is_not_said() -> None:
    blank = Rights(creator=("", " "), credit=" \n", keywords=("\0",))
    found = said(blank, "", status=ReleaseStatus.NOT_APPLICABLE, mining=DataMining.ALLOWED)
    assert found == {
        "plus:ModelReleaseStatus": (f"{VOCABULARY}MR-NAP",),
        "plus:DataMining": (f"{VOCABULARY}DMI-ALLOWED",),
    }


def test_a_picture_is_never_released_without_limits() -> None:
    assert {status.value for status in ReleaseStatus} == {"MR-NAP", "MR-LMR"}


def test_the_settings_name_what_there_is() -> None:
    assert [one.name.lower() for one in DataMining] == list(institution.DATA_MINING)
    codes = [one.removeprefix("DMI-").replace("-", "_") for one in DataMining]
    assert codes == [one.name for one in DataMining]
    assert tuple(Rights.__dataclass_fields__) == institution.CARRIED


def test_a_packet_depends_on_what_is_said_alone() -> None:
    one = packet(ReleaseStatus.LIMITED, ["N-1"], DataMining.PROHIBITED, FULL)
    other = packet(ReleaseStatus.LIMITED, ["N-1"], DataMining.PROHIBITED, FULL)
    assert one == other
    for told in (b"xmptk", b"CreatorTool", b"Date", b"DocumentID", b"InstanceID", b"20\n"):
        assert told not in one
    # Nothing to write into later: neither padding nor a wrapper that allows it.
    assert b"   \n   \n" not in one
    assert one.endswith(b'<?xpacket end="r"?>')


def test_only_namespaces_that_are_used_are_declared() -> None:
    small = packet(ReleaseStatus.LIMITED, [], DataMining.PROHIBITED, Rights(caption="dc:rights=1"))
    declared = set(re.findall(rb"xmlns:([\w-]+)", small))
    assert declared == {b"x", b"rdf", b"plus", b"dc"}


def test_the_reader_of_photos_reads_it_as_well() -> None:
    xmp = packet(ReleaseStatus.LIMITED, ["N-1"], DataMining.PROHIBITED, FULL)
    pixels = np.zeros((2, 3, 3), np.uint8)
    embedded = Embedded(xmp=xmp, stored_size=(3, 2))
    hints = hints_of(Frame(Path("a.jpg"), "0" * 64, "JPEG", pixels, embedded=embedded))
    for name in ("creator", "credit", "copyright", "web_statement", "alt_text", "keywords"):
        assert getattr(hints, name) == getattr(FULL, name)
    assert hints.model_release.endswith("MR-LMR")
    assert hints.unreadable == ()


@settings(deadline=None, max_examples=150)
@given(rights=RIGHTS, serials=st.lists(ANY_TEXT, max_size=4))
def test_any_text_comes_back_and_none_breaks_out(rights: Rights, serials: list[str]) -> None:
    xmp = packet(ReleaseStatus.LIMITED, serials, DataMining.PROHIBITED, rights)
    found = read_packet(xmp)
    assert found["plus:ModelReleaseStatus"] == (f"{VOCABULARY}MR-LMR",)
    assert found.keys() <= said(FULL, "N-1").keys()

    def kept(text: str) -> str:
        """As XML 1.0 allows it (2.2), without controls, and with one kind of line end."""
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        return "".join(filter(allowed, text)).strip()

    for name, text in (
        ("photoshop:Credit", rights.credit),
        ("dc:rights", rights.copyright),
        ("xmpRights:WebStatement", rights.web_statement),
        ("Iptc4xmpCore:AltTextAccessibility", rights.alt_text),
        ("dc:description", rights.caption),
    ):
        assert found.get(name, ("",)) == (kept(text),)
    keywords = dict.fromkeys(filter(None, map(kept, rights.keywords)))
    assert found.get("dc:subject", ()) == tuple(keywords)


def allowed(character: str) -> bool:
    number = ord(character)
    if number in {0x09, 0x0A, 0x85}:
        return True
    control = number < 0x20 or 0x7F <= number < 0xA0
    return not (control or 0xD800 <= number < 0xE000 or number in {0xFFFE, 0xFFFF})


def test_a_text_is_cut() -> None:
    found = said(Rights(caption="ä" * (LONGEST_TEXT + 5), web_statement="u" * (LONGEST_TEXT + 1)))
    assert found["dc:description"] == ("ä" * LONGEST_TEXT,)
    assert "xmpRights:WebStatement" not in found, "a part of an address is another address"


def test_a_serial_is_never_cut() -> None:
    assert said(Rights(), "N" * 65, "N-1")["plus:ModelReleaseID"] == ("N-1",)


@pytest.mark.parametrize("character", ["a", "&", "\U0001f3e5"], ids=["short", "escaped", "wide"])
@pytest.mark.parametrize("forms", [0, 60, 3000])
def test_every_packet_fits_into_a_segment(character: str, forms: int) -> None:
    long = character * 3000
    many = tuple(f"{number}{long}" for number in range(600))
    rights = Rights(many, long, long, "https://hospital.example/", long, long, many)
    serials = [f"{number:04}{character * 60}" for number in range(forms)]
    xmp = packet(ReleaseStatus.LIMITED, serials, DataMining.PROHIBITED, rights)
    assert len(xmp) <= LONGEST_PACKET
    found = read_packet(xmp)
    assert found["xmpRights:WebStatement"] == ("https://hospital.example/",)
    assert len(found["dc:rights"][0]) >= 100
    assert set(found.get("plus:ModelReleaseID", ())) <= set(serials)
    assert len(found.get("plus:ModelReleaseID", ())) >= min(forms, 60)


def test_no_more_is_cut_than_must_be() -> None:
    keywords = tuple(f"{number:03}" + "k" * 247 for number in range(600))
    found = said(Rights(keywords=keywords, caption="c" * 900))
    assert found["dc:subject"] == keywords[:200]
    assert found["dc:description"] == ("c" * 900,)


def test_three_bytes_more_do_not_fit() -> None:
    """The limit is met, not only kept far away from."""
    lengths = {
        len(
            packet(
                ReleaseStatus.LIMITED,
                [],
                DataMining.PROHIBITED,
                Rights(keywords=tuple(f"{n:03}" + "k" * 1900 for n in range(33)), caption="c" * n),
            )
        )
        for n in range(900, 2000, 7)
    }
    assert max(lengths) > LONGEST_PACKET - 7
    assert max(lengths) <= LONGEST_PACKET


@pytest.mark.parametrize(
    "xmp",
    [
        b"",
        b"no XML",
        b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>",
        b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>",
        "<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>".encode("utf-16"),
    ],
    ids=["empty", "text", "nothing-said", "entities", "other-encoding"],
)
def test_what_is_no_packet_is_refused(xmp: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_packet(xmp)


def test_entities_are_refused_before_they_are_read() -> None:
    with pytest.raises(ValueError, match="document type"):
        parse(b"<!doctype x [<!entity a 'aaaaaaaaaa'>]><x>&a;&a;&a;</x>")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"photoshop:Credit", b"photoshop:Headline"),
        (b"<photoshop:Credit>", b"<dc:rights/><photoshop:Credit>"),
        (b"<photoshop:Credit>", b"<other:x xmlns:other='urn:other'/><photoshop:Credit>"),
        (b"Hospital of Nowhere", b"<dc:creator/>"),
        (b"</rdf:RDF>", b"<rdf:Description/></rdf:RDF>"),
    ],
    ids=["property", "twice", "namespace", "structure", "description"],
)
def test_what_we_would_not_write_is_seen(old: bytes, new: bytes) -> None:
    xmp = packet(ReleaseStatus.LIMITED, ["N-1"], DataMining.PROHIBITED, FULL)
    assert read_packet(xmp)
    assert old in xmp
    with pytest.raises(ValueError, match=r"\w"):
        read_packet(xmp.replace(old, new))


def test_the_namespaces_are_those_of_the_standards() -> None:
    """A wrong one makes a property that nobody reads."""
    packet_of_all = packet(ReleaseStatus.LIMITED, ["N-1"], DataMining.PROHIBITED, FULL)
    tags = {element.tag for element in ET.fromstring(packet_of_all).iter()}
    assert f"{{{NAMESPACES['plus']}}}ModelReleaseStatus" in tags
    assert "{http://ns.useplus.org/ldf/xmp/1.0/}DataMining" in tags
    assert "{http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/}AltTextAccessibility" in tags
    assert "{http://ns.adobe.com/xap/1.0/rights/}WebStatement" in tags
    assert "{http://ns.adobe.com/photoshop/1.0/}Credit" in tags
