"""The term table: what expressions say, without the tree.

A module's terms are one list of tuples; a term refers to other terms by number, so
``qs = a.filter(x); qs = qs.all()`` leaves a small DAG and no copies. The first item of each tuple
is one of the kinds below; the shapes are:

====================  ============================================================================
``CONST``             ``value``: None, bool, int, float, complex, str, bytes or Ellipsis
``NAME``              ``name``: a name this function does not bind; looked up outwards when linked
``PARAM``             ``index`` into the scope's parameters
``ATTR``              ``base, name``
``CALL``              ``function, (positional, …), ((keyword or None for **, term), …)``
``AWAIT``             ``operand``
``ITER``              ``iterable, is_async``: one element
``ENTER``             ``context manager, is_async``: the target of ``with … as``
``ITEM``              ``base, key``
``JOIN``              ``(terms, …)``: one of these, depending on the path taken
``SEQUENCE``          ``"list" | "tuple" | "set", (terms, …)``
``MAPPING``           ``((key or -1 for **, value), …)``
``DEFINITION``        ``scope``: the function, lambda or class of that scope number
``BINARY``            ``operator, left, right``
``COMPARE``           ``operator, left, right``
``BOOL``              ``"and" | "or", (terms, …)``
``UNARY``             ``operator, operand``
``COMPREHENSION``     ``"list" | "set" | "dict" | "generator", element, key or -1, region``
``UNPACK``            ``sequence, index`` (index -1: the starred rest)
``YIELD``             ``operand or -1, is_from``
``FORMAT``            ``(terms, …)``: the parts of an f-string
``TRUTH``             ``operand``: tested for truth here
``DROP``              ``operand``: an expression statement, its value is not used
``NARROW``            ``operand, test, argument or -1``: the operand where a test has succeeded
``UNKNOWN``           ``reason``
``ALIAS``             ``term``: the same value
``IMPORT``            ``module, attribute or None, level``
``STAR``              ``operand``: ``*x`` in a call or display
``CAUGHT``            ``exception type or -1``: the target of ``except … as``
``SLICE``             ``lower, upper, step`` (-1 where missing)
``STORE``             ``base, name, value``: an attribute is assigned
``STORE_ITEM``        ``base, key, value``; value -1: the item is deleted
``RAISE``             ``exception or -1``
``TYPE_VARIABLE``     ``name, bound or -1``
``DECLARED``          ``value or -1, annotation``: a variable with an annotation
``LOOKUP``            ``base, name, is_called``: what a template reads as ``base.name``
``RENDER``            ``what, operand, ((name, term), …), is_isolated``: a part of a template runs
``REGISTERED``        ``"filter" | "tag", name, (libraries, …)``: what templates know under a name
====================  ============================================================================
"""

from __future__ import annotations

from typing import Any

Term = tuple[Any, ...]

(
    CONST,
    NAME,
    PARAM,
    ATTR,
    CALL,
    AWAIT,
    ITER,
    ENTER,
    ITEM,
    JOIN,
    SEQUENCE,
    MAPPING,
    DEFINITION,
    BINARY,
    COMPARE,
    BOOL,
    UNARY,
    COMPREHENSION,
    UNPACK,
    YIELD,
    FORMAT,
    TRUTH,
    DROP,
    NARROW,
    UNKNOWN,
    ALIAS,
    IMPORT,
    STAR,
    CAUGHT,
    SLICE,
    STORE,
    STORE_ITEM,
    RAISE,
    TYPE_VARIABLE,
    DECLARED,
    LOOKUP,
    RENDER,
    REGISTERED,
) = range(38)

KIND_NAMES = [
    "CONST",
    "NAME",
    "PARAM",
    "ATTR",
    "CALL",
    "AWAIT",
    "ITER",
    "ENTER",
    "ITEM",
    "JOIN",
    "SEQUENCE",
    "MAPPING",
    "DEFINITION",
    "BINARY",
    "COMPARE",
    "BOOL",
    "UNARY",
    "COMPREHENSION",
    "UNPACK",
    "YIELD",
    "FORMAT",
    "TRUTH",
    "DROP",
    "NARROW",
    "UNKNOWN",
    "ALIAS",
    "IMPORT",
    "STAR",
    "CAUGHT",
    "SLICE",
    "STORE",
    "STORE_ITEM",
    "RAISE",
    "TYPE_VARIABLE",
    "DECLARED",
    "LOOKUP",
    "RENDER",
    "REGISTERED",
]
