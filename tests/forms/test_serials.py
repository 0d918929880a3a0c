"""The serial catches slips of the pen and cannot be guessed."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from forms.errors import SerialInvalidError
from forms.serials import (
    ALPHABET,
    compact_serial,
    is_valid_serial,
    new_serial,
    normalise_serial,
)

serials = st.builds(new_serial)
positions = st.integers(0, 12)


def test_a_new_serial_is_valid_and_grouped() -> None:
    serial = new_serial()
    assert is_valid_serial(serial)
    assert [len(group) for group in serial.split("-")] == [4, 4, 4, 1]
    assert set(serial) <= set(ALPHABET) | {"-"}


def test_ten_thousand_serials_differ() -> None:
    assert len({new_serial() for _ in range(10_000)}) == 10_000


@given(serials, positions, st.sampled_from(ALPHABET))
def test_any_single_wrong_character_is_caught(serial: str, place: int, wrong: str) -> None:
    compact = compact_serial(serial)
    assume(compact[place] != wrong)
    assert not is_valid_serial(compact[:place] + wrong + compact[place + 1 :])


@given(serials, st.integers(0, 11))
def test_any_swap_of_neighbours_is_caught(serial: str, place: int) -> None:
    compact = compact_serial(serial)
    first, second = compact[place], compact[place + 1]
    assume(first != second)
    assert not is_valid_serial(compact[:place] + second + first + compact[place + 2 :])


@given(serials)
def test_ways_of_typing_are_understood(serial: str) -> None:
    typed = serial.lower().replace("0", "o").replace("1", "l").replace("-", " ")
    assert is_valid_serial(typed)
    assert normalise_serial(typed) == serial
    assert normalise_serial(serial.replace("-", "–").replace("1", "i")) == serial


@pytest.mark.parametrize("text", ["", "7KQ4", "U" * 13, "É" * 13, "7KQ4-M2XD-9F3T-CC", "٣" * 13])
def test_what_is_no_serial_is_refused(text: str) -> None:
    assert not is_valid_serial(text)
    with pytest.raises(SerialInvalidError, match="character by character"):
        normalise_serial(text)
