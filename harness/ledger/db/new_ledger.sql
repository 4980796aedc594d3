-- What a new SQLite ledger is made of: what all migrations together make. tests/ports/ledger/test_ledger_storage.py holds it.
CREATE TABLE access_decisions (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    controlled BOOLEAN DEFAULT 0 NOT NULL,
    why TEXT NOT NULL
);
CREATE TABLE attempts (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    trigger_id INTEGER NOT NULL,
    success BOOLEAN NOT NULL,
    log BLOB NOT NULL,
    at TEXT NOT NULL,
    CONSTRAINT fk_attempts_trigger_id FOREIGN KEY(trigger_id) REFERENCES triggers (id)
);
CREATE TABLE audit (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL,
    at TEXT NOT NULL,
    who TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    details BLOB NOT NULL,
    CONSTRAINT uq_audit_uuid UNIQUE (uuid)
);
CREATE TABLE branch_versions (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    branch_id INTEGER NOT NULL,
    version_id INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    CONSTRAINT fk_branch_versions_branch_id FOREIGN KEY(branch_id) REFERENCES branches (id),
    CONSTRAINT fk_branch_versions_version_id FOREIGN KEY(version_id) REFERENCES versions (id),
    CONSTRAINT uq_branch_versions_branch_id_version_id UNIQUE (branch_id, version_id)
);
CREATE TABLE branches (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    pacticipant_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    created_at TEXT NOT NULL,
    head_id INTEGER,
    CONSTRAINT fk_branches_pacticipant_id FOREIGN KEY(pacticipant_id) REFERENCES pacticipants (id),
    CONSTRAINT uq_branches_pacticipant_id_name UNIQUE (pacticipant_id, name)
);
CREATE TABLE builds (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    version_id INTEGER NOT NULL,
    runtime TEXT NOT NULL,
    artifact TEXT NOT NULL,
    first_seen_at TEXT NOT NULL,
    descriptor BLOB,
    untraced BLOB,
    CONSTRAINT fk_builds_version_id FOREIGN KEY(version_id) REFERENCES versions (id),
    CONSTRAINT uq_builds_version_id_runtime_artifact UNIQUE (version_id, runtime, artifact)
);
CREATE TABLE contracts (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "key" TEXT NOT NULL,
    kind TEXT NOT NULL,
    owner TEXT NOT NULL,
    counterpart TEXT NOT NULL,
    created_at TEXT NOT NULL,
    text BLOB NOT NULL, interactions INTEGER, served BLOB, source BLOB, source_type TEXT,
    CONSTRAINT uq_contracts_key_kind_owner_counterpart UNIQUE ("key", kind, owner, counterpart)
);
CREATE TABLE deployments (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    environment_id INTEGER NOT NULL,
    pacticipant_id INTEGER NOT NULL,
    version_id INTEGER NOT NULL,
    instance TEXT NOT NULL,
    since TEXT NOT NULL,
    until TEXT, uuid TEXT,
    CONSTRAINT fk_deployments_environment_id FOREIGN KEY(environment_id) REFERENCES environments (id),
    CONSTRAINT fk_deployments_pacticipant_id FOREIGN KEY(pacticipant_id) REFERENCES pacticipants (id),
    CONSTRAINT fk_deployments_version_id FOREIGN KEY(version_id) REFERENCES versions (id)
);
CREATE TABLE environments (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    require TEXT NOT NULL, uuid TEXT, display_name TEXT, production BOOLEAN DEFAULT 0 NOT NULL, contacts BLOB, created_at TEXT, updated_at TEXT,
    CONSTRAINT uq_environments_name UNIQUE (name)
);
INSERT INTO "environments" VALUES(1,'test','["pacts"]',NULL,NULL,0,NULL,NULL,NULL);
INSERT INTO "environments" VALUES(2,'production','["pacts"]',NULL,NULL,0,NULL,NULL,NULL);
CREATE TABLE evidence (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    contract TEXT NOT NULL,
    consumer TEXT NOT NULL,
    provider TEXT NOT NULL,
    number TEXT NOT NULL,
    artifact TEXT NOT NULL,
    identity TEXT NOT NULL,
    verdict TEXT NOT NULL,
    cause TEXT,
    promised INTEGER NOT NULL,
    exercised INTEGER NOT NULL,
    complete BOOLEAN NOT NULL,
    decisive BOOLEAN NOT NULL,
    run TEXT NOT NULL,
    at TEXT NOT NULL,
    seconds FLOAT NOT NULL,
    because BLOB NOT NULL,
    details BLOB NOT NULL
);
CREATE TABLE integrations (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    consumer_id INTEGER NOT NULL,
    provider_id INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    contract_at TEXT NOT NULL,
    CONSTRAINT fk_integrations_consumer_id FOREIGN KEY(consumer_id) REFERENCES pacticipants (id),
    CONSTRAINT fk_integrations_provider_id FOREIGN KEY(provider_id) REFERENCES pacticipants (id),
    CONSTRAINT uq_integrations_consumer_id_provider_id UNIQUE (consumer_id, provider_id)
);
CREATE TABLE labels (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    pacticipant_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    created_at TEXT NOT NULL,
    CONSTRAINT fk_labels_pacticipant_id FOREIGN KEY(pacticipant_id) REFERENCES pacticipants (id),
    CONSTRAINT uq_labels_pacticipant_id_name UNIQUE (pacticipant_id, name)
);
CREATE TABLE ledger_revision (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT ledger_revision_pkc PRIMARY KEY (version_num)
);
INSERT INTO "ledger_revision" VALUES('0006');
CREATE TABLE overwritten (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    version_id INTEGER NOT NULL,
    contract_id INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    published_at TEXT NOT NULL,
    replaced_at TEXT NOT NULL,
    CONSTRAINT fk_overwritten_version_id FOREIGN KEY(version_id) REFERENCES versions (id),
    CONSTRAINT fk_overwritten_contract_id FOREIGN KEY(contract_id) REFERENCES contracts (id)
);
CREATE TABLE pacticipants (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL, display_name TEXT, main_branch TEXT, repository_url TEXT, repository_name TEXT, repository_namespace TEXT, created_at TEXT, updated_at TEXT,
    CONSTRAINT uq_pacticipants_name UNIQUE (name)
);
CREATE TABLE publications (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    version_id INTEGER NOT NULL,
    contract_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    counterpart TEXT NOT NULL,
    published_at TEXT NOT NULL, pacticipant_id INTEGER DEFAULT '0' NOT NULL, revision INTEGER DEFAULT '1' NOT NULL,
    CONSTRAINT fk_publications_version_id FOREIGN KEY(version_id) REFERENCES versions (id),
    CONSTRAINT fk_publications_contract_id FOREIGN KEY(contract_id) REFERENCES contracts (id),
    CONSTRAINT uq_publications_version_id_kind_counterpart UNIQUE (version_id, kind, counterpart)
);
CREATE TABLE releases (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    environment_id INTEGER NOT NULL,
    version_id INTEGER NOT NULL,
    since TEXT NOT NULL,
    until TEXT, uuid TEXT,
    CONSTRAINT fk_releases_environment_id FOREIGN KEY(environment_id) REFERENCES environments (id),
    CONSTRAINT fk_releases_version_id FOREIGN KEY(version_id) REFERENCES versions (id)
);
CREATE TABLE secrets (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    team TEXT,
    value BLOB NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT,
    CONSTRAINT uq_secrets_uuid UNIQUE (uuid),
    CONSTRAINT uq_secrets_name UNIQUE (name)
);
CREATE TABLE self_verifications (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    version_id INTEGER NOT NULL,
    contract_id INTEGER NOT NULL,
    success BOOLEAN,
    content BLOB,
    content_type TEXT,
    format TEXT,
    verifier TEXT,
    verifier_version TEXT,
    at TEXT NOT NULL,
    CONSTRAINT fk_self_verifications_version_id FOREIGN KEY(version_id) REFERENCES versions (id),
    CONSTRAINT fk_self_verifications_contract_id FOREIGN KEY(contract_id) REFERENCES contracts (id)
);
CREATE TABLE tags (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    pacticipant_id INTEGER NOT NULL,
    version_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    created_at TEXT NOT NULL,
    CONSTRAINT fk_tags_pacticipant_id FOREIGN KEY(pacticipant_id) REFERENCES pacticipants (id),
    CONSTRAINT fk_tags_version_id FOREIGN KEY(version_id) REFERENCES versions (id),
    CONSTRAINT uq_tags_version_id_name UNIQUE (version_id, name)
);
CREATE TABLE tokens (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL,
    description TEXT NOT NULL,
    hash TEXT NOT NULL,
    role TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at TEXT NOT NULL,
    used_at TEXT,
    revoked_at TEXT,
    CONSTRAINT uq_tokens_uuid UNIQUE (uuid),
    CONSTRAINT uq_tokens_hash UNIQUE (hash)
);
CREATE TABLE traces (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    pacticipant TEXT NOT NULL,
    number TEXT NOT NULL,
    counterpart TEXT NOT NULL,
    environment TEXT NOT NULL,
    instance TEXT NOT NULL,
    released BOOLEAN DEFAULT 0 NOT NULL,
    contract TEXT NOT NULL,
    at TEXT NOT NULL,
    who TEXT NOT NULL,
    until TEXT
);
CREATE TABLE triggers (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL,
    webhook_id INTEGER,
    webhook_uuid TEXT NOT NULL,
    event TEXT NOT NULL,
    context BLOB NOT NULL,
    consumer TEXT NOT NULL,
    provider TEXT NOT NULL,
    consumer_version_id INTEGER,
    provider_version_id INTEGER,
    contract_id INTEGER,
    verification_id INTEGER,
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    due FLOAT,
    claimed_by TEXT,
    claimed_until FLOAT,
    created_at TEXT NOT NULL,
    CONSTRAINT fk_triggers_webhook_id FOREIGN KEY(webhook_id) REFERENCES webhooks (id),
    CONSTRAINT uq_triggers_uuid UNIQUE (uuid)
);
CREATE TABLE verifications (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    contract_id INTEGER NOT NULL,
    version_id INTEGER NOT NULL,
    evidence_id INTEGER NOT NULL,
    success BOOLEAN NOT NULL,
    partial BOOLEAN DEFAULT 0 NOT NULL,
    wip BOOLEAN DEFAULT 0 NOT NULL,
    artifact TEXT NOT NULL,
    at TEXT NOT NULL,
    build_url TEXT,
    consumer_number TEXT,
    results BLOB,
    verified_by BLOB,
    CONSTRAINT fk_verifications_contract_id FOREIGN KEY(contract_id) REFERENCES contracts (id),
    CONSTRAINT fk_verifications_version_id FOREIGN KEY(version_id) REFERENCES versions (id),
    CONSTRAINT fk_verifications_evidence_id FOREIGN KEY(evidence_id) REFERENCES evidence (id)
);
CREATE TABLE versions (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    pacticipant_id INTEGER NOT NULL,
    number TEXT NOT NULL,
    branch TEXT NOT NULL,
    "commit" TEXT NOT NULL,
    build_url TEXT NOT NULL,
    created_at TEXT NOT NULL, updated_at TEXT,
    CONSTRAINT fk_versions_pacticipant_id FOREIGN KEY(pacticipant_id) REFERENCES pacticipants (id),
    CONSTRAINT uq_versions_pacticipant_id_number UNIQUE (pacticipant_id, number)
);
CREATE TABLE webhooks (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL,
    description TEXT,
    enabled BOOLEAN NOT NULL,
    events TEXT NOT NULL,
    consumer_name TEXT,
    consumer_label TEXT,
    provider_name TEXT,
    provider_label TEXT,
    method TEXT NOT NULL,
    url TEXT NOT NULL,
    headers BLOB NOT NULL,
    body BLOB,
    username TEXT,
    password BLOB,
    team TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT,
    CONSTRAINT uq_webhooks_uuid UNIQUE (uuid)
);
CREATE INDEX ix_publications_contract_id ON publications (contract_id);
CREATE INDEX ix_evidence_contract_identity ON evidence (contract, identity);
CREATE UNIQUE INDEX uq_deployments_live ON deployments (environment_id, pacticipant_id, instance) WHERE until IS NULL;
CREATE UNIQUE INDEX uq_releases_live ON releases (environment_id, version_id) WHERE until IS NULL;
CREATE UNIQUE INDEX uq_environments_uuid ON environments (uuid);
CREATE UNIQUE INDEX uq_deployments_uuid ON deployments (uuid);
CREATE UNIQUE INDEX uq_releases_uuid ON releases (uuid);
CREATE INDEX ix_publications_pair ON publications (counterpart, kind, pacticipant_id, version_id);
CREATE INDEX ix_publications_owner ON publications (pacticipant_id, kind, version_id);
CREATE INDEX ix_evidence_provider_number ON evidence (provider, number);
CREATE INDEX ix_deployments_version_id ON deployments (version_id);
CREATE INDEX ix_releases_version_id ON releases (version_id);
CREATE INDEX ix_labels_name ON labels (name);
CREATE INDEX ix_branches_name ON branches (name);
CREATE INDEX ix_branches_head_id ON branches (head_id);
CREATE INDEX ix_branch_versions_version_id ON branch_versions (version_id);
CREATE INDEX ix_tags_pacticipant_id_name_version_id ON tags (pacticipant_id, name, version_id);
CREATE INDEX ix_tags_name ON tags (name);
CREATE INDEX ix_integrations_provider_id ON integrations (provider_id);
CREATE INDEX ix_overwritten_version_id ON overwritten (version_id);
CREATE INDEX ix_verifications_contract_id_version_id ON verifications (contract_id, version_id);
CREATE INDEX ix_verifications_version_id ON verifications (version_id);
CREATE INDEX ix_verifications_evidence_id ON verifications (evidence_id);
CREATE INDEX ix_self_verifications_version_id ON self_verifications (version_id);
CREATE INDEX ix_triggers_due ON triggers (due);
CREATE INDEX ix_triggers_consumer_provider ON triggers (consumer, provider);
CREATE INDEX ix_triggers_webhook_id ON triggers (webhook_id);
CREATE INDEX ix_attempts_trigger_id ON attempts (trigger_id);
CREATE INDEX ix_builds_artifact ON builds (artifact);
CREATE INDEX ix_traces_pacticipant_number ON traces (pacticipant, number);
CREATE INDEX ix_traces_counterpart ON traces (counterpart);
CREATE INDEX ix_versions_changed ON versions (pacticipant_id) WHERE number LIKE '%+changed.%';
