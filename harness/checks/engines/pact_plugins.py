"""Plug-ins that a pact names: which interactions need one, and whether it is installed on this machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from harness.contracts.pact import Interaction, Pact


def needed_by(interaction: Interaction) -> frozenset[str]:
    """The plug-ins that an interaction was written with; nobody else can compare its parts."""
    configured = interaction.document.get("pluginConfiguration")
    return frozenset(configured) if isinstance(configured, dict) else frozenset()


def lacking(pact: Pact, interaction: Interaction, environ: Mapping[str, str]) -> str:
    """Which plug-in is needed and not installed, with its version; "" when the verifier has all that it needs."""
    versions = {each["name"]: str(each.get("version") or "") for each in _plugin_entries(pact)}
    for name in sorted(needed_by(interaction)):
        version = versions.get(name, "")
        if not any(_is_enough(version, each) for each in _installed_versions(name, environ)):
            called = f"{name} {version}".strip()
            where = f"not installed here (looked in {_folder(environ)})"
            return f"it needs the Pact plug-in {called}, which is {where}"
    return ""


def of_interactions(pact: Pact, interactions: Iterable[Interaction]) -> list[dict[str, Any]]:
    """What the pact says of the plug-ins that these interactions need; the verifier loads all that it is told."""
    names = {name for each in interactions for name in needed_by(each)}
    return [each for each in _plugin_entries(pact) if each["name"] in names]


def _plugin_entries(pact: Pact) -> list[dict[str, Any]]:
    metadata = pact.document.get("metadata")
    listed = metadata.get("plugins") if isinstance(metadata, dict) else None
    entries = listed if isinstance(listed, list) else []
    return [each for each in entries if isinstance(each, dict) and isinstance(each.get("name"), str)]


def _installed_versions(name: str, environ: Mapping[str, str]) -> list[str]:
    """The versions of a plug-in that are here."""
    return [
        str(told.get("version") or "")
        for manifest in sorted(_folder(environ).glob("*/pact-plugin.json"))
        if (told := _manifest(manifest)).get("name") == name
    ]


def _folder(environ: Mapping[str, str]) -> Path:
    if own := environ.get("PACT_PLUGIN_DIR"):
        return Path(own)
    return Path(environ.get("HOME") or Path.home(), ".pact", "plugins")


def _manifest(file: Path) -> dict[str, Any]:
    try:
        told = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _is_enough(wanted: str, installed: str) -> bool:
    """The verifier takes a newer one in place of the one that is named."""
    return not wanted or _numbers(installed) >= _numbers(wanted)


def _numbers(version: str) -> list[int]:
    pieces = version.partition("-")[0].partition("+")[0].split(".")
    return [int(piece) if piece.isdecimal() else 0 for piece in pieces]
