"""What ``__getattr__`` of an object, or of a module, takes from something else under the name that
it is asked for: ``def __getattr__(self, name): return getattr(settings, name)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.meaning.values import (
    Arguments,
    ClassValue,
    Constant,
    External,
    FunctionValue,
    ModuleValue,
    Value,
    is_informative,
    join,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_READING = External("builtins.getattr")


def given_by(project: Project, getter: Value | None, name: str) -> Value | None:
    """What a module's ``__getattr__`` gives: a class or function of that name, or what something
    else has, https://peps.python.org/pep-0562/
    """
    if not isinstance(getter, FunctionValue) or name.startswith("__"):
        return None
    given = project.calls.invoke(getter, Arguments((Constant(name),))).result
    named = [
        option
        for option in options_of(given)
        if isinstance(option, (ClassValue, FunctionValue))
        and option.module.facts.scopes[option.scope].name == name
    ]
    return named[0] if len(named) == 1 else handed_on(project, getter, name)


def handed_on(project: Project, getter: Value | None, name: str) -> Value | None:
    """The attribute of this name of the modules, or objects of libraries, to one of which the
    method hands each question on; None if it does anything else.
    """
    if not isinstance(getter, FunctionValue) or name.startswith("__"):
        return None
    module = getter.module
    scope = module.facts.scopes[getter.scope]
    frame = project.frame_of_scope(module, getter.scope)
    terms = module.facts.terms
    asked = (t.PARAM, len(scope.parameters) - 1)
    found: list[Value] = []
    for term in scope.returns:
        entry = terms[t.unaliased(terms, term)]
        if entry[0] != t.CALL or len(entry[2]) != 2 or entry[3]:
            return None
        if terms[t.unaliased(terms, entry[2][1])] != asked:
            return None
        if project.values.evaluate(frame, entry[1]) != _READING:
            return None
        held = project.values.evaluate(frame, entry[2][0])
        if not isinstance(held, (External, ModuleValue)):
            return None
        value = project.members.attribute(held, name)
        if is_informative(value):
            found.append(value)
    return join(found) if found else None
