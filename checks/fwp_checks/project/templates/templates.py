"""Templates: what their names hold, which other code they run, and which templates run together.

A template runs in a frame whose one argument is its context, a :class:`TemplateContext`. Blocks of
a template that extends another one take the place of the blocks of the same name further up; a
frame finds them in its context, too. Files are read when some code first names them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Protocol

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import ModuleFacts
from fwp_checks.facts.templates import BODY, CONTEXT, Language
from fwp_checks.project.files.discovery import is_template_folder
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.origins import Place, origin_of, with_origin
from fwp_checks.project.meaning.outcome import Alternative, Outcome, RunFrame
from fwp_checks.project.meaning.values import (
    Constant,
    Instance,
    TupleValue,
    Unknown,
    Value,
    options_of,
    without_none,
)
from fwp_checks.project.meaning.values import Iterable as IterableValue
from fwp_checks.project.rows.needs import Showing
from fwp_checks.project.templates import nodes
from fwp_checks.project.templates.common_blocks import CommonBlocks
from fwp_checks.project.templates.context_reads import ContextReads
from fwp_checks.project.templates.lookups import (
    NO_BLOCKS,
    Blocks,
    Lookups,
    Spot,
    TemplateContext,
    block_name,
)
from fwp_checks.project.templates.twins import Twins

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_TEXT = Instance("builtins.str")
_MAX_CHAIN = 12
_MAX_OPTIONS = 8


class Recalled(NamedTuple):
    """A template that was read, as plain data: the name and the language in which it was asked for
    first.
    """

    path: str
    name: str
    language: str


class Reading(NamedTuple):
    """The templates that were read, as plain data; ``made`` is what the files made for that."""

    templates: tuple[Recalled, ...]
    made: Mapping[str, bytes]


class TemplateFiles(Protocol):
    """The template files of a project."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Paths of all files that may be templates, in order."""

    @property
    def made(self) -> Mapping[str, bytes]:
        """What was made to load some, as plain data."""

    def load(self, path: str, language: Language) -> ModuleFacts:
        """The facts of one of them."""

    def take(self, made: Mapping[str, bytes]) -> None:
        """Use what another process has made."""

    def save(self) -> None:
        """Keep what was made for the next time."""


class NoTemplates:
    """A project without templates."""

    paths: tuple[str, ...] = ()

    @property
    def made(self) -> Mapping[str, bytes]:
        """Nothing."""
        return {}

    def load(self, path: str, language: Language) -> ModuleFacts:
        """Nothing can be asked for."""
        raise KeyError(path)

    def take(self, made: Mapping[str, bytes]) -> None:
        """Nothing was made."""

    def save(self) -> None:
        """Nothing was made."""


class Template(Module):
    """A template of the project. ``template_name`` is what code calls it by."""

    is_template = True

    def __init__(
        self, path: str, facts: ModuleFacts, template_name: str, language: Language
    ) -> None:
        super().__init__(path, (), facts)
        self.template_name = template_name
        self.language = language

    @cached_property
    def blocks(self) -> tuple[tuple[str, Spot], ...]:
        """The names of its blocks, and where they stand."""
        spots = [(self, number) for number in range(len(self.facts.scopes))]
        return tuple([(name, spot) for spot in spots if (name := block_name(spot)) is not None])

    def spelt(self, term: int) -> str:
        """What is read at a term, as people write it: ``article.tags.all``."""
        terms = self.facts.terms
        names: list[str] = []
        while terms[term][0] in (t.LOOKUP, t.CALL, t.ALIAS):
            entry = terms[term]
            if entry[0] == t.LOOKUP:
                names.append(entry[2])
            term = entry[1]
        if terms[term][0] not in (t.PARAM, t.NAME):
            names.append("…")
        return ".".join(reversed(names))


@dataclass(slots=True, unsafe_hash=True)
class Named(Value):
    """An object that stands for a template: what ``get_template("x.html")`` gives."""

    name: Value
    language: Language


