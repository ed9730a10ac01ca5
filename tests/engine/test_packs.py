"""Facts that are kept together: found again like those that are kept alone."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from fwp_checks.cache import Cache, recipe
from fwp_checks.packs import Packs, are_listed

ROOT = Path("/home/user/program")


def _keys(numbers: Iterable[int]) -> list[str]:
    return [recipe("facts", str(number)) for number in numbers]


def _put(cache: Cache, numbers: Iterable[int], root: Path = ROOT, kind: str = "code") -> None:
    """What a run does that has read these files together."""
    packs = Packs(cache, root, kind)
    dict(packs.found(_keys(range(1000))))
    keys = _keys(numbers)
    packs.put(keys, [f"facts of {key}".encode() for key in keys])
    packs.note(keys)
    packs.save()


def _found(
    cache: Cache, numbers: Iterable[int], root: Path = ROOT, kind: str = "code"
) -> list[int]:
    """Whose facts the next run finds, and are the right ones."""
    by_key = dict(zip(_keys(range(1000)), range(1000), strict=True))
    found = dict(Packs(cache, root, kind).found(_keys(numbers)))
    assert all(data == f"facts of {key}".encode() for key, data in found.items())
    return [by_key[key] for key in found]


def _entries(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("??/*") if path.is_file())


def test_many_are_kept_in_one_entry(tmp_path: Path) -> None:
    _put(Cache(tmp_path), range(100))
    # The pack, and two lists: one by the path of the project, one by its name.
    assert len(_entries(tmp_path)) == 3
    assert _found(Cache(tmp_path), range(100)) == list(range(100))
    assert _found(Cache(tmp_path), [7, 200, 5]) == [5, 7]


def test_few_have_entries_of_their_own(tmp_path: Path) -> None:
    _put(Cache(tmp_path), range(100))
    before = _entries(tmp_path)
    _put(Cache(tmp_path), [100, 101])
    assert len(_entries(tmp_path)) == len(before) + 2
    assert sorted(_found(Cache(tmp_path), range(200))) == list(range(102))


def test_one_is_found_in_a_pack_or_alone(tmp_path: Path) -> None:
    _put(Cache(tmp_path), range(100))
    _put(Cache(tmp_path), [100])
    packs = Packs(Cache(tmp_path), ROOT, "code")
    for key in _keys([7, 100, 5]):
        assert packs.get(key) == f"facts of {key}".encode()
    assert packs.get(*_keys([101])) is None


def test_packs_are_of_one_project_and_one_kind(tmp_path: Path) -> None:
    _put(Cache(tmp_path), range(10))
    assert _found(Cache(tmp_path), range(10), Path("/home/user/other")) == []
    assert _found(Cache(tmp_path), range(10), kind="tests") == []
    _put(Cache(tmp_path), range(20, 30), Path("/home/user/other"))
    assert _found(Cache(tmp_path), range(30)) == list(range(10))


def test_a_checkout_in_another_place_finds_them(tmp_path: Path) -> None:
    _put(Cache(tmp_path), range(10))
    other = Path("/tmp/builds/program")
    assert _found(Cache(tmp_path), range(10), other) == list(range(10))
    _put(Cache(tmp_path), range(20, 30), other)
    assert _found(Cache(tmp_path), range(30)) == list(range(10))


def test_a_project_is_known_by_its_list(tmp_path: Path) -> None:
    assert not are_listed(Cache(tmp_path), ROOT, "code")
    _put(Cache(tmp_path), [])
    assert are_listed(Cache(tmp_path), ROOT, "code")
    assert not are_listed(Cache(tmp_path), ROOT.with_name("other"), "code")
    assert not are_listed(Cache(None), ROOT, "code")


def test_without_a_kind_each_is_kept_alone(tmp_path: Path) -> None:
    _put(Cache(tmp_path), range(10), kind="")
    assert len(_entries(tmp_path)) == 10
    assert _found(Cache(tmp_path), range(10), kind="") == list(range(10))


def test_packs_of_which_little_is_used_are_taken_apart(tmp_path: Path) -> None:
    _put(Cache(tmp_path), range(10))
    _put(Cache(tmp_path), range(10, 20))
    packs = Packs(Cache(tmp_path), ROOT, "code")
    # Of the first pack three are used, of the second seven.
    used = [0, 1, 2, *range(10, 17)]
    assert len(dict(packs.found(_keys(used)))) == 10
    keys = _keys(range(20, 30))
    packs.put(keys, [f"facts of {key}".encode() for key in keys])
    packs.note(keys)
    packs.save()
    assert sorted(_found(Cache(tmp_path), range(30))) == [0, 1, 2, *range(10, 30)]


def test_what_is_damaged_or_gone_is_a_miss(tmp_path: Path) -> None:
    _put(Cache(tmp_path), range(10))
    entries = _entries(tmp_path)
    for entry in entries:
        content = entry.read_bytes()
        entry.write_bytes(content[:-1])
        found = _found(Cache(tmp_path), range(10))
        # Without the list by its path, the project has the one by its name.
        assert found in ([], list(range(10)))
        entry.unlink(missing_ok=True)
    assert _found(Cache(tmp_path), range(10)) == []
    _put(Cache(tmp_path), range(10))
    assert _found(Cache(tmp_path), range(10)) == list(range(10))


def test_what_is_no_pack_is_a_miss(tmp_path: Path) -> None:
    _put(Cache(tmp_path), range(10))
    cache = Cache(tmp_path)
    for entry in _entries(tmp_path):
        cache.put(entry.parent.name + entry.name, b"no marshal")
    assert _found(Cache(tmp_path), range(10)) == []


def test_nothing_is_kept_without_a_cache() -> None:
    _put(Cache(None), range(10))
    assert _found(Cache(None), range(10)) == []
