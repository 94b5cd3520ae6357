"""The digests that a user added: files beside the database, read by their owner alone.

Each holds the digest as it was signed and the name that the user gave its home. They
are checked again whenever they are read.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

from monitor import private
from monitor.circle.agreement import CircleHome
from monitor.circle.digest_chain import contradiction, is_older
from monitor.circle.home_digest import (
    MAX_BYTES,
    HomeDigest,
    checked,
    document_bytes,
    parsed,
)
from monitor.errors import InputError, MonitorError
from monitor.fleet.signing import is_signed
from monitor.store.spool_file import spool_path
from monitor.text import printable
from monitor.untyped import Json

MAX_NAME: Final = 40
_ENDING: Final = ".json"


class ForgedError(MonitorError):
    """A digest that is not its key's, or contradicts what was added before."""


@dataclass(frozen=True, slots=True)
class SentDigest:
    """A digest as somebody sent it; its signature is its key's."""

    where: str
    """Names the file in messages."""
    document: dict[str, Any]
    digest: HomeDigest


@dataclass(frozen=True, slots=True)
class NamedDigest:
    """A digest with the name that the user gave its home."""

    name: str
    sent: SentDigest


def circle_folder(database_url: str) -> Path:
    """Where added digests lie: beside the database's file, or here."""
    return spool_path(database_url).with_suffix(".circle")


def read_sent(path: Path) -> SentDigest:
    """A digest of a file.

    Raises
    ------
    InputError : the file cannot be read, or holds no digest.
    ForgedError : the signature is not that of its key.
    """
    where = printable(str(path))
    document, digest = parsed(_body(path, where, MAX_BYTES), where)
    _check_signature(where, document, digest)
    return SentDigest(where, document, digest)


def _body(path: Path, where: str, most_bytes: int) -> bytes:
    """At most one byte more than allowed, of a plain file: others may never end."""
    try:
        if not path.is_file():
            raise InputError(f"{where}: found no file")
        with path.open("rb") as file:
            return file.read(most_bytes + 1)
    except OSError as error:
        raise InputError(f"{where}: cannot be read: {error.strerror}") from None


def _check_signature(where: str, document: Json, digest: HomeDigest) -> None:
    if not is_signed(document, digest.key):
        raise ForgedError(
            f"{where}: the signature is not that of its key: it was changed on its way,"
            " or forged; nothing is added"
        )


@dataclass(frozen=True, slots=True)
class CircleFiles:
    """The added digests of one database."""

    folder: Path

    def digests(self) -> list[NamedDigest]:
        """All of them, by name and in the order of their chains.

        Raises
        ------
        InputError, ForgedError : a file was damaged or changed since.
        """
        named = map(_read, self.paths())
        return sorted(named, key=_order)

    def paths(self) -> list[Path]:
        """Their files."""
        return sorted(self.folder.glob(f"*{_ENDING}"))

    def homes(self) -> list[CircleHome]:
        """The homes that were added, by name."""
        return [
            CircleHome(name, tuple(named.sent.digest for named in digests))
            for name, digests in groupby(self.digests(), attrgetter("name"))
        ]

    def add(
        self, new: Sequence[NamedDigest], *, now_utc: datetime
    ) -> list[NamedDigest]:
        """Add digests, all or none; those that were not there yet.

        Raises
        ------
        InputError : a name is that of another key already, or no name.
        ForgedError : digests of one key contradict each other.
        """
        before = self.digests()
        _check_names([*before, *new])
        _check_chains(
            [*before, *new], {named.sent.digest.key for named in new}, now_utc
        )
        there = {named.sent.digest.signature for named in before}
        fresh = {n.sent.digest.signature: n for n in new}
        added = [n for signature, n in fresh.items() if signature not in there]
        _check_order(before, added)
        try:
            private.make_folder(self.folder)
            for named in added:
                self._write(named)
        except OSError as error:
            where = printable(str(self.folder))
            raise InputError(f"{where}: cannot be written: {error.strerror}") from None
        return added

    def wipe(self) -> None:
        """Remove them all, and the folder when nothing else lies in it."""
        for path in self.paths():
            path.unlink(missing_ok=True)
        with suppress(OSError):
            self.folder.rmdir()

    def _write(self, named: NamedDigest) -> None:
        body = document_bytes({"name": named.name, "digest": named.sent.document})
        path = self.folder / f"{sha256(body).hexdigest()[:24]}{_ENDING}"
        part = path.with_suffix(".part")
        part.unlink(missing_ok=True)
        private.write(part, body)
        part.replace(path)


def _read(path: Path) -> NamedDigest:
    """An added digest; a file that was tampered with is told, never passed over."""
    where = printable(str(path))
    try:
        # The name stands beside the digest.
        content = json.loads(_body(path, where, 2 * MAX_BYTES))
    except (ValueError, RecursionError) as error:
        told = printable(str(error)[:200])
        raise InputError(f"{where}: damaged, remove it: {told}") from None
    match content:
        case {"name": str(name), "digest": dict(document)}:
            digest = checked(document, where)
        case _:
            raise InputError(f"{where}: damaged, remove it: no name and digest")
    _check_signature(where, document, digest)
    return NamedDigest(name, SentDigest(where, document, digest))


def _order(named: NamedDigest) -> tuple[str, int, datetime]:
    digest = named.sent.digest
    return named.name, digest.chain.number, digest.made_at_utc


def checked_name(name: str) -> str:
    """A name for a home; raises `InputError`."""
    if not name.strip() or len(name) > MAX_NAME or not name.isprintable():
        raise InputError(
            f"--name: found {printable(name[:MAX_NAME])!r}; allowed: 1 to {MAX_NAME}"
            " printable characters"
        )
    return name.strip()


def _check_names(named: Iterable[NamedDigest]) -> None:
    keys: dict[str, str] = {}
    names: dict[str, str] = {}
    for item in named:
        digest = item.sent.digest
        if keys.setdefault(item.name, digest.key) != digest.key:
            raise InputError(
                f"{item.sent.where}: {item.name!r} is the name of another key: another"
                " home, or somebody who only says so; ask by voice, or give another"
                " --name."
                f" Its key: {digest.spoken_key}"
            )
        if names.setdefault(digest.key, item.name) != item.name:
            raise InputError(
                f"{item.sent.where}: its home was added as {names[digest.key]!r};"
                f" found --name {item.name!r}"
            )


def _check_chains(
    named: Sequence[NamedDigest], keys: Iterable[str], now_utc: datetime
) -> None:
    for key in keys:
        of_key = [item for item in named if item.sent.digest.key == key]
        told = contradiction([n.sent.digest for n in of_key], now_utc=now_utc)
        if told is not None:
            raise ForgedError(f"{of_key[-1].name}: {told}; nothing is added")


def _check_order(before: Sequence[NamedDigest], added: Iterable[NamedDigest]) -> None:
    for named in added:
        key = named.sent.digest.key
        earlier = [n.sent.digest for n in before if n.sent.digest.key == key]
        if is_older(named.sent.digest, earlier):
            raise ForgedError(
                f"{named.sent.where}: is older than what was added of {named.name};"
                " that it was made then cannot be told any more; nothing is added"
            )


def names_by_key(digests: Iterable[NamedDigest]) -> Iterator[tuple[str, str]]:
    """Public key [hex] and the name of its home."""
    for named in digests:
        yield named.sent.digest.key, named.name
