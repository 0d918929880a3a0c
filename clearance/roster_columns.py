"""The words of a list of people: what its columns, capacities and languages are called."""

from __future__ import annotations

import dataclasses
import enum
import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from clearance.errors import RosterUnreadableError
from consent.records import Capacity
from detector.untrusted import printable

T = TypeVar("T")


class Column(enum.Enum):
    """What a column says of a person."""

    NAME = enum.auto()
    """Beside first names it is the surname, beside surnames the first name, else both."""
    FULL_NAME = enum.auto()
    SURNAME = enum.auto()
    FIRST_NAME = enum.auto()
    CODE = enum.auto()
    BORN = enum.auto()
    EMAIL = enum.auto()
    PHONE = enum.auto()
    CONTACT = enum.auto()
    ADDRESS = enum.auto()
    STREET = enum.auto()
    HOUSE_NUMBER = enum.auto()
    POSTCODE = enum.auto()
    TOWN = enum.auto()
    LANGUAGE = enum.auto()
    CAPACITY = enum.auto()
    PORTRAIT = enum.auto()


REPEATABLE = frozenset({Column.EMAIL, Column.PHONE, Column.CONTACT, Column.ADDRESS})
"""A person may have several of these: a private telephone and one at work."""

# Words that may mean something else on a real list stay out: "Nr" counts the rows,
# "Funktion" is a profession, "Eltern" are other people.
_HEADERS: Mapping[Column, str] = {
    Column.NAME: "name nom nome",
    Column.FULL_NAME: (
        "fullname wholename vollername ganzername nomcomplet nomecompleto nominativo "
        "namevorname vornamename nameundvorname vornameundname nachnamevorname "
        "vornamenachname nachnameundvorname vornameundnachname vorundnachname vornachname "
        "nomprenom prenomnom nometprenom prenometnom nomecognome cognomenome nomeecognome "
        "cognomeenome namesurname firstandlastname firstnamelastname firstnamesurname"
    ),
    Column.SURNAME: (
        "surname lastname familyname nachname familienname zuname nomdefamille cognome"
    ),
    Column.FIRST_NAME: "firstname givenname forename vorname vornamen rufname prenom prenoms",
    Column.CODE: (
        "code kode codice referencecode refcode reference ref referenz referenzcode "
        "referenznummer referencenumber codereference codedereference numerodereference "
        "codicediriferimento codiceriferimento riferimento pseudonym pseudonyme pseudonimo"
    ),
    Column.BORN: (
        "born birth birthdate birthday dateofbirth dob geboren geborenam geb geburtsdatum "
        "geburtstag gebdatum naissance datedenaissance datenaissance ddn nele neele "
        "nascita datadinascita datanascita natoil natail natoail"
    ),
    Column.EMAIL: (
        "email mail emailaddress mailaddress emailadresse mailadresse emailprivat "
        "emailgeschaftlich courriel adresseemail adressemail adressecourriel "
        "adresseelectronique emailprive emailprofessionnel postaelettronica indirizzoemail "
        "indirizzomail"
    ),
    Column.PHONE: (
        "phone telephone tel phonenumber telephonenumber mobile mobilephone mobilenumber cell "
        "cellphone telefon telefonnummer telnr telefonnr telefonprivat telprivat mobil "
        "mobiltelefon mobilnummer handy handynummer natel telefongeschaftlich telmobil "
        "numerodetelephone numerotelephone notel ntel portable telephoneportable telprive "
        "telmobile telprof telefono numeroditelefono numerotelefono cellulare telefonino"
    ),
    Column.CONTACT: "contact contacts kontakt kontakte contatto contatti",
    Column.ADDRESS: (
        "address postaladdress adresse anschrift postadresse wohnadresse adressepostale "
        "indirizzo indirizzopostale"
    ),
    Column.STREET: (
        "street strasse strassenr strasseundnr strassehausnr strasseundhausnummer "
        "rue rueetnumero rueno ruen via viaenumero"
    ),
    Column.HOUSE_NUMBER: "housenumber hausnummer hausnr numerocivico",
    Column.POSTCODE: "postcode postalcode zip zipcode plz postleitzahl npa codepostal cap",
    Column.TOWN: (
        "town city ort wohnort stadt ville localite citta localita "
        "plzort plzwohnort npalocalite npaville npalieu capluogo caplocalita"
    ),
    Column.LANGUAGE: (
        "language preferredlanguage sprache korrespondenzsprache langue "
        "languedecorrespondance lingua linguadicorrispondenza"
    ),
    Column.CAPACITY: (
        "capacity role category eigenschaft rolle kategorie personengruppe "
        "qualite entantque categorie inqualitadi qualita ruolo categoria"
    ),
    Column.PORTRAIT: (
        "portrait portraits portraitfile portraitfiles portraitfilename photo photos photofile "
        "photofiles picture pictures image portrat portrats portratfoto portratdatei foto fotos "
        "fotodatei fotodateien bild bilder bilddatei fichierphoto fichiersphoto fichierportrait "
        "ritratto ritratti filefoto fotografia fotografie immagine immagini"
    ),
}
_CAPACITIES: Mapping[Capacity, str] = {
    Capacity.PATIENT: (
        "patient patients patiente patientes patientin patientinnen patienten paziente pazienti "
        "degente degenti"
    ),
    Capacity.STAFF: (
        "staff staffmember memberofstaff employee employees "
        "mitarbeiter mitarbeiterin mitarbeiterinnen mitarbeitern mitarbeitende mitarbeitender "
        "mitarbeitenden angestellt angestellte angestellter angestellten personal "
        "personnel membredupersonnel collaborateur collaboratrice collaborateurs collaboratrices "
        "collaborateurtrice collaborateurtrices collaborateurrice collaborateurrices "
        "employe employes soignant soignante soignants soignantes "
        "collaboratore collaboratori collaboratrici collaboratoretrice dipendente dipendenti "
        "personale impiegato impiegata impiegati impiegate impiegatoa"
    ),
    Capacity.VISITOR: (
        "visitor visitors relative relatives besucher besucherin besucherinnen besuchende "
        "besuchender besuchenden angehorige angehoriger angehorigen angehorigerin "
        "visiteur visiteuse visiteurs visiteuses visiteureuse visiteureuses visiteurse "
        "visiteurses proche proches visitatore visitatrice visitatori visitatrici "
        "visitatoretrice familiare familiari parente parenti"
    ),
    Capacity.VOLUNTEER: (
        "volunteer volunteers freiwillig freiwillige freiwilliger freiwilligen freiwilligerin "
        "ehrenamtlich ehrenamtliche ehrenamtlicher ehrenamtlichen benevole benevoles "
        "volontaire volontaires volontario volontaria volontari volontarie volontarioa"
    ),
    Capacity.STUDENT: (
        "student students trainee trainees apprentice apprentices pupil pupils intern interns "
        "studentin studentinnen studenten studierende studierender studierenden lernende "
        "lernender lernenden lehrling lehrlinge auszubildende auszubildender auszubildenden "
        "azubi praktikant praktikantin praktikanten praktikantinnen schuler schulerin "
        "schulerinnen etudiant etudiante etudiants etudiantes apprenti apprentie apprentis "
        "apprenties stagiaire stagiaires eleve eleves studente studentessa studenti studentesse "
        "tirocinante tirocinanti apprendista apprendisti apprendiste stagista stagisti allievo "
        "allieva allievi allieve allievoa"
    ),
    Capacity.SPEAKER: (
        "speaker speakers referent referentin referenten referentinnen referierende "
        "referierender referierenden redner rednerin rednerinnen vortragende vortragender "
        "orateur oratrice orateurs oratrices orateurtrice orateurtrices orateurrice "
        "intervenant intervenante intervenants intervenantes conferencier conferenciere "
        "conferenciers conferencieres conferencierere conferenciereres relatore relatrice "
        "relatori relatrici relatoretrice oratore oratori oratoretrice"
    ),
    Capacity.OTHER: (
        "other others andere anderer anderes sonstige sonstiger sonstiges autre autres "
        "altro altra altri altre altroa"
    ),
}
_LANGUAGES: Mapping[str, str] = {
    "fr": "fr f fra fre french franzosisch francais francaise francese",
    "de": "de d deu ger german deutsch allemand allemande tedesco tedesca",
    "it": "it i ita italian italienisch italien italienne italiano italiana",
    "en": "en e eng english englisch anglais anglaise inglese",
}
LANGUAGES = tuple(_LANGUAGES)
_SHOWN = 60
"""Characters of a header that are shown."""
# Letters that do not fall apart into a plain one and an accent.
_PLAIN = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)
_REMARK = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_BETWEEN = re.compile(r"[/|\n]|\b(?:or|and|ou|et|oder|und|o|e)\b")
_FROM_OUTSIDE = re.compile(r"\b(?:extern\w*|estern\w*|guest)\b", re.IGNORECASE)
_REGIONAL = re.compile(r"([A-Za-z]{2})[-_][A-Za-z]{2}")


