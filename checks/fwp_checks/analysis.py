"""From files to findings: what a session does where no stored result answers.

The whole project is read, linked and checked in one canonical order.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from fwp_checks.cache import Cache
from fwp_checks.catalogue import Catalogue
from fwp_checks.deployment_loading import StoredDeployment
from fwp_checks.diagnostics import file_skipped, internal_error, useless_suppression
from fwp_checks.facts.comments import hides, problems
from fwp_checks.finding import Finding, Report, Skipped
from fwp_checks.frameworks.base import Frameworks
from fwp_checks.loading import load, load_file
from fwp_checks.project.deployment.deployment import Deployment
from fwp_checks.project.failures import describe_error
from fwp_checks.project.files.discovery import is_test_path
from fwp_checks.project.files.environment import package_files
from fwp_checks.project.files.modules import Module
from fwp_checks.project.files.relevance import relevant
from fwp_checks.project.files.roots import SourceRoots, module_names, source_roots
from fwp_checks.project.files.test_code import TestCode
from fwp_checks.project.linked import Project
from fwp_checks.project.view import FileView
from fwp_checks.rules import LoadedRule, all_rules
from fwp_checks.settings import Settings
from fwp_checks.sources import Sources
from fwp_checks.template_loading import StoredTemplates

Progress = Callable[[str, int, int], None]

# Files that cannot matter are parsed for syntax errors only while they are few.
_SYNTAX_BYTES = 1_000_000

# Chains of calls are followed by recursion; Python-to-Python calls take no C stack since 3.11.
_RECURSION_LIMIT = 20_000


def link(
    root: Path,
    settings: Settings,
    catalogue: Catalogue,
    sources: Sources,
    files: Sequence[str],
    cache: Cache,
    jobs: int = 1,
    wanted: Collection[str] = (),
    progress: Progress | None = None,
    templates: Sequence[str] = (),
    deployment: Sequence[str] = (),
    tests: Sequence[str] = (),
) -> Project:
    """The linked project of these files (paths relative to the root).

    ``wanted`` are files that are analysed even if nothing speaks for it, ``templates`` those that
    are read when some code names them, ``deployment`` those that say how the project is run,
    ``tests`` test code, of which is only asked what it does with the rest.
    """
    with no_collection():
        roots = source_roots(root, [root / path for path in files], settings)
        everything = files if settings.entry_points else wanted
        chosen, others = _divide(sources, files, roots, everything)
        facts = load(sources, chosen, cache, jobs, progress, for_syntax=others)
        modules = [
            Module(
                path,
                module_names(path, roots),
                facts[path],
                is_test=is_test_path(path),
                read=partial(sources.read, path),
            )
            for path in files
            if path in facts
        ]
        sources.forget()
        modules.extend(_packages(root, settings, cache))
        stored = StoredTemplates(sources, cache, templates)
        beside = Deployment(StoredDeployment(sources, cache, deployment))
        return Project(
            modules,
            catalogue,
            settings,
            Frameworks.shipped(),
            roots,
            stored,
            jobs,
            beside,
            TestCode(tests, roots, partial(load, sources, cache=cache, jobs=jobs)),
        )


def _divide(
    sources: Sources, files: Sequence[str], roots: SourceRoots, wanted: Collection[str]
) -> tuple[list[str], frozenset[str]]:
    """The files to analyse, and those of the others whose syntax is looked at."""
    contents: dict[str, bytes] = {}
    unreadable = set()
    for path in files:
        content = sources.read(path)
        if isinstance(content, bytes):
            contents[path] = content
        else:
            unreadable.add(path)
    matter = relevant(contents, roots, wanted) | unreadable
    others = [path for path in files if path not in matter]
    if sum(len(contents[path]) for path in others) > _SYNTAX_BYTES:
        others = []
    return [path for path in files if path in matter], frozenset(others)


def _packages(root: Path, settings: Settings, cache: Cache) -> Iterator[Module]:
    """Installed packages that the settings ask to read like the project's own code."""
    for package in settings.read_packages:
        for name, file in package_files(package, root, settings):
            inside = file.as_posix().partition("site-packages/")[2] or file.name
            facts = load_file(file, cache)
            yield Module(f"site-packages/{inside}", (name,), facts, is_read_only=True)


