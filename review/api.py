"""What other programs may ask of the desk: each question's parameters and answer, said once.

From here requests are read and the description (OpenAPI 3.1) is made, so that both say the same;
which questions there are, and who may ask them, stands in `review.access` alone.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from typing import Any

from clearance.commandline import version
from clearance.found_again import How
from clearance.publications import State
from consent.records import Material
from review.access import KNOWING, ROUTES, Entry, Route
from review.errors import InputRefusedError
from review.roles import Role

Schema = dict[str, Any]

TEXT: Schema = {"type": "string", "minLength": 1, "maxLength": 200}
DAY: Schema = {"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
LARGEST_EDGE = 100_000
"""As `--max-edge` has it: no picture is larger."""
MOST_DAYS = 36_500
DIGEST: Schema = {"type": "string", "minLength": 64, "maxLength": 64, "pattern": "^[0-9a-f]{64}$"}
"""SHA-256 of a file, in hexadecimal."""
LINE: Schema = {"type": "string", "minLength": 1, "maxLength": 2000}
REMARK: Schema = {"type": "string", "minLength": 0, "maxLength": 2000}
MOST_FILES = 1000
"""Values that a list may have."""


@dataclasses.dataclass(frozen=True, slots=True)
class Parameter:
    """One thing that a question says.

    Attributes:
        name: as it stands in the address or the form.
        about: one sentence.
        schema: what it may be.
        needed: whether it must be there.
        many: whether it may stand several times; in JSON, a list.
    """

    name: str
    about: str
    schema: Schema = dataclasses.field(default_factory=lambda: TEXT)
    needed: bool = False
    many: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Operation:
    """What one route answers.

    Attributes:
        summary: one sentence.
        answer: the schema of what comes with 200; None where it is a file.
        query: what stands in the address after the question mark.
        parts: what the parts of its path are, by name.
        form: what is sent as `multipart/form-data`; beside a file.
        body: what stands in the JSON object that is sent.
        file: the name of the part that is a file; None for none.
        problems: numbers it may answer with, beside those of every route.
    """

    summary: str
    answer: Schema | None
    query: tuple[Parameter, ...] = ()
    parts: Mapping[str, str] = dataclasses.field(default_factory=dict)
    form: tuple[Parameter, ...] = ()
    body: tuple[Parameter, ...] = ()
    file: str | None = None
    problems: tuple[int, ...] = ()


USE = (
    Parameter("channel", "A channel of the institution; without it, every one.", many=True),
    Parameter("purpose", "What it is for; without it, the settings say, or every purpose."),
    Parameter("event", "The occasion; without it, only forms of no particular one count."),
    Parameter("on", "Day of publication; without it, today.", DAY),
    Parameter("until", "Last day of a campaign.", DAY),
)


def _object(needed: Mapping[str, Schema], **more: Any) -> Schema:
    return {"type": "object", "properties": dict(needed), "required": list(needed), **more}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _some(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def _or_null(schema: Schema) -> Schema:
    return {"oneOf": [{"type": "null"}, schema]}


_WORD: Schema = {"type": "string"}
_MAYBE: Schema = {"type": ["string", "null"]}
_YES: Schema = {"type": "boolean"}
_STATE: Schema = {"enum": sorted(State)}

COMPONENTS: Mapping[str, Schema] = {
    "Problem": _object({"problem": _WORD}),
    "Me": _object(
        {
            "name": _WORD,
            "shown": _WORD,
            "roles": _some({"enum": sorted(Role)}),
            "version": _WORD,
        }
    ),
    "Person": _object(
        {"person": _WORD, "name": _WORD, "coded": _YES, "capacity": _WORD, "status": _WORD}
    ),
    "Decision": _object(
        {
            "cleared": _YES,
            "forms": _some(_WORD),
            "exemption": _MAYBE,
            "clauses": _some(_WORD),
            "reasons": _some(_WORD),
            "by_form": {"type": "object", "additionalProperties": _some(_WORD)},
            "valid_until": _MAYBE,
            "cautions": _some(_WORD),
            "named": _YES,
            "editing": _YES,
        }
    ),
    "Consent": _object(
        {
            "consent": _WORD,
            "person": _WORD,
            "name": _WORD,
            "contact": _WORD,
            "signed": DAY,
            "last_day": DAY,
        }
    ),
    "Summary": _object(
        {
            "id": _WORD,
            "title": _WORD,
            "state": _STATE,
            "channels": _some(_WORD),
            "on": DAY,
            "until": _MAYBE,
            "task": _or_null(_ref("Task")),
            "files": _some(_WORD),
            "ends_on": _MAYBE,
        }
    ),
    "Publication": _object(
        {
            "id": _WORD,
            "title": _WORD,
            "state": _STATE,
            "channels": _some(_WORD),
            "on": DAY,
            "until": _MAYBE,
            "purpose": _MAYBE,
            "event": _MAYBE,
            "items": _some(
                _object(
                    {
                        "file": _WORD,
                        "original": DIGEST,
                        "copy": _or_null(DIGEST),
                        "outcome": _WORD,
                        "shown": _some(
                            _object(
                                {"person": _WORD, "serials": _some(_WORD), "until": _MAYBE},
                            )
                        ),
                        "until": _MAYBE,
                    }
                )
            ),
            "approval": _or_null(
                _object(
                    {
                        "by": _WORD,
                        "at": _WORD,
                        "channels": _some(_WORD),
                        "until": DAY,
                        "copies": _some(DIGEST),
                    }
                )
            ),
            "placements": _some(_ref("Placement")),
            "task": _or_null(_ref("Task")),
            "history": _some({"type": "object"}),
        }
    ),
    "Placement": _object(
        {
            "channel": _WORD,
            "where": _WORD,
            "on": DAY,
            "until": DAY,
            "by": _WORD,
            "copies": _some(DIGEST),
        }
    ),
    "Task": _object(
        {
            "opened": DAY,
            "why": _some(_WORD),
            "owner": _WORD,
            "deadline": DAY,
            "done": _MAYBE,
        }
    ),
    "TakeDown": _object(
        {
            "publication": _WORD,
            "title": _WORD,
            "state": _STATE,
            "overdue": _YES,
            "opened": DAY,
            "why": _some(_WORD),
            "owner": _WORD,
            "deadline": DAY,
            "placements": _some(_ref("Placement")),
        }
    ),
    "Found": _object(
        {
            "publication": _ref("Summary"),
            "file": _WORD,
            "how": {"enum": sorted(How)},
            "distance": {"type": "integer", "minimum": 0, "maximum": 64},
        }
    ),
}

_PUBLICATION = {"publication": "A publication's id, such as `pub-7K3M9Q2R`."}

OPERATIONS: Mapping[str, Operation] = {
    "api_described": Operation(
        "This description.", {"type": "object", "required": ["openapi", "paths"]}
    ),
    "api_me": Operation("Whose token that is, and what it may do.", _ref("Me")),
    "api_people": Operation(
        "People whose name or code holds a text, or whose id it is; fifty at most.",
        _object({"people": _some(_ref("Person")), "more": _YES}),
        query=(Parameter("query", "At least two letters.", {**TEXT, "minLength": 2}, needed=True),),
    ),
    "api_decision": Operation(
        "Whether a person may be published, and why or why not: `clearance decide --json`.",
        _object(
            {
                "person": _WORD,
                "on": DAY,
                "purpose": _MAYBE,
                "channels": {"type": "object", "additionalProperties": _ref("Decision")},
            }
        ),
        query=(
            *USE,
            Parameter("material", "What is to be published.", {"enum": sorted(Material)}),
        ),
        parts={"id": "A person's id, as `people` gives it; a name is none."},
    ),
    "api_expiring": Operation(
        "Forms that still say yes and end soon, the soonest first.",
        _object({"days": {"type": "integer"}, "consents": _some(_ref("Consent"))}),
        query=(
            Parameter(
                "days",
                "How soon; without it, 60 days.",
                {"type": "integer", "minimum": 0, "maximum": MOST_DAYS},
            ),
        ),
    ),
    "api_withdraw": Operation(
        "Withdraw a form from today on, whole or for one channel.",
        _object(
            {
                "person": _WORD,
                "channel": _MAYBE,
                "form": _WORD,
                "consents": {"type": "integer", "minimum": 1},
            }
        ),
        parts={"serial": "The serial number on the form."},
        body=(Parameter("channel", "Only this one; without it, the whole form."),),
        problems=(408, 409, 413, 415),
    ),
    "api_clear": Operation(
        "The verdict on one photo or video: `clear --json`; with `copy`, a copy as well, in "
        "which everybody who is not cleared is hidden.",
        {
            "oneOf": [
                _ref("Verdict"),
                _object(
                    {
                        "verdict": _ref("Verdict"),
                        "copy": {
                            "oneOf": [
                                {"type": "null"},
                                _object(
                                    {
                                        "name": _WORD,
                                        "type": _WORD,
                                        "sha256": _WORD,
                                        "base64": _MAYBE,
                                    }
                                ),
                            ]
                        },
                    }
                ),
            ]
        },
        form=(
            *USE,
            Parameter(
                "max_edge",
                "Longer edge of the largest version that will be published, in pixels; 0 for "
                "the file's own size.",
                {"type": "integer", "minimum": 0, "maximum": LARGEST_EDGE},
            ),
            Parameter("copy", "Whether a copy is wanted.", {"enum": ["true", "false"]}),
        ),
        file="file",
        problems=(408, 413, 415, 429),
    ),
    "api_publications": Operation(
        "Publications, oldest first: `clearance publications list --json`.",
        _object({"publications": _some(_ref("Summary"))}),
        query=(
            Parameter("state", "Only those that are so far.", _STATE),
            Parameter(
                "person",
                "Only those that show somebody, by id; for "
                + ", ".join(sorted(KNOWING))
                + " alone.",
            ),
        ),
    ),
    "api_publication": Operation(
        "One publication, and all that happened to it: `clearance publications show --json`.",
        _ref("Publication"),
        parts=_PUBLICATION,
    ),
    "api_published": Operation(
        "Note where the approved copies were put, as it is then.",
        _ref("Publication"),
        parts=_PUBLICATION,
        body=(
            Parameter("channel", "One that was approved.", needed=True),
            Parameter("where", "An address or a print run.", LINE, needed=True),
            Parameter(
                *("copies", "SHA-256 of each file that was put there.", DIGEST),
                needed=True,
                many=True,
            ),
            Parameter("on", "Day of publication; without it, today.", DAY),
            Parameter("note", "A remark.", REMARK),
        ),
        problems=(408, 409, 413, 415),
    ),
    "api_taken_down": Operation(
        "Note that it is gone from everywhere, with a note or the SHA-256 of what proves it.",
        _ref("Publication"),
        parts=_PUBLICATION,
        body=(
            Parameter("note", "An address or a remark that proves it.", REMARK),
            Parameter("proof", "SHA-256 of a screenshot that you keep.", DIGEST),
        ),
        problems=(408, 409, 413, 415),
    ),
    "api_copy": Operation(
        "The bytes of an approved copy, while they may be published.",
        None,
        parts={**_PUBLICATION, "sha256": "One of `copies` of its `approval`."},
        problems=(409,),
    ),
    "api_take_downs": Operation(
        "What must be taken down and from where, overdue first: "
        "`clearance publications tasks --json`.",
        _object({"take_downs": _some(_ref("TakeDown"))}),
    ),
    "api_find": Operation(
        "The publications that a file, or a screenshot of one, may belong to, nearest first.",
        _object({"found": _some(_ref("Found"))}),
        file="file",
        problems=(408, 413, 415, 429),
    ),
}

_FILES: dict[str, Schema] = {kind: {} for kind in ("image/*", "video/*")}
"""What an answer is that is a copy."""
_ALWAYS = {
    400: "What was sent cannot be read.",
    401: "There is no token, or none that counts.",
    403: "The token may not do that.",
    404: "There is nothing of that name.",
    422: "A value is missing, unknown or not possible.",
    503: "The registry cannot be used just now: there is none, or it is busy.",
}
_SOMETIMES = {
    408: "It did not arrive in time.",
    409: "What is on file does not allow that.",
    413: "That is too large.",
    415: "That is of a kind that is not taken.",
    429: "Too many pictures wait already; `Retry-After` says for how many seconds.",
}


# --- reading ----------------------------------------------------------------------------


class Values:
    """What a question said, each value read as its parameter says."""

    def __init__(self, parameters: Sequence[Parameter], given: Iterable[tuple[str, str]]) -> None:
        """Read what was given.

        Args:
            parameters: what may be said.
            given: names and values, as they came.

        Raises:
            InputRefusedError: one is unknown, missing, said twice or not possible. What is
                misspelt must not be taken for what was not said.
        """
        known = {one.name: one for one in parameters}
        self._read: dict[str, list[Any]] = {}
        for name, text in given:
            if name not in known:
                raise InputRefusedError(
                    "{field} is not asked for; there are {known}",
                    field=name[:200],
                    known=", ".join(known) or "–",
                )
            values = self._read.setdefault(name, [])
            values.append(_value(known[name], text))
            if len(values) > 1 and not known[name].many:
                raise InputRefusedError("{field} is said twice", field=name)
        for one in parameters:
            if one.needed and one.name not in self._read:
                raise InputRefusedError("{field} is needed", field=one.name)

    def one(self, name: str) -> Any:
        """The value; None for none."""
        return next(iter(self._read.get(name, ())), None)

    def all(self, name: str) -> tuple[Any, ...]:
        """Every value of one that may stand several times."""
        return tuple(self._read.get(name, ()))


def sent_values(parameters: Sequence[Parameter], body: object) -> Values:
    """What a JSON object said; null is as good as nothing.

    Args:
        parameters: what may be said.
        body: the JSON, as it was read.

    Raises:
        InputRefusedError: it is no object, or as `Values` says.
    """
    known = {one.name: one for one in parameters}
    if not isinstance(body, dict):
        raise InputRefusedError("send a JSON object with {known}", known=", ".join(known))
    given: list[tuple[str, str]] = []
    for spelt, told in body.items():
        # Half a character, which JSON can hold, could not be said in the answer.
        name = spelt.encode("utf-8", "replace").decode()
        many = name in known and known[name].many
        if told is None and name in known:
            continue
        values = told if many and isinstance(told, list) else [told]
        if not all(isinstance(one, str) for one in values):
            raise InputRefusedError("{field} must be a text in quotes", field=name[:200])
        if many and len(values) > MOST_FILES:
            raise InputRefusedError("that is too much at once")
        given += [(name, one) for one in values]
    return Values(parameters, given)


def _value(parameter: Parameter, text: str) -> Any:
    schema = parameter.schema
    wrong = InputRefusedError("{field} cannot be {text!r}", field=parameter.name, text=text[:200])
    if "enum" in schema:
        if text not in schema["enum"]:
            raise wrong
        return text
    if schema["type"] == "integer":
        # Only the digits that everybody reads the same, and few enough to be a number at once.
        if not (text.isascii() and text.isdecimal() and len(text) <= len(str(schema["maximum"]))):
            raise wrong
        if not schema["minimum"] <= int(text) <= schema["maximum"]:
            raise wrong
        return int(text)
    if schema.get("format") == "date":
        try:
            day = dt.date.fromisoformat(text)
        except ValueError:
            raise wrong from None
        if day.isoformat() != text:
            raise wrong
        return day
    text = text.strip()
    fits = schema["minLength"] <= len(text) <= schema["maxLength"] and text.isprintable()
    if not fits or not re.fullmatch(schema.get("pattern", ".*"), text):
        raise wrong
    return text


# --- describing -------------------------------------------------------------------------


def description() -> dict[str, Any]:
    """The OpenAPI document: every route of the table that programs may ask for."""
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        if route.entry is Entry.PROGRAM:
            operation = _operation(route, OPERATIONS[route.name])
            paths.setdefault(route.path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Clearance",
            "version": version(),
            "description": "Ask before a picture of people is published.",
        },
        "paths": paths,
        "components": {
            "schemas": {**COMPONENTS, "Verdict": _verdict_schema()},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _operation(route: Route, told: Operation) -> dict[str, Any]:
    problems = {**_ALWAYS, **{number: _SOMETIMES[number] for number in told.problems}}
    described: dict[str, Any] = {
        "operationId": route.name.removeprefix("api_"),
        "summary": told.summary,
        "x-roles": sorted(route.roles),
        "parameters": [
            *(
                {
                    "name": name,
                    "in": "path",
                    "required": True,
                    "description": about,
                    "schema": TEXT,
                }
                for name, about in told.parts.items()
            ),
            *map(_in_query, told.query),
        ],
        "responses": {
            "200": {
                "description": "The answer.",
                "content": {"application/json": {"schema": told.answer}} if told.answer else _FILES,
            },
            **{
                str(number): {
                    "description": about,
                    "content": {"application/json": {"schema": _ref("Problem")}},
                }
                for number, about in sorted(problems.items())
            },
        },
    }
    if told.file:
        described["requestBody"] = _form(told)
    elif told.body:
        described["requestBody"] = _body(told.body)
    return described


def _body(told: Sequence[Parameter]) -> dict[str, Any]:
    needed = [one.name for one in told if one.needed]
    schema = {
        "type": "object",
        "additionalProperties": False,
        "required": needed,
        "properties": {one.name: {**_listed(one), "description": one.about} for one in told},
    }
    return {"required": bool(needed), "content": {"application/json": {"schema": schema}}}


def _listed(parameter: Parameter) -> Schema:
    if not parameter.many:
        return parameter.schema
    return {**_some(parameter.schema), "minItems": int(parameter.needed), "maxItems": MOST_FILES}


def _in_query(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": "query",
        "required": parameter.needed,
        "description": parameter.about,
        "schema": _some(parameter.schema) if parameter.many else parameter.schema,
    }


def _form(told: Operation) -> dict[str, Any]:
    fields: dict[str, Schema] = {
        one.name: {
            **(_some(one.schema) if one.many else one.schema),
            "description": one.about,
        }
        for one in told.form
    }
    file = {"type": "string", "format": "binary", "description": "One photo or video."}
    schema = {
        "type": "object",
        "additionalProperties": False,
        "required": [told.file],
        "properties": {str(told.file): file, **fields},
    }
    return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}


def _verdict_schema() -> Any:
    told = resources.files("clearance") / "schemas" / "photo.schema.json"
    schema: Schema = json.loads(told.read_text(encoding="utf-8"))
    # What it refers to lies elsewhere once it is a part of another document.
    return _moved(schema)


def _moved(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: one.replace("#/", "#/components/schemas/Verdict/")
            if key == "$ref" and isinstance(one, str)
            else _moved(one)
            for key, one in value.items()
            if key != "$schema"
        }
    return [_moved(one) for one in value] if isinstance(value, list) else value
