"""Chains of calls in plain data, and how messages call what runs."""

from __future__ import annotations

from typing import NamedTuple

from fwp_checks.facts import terms as t
from fwp_checks.project.effects.stand_ins import class_of
from fwp_checks.project.meaning.frames import Frame, FunctionKey
from fwp_checks.project.meaning.outcome import Run, RunExternal, RunFrame
from fwp_checks.project.meaning.python import BUILTINS
from fwp_checks.project.meaning.values import ClassValue, Constant, External, Instance


class Call(NamedTuple):
    """One link of a chain: in a function, at a term, something runs.

    ``path``, ``scope`` and ``term`` are where. ``name`` is how messages call the link, ``own_name``
    what runs by its own name. ``callee`` is the function of the project that runs, None for a
    library's; that one's dotted name is ``library``, and ``model`` the model whose objects it asks
    for or writes, if it is known to do so.
    """

    path: str
    scope: int
    term: int
    name: str
    own_name: str
    callee: FunctionKey | None
    library: str
    model: str = ""


def call_at(frame: Frame, term: int, run: Run, is_one_of: bool = False) -> Call:
    """The link of a chain that a run at a term of a frame is; ``is_one_of`` several classes, it is
    called by its own.
    """
    callee, library, model = None, "", ""
    if isinstance(run, RunExternal):
        library, model = run.name, _model_of(run)
    else:
        callee = run.frame.function
    own_name = run_name(run)
    name = _name_of_made(frame, term, run) or own_name
    class_ = class_of(run) if is_one_of else None
    if class_ is not None:
        name = f"{class_.name}.{own_name}"
    return Call(*frame.function, term, name, own_name, callee, library, model)


def _model_of(run: RunExternal) -> str:
    value = run.receiver
    if not isinstance(value, Instance):
        return ""
    of = value.arguments[0] if value.arguments else value.class_
    if isinstance(of, ClassValue):
        return of.name
    name = of.name if isinstance(of, External) else str(of)
    return name.rpartition(".")[2] if ".models." in name.removeprefix("django.db.models.") else ""


def _name_of_made(frame: Frame, term: int, run: Run) -> str | None:
    """What a decorator has made goes by the name that it is called by."""
    made = isinstance(run, RunFrame) and run.frame.parent
    if not made or not made.scope_number:
        return None
    terms = frame.module.facts.terms
    entry = terms[term]
    called = terms[entry[1]] if entry[0] == t.CALL else entry
    if called[0] in (t.ATTR, t.IMPORT) and called[2]:
        return str(called[2])
    if called[0] == t.NAME and called[1] not in BUILTINS:
        return str(called[1])
    if called[0] == t.DEFINITION:
        return frame.module.facts.scopes[called[1]].name
    return None


def run_name(run: Run) -> str:
    """How a step of a chain is called: the function's own name, or the library's dotted one."""
    if isinstance(run, RunExternal):
        return _read_attribute(run) or public_name(run.name)
    frame = run.frame
    if frame.name != "__init__":
        return frame.name
    made = frame.arguments[0] if frame.arguments else None
    if isinstance(made, Instance) and isinstance(made.class_, ClassValue):
        return made.class_.name
    return frame.qualname.rpartition(".")[0].rpartition(".")[2]


def _read_attribute(run: RunExternal) -> str | None:
    """``Article.author`` where a descriptor runs, None for anything else."""
    owner = run.receiver.class_ if isinstance(run.receiver, Instance) else None
    name = run.arguments.get(0)
    if not run.name.endswith(".__get__") or owner is None or not isinstance(name, Constant):
        return None
    return f"{owner.rpartition('.')[2] if isinstance(owner, str) else owner.name}.{name.value}"


# What an implicit call is, in words.
_SPECIAL = {
    "__iter__": "iterating a {}",
    "__enter__": "entering a {}",
    "__exit__": "leaving a {}",
    "__len__": "len() of a {}",
    "__bool__": "the truth of a {}",
    "__getitem__": "indexing a {}",
    "__contains__": "'in' on a {}",
    "__next__": "next() of a {}",
    "__str__": "str() of a {}",
    "__repr__": "repr() of a {}",
}


# What a decorator, a wrapper or an option makes is called by the name people know it by.
_PUBLIC_NAMES = {
    "asgiref.sync.AsyncToSync.__call__": "async_to_sync",
    "azure.identity.get_bearer_token_provider.Callable.__call__": (
        "azure.identity.get_bearer_token_provider(…)()"
    ),
    "influxdb_client.WriteApi.synchronous.write": "influxdb_client.WriteApi.write",
    "tarfile.TarFile.compressing.add": "tarfile.TarFile.add",
    "zipfile.ZipFile.compressing.write": "zipfile.ZipFile.write",
}


def public_name(name: str) -> str:
    """A dotted name as people write it: no ``builtins.``, special methods in words."""
    name = _PUBLIC_NAMES.get(name, name)
    owner, _, last = name.rpartition(".")
    if last == "__call__":
        return owner
    if last in _SPECIAL:
        what = owner.rpartition(".")[2]
        if what == "results":
            what = f"result of {'.'.join(owner.split('.')[-3:-1])}"
        return _SPECIAL[last].format(what)
    return name.removeprefix("builtins.")
