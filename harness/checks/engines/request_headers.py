"""What checks of a provider send with every request."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

from harness.services.system import AuthKind

if TYPE_CHECKING:
    from harness.services.system import Service


def sent_headers(service: Service) -> dict[str, str]:
    """What is sent with every request: the manifest's headers, then its credentials."""
    headers = dict(service.headers)
    auth = service.auth
    if auth is None:
        return headers
    for name in [name for name in headers if name.lower() == auth.header.lower()]:
        del headers[name]
    match auth.kind:
        case AuthKind.BEARER:
            headers[auth.header] = f"Bearer {auth.value}"
        case AuthKind.BASIC:
            headers[auth.header] = f"Basic {b64encode(auth.value.encode()).decode()}"
        case AuthKind.HEADER:
            headers[auth.header] = auth.value
    return headers
