"""Who may do what: tokens, roles, scopes, the original's two users, limits, and the audit log."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from broker_client import Client, Reply

from harness.broker.access.guard import AccessRules, Guard, User
from harness.broker.access.roles import Role
from harness.broker.app import broker
from harness.broker.settings import BrokerSettings
from harness.ledger.db import audit, tokens
from harness.ledger.db.database import Database

USERS = (
    User(name="rw", password="päss", role=Role.ADMIN),
    User(name="ro", password="look", role=Role.READ),
)
PROD = {"name": "prod", "production": True}


def guarded(database: Database, **rules: object) -> Client:
    guard = Guard(database=database, rules=replace(AccessRules(users=USERS), **rules))  # type: ignore[arg-type]
    return Client(app=broker(database, access=guard))


def token(database: Database, role: str, *pacticipants: str) -> str:
    with database.writing() as db:
        return tokens.create(db, f"a {role}", role, pacticipants, "2026-01-01T00:00:00.000+00:00")[1]


def bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


def basic(name: str, password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def test_nobody_gets_in_without_credentials(database: Database) -> None:
    refused = guarded(database).get("/")
    assert refused.status == 401
    assert refused.headers["www-authenticate"] == 'Basic realm="Restricted area"'
    assert "token" in refused.json["error"]


@pytest.mark.parametrize("path", ["/", "/environments", "/nothing/here"])
def test_even_what_is_not_there_is_told_only_to_those_who_may_know(database: Database, path: str) -> None:
    assert guarded(database).get(path).status == 401


def test_d10_a_token_works_as_bearer_and_as_password_of_any_user(database: Database) -> None:
    client, secret = guarded(database), token(database, "read")
    assert client.get("/environments", headers=bearer(secret)).status == 200
    assert client.get("/environments", headers=basic("whoever", secret)).status == 200
    assert client.get("/environments", headers=basic("", secret)).status == 200


def test_the_original_s_two_users_work_as_there(database: Database) -> None:
    client = guarded(database)
    assert client.post("/environments", PROD, headers=basic("rw", "päss")).status == 201
    assert client.get("/environments", headers=basic("ro", "look")).status == 200
    assert client.post("/environments", PROD, headers=basic("ro", "look")).status == 401


@pytest.mark.parametrize(
    "header",
    [
        "Basic !!!",
        "Basic " + base64.b64encode(b"no colon").decode(),
        "Basic " + base64.b64encode(b"\xff:\xff").decode(),
        "Bearer ",
        "Bearer cht_wrong",
        "Digest x",
        "x" * 5000,
        "",
    ],
)
def test_credentials_that_are_wrong_or_unreadable_are_refused(database: Database, header: str) -> None:
    assert guarded(database).get("/", headers={"authorization": header}).status == 401


@pytest.mark.parametrize(("role", "status"), [("read", 403), ("publish", 403), ("deploy", 403), ("admin", 201)])
def test_a_role_may_what_is_its_own_and_is_told_what_it_lacks(database: Database, role: str, status: int) -> None:
    answer = guarded(database).post("/environments", PROD, headers=bearer(token(database, role)))
    assert answer.status == status
    if status == 403:
        assert answer.json["error"] == f"token a {role} has the role '{role}'; this needs 'admin'"


def test_a_token_for_some_pacticipants_cannot_change_what_concerns_everybody(database: Database) -> None:
    answer = guarded(database).post("/environments", PROD, headers=bearer(token(database, "admin", "orders")))
    assert answer.status == 403
    assert "is for orders only" in answer.json["error"]


def test_a_revoked_token_is_refused_at_once(database: Database) -> None:
    client, secret = guarded(database), token(database, "admin")
    assert client.get("/environments", headers=bearer(secret)).status == 200
    with database.writing() as db:
        tokens.revoke(db, tokens.all_tokens(db)[0].uuid, "2026-01-02T00:00:00.000+00:00")
    assert client.get("/environments", headers=bearer(secret)).status == 401


def test_a_regenerated_token_has_another_secret_and_the_old_one_ends(database: Database) -> None:
    client, secret = guarded(database), token(database, "admin")
    with database.writing() as db:
        other = tokens.regenerate(db, tokens.all_tokens(db)[0].uuid)
    assert other is not None
    assert client.get("/environments", headers=bearer(secret)).status == 401
    assert client.get("/environments", headers=bearer(other)).status == 200


def test_a_secret_is_kept_nowhere(database: Database) -> None:
    secret = token(database, "admin")
    with database.reading() as db:
        kept = db.exec_driver_sql("SELECT hash, description, uuid FROM tokens").all()
    assert secret not in repr(kept)


def test_who_only_reads_may_read_without_credentials_where_that_is_public(database: Database) -> None:
    client = guarded(database, public_read=True)
    assert client.get("/environments").status == 200
    assert client.post("/environments", PROD).status == 401


def test_somebody_who_asks_too_often_is_told_when_to_come_back(database: Database) -> None:
    client, secret = guarded(database, requests_per_minute=3.0), token(database, "read")
    answers = [client.get("/environments", headers=bearer(secret)) for _ in range(4)]
    assert [each.status for each in answers] == [200, 200, 200, 429]
    assert int(answers[-1].headers["retry-after"]) >= 1


def test_guessing_ends_after_some_wrong_guesses(database: Database) -> None:
    client = guarded(database)
    answers = [client.get("/", headers=basic("rw", f"guess {n}")).status for n in range(40)]
    assert answers[0] == 401
    assert answers[-1] == 429


def test_d10_every_change_is_in_the_audit_log_and_no_refused_one(database: Database) -> None:
    client = guarded(database)
    made = client.post("/environments", PROD, headers=basic("rw", "päss"))
    client.post("/environments", PROD, headers=basic("rw", "päss"))  # the name is taken
    client.get("/environments", headers=basic("rw", "päss"))
    client.delete(made.headers["location"], headers=bearer(token(database, "admin")))
    with database.reading() as db:
        found = [(each.who, each.action, each.details["status"]) for each in audit.entries(db, audit.Wanted())]
    assert found == [
        ("rw", "POST /environments", 201),
        ("token a admin", "DELETE /environments/{environment}", 204),
    ]


def test_the_audit_log_is_read_forwards_and_backwards_and_by_type(database: Database) -> None:
    client = guarded(database)
    client.headers = basic("rw", "päss")
    place = client.post("/environments", PROD).headers["location"]
    client.put(place, {**PROD, "displayName": "Production"})
    client.delete(place)

    def types(query: str) -> list[str]:
        return [each["type"].partition(" ")[0] for each in client.get(f"/audit{query}").json["events"]]

    assert types("") == types("?sort=%2Btimestamp") == types("?sort=+timestamp") == ["POST", "PUT", "DELETE"]
    assert types("?sort=-timestamp") == ["DELETE", "PUT", "POST"]
    assert types("?type=PUT%20/environments/%7Benvironment%7D") == ["PUT"]
    first = client.get("/audit").json["events"][0]["uuid"]
    assert types(f"?from={first}") == ["PUT", "DELETE"]
    refused = client.get("/audit?sort=sideways")
    assert refused.status == 400
    assert "'sideways' is not one of +timestamp, -timestamp" in refused.text


def test_access_is_asked_before_a_body_is_read(database: Database) -> None:
    refused = guarded(database).post("/environments", b"{not json")
    assert refused.status == 401


def too_large(client: Client, size: int) -> Reply:
    return client.post("/environments", b'{"name": "' + b"x" * size + b'"}')


def test_a_body_that_is_too_large_is_refused(database: Database) -> None:
    client = Client(app=broker(database, BrokerSettings(most_bytes=1000)))
    assert too_large(client, 2000).status == 413
    assert "1000 bytes" in too_large(client, 2000).json["error"]
    assert too_large(client, 100).status == 400
