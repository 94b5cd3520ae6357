"""Checks a bundle: archive, files, chain, rows, verdicts. Needs no database.

Nothing in the file is believed: it may come from anybody. A file that is no bundle is
an InputError; everything that differs in a bundle is a finding.
"""

import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from monitor.errors import InputError
from monitor.evidence import archive, layout
from monitor.evidence.archive import DamagedError
from monitor.evidence.findings import Finding, Verification
from monitor.evidence.links import Link, RowCheck, check_links
from monitor.evidence.recompute import (
    NotComparableError,
    differences,
    verdicts_again,
)
from monitor.evidence.redact import Level

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

__all__ = ["Finding", "Verification", "verify_bundle"]

_MAX_LINE_BYTES: Final = 1_000_000
_MAX_DOCUMENT_BYTES: Final = 100_000_000
_ARCHIVE: Final = "archive"


def verify_bundle(
    path: Path, *, digest: str | None = None, trusted: "Sequence[Certificate]" = ()
) -> Verification:
    """What differs in a bundle from what was written; nothing, when it is intact.

    Parameters
    ----------
    path : the bundle.
    digest : a digest that came on another way: of the bundle or of a day of its chain.
    trusted : root certificates of the authorities that time-stamped.

    Raises
    ------
    InputError : the file cannot be read or is no bundle.
    """
    is_bundle = archive.looks_like_bundle(path)
    result = Verification(path=path)
    if not archive.seal_matches(path):
        result.add(_ARCHIVE, "the file is not byte for byte the one that was written")
    try:
        with archive.opened(path) as zip_file:
            manifest = _manifest(zip_file, result)
            is_bundle = is_bundle or manifest is not None
            _check(zip_file, manifest, result, digest)
            _check_lodged(zip_file, result, trusted)
    except DamagedError as error:
        if not is_bundle:
            raise InputError(f"{path}: no evidence bundle: {error}") from None
        result.add(_ARCHIVE, str(error))
    if not is_bundle:
        raise InputError(f"{path}: no evidence bundle: there is no manifest in it")
    return result


def _manifest(
    zip_file: zipfile.ZipFile, result: Verification
) -> Mapping[str, Any] | None:
    body = _document_bytes(zip_file, layout.MANIFEST, result)
    document = None if body is None else _parsed_document(body)
    if body is None or document is None or document.get("format") != layout.FORMAT:
        return None
    if not _has_its_check(document, body):
        result.add(layout.MANIFEST, "was altered: its check value is another one")
    result.digest = sha256(body).hexdigest()
    result.level = str(document.get("level"))
    heads = document.get("heads")
    result.heads = heads if isinstance(heads, dict) else {}
    return document


def _has_its_check(document: Mapping[str, Any], body: bytes) -> bool:
    parts = {name: part for name, part in document.items() if name != layout.CHECK}
    try:
        return layout.manifest(parts) == body
    except (ValueError, RecursionError):
        return False


def _document_bytes(
    zip_file: zipfile.ZipFile, name: str, result: Verification
) -> bytes | None:
    body = b""
    try:
        for chunk in archive.content(zip_file, name):
            body += chunk
            if len(body) > _MAX_DOCUMENT_BYTES:
                result.add(name, f"is longer than {_MAX_DOCUMENT_BYTES} bytes")
                return None
    except DamagedError as error:
        result.add(name, str(error))
        return None
    return body


