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
    """A signature that fits its file, to the last byte, or to the signature of the next one.

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
        SignatureBrokenError: a signature does not fit the file, or the file went on after it
            with anything but the next signature.
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
        *earlier, last = reader.embedded_regular_signatures or [None]
        found = [_checked(one, roots, last=False) for one in earlier]
        found += [_checked(last, roots, last=True)] if last else []
        later = reader.embedded_regular_signatures[1:]
        if any(_covers_a_square(one, reader) for one in later):
            raise SignatureBrokenError(
                "A later signature is shown on a square to tick: ask for the file again, "
                "signed beside it."
            )
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


def _checked(embedded: Any, roots: list[Any], *, last: bool) -> DigitalSignature:
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.status import SignatureCoverageLevel
    from pyhanko_certvalidator import ValidationContext

    context = ValidationContext(trust_roots=roots, allow_fetching=False)
    status = validate_pdf_signature(embedded, context, diff_policy=_signatures_only())
    covered = status.coverage == SignatureCoverageLevel.ENTIRE_FILE or (
        not last
        and status.coverage == SignatureCoverageLevel.ENTIRE_REVISION
        and bool(status.docmdp_ok)
    )
    if not (status.intact and status.valid and covered):
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


def _signatures_only() -> Any:
    """What may follow a signature: the next one. Nobody fills anything in after the first."""
    from pyhanko.sign.diff_analysis import (
        CatalogModificationRule,
        DocInfoRule,
        DSSCompareRule,
        FormUpdatingRule,
        MetadataUpdateRule,
        ModificationLevel,
        ObjectStreamRule,
        SigFieldCreationRule,
        SigFieldModificationRule,
        StandardDiffPolicy,
        XrefStreamRule,
    )

    about_the_file = (
        *(DocInfoRule(), ObjectStreamRule(), XrefStreamRule(), DSSCompareRule()),
        MetadataUpdateRule(),  # type: ignore[no-untyped-call]
    )
    rules = [SigFieldCreationRule(), SigFieldModificationRule()]  # type: ignore[no-untyped-call]
    return StandardDiffPolicy(
        global_rules=[
            CatalogModificationRule(),  # type: ignore[no-untyped-call]
            *(rule.as_qualified(ModificationLevel.LTA_UPDATES) for rule in about_the_file),
        ],
        form_rule=FormUpdatingRule(field_rules=rules),
    )


def _covers_a_square(embedded: Any, reader: Any) -> bool:
    """Whether what a later signature shows lies on a square to tick: it could look like a tick."""
    signature = embedded.sig_field
    if "/Rect" not in signature:
        return False
    own = _corners(signature["/Rect"])
    for reference in reader.root["/AcroForm"]["/Fields"]:
        field = reference.get_object()
        same_page = field.get("/P") is None or signature.get("/P") in (None, field.get("/P"))
        if field.get("/FT") != "/Btn" or "/Rect" not in field or not same_page:
            continue
        other = _corners(field["/Rect"])
        apart = own[2] <= other[0] or other[2] <= own[0] or own[3] <= other[1] or other[3] <= own[1]
        if not apart:
            return True
    return False


def _corners(rectangle: Any) -> tuple[float, float, float, float]:
    """Left, bottom, right and top of a rectangle, which may name any two opposite corners."""
    x, y, u, v = (float(number) for number in rectangle)
    return min(x, u), min(y, v), max(x, u), max(y, v)


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
