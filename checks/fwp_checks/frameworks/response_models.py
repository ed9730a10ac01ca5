"""Pydantic models that are filled from objects: each field reads the attribute of its name.

FastAPI fills the response model of an endpoint from whatever it returns, relations included, before
anything is left out of the answer; elsewhere ``model_validate``, ``from_orm`` and models nested in
a constructor do. Source: fastapi/routing.py (serialize_response) of FastAPI 0.165.0 and
https://docs.pydantic.dev/latest/concepts/models/#arbitrary-class-instances
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.base import Framework
from fwp_checks.project.meaning.origins import Place, consumed_at
from fwp_checks.project.meaning.outcome import Outcome, Run, RunExternal
from fwp_checks.project.meaning.values import (
    Arguments,
    Awaitable,
    ClassValue,
    Constant,
    Generator,
    Instance,
    Iterable,
    MappingValue,
    Unknown,
    Value,
    options_of,
    without_none,
)
from fwp_checks.project.rows.needs import Consumer, Touch

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame
    from fwp_checks.project.meaning.sites import Decoration

_BASES = ("pydantic.BaseModel", "sqlmodel.SQLModel")
_ROUTERS = ("fastapi.FastAPI", "fastapi.APIRouter")
_METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "trace", "api_route")
_ROUTES = frozenset(f"{router}.{method}" for router in _ROUTERS for method in _METHODS)
_READING = frozenset({"model_validate", "from_orm"})
_NO_FIELDS = frozenset({"model_config", "Config", "model_fields"})
# How deep models in models are followed, and how deep in a single object lists count.
_MAX_DEPTH = 3
_MAX_DEPTH_OF_LISTS = 1


@dataclass(slots=True, unsafe_hash=True)
class ModelField:
    """A field of a model: the attribute that fills it, and what it then holds.

    ``has_models``: that is, or has in it, models that are filled in turn.
    """

    reads: str
    holds: Value
    has_models: bool
    module: Module
    term: int


class Models:
    """Reads the models of one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._is_model: dict[ClassValue, bool] = {}
        self._fields: dict[ClassValue, tuple[ModelField, ...]] = {}

    @classmethod
    def of(cls, project: Project) -> Models:
        """Those of a project; made when first asked for."""
        known = project.framework_data.get("response_models")
        if known is None:
            known = project.framework_data["response_models"] = cls(project)
        assert isinstance(known, cls)
        return known

    def is_model(self, class_: Value) -> bool:
        """Whether a class is a model that holds data, not a table of its own."""
        if not isinstance(class_, ClassValue):
            return False
        known = self._is_model.get(class_)
        if known is None:
            known = self._find_model(class_)
            if self._project.classes.is_settled(class_):
                self._is_model[class_] = known
        return known

    def _find_model(self, class_: ClassValue) -> bool:
        classes = self._project.classes
        if not any(classes.derives(class_, base) for base in _BASES):
            return False
        return not any(
            keyword == "table"
            for owner in classes.info(class_).order
            if isinstance(owner, ClassValue)
            for keyword, _ in owner.module.facts.scopes[owner.scope].keywords
        )

    def fields(self, class_: ClassValue) -> tuple[ModelField, ...]:
        """The fields of a model; none if it makes something else of an object before reading it."""
        known = self._fields.get(class_)
        if known is None:
            self._fields[class_] = ()
            known = self._fields[class_] = tuple(self._find_fields(class_))
        return known

    def _find_fields(self, class_: ClassValue) -> Iterator[ModelField]:
        seen = set(_NO_FIELDS)
        for owner in self._project.classes.info(class_).order:
            if not isinstance(owner, ClassValue):
                continue
            scope = owner.module.facts.scopes[owner.scope]
            frame = self._project.classes.frame_around(owner)
            if self._prepares(owner):
                return
            places = _places(owner)
            for name, term in scope.annotations.items():
                if name in seen or name.startswith("_"):
                    continue
                seen.add(name)
                reads = self._attribute(frame, name, scope.bindings.get(name, -1))
                if reads is not None:
                    holds = self._project.types.annotation(frame, term)
                    place = places.get(name, term)
                    yield ModelField(reads, holds, self._has_models(holds), owner.module, place)

    def _has_models(self, holds: Value) -> bool:
        for declared in options_of(without_none(holds)):
            if isinstance(declared, Iterable):
                has = self._has_models(declared.element)
            elif isinstance(declared, MappingValue):
                has = self._has_models(declared.value)
            else:
                class_ = declared.class_ if isinstance(declared, Instance) else None
                has = isinstance(class_, ClassValue) and self.is_model(class_)
            if has:
                return True
        return False

    def _prepares(self, owner: ClassValue) -> bool:
        """Whether a validator sees the object before its attributes are read."""
        facts = owner.module.facts
        for term in facts.scopes[owner.scope].bindings.values():
            entry = facts.terms[term] if term >= 0 else (t.UNKNOWN,)
            decorators = facts.scopes[entry[1]].decorators if entry[0] == t.DEFINITION else ()
            for decorator in decorators:
                made = facts.terms[decorator]
                if made[0] == t.CALL and _last_name(facts.terms[made[1]]) in (
                    "model_validator",
                    "root_validator",
                ):
                    given = dict(made[3])
                    if {"mode", "pre"} & set(given) and not _is_after(facts.terms, given):
                        return True
        return False

    def _attribute(self, frame: Frame, name: str, term: int) -> str | None:
        """The attribute that fills a field: its alias, if it has one."""
        terms = frame.module.facts.terms
        while term >= 0 and terms[term][0] in (t.DECLARED, t.ALIAS):
            term = terms[term][1]
        if term < 0 or terms[term][0] != t.CALL or _last_name(terms[terms[term][1]]) != "Field":
            return name
        given = dict(terms[term][3])
        alias = given.get("validation_alias", given.get("alias"))
        if alias is None:
            return name
        entry = terms[alias]
        return entry[1] if entry[0] == t.CONST and isinstance(entry[1], str) else None

    def reads_attributes(self, class_: ClassValue) -> bool:
        """Whether a model says of itself that objects may fill it."""
        if self._project.classes.derives(class_, "sqlmodel.SQLModel"):
            return True
        for owner in self._project.classes.info(class_).order:
            if isinstance(owner, ClassValue):
                facts = owner.module.facts
                bindings = facts.scopes[owner.scope].bindings
                if self._says(facts.terms, bindings.get("model_config", -1)):
                    return True
                config = bindings.get("Config", -1)
                entry = facts.terms[config] if config >= 0 else (t.UNKNOWN,)
                if entry[0] == t.DEFINITION:
                    inner = facts.scopes[entry[1]].bindings
                    if "orm_mode" in inner or "from_attributes" in inner:
                        return True
        return False

    @staticmethod
    def _says(terms: list[t.Term], term: int) -> bool:
        while term >= 0 and terms[term][0] in (t.DECLARED, t.ALIAS):
            term = terms[term][1]
        entry = terms[term] if term >= 0 else (t.UNKNOWN,)
        if entry[0] == t.CALL:
            return any(name == "from_attributes" for name, _ in entry[3])
        if entry[0] == t.MAPPING:
            return any(terms[key] == (t.CONST, "from_attributes") for key, _ in entry[1])
        return False


