"""A TLS server that sends each body at a steady rate, paced by the kernel.

`python -m benchmarks.paced_server CERTIFICATE.pem [KEY [ADDRESS]]` prints its port.
`GET /RATE/BYTES`:
so many bytes at RATE bit/s on the wire (0: as fast as it can), by SO_MAX_PACING_RATE.
"""

import socket
import ssl
import sys
import threading

_SO_MAX_PACING_RATE = 47
_BLOCK = bytes(1 << 18)


def main() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate, *more = sys.argv[1:]
    context.load_cert_chain(certificate, *more[:1])
    address = more[1] if len(more) > 1 else "127.0.0.1"
    with socket.create_server((address, 0), backlog=64) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            sock, _ = listener.accept()
            threading.Thread(target=serve, args=(sock, context), daemon=True).start()


def serve(sock: socket.socket, context: ssl.SSLContext) -> None:
    """Answer one request and close."""
    try:
        with context.wrap_socket(sock, server_side=True) as secure:
            path = secure.recv(65_536).split(b" ")[1]
            rate_bps, n_bytes = (int(word) for word in path.split(b"/")[1:3])
            if rate_bps:
                pace = (rate_bps // 8).to_bytes(8, sys.byteorder)
                secure.setsockopt(socket.SOL_SOCKET, _SO_MAX_PACING_RATE, pace)
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {n_bytes}\r\n"
            secure.sendall(head.encode() + b"Connection: close\r\n\r\n")
            send(secure, n_bytes)
    except OSError:
        return  # the client went away, as it may


def send(secure: ssl.SSLSocket, n_bytes: int) -> None:
    """So many bytes."""
    while n_bytes > 0:
        n_bytes -= secure.send(_BLOCK[: min(n_bytes, len(_BLOCK))])


main()
