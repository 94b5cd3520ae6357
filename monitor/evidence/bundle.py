"""Writes a bundle: report, raw rows, chain, verdicts and configuration in one zip file.

The same input gives the same bytes. Rows are streamed, a day at a time. The file
appears under its name only when it is complete.
"""

import hmac
import secrets
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

import monitor
from monitor import private
from monitor.errors import InputError
from monitor.evidence import archive, layout
from monitor.evidence.canonical_rows import Row
from monitor.evidence.chain import (
    GENESIS,
    Day,
    continued,
    day_digest,
    day_keys,
    days_of,
)
from monitor.evidence.findings import told_days
from monitor.evidence.redact import Hosts, Level, config_for, renamed
from monitor.model import DayDigest, Sample
from monitor.untyped import Json

_NO_SECRET: Final = bytes(32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What a database keeps for its chains."""

    secret: bytes | None = None
    """Makes the keys of the days; None: the bundle has chains of its own."""
    links: Sequence[DayDigest] = ()
    """The links that were stored when the days were closed, in their order."""
    lodged: Mapping[str, bytes] = field(default_factory=dict)
    """Digest -> time-stamp reply that was obtained for it."""
    just_closed: Collection[DayDigest] = ()
    """Links that were computed from the same rows a moment ago: not once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleInfo:
    """A finished bundle."""

    path: Path
    level: Level
    n_rows: int
    heads: Mapping[str, str]
    """Vantage (at the public level its pseudonym) -> the last day's digest."""
    digest: str
    """SHA-256 of the file: names this bundle; `monitor verify --digest`."""
    left_out: tuple[str, ...]
    """Report files that tell more than the level allows."""


def write_bundle(  # noqa: PLR0913 - the parts of a bundle
    path: Path,
    *,
    report_files: Mapping[str, Path | bytes],
    samples: Iterable[Sample | Row],
    config_document: Mapping[str, Json],
    verdict_document: Mapping[str, Json],
    level: Level | str = Level.PRIVATE,
    ledger: Ledger | None = None,
    report_level: Level | str = Level.TRUSTED,
    beside: Mapping[str, bytes] | None = None,
) -> BundleInfo:
    """Write a bundle, and its digest beside it; what it holds.

    Parameters
    ----------
    path : the zip file to write.
    report_files : name -> content, or the file that has it.
    samples : whole UTC days, ordered by time; samples or `rows.stored_rows`.
    config_document : the configuration in force; secrets are masked here.
    verdict_document : the document of contracts 5, computed from these samples.
    level : for whom the bundle is.
    ledger : the database's chains; None: the bundle has chains of its own.
    report_level : for whom the report was made; by default it names the place and exact
        times, but no server's address. One that tells more than `level` allows is left
        out.
    beside : member -> content of what the bundle tells of itself and of files of others
        (`layout.ABOUT`, `layout.ATTACHED`), made for `level`.

    Raises
    ------
    InputError : samples out of order, or other than when their day was closed; the
        file cannot be written.
    """
    level, report_level = Level(level), Level(report_level)
    is_told = _WIDTH[report_level] >= _WIDTH[level]
    ledger = ledger or Ledger()
    secret = ledger.secret or _own_secret(level)
    names = names_at(level, secret, verdict_document)
    bundle = _Bundle(level, secret, names, Hosts(_host_key(secret)))
    bundle.just_closed = {(k.vantage, k.day): k for k in ledger.just_closed}
    bundle.closed = {(k.vantage, k.day): k for k in ledger.links}
    documents = {
        layout.CONFIG: layout.document(config_for(level, config_document)),
        layout.VERDICTS: layout.document(bundle.named(verdict_document)),
        **_files(layout.REPORT, report_files if is_told else {}),
        **_files("", beside or {}),
    }
    partial = path.with_name(path.name + ".part")
    try:
        partial.unlink(missing_ok=True)
        private.new_file(partial)
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as zip_file:
            bundle.write(zip_file, documents, samples, ledger)
            left_out = () if is_told else tuple(sorted(report_files))
            bundle.write_manifest(zip_file, verdict_document, left_out)
        archive.seal(partial)
        digest = archive.file_digest(partial)
        archive.put(partial, path, digest)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from None
    finally:
        with suppress(OSError):
            partial.unlink()
    return BundleInfo(
        path=path,
        level=level,
        n_rows=bundle.n_rows,
        heads=bundle.heads,
        digest=digest,
        left_out=left_out,
    )


def names_at(
    level: Level | str, secret: bytes, verdict_document: Mapping[str, Json]
) -> Callable[[str], str]:
    """How a bundle of these verdicts names a vantage: a pseudonym, when it is public.

    Parameters
    ----------
    secret : of the ledger.
    """
    if Level(level) is not Level.PUBLIC:
        return str
    report = sha256(layout.document(verdict_document)).digest()
    return lambda vantage: layout.pseudonym(secret, vantage, report)


_WIDTH: Final = {Level.PRIVATE: 0, Level.TRUSTED: 1, Level.PUBLIC: 2}


def _own_secret(level: Level) -> bytes:
    # A private bundle carries its keys: nothing is hidden by them, and a fixed secret
    # makes the same content give the same file.
    return _NO_SECRET if level is Level.PRIVATE else secrets.token_bytes(32)


def _host_key(secret: bytes) -> bytes:
    return hmac.digest(secret, b"monitor hosts 1", "sha256")


def _files(folder: str, files: Mapping[str, Path | bytes]) -> dict[str, bytes]:
    return {
        folder + name: body if isinstance(body, bytes) else body.read_bytes()
        for name, body in sorted(files.items())
    }


@dataclass(slots=True)
class _Bundle:
    """The state of one bundle while it is written."""

    level: Level
    secret: bytes
    names: Callable[[str], str]
    hosts: Hosts
    n_rows: int = 0
    heads: dict[str, str] = field(default_factory=dict)
    shown: set[str] = field(default_factory=set)
    """Digests of the links that the bundle shows."""
    files: dict[str, dict[str, Json]] = field(default_factory=dict)
    days: dict[tuple[str, str], tuple[DayDigest, dict[str, Json]]] = field(
        default_factory=dict
    )
    just_closed: Mapping[tuple[str, str], DayDigest] = field(default_factory=dict)
    closed: Mapping[tuple[str, str], DayDigest] = field(default_factory=dict)
    """The newest stored link of each day."""

    def name(self, vantage: str) -> str:
        """The vantage's name at this level."""
        return self.names(vantage)

    def named(self, document: Json) -> Json:
        """The document with its vantages named as at this level."""
        return renamed(document, self.name)

    def write(
        self,
        zip_file: zipfile.ZipFile,
        documents: Mapping[str, bytes],
        samples: Iterable[Sample | Row],
        ledger: Ledger,
    ) -> None:
        """Write every member but the manifest."""
        readme = layout.README.format(
            level=self.level.value, version=monitor.__version__
        ).encode()
        self._add(zip_file, archive.MARK, [readme])
        for name, body in documents.items():
            self._add(zip_file, name, [body])
        self._add(zip_file, layout.SAMPLES, self._rows(samples))
        self._add(zip_file, layout.CHAIN, [layout.joined(self._chain(ledger.links))])
        for digest, token in sorted(ledger.lodged.items()):
            if digest not in self.shown:
                continue
            self._add(zip_file, f"{layout.LODGED}{digest}.tsr", [token])

    def _add(
        self, zip_file: zipfile.ZipFile, name: str, chunks: Iterable[bytes]
    ) -> None:
        digest, n_bytes = sha256(), 0
        with archive.member(zip_file, name) as file:
            for chunk in chunks:
                file.write(chunk)
                digest.update(chunk)
                n_bytes += len(chunk)
        self.files[name] = {"sha256": digest.hexdigest(), "bytes": n_bytes}

    def _rows(self, samples: Iterable[Sample | Row]) -> Iterator[bytes]:
        for day in map(self._as_closed, days_of(samples)):
            keys = day_keys(self.secret, day.vantage, day.day)
            name = self.name(day.vantage)
            view = layout.View(self.level, keys, name, self.hosts)
            lines, columns = layout.lines_of(day, view)
            shown = layout.shown_keys(self.level, keys)
            link = self.just_closed.get((day.vantage, day.day))
            if link is None or not _is_told(link, day):
                link = day_digest(day, keys, GENESIS)
            told = {"keys": shown, "columns": columns}
            self.days[day.vantage, day.day] = (link, told)
            self.n_rows += len(lines)
            yield layout.joined(lines)

    def _as_closed(self, day: Day) -> Day:
        """The day in the row format of its link, when the link tells all its rows."""
        link = self.closed.get((day.vantage, day.day))
        is_whole = link is not None and link.n_rows >= len(day.rows)
        return day.under(link.row_format) if link is not None and is_whole else day

    def _chain(self, stored: Sequence[DayDigest]) -> Iterator[bytes]:
        vantages = {link.vantage for link, _ in self.days.values()}
        for vantage in sorted(vantages):
            of_vantage = [link for link in stored if link.vantage == vantage]
            self._check_whole(vantage, of_vantage)
            links = self._links(vantage, of_vantage)
            newest = {link.day: link for link in links}
            for link in (
                links if self.level is not Level.PUBLIC else self._covered(links)
            ):
                is_newest = newest[link.day] is link
                day = self.days.get((vantage, link.day)) if is_newest else None
                rows = None if day is None else day[1]
                self.shown.add(link.digest)
                yield layout.chain_line(link, self.name(vantage), rows)
            self.heads[self.name(vantage)] = links[-1].digest

    def _links(self, vantage: str, stored: list[DayDigest]) -> list[DayDigest]:
        links = list(stored)
        closed = {link.day: link for link in stored}
        for (owner, day), (rows, _) in self.days.items():
            if owner != vantage:
                continue
            if day in closed and rows.n_rows <= closed[day].n_rows:
                _check_closed(closed[day], rows)
                continue
            # Not closed yet, or rows came since: the link is of this bundle only.
            previous = links[-1].digest if links else GENESIS
            links.append(continued(rows, previous))
        return links

    def _check_whole(self, vantage: str, stored: Sequence[DayDigest]) -> None:
        """Refuse to withhold days: `monitor verify` would, too."""
        shown = {day for owner, day in self.days if owner == vantage}
        span = (min(shown), max(shown))
        gone = {link.day for link in stored if span[0] <= link.day <= span[1]} - shown
        if gone:
            raise InputError(
                f"samples of {vantage}: found none of {told_days(gone)}, though digests"
                " were stored when these days were closed; see `monitor verify"
                " --stored` for what was changed"
            )

    def _covered(self, links: list[DayDigest]) -> list[DayDigest]:
        # The days before tell a reader of two public bundles more than they need to;
        # the last of them shows that no day is withheld.
        days = {day for _, day in self.days}
        first = next(n for n, link in enumerate(links) if link.day in days)
        return links[max(first - 1, 0) :]

    def write_manifest(
        self,
        zip_file: zipfile.ZipFile,
        verdict_document: Mapping[str, Json],
        left_out: tuple[str, ...],
    ) -> None:
        """Write the last member."""
        is_public = self.level is Level.PUBLIC
        document = {
            "format": layout.FORMAT,
            "format_version": layout.FORMAT_VERSION,
            "level": self.level.value,
            "software_version": monitor.__version__,
            "method_version": verdict_document.get("method_version"),
            "tzdata_version": verdict_document.get("tzdata_version"),
            "n_rows": self.n_rows,
            "heads": self.heads,
            "verdicts_recomputable": not is_public,
            "verdicts_note": layout.NOT_RECOMPUTABLE if is_public else None,
            "left_out": list(left_out),
            "files": self.files,
        }
        with archive.member(zip_file, layout.MANIFEST) as file:
            file.write(layout.manifest(document))


def _is_told(link: DayDigest, day: Day) -> bool:
    return (link.n_rows, link.row_format) == (len(day.rows), day.row_format)


def _check_closed(closed: DayDigest, written: DayDigest) -> None:
    if (closed.root, closed.n_rows) != (written.root, written.n_rows):
        raise InputError(
            f"samples of {written.vantage}, {written.day}: {written.n_rows} rows, not"
            f" the {closed.n_rows} rows of the digest stored when the day was closed;"
            " give whole UTC days, or see `monitor verify --stored` for what was"
            " changed"
        )
