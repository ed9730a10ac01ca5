"""What modules have in common is kept once."""

from fwp_checks.facts import terms as t
from fwp_checks.facts.extract import extract
from fwp_checks.facts.sharing import Sharing

_SOURCE = b"""
def load(session, key):
    if session.closed:
        session = reopen(session, "again")
    return session.get(key, True, 1, 1.0)[key]
"""


def _shared(*sources: bytes) -> list[list[t.Term]]:
    sharing = Sharing()
    found = [extract(source).terms for source in sources]
    for terms in found:
        sharing.share(terms)
    return found


def test_terms_say_the_same() -> None:
    (shared,) = _shared(_SOURCE)

    assert [repr(term) for term in shared] == [repr(term) for term in extract(_SOURCE).terms]


def test_short_terms_are_the_same_objects() -> None:
    first, second = _shared(_SOURCE, b"import os\n" + _SOURCE)

    for term in ((t.NAME, "reopen"), (t.CONST, "again"), (t.PARAM, 1), (t.DEFINITION, 1)):
        assert first[first.index(term)] is second[second.index(term)]


def test_numbers_are_the_same_objects() -> None:
    source = b"x = 'text'\n" + b"\n".join(b"y%d = x.a%d()" % (at, at) for at in range(400))
    first, second = _shared(source, source)

    assert first[-1][1] > 256
    assert first[-1][1] is second[-1][1]


def test_constants_that_are_equal_stay_different() -> None:
    first, second = _shared(b"x = True, 1", b"x = 1, True, 1.0")

    values = [term[1] for term in (*first, *second) if term[0] == t.CONST]
    assert list(map(repr, values)) == ["True", "1", "1", "True", "1.0"]
