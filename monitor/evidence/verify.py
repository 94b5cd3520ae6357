"""Checks a bundle: archive, files, chain, rows, verdicts, and what digests bind of it.

Needs no database. Nothing in the file is believed: it may come from anybody. A file
that is no bundle is an InputError; everything that differs in a bundle is a finding.
"""

import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from monitor.errors import InputError
from monitor.evidence import archive, layout
from monitor.evidence.archive import DamagedError
from monitor.evidence.binding import Digests, check_begin, check_scope, check_withheld
from monitor.evidence.canonical_rows import Row
from monitor.evidence.findings import Finding, Kind, Scope, Verification
from monitor.evidence.links import Link, check_links
from monitor.evidence.recompute import (
    NotComparableError,
    brief,
    differences,
    document_again,
)
from monitor.evidence.redact import Level
from monitor.evidence.rowcheck import RowCheck
from monitor.model import LOCAL_PROBES, SIMULATED
from monitor.untyped import Json, without_doubles

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

__all__ = ["Finding", "Scope", "Verification", "verify_bundle"]

Watched = Callable[[Iterator[bytes], int], Iterator[bytes]]
"""Passes on the lines of rows; their number, as stated, comes second."""

_MAX_LINE_BYTES: Final = 1_000_000
_MAX_DOCUMENT_BYTES: Final = 16_000_000
"""Hundreds of times what verdicts take; in memory objects may be thirty times that."""
_MOST_DIFFERENCES: Final = 100_000
_ARCHIVE: Final = "archive"


def _unwatched(lines: Iterator[bytes], _n: int) -> Iterator[bytes]:
    return lines


def verify_bundle(
    path: Path,
    *,
    digest: str | Sequence[str] | None = None,
    scope: Scope | str = Scope.ALL,
    trusted: "Sequence[Certificate]" = (),
    watched: Watched = _unwatched,
) -> Verification:
    """What differs in a bundle from what was written; nothing, when it is intact.

    Parameters
    ----------
    path : the bundle.
    digest : what came on another way: digests of the bundle or of days of its chain.
    scope : what the digests have to bind; without any it says nothing.
    trusted : root certificates of the authorities that time-stamped.
    watched : may show how far the rows are read.

    Raises
    ------
    InputError : the file cannot be read or is no bundle.
    """
    given = [digest] if isinstance(digest, str) else list(digest or ())
    is_bundle = archive.looks_like_bundle(path)
    result = Verification(path=path, digest=archive.file_digest(path))
    if not archive.seal_matches(path):
        result.add(_ARCHIVE, "the file is not byte for byte the one that was written")
    try:
        with archive.opened(path) as zip_file:
            opened = _Opened(zip_file, result)
            manifest = opened.manifest()
            is_bundle = is_bundle or manifest is not None
            _check(opened, manifest or {}, watched)
            _check_given(opened, given, Scope(scope))
            _check_lodged(opened, trusted)
    except DamagedError as error:
        if not is_bundle:
            raise InputError(f"{path}: no evidence bundle: {error}") from None
        result.add(_ARCHIVE, str(error))
    if not is_bundle:
        raise InputError(f"{path}: no evidence bundle: there is no manifest in it")
    return result


@dataclass(slots=True)
class _Opened:
    """A bundle that is being checked."""

    zip_file: zipfile.ZipFile
    result: Verification
    manifest_digest: str = ""
    links: Sequence[Link] = ()
    whole: Sequence[Link] = ()
    """Links whose rows are here as they tell them."""
    terms: Mapping[str, Json] = field(default_factory=dict)
    """The verdict document."""

    def manifest(self) -> Mapping[str, Json] | None:
        """The manifest, its own check value looked at; None: there is none."""
        body = self.document_bytes(layout.MANIFEST)
        document = None if body is None else _parsed_document(body)
        if body is None or document is None or document.get("format") != layout.FORMAT:
            return None
        if not _has_its_check(document, body):
            what = "was altered: its check value is another one"
            self.result.add(layout.MANIFEST, what)
        self.manifest_digest = sha256(body).hexdigest()
        self.result.level = str(document.get("level"))
        heads = document.get("heads")
        self.result.heads = heads if isinstance(heads, dict) else {}
        return document

    def document_bytes(self, name: str) -> bytes | None:
        """The content of a small member; None when it cannot be had: a finding."""
        body = b""
        try:
            for chunk in archive.content(self.zip_file, name):
                body += chunk
                if len(body) > _MAX_DOCUMENT_BYTES:
                    what = f"is longer than {_MAX_DOCUMENT_BYTES} bytes"
                    self.result.add(name, what)
                    return None
        except DamagedError as error:
            self.result.add(name, str(error))
            return None
        return body

    def lines(self, name: str) -> Iterator[bytes]:
        """The lines of a member; where it cannot be unpacked, a finding.

        Ends where too much differs: some kilobytes unpack to millions of bad lines.
        """
        try:
            for line in archive.lines(self.zip_file, name, _MAX_LINE_BYTES):
                if self.result.n_more > _MOST_DIFFERENCES:
                    return
                yield line
        except DamagedError as error:
            self.result.add(name, str(error))


