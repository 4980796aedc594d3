"""What verifiers print of the pacts that they are given: why each, and what its result will mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.ledger.selecting.standing import Line

Notice = dict[str, str]
_BEFORE = "before_verification"
_MORE = "Read more at https://docs.pact.io/go/pending"
BETA = (
    "WARNING - this version of the Pact library uses a beta version of the API which will be removed in the"
    " future. Please upgrade your Pact library. See"
    " https://docs.pact.io/pact_broker/advanced_topics/provider_verification_results/#pacts-for-verification"
    " for minimum required versions."
)


def before(text: str) -> Notice:
    """Something to print before a pact is verified."""
    return {"when": _BEFORE, "text": text}


def inclusion_notice(url: str, lines: Sequence[str]) -> Notice:
    """Why a pact is verified."""
    several = len(lines) > 1
    head = (
        f"The pact at {url} is being verified because the pact content belongs to the consumer"
        f" version{'s' if several else ''} matching the following criteri{'a' if several else 'on'}:"
    )
    return before("\n".join([head, *(f"    * {line}" for line in lines)]))


def in_progress(url: str, consumer: str, heads: str, who: str) -> Notice:
    """Why a pact that nobody selected is verified."""
    return before(
        f"The pact at {url} is being verified because it is a 'work in progress' pact (ie. it is the pact for the"
        f" latest version of {consumer} {heads} and it has not yet been successfully verified by {who} when the"
        " pact's application version was explicitly specified in the consumer version selectors). Read more at"
        " https://docs.pact.io/go/wip"
    )


def heads_told(branches: Sequence[str], tags: Sequence[str]) -> str:
    """What a version is the head of."""
    parts = []
    if branches:
        parts.append(f"from branch {_quote_names(branches)}")
    if tags:
        parts.append(f"tagged with {_quote_names(tags)}")
    return " and ".join(parts)


def standing(
    provider: str, lines: Sequence[Line], pending: Sequence[Line] | None, *, wip: bool
) -> Iterator[Notice]:
    """What the result will mean; `pending` are the lines for which it is, None when it is not pending."""
    if pending is None:
        yield before(
            f"This pact has previously been successfully verified by {version_of(provider, lines)}."
            f" If this verification fails, it will fail the build. {_MORE}"
        )
        return
    told = pending or lines
    why = (
        "it was included as a 'work in progress' pact."
        if wip
        else f"a successful verification result for {version_of(provider, told)} has not yet been published."
    )
    yield before(
        f"This pact is in pending state for this version of {provider} because {why} If this verification fails,"
        f" it will not cause the overall build to fail. {_MORE}"
    )
    yield from _after(provider, told)


def _after(provider: str, lines: Sequence[Line]) -> Iterator[Notice]:
    any_of = version_of(provider, lines, any_version=True)
    this = _this(lines)
    still = f"This pact is still in pending state for {any_of} as"
    not_yet = f"{still} a successful verification result{this} has not yet been published"
    texts = {
        "success_true_published_false": (
            f"{still} the successful verification results{this} have not yet been published."
        ),
        "success_false_published_false": not_yet,
        "success_true_published_true": (
            f"This pact is no longer in pending state for {any_of}, as a successful verification result{this} has"
            f" been published. If a verification for a version of {provider}{this} fails in the future, it will"
            f" fail the build. {_MORE}"
        ),
        "success_false_published_true": not_yet,
    }
    for when, text in texts.items():
        yield {"when": f"after_verification:{when}", "text": text}


def version_of(provider: str, lines: Sequence[Line], *, any_version: bool = False) -> str:
    """`a version of P from branch 'b'`; the provider alone when there is neither branch nor tag."""
    if not lines:
        return provider
    start = f"{'any' if any_version else 'a'} version of {provider}"
    names = _quote_names([line.name for line in lines])
    return f"{start} from branch {names}" if lines[0].kind == "branch" else f"{start} with tag {names}"


def _this(lines: Sequence[Line]) -> str:
    if not lines or lines[0].kind == "branch":
        return ""
    return " with this tag" if len(lines) == 1 else " with these tags"


def _quote_names(names: Sequence[str]) -> str:
    told = [f"'{name}'" for name in names]
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"
