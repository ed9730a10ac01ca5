"""Frames: what is known of the terms of a scope under given arguments."""

from __future__ import annotations

from pathlib import Path

from fwp_checks.facts.extract import extract
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame, Frames
from fwp_checks.project.meaning.origins import Origin, Place, is_traced
from fwp_checks.project.meaning.values import Constant, External, Instance, Union

from .trees import linked

_SOURCE = b"""
import time

def outer(one):
    def inner(two):
        return one, two, time.sleep
    return inner
"""


def _frame(name: str) -> Frame:
    module = Module("a.py", ("a",), extract(_SOURCE))
    names = [scope.name for scope in module.facts.scopes]
    return Frames().get(module, names.index(name), None, ())


def test_nothing_is_known_at_first() -> None:
    frame = _frame("inner")
    end = frame.scope.end
    assert [frame.known(term) for term in range(-1, end + 1)] == [None] * (end + 2)
    assert frame.detailed(range(frame.scope.start, end)) == []


def test_what_is_noted_is_known() -> None:
    frame = _frame("inner")
    own, around = frame.scope.start, frame.scope.start - 1
    # One of the scope's own terms, the last one, and one of a scope around it.
    for term in (own, frame.scope.end - 1, around):
        frame.note(term, Constant(term))
    assert frame.known(own) == Constant(own)
    assert frame.known(around) == Constant(around)
    assert frame.known(own + 1) is None and frame.known(around - 1) is None


def test_what_is_a_query_or_a_row_is_told() -> None:
    frame = _frame("inner")
    own, around = frame.scope.start, frame.scope.start - 1
    query = Instance("django.db.models.QuerySet", details=(Origin(built=Place("a.py", own)),))
    frame.note(own, query)
    frame.note(own + 1, Instance("django.db.models.QuerySet"))
    frame.note(around, Union((query, Constant(None))))
    frame.note(around - 1, Constant(1))
    frame.note(own + 2, query)
    found = [(own, query), (around, Union((query, Constant(None))))]
    assert frame.detailed([own, own + 1]) == found


def test_what_is_noted_last_counts() -> None:
    frame = _frame("outer")
    for term in (frame.scope.start, frame.scope.end):
        frame.note(term, Constant(1))
        frame.note(term, External("time.sleep"))
        assert frame.known(term) == External("time.sleep")


def test_an_empty_region_at_the_end_of_a_function_is_its_own() -> None:
    source = b"""
def first(kind, who):
    if kind == 1:
        return False
    if who == 1:
        pass

def second(server):
    return server.name
"""
    module = Module("a.py", ("a",), extract(source))
    names = [scope.name for scope in module.facts.scopes]
    kinds = {n: [r.kind for r in module.regions_in(names.index(n))] for n in ("first", "second")}
    assert kinds == {"first": ["if", "if"], "second": []}


def test_of_a_function_with_many_frames_the_receiver_is_forgotten_last() -> None:
    module = Module("a.py", ("a",), extract(b"def ask(model, field): ..."))
    frames = Frames()

    def is_kept(number: int) -> list[bool]:
        arguments = (Instance(f"a.Model{number}"), Instance(f"a.Field{number}"))
        known = frames.get(module, 1, None, arguments).arguments
        return [value is not None for value in known]

    kept = [is_kept(number) for number in range(1100)]
    assert kept[0] == [True, True]
    assert kept[1023] == [True, False]
    assert kept[1024:] == [[False, False]] * 76


def test_objects_of_a_library_that_lead_to_the_next_one_have_an_end(tmp_path: Path) -> None:
    source = """
from chains import first
from fastapi import FastAPI

app = FastAPI()

def save(chain):
    save(chain.bound)
    save(chain.default)

@app.get("/")
async def start():
    save(first)
"""
    project = linked(tmp_path, {"a.py": source})
    module = project.table.by_path["a.py"]
    names = [scope.name for scope in module.facts.scopes]
    waiting = [project.frame_of_scope(module, names.index("start"))]
    found = set(waiting)
    while waiting:
        following = set(project.behaviours.following(waiting.pop())) - found
        found |= following
        waiting.extend(following)
    assert len(found) < 30


def test_of_a_query_that_hands_on_no_receiver_is_forgotten(tmp_path: Path) -> None:
    models = ["from django.db import models", "from given import Given"]
    models += ["class Mine(Given, models.QuerySet): pass"]
    views = ["import models"]
    for number in range(300):
        models += [f"class Post{number}(models.Model):", "    objects = Mine.as_manager()"]
        views += [f"def show{number}():", f"    return models.Post{number}.objects.filter(title=1)"]
    source = """
class Given:
    def filter(self, *args, **kwargs):
        kwargs = self.renamed(kwargs)
        return super().filter(*args, **kwargs)

    def renamed(self, kwargs):
        return kwargs
"""
    files = {"given.py": source, "models.py": "\n".join(models), "views.py": "\n".join(views)}
    project = linked(tmp_path, files)
    module = project.table.by_path["views.py"]
    for number, scope in enumerate(module.facts.scopes):
        for term in scope.returns:
            found = project.values.evaluate(project.frame_of_scope(module, number), term)
            assert is_traced(found), scope.name