@dataclass(slots=True, unsafe_hash=True)
class Exports(Value):
    """What ``{% import "x" as m %}`` binds: the names that the template binds in this frame."""

    frame: Frame


class Templates:
    """The templates of one project."""

    def __init__(self, project: Project, files: TemplateFiles) -> None:
        self._project = project
        self._files = files
        self._by_name: dict[str, list[str]] | None = None
        self._loaded: dict[str, Template] = {}
        self._known_blocks: dict[tuple[Template, ...], Blocks] = {}
        self._given: dict[tuple[str, Value], tuple[str, Value]] = {}
        self._reads = ContextReads(project, self.find)
        self.lookups = Lookups(project)
        self.twins = Twins(project, self._reads)
        self._common = CommonBlocks(project, self._reads, self._frame)

    # -- files -------------------------------------------------------------------------------------

    @property
    def paths(self) -> tuple[str, ...]:
        """All files that may be templates, read or not."""
        return self._files.paths

    @property
    def loaded(self) -> list[Template]:
        """The templates that were read, by path."""
        return [self._loaded[path] for path in sorted(self._loaded)]

    @property
    def read(self) -> Reading:
        """The templates that were read, for :meth:`recall`."""
        recalled = [
            Recalled(one.path, one.template_name, one.language.value) for one in self.loaded
        ]
        return Reading(tuple(recalled), self._files.made)

    def recall(self, reading: Reading) -> None:
        """Read what was read where the project was evaluated in another process."""
        self._files.take(reading.made)
        for path, name, language in reading.templates:
            self._load(path, name, Language(language))

    def save(self) -> None:
        """Keep what was read of the files for the next time."""
        self._files.save()

    def find(self, name: str, language: Language, beside: Module | None = None) -> Template | None:
        """The template of this name; None if there is none, or several that differ.

        ``beside``: the template that names it, from which names with a leading dot start; or the
        code, whose own folder of templates comes first where each application has its own.
        """
        if name.startswith(("./", "../")):
            if not isinstance(beside, Template):
                return None
            name = _relative(beside.template_name, name)
        name = name.lstrip("/")
        paths = self._names.get(name) or self._ending_in(name)
        if len(paths) > 1 and language is Language.JINJA and beside is not None:
            own = [path for path in paths if _is_own(path, name, beside.path)]
            paths = own if len(own) == 1 else paths
        templates = [self._load(path, name, language) for path in paths[:_MAX_OPTIONS]]
        if not templates:
            return None
        first = templates[0]
        if first.facts.problem is not None or len(paths) > _MAX_OPTIONS:
            return None
        return first if all(_is_same(first, other) for other in templates[1:]) else None

    def is_given(self, name: str) -> bool:
        """Whether the project has a template of this name, which comes before a library's."""
        return name in self._names

    @property
    def _names(self) -> dict[str, list[str]]:
        if self._by_name is None:
            self._by_name = {}
            for path in self._files.paths:
                for name in template_names(path):
                    self._by_name.setdefault(name, []).append(path)
        return self._by_name

    def _ending_in(self, name: str) -> list[str]:
        """The only template whose path ends like this: settings may name folders of any name."""
        found = [path for path in self._by_file.get(_file(name), ()) if path.endswith(f"/{name}")]
        return found if len(found) == 1 else []

    @cached_property
    def _by_file(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path in self._files.paths:
            found.setdefault(_file(path), []).append(path)
        return found

    def _load(self, path: str, name: str, language: Language) -> Template:
        known = self._loaded.get(path)
        if known is None:
            if path.endswith((".jinja", ".jinja2", ".j2")) or "jinja2" in path.split("/"):
                language = Language.JINJA
            facts = self._files.load(path, language)
            if facts.problem is not None and language is Language.DJANGO:
                # Django has a backend for Jinja, whose templates may lie in any folder.
                other = self._files.load(path, Language.JINJA)
                if other.problem is None:
                    facts, language = other, Language.JINJA
            known = self._loaded[path] = Template(path, facts, name, language)
            if len(facts.scopes) > BODY:
                # What people call a template by.
                facts.scopes[BODY].name = name
            self._project.table.by_path.setdefault(path, known)
        return known

    def consumer(self, place: Place) -> Showing | None:
        """The template that goes through rows at a place; None if it lies in other code."""
        module = self._project.table.by_path.get(place.path)
        if not isinstance(module, Template):
            return None
        whole = Place(module.path, 0)
        return Showing(whole, "template", label_of(module.template_name), module.path, 0)

    # -- rendering ---------------------------------------------------------------------------------

    def named(
        self, name: Value, language: Language, beside: Module | None
    ) -> Iterator[Template | None]:
        """The templates that a value names: a text, a list of which the first one there is counts,
        or a template object. None for one that is not known.
        """
        for option in options_of(without_none(name)):
            if isinstance(option, Named):
                yield from self.named(option.name, option.language, beside)
            elif isinstance(option, Constant) and isinstance(option.value, str):
                yield self.find(option.value, language, beside)
            elif isinstance(option, TupleValue):
                found = [t for item in option.items for t in self.named(item, language, beside)]
                yield next((template for template in found if template is not None), None)
            elif isinstance(option, IterableValue):
                # The options of a list's elements are in the order of the list.
                found = list(self.named(option.element, language, beside))
                literal = all(isinstance(each, Constant) for each in options_of(option.element))
                known = [template for template in found if template is not None]
                yield known[0] if literal and known else None
            else:
                yield None

    def rendering(
        self,
        name: Value,
        language: Language,
        names: dict[str, Value],
        beside: Module | None = None,
        place: Place | None = None,
    ) -> tuple[Alternative, ...]:
        """What rendering the template that a value names runs, an entry for each that it may be.

        ``place`` is where that is asked for.
        """
        alternatives: list[Alternative] = []
        for template in self.named(name, language, beside):
            if template is None:
                alternatives.append(None)
            else:
                frames = self.frames(template, names, place)
                alternatives.append(tuple([RunFrame(frame) for frame in frames]))
        return tuple(alternatives)

    def frames(
        self, template: Template, names: dict[str, Value], place: Place | None
    ) -> tuple[Frame, ...]:
        """The frames that rendering a template with a context runs: one, or where it extends a
        template that is not known, one for each of its blocks.
        """
        chain = [template]
        known = dict(names)
        while len(chain) < _MAX_CHAIN:
            context = self._context(template, known, NO_BLOCKS, place)
            frame = self._frame(chain[-1], BODY, context)
            parents = self._extended(frame)
            left = self._left(frame)
            if left:
                known = left | known
            if parents is None:
                blocks = self._blocks(chain)
                if left or blocks.places:
                    context = self._context(template, known, blocks, place)
                    frame = self._frame(chain[-1], BODY, context)
                return (frame,)
            if chain[-1].language is Language.JINJA:
                # What a child sets and imports outside of blocks, its blocks see.
                for name, term in frame.scope.bindings.items():
                    if name != CONTEXT:
                        known[name] = self._project.values.evaluate(frame, term)
            if len(parents) != 1 or parents[0] is None or parents[0] in chain:
                break
            chain.append(parents[0])
        context = self._context(template, known, self._blocks(chain), place)
        outer = self._outer_blocks(chain)
        return tuple(
            [
                self._frame(*places[0], context)
                for name, places in context.blocks.places
                if name in outer
            ]
        )

    def _left(self, frame: Frame) -> dict[str, Value]:
        """What tags of a template leave in its context under names of their own choice."""
        found: dict[str, Value] = {}
        for entry, tag in self._project.tags.leaving_in(frame.module):
            context = tag.context(self.visible(frame, entry[3]).items())
            is_node = tag.kind == "node"
            found.update(nodes.left(self._project, frame, entry[2], tag.function, context, is_node))
        return found

    def _frame(self, module: Module, scope: int, context: TemplateContext) -> Frame:
        project = self._project
        return project.frames.get(module, scope, project.module_frame(module), (context,))

    def _extended(self, frame: Frame) -> list[Template | None] | None:
        """The templates that the template of a frame may extend; None if it extends none."""
        terms = frame.module.facts.terms
        last = frame.scope.end - 1
        if last < 0 or terms[last][:2] != (t.RENDER, "extends"):
            return None
        name = self._project.values.evaluate(frame, terms[last][2])
        template = frame.module
        assert isinstance(template, Template)
        return list(self.named(name, template.language, template))

    def _context(
        self,
        template: Template,
        names: dict[str, Value],
        blocks: Blocks,
        place: Place | None,
    ) -> TemplateContext:
        reads = self._reads.of(template)
        kept = []
        for given in names.items():
            if reads.everything or given[0] in reads.names:
                # Most of what a template is given, many others are given, too. (1 equals True.)
                is_alike = type(given[1]) is not Constant
                kept.append(self._given.setdefault(given, given) if is_alike else given)
        return TemplateContext(tuple(kept), blocks, place)

    def _blocks(self, chain: list[Template]) -> Blocks:
        """The blocks of a template, the one that it extends, and so on."""
        key = tuple(chain)
        known = self._known_blocks.get(key)
        if known is None:
            found: dict[str, list[Spot]] = {}
            for module in chain:
                for name, spot in module.blocks:
                    found.setdefault(name, []).append(spot)
            places = tuple([(name, tuple(spots)) for name, spots in found.items()])
            known = self._known_blocks[key] = Blocks(places)
        return known

    @staticmethod
    def _outer_blocks(chain: list[Template]) -> set[str | None]:
        """The blocks that stand in no other block."""
        found: set[str | None] = set()
        for module in chain:
            body = module.facts.scopes[BODY]
            for term in module.of_kind(t.RENDER):
                entry = module.facts.terms[term]
                if entry[1] == "block" and body.start <= term < body.end:
                    found.add(block_name((module, module.facts.terms[entry[2]][1])))
        return found

    # -- terms -------------------------------------------------------------------------------------

    def looked_up(self, base: Value, name: str, is_called: bool) -> Outcome:
        """What a template reads as ``base.name``, and what that runs."""
        if isinstance(base, Exports):
            term = base.frame.scope.bindings.get(name, -1)
            if term < 0:
                return Outcome.unknown(f"the template binds no '{name}'")
            return Outcome.nothing(self._project.values.evaluate(base.frame, term))
        return self.lookups.outcome(base, name, is_called)

    def rendered(self, frame: Frame, entry: t.Term) -> Outcome:
        """What a RENDER term gives and runs."""
        what, operand = entry[1], entry[2]
        if what == "block":
            return Outcome((self._block(frame, operand, entry[3]),), _TEXT)
        if what == "super":
            return Outcome((self._super_block(frame),), _TEXT)
        if what == "include":
            names = self.visible(frame, entry[3], is_alone=entry[4])
            value = self._project.values.evaluate(frame, operand)
            language = _language_of(frame)
            place = self._rendered_at(frame)
            return Outcome(self.rendering(value, language, names, frame.module, place), _TEXT)
        if what == "import":
            return Outcome.nothing(self._imported(frame, entry))
        if what == "tag":
            return self._project.tags.shown(frame, entry)
        return Outcome.nothing(_TEXT)

    def context_of(self, frame: Frame) -> TemplateContext | None:
        """The context that code of a template runs with; None if it is not known."""
        current: Frame | None = frame
        while current is not None:
            context = current.arguments[0] if current.arguments else None
            if isinstance(context, TemplateContext):
                return context
            current = current.parent
        return None

    def _rendered_at(self, frame: Frame) -> Place | None:
        context = self.context_of(frame)
        return context.rendered if context is not None else None

    def built(self, frame: Frame, term: int, value: Value) -> Value:
        """What a template reads, which may be a query that begins there: nothing can be added to
        it in the template, so it counts as built where that is rendered.
        """
        if isinstance(value, IterableValue):
            return replace(value, element=self.built(frame, term, value.element))
        origin = origin_of(value)
        if origin is None or origin.consumed is not None or not isinstance(value, Instance):
            return value
        before = self._begun(frame, term)
        if origin.built is not None and before is None:
            return value
        here = Place(frame.module.path, term)
        place = self._rendered_at(frame) or here
        self.twins.note_place(frame)
        is_given = isinstance(self._asked(frame, term), TemplateContext)
        made = origin.made if is_given else before or here
        return with_origin(value, replace(origin, built=place, made=made, also=()))

    def _begun(self, frame: Frame, term: int) -> Place | None:
        """Where in a template the query, or the manager, begins that a term asks something of."""
        origin = origin_of(self._asked(frame, term))
        made = origin.made if origin is not None and origin.consumed is None else None
        by_path = self._project.table.by_path
        return made if made is not None and by_path[made.path].is_template else None

    def _asked(self, frame: Frame, term: int) -> Value:
        """What something is read from, or the object of a method that is called."""
        terms = frame.module.facts.terms
        asked = terms[term][1]
        if terms[term][0] == t.CALL:
            if terms[asked][0] != t.LOOKUP:
                return _TEXT
            asked = terms[asked][1]
        return self._project.values.evaluate(frame, asked)

    def visible(
        self, frame: Frame, bound: tuple[tuple[str, int], ...], *, is_alone: bool = False
    ) -> dict[str, Value]:
        """The names of the context, unless ``is_alone``, and those that are bound besides."""
        context = self.context_of(frame)
        names = dict(context.names) if context is not None and not is_alone else {}
        for name, term in bound:
            names[name] = self._project.values.evaluate(frame, term)
        return names

    def _block(self, frame: Frame, own: int, visible: tuple[tuple[str, int], ...]) -> Alternative:
        context = self.context_of(frame)
        if context is None:
            return None
        spot = context.blocks.shown_at((frame.module, frame.module.facts.terms[own][1]))
        bound = {name: self._project.values.evaluate(frame, term) for name, term in visible}
        if bound:
            names = tuple((dict(context.names) | bound).items())
            context = replace(context, names=names)
        return (RunFrame(self._common.frame(spot, context)),)

    def _super_block(self, frame: Frame) -> Alternative:
        context = self.context_of(frame)
        if context is None:
            return None
        behind = context.blocks.behind((frame.module, frame.scope_number))
        if behind is None:
            return None
        return tuple([RunFrame(self._common.frame(spot, context)) for spot in behind[:1]])

    def _imported(self, frame: Frame, entry: t.Term) -> Value:
        value = self._project.values.evaluate(frame, entry[2])
        found = list(self.named(value, _language_of(frame), frame.module))
        if len(found) != 1 or found[0] is None:
            return Unknown("a template that is not known")
        place = self._rendered_at(frame)
        names = self.visible(frame, entry[3], is_alone=entry[4])
        context = self._context(found[0], names, NO_BLOCKS, place)
        return Exports(self._frame(found[0], BODY, context))


def _file(path: str) -> str:
    return path.rpartition("/")[2]


def label_of(name: str) -> str:
    """How messages call a template."""
    return f"the template '{name}'"


def template_names(path: str) -> list[str]:
    """The names by which code can ask for a template file: its path below a folder of templates."""
    parts = path.split("/")
    return [
        "/".join(parts[index + 1 :])
        for index, part in enumerate(parts[:-1])
        if is_template_folder(part)
    ]


def _is_own(path: str, name: str, code: str) -> bool:
    """Whether a template lies in the folder of templates of a package that code belongs to."""
    folder = path[: -len(name)].rstrip("/").rpartition("/")[0]
    return not folder or code.startswith(f"{folder}/")


def _is_same(one: Template, other: Template) -> bool:
    return one is other or (one.language is other.language and one.facts == other.facts)


def _relative(origin: str, name: str) -> str:
    parts = origin.split("/")[:-1]
    for part in name.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def _language_of(frame: Frame) -> Language:
    return frame.module.language if isinstance(frame.module, Template) else Language.DJANGO
