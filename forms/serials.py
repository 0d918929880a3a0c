"""The number printed on every form: not guessable, and wrong when mistyped.

Twelve random characters of Crockford's base 32 (60 bits) and his check
character, the number modulo 37. Crockford's five extra check symbols look odd on
paper and cannot stand in a compact QR code: a number that needs one is drawn
again. The check finds every single wrong character and every swap of two
neighbours.
"""

from __future__ import annotations

import secrets

from forms.errors import SerialInvalidError

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_CHARACTERS = 12
_CHECK_MODULUS = 37
_READ_AS = str.maketrans("OIL", "011")
_SEPARATORS = str.maketrans("", "", "- ‐‑–\u00a0")


def new_serial() -> str:
    """A serial nobody can guess, as it is printed: `7KQ4-M2XD-9F3T-C`."""
    while True:
        number = secrets.randbits(5 * _RANDOM_CHARACTERS)
        check = number % _CHECK_MODULUS
        if check < len(ALPHABET):
            return _grouped(_base32(number) + ALPHABET[check])


def is_valid_serial(text: str) -> bool:
    """Whether the text, however it was typed, is a serial with a right check character."""
    compact = _compact(text)
    if len(compact) != _RANDOM_CHARACTERS + 1 or any(c not in ALPHABET for c in compact):
        return False
    number = 0
    for character in compact[:-1]:
        number = number * len(ALPHABET) + ALPHABET.index(character)
    return number % _CHECK_MODULUS == ALPHABET.index(compact[-1])


def normalise_serial(text: str) -> str:
    """The serial as it is printed, from any way of typing it.

    Lower case, missing or other dashes, O for 0, and I or L for 1 are understood.

    Raises:
        SerialInvalidError: it is not a serial, or a character is wrong.
    """
    if not is_valid_serial(text):
        raise SerialInvalidError(
            "{text!r} is not a form's serial. Compare it with the paper, character by character.",
            text=text,
        )
    return _grouped(_compact(text))


def compact_serial(text: str) -> str:
    """The thirteen characters without dashes, as they stand in the QR code."""
    return _compact(normalise_serial(text))


def _compact(text: str) -> str:
    return text.translate(_SEPARATORS).upper().translate(_READ_AS)


def _grouped(compact: str) -> str:
    return "-".join(compact[start : start + 4] for start in range(0, len(compact), 4))


def _base32(number: int) -> str:
    places = range(_RANDOM_CHARACTERS - 1, -1, -1)
    return "".join(ALPHABET[(number >> 5 * place) & 31] for place in places)
