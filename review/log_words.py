"""What the log says was done, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clearance.language import Language


def action_word(action: str, words: Language) -> str:
    """An action of the log for a person; one that has no words keeps its name."""
    _ = words.gettext
    told: Mapping[str, str] = {
        "registry.created": _("Registry made"),
        "registry.backed_up": _("Backup made"),
        "registry.restored": _("Backup restored"),
        "registry.swept": _("What was due was deleted"),
        "person.added": _("Person added"),
        "person.changed": _("Person changed"),
        "person.erased": _("Person erased"),
        "person.exported": _("Person’s data given out"),
        "person.exempted": _("Exemption granted"),
        "person.held": _("Person put on hold"),
        "people.alike": _("People marked as looking alike"),
        "people.merged": _("Two people put together"),
        "hold.lifted": _("Hold lifted"),
        "exemption.ended": _("Exemption ended"),
        "consent.recorded": _("Consent recorded"),
        "consent.refused": _("Refusal recorded"),
        "consent.withdrawn": _("Consent withdrawn"),
        "refusal.taken_back": _("Refusal taken back"),
        "draft.kept": _("Form read"),
        "draft.confirmed": _("Form confirmed"),
        "draft.dropped": _("Form dropped"),
        "forms.printed": _("Forms printed"),
        "portrait.added": _("Portrait added"),
        "templates.stored": _("Templates made"),
        "biometrics.deleted": _("Portraits and templates deleted"),
        "photo.checked": _("Picture checked"),
        "face.identified": _("Face named by a person"),
        "dossier.sealed": _("Dossier sealed"),
        "draft.read": _("Form looked at"),
        "evidence.read": _("Scan looked at"),
        "identification.taken_back": _("Name of a face taken back"),
        "not_a_face.said": _("Marked as no face"),
        "not_a_face.taken_back": _("Counts as a face again"),
        "settings.changed": _("Settings changed"),
        "account.added": _("Account made"),
        "account.changed": _("Account changed"),
        "account.locked": _("Too many wrong passwords"),
        "token.added": _("Token made"),
        "token.dropped": _("Token dropped"),
    }
    return told.get(action, action)
