"""A neutral server as one might keep: any name, parts of files, and a temper.

    python -m benchmarks.neutral_server ADDRESS PORT CERTIFICATE KEY TEMPER

The file TEMPER says what it does just now: `plain`; `unknown`: names other than its own
get 1 Mbit/s; `residue`: for 20 s after such a name everybody does.
"""

import socket
import ssl
import sys
import threading
import time
from pathlib import Path

_SO_MAX_PACING_RATE = 47
_SLOW_BYTES_PER_S = 125_000
_REMEMBERED_S = 20.0
_BLOCK = bytes(1 << 16)


class Server:
    """Answers each connection in a thread."""

    def __init__(self, own_name: str, context: ssl.SSLContext, temper: Path) -> None:
        self._own_name = own_name
        self._context = context
        self._temper = temper
        self._touched_s = -_REMEMBERED_S

    def is_slow(self, name: str) -> bool:
        """Whether an answer to that name is slow now."""
        temper = self._temper.read_text().strip()
        is_foreign = name != self._own_name
        now_s = time.monotonic()
        is_touched = now_s - self._touched_s < _REMEMBERED_S
        if is_foreign:
            self._touched_s = now_s
        if temper == "unknown":
            return is_foreign
        return temper == "residue" and is_touched

    def answer(self, sock: socket.socket) -> None:
        """Answer one request and close."""
        try:
            with self._context.wrap_socket(sock, server_side=True) as secure:
                head = secure.recv(65_536).decode("latin-1")
                name = head.partition("Host: ")[2].split("\r\n")[0].split(":")[0]
                if self.is_slow(name):
                    pace = _SLOW_BYTES_PER_S.to_bytes(8, sys.byteorder)
                    secure.setsockopt(socket.SOL_SOCKET, _SO_MAX_PACING_RATE, pace)
                n_bytes = 1 + int(head.partition("bytes=0-")[2].split("\r\n")[0] or 0)
                secure.sendall(
                    b"HTTP/1.1 206 Partial Content\r\nContent-Length: %d\r\n"
                    b"Content-Range: bytes 0-%d/1000000\r\nConnection: close\r\n\r\n"
                    % (n_bytes, n_bytes - 1)
                )
                while n_bytes > 0:
                    n_bytes -= secure.send(_BLOCK[: min(n_bytes, len(_BLOCK))])
        except (OSError, ValueError):
            return  # the client went away, as it may


def main() -> None:
    address, port, certificate, key, temper = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = Server(Path(certificate).stem, context, Path(temper))
    with socket.create_server((address, int(port)), backlog=64) as listener:
        while True:
            sock, _ = listener.accept()
            threading.Thread(target=server.answer, args=(sock,), daemon=True).start()


main()
