"""A store that speaks as much S3 as it takes to list and read, on this computer."""

from __future__ import annotations

import http.server
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from xml.sax.saxutils import escape

BUCKET = "photos"
PAGE = 3
"""Objects of one answer: the next ones must be asked for."""


class _Answers(http.server.BaseHTTPRequestHandler):
    objects: dict[str, bytes]
    asked: list[str]
    refused: frozenset[str] = frozenset()

    def do_GET(self) -> None:
        self._answer()

    do_HEAD = do_GET  # noqa: N815 - so the library calls it

    def log_message(self, *_: Any) -> None:
        pass

    def _answer(self) -> None:
        parts = urllib.parse.urlsplit(self.path)
        bucket, _, key = urllib.parse.unquote(parts.path).lstrip("/").partition("/")
        query = dict(urllib.parse.parse_qsl(parts.query))
        self.asked.append(f"{self.command} {key}")
        if bucket != BUCKET:
            self._send(404, b"<Error><Code>NoSuchBucket</Code></Error>")
        elif key in self.refused:
            self._send(403, b"<Error><Code>AccessDenied</Code></Error>")
        elif not key:
            self._send(200, self._listing(query).encode())
        elif key not in self.objects:
            self._send(404, b"<Error><Code>NoSuchKey</Code></Error>")
        else:
            content = self.objects[key]
            first, _, last = self.headers.get("Range", "bytes=0-").partition("=")[2].partition("-")
            end = min(int(last) + 1, len(content)) if last else len(content)
            part = content[int(first) : end]
            self._send(206 if "Range" in self.headers else 200, part)

    def _send(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Last-Modified", "Sat, 21 Nov 2026 10:00:00 GMT")
        self.send_header("ETag", '"0"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _listing(self, query: dict[str, str]) -> str:
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        entries: dict[str, str] = {}
        for key in sorted(self.objects):
            if not key.startswith(prefix):
                continue
            rest = key.removeprefix(prefix)
            if delimiter and delimiter in rest:
                folder = prefix + rest.partition(delimiter)[0] + delimiter
                entries[folder] = (
                    f"<CommonPrefixes><Prefix>{escape(folder)}</Prefix></CommonPrefixes>"
                )
            else:
                entries[key] = (
                    f"<Contents><Key>{escape(key)}</Key><Size>{len(self.objects[key])}</Size>"
                    '<ETag>"0"</ETag><LastModified>2026-11-21T10:00:00Z</LastModified></Contents>'
                )
        first = int(query.get("continuation-token", "0"))
        most = int(query.get("max-keys", str(PAGE)))
        shown = list(entries.values())[first : first + min(most, PAGE)]
        more = first + len(shown) < len(entries)
        following = f"<NextContinuationToken>{first + len(shown)}</NextContinuationToken>"
        return (
            f"<ListBucketResult><Name>{BUCKET}</Name><KeyCount>{len(shown)}</KeyCount>"
            f"<IsTruncated>{str(more).lower()}</IsTruncated>{following if more else ''}"
            f"{''.join(shown)}</ListBucketResult>"
        )


@contextmanager
def store(objects: dict[str, bytes], *refused: str) -> Iterator[tuple[str, list[str]]]:
    """The address of a store with these objects, and what was asked of it."""
    asked: list[str] = []
    answers = type(
        "Answers",
        (_Answers,),
        {"objects": objects, "asked": asked, "refused": frozenset(refused)},
    )
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), answers) as server:
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", asked
        finally:
            server.shutdown()
            serving.join()
