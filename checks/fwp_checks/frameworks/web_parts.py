"""The parts of applications, as tables of the modules of web frameworks say how they are stated.

A framework's tables name what makes a router, what registers a route on it, what makes it part of
another, what registers hooks. A :class:`PartFinder` searches the project for these, and tells on
which router each of them is: by the call that made it, which travels with the object. Where an
annotation hides that (``def register(app: Flask)``), the calls of the function tell; where they do
not, the one application that there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.registered import METHODS, HandlerFinder
from fwp_checks.frameworks.registrations import (
    METHODS_GIVEN,
    NOTHING,
    Argument,
    Hooking,
    Including,
    Making,
    Routing,
    Site,
)
from fwp_checks.frameworks.web import held, members
from fwp_checks.project.application.model import (
    Dependency,
    Hook,
    HookKind,
    Inclusion,
    Part,
    Route,
    Router,
)
from fwp_checks.project.meaning.assignments import bound_to
from fwp_checks.project.meaning.origins import Place, made_at
from fwp_checks.project.meaning.rounds import rounds
from fwp_checks.project.meaning.single_calls import SingleCalls
from fwp_checks.project.meaning.texts import text_at
from fwp_checks.project.meaning.values import (
    NO_ARGUMENTS,
    ClassValue,
    External,
    FunctionValue,
    Instance,
    Member,
    Value,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.meaning.frames import Frame


class PartFinder(HandlerFinder):
    """Finds the parts of applications of one framework in a project."""

    name: ClassVar[str] = ""
    listed: ClassVar[tuple[str, ...]] = ()
    """Classes of what routers are given in lists, to be told apart as well."""
    called: ClassVar[tuple[str, ...]] = ("__call__",)
    """The methods of a class that is registered as a hook which are called."""
    positions: ClassVar[dict[tuple[str, str], int]] = {}
    """Of classes and keywords of such lists: where they may stand by position."""
    makings: ClassVar[tuple[Making, ...]] = ()
    routings: ClassVar[tuple[Routing, ...]] = ()
    includings: ClassVar[tuple[Including, ...]] = ()
    hookings: ClassVar[tuple[Hooking, ...]] = ()

    @classmethod
    def classes(cls) -> frozenset[str]:
        """The library's classes of applications and routers, and of what is listed in them."""
        return frozenset((*cls.listed, *(name for making in cls.makings for name in making.names)))

    def parts(self) -> Iterator[Part]:
        """All of them: routers first."""
        yield from self.routers
        yield from dict.fromkeys(self.routes())
        yield from self._unique(self.inclusions())
        yield from dict.fromkeys(self.hooks())

    @staticmethod
    def _unique(inclusions: Iterable[Inclusion]) -> Iterator[Inclusion]:
        """One for each call: a method that overrides the library's calls that one, too."""
        found: dict[tuple[Place | None, Place | None, Place], Inclusion] = {}
        for inclusion in inclusions:
            key = (inclusion.parent, inclusion.child, inclusion.place)
            known = found.setdefault(key, inclusion)
            if known.prefix is None and inclusion.prefix is not None:
                found[key] = inclusion
        yield from found.values()

    # -- routers -----------------------------------------------------------------------------------

    @cached_property
    def made(self) -> dict[Place, tuple[Site, Router]]:
        """The calls that make applications and routers, in the order of the files."""
        making = {name: making for making in self.makings for name in making.names}
        found: dict[Place, tuple[Site, Router]] = {}
        for call in self.project.call_sites.of(frozenset(making)):
            site = Site(self.project, call.frame, call.term, "", None)
            if site.place not in found and self._makes_object(site):
                made = self.router(site, call.name, making[call.name])
                if made.prefix is None and (prefix := self._handed(site, making[call.name].prefix)):
                    made = replace(made, prefix=prefix)
                found[site.place] = site, made
        return found

    def _handed(self, site: Site, prefix: Argument) -> str | None:
        """The prefix that the one call of the function around hands it."""
        term = site.argument_term(prefix)
        if term < 0 or not t.depends_on(site.frame.module.facts.terms, term, t.PARAM):
            return None
        calls = list(self._single_calls.of(site.frame.module, site.frame.scope_number))
        return text_at(self.project, calls[0].frame, term) if len(calls) == 1 else None

    @property
    def routers(self) -> list[Router]:
        """The applications and routers."""
        return [router for _, router in self.made.values()]

    def given(self, keyword: str) -> Iterator[tuple[Site, Router, Value]]:
        """What routers are given under a keyword when they are made."""
        for site, router in self.made.values():
            position = self.positions.get((router.class_name, keyword), -1)
            value = site.argument(Argument(position, keyword))
            if value is not None:
                yield site, router, value

    def lists(self, keyword: str) -> dict[Place, list[Place]]:
        """For each object that is made and listed under a keyword, the routers that it is in."""
        found: dict[Place, list[Place]] = {}
        for _, router, value in self.given(keyword):
            for item in held(value):
                for place in made_at(item):
                    found.setdefault(place, []).append(router.place)
        return found

    @cached_property
    def _single_calls(self) -> SingleCalls:
        return SingleCalls(self.project)

    def site(self, frame: Frame, term: int, name: str) -> Site:
        """A call of a library function of this dotted name."""
        return Site(self.project, frame, term, name.rpartition(".")[2], None)

    def library_calls(self, names: Iterable[str]) -> Iterator[Site]:
        """Calls of library classes and functions themselves, once each."""
        seen: set[Place] = set()
        for call in self.project.call_sites.of(frozenset(names)):
            site = Site(self.project, call.frame, call.term, call.name, None)
            if site.place not in seen:
                seen.add(site.place)
                yield site

    def _makes_object(self, site: Site) -> bool:
        """Whether a call makes an object, and is no ``super().__init__`` of another."""
        return bool(made_at(self.project.values.evaluate(site.frame, site.term)))

    def router(self, site: Site, class_name: str, how: Making) -> Router:
        """What a call makes."""
        return Router(
            self.name,
            class_name,
            site.place,
            site.frame,
            bound_to(site.frame, site.term),
            how.is_application,
            self.rooted(site.text(how.prefix, "")),
            tuple(self.declared(site.argument(Argument(-1, how.dependencies)), site)),
        )

    def declared(self, value: Value | None, site: Site) -> Iterator[Dependency]:
        """The dependencies in a list that a registration is given."""
        return iter(())

    @cached_property
    def _library_names(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The classes of routers, and those of applications among them."""
        applications = [n for making in self.makings if making.is_application for n in making.names]
        others = [n for making in self.makings if not making.is_application for n in making.names]
        return (*applications, *others), tuple(applications)

    def _is_application(self, value: Value) -> bool:
        if not isinstance(value, Instance):
            return False
        if isinstance(value.class_, str):
            names = (value.class_, *self.project.catalogue.bases(value.class_))
        else:
            names = tuple(self.project.classes.info(value.class_).externals)
        return not set(names).isdisjoint(self._library_names[1])

    def places(self, value: Value, frame: Frame) -> list[Place | None]:
        """The routers that a value may be; one None for a router of which no more is known."""
        made = made_at(value)
        if made:
            return list(made)
        if any(self._is_application(option) for option in options_of(value)):
            return [self.only_application(frame)]
        return [None]

    def only_application(self, frame: Frame) -> Place | None:
        """The application that there is, if there is exactly one, not counting those of tests; else
        the only one in the same top folder.
        """
        found = [router for router in self.routers if router.is_application]
        found = [one for one in found if not one.frame.module.is_test] or found
        if len(found) > 1:
            top = frame.module.path.partition("/")[0]
            found = [one for one in found if one.place.path.partition("/")[0] == top]
        return found[0].place if len(found) == 1 else None

    # -- registrations -----------------------------------------------------------------------------

    def decorations(
        self, names: Sequence[str], deciding: Sequence[Argument] = ()
    ) -> Iterator[Site]:
        """Functions and classes under decorators that are these members of routers; ``value`` is
        what is defined. Where the function around is handed what decides one of the ``deciding``
        arguments, there is one for each of its calls.
        """
        wanted = frozenset(members(self._library_names[0], names))
        groups: dict[tuple[str, int], list[tuple[Frame, str, int]]] = {}
        for found in self.project.call_sites.decorated(wanted):
            key = (found.around.module.path, found.term)
            one = (found.around, found.name, found.scope_number)
            groups.setdefault(key, []).append(one)
        for (_, term), ones in groups.items():
            around, _, number = ones[0]
            plain = self.project.calls.unbound_frame(around, number)
            receiver = plain.arguments[0] if plain.arguments else None
            for site in self._placed(ones, term, deciding):
                site.value = FunctionValue(around, number, receiver)
                yield site
        for class_, frame, term, name in self.project.call_sites.decorated_classes(wanted):
            for site in self._placed([(frame, name, -1)], term, deciding):
                site.value = class_
                yield site

    def calls(self, names: Sequence[str], deciding: Sequence[Argument] = ()) -> Iterator[Site]:
        """Calls of these members of routers; see :meth:`decorations`."""
        wanted = frozenset(members(self._library_names[0], names))
        groups: dict[tuple[str, int], list[tuple[Frame, str, int]]] = {}
        through = frozenset(name.partition(".")[0] for name in names if "." in name)
        is_deep = all("." in name for name in names)
        for found in self.project.call_sites.of(wanted, through=through if is_deep else NOTHING):
            key = (found.frame.module.path, found.term)
            groups.setdefault(key, []).append((found.frame, found.name, -1))
        for (_, term), ones in groups.items():
            yield from self._placed(ones, term, deciding)

    def applied(self, names: Sequence[str]) -> Iterator[Site]:
        """Calls of what a call of these members gives: ``app.get("/")(handler)``."""
        wanted = frozenset(members(self._library_names[0], names))
        for made, outer in self.project.call_sites.applied(wanted):
            for site in self._placed([(made.frame, made.name, -1)], made.term, ()):
                site.value = outer.arguments.get(0)
                yield site
        for single, made, outer in self._single_calls.applied(wanted):
            for router in self._routers_at(made.frame, made.term):
                member = made.name.rpartition(".")[2]
                site = Site(self.project, made.frame, made.term, member, router)
                site.place, site.decorated = single.place, single.decorated
                site.value = outer.arguments.get(0)
                yield site

    def _placed(
        self, ones: list[tuple[Frame, str, int]], term: int, deciding: Sequence[Argument]
    ) -> Iterator[Site]:
        """The registration, for each router that it may be on, in a frame in which it is that."""
        frame, name, _ = ones[0]
        if self._is_in_override(frame.module, term):
            return
        member = name.rpartition(".")[2]
        first = Site(self.project, frame, term, member, None)
        terms = frame.module.facts.terms
        given = [first.argument_term(one) for one in deciding]
        if any(t.depends_on(terms, one, t.PARAM) for one in given):
            calls = [
                (single, router)
                for single in self._single_calls.of(frame.module, frame.scope_number)
                for router in self._routers_at(single.frame, term)
            ]
            for single, router in calls:
                call = single.place if single.decorated is None else None
                for around in rounds(self.project, single.frame, given, call):
                    site = Site(self.project, around, term, member, router)
                    site.place, site.decorated = single.place, single.decorated
                    yield site
            if calls:
                return
        for known, router in self._known(ones, term):
            for around in rounds(self.project, known, given):
                yield Site(self.project, around, term, member, router)

    def _is_in_override(self, module: Module, term: int) -> bool:
        """Whether code stands in a method that overrides one of the library's that registers:
        calls of it are the registrations.
        """
        scopes = module.facts.scopes
        number = module.scope_of(term)
        while number > 0:
            class_ = self.project.calls.class_of_method(module, number)
            if class_ is not None and scopes[number].name in self._members:
                return self.project.frameworks.tells_apart(class_)
            number = scopes[number].parent
        return False

    @cached_property
    def _members(self) -> frozenset[str]:
        tables: tuple[Routing | Including | Hooking, ...]
        tables = (*self.routings, *self.includings, *self.hookings)
        return frozenset(name for table in tables for name in table.members)

    def _known(
        self, ones: list[tuple[Frame, str, int]], term: int
    ) -> list[tuple[Frame, Place | None]]:
        """The routers that a registration may be on, with the frames; those that are known for
        sure, if there are any.
        """
        module = ones[0][0].module
        frames = [one[0] for one in ones]
        if not all(made_at(self._base(frame, term)) for frame in frames):
            frames += self.project.call_sites.frames_handed(module, module.code_scope_of(term))
        exact = [(frame, place) for frame in frames for place in made_at(self._base(frame, term))]
        if exact:
            return list(exact)
        return [(frame, place) for frame in frames[:1] for place in self._routers_at(frame, term)]

    def _base(self, frame: Frame, term: int) -> Value:
        """The router of a registration, as far as its frame tells."""
        terms = frame.module.facts.terms
        called = terms[term][1] if terms[term][0] == t.CALL else term
        function = self.project.values.evaluate(frame, called)
        for option in options_of(function):
            if isinstance(option, (Member, FunctionValue)) and option.receiver is not None:
                base = option.receiver
                while isinstance(base, Member):  # app.router.add_get
                    base = base.receiver
                return base
        return function

    def _routers_at(self, frame: Frame, term: int) -> list[Place | None]:
        return self.places(self._base(frame, term), frame)

    # -- routes ------------------------------------------------------------------------------------

    def routes(self) -> Iterator[Route]:
        """All routes."""
        for routing in self.routings:
            if routing.handler is None:
                for site in self.decorations(routing.members, (routing.path, METHODS_GIVEN)):
                    yield from self.routed(site, routing)
                for site in self.applied(routing.members):
                    yield from self.routed(site, routing)
            else:
                deciding = (routing.path, routing.handler, METHODS_GIVEN)
                for site in self.calls(routing.members, deciding):
                    site.value = site.argument(routing.handler)
                    if site.value is not None:
                        yield from self.routed(site, routing)

    def routed(self, site: Site, routing: Routing) -> Iterator[Route]:
        """The routes of a registration."""
        yield self.route(site, site.text(routing.path), routing)

    def rooted(self, path: str | None) -> str | None:
        """A path or prefix as the framework takes it; None if it is not written."""
        return path

    def route(self, site: Site, path: str | None, routing: Routing) -> Route:
        """The route that a registration makes, with its handlers."""
        methods = self.methods(site)
        usual = () if not methods and site.is_hidden(METHODS_GIVEN) else routing.usual
        handlers = tuple(self.handlers(site.value, methods, usual))
        if not handlers and site.decorated is not None:
            # Whatever is put around it.
            handlers = tuple(self.handlers(site.decorated, methods, usual))
        own = tuple(self.declared(site.argument(Argument(-1, "dependencies")), site))
        taken = [found for handler in handlers for found in self.taken(handler.frame)]
        return Route(
            self.name,
            site.router,
            self.rooted(path),
            handlers,
            site.place,
            site.text(Argument(-1, "name"), "") or "",
            routing.is_websocket,
            (*own, *taken),
        )

    def methods(self, site: Site) -> tuple[str, ...]:
        """The HTTP methods that a registration names; empty if it names none."""
        if site.member in METHODS:
            return (site.member.upper(),)
        return tuple(method.upper() for method in site.texts(METHODS_GIVEN))

    def taken(self, frame: Frame) -> Iterator[Dependency]:
        """The dependencies that a function's parameters declare."""
        return iter(())

    # -- inclusions --------------------------------------------------------------------------------

    def inclusions(self) -> Iterator[Inclusion]:
        """Which routers are part of which."""
        known: list[Inclusion] = []
        loops: list[Inclusion] = []
        for including in self.includings:
            for site in self.calls(including.members, (including.child, including.prefix)):
                found = list(self.included(site, including))
                known += found
                terms = site.frame.module.facts.terms
                if t.depends_on(terms, site.argument_term(including.child), t.ITER):
                    loops += [one for one in found if one.child is None and not one.what]
        yield from known
        if len({loop.parent for loop in loops}) == 1 and loops[0].parent is not None:
            yield from self._discovered(loops[0], {one.child for one in known})

    def _discovered(self, loop: Inclusion, included: set[Place | None]) -> Iterator[Inclusion]:
        """What a loop includes of which nothing is known, over modules that it imports, say: the
        routers of modules that nothing else includes.
        """
        for router in self.routers:
            is_top = router.is_application or router.frame.scope_number
            if not is_top and router.place not in included:
                yield replace(loop, child=router.place)

    def included(self, site: Site, including: Including) -> Iterator[Inclusion]:
        """The inclusions of a call: one a router that it may be of."""
        child = site.argument(including.child)
        prefix = self.inclusion_prefix(site, including)
        dependencies = tuple(self.declared(site.argument(Argument(-1, "dependencies")), site))
        places = made_at(child) if child is not None else ()
        for place in places or (None,):
            what = "" if place is not None or child is None else self.library_name(child)
            replaces = including.replaces and site.argument_term(including.prefix) >= 0
            yield Inclusion(site.router, place, site.place, prefix, dependencies, what, replaces)

    def library_name(self, value: Value) -> str:
        """The dotted name of an application of another library, or of the library's that it derives
        from; empty for anything else.
        """
        for option in options_of(value):
            names: Sequence[str] = ()
            if isinstance(option, (External, Member)):
                names = (option.name,)
            elif isinstance(option, Instance) and isinstance(option.class_, str):
                names = (option.class_,)
            elif isinstance(option, Instance) and isinstance(option.class_, ClassValue):
                names = tuple(self.project.classes.info(option.class_).externals)
            if names and names[0] not in self._library_names[0]:
                return names[0]
        return ""

    def inclusion_prefix(self, site: Site, including: Including) -> str | None:
        """What an inclusion puts before the paths."""
        return self.rooted(site.text(including.prefix, ""))

    # -- hooks -------------------------------------------------------------------------------------

    def hooks(self) -> Iterator[Hook]:
        """What is called around handlers, and when applications start and stop."""
        for hooking in self.hookings:
            for site in self.decorations(hooking.members):
                yield from self.hooked(site, hooking.kind)
            for site in self.calls(hooking.members):
                site.value = site.argument(hooking.function)
                yield from self.hooked(site, hooking.kind)

    def hooked_in(self, keyword: str, kind: HookKind) -> Iterator[Hook]:
        """The hooks that routers are given under a keyword when they are made."""
        for made, router, value in self.given(keyword):
            site = Site(self.project, made.frame, made.term, "", router.place)
            site.value = value
            yield from self.hooked(site, kind)

    def hooked(self, site: Site, kind: HookKind) -> Iterator[Hook]:
        """The hooks in a value that is registered."""
        for option in held(site.value):
            function, _ = self.unwrapped(option)
            found = [function]
            if isinstance(function, ClassValue):
                object_ = Instance(function)
                wanted = [self.project.members.find_in_class(function, n) for n in self.called]
                found = [self.project.members.bind(v, object_, function) for v in wanted if v]
            for one in found:
                if isinstance(one, FunctionValue):
                    frame = self.project.calls.frame_for(one, NO_ARGUMENTS)
                    yield Hook(kind, site.router, frame, site.place)
