"""Literals, and members of enumerations, that a function gives to each object which it makes:
``return Source(text, kind=Kind.UNKNOWN)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.effects.compared import literal
from fwp_checks.project.effects.constructed import MOST_STORES, is_attribute_of
from fwp_checks.project.effects.taking import argument_at
from fwp_checks.project.meaning.classes import MODEL, PLAIN_BASES
from fwp_checks.project.meaning.data_classes import is_data_class
from fwp_checks.project.meaning.values import ClassValue, Constant, FunctionValue

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

# Bases that leave a field what it was given.
_PLAIN: frozenset[str] = PLAIN_BASES | {MODEL}
_CHANGING = (
    "__init__",
    "__new__",
    "__post_init__",
    "model_post_init",
    "__setattr__",
    "__getattribute__",
)
# https://docs.pydantic.dev/latest/concepts/validators/
_VALIDATORS = ("field_validator", "model_validator", "validator", "root_validator")
_SETTING = "setattr"


def given(project: Project, frame: Frame, call: int, attribute: str) -> list[Constant] | None:
    """What an attribute may be of the objects that a called function makes; None if unknown."""
    function = project.values.evaluate(frame, frame.module.facts.terms[call][1])
    if not isinstance(function, FunctionValue):
        return None
    module = function.module
    scope = module.facts.scopes[function.scope]
    if scope.is_async or scope.is_generator or not scope.returns:
        return None
    terms = module.facts.terms
    inner = project.frame_of_scope(module, function.scope)
    found = []
    for returned in scope.returns:
        made = t.unaliased(terms, returned)
        if made != returned or terms[made][0] != t.CALL:
            return None
        class_ = project.values.evaluate(inner, terms[made][1])
        if not isinstance(class_, ClassValue) or terms[terms[made][1]][0] == t.PARAM:
            return None
        argument = argument_at(module, made, attribute)
        constant = literal(project, inner, argument) if argument is not None else None
        if constant is None or not _keeps(project, class_, attribute):
            return None
        found.append(constant)
    return found


def _keeps(project: Project, class_: ClassValue, name: str) -> bool:
    """Whether a field of a class's objects stays what it was given by its name: the class is all
    data, and nothing assigns the attribute.
    """
    info = project.classes.info(class_)
    if not info.has_only(_PLAIN) or any(
        project.members.find_in_class(class_, one) is not None for one in _CHANGING
    ):
        return False
    owners = [owner for owner in info.order if isinstance(owner, ClassValue)]
    scopes = {(owner.module, owner.scope) for owner in owners}
    declared = False
    for owner in owners:
        scope = owner.module.facts.scopes[owner.scope]
        if name in scope.bindings:
            return False
        declared = declared or _is_declared(project, owner, name)
    validating = [one for spelt in _VALIDATORS for one in _validated(project, spelt)]
    if not (declared and _is_data(project, class_)) or not scopes.isdisjoint(validating):
        return False
    stores = project.attribute_stores.get(name, [])
    return (
        not _is_set_by_name(project, class_)
        and len(stores) <= MOST_STORES
        and all(
            place.is_test or is_attribute_of(project, class_, place, store) is False
            for place, store in stores
        )
    )


def _is_set_by_name(project: Project, class_: ClassValue) -> bool:
    """Whether the file of a class may set attributes of its objects by ``setattr``; a method of
    another class, or of a derived one, sets those of its own object.
    """
    order = project.classes.info(class_).order
    for module, term in project.call_sites.spelt(_SETTING):
        if module is class_.module:
            arguments = module.facts.terms[term][2]
            number = module.scope_of(term)
            own = project.calls.class_of_method(module, number)
            is_own = bool(arguments) and module.is_parameter(arguments[0], number, 0)
            if own is None or own in order or not is_own:
                return True
    return False


def _is_declared(project: Project, owner: ClassValue, name: str) -> bool:
    """Whether a class declares an attribute to be of a class of the project, and no more."""
    annotation = owner.module.facts.scopes[owner.scope].annotations.get(name, -1)
    around = project.classes.frame_around(owner)
    return annotation >= 0 and isinstance(project.values.evaluate(around, annotation), ClassValue)


def _is_data(project: Project, class_: ClassValue) -> bool:
    return project.classes.derives(class_, MODEL) or is_data_class(project, class_)


def _validated(project: Project, spelt: str) -> list[tuple[object, int]]:
    """The classes that have a validator which is spelt so."""
    return [
        (module, module.facts.scopes[number].parent)
        for module, number, _ in project.call_sites.decorators_spelt(spelt)
    ]