def check(project: Project, progress: Progress | None = None) -> Report:
    """What the enabled rules find in every file of a project."""
    settings = project.settings
    findings: list[Finding] = []
    skipped: list[Skipped] = []
    rules = [r for r in all_rules() if settings.enabled(r.rule.code, preview=r.rule.is_preview)]
    modules = [module for module in project.table.modules if not module.is_read_only]
    for module in modules:
        about = _about_file(module)
        findings.extend(f for f in about if settings.enabled(f.code, preview=False))
        if module.facts.problem is not None:
            line, _, reason = module.facts.problem
            skipped.append(Skipped(module.path, line, reason))
    with no_collection(), deep_recursion(), project.gathering:
        # While another process evaluates its share, rules go first that ask for no evidence.
        steps = [
            (module, chosen)
            for chosen in _by_need(rules)
            for module in modules
            if module.facts.problem is None
        ]
        for done, (module, chosen) in enumerate(steps):
            if progress is not None:
                progress("checking", done, len(steps))
            findings.extend(_check_module(project, module, chosen))
    for template in project.templates.loaded:
        if template.facts.problem is not None:
            about = _about_file(template)
            findings.extend(f for f in about if settings.enabled(f.code, preview=False))
            line, _, reason = template.facts.problem
            skipped.append(Skipped(template.path, line, reason))
    for beside in project.deployment.skipped:
        told_of = file_skipped(beside.path, beside.line, 1, beside.reason)
        findings.extend([told_of] if settings.enabled(told_of.code, preview=False) else [])
        skipped.append(beside)
    told = [failure for evidence in project.evidence for failure in evidence.failures]
    failures = {failure.path: failure for failure in reversed([*told, *project.failures])}
    findings.extend(internal_error(*failure) for failure in failures.values())
    findings.sort(key=lambda finding: finding.sort_key)
    return Report(tuple(findings), tuple(skipped))


def _by_need(rules: Sequence[LoadedRule]) -> tuple[list[LoadedRule], list[LoadedRule]]:
    """The rules that ask for no evidence of shares, and those that do."""
    return (
        [loaded for loaded in rules if not loaded.rule.needs_evidence],
        [loaded for loaded in rules if loaded.rule.needs_evidence],
    )


def _about_file(module: Module) -> Iterator[Finding]:
    if module.facts.problem is not None:
        yield file_skipped(module.path, *module.facts.problem)
    for line, reason in problems(module.facts.suppressions):
        yield useless_suppression(module.path, line, reason)


def _check_module(
    project: Project, module: Module, rules: Sequence[LoadedRule]
) -> Iterator[Finding]:
    ignored = project.settings.ignored_in(module.path)
    view = FileView(project, module)
    for loaded in rules:
        if loaded.rule.code.startswith(ignored):
            continue
        try:
            found = list(loaded.check(view))
        except Exception as error:  # one broken rule must not cost the other findings
            place = f"rule '{loaded.rule.name}'"
            found = [internal_error(module.path, place, describe_error(error))]
        for finding in found:
            if not hides(module.facts.suppressions, finding.range.line, finding.code):
                yield finding


@contextmanager
def no_collection() -> Iterator[None]:
    """Without the cyclic collector, which costs a third of the time and finds nothing here.

    What a large project is made of is not looked at afterwards either, until the next analysis or
    the end of the process: to find and free its cycles takes as long as a quarter of its check.
    """
    global _is_frozen
    if not gc.isenabled():
        yield
        return
    if _is_frozen:
        gc.unfreeze()
        gc.collect()
    gc.disable()
    try:
        yield
    finally:
        _is_frozen = gc.get_count()[0] > _MANY_OBJECTS
        if _is_frozen:
            gc.freeze()
        gc.enable()


_MANY_OBJECTS = 200_000
_is_frozen = False


@contextmanager
def deep_recursion() -> Iterator[None]:
    """Room for long chains of calls while a project is evaluated."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _RECURSION_LIMIT))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
