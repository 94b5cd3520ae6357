"""The page's own files, read once: nothing outside the package can be asked for."""

import gzip
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent / "static"
_TYPES: Final = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticFile:
    """One file as it is sent; kept packed only, as nearly everybody asks for it."""

    content_type: str
    gzipped: bytes
    etag: str

    @property
    def body(self) -> bytes:
        """For the few who take no gzip."""
        return gzip.decompress(self.gzipped)


class Files:
    """Files of the folder `static` by their path in it."""

    def __init__(self, folder: Path = _FOLDER) -> None:
        self._by_name = {
            path.relative_to(folder).as_posix(): _read(path)
            for path in sorted(folder.rglob("*"))
            if path.suffix in _TYPES
        }

    def get(self, name: str) -> StaticFile | None:
        """The file of that exact name."""
        return self._by_name.get(name)

    def names(self) -> list[str]:
        """Every name that can be asked for."""
        return list(self._by_name)


def _read(path: Path) -> StaticFile:
    body = path.read_bytes()
    return StaticFile(
        content_type=_TYPES[path.suffix],
        gzipped=gzip.compress(body, 6, mtime=0),
        etag=sha256(body).hexdigest()[:32],
    )
