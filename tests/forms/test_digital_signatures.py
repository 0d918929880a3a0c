"""A PDF that was signed digitally: changed since, unknown signer, trusted signer."""

from __future__ import annotations

import builtins
import datetime as dt
import functools
import io
from pathlib import Path
from typing import Any

import pytest

from clearance.commandline import ExitCode
from forms.consent_form import form_template
from forms.digital_signatures import check_signatures, is_signed
from forms.errors import SignatureBrokenError, SignatureUncheckedError
from tests.commands import run
from tests.forms.test_form_commands import Office, confirmed, filled_on_screen

pyhanko = pytest.importorskip("pyhanko", reason="pyHanko is not installed")

from asn1crypto import keys  # noqa: E402
from asn1crypto import x509 as asn1  # noqa: E402
from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec  # noqa: E402
from cryptography.x509.oid import NameOID  # noqa: E402
from pyhanko.pdf_utils.generic import NameObject  # noqa: E402
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter  # noqa: E402
from pyhanko.sign import fields, signers  # noqa: E402
from pyhanko_certvalidator.registry import SimpleCertificateStore  # noqa: E402

DER, PEM = serialization.Encoding.DER, serialization.Encoding.PEM


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def certificate(name: str, key: Any, issuer: str, signed_with: Any, *, root: bool) -> Any:
    now = dt.datetime.now(dt.UTC)
    usage = dict.fromkeys(
        (
            *("key_encipherment", "data_encipherment", "key_agreement", "encipher_only"),
            *("decipher_only", "crl_sign"),
        ),
        False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=2))
        .not_valid_after(now + dt.timedelta(days=400))
        .add_extension(x509.BasicConstraints(ca=root, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True, content_commitment=True, key_cert_sign=root, **usage
            ),
            critical=True,
        )
        .sign(signed_with, hashes.SHA256())
    )


@functools.cache
def people() -> tuple[Any, Any, Any]:
    """The certificate of a root, that of somebody it vouches for, and that one's key."""
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = certificate("A Root", root_key, "A Root", root_key, root=True)
    return root, certificate("Anna Keller", key, "A Root", root_key, root=False), key


