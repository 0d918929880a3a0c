"""The steps from an empty file to today's schema: numbered, append-only.

A step that was released is never edited. Each step sets `user_version` to its
own number inside its transaction, so that opening an up-to-date registry costs
one pragma; `consent.store.SCHEMA` is the number of the last step.
"""

from __future__ import annotations

from sqlite_utils import Database, Migrations

MIGRATIONS = Migrations("consent")


@MIGRATIONS()
def m001_people_consents_biometrics_audit(db: Database) -> None:
    """People and their keys, signed forms, portraits, templates and the log."""
    db.executescript(
        """
        CREATE TABLE institution_key (
            only INTEGER PRIMARY KEY CHECK (only = 1),
            key_id TEXT NOT NULL,
            check_value BLOB NOT NULL
        ) STRICT;

        CREATE TABLE person (
            id TEXT PRIMARY KEY,
            name BLOB NOT NULL,
            name_tag BLOB NOT NULL,
            added_on TEXT NOT NULL CHECK (added_on IS date(added_on))
        ) STRICT;
        CREATE INDEX person_by_name ON person (name_tag);

        -- Apart from the person, so that destroying the key is deleting a row.
        CREATE TABLE person_key (
            person TEXT PRIMARY KEY REFERENCES person (id),
            wrapped BLOB NOT NULL
        ) STRICT;

        CREATE TABLE consent (
            serial TEXT PRIMARY KEY,
            person TEXT NOT NULL REFERENCES person (id),
            signed TEXT NOT NULL CHECK (signed IS date(signed)),
            valid_from TEXT NOT NULL CHECK (valid_from IS date(valid_from)),
            valid_until TEXT NOT NULL CHECK (valid_until IS date(valid_until)),
            biometric INTEGER NOT NULL CHECK (biometric IN (0, 1)),
            evidence_sha256 TEXT NOT NULL,
            evidence_suffix TEXT NOT NULL,
            evidence_size INTEGER NOT NULL CHECK (evidence_size > 0),
            evidence_file TEXT NOT NULL UNIQUE,
            recorded_on TEXT NOT NULL CHECK (recorded_on IS date(recorded_on)),
            CHECK (valid_from <= valid_until AND signed <= valid_until)
        ) STRICT;
        CREATE INDEX consent_by_person ON consent (person);

        CREATE TABLE consent_channel (
            consent TEXT NOT NULL REFERENCES consent (serial),
            channel TEXT NOT NULL,
            PRIMARY KEY (consent, channel)
        ) STRICT, WITHOUT ROWID;

        -- No channel means the whole consent.
        CREATE TABLE withdrawal (
            id INTEGER PRIMARY KEY,
            consent TEXT NOT NULL REFERENCES consent (serial),
            effective TEXT NOT NULL CHECK (effective IS date(effective)),
            channel TEXT
        ) STRICT;
        CREATE INDEX withdrawal_by_consent ON withdrawal (consent);

        CREATE TABLE portrait (
            id TEXT PRIMARY KEY,
            person TEXT NOT NULL REFERENCES person (id),
            file TEXT NOT NULL UNIQUE,
            suffix TEXT NOT NULL,
            added_on TEXT NOT NULL CHECK (added_on IS date(added_on))
        ) STRICT;
        CREATE INDEX portrait_by_person ON portrait (person);

        CREATE TABLE template (
            portrait TEXT NOT NULL REFERENCES portrait (id),
            recogniser TEXT NOT NULL,
            person TEXT NOT NULL REFERENCES person (id),
            data BLOB NOT NULL,
            PRIMARY KEY (portrait, recogniser)
        ) STRICT;
        CREATE INDEX template_by_person ON template (person);

        CREATE TABLE audit (
            number INTEGER PRIMARY KEY,
            at TEXT NOT NULL,
            action TEXT NOT NULL,
            subject TEXT,
            details TEXT NOT NULL,
            previous TEXT NOT NULL,
            hash TEXT NOT NULL
        ) STRICT;
        CREATE TABLE audit_head (
            only INTEGER PRIMARY KEY CHECK (only = 1),
            number INTEGER NOT NULL,
            hash TEXT NOT NULL,
            seal BLOB NOT NULL
        ) STRICT;
        CREATE TRIGGER audit_is_never_edited BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
        CREATE TRIGGER audit_is_never_shortened BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

        PRAGMA user_version = 1;
        """
    )


@MIGRATIONS()
def m002_lookalikes(db: Database) -> None:
    """Pairs of people a machine cannot tell apart."""
    db.executescript(
        """
        CREATE TABLE lookalike (
            one TEXT NOT NULL REFERENCES person (id),
            other TEXT NOT NULL REFERENCES person (id),
            PRIMARY KEY (one, other),
            CHECK (one < other)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX lookalike_by_other ON lookalike (other);

        PRAGMA user_version = 2;
        """
    )


@MIGRATIONS()
def m003_days_of_birth(db: Database) -> None:
    """When people were born, encrypted like their names; nobody knows it of those on file."""
    db.executescript(
        """
        ALTER TABLE person ADD COLUMN born BLOB;

        PRAGMA user_version = 3;
        """
    )


