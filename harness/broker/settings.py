"""How a broker behaves; where the original has a name for a setting, the environment variable is the same."""

from __future__ import annotations

from dataclasses import dataclass

from harness.ledger.db.branches import MAIN_CANDIDATES

VERSION = "2.120.0"  # the Pact Broker whose API this is: what clients compare features with


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerSettings:
    """The settings of a served broker, with the defaults of the original unless a difference says why."""

    base_urls: tuple[str, ...] = ()  # none: what the request says
    check_duplicate_names: bool = True  # refuse a new pacticipant that is spelled almost like a known one
    allow_dangerous_modification: bool = False  # a version's pact may be replaced by other content
    use_first_tag_as_branch: bool = True
    detect_main_branch: bool = True
    main_branch_candidates: tuple[str, ...] = MAIN_CANDIDATES
    deployments_for_tags: bool = True  # a tag named like an environment records a deployment
    webhook_schemes: tuple[str, ...] = ("https",)
    webhook_methods: tuple[str, ...] = ("POST",)
    webhook_hosts: tuple[str, ...] = ()
    webhook_retry_schedule: tuple[float, ...] = (10, 60, 120, 300, 600, 1200)  # seconds
    webhook_success_codes: tuple[int, ...] = (200, 201, 202, 203, 204, 205, 206)
    webhook_delay: float = 0.0  # seconds before the first attempt
    webhook_private_targets: bool = False  # hosts of the whitelist may be private, loopback or link-local
    verified_by_other_branch_days: int = 30
    trust_claims: bool = False  # a provider's word on its own document counts as evidence
    most_bytes: int = 50 * 1024 * 1024  # of one request's body
    deepest: int = 200  # levels of JSON in a request's body

    @property
    def main_candidates(self) -> tuple[str, ...]:
        """Branch and tag names that make a main branch of a pacticipant without one; () when switched off."""
        return self.main_branch_candidates if self.detect_main_branch else ()