def _parsed_document(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _check(
    zip_file: zipfile.ZipFile,
    manifest: Mapping[str, Any] | None,
    result: Verification,
    digest: str | None,
) -> None:
    files = (manifest or {}).get("files")
    if manifest is None or not isinstance(files, dict):
        result.add(layout.MANIFEST, "is not a manifest any more")
    else:
        _check_files(zip_file, files, result)
    links = _check_chain(zip_file, result, digest)
    if manifest is not None:
        _check_statements(manifest, links, result)
    _check_verdicts(zip_file, manifest or {}, links, result)


def _check_files(
    zip_file: zipfile.ZipFile, files: Mapping[str, Any], result: Verification
) -> None:
    present = set(zip_file.namelist()) - {layout.MANIFEST}
    for name in sorted(present - set(files)):
        result.add(name, "was added: the manifest does not know it")
    for name in sorted({*files, *layout.ALWAYS} - present):
        result.add(name, "is missing")
    for name in sorted(present & set(files)):
        _check_file(zip_file, name, files[name], result)


def _check_file(
    zip_file: zipfile.ZipFile,
    name: str,
    stated: Any,  # noqa: ANN401 - any JSON value
    result: Verification,
) -> None:
    digest, n_bytes = sha256(), 0
    try:
        for chunk in archive.content(zip_file, name):
            digest.update(chunk)
            n_bytes += len(chunk)
    except DamagedError as error:
        result.add(name, str(error))
        return
    if stated != {"sha256": digest.hexdigest(), "bytes": n_bytes}:
        result.add(name, "was altered: its SHA-256 is not that of the manifest")


def _check_statements(
    manifest: Mapping[str, Any], links: Sequence[Link], result: Verification
) -> None:
    """Whether what the manifest says of the rows is so: nobody else says it."""
    level = _level_of_rows(links) or manifest.get("level")
    found = {
        "n_rows": result.n_rows,
        "level": level,
        "verdicts_recomputable": level != Level.PUBLIC,
    }
    for name, value in found.items():
        if manifest.get(name) != value:
            what = f"{_brief(manifest.get(name))} stated, {_brief(value)} found"
            result.add(layout.MANIFEST, what, field=name)


def _brief(value: object) -> str:
    return ascii(value)[:80]


def _level_of_rows(links: Sequence[Link]) -> str | None:
    """The level by the keys that the days carry; None: there are no rows."""
    levels = {layout.level_of(link.keys) for link in links if link.keys is not None}
    return "/".join(sorted(map(str, levels))) or None


def _check_chain(
    zip_file: zipfile.ZipFile, result: Verification, digest: str | None
) -> list[Link]:
    links = check_links(_lines(zip_file, layout.CHAIN, result), result)
    result.days = tuple(sorted({link.day for link in links if link.has_rows}))
    RowCheck(links, result).check(_lines(zip_file, layout.SAMPLES, result))
    known = {link.digest for link in links} | {result.digest}
    if digest is not None and digest.strip().lower() not in known:
        result.add(
            _ARCHIVE, f"the digest {digest.strip()[:80]!r} is none of this bundle"
        )
    return links


def _lines(
    zip_file: zipfile.ZipFile, name: str, result: Verification
) -> Iterator[bytes]:
    try:
        yield from archive.lines(zip_file, name, _MAX_LINE_BYTES)
    except DamagedError as error:
        result.add(name, str(error))


def _check_verdicts(
    zip_file: zipfile.ZipFile,
    manifest: Mapping[str, Any],
    links: Sequence[Link],
    result: Verification,
) -> None:
    body = _document_bytes(zip_file, layout.VERDICTS, result)
    document = None if body is None else _parsed_document(body)
    if document is None:
        result.add(layout.VERDICTS, "is no JSON document")
        return
    for name in ("method_version", "tzdata_version"):
        here, there = document.get(name), manifest.get(name)
        if here != there:
            what = f"{_brief(here)} stated, {_brief(there)} in the manifest"
            result.add(layout.VERDICTS, what, field=name)
    if _level_of_rows(links) == Level.PUBLIC:
        result.notes.append(layout.NOT_RECOMPUTABLE)
        return
    _compare_verdicts(zip_file, document, result)


def _check_lodged(
    zip_file: zipfile.ZipFile, result: Verification, trusted: "Sequence[Certificate]"
) -> None:
    known = {link.digest for link in _silent_links(zip_file, result)}
    for name in sorted(zip_file.namelist()):
        if not name.startswith(layout.LODGED):
            continue
        digest = name.removeprefix(layout.LODGED).removesuffix(".tsr")
        token = _document_bytes(zip_file, name, result)
        if digest not in known:
            result.add(name, "is of no digest of this chain")
        elif token is not None:
            _check_token(name, token, digest, result, trusted)


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


def _silent_links(zip_file: zipfile.ZipFile, result: Verification) -> list[Link]:
    silent = Verification(path=result.path)
    return check_links(_lines(zip_file, layout.CHAIN, silent), silent)


def _compare_verdicts(
    zip_file: zipfile.ZipFile, document: Mapping[str, Any], result: Verification
) -> None:
    silent = Verification(path=result.path)
    # Whether each line has its one spelling, was looked at before.
    found = map(_parsed_document, _lines(zip_file, layout.SAMPLES, silent))
    try:
        again = verdicts_again(document, (row for row in found if row is not None))
    except NotComparableError as error:
        result.notes.append(f"verdicts: {error}")
        return
    for where, what in differences(document.get("verdicts"), again, "verdicts"):
        result.add(layout.VERDICTS, what, field=where)
