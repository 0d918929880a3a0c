"""Digital signatures in a PDF: is it unchanged since, who signed, who vouches for that.

Checked by pyHanko, an optional package. Nothing is fetched: whom the institution trusts lies
as certificates in the folder `trust` beside its registry, and a signature whose root is not
there is one of an unknown signer.
"""

from __future__ import annotations

import dataclasses
import io
import logging
from typing import TYPE_CHECKING, Any

from forms.errors import SignatureBrokenError, SignatureUncheckedError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator
    from pathlib import Path

_SIGNED = b"/ByteRange"


@dataclasses.dataclass(frozen=True, slots=True)
class DigitalSignature:
    """A signature that fits its file, to the last byte.

    Attributes:
        signer: the name in the certificate; anybody can write one into a certificate.
        signed_at: as the signer's own computer had it, or a time stamp's; None where it is
            not told.
        stamped: the time is that of a time stamp that was checked.
        trusted: a root of the institution's vouches for the signer.
    """

    signer: str
    signed_at: dt.datetime | None
    stamped: bool
    trusted: bool


def is_signed(data: bytes) -> bool:
    """Whether a PDF says that it holds a digital signature."""
    return _SIGNED in data


def check_signatures(data: bytes, trust: Path) -> tuple[DigitalSignature, ...]:
    """The signatures of a PDF, oldest first.

    Args:
        data: the whole file.
        trust: folder of the certificates of roots, .pem or .crt; it need not exist.

    Raises:
        SignatureUncheckedError: the package that checks them is not installed, or a root
            cannot be read.
        SignatureBrokenError: a signature does not fit the file, or the file went on after it.
    """
    try:
        from pyhanko.pdf_utils.misc import PdfError
        from pyhanko.pdf_utils.reader import PdfFileReader
        from pyhanko.sign.general import SigningError
        from pyhanko.sign.validation.errors import SignatureValidationError
    except ImportError as error:
        raise SignatureUncheckedError(
            "The PDF is signed digitally, and nothing here can check that: install "
            "photo-clearance[signatures]."
        ) from error
    roots = list(_roots(trust))
    # It logs what it could not follow, with the names in the certificates.
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
    logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)
    try:
        reader = PdfFileReader(io.BytesIO(data))
        found = [_checked(one, roots) for one in reader.embedded_regular_signatures]
    except (PdfError, SigningError, SignatureValidationError, ValueError, TypeError) as error:
        raise SignatureBrokenError(
            "The digital signature cannot be read ({reason}): ask for the file again.",
            reason=(str(error).splitlines() or [type(error).__name__])[0],
        ) from error
    if not found:
        raise SignatureBrokenError(
            "The digital signature cannot be read ({reason}): ask for the file again.",
            reason="no signature field",
        )
    return tuple(found)


def _checked(embedded: Any, roots: list[Any]) -> DigitalSignature:
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.status import SignatureCoverageLevel
    from pyhanko_certvalidator import ValidationContext

    context = ValidationContext(trust_roots=roots, allow_fetching=False)
    status = validate_pdf_signature(embedded, context)
    whole = status.coverage == SignatureCoverageLevel.ENTIRE_FILE
    if not (status.intact and status.valid and whole):
        raise SignatureBrokenError(
            "The file was changed after it was signed digitally: ask for it again."
        )
    subject = status.signing_cert.subject.native
    stamp = status.timestamp_validity
    checked = stamp if stamp and stamp.intact and stamp.valid and stamp.trusted else None
    return DigitalSignature(
        signer=str(subject.get("common_name", "")),
        signed_at=checked.timestamp if checked else status.signer_reported_dt,
        stamped=checked is not None,
        trusted=bool(status.trusted),
    )


def _roots(trust: Path) -> Iterator[Any]:
    from asn1crypto import pem, x509

    for path in sorted(trust.glob("*")) if trust.is_dir() else ():
        if path.suffix.lower() not in {".pem", ".crt", ".cer"}:
            continue
        try:
            content = path.read_bytes()
            blocks = (
                [block for _, _, block in pem.unarmor(content, multiple=True)]
                if pem.detect(content)
                else [content]
            )
            certificates = [x509.Certificate.load(block, strict=True) for block in blocks]
            for certificate in certificates:
                certificate.subject.native  # noqa: B018 - asn1crypto parses only when asked
        except (OSError, ValueError, TypeError) as error:
            raise SignatureUncheckedError(
                "The certificate {name} in the folder of trust cannot be read: replace it.",
                name=path.name,
            ) from error
        yield from certificates
