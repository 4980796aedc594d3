"""Settings from environment variables; those that the original has mean the same here (BROKER-API 15)."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from harness.broker.access.guard import AccessRules, User
from harness.broker.access.roles import Role
from harness.broker.settings import BrokerSettings
from harness.errors import Problem, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PREFIX = "PACT_BROKER_"
_ELSEWHERE = {"DATABASE_URL", "HOST", "PORT", "TOKEN", "USERNAME", "PASSWORD", "CUSTOM_HEADERS", "LOG_LEVEL"}
_WITHOUT_EFFECT = {  # the original's, which mean nothing here; a file of settings may be used as it is
    "ADAPTER",
    "DATABASE_ADAPTER",
    "DATABASE_HOST",
    "DATABASE_NAME",
    "DATABASE_USERNAME",
    "DATABASE_PASSWORD",
    "DATABASE_PORT",
    "DATABASE_CLEAN_ENABLED",
    "DATABASE_CLEAN_CRON_SCHEDULE",
    "DATABASE_CLEAN_KEEP_VERSION_SELECTORS",
    "DATABASE_CLEAN_DELETION_LIMIT",
    "DATABASE_CLEAN_OVERWRITTEN_DATA_MAX_AGE",
    "DATABASE_CLEAN_DRY_RUN",
    "DATABASE_CONNECT_MAX_RETRIES",
    "DATABASE_MAX_CONNECTIONS",
    "DATABASE_POOL_TIMEOUT",
    "DATABASE_SSLMODE",
    "AUTO_MIGRATE_DB",
    "SQL_LOG_LEVEL",
    "SQL_LOG_WARN_DURATION",
    "SQL_ENABLE_CALLER_LOGGING",
    "LOG_FORMAT",
    "LOG_STREAM",
    "LOG_DIR",
    "HIDE_PACTFLOW_MESSAGES",
    "DISABLE_SSL_VERIFICATION",
    "PUMA_PERSISTENT_TIMEOUT",
    "PORT",
    "BIND",
    "SEED_EXAMPLE_DATA",
    "FEATURES",
    "SHIELDS_IO_BASE_URL",
    "BADGE_PROVIDER_MODE",
    "NETWORK_DIAGRAM_MAX_PACTICIPANTS",
    "ORDER_VERSIONS_BY_DATE",
    "USE_CASE_SENSITIVE_RESOURCE_NAMES",
    "BASE_EQUALITY_ONLY_ON_CONTENT_THAT_AFFECTS_VERIFICATION_RESULTS",
    "PACT_CONTENT_DIFF_TIMEOUT",
    "USE_HAL_BROWSER",
    "USE_RACK_PROTECTION",
    "USE_VARY_HEADER",
    "ENABLE_DIAGNOSTIC_ENDPOINTS",
    "USER_AGENT",
    "DYNAMIC_WIP_WINDOW",
    "WARNING_ERROR_CLASS_NAMES",
    "MAX_PACT_SIZE",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """Everything that the environment says of a served broker."""

    settings: BrokerSettings
    rules: AccessRules


def read_environment(environ: Mapping[str, str]) -> Configured:
    """What the environment says. Raises UsageError with every variable that cannot be read."""
    found: dict[str, Any] = {}
    problems = []
    for name, text in environ.items():
        key = name.removeprefix(_PREFIX)
        if not name.startswith(_PREFIX) or key in _ELSEWHERE or key in _WITHOUT_EFFECT or text == "":
            continue
        reading = READ.get(key)
        if reading is None:
            problems.append(Problem(f"no setting {name}", where=name, hint=did_you_mean(key, READ)))
            continue
        field, read, form = reading
        try:
            found[field] = read(text.strip())
        except ValueError:
            shown = "…" if "PASSWORD" in key else text
            problems.append(Problem(f"{name} is '{shown}'", where=name, hint=f"write {form}"))
    users, more = _users(environ)
    problems += more
    if problems:
        raise UsageError(*problems)
    return Configured(settings=_with(BrokerSettings(), found), rules=_with(AccessRules(users=users), found))


def _with(value: Any, found: Mapping[str, Any]) -> Any:
    known = {field.name for field in fields(value)}
    return replace(value, **{name: each for name, each in found.items() if name in known})


def _users(environ: Mapping[str, str]) -> tuple[tuple[User, ...], list[Problem]]:
    users, problems = [], []
    for middle, role in (("", Role.ADMIN), ("READ_ONLY_", Role.READ)):
        name = f"{_PREFIX}BASIC_AUTH_{middle}USERNAME"
        secret = f"{_PREFIX}BASIC_AUTH_{middle}PASSWORD"
        user, password = environ.get(name, ""), environ.get(secret, "")
        if bool(user) != bool(password):
            missing = secret if user else name
            problems.append(
                Problem(f"{missing} is not set", where=missing, hint=f"{name} and {secret} go together")
            )
        elif user:
            users.append(User(name=user, password=password, role=role))
    return tuple(users), problems


def _truth(text: str) -> bool:
    words = {
        "true": True,
        "1": True,
        "yes": True,
        "on": True,
        "false": False,
        "0": False,
        "no": False,
        "off": False,
    }
    try:
        return words[text.lower()]
    except KeyError as error:
        raise ValueError(text) from error


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in text.replace(",", " ").split() if word)


def _upper(text: str) -> tuple[str, ...]:
    return tuple(word.upper() for word in _words(text))


def _urls(text: str) -> tuple[str, ...]:
    urls = _words(text)
    if not urls or not all(url.startswith(("http://", "https://")) for url in urls):
        raise ValueError(text)
    return tuple(url.rstrip("/") for url in urls)


def _seconds(text: str) -> tuple[float, ...]:
    return tuple(_positive(word) for word in _words(text))


def _codes(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in _words(text))


def _positive(text: str) -> float:
    number = float(text)
    if not 0 <= number < 1e9:
        raise ValueError(text)
    return number


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _skip(text: str) -> None:
    del text


_YES_NO = "true or false"
_LIST = "words with blanks between them"
READ: dict[str, tuple[str, Callable[[str], Any], str]] = {  # variable: field, reader, form
    "BASE_URL": ("base_urls", _urls, "https://broker.example.org"),
    "BASE_URLS": ("base_urls", _urls, "https://broker.example.org http://broker.internal"),
    "CHECK_FOR_POTENTIAL_DUPLICATE_PACTICIPANT_NAMES": ("check_duplicate_names", _truth, _YES_NO),
    "ALLOW_DANGEROUS_CONTRACT_MODIFICATION": ("allow_dangerous_modification", _truth, _YES_NO),
    "USE_FIRST_TAG_AS_BRANCH": ("use_first_tag_as_branch", _truth, _YES_NO),
    "AUTO_DETECT_MAIN_BRANCH": ("detect_main_branch", _truth, _YES_NO),
    "MAIN_BRANCH_CANDIDATES": ("main_branch_candidates", _words, _LIST),
    "CREATE_DEPLOYED_VERSIONS_FOR_TAGS": ("deployments_for_tags", _truth, _YES_NO),
    "WEBHOOK_SCHEME_WHITELIST": ("webhook_schemes", _words, _LIST),
    "WEBHOOK_HTTP_METHOD_WHITELIST": ("webhook_methods", _upper, _LIST),
    "WEBHOOK_HOST_WHITELIST": ("webhook_hosts", _words, _LIST),
    "WEBHOOK_RETRY_SCHEDULE": ("webhook_retry_schedule", _seconds, "seconds: 10 60 120"),
    "WEBHOOK_HTTP_CODE_SUCCESS": ("webhook_success_codes", _codes, "codes: 200 201 202"),
    "WEBHOOK_PRIVATE_TARGETS": ("webhook_private_targets", _truth, _YES_NO),
    "VERIFIED_BY_OTHER_BRANCH_LOOKBACK_DAYS": ("verified_by_other_branch_days", _count, "a number of days"),
    "TRUST_CLAIMS": ("trust_claims", _truth, _YES_NO),
    "MAX_BODY_BYTES": ("most_bytes", _count, "a number of bytes"),
    "ALLOW_PUBLIC_READ": ("public_read", _truth, _YES_NO),
    "ENABLE_PUBLIC_BADGE_ACCESS": ("public_badges", _truth, _YES_NO),
    "PUBLIC_HEARTBEAT": ("public_heartbeat", _truth, _YES_NO),
    "REQUESTS_PER_MINUTE": ("requests_per_minute", _positive, "a number; 0 is no limit"),
    "BASIC_AUTH_USERNAME": ("", _skip, ""),
    "BASIC_AUTH_PASSWORD": ("", _skip, ""),
    "BASIC_AUTH_READ_ONLY_USERNAME": ("", _skip, ""),
    "BASIC_AUTH_READ_ONLY_PASSWORD": ("", _skip, ""),
}
