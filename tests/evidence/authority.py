"""A real time-stamp authority on loopback: openssl's `ts` behind HTTP."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

_CONFIG = """
[req]
distinguished_name = dn
prompt = no
[dn]
CN = Test
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
[tsa]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[ts]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
certs = {folder}/root.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
ess_cert_id_alg = sha256
"""


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def make_authority(folder: Path) -> None:
    """Keys and certificates of a root and a time-stamp authority."""
    config = folder / "ts.cnf"
    config.write_text(_CONFIG.format(folder=folder))
    (folder / "serial").write_text("01\n")
    new = ("req", "-new", "-newkey", "rsa:2048", "-nodes", "-config", config)
    _openssl(
        *new,
        "-x509",
        "-days",
        "30",
        "-subj",
        "/CN=Test Root",
        "-extensions",
        "root",
        "-keyout",
        folder / "root.key",
        "-out",
        folder / "root.pem",
    )
    _openssl(
        *new,
        "-subj",
        "/CN=Test TSA",
        "-keyout",
        folder / "tsa.key",
        "-out",
        folder / "tsa.csr",
    )
    _openssl(
        "x509",
        "-req",
        "-in",
        folder / "tsa.csr",
        "-CA",
        folder / "root.pem",
        "-CAkey",
        folder / "root.key",
        "-CAcreateserial",
        "-days",
        "30",
        "-extfile",
        config,
        "-extensions",
        "tsa",
        "-out",
        folder / "tsa.pem",
    )


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The authority's URL while it serves."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            (folder / "query").write_bytes(self.rfile.read(length))
            _openssl(
                "ts",
                "-reply",
                "-queryfile",
                folder / "query",
                "-config",
                folder / "ts.cnf",
                "-section",
                "ts",
                "-out",
                folder / "reply",
            )
            body = (folder / "reply").read_bytes()
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/tsa"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