def plain_letters(text: str) -> str:
    """The text in small letters without accents: Zoé as zoe, Groß as gross."""
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(char for char in apart if not unicodedata.combining(char)).translate(_PLAIN)


@dataclasses.dataclass(frozen=True, slots=True)
class Columns:
    """Where in a row what is said; `headers` are the whole header line, fit to be shown."""

    places: Mapping[Column, Sequence[int]]
    headers: tuple[str, ...]
    ignored: tuple[str, ...]


def find_columns(header: Sequence[str], path: Path, *, portraits: bool) -> Columns:
    """What the columns of the list say; without a folder of them, portraits are ignored.

    Raises:
        RosterUnreadableError: no column has names, or two say the same.
    """
    shown = tuple(printable(" ".join(cell[:_SHOWN].split())) for cell in header)
    places: dict[Column, list[int]] = {}
    for place, cell in enumerate(header):
        if column := column_of(cell):
            places.setdefault(column, []).append(place)
    if not portraits:
        places.pop(Column.PORTRAIT, None)
    _settle_name(places)
    _refuse_twice(places, shown, path)
    if not {Column.FULL_NAME, Column.CODE} & places.keys() and not (
        {Column.SURNAME, Column.FIRST_NAME} <= places.keys()
    ):
        raise RosterUnreadableError(
            "no column of {path} has names; the first line must name the columns, like Name or "
            "Vorname and Nachname, Prénom and Nom",
            path=path,
        )
    used = {place for found in places.values() for place in found}
    ignored = tuple(name for place, name in enumerate(shown) if name and place not in used)
    return Columns(places, shown, ignored)


