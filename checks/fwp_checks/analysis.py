"""From facts to findings: what a session does where no stored result answers.

The whole project is linked and checked in one canonical order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from fwp_checks.cache import Cache
from fwp_checks.catalogue import Catalogue
from fwp_checks.deployment_loading import StoredDeployment
from fwp_checks.diagnostics import (
    file_skipped,
    internal_error,
    is_known_prefix,
    useless_suppression,
)
from fwp_checks.facts.comments import hides, named, problems
from fwp_checks.finding import Finding, Report, Skipped
from fwp_checks.frameworks.registry import Frameworks
from fwp_checks.interpreter import deep_recursion, no_collection
from fwp_checks.loading import load, load_file
from fwp_checks.opening import Opening
from fwp_checks.project.deployment.deployment import Deployment
from fwp_checks.project.failures import describe_error
from fwp_checks.project.files.discovery import is_test_path
from fwp_checks.project.files.environment import package_files
from fwp_checks.project.files.modules import Module
from fwp_checks.project.files.test_code import TestCode
from fwp_checks.project.linked import Project
from fwp_checks.project.view import FileView
from fwp_checks.rules import LoadedRule, all_rules
from fwp_checks.settings import Settings
from fwp_checks.sources import Sources
from fwp_checks.template_loading import StoredTemplates

Progress = Callable[[str, int, int], None]


def link(
    opening: Opening,
    root: Path,
    settings: Settings,
    catalogue: Catalogue,
    sources: Sources,
    cache: Cache,
    jobs: int = 1,
    progress: Progress | None = None,
    templates: Sequence[str] = (),
    deployment: Sequence[str] = (),
    tests: Sequence[str] = (),
) -> Project:
    """The linked project of the files that were opened (paths relative to the root).

    ``templates`` are read when some code names them, ``deployment`` say how the project is run,
    ``tests`` is test code, of which is only asked what it does with the rest.
    """
    # Imported while other processes read files: what knows frameworks, and the rules.
    frameworks = Frameworks.shipped()
    all_rules()
    facts = opening.loading.result(progress)
    modules = [
        Module(
            path,
            names,
            facts[path],
            is_test=is_test_path(path),
            read=partial(sources.read, path),
        )
        for path, names in opening.names.items()
        if path in facts
    ]
    sources.forget()
    modules.extend(_packages(root, settings, cache))
    return Project(
        modules,
        catalogue,
        settings,
        frameworks,
        opening.roots,
        StoredTemplates(sources, cache, templates),
        jobs,
        Deployment(StoredDeployment(sources, cache, deployment)),
        TestCode(
            tests, opening.roots, partial(load, sources, cache=cache, jobs=jobs, kind="tests")
        ),
    )


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
        readable = [module for module in modules if module.facts.problem is None]
        for done, (module, chosen) in enumerate(_steps(project, readable, rules)):
            if progress is not None:
                progress("checking", done, 2 * len(readable))
            if chosen:
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
    project.templates.save()
    told = [failure for evidence in project.evidence for failure in evidence.failures]
    failures = {failure.path: failure for failure in reversed([*told, *project.failures])}
    findings.extend(internal_error(*failure) for failure in failures.values())
    findings.sort(key=lambda finding: finding.sort_key)
    reported: list[Finding] = []
    withheld: list[str] = []
    for finding in findings:
        if _is_reported(finding, settings):
            reported.append(finding)
        else:
            withheld.append(finding.path)
    return Report(tuple(reported), tuple(skipped), tuple(withheld))


def _is_reported(finding: Finding, settings: Settings) -> bool:
    return not finding.is_preview or settings.enabled(finding.code, preview=True)


def _steps(
    project: Project, modules: Sequence[Module], rules: Sequence[LoadedRule]
) -> Iterator[tuple[Module, Sequence[LoadedRule]]]:
    """Each file twice, with the rules that check it. While another process evaluates its share,
    rules go first that ask for no evidence; the others check the files of which there is some.
    """
    first = [loaded for loaded in rules if not loaded.rule.needs_evidence]
    last = [loaded for loaded in rules if loaded.rule.needs_evidence]
    for module in modules:
        yield module, first
    try:
        paths = project.event_loop.paths | project.queries.paths if last else set()
    except Exception:  # the rules say in each file that they cannot tell
        paths = {module.path for module in modules}
    for module in modules:
        yield module, last if module.path in paths else ()


def _about_file(module: Module) -> Iterator[Finding]:
    if module.facts.problem is not None:
        yield file_skipped(module.path, *module.facts.problem)
    for line, reason in problems(module.facts.suppressions):
        yield useless_suppression(module.path, line, reason)
    for line, prefix in named(module.facts.suppressions):
        if not is_known_prefix(prefix):
            reason = f"no rule has a code that starts with '{prefix}'"
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
