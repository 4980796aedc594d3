"""Services that already run somewhere: nothing is started or stopped, but they have to answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.cancellation import RunIsOver
from harness.errors import ServiceDidNotStart
from harness.ports import Endpoint, Instance
from harness.runtime.readiness import NotReady, http_probe, tcp_probe, wait_until_ready
from harness.services.system import ReadyKind

if TYPE_CHECKING:
    from harness.cancellation import CancelToken
    from harness.services.system import Service


def attach(service: Service, slot: str, ending: CancelToken) -> Instance:
    """The running service at the URL that the manifest gives, once it answers. Raises ServiceDidNotStart."""
    name = service.endpoints[0][0] if service.endpoints else "http"
    asks_path = service.ready.kind is ReadyKind.HTTP
    probe = http_probe(service.url, service.ready.target, service.trust) if asks_path else tcp_probe(service.url)
    try:
        wait_until_ready(lambda: ending.unless_over(probe), lambda: ending.why, service.ready.within, ending.pause)
    except RunIsOver as error:
        raise ServiceDidNotStart(service.name, str(error)) from error
    except NotReady as error:
        raise ServiceDidNotStart(service.name, f"{error} (it is attached by its url; start it first)") from error
    return Instance(
        name=service.name,
        version=service.version,
        slot=slot,
        endpoints=(Endpoint(name=name, url=service.url, inside=service.url),),
    )


def answers(instance: Instance) -> bool:
    """Whether an attached service still accepts connections."""
    return not tcp_probe(instance.url)()
