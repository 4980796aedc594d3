"""A question to the matrix, as clients write it, and everything that is wrong with one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.broker.http.problems import Invalid
from harness.ledger.matrix.question import LATEST_BY, LIMIT, Question, VersionSelector

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def parse_question(parameters: Mapping[str, Any]) -> Question:
    """The question of a query string. Raises Invalid with a list of texts."""
    errors: list[str] = []
    selectors = _selectors(parameters.get("q", []), errors)
    ignored = _parse_ignored(parameters.get("ignore", []), errors)
    limit = _limit(parameters.get("limit"), errors)
    latest_by = _word(parameters.get("latestby"))
    if latest_by and latest_by not in LATEST_BY:
        errors.append(f"latestby must be one of {', '.join(LATEST_BY)}.")
    question = Question(
        selectors=selectors,
        ignored=ignored,
        latest_by=latest_by,
        latest=_word(parameters.get("latest")) == "true",
        tag=_word(parameters.get("tag")),
        environment=_word(parameters.get("environment")),
        main_branch=_word(parameters.get("mainBranch")) == "true",
        success=_words(parameters.get("success", [])),
        limit=limit,
    )
    errors += _contradictions(question)
    if errors:
        raise Invalid(errors)
    return question


def _selectors(given: Any, errors: list[str]) -> list[VersionSelector]:
    if not isinstance(given, list):
        raise Invalid(["q must be an array of selectors: q[][pacticipant]=NAME&q[][version]=VERSION"])
    if not given:
        errors.append("Please provide 1 or more version selectors.")
    found = []
    for each in given:
        if not isinstance(each, dict) or not _word(each.get("pacticipant")):
            errors.append("Please specify the pacticipant name")
            continue
        asked = _parse_selector(each)
        errors += _selector_problems(asked)
        found.append(asked)
    return found


def _selector_problems(asked: VersionSelector) -> Iterator[str]:
    if asked.version and asked.latest:
        yield f"A version number and latest flag cannot both be specified for {asked.pacticipant}"


def _parse_selector(each: Mapping[str, Any]) -> VersionSelector:
    return VersionSelector(
        pacticipant=_word(each.get("pacticipant")),
        version=_word(each.get("version")),
        latest=_word(each.get("latest")) in ("true", "l"),
        tag=_word(each.get("tag")),
        branch=_word(each.get("branch")),
        main_branch=_word(each.get("mainBranch")) == "true",
        environment=_word(each.get("environment")),
    )


def _parse_ignored(given: Any, errors: list[str]) -> list[VersionSelector]:
    found = []
    for each in given if isinstance(given, list) else [given]:
        if isinstance(each, str) and each:
            found.append(VersionSelector(pacticipant=each))
        elif isinstance(each, dict) and _word(each.get("pacticipant")):
            found.append(VersionSelector(pacticipant=each["pacticipant"], version=_word(each.get("version"))))
        else:
            errors.append("Please specify the pacticipant name to ignore")
    return found


def _limit(given: Any, errors: list[str]) -> int:
    text = _word(given)
    if not text:
        return LIMIT
    if text.isascii() and text.isdecimal() and int(text[:12]) > 0:
        return int(text[:12])
    errors.append("The limit must be 1 or greater.")
    return LIMIT


def _contradictions(question: Question) -> Iterator[str]:
    if question.latest and question.environment:
        yield "Cannot specify both latest=true and an environment."
    if sum(map(bool, (question.tag, question.environment, question.main_branch))) > 1:
        yield "Cannot specify more than one of tag, environment and mainBranch."


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _words(value: Any) -> tuple[str, ...]:
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else (_word(value),)