def signed(data: bytes, field: str = "Signature1") -> bytes:
    root, own, key = people()
    store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    store.register(asn1.Certificate.load(root.public_bytes(DER)))
    private = key.private_bytes(
        DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    signer = signers.SimpleSigner(
        signing_cert=asn1.Certificate.load(own.public_bytes(DER)),
        signing_key=keys.PrivateKeyInfo.load(private),
        cert_registry=store,
    )
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    named_field = signers.PdfSignatureMetadata(field_name=field)
    whole: bytes = signers.sign_pdf(writer, named_field, signer=signer).getvalue()
    return whole


def trust_in(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "root.pem").write_bytes(people()[0].public_bytes(PEM))
    return folder


@pytest.fixture
def blank(tmp_path: Path) -> bytes:
    path = tmp_path / "blank.pdf"
    run("forms", "print", "-o", path, "--registry", tmp_path / "none").assert_exit(ExitCode.CLEARED)
    return path.read_bytes()


def test_a_signer_is_trusted_only_if_a_root_of_ours_vouches(blank: bytes, tmp_path: Path) -> None:
    data = signed(blank)
    assert is_signed(data)
    assert not is_signed(blank)
    (unknown,) = check_signatures(data, tmp_path / "trust")
    assert (unknown.signer, unknown.trusted, unknown.stamped) == ("Anna Keller", False, False)
    (known,) = check_signatures(data, trust_in(tmp_path / "trust"))
    assert known.trusted
    assert known.signed_at is not None
    assert abs(known.signed_at - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=10)


@pytest.mark.parametrize("change", ["inside", "behind", "gone"])
def test_a_file_that_is_not_as_it_was_signed_is_refused(
    blank: bytes, tmp_path: Path, change: str
) -> None:
    data = bytearray(signed(blank))
    if change == "inside":
        data[data.find(b"stream") + 40] ^= 1
    elif change == "behind":
        data += b"\n% more\n"
    else:
        data = data.replace(b"/ByteRange", b"/ByteRangf") + b"/ByteRange"
    with pytest.raises(SignatureBrokenError) as caught:
        check_signatures(bytes(data), trust_in(tmp_path / "trust"))
    assert len(str(caught.value).splitlines()) == 1


def test_two_people_may_sign_one_file(blank: bytes, tmp_path: Path) -> None:
    both = check_signatures(signed(signed(blank), "Signature2"), trust_in(tmp_path / "trust"))
    assert [one.trusted for one in both] == [True, True]


@pytest.mark.parametrize("beside", [True, False])
def test_no_later_signature_may_be_shown_on_a_square(tmp_path: Path, *, beside: bool) -> None:
    path = tmp_path / "screen.pdf"
    run(
        *("forms", "print", "-o", path, "--fillable", "--lang", "fr"),
        *("--registry", tmp_path / "none"),
    ).assert_exit(ExitCode.CLEARED)
    mark = next(one for one in form_template("fr").marks if one.name == "channel.website.yes")
    left, bottom = int(mark.left) - (200 if beside else 0), int(mark.bottom)
    writer = IncrementalPdfFileWriter(io.BytesIO(signed(path.read_bytes())))
    spec = fields.SigFieldSpec("Signature2", box=(left, bottom, left + 10, bottom + 10))
    fields.append_signature_field(writer, spec)
    second = signed(written(writer), "Signature2")
    if beside:
        assert len(check_signatures(second, tmp_path)) == 2
    else:
        with pytest.raises(SignatureBrokenError, match="on a square to tick"):
            check_signatures(second, tmp_path)


def written(writer: IncrementalPdfFileWriter) -> bytes:
    stream = io.BytesIO()
    writer.write(stream)  # type: ignore[no-untyped-call]
    return stream.getvalue()


def test_between_two_signatures_nothing_is_filled_in(tmp_path: Path) -> None:
    path = tmp_path / "screen.pdf"
    run(
        *("forms", "print", "-o", path, "--fillable", "--lang", "fr"),
        *("--registry", tmp_path / "none"),
    ).assert_exit(ExitCode.CLEARED)
    first = signed(path.read_bytes())
    writer = IncrementalPdfFileWriter(io.BytesIO(first))
    for reference in writer.root["/AcroForm"]["/Fields"]:
        field = reference.get_object()
        if str(field["/T"]).endswith("channel:website:yes"):
            for key in ("/V", "/AS"):
                field[NameObject(key)] = NameObject("/Yes")
            writer.update_container(field)
            break
    else:
        raise AssertionError("the form has no such square")
    check_signatures(signed(first, "Signature2"), tmp_path)
    with pytest.raises(SignatureBrokenError, match="changed after it was signed"):
        check_signatures(signed(written(writer), "Signature2"), tmp_path)


def test_a_root_that_cannot_be_read_is_named(blank: bytes, tmp_path: Path) -> None:
    (trust_in(tmp_path / "trust") / "broken.crt").write_bytes(b"no certificate")
    with pytest.raises(SignatureUncheckedError, match=r"broken\.crt"):
        check_signatures(signed(blank), tmp_path / "trust")


def test_without_the_package_nothing_signed_is_taken_in(
    blank: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, real = signed(blank), builtins.__import__

    def missing(name: str, *more: Any, **named: Any) -> Any:
        if name.startswith("pyhanko"):
            raise ImportError(name)
        return real(name, *more, **named)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(SignatureUncheckedError, match=r"photo-clearance\[signatures\]"):
        check_signatures(data, tmp_path)


@pytest.mark.parametrize(("trusted", "level"), [(True, "advanced"), (False, "simple")])
def test_a_form_signed_digitally_is_proved_as_well_as_its_root(
    empty_registry: Path, tmp_path: Path, trusted: bool, level: str
) -> None:
    run("people", "add", "Anna Keller", "--registry", empty_registry).assert_exit(ExitCode.CLEARED)
    office = Office(tmp_path, empty_registry)
    path = tmp_path / "screen.pdf"
    run(
        *("forms", "print", "-o", path, "--fillable", "--lang", "fr"),
        *("--registry", empty_registry),
    ).assert_exit(ExitCode.CLEARED)
    ticks = ("channel.website.yes", "material.photo.yes", "purpose.events.yes")
    filled_on_screen(path, ticks, {"term.end": "20.11.2028", "signature.date": "20.11.2026"})
    path.write_bytes(signed(path.read_bytes()))
    if trusted:
        trust_in(empty_registry / "trust")
    told = office.clearance("forms", "read", path)
    assert ("a root of yours vouches" in told) is trusted
    assert ("unknown root" in told) is not trusted
    assert "It is not signed" not in told
    serial = office.only_draft()
    office.clearance(*confirmed(serial))
    form = office.json("consent", "show", serial, "--scan", tmp_path / "kept.pdf")
    assert isinstance(form["evidence"], dict)
    assert form["evidence"]["level"] == level
    assert (tmp_path / "kept.pdf").read_bytes() == path.read_bytes()


def test_a_changed_form_is_not_read(empty_registry: Path, tmp_path: Path, blank: bytes) -> None:
    path = tmp_path / "changed.pdf"
    path.write_bytes(signed(blank) + b"\n% more\n")
    office = Office(tmp_path, empty_registry)
    told = office.clearance("forms", "read", path, code=ExitCode.INPUT_OR_OUTPUT)
    assert "changed after it was signed" in told
    assert "No form waits" in office.clearance("forms", "drafts")
