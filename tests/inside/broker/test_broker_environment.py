"""Settings of a served broker, from environment variables."""

from __future__ import annotations

import pytest

from harness.broker.access.roles import Role
from harness.broker.environment import read_environment
from harness.broker.settings import BrokerSettings
from harness.errors import UsageError


def test_nothing_said_is_the_default() -> None:
    assert read_environment({"PATH": "/bin", "PACT_BROKER_BASE_URL": ""}).settings == BrokerSettings()


def test_the_original_s_variables_mean_the_same() -> None:
    found = read_environment(
        {
            "PACT_BROKER_BASE_URLS": "https://a.org/ http://b",
            "PACT_BROKER_WEBHOOK_RETRY_SCHEDULE": "1 2",
            "PACT_BROKER_WEBHOOK_HTTP_METHOD_WHITELIST": "post GET",
            "PACT_BROKER_ALLOW_DANGEROUS_CONTRACT_MODIFICATION": "true",
            "PACT_BROKER_AUTO_DETECT_MAIN_BRANCH": "false",
            "PACT_BROKER_BASIC_AUTH_USERNAME": "u",
            "PACT_BROKER_BASIC_AUTH_PASSWORD": "p",
            "PACT_BROKER_PUBLIC_HEARTBEAT": "true",
            "PACT_BROKER_LOG_LEVEL": "DEBUG",
            "PACT_BROKER_SEED_EXAMPLE_DATA": "false",
        }
    )
    assert found.settings.base_urls == ("https://a.org", "http://b")
    assert found.settings.webhook_retry_schedule == (1.0, 2.0)
    assert found.settings.webhook_methods == ("POST", "GET")
    assert found.settings.allow_dangerous_modification
    assert found.settings.main_candidates == ()
    assert [(u.name, u.role) for u in found.rules.users] == [("u", Role.ADMIN)]
    assert found.rules.public_heartbeat


def test_everything_that_cannot_be_read_is_told_at_once_and_no_password_with_it() -> None:
    with pytest.raises(UsageError) as caught:
        read_environment(
            {
                "PACT_BROKER_BASE_URL": "broker.org",
                "PACT_BROKER_ALLOW_PUBLIC_READ": "maybe",
                "PACT_BROKER_ALLOW_PUBLIC_REED": "true",
                "PACT_BROKER_BASIC_AUTH_PASSWORD": "s3cret",
                "PACT_BROKER_WEBHOOK_RETRY_SCHEDULE": "1 soon",
            }
        )
    told = str(caught.value)
    assert len(caught.value.problems) == 5
    assert "did you mean 'ALLOW_PUBLIC_READ'?" in told
    assert "PACT_BROKER_BASIC_AUTH_USERNAME is not set" in told
    assert "s3cret" not in told
