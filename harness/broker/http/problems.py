"""Every way in which the API refuses, and the words for it in the two forms that clients ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.broker.http.answers import JSON, PROBLEM, Response

Errors = Mapping[str, Sequence[str]]


class Refusal(Exception):
    """What ends a request; nothing of it is kept."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status

    def answer(self) -> Response:
        """As most clients read it."""
        return Response(status=self.status)

    def problem(self, base: str) -> Response:
        """As clients that list `application/problem+json` read it."""
        del base
        return self.answer()


class NotFound(Refusal):
    """There is no such thing here."""

    def __init__(self, why: str) -> None:
        super().__init__(404)
        self.why = why

    def answer(self) -> Response:
        """One sentence."""
        return Response(status=404, body={"error": self.why})

    def problem(self, base: str) -> Response:
        """RFC 9457."""
        return _problem(404, "Not found", f"{base}/problem/not-found", self.why)


class NotHere(NotFound):
    """Nothing is at this path; of most resources the original says no more when one is missing."""

    def __init__(self) -> None:
        super().__init__("The requested document was not found on this server.")

    def answer(self) -> Response:
        """As plain JSON, whatever was asked for."""
        return Response(status=404, body={"error": self.why}, media=JSON)


class Absent(str):
    """What is said of a field that is not there: a machine reads another kind of problem of it."""

    __slots__ = ()


ABSENT = Absent("is missing")


class Invalid(Refusal):
    """What was sent cannot be meant: the texts by field, or a plain list of them."""

    def __init__(self, errors: Errors | Sequence[str], *, status: int = 400) -> None:
        super().__init__(status)
        self.errors = errors

    def answer(self) -> Response:
        """The texts by field."""
        errors = self.errors
        body = {k: list(v) for k, v in errors.items()} if isinstance(errors, Mapping) else list(errors)
        return Response(status=self.status, body={"errors": body})

    def problem(self, base: str) -> Response:
        """Each text with a pointer to its field."""
        body = {
            "title": "Validation errors",
            "type": f"{base}/problems/validation-error",
            "status": self.status,
            "instance": "/",
            "errors": list(self._each(base)),
        }
        return Response(status=self.status, body=body, media=PROBLEM)

    def _each(self, base: str) -> Any:
        if not isinstance(self.errors, Mapping):
            yield from (_detail(base, each, None) for each in self.errors)
            return
        for field, texts in self.errors.items():
            yield from (_detail(base, each, "/" + field.replace(".", "/")) for each in texts)


def _detail(base: str, text: str, pointer: str | None) -> dict[str, str]:
    kind = "missing-body-property" if isinstance(text, Absent) else "invalid-body-property-value"
    found = {"type": f"{base}/problems/{kind}", "title": "Invalid body parameter", "detail": text}
    return found if pointer is None else {**found, "pointer": pointer}


class UnreadableBody(Refusal):
    """The body is not JSON, or not a JSON object."""

    def __init__(self, why: str) -> None:
        super().__init__(400)
        self.why = why

    def answer(self) -> Response:
        """One sentence."""
        return Response(status=400, body={"error": self.why})

    def problem(self, base: str) -> Response:
        """RFC 9457."""
        return _problem(400, "Bad request", f"{base}/problems/invalid-body", self.why)


class Refused(Refusal):
    """Any other refusal, with one sentence: 401, 403, 409, 413, 422, 429."""

    def __init__(self, status: int, why: str, **headers: str) -> None:
        super().__init__(status)
        self.why = why
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def answer(self) -> Response:
        """One sentence."""
        return Response(status=self.status, body={"error": self.why}, headers=self.headers)

    def problem(self, base: str) -> Response:
        """RFC 9457."""
        found = _problem(self.status, _TITLES.get(self.status, "Refused"), f"{base}/problems/refused", self.why)
        return Response(status=found.status, body=found.body, media=found.media, headers=self.headers)


_TITLES = {401: "Unauthorized", 403: "Forbidden", 409: "Conflict", 413: "Too large", 429: "Too many requests"}


class ShapedRefusal(Refusal):
    """A refusal whose body has a shape of its own."""

    def __init__(self, answer: Response) -> None:
        super().__init__(answer.status)
        self.said = answer

    def answer(self) -> Response:
        """As it was given."""
        return self.said

    def problem(self, base: str) -> Response:
        """As it was given: clients know the shape."""
        del base
        return self.said


class LateRefusal(Refusal):
    """A refusal whose words take long to find: they are looked for when nothing is held open any more."""

    def __init__(self, status: int, said: Callable[[], Response]) -> None:
        super().__init__(status)
        self.said = said

    def answer(self) -> Response:
        """As it is found."""
        return self.said()


def failure(reference: str) -> Response:
    """What is told of a mistake of our own: where to find it in the log, and nothing else."""
    told = f"An error has occurred. The details have been logged with the reference {reference}"
    return Response(status=500, body={"error": {"message": told, "reference": reference}})


def failure_problem(reference: str) -> Response:
    """The same for clients that list `application/problem+json`."""
    told = f"An error has occurred. The details have been logged with the reference {reference}"
    return _problem(500, "Server error", "/problems/server-error", told)


def _problem(status: int, title: str, kind: str, detail: str) -> Response:
    body = {"title": title, "type": kind, "detail": detail, "status": status}
    return Response(status=status, body=body, media=PROBLEM)
