"""The recipes of docs/extend.md, each installed as a package of its own, as somebody would who follows it."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "extend.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Installed:
    """A plug-in on a path of its own."""

    site: Path
    module: str

    @property
    def environment(self) -> dict[str, str]:
        """What a process is told to have it."""
        return {"PYTHONPATH": os.pathsep.join(filter(None, (str(self.site), os.environ.get("PYTHONPATH"))))}

    @property
    def written(self) -> list[str]:
        """The files of Python that it took."""
        return sorted(path.name for path in self.site.rglob("*.py"))


def blocks(heading: str) -> dict[str, str]:
    """The package of one recipe, by language, and under `manifest` what a manifest says of it."""
    section = PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    found = BLOCK.findall(section)
    assert [language for language, _ in found] in (["toml", "python"], ["toml", "python", "toml"]), heading
    return {**dict(found[:2]), "manifest": found[2][1] if found[2:] else ""}


def install(heading: str, site: Path, *, change: tuple[str, str] = ("", "")) -> Installed:
    """Install the plug-in of a recipe into a folder, with one text of it put in the place of another."""
    found = blocks(heading)
    assert change[0] in found["python"]
    project = tomllib.loads(found["toml"])["project"]
    points: dict[str, str] = project["entry-points"]["contract_harness"]
    ((name, module),) = points.items()
    about = site / f"{module}-{project['version']}.dist-info"
    about.mkdir(parents=True)
    (site / f"{module}.py").write_text(found["python"].replace(*change) if change[0] else found["python"])
    about.joinpath("METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    about.joinpath("entry_points.txt").write_text(f"[contract_harness]\n{name} = {module}\n")
    return Installed(site, module)
