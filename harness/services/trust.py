"""Which certificate of a service that speaks HTTPS is believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What a service's certificate must be signed by; nothing said means what this machine trusts."""

    ca: str = ""  # a file with certificates, absolute
    verify: bool = True  # False takes any

    def context(self, host: str) -> ssl.SSLContext:
        """How a connection to that host is made."""
        import ssl  # here: every command reads a manifest, and few make a connection

        context = ssl.create_default_context(cafile=self.ca or None)
        if not self.verify or (self.ca and host in _LOOPBACK):
            context.check_hostname = False  # what runs here is named by its port, whatever its certificate says
        if not self.verify:
            context.verify_mode = ssl.CERT_NONE
        return context

    def told(self, host: str) -> bool | str:
        """The same for a client that knows a file of certificates or no verification, and no more."""
        if not self.verify or (self.ca and host in _LOOPBACK):
            return False  # on this machine its readiness was asked by the whole rule
        return self.ca or True

    def curl(self, host: str) -> tuple[str, ...]:
        """What curl is told of it."""
        told = self.told(host)
        return ("--cacert", told) if isinstance(told, str) else () if told else ("--insecure",)


def certificate_refusal(error: OSError) -> str:
    """Why a certificate was refused, and what to write; "" for any other trouble."""
    import ssl

    if not isinstance(error, ssl.SSLCertVerificationError):
        return ""
    return (
        f"its certificate is not trusted ({error.verify_message}); "
        "name what signed it with 'ca', or take any with 'tls-verify = false'"
    )
