from harness.runtime.redaction import HIDDEN, pairs


def test_settings_that_sound_like_secrets_are_hidden_and_addresses_keep_their_host() -> None:
    told = pairs(
        (
            ("API_TOKEN", "abc"),
            ("DATABASE_URL", "postgresql://app:secret@db:5432/app"),
            ("CATALOG_URL", "${catalog.url}"),
        )
    )
    assert told == {
        "API_TOKEN": HIDDEN,
        "DATABASE_URL": f"postgresql://{HIDDEN}@db:5432/app",
        "CATALOG_URL": "${catalog.url}",
    }