def _has_its_check(document: Mapping[str, Json], body: bytes) -> bool:
    parts = {name: part for name, part in document.items() if name != layout.CHECK}
    try:
        return layout.manifest(parts) == body
    except (ValueError, RecursionError):
        return False


def _parsed_document(body: bytes) -> dict[str, Json] | None:
    try:
        document = json.loads(body, object_pairs_hook=without_doubles)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _check(opened: _Opened, manifest: Mapping[str, Json], watched: Watched) -> None:
    result, files = opened.result, manifest.get("files")
    if isinstance(files, dict):
        _check_files(opened.zip_file, files, result)
    else:
        result.add(layout.MANIFEST, "is not a manifest any more")
    opened.links = check_links(opened.lines(layout.CHAIN), result)
    result.days = tuple(sorted({link.day for link in opened.links if link.has_rows}))
    opened.terms = _terms(opened, manifest)
    check_withheld(opened.links, opened.terms, result)
    rows = RowCheck(opened.links, result)
    stated = manifest.get("n_rows")
    n_rows = stated if isinstance(stated, int) else 0
    _check_verdicts(opened, rows.rows(watched(opened.lines(layout.SAMPLES), n_rows)))
    opened.whole = rows.whole
    if manifest:
        _check_statements(manifest, opened.links, result)


def _check_files(
    zip_file: zipfile.ZipFile, files: Mapping[str, Json], result: Verification
) -> None:
    present = set(zip_file.namelist()) - {layout.MANIFEST}
    for name in sorted(present - set(files)):
        result.add(name, "was added: the manifest does not know it")
    for name in sorted({*files, *layout.ALWAYS} - present):
        result.add(name, "is missing")
    for name in sorted(present & set(files)):
        digest = _check_file(zip_file, name, files[name], result)
        named = name.removeprefix(layout.ATTACHED).partition("-")[0]
        if name.startswith(layout.ATTACHED) and digest not in ("", named):
            result.add(name, "is not the file whose SHA-256 its name tells")


def _check_file(
    zip_file: zipfile.ZipFile,
    name: str,
    stated: Json,
    result: Verification,
) -> str:
    """Compare a member with the manifest; its SHA-256, empty where it has none."""
    digest, n_bytes = sha256(), 0
    try:
        for chunk in archive.content(zip_file, name):
            digest.update(chunk)
            n_bytes += len(chunk)
    except DamagedError as error:
        result.add(name, str(error))
        return ""
    if stated != {"sha256": digest.hexdigest(), "bytes": n_bytes}:
        result.add(name, "was altered: its SHA-256 is not that of the manifest")
    return digest.hexdigest()


def _check_statements(
    manifest: Mapping[str, Json], links: Sequence[Link], result: Verification
) -> None:
    """Whether what the manifest says of the rows is so: nobody else says it."""
    level = _level_of_rows(links) or manifest.get("level")
    recomputed = {
        "n_rows": result.n_rows,
        "level": level,
        "verdicts_recomputable": level != Level.PUBLIC,
    }
    for name, value in recomputed.items():
        if manifest.get(name) != value:
            what = f"{brief(manifest.get(name))} stated, {brief(value)} found"
            result.add(layout.MANIFEST, what, field=name)


def _level_of_rows(links: Sequence[Link]) -> str | None:
    """The level by the keys that the days carry; None: there are no rows."""
    levels = {layout.level_of(link.keys) for link in links if link.keys is not None}
    return "/".join(sorted(map(str, levels))) or None