@MIGRATIONS()
def m004_not_a_face(db: Database) -> None:
    """What people said of regions of pictures, and what they took back."""
    db.executescript(
        """
        -- Who said it, and why, is encrypted under the institution's key.
        CREATE TABLE not_a_face (
            id TEXT PRIMARY KEY,
            picture TEXT NOT NULL CHECK (length(picture) = 64),
            box TEXT NOT NULL,
            said_on TEXT NOT NULL CHECK (said_on IS date(said_on)),
            words BLOB NOT NULL
        ) STRICT;
        CREATE INDEX not_a_face_by_picture ON not_a_face (picture);

        -- What was taken back stays on file: somebody may have relied on it.
        CREATE TABLE not_a_face_undone (
            word TEXT PRIMARY KEY REFERENCES not_a_face (id),
            undone_on TEXT NOT NULL CHECK (undone_on IS date(undone_on)),
            words BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;

        PRAGMA user_version = 4;
        """
    )


@MIGRATIONS()
def m005_dossiers(db: Database) -> None:
    """One sealed dossier per person instead of readable forms and withdrawals.

    What was readable needs a key to be moved: `consent.legacy` does that when the
    registry is opened, for everybody in `unsealed`.
    """
    db.executescript(
        """
        ALTER TABLE person ADD COLUMN details BLOB;
        ALTER TABLE person ADD COLUMN seal BLOB;

        CREATE TABLE dossier_entry (
            id INTEGER PRIMARY KEY,
            person TEXT NOT NULL REFERENCES person (id),
            number INTEGER NOT NULL CHECK (number > 0),
            kind TEXT NOT NULL,
            body BLOB NOT NULL,
            UNIQUE (person, number)
        ) STRICT;

        -- What forms are found by. `last_day` also counts that a minor comes of age.
        CREATE TABLE form (
            serial TEXT PRIMARY KEY,
            person TEXT NOT NULL REFERENCES person (id),
            last_day TEXT NOT NULL CHECK (last_day IS date(last_day)),
            scan TEXT NOT NULL UNIQUE
        ) STRICT;
        CREATE INDEX form_by_person ON form (person);
        CREATE INDEX form_by_last_day ON form (last_day);

        -- The last day on which a consent lets it be kept; none while it waits for one.
        ALTER TABLE portrait ADD COLUMN keep_until TEXT;
        CREATE INDEX portrait_by_end ON portrait (keep_until) WHERE keep_until IS NOT NULL;
        CREATE INDEX portrait_waiting ON portrait (added_on) WHERE keep_until IS NULL;

        CREATE INDEX audit_by_subject ON audit (subject);

        -- Whom people recognised in pictures; all but the ids is under the person's key.
        CREATE TABLE identification (
            id TEXT PRIMARY KEY,
            picture TEXT NOT NULL CHECK (length(picture) = 64),
            person TEXT NOT NULL REFERENCES person (id),
            said_on TEXT NOT NULL CHECK (said_on IS date(said_on)),
            words BLOB NOT NULL
        ) STRICT;
        CREATE INDEX identification_by_picture ON identification (picture);
        CREATE INDEX identification_by_person ON identification (person);

        CREATE TABLE unsealed (person TEXT PRIMARY KEY REFERENCES person (id)) STRICT;
        INSERT INTO unsealed SELECT id FROM person;

        PRAGMA user_version = 5;
        """
    )


@MIGRATIONS()
def m006_publications(db: Database) -> None:
    """What was published where, and whom it shows."""
    db.executescript(
        """
        CREATE TABLE publication (
            id TEXT PRIMARY KEY,
            seal BLOB NOT NULL,
            -- Only a hint that somebody's consent changed since it was looked at.
            stirred INTEGER NOT NULL DEFAULT 0 CHECK (stirred IN (0, 1))
        ) STRICT;
        CREATE INDEX publication_stirred ON publication (stirred) WHERE stirred = 1;

        -- Encrypted under the institution's key; whom it is about is in `publication_person`.
        CREATE TABLE publication_event (
            id INTEGER PRIMARY KEY,
            publication TEXT NOT NULL REFERENCES publication (id),
            number INTEGER NOT NULL CHECK (number > 0),
            body BLOB NOT NULL,
            UNIQUE (publication, number)
        ) STRICT;
        CREATE TRIGGER publication_event_is_never_edited BEFORE UPDATE ON publication_event
        BEGIN SELECT RAISE(ABORT, 'what happened to a publication is append-only'); END;
        CREATE TRIGGER publication_event_is_never_removed BEFORE DELETE ON publication_event
        BEGIN SELECT RAISE(ABORT, 'what happened to a publication is append-only'); END;

        -- Under the person's key: erasing the person leaves a publication of nobody known.
        CREATE TABLE publication_person (
            id TEXT PRIMARY KEY,
            publication TEXT NOT NULL REFERENCES publication (id),
            person TEXT NOT NULL REFERENCES person (id),
            body BLOB NOT NULL
        ) STRICT;
        CREATE INDEX publication_person_by_publication ON publication_person (publication);
        CREATE INDEX publication_person_by_person ON publication_person (person);

        PRAGMA user_version = 6;
        """
    )
