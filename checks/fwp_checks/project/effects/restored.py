"""What a setter gave back, handed to it again.

``before = output.redirect(path)``, and later ``output.redirect(before)``: an object that nothing
was set of before has nothing to go back to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.effects.requirements import parameter_of
from fwp_checks.project.meaning.frames import Frame

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_NONE: t.Term = (t.CONST, None)


def is_restored(project: Project, caller: Frame, term: int, callee: Frame, parameter: int) -> bool:
    """Whether what is passed for a parameter is what the callee returned for another call of it:
    the attribute that keeps what was passed before, None at first.
    """
    made = _made(caller, term)
    if made is None or not _keeps(project, callee, parameter):
        return False
    around, call = made
    called = project.calls.outcome(around, call).frames()
    return bool(called) and all(frame.function == callee.function for frame in called)


def _made(frame: Frame, term: int) -> tuple[Frame, int] | None:
    """The call that gave what a variable holds, of this function or of one around it."""
    terms = frame.module.facts.terms
    term = t.unaliased(terms, term)
    around: Frame | None = frame
    if terms[term][0] == t.NAME:
        name = terms[term][1]
        around = frame.parent
        while around is not None and name not in around.scope.bindings:
            around = around.parent
        if around is None:
            return None
        term = t.unaliased(terms, around.scope.bindings[name])
    if around is None or terms[term][0] != t.CALL or not around.scope.is_function:
        return None
    return around, term


def _keeps(project: Project, callee: Frame, parameter: int) -> bool:
    """Whether a method returns an attribute that is None at first, and is assigned nothing but what
    the method is handed for a parameter.
    """
    module, scope_number = callee.module, callee.scope_number
    terms = module.facts.terms
    class_ = project.calls.class_of_method(module, scope_number)
    returned = {t.unaliased(terms, term) for term in callee.scope.returns}
    if class_ is None or len(returned) != 1:
        return False
    entry = terms[returned.pop()]
    if entry[0] != t.ATTR or not module.is_parameter(entry[1], scope_number, 0):
        return False
    is_empty = False
    for number, store in module.methods_writing.get(class_.scope, {}).get(entry[2], ()):
        value = t.unaliased(terms, terms[store][3])
        if terms[value] == _NONE:
            is_empty = True
        elif number != scope_number or parameter_of(terms, value) != parameter:
            return False
    return is_empty
