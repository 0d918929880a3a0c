"""What a photo's file says and its copy does not is told by name."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from clearance.hints import Hints
from clearance.language import LANGUAGES, language
from clearance.left_behind import Block, left_behind
from clearance.metadata_words import removed, value, written
from detector.embedded import Embedded
from detector.faces import Frame
from detector.second_pictures import Unjudged

PIXELS = np.zeros((4, 4, 3), np.uint8)
BARE = Frame(Path("a.jpg"), "0" * 64, "JPEG", PIXELS)
FULL = dataclasses.replace(
    BARE,
    embedded=Embedded(exif=b"1", xmp=b"2", iptc=b"3", comment=b"4", credential=True),
    unjudged=(Unjudged.VIDEO,),
)


def test_a_bare_file_leaves_nothing_behind() -> None:
    assert left_behind(BARE, Hints(), {"caption": ("",), "keywords": ()}, ()) == ()


def test_every_block_that_is_there_is_named() -> None:
    found = left_behind(FULL, Hints(place=True), {}, ())
    assert found == tuple(block.value for block in Block if block is not Block.REGIONS)
    views = dataclasses.replace(BARE, other_views=(PIXELS,))
    assert left_behind(views, Hints(), {}, ()) == ("further_pictures",)


def test_a_property_that_the_copy_repeats_was_not_left_behind() -> None:
    said = {"creator": ("Anna",), "caption": ("a door",), "title": ("", "News")}
    assert left_behind(BARE, Hints(), said, ("creator",)) == ("caption", "title")


@pytest.mark.parametrize("code", LANGUAGES)
def test_everything_has_a_word_of_its_own(code: str) -> None:
    words = language(code)
    called = [removed(block.value, words) for block in Block]
    assert len(set(called)) == len(Block)
    assert not set(called) & {block.value for block in Block}
    names = ("plus:ModelReleaseStatus", "plus:ModelReleaseID", "plus:DataMining", "dc:creator")
    assert not {name for name in names if written(name, words) == name}


def test_a_code_of_plus_is_told_in_words_and_a_text_as_it_is() -> None:
    words = language("en")
    code = "http://ns.useplus.org/ldf/vocab/MR-NAP"
    told = "MR-NAP (not applicable: nobody shown can be recognised)"
    assert value("plus:ModelReleaseStatus", code, words) == told
    assert value("plus:DataMining", "http://x/DMI-ALLOWED", words) == "DMI-ALLOWED"
    assert value("dc:rights", "© A/B", words) == "© A/B"
