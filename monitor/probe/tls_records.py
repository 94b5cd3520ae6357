"""Where TLS records begin in a stream, to know when the first byte of one arrived."""

_HEADER_BYTES = 5


class Records:
    """Follows record borders (RFC 8446, 5.1) without decrypting anything.

    A record can only be read when all of it is there: at 128 kbit/s one of 16 kB takes
    a second. Without this, that second would count as waiting for the server.
    """

    def __init__(self) -> None:
        self.began_s = 0.0
        """Arrival of the first byte of the oldest record in the newest bytes [s]."""
        self._header = bytearray()
        self._rest_bytes = 0
        self._open_since_s: float | None = None

    def follow(self, data: memoryview, arrived_s: float) -> None:
        """Take note of newly arrived bytes."""
        since_s = self._open_since_s
        self.began_s = arrived_s if since_s is None else since_s
        while data:
            if self._open_since_s is None:
                self._open_since_s = arrived_s
            data = self._in_body(data) if self._rest_bytes else self._in_header(data)

    def _in_header(self, data: memoryview) -> memoryview:
        n_missing = _HEADER_BYTES - len(self._header)
        self._header += data[:n_missing]
        if len(self._header) == _HEADER_BYTES:
            self._rest_bytes = int.from_bytes(self._header[3:5], "big")
            self._header.clear()
            self._close_if_whole()
        return data[n_missing:]

    def _in_body(self, data: memoryview) -> memoryview:
        n_taken = min(len(data), self._rest_bytes)
        self._rest_bytes -= n_taken
        self._close_if_whole()
        return data[n_taken:]

    def _close_if_whole(self) -> None:
        if not self._rest_bytes:
            self._open_since_s = None