def _places(class_: ClassValue) -> dict[str, int]:
    """The terms of the fields that a class body declares. (An annotation by a mere name stands
    where that is bound.)
    """
    facts = class_.module.facts
    scope = facts.scopes[class_.scope]
    declared = [
        term for term in range(scope.start, scope.end) if facts.terms[term][0] == t.DECLARED
    ]
    found = {}
    for name, annotation in scope.annotations.items():
        for term in declared:
            if facts.terms[term][2] == annotation:
                found[name] = term
                declared.remove(term)
                break
    return found


def _last_name(entry: t.Term) -> str:
    return str(entry[2] or "") if entry[0] in (t.ATTR, t.IMPORT) else str(entry[1])


def _is_after(terms: list[t.Term], given: dict[str | None, int]) -> bool:
    return "mode" in given and terms[given["mode"]] == (t.CONST, "after")


class Filling:
    """Follows a model, or a list of models, over what fills it. Read ``touches`` afterwards.

    ``place`` is where the objects of the lists are gone through; ``lists_of_one``: those that are
    relations of a single object, too. ``by`` is the function whose results fill it.
    """

    def __init__(
        self, project: Project, place: Place, *, lists_of_one: bool, by: Frame | None = None
    ) -> None:
        self.touches: list[Touch] = []
        self._by = by
        self._deepest = _MAX_DEPTH_OF_LISTS if lists_of_one else 0
        self._project = project
        self._models = Models.of(project)
        self._place = place
        self._open: list[tuple[Value, ClassValue]] = []

    def fill(self, holds: Value, value: Value) -> None:
        """Note what is read so that ``value`` becomes what an annotation declares."""
        given = without_none(value)
        for declared in options_of(without_none(holds)):
            if isinstance(declared, Iterable):
                self._each(declared.element, given)
            elif isinstance(declared, MappingValue) and isinstance(given, MappingValue):
                self.fill(declared.value, given.value)
            elif isinstance(declared, Instance) and isinstance(declared.class_, ClassValue):
                if self._models.is_model(declared.class_):
                    for option in options_of(given):
                        self._model(declared.class_, option)

    def _each(self, element: Value, value: Value) -> None:
        for option in options_of(value):
            if isinstance(option, (Iterable, Generator, Instance)):
                row = self._project.protocols.element(option)
                if not isinstance(row, Unknown):
                    if len(self._open) <= self._deepest:
                        row = consumed_at(row, self._place.path, self._place.term)
                    self.fill(element, row)

    def _model(self, class_: ClassValue, value: Value) -> None:
        if isinstance(value, MappingValue):
            held = {key: item for key, item in value.items if isinstance(key, str)}
            for field in self._models.fields(class_):
                if field.reads in held:
                    self.fill(field.holds, held[field.reads])
            return
        if not isinstance(value, Instance) or not isinstance(value.class_, ClassValue):
            return
        if (value, class_) in self._open or len(self._open) >= _MAX_DEPTH:
            return
        if self._models.is_model(value.class_):
            return  # filled already
        self._open.append((value, class_))
        for field in self._models.fields(class_):
            alternatives = self._project.protocols.reading(value, field.reads)
            kept = tuple(self._effective(alternative) for alternative in alternatives)
            if any(kept):
                self.touches.append(Touch(kept, field.module, field.term))
            if field.has_models:
                self.fill(field.holds, self._project.members.attribute(value, field.reads))
        self._open.pop()

    def _effective(self, alternative: tuple[Run, ...] | None) -> tuple[Run, ...] | None:
        return alternative and tuple([run for run in alternative if self._is_effective(run)])

    def _is_effective(self, run: Run) -> bool:
        if not isinstance(run, RunExternal):
            return True
        if not self._project.catalogue.effects(run.name):
            return False
        by = self._by
        return by is None or not self._project.frameworks.is_loaded(by, by.scope.end, run)

    @property
    def runs(self) -> tuple[Run, ...]:
        """What all of it runs for sure."""
        sure = [touch.alternatives for touch in self.touches if len(touch.alternatives) == 1]
        return tuple([run for alternatives in sure for run in alternatives[0] or ()])


