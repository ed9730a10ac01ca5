"""The statements of functions, as facts keep them."""

from __future__ import annotations

from itertools import pairwise

from fwp_checks.facts.extract import extract
from fwp_checks.facts.model import ModuleFacts, Scope

SOURCE = '''
def load(session, number):
    """Text."""
    from app import models  # noqa

    item = session.get(
        models.Item, number
    )
    if not item:
        raise LookupError
    for part in item.parts:
        def inner():
            return part
    with session: session.flush(); session.refresh(item)
    return item


class Loader:
    size = 3

    async def load(self):
        try:
            return await self.one()
        except OSError:
            pass
        self.n += 1
        pass

key = lambda row: row.key
'''


def scope_of(facts: ModuleFacts, name: str, parent: str = "") -> Scope:
    """The scope with a name, in the scope with another one."""
    return next(
        scope
        for scope in facts.scopes
        if scope.name == name and facts.scopes[scope.parent].name == parent
    )


def test_statements_of_a_function() -> None:
    """Kinds and lines of the function's own statements, not of those inside them."""
    facts = extract(SOURCE.encode())
    found = facts.statements_of(scope_of(facts, "load"))
    assert [(one.kind, one.line, one.end_line) for one in found] == [
        ("constant", 3, 3),
        ("import", 4, 5),
        ("assignment", 6, 8),
        ("if", 9, 10),
        ("for", 11, 13),
        ("with", 14, 14),
        ("return", 15, 15),
    ]
    method = facts.statements_of(scope_of(facts, "load", "Loader"))
    assert [one.kind for one in method] == ["try", "augmented", "other"]


def test_statements_of_the_first_try() -> None:
    """Those in its body, and neither those of its clauses nor those of another try."""
    source = b'''
def work(session):
    """Text."""
    try:
        item = session.get(
            1
        )
        try:
            item.check()
        except OSError:
            raise
    except ValueError:
        return None
    else:
        session.flush()
    try:
        session.commit()
    except ValueError:
        pass


def idle():
    def work(session):
        session.flush()
    return work
'''
    facts = extract(source)
    found = facts.attempted(scope_of(facts, "work"))
    assert [(one.kind, one.line, one.end_line) for one in found] == [
        ("assignment", 5, 7),
        ("try", 8, 11),
    ]
    region = next(region for region in facts.regions if region.kind == "try" and region.end > 9)
    assert found[0].end == found[1].start
    assert (found[0].start, found[1].end) == (region.start, region.end)
    assert facts.attempted(scope_of(facts, "idle")) == []
    assert facts.attempted(scope_of(facts, "work", "idle")) == []
    assert [one.kind for one in facts.statements_of(scope_of(facts, "work", "idle"))]
    again = ModuleFacts.from_bytes(facts.to_bytes())
    assert again.attempted(scope_of(again, "work")) == found


def test_statements_share_the_terms_of_their_scope() -> None:
    """Their stretches are those of the scope, without its parameters, in order."""
    facts = extract(SOURCE.encode())
    scope = scope_of(facts, "load")
    found = facts.statements_of(scope)
    assert found[0].start == scope.start + len(scope.parameters)
    assert found[-1].end == scope.end
    assert all(one.end == after.start for one, after in pairwise(found))
    loaded = facts.statements_of(scope)[2]
    assert {facts.span(term)[0] for term in range(loaded.start, loaded.end)} >= {6, 7}


def test_other_scopes_have_none() -> None:
    """Modules, classes and lambdas have no statements of their own in the facts."""
    facts = extract(SOURCE.encode())
    for scope in facts.scopes:
        assert bool(facts.statements_of(scope)) == (scope.kind == "function")


def test_statements_survive_their_serial_form() -> None:
    """What was written is what is read."""
    facts = extract(SOURCE.encode())
    again = ModuleFacts.from_bytes(facts.to_bytes())
    assert again == facts
    assert again.statements_of(scope_of(again, "inner", "load"))[0].kind == "return"
