"""The door: what is built in and what plug-ins bring, by one way, and which of them could not be loaded."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module, metadata
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

import pluggy

from harness import hookspecs
from harness.checks.kind import Kind
from harness.errors import PluginProblem, Problem

# hook to the modules that implement it: by their names, since some stand above this one, and since a command
# imports only what it asks for
BUILT_IN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "contract_harness_checks": (
            "harness.checks.kinds.pacts",
            "harness.checks.kinds.properties",
            "harness.checks.kinds.consumers",
            "harness.checks.kinds.integration",
        ),
        "contract_harness_report_formats": ("harness.reports.formats",),
        "contract_harness_broker_resources": ("harness.broker.resources",),
        "contract_harness_resource_kinds": ("harness.services.system",),
        "contract_harness_runtimes": ("harness.runtime.kinds",),
    }
)


class Keyed(Protocol):
    """Whatever a plug-in brings has a name by which people ask for it."""

    @property
    def key(self) -> str:
        """That name."""


T = TypeVar("T", bound=Keyed)


@dataclass(frozen=True, slots=True)
class FailedPlugin:
    """A plug-in that is not there although it is installed, and why."""

    name: str
    why: str

    def __str__(self) -> str:
        return f"the plug-in '{self.name}' cannot be used: {self.why}"


class _HooksByName(pluggy.PluginManager):
    """Takes a function for what its name says it is, as pytest does: a plug-in needs no marker."""

    def parse_hookimpl_opts(self, plugin: Any, name: str) -> pluggy.HookimplOpts | None:
        marked = super().parse_hookimpl_opts(plugin, name)
        if marked is not None or not name.startswith(f"{self.project_name}_"):
            return marked
        if not inspect.isroutine(inspect.getattr_static(plugin, name)):
            return None
        return pluggy.HookimplOpts(
            wrapper=False,
            hookwrapper=False,
            optionalhook=False,
            tryfirst=False,
            trylast=False,
            specname=None,
        )


def entry_points() -> Iterable[metadata.EntryPoint]:
    """The plug-ins that are installed beside the harness."""
    return metadata.entry_points(group=hookspecs.PROJECT)


@dataclass(slots=True, kw_only=True)
class Door:
    """What can be asked of all plug-ins; what is built in is asked first, and each is loaded once."""

    installed: Callable[[], Iterable[metadata.EntryPoint]] = entry_points
    failed: list[FailedPlugin] = field(default_factory=list)
    _hooks: pluggy.PluginManager = field(init=False)
    _opened: bool = False
    _built_in: dict[str, dict[str, Any]] = field(default_factory=dict)
    _brought: dict[str, tuple[tuple[str, Any], ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._hooks = _HooksByName(hookspecs.PROJECT)
        self._hooks.add_hookspecs(hookspecs)

    def built_in(self, hook: str, of: type[T]) -> Mapping[str, T]:
        """What the harness itself brings, by key; no plug-in is loaded for it."""
        if hook not in self._built_in:
            for name in BUILT_IN[hook]:
                self._hooks.register(import_module(name), name)
            modules = (self._hooks.get_plugin(name) for name in BUILT_IN[hook])
            self._built_in[hook] = {each.key: each for module in modules for each in getattr(module, hook)()}
        return {key: each for key, each in self._built_in[hook].items() if isinstance(each, of)}

    def every(self, hook: str, of: type[T]) -> Mapping[str, T]:
        """The same, and what plug-ins bring; of two with one key the one that was there first."""
        found = dict(self.built_in(hook, of))
        if hook not in self._brought:
            self.open()
            self._brought[hook] = tuple(self._from_plugins(hook))
        for name, each in self._brought[hook]:
            if not isinstance(each, of):
                self.refuse(name, f"{hook} brings {each!r:.200}, which is no {of.__name__}")
            elif found.setdefault(each.key, each) is not each:
                self.refuse(name, f"{hook} brings '{each.key}', and there is one called so already")
        return found

    def find(self, hook: str, key: str, of: type[T]) -> T | None:
        """What is called so; plug-ins are loaded only where nothing built in is. None: nobody knows it."""
        return self.built_in(hook, of).get(key) or self.every(hook, of).get(key)

    def _from_plugins(self, hook: str) -> Iterator[tuple[str, Any]]:
        caller: pluggy.HookCaller = getattr(self._hooks.hook, hook)
        for implementation in reversed(caller.get_hookimpls()):  # in the order in which they were loaded
            if implementation.plugin_name in BUILT_IN[hook]:
                continue
            try:
                found: tuple[Any, ...] = tuple(implementation.function())  # type: ignore[arg-type]
            except (Exception, SystemExit) as error:  # noqa: BLE001 - a plug-in may raise anything
                self.refuse(implementation.plugin_name, f"{hook} fails: {_because(error)}")
            else:
                yield from ((implementation.plugin_name, each) for each in found)

    def open(self) -> None:
        """Load every plug-in that is installed, once."""
        if self._opened:
            return
        self._opened = True
        for each in self.installed():
            try:
                self._load(each)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - a plug-in may raise anything
                self.refuse(each.name, _because(error))

    def _load(self, each: metadata.EntryPoint) -> None:
        plugin = each.load()
        unknown = [name for name in _hook_names(plugin) if not hasattr(hookspecs, name)]
        if unknown:
            known = ", ".join(sorted(BUILT_IN))
            raise PluginProblem(f"no hook is called {unknown[0]}; there are: {known}")
        if not _hook_names(plugin):
            raise PluginProblem(f"{each.value} has no hook (no function whose name begins {hookspecs.PROJECT}_)")
        self._hooks.register(plugin, each.name)

    def refuse(self, name: str, why: str) -> None:
        """Note once why a plug-in, or a part of it, cannot be used."""
        problem = FailedPlugin(name, why)
        if problem not in self.failed:
            self.failed.append(problem)


def _hook_names(plugin: object) -> list[str]:
    return [
        name
        for name in dir(plugin)
        if name.startswith(f"{hookspecs.PROJECT}_") and inspect.isroutine(inspect.getattr_static(plugin, name))
    ]


def _because(error: BaseException) -> str:
    if isinstance(error, PluginProblem):
        return str(error)
    return f"{type(error).__name__}: {' '.join(str(error).split())[:500]}".rstrip(": ")


@cache
def door() -> Door:
    """The door of this process."""
    return Door()


def unusable_plugins() -> tuple[Problem, ...]:
    """The plug-ins that could not be used so far, to be told where something is not there."""
    return tuple(Problem(str(each)) for each in door().failed)


_CHECKS = "contract_harness_checks"


def built_in_kinds() -> Mapping[str, Kind]:
    """The kinds of evidence that the harness brings itself, by key."""
    return door().built_in(_CHECKS, Kind)


def all_kinds() -> Mapping[str, Kind]:
    """Every kind of evidence that somebody here knows, by key."""
    return door().every(_CHECKS, Kind)


def find_kind(key: str) -> Kind | None:
    """The kind of evidence with that key; None where nobody here knows it."""
    return door().find(_CHECKS, key, Kind)