def _settle_name(places: dict[Column, list[int]]) -> None:
    found = places.pop(Column.NAME, [])
    if not found:
        return
    meant = Column.FULL_NAME
    if Column.FIRST_NAME in places and Column.SURNAME not in places:
        meant = Column.SURNAME
    elif Column.SURNAME in places and Column.FIRST_NAME not in places:
        meant = Column.FIRST_NAME
    places.setdefault(meant, []).extend(found)


def _refuse_twice(
    places: Mapping[Column, Sequence[int]], headers: Sequence[str], path: Path
) -> None:
    for column, found in places.items():
        names = [headers[place] for place in found]
        alone = {_key(name) for name in names} if column in REPEATABLE else {column}
        if len(names) > len(alone):
            raise RosterUnreadableError(
                "{path} says the same in several columns: {names}; keep one of them",
                path=path,
                names=", ".join(names),
            )


def column_of(header: str) -> Column | None:
    """What a column of that header says; None for one that means nothing here.

    A header may be in two languages, "Nom / Name", and carry a remark in brackets.
    """
    return _said(_REMARK.sub(" ", header), _BY_HEADER)


def capacity_of(word: str) -> Capacity | None:
    """The capacity in one of four languages, inclusive or not; None for another word."""
    return _said(word, _BY_CAPACITY) or _said(_FROM_OUTSIDE.sub(" ", word), _BY_CAPACITY)


def language_of(word: str) -> str | None:
    """The code of the language; None for another word."""
    regional = _REGIONAL.fullmatch(word.strip())
    return _said(regional[1] if regional else _REMARK.sub(" ", word), _BY_LANGUAGE)


def _said(text: str, known: Mapping[str, T]) -> T | None:
    whole = known.get(_key(text))
    if whole is not None:
        return whole
    meant = {known.get(_key(part)) for part in _BETWEEN.split(text.casefold()) if _key(part)}
    return meant.pop() if len(meant) == 1 else None


def _key(text: str) -> str:
    """What spellings of a word have in common; Schüler, Schueler and SCHÜLER are one."""
    letters = "".join(filter(str.isalnum, plain_letters(text)))
    return letters.replace("ae", "a").replace("oe", "o").replace("ue", "u")


def _by_word(words: Mapping[T, str]) -> Mapping[str, T]:
    found = {_key(word): meant for meant, said in words.items() for word in said.split()}
    return MappingProxyType(found)


_BY_HEADER = _by_word(_HEADERS)
_BY_CAPACITY = _by_word(_CAPACITIES)
_BY_LANGUAGE = _by_word(_LANGUAGES)
