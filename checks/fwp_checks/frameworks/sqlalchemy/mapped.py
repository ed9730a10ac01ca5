"""The mapped classes of a project, and the relations between them in both directions.

Source: sqlalchemy/orm/relationships.py, orm/decl_base.py and
orm/clsregistry.py of SQLAlchemy 2.1.9, sqlmodel/main.py of SQLModel 0.0.50,
flask_sqlalchemy/model.py of Flask-SQLAlchemy 3.1.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.sqlalchemy import tables
from fwp_checks.frameworks.sqlalchemy.annotations import Annotations
from fwp_checks.frameworks.sqlalchemy.imperative import Mapping, mapped_by, mappings
from fwp_checks.frameworks.sqlalchemy.rows import (
    DYNAMIC,
    EAGER,
    LAZY,
    MAYBE,
    NEVER,
    RAISE,
    WRITE_ONLY,
    text,
)
from fwp_checks.project.meaning.values import (
    Arguments,
    ClassValue,
    Constant,
    External,
    FunctionValue,
    Instance,
    MappingValue,
    Member,
    Unknown,
    Value,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

BASES = ("sqlalchemy.orm.DeclarativeBase", "flask_sqlalchemy.model.Model")
SQLMODEL = "sqlmodel.SQLModel"
PACKAGES = frozenset({"sqlalchemy", "sqlmodel", "flask_sqlalchemy"})
_RELATIONSHIPS = frozenset({"relationship", "relation", "dynamic_loader", "Relationship"})
_LAZY: dict[object, str] = {
    "select": LAZY,
    True: LAZY,
    **dict.fromkeys(("joined", False, "selectin", "subquery", "immediate"), EAGER),
    "raise": RAISE,
    "raise_on_sql": MAYBE,
    "noload": NEVER,
    None: NEVER,
    "dynamic": DYNAMIC,
    "write_only": WRITE_ONLY,
}
_EVALUATED = frozenset(
    {
        *("argument", "lazy", "uselist", "back_populates", "backref", "name", "target_collection"),
        *("sa_relationship_kwargs", "link_model"),
    }
)
_GIVEN = Unknown("an expression of columns")


@dataclass(slots=True, unsafe_hash=True)
class Relation:
    """One attribute of a mapped class that leads to other objects.

    ``target`` is the class it leads to, None where that is not known; ``is_many`` whether it holds
    a collection, None if not known. ``lazy`` is how it is loaded by default. ``inverse`` is the
    name that leads back. ``by_key``: it leads from a foreign key to the one row that it names, so
    an object that is in the session needs no query; ``keys`` are the columns of that.
    ``secondary``: through a table between.
    """

    name: str
    target: ClassValue | None
    is_many: bool | None
    lazy: str = LAZY
    inverse: str = ""
    by_key: bool = False
    secondary: bool = False
    keys: frozenset[str] = frozenset()


class Mappers:
    """Looks mapped classes up; one for each project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._is_mapped: dict[ClassValue, bool] = {}
        self._declared: dict[ClassValue, dict[str, Relation]] = {}
        self._unfinished = 0
        self._knows_accessors = False
        self._relations: dict[tuple[ClassValue, str], Relation | None] = {}
        self._proxies: dict[ClassValue, dict[str, str]] = {}
        self._tables: dict[ClassValue, tables.Table] = {}
        self._annotations = Annotations(project, self.named)

    @classmethod
    def of(cls, project: Project) -> Mappers:
        """Those of a project; made when first asked for."""
        known = project.framework_data.get("sqlalchemy.mappers")
        if known is None:
            known = project.framework_data["sqlalchemy.mappers"] = cls(project)
        assert isinstance(known, cls)
        return known

    # -- classes -----------------------------------------------------------------------------------

    def is_mapped(self, class_: Value | None) -> bool:
        """Whether objects of a class are rows of a table."""
        if not isinstance(class_, ClassValue):
            return False
        known = self._is_mapped.get(class_)
        if known is None:
            known = self._is_mapped[class_] = self._finds_mapping(class_)
        return known

    def _finds_mapping(self, class_: ClassValue) -> bool:
        classes = self._project.classes
        if class_ in self.imperative or any(classes.derives(class_, base) for base in BASES):
            return True
        return classes.derives(class_, SQLMODEL) and any(
            isinstance(owner, ClassValue) and self._keyword(owner, "table") == Constant(True)
            for owner in classes.info(class_).order
        )

    @cached_property
    def imperative(self) -> dict[ClassValue, Mapping]:
        """The classes that calls map."""
        return mappings(self._project)

    def _keyword(self, class_: ClassValue, name: str) -> Value | None:
        for keyword, term in class_.module.facts.scopes[class_.scope].keywords:
            if keyword == name:
                frame = self._project.classes.frame_around(class_)
                return self._project.values.evaluate(frame, term)
        return None

    @cached_property
    def all(self) -> list[ClassValue]:
        """Every mapped class of the project."""
        found = []
        for module in self._project.table.modules:
            for number, scope in enumerate(module.facts.scopes):
                if scope.kind == "class" and (scope.bases or scope.decorators):
                    class_ = ClassValue(module, number)
                    if class_ not in self.imperative and self.is_mapped(class_):
                        found.append(class_)
        return [*found, *self.imperative]

    @cached_property
    def _by_name(self) -> dict[str, list[ClassValue]]:
        found: dict[str, list[ClassValue]] = {}
        for class_ in self.all:
            found.setdefault(class_.name, []).append(class_)
        return found

    def named(self, owner: ClassValue, name: str) -> ClassValue | None:
        """The mapped class that a string in a mapping means; None if several may be meant."""
        module, _, last = name.rpartition(".")
        found = self._by_name.get(last, [])
        if module and len(found) > 1:
            found = [c for c in found if f".{c.module.name}".endswith(f".{module}")]
        if len(found) > 1:
            # Tests and migrations have classes of their own.
            near = [c for c in found if c.module is owner.module]
            found = near or [c for c in found if c.module.is_served]
        return found[0] if len(found) == 1 else None

    def line(self, class_: ClassValue) -> list[ClassValue]:
        """A class and the project classes that it derives from."""
        order = self._project.classes.info(class_).order
        return [owner for owner in order if isinstance(owner, ClassValue)]

    # -- relations ---------------------------------------------------------------------------------

    def relation(self, class_: ClassValue, name: str) -> Relation | None:
        """The relation that an attribute of a mapped class is; a proxy's is the one it goes
        through.
        """
        key = (class_, name)
        if key in self._relations:
            return self._relations[key]
        found = self._find_relation(class_, name)
        if not self._unfinished and self._knows_accessors:
            self._relations[key] = found
        return found

    def _find_relation(self, class_: ClassValue, name: str) -> Relation | None:
        for owner in self.line(class_):
            own = self.declared(owner)
            if name in own:
                return self._inherited(own[name], owner, class_)
            proxied = self._proxies[owner].get(name)
            if proxied is not None and proxied != name:
                return self.relation(class_, proxied)
            if name in owner.module.facts.scopes[owner.scope].bindings:
                return None
        for owner in self.line(class_):
            found = self._accessors.get(owner, {}).get(name)
            if found is not None:
                return found
        return None

    def relations(self, class_: ClassValue) -> Iterator[Relation]:
        """Every relation of a mapped class."""
        for owner in self.line(class_):
            yield from self.declared(owner).values()
            yield from self._accessors.get(owner, {}).values()

    def is_proxy(self, class_: ClassValue, name: str) -> bool:
        """Whether an attribute is a proxy, whose values are not the related objects."""
        for owner in self.line(class_):
            self.declared(owner)
            if name in self._proxies[owner]:
                return True
        return False

    @staticmethod
    def _inherited(relation: Relation, owner: ClassValue, class_: ClassValue) -> Relation:
        return replace(relation, target=class_) if relation.target == owner != class_ else relation

    def declared(self, class_: ClassValue) -> dict[str, Relation]:
        """The relations that a class body itself declares."""
        known = self._declared.get(class_)
        if known is None:
            known = self._declared[class_] = {}
            self._proxies[class_] = {}
            self._unfinished += 1
            try:
                for name, frame, term in self._made(class_):
                    relation = self._of_call(class_, name, frame, term)
                    if relation is not None:
                        known[name] = relation
            finally:
                self._unfinished -= 1
        return known

    def _made(self, class_: ClassValue) -> Iterator[tuple[str, Frame, int]]:
        """What calls make in a class body: name, and where the call stands."""
        facts = class_.module.facts
        frame = self._project.classes.frame_around(class_)
        for name, term in facts.scopes[class_.scope].bindings.items():
            found = self._call_behind(facts.terms, term)
            if found >= 0:
                yield name, frame, found
            elif term >= 0 and facts.terms[term][0] == t.DEFINITION:
                # @declared_attr def author(cls): return relationship(…)
                number = facts.terms[term][1]
                scope = facts.scopes[number]
                if scope.kind == "function" and scope.decorators and len(scope.returns) == 1:
                    found = self._call_behind(facts.terms, scope.returns[0])
                    if found >= 0:
                        yield name, self._project.frame_of_scope(class_.module, number), found
        mapping = self.imperative.get(class_)
        for name, term in mapping.properties if mapping is not None else ():
            assert mapping is not None
            found = self._call_behind(mapping.frame.module.facts.terms, term)
            if found >= 0:
                yield name, mapping.frame, found

    @staticmethod
    def _call_behind(terms: list[t.Term], term: int) -> int:
        while term >= 0 and terms[term][0] in (t.DECLARED, t.ALIAS):
            term = terms[term][1]
        return term if term >= 0 and terms[term][0] == t.CALL else -1

    def function(self, frame: Frame, term: int) -> str:
        """The last name of the library function that a call calls; empty for any other call."""
        function = frame.module.facts.terms[term][1]
        for value in options_of(self._project.values.evaluate(frame, function)):
            if isinstance(value, (External, Member)) and value.name.split(".")[0] in PACKAGES:
                return value.name.rpartition(".")[2]
        return ""

    def _arguments(self, frame: Frame, term: int) -> Arguments:
        """The arguments of a call in a mapping. Of those that name columns only that they are
        given: what these are may depend on the mapping itself.
        """
        _, _, positional, keywords = frame.module.facts.terms[term]
        evaluate = self._project.values.evaluate
        return Arguments(
            tuple([evaluate(frame, argument) for argument in positional[:1]]),
            tuple(
                [
                    (name, evaluate(frame, argument) if name in _EVALUATED else _GIVEN)
                    for name, argument in keywords
                    if name is not None
                ]
            ),
        )

    def _of_call(self, class_: ClassValue, name: str, frame: Frame, term: int) -> Relation | None:
        function = self.function(frame, term)
        arguments = self._arguments(frame, term)
        if function in ("association_proxy", "synonym"):
            keyword = "name" if function == "synonym" else "target_collection"
            proxied = text(arguments.get(0, keyword))
            if proxied is not None:
                self._proxies[class_][name] = proxied
            return None
        if function not in _RELATIONSHIPS:
            return None
        if function == "Relationship":
            arguments = self._of_sqlmodel(arguments)
        annotated = self._annotations.of(class_, name)
        target = (
            self._target(class_, arguments.get(0, "argument"))
            or annotated.target
            or self._mapped_to(frame, term)
        )
        secondary = arguments.get(-1, "secondary") is not None
        lazy = annotated.lazy or (
            DYNAMIC if function == "dynamic_loader" else _how(arguments.get(-1, "lazy"))
        )
        back = self._backref(frame, term, arguments)
        inverse = text(arguments.get(-1, "back_populates")) or (back[0] if back else "")
        relation = Relation(name, target, None, lazy, inverse, secondary=secondary)
        is_many = _flag(arguments.get(-1, "uselist"))
        if is_many is None:
            is_many = annotated.is_many
        return self._directed(class_, relation, is_many, frame, term)

    def _mapped_to(self, frame: Frame, term: int) -> ClassValue | None:
        """The class of the mapper that a relation is given in place of it."""
        given = frame.module.facts.terms[term][2]
        return mapped_by(self._project, frame, given[0]) if given else None

    @staticmethod
    def _of_sqlmodel(arguments: Arguments) -> Arguments:
        """The arguments of ``Relationship`` as those of ``relationship``."""
        keywords = {k: v for k, v in arguments.keywords if k != "sa_relationship_kwargs"}
        more = arguments.get(-1, "sa_relationship_kwargs")
        if isinstance(more, MappingValue):
            keywords.update({key: value for key, value in more.items if isinstance(key, str)})
        elif more is not None:
            keywords["lazy"] = more
        if "link_model" in keywords:
            keywords["secondary"] = keywords["link_model"]
        return Arguments((), tuple(keywords.items()), arguments.complete)

    def _directed(
        self,
        class_: ClassValue,
        relation: Relation,
        is_many: bool | None,
        frame: Frame,
        term: int,
    ) -> Relation:
        """A relation with what its foreign keys say: how many, and whether the key is here."""
        target = relation.target
        if relation.secondary or target is None:
            return replace(
                relation, is_many=relation.secondary or None if is_many is None else is_many
            )
        here, there = self._keys(class_, target), self._keys(target, class_)
        mine, its = self._told(class_, frame, term)
        if target == class_:
            # To itself: the side of the key is told, or it is the other one.
            if is_many is None:
                is_many = not mine
        elif here and there:
            here, there = here & mine, there & its
            if is_many is None and bool(here) is not bool(there):
                is_many = bool(there)
        elif is_many is None and bool(here) is not bool(there):
            is_many = bool(there)
        by_key = is_many is False and (bool(here) or not there)
        keys = here & mine if here & mine else here
        return replace(
            relation, is_many=is_many, by_key=by_key, keys=keys if by_key else frozenset()
        )

    def _told(
        self, class_: ClassValue, frame: Frame, term: int
    ) -> tuple[frozenset[str], frozenset[str]]:
        """The columns in ``foreign_keys=`` or ``remote_side=`` of a relation: those of its own
        class, and those of another.
        """
        terms = frame.module.facts.terms
        mine: set[str] = set()
        its: set[str] = set()
        for keyword, argument in terms[term][3]:
            if keyword in ("foreign_keys", "remote_side"):
                given = terms[argument]
                for item in given[2] if given[0] == t.SEQUENCE else (argument,):
                    for is_own, name in self._column_names(class_, frame.module, item):
                        (mine if is_own else its).add(name)
        return frozenset(mine), frozenset(its)

    def _column_names(
        self, class_: ClassValue, module: Module, term: int
    ) -> Iterator[tuple[bool, str]]:
        facts = module.facts
        entry = facts.terms[term]
        if entry[0] == t.CONST and isinstance(entry[1], str):
            for part in entry[1].strip("[] ").split(","):
                owner, _, name = part.strip().rpartition(".")
                yield owner.rpartition(".")[2] in ("", class_.name), name
        elif entry[0] == t.ATTR:
            base = facts.terms[entry[1]]
            yield base[0] in (t.PARAM, t.CALL) or base == (t.NAME, class_.name), entry[2]
        elif module is class_.module:
            for name, bound in facts.scopes[class_.scope].bindings.items():
                if bound == term or (
                    bound >= 0
                    and facts.terms[bound][0] == t.DECLARED
                    and facts.terms[bound][1] == term
                ):
                    yield True, name

    def _target(self, class_: ClassValue, given: Value | None) -> ClassValue | None:
        if isinstance(given, FunctionValue):
            frame = self._project.frame_of_scope(given.module, given.scope)
            given = self._project.calls.returned(frame)
        if isinstance(given, ClassValue):
            return given
        name = text(given)
        return self.named(class_, name) if name is not None else None

    # -- the other ends ----------------------------------------------------------------------------

    @cached_property
    def _accessors(self) -> dict[ClassValue, dict[str, Relation]]:
        """By the class at the other end: what ``backref=`` leaves on it."""
        found: dict[ClassValue, dict[str, Relation]] = {}
        seen = set()
        for mapped in self.all:
            for class_ in self.line(mapped):
                for name, frame, term in self._made(class_):
                    if (class_, name) in seen or self.function(frame, term) not in _RELATIONSHIPS:
                        continue
                    seen.add((class_, name))
                    arguments = self._project.calls.arguments(frame, frame.module.facts.terms[term])
                    relation = self.declared(class_).get(name)
                    back = self._backref(frame, term, arguments)
                    if back is not None and relation is not None and relation.target is not None:
                        accessor = self._accessor(class_, relation, *back)
                        found.setdefault(relation.target, {})[accessor.name] = accessor
        self._knows_accessors = True
        return found

    def _backref(
        self, frame: Frame, term: int, arguments: Arguments
    ) -> tuple[str, Arguments] | None:
        given = arguments.get(-1, "backref")
        name = text(given)
        if name is not None:
            return name, Arguments()
        for keyword, inner in frame.module.facts.terms[term][3]:
            if keyword == "backref":
                call = self._call_behind(frame.module.facts.terms, inner)
                if call >= 0 and self.function(frame, call) == "backref":
                    inside = self._arguments(frame, call)
                    name = text(inside.get(0, "name"))
                    return (name, inside) if name is not None else None
        return None

    def _accessor(
        self, class_: ClassValue, relation: Relation, name: str, arguments: Arguments
    ) -> Relation:
        is_many = _flag(arguments.get(-1, "uselist"))
        lazy = _how(arguments.get(-1, "lazy"))
        back = Relation(name, class_, is_many, lazy, relation.name, secondary=relation.secondary)
        if relation.secondary:
            return replace(back, is_many=is_many is not False)
        if relation.by_key:
            return replace(back, is_many=is_many is not False)
        keys = self._keys(relation.target, class_) if relation.target and not is_many else ()
        # Of several keys it is not said here by which one.
        only = frozenset(keys if len(keys) == 1 else ())
        return replace(back, is_many=bool(is_many), by_key=not is_many, keys=only)

    def inverse(self, class_: ClassValue, relation: Relation) -> str:
        """The name that leads from the target of a relation back to the one object it came from;
        empty if there is none that needs no query.
        """
        target = relation.target
        if target is None or relation.secondary or relation.by_key:
            return ""
        if relation.inverse:
            return relation.inverse
        back = [
            name
            for owner in self.line(target)
            for name, other in self.declared(owner).items()
            if other.by_key and other.target is not None and other.target in self.line(class_)
        ]
        return back[0] if len(back) == 1 else ""

    # -- tables ------------------------------------------------------------------------------------

    def is_unique(self, class_: ClassValue, name: str) -> bool:
        """Whether no two rows of a class have the same value in a column."""
        for owner in self.line(class_):
            facts = owner.module.facts
            term = facts.scopes[owner.scope].bindings.get(name, -1)
            call = self._call_behind(facts.terms, term)
            for keyword, value in facts.terms[call][3] if call >= 0 else ():
                if keyword in ("primary_key", "unique") and facts.terms[value] == (t.CONST, True):
                    return True
        return False

    def _keys(self, class_: ClassValue, target: ClassValue) -> frozenset[str]:
        """The columns of one class whose foreign key names the table of the other."""
        others = self.line(target)
        return frozenset(
            column
            for owner in self.line(class_)
            for column, named in self._table(owner).references
            if named in others or any(self._table(other).is_called(named) for other in others)
        )

    def _table(self, class_: ClassValue) -> tables.Table:
        known = self._tables.get(class_)
        if known is None:
            mapping = self.imperative.get(class_)
            known = self._tables[class_] = (
                tables.find(self._project, class_)
                if mapping is None
                else tables.made(self._project, class_, mapping)
            )
        return known


def _how(value: Value | None) -> str:
    if value is None:
        return LAZY
    return _LAZY.get(value.value, MAYBE) if isinstance(value, Constant) else MAYBE


def _flag(value: Value | None) -> bool | None:
    return value.value if isinstance(value, Constant) and isinstance(value.value, bool) else None


def class_of(instance: Instance) -> ClassValue | None:
    """The project class of an object."""
    return instance.class_ if isinstance(instance.class_, ClassValue) else None
