"""What people at the desk may do, as the house rule divides it.

Any member of the staff may ask for a publication; only the communication service and HR publish.
Whoever settled the doubts of a picture does not approve it.
"""

from __future__ import annotations

import enum


class Role(enum.StrEnum):
    """One part in the way to a publication; an account may have several."""

    REQUESTER = "requester"
    """Any staff: asks for a publication and sees what became of it."""
    EDITOR = "editor"
    """The communication service: looks, recognises, hides."""
    APPROVER = "approver"
    """Communication or HR: says yes to a channel and a day, never to their own work."""
    PUBLISHER = "publisher"
    """Communication or HR: publishes, and takes down."""
    CONSENT_DESK = "consent_desk"
    """Takes in signed forms, refusals and withdrawals."""
    PRIVACY_OFFICER = "privacy_officer"
    """Exemptions, holds, erasure, access requests."""
    AUDITOR = "auditor"
    """Reads what was done; changes nothing."""
    ADMINISTRATOR = "administrator"
    """Accounts and settings; sees no picture by that alone."""


EVERYBODY = frozenset(Role)
