"""A mail server that keeps what it is given (RFC 5321, without TLS or login)."""

import asyncio
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class Mailbox:
    """A handler for `tests.servers.tcp.serve`, and the messages that came."""

    received: list[EmailMessage] = field(default_factory=list)
    refuses: bool = False

    async def __call__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(b"220 mail.test\r\n")
        while line := await reader.readline():
            word = line[:4].upper().strip()
            if word == b"DATA" and not self.refuses:
                writer.write(b"354 go on\r\n")
                body = await reader.readuntil(b"\r\n.\r\n")
                self._keep(body[:-5].replace(b"\r\n..", b"\r\n."))
            refused = self.refuses and word in (b"MAIL", b"DATA")
            writer.write(b"554 no\r\n" if refused else b"250 mail.test\r\n")
            await writer.drain()
            if word == b"QUIT":
                break
        writer.close()

    def _keep(self, body: bytes) -> None:
        message = message_from_bytes(body, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.received.append(message)