def _terms(opened: _Opened, manifest: Mapping[str, Json]) -> Mapping[str, Json]:
    """The verdict document: what was concluded, of which span, by which method."""
    body = opened.document_bytes(layout.VERDICTS)
    document = None if body is None else _parsed_document(body)
    if body is None or document is None:
        opened.result.add(layout.VERDICTS, "is no JSON document")
        return {}
    for name in ("method_version", "tzdata_version"):
        here, there = document.get(name), manifest.get(name)
        if here != there:
            what = f"{brief(here)} stated, {brief(there)} in the manifest"
            opened.result.add(layout.VERDICTS, what, field=name)
    return document


def _check_verdicts(opened: _Opened, rows: Iterator[Row]) -> None:
    """Check every row and, where they can give them, the verdicts computed anew."""
    result = opened.result
    counted = _counted(rows, result)
    try:
        if _level_of_rows(opened.links) == Level.PUBLIC:
            result.notes.append(layout.NOT_RECOMPUTABLE)
        elif opened.terms:
            _compare_verdicts(opened.terms, counted, result)
    except NotComparableError as error:
        result.notes.append(f"verdicts: {error}")
    for _ in counted:
        pass


def _counted(rows: Iterator[Row], result: Verification) -> Iterator[Row]:
    for row in rows:
        if SIMULATED in (row.get("probe_version"), row.get("vantage")):
            result.n_simulated += 1
        elif row.get("probe") not in LOCAL_PROBES:
            result.n_measured += 1
        yield row


def _compare_verdicts(
    document: Mapping[str, Json], rows: Iterable[Row], result: Verification
) -> None:
    # Another machine may have other rules of time zones; what they were is stated.
    again = {**document_again(document, rows)}
    again["tzdata_version"] = document.get("tzdata_version")
    result.is_recomputed = True
    for where, what in differences(document, again):
        result.add(layout.VERDICTS, what, field=where)
        result.is_recomputed = False


def _check_given(opened: _Opened, given: Sequence[str], scope: Scope) -> None:
    """Whether the digests that came on another way bind what they are asked to."""
    if not given:
        return
    result = opened.result
    digests = Digests(given, carried=_own_digests(opened), links=opened.links)
    digests.tell(opened.whole, result)
    if digests.bind_all or not result.bindings:
        return
    shown = [link for link in opened.links if link.has_rows]
    are_bound = digests.check_rows(shown, result)
    check_begin(opened.links, opened.terms.get("since"), result)
    check_scope(scope, are_bound, _free_members(opened.zip_file), result)


def _own_digests(opened: _Opened) -> list[str]:
    """What names all of it: its file and, as in older programs, its manifest."""
    is_altered = any(f.kind is Kind.ALTERED for f in opened.result.findings)
    manifest = [] if is_altered else [opened.manifest_digest]
    return [str(opened.result.digest), *manifest]


def _free_members(zip_file: zipfile.ZipFile) -> list[str]:
    """Members that no link of the chain vouches for."""
    return [
        name
        for name in sorted(zip_file.namelist())
        if name not in (layout.SAMPLES, layout.CHAIN)
        and not name.startswith(layout.LODGED)
    ]


def _check_lodged(opened: _Opened, trusted: "Sequence[Certificate]") -> None:
    carried = {link.digest for link in opened.links}
    for name in sorted(opened.zip_file.namelist()):
        if not name.startswith(layout.LODGED):
            continue
        digest = name.removeprefix(layout.LODGED).removesuffix(".tsr")
        token = opened.document_bytes(name)
        if digest not in carried:
            opened.result.add(name, "is of no digest of this chain")
        elif token is not None:
            _check_token(name, token, digest, opened.result, trusted)


def _check_token(
    name: str,
    token: bytes,
    digest: str,
    result: Verification,
    trusted: "Sequence[Certificate]",
) -> None:
    from monitor.evidence import timestamp

    try:
        stamp = timestamp.check(token, digest, trusted=trusted)
    except ValueError as error:
        result.add(name, str(error))
        return
    checked = "" if stamp.is_signature_checked else " (signature not checked)"
    result.notes.append(
        f"{digest[:16]}... was time-stamped at {stamp.stamped_at_utc}{checked}"
    )