class ResponseModels(Framework):
    """Hooks for Pydantic, and for FastAPI's use of it."""

    name = "Pydantic"
    modules = frozenset({"pydantic", "sqlmodel", "fastapi"})
    running = _READING

    def call(
        self, project: Project, name: str, arguments: Arguments, receiver: Value | None
    ) -> Outcome | None:
        """``Model.model_validate(row)`` reads the attributes of the row."""
        if name.rpartition(".")[2] not in _READING or not isinstance(receiver, ClassValue):
            return None
        given = arguments.get(0, "obj")
        if given is None or arguments.site is None or not Models.of(project).is_model(receiver):
            return None
        filling = Filling(project, Place(*arguments.site), lists_of_one=False)
        filling.fill(Instance(receiver), given)
        runs = (RunExternal(name, arguments, receiver), *filling.runs)
        return Outcome((runs,), Instance(receiver))

    def construct(
        self, project: Project, class_: ClassValue, arguments: Arguments
    ) -> Outcome | None:
        """``Page(items=rows)`` fills models of the items, if objects may fill them."""
        models = Models.of(project)
        if not arguments.is_named or arguments.site is None or not models.is_model(class_):
            return None
        if project.members.find_in_class(class_, "__init__") is not None:
            return None
        filling = Filling(project, Place(*arguments.site), lists_of_one=False)
        for field in models.fields(class_):
            if _may_be_filled(models, field.holds):
                given = arguments.named(field.reads)
                if given is not None:
                    filling.fill(field.holds, given)
        return Outcome((filling.runs,), Instance(class_)) if filling.runs else None

    def consumers(self, project: Project, modules: Container[Module]) -> Iterator[Consumer]:
        """The response models of endpoints."""
        for decoration in project.call_sites.decorated(_ROUTES):
            if decoration.around.module not in modules:
                continue
            frame = project.calls.unbound_frame(decoration.around, decoration.scope_number)
            declared = _declared(project, decoration, frame)
            if declared is None:
                continue
            place = Place(decoration.around.module.path, decoration.term)
            filling = Filling(project, place, lists_of_one=True, by=frame)
            for term in project.branches.returns(frame, frame.scope.returns):
                value = project.assignments.used(frame, term, frame.scope.end)
                filling.fill(declared, value.result if isinstance(value, Awaitable) else value)
            if filling.touches:
                module = decoration.around.module
                touches = tuple(filling.touches)
                yield Consumer(
                    place, "response", frame.name, module, decoration.term, touches=touches
                )


def _may_be_filled(models: Models, holds: Value) -> bool:
    """Whether an annotation names a model that objects may fill."""
    for option in options_of(without_none(holds)):
        if isinstance(option, Iterable) and _may_be_filled(models, option.element):
            return True
        if isinstance(option, Instance) and isinstance(option.class_, ClassValue):
            if models.is_model(option.class_) and models.reads_attributes(option.class_):
                return True
    return False


def _declared(project: Project, decoration: Decoration, frame: Frame) -> Value | None:
    """What an endpoint answers with: its ``response_model``, else its return annotation."""
    around = decoration.around
    entry = around.module.facts.terms[decoration.term]
    for keyword, term in entry[3] if entry[0] == t.CALL else ():
        if keyword == "response_model":
            if project.values.evaluate(around, term) == Constant(None):
                return None
            return project.types.annotation(around, term)
    annotation = frame.scope.returns_annotation
    if annotation < 0:
        return None
    return project.types.annotation(frame.parent or frame, annotation)


FRAMEWORK = ResponseModels()
