"""The store on disk, alone, damaged, full and under several processes."""

from __future__ import annotations

import errno
import multiprocessing
import os
import random
import sys
import time
from pathlib import Path

import pytest

from fwp_checks.cache import Cache, default_directory, recipe

KEY = recipe("facts", b"content")
DAY = 24 * 60 * 60


def entry_of(directory: Path, key: str = KEY) -> Path:
    return directory / key[:2] / key[2:]


def entries(directory: Path) -> set[str]:
    return {path.parent.name + path.name for path in directory.glob("??/*")}


@pytest.mark.parametrize("payload", [b"", b"x", bytes(range(256)) * 1000])
def test_what_was_put_is_there_for_everyone(tmp_path: Path, payload: bytes) -> None:
    Cache(tmp_path / "fwp").put(KEY, payload)
    assert Cache(tmp_path / "fwp").get(KEY) == payload
    assert Cache(tmp_path / "fwp").get(recipe("other")) is None


def test_a_later_payload_replaces_the_earlier(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put(KEY, b"one")
    cache.put(KEY, b"two")
    assert cache.get(KEY) == b"two"
    assert entries(tmp_path) == {KEY}


def test_without_a_directory_nothing_is_kept() -> None:
    cache = Cache(None)
    cache.put(KEY, b"x")
    cache.prune()
    assert cache.get(KEY) is None


def test_the_directory_says_what_it_is(tmp_path: Path) -> None:
    Cache(tmp_path / "a" / "fwp").put(KEY, b"x")
    tag = tmp_path / "a" / "fwp" / "CACHEDIR.TAG"
    assert tag.read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55\n")


def test_a_directory_that_was_there_is_not_marked(tmp_path: Path) -> None:
    Cache(tmp_path).put(KEY, b"x")
    assert not (tmp_path / "CACHEDIR.TAG").exists()


def test_reading_makes_no_directory(tmp_path: Path) -> None:
    assert Cache(tmp_path / "fwp").get(KEY) is None
    assert not (tmp_path / "fwp").exists()


@pytest.mark.parametrize("key", ["", "../../etc/passwd", "a" * 15, "A" * 20, "abc/" + "a" * 20])
def test_only_recipes_are_keys(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="not a cache key"):
        Cache(tmp_path).get(key)
    with pytest.raises(ValueError, match="not a cache key"):
        Cache(tmp_path).put(key, b"")


def test_every_damage_is_a_miss_and_goes_away(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put(KEY, b"a payload of some length")
    path = entry_of(tmp_path)
    whole = path.read_bytes()
    damaged = [whole[:length] for length in range(len(whole))]
    damaged += [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(len(whole))]
    damaged += [whole + b"x", b"{}"]
    for content in damaged:
        path.write_bytes(content)
        assert cache.get(KEY) is None
        assert not path.exists()
    cache.put(KEY, b"again")
    assert cache.get(KEY) == b"again"


def test_an_entry_under_another_name_is_a_miss(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put(KEY, b"x")
    other = recipe("other")
    entry_of(tmp_path, other).parent.mkdir(exist_ok=True)
    entry_of(tmp_path).rename(entry_of(tmp_path, other))
    assert cache.get(other) is None


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes of POSIX")
def test_links_pipes_and_directories_are_not_read(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "fwp")
    cache.put(KEY, b"x")
    path = entry_of(tmp_path / "fwp")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(path.read_bytes())
    path.unlink()

    path.symlink_to(elsewhere)
    assert cache.get(KEY) is None
    cache.put(KEY, b"y")
    assert cache.get(KEY) == b"y"
    assert not path.is_symlink()
    assert elsewhere.exists()

    path.unlink()
    os.mkfifo(path)
    assert cache.get(KEY) is None

    path.unlink(missing_ok=True)
    path.mkdir()
    assert cache.get(KEY) is None
    cache.put(KEY, b"z")
    assert cache.get(KEY) is None
    assert not list(path.parent.glob(".new-*"))


def test_a_file_in_the_place_of_the_directory_switches_writing_off(tmp_path: Path) -> None:
    place = tmp_path / "fwp"
    place.write_text("mine")
    cache = Cache(place)
    cache.put(KEY, b"x")
    assert cache.get(KEY) is None
    assert place.read_text() == "mine"


def test_a_full_disk_switches_writing_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path)
    cache.put(KEY, b"x")
    tried = []

    def full(*_: object, **__: object) -> None:
        tried.append(1)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    cache.put(recipe("a"), b"y")
    cache.put(recipe("b"), b"y")
    assert tried == [1]
    assert cache.get(KEY) == b"x"


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    written: list[int] = []

    def filling(handle: int, content: bytes) -> int:
        if written:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(write(handle, content[:5]))
        return written[0]

    cache = Cache(tmp_path)
    monkeypatch.setattr(os, "write", filling)
    cache.put(KEY, b"x")
    assert written == [5]
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "pruned"]


def test_a_system_that_writes_bit_by_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, content: write(handle, content[:7]))
    cache = Cache(tmp_path)
    cache.put(KEY, b"a payload of some length")
    assert cache.get(KEY) == b"a payload of some length"


def age(path: Path, days: float) -> None:
    then = time.time() - days * DAY
    os.utime(path, (then, then))


def test_the_oldest_entries_are_pruned(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    keys = [recipe(str(number)) for number in range(12)]
    for number, key in enumerate(keys):
        cache.put(key, bytes(1000))
        age(entry_of(tmp_path, key), 100 - number)
    assert cache.get(keys[0]) is not None
    Cache(tmp_path, limit_bytes=10_000).prune()
    assert entries(tmp_path) == {keys[0], *keys[-6:]}


def test_pruning_happens_after_much_was_written(tmp_path: Path) -> None:
    cache = Cache(tmp_path, limit_bytes=100_000)
    for number in range(300):
        cache.put(recipe(str(number)), bytes(1000))
    assert 80_000 < sum(path.stat().st_size for path in tmp_path.glob("??/*")) < 115_000


def test_pruning_happens_once_a_day(tmp_path: Path) -> None:
    Cache(tmp_path).put(KEY, bytes(1000))
    small = recipe("small")
    Cache(tmp_path, limit_bytes=900).put(small, b"x")
    assert entries(tmp_path) == {KEY, small}
    age(tmp_path / "pruned", 2)
    Cache(tmp_path, limit_bytes=900).put(recipe("another"), b"x")
    assert KEY not in entries(tmp_path)


def test_pruning_touches_nothing_else(tmp_path: Path) -> None:
    foreign = [tmp_path / "notes.txt", tmp_path / "ab" / "notes.txt", tmp_path / "src" / ("a" * 38)]
    for path in foreign:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
        age(path, 100)
    fresh, stale = tmp_path / "ab" / ".new-1", tmp_path / "ab" / ".new-2"
    fresh.touch()
    stale.touch()
    age(stale, 2)
    Cache(tmp_path, limit_bytes=0).put(KEY, b"x")
    assert all(path.exists() for path in foreign)
    assert fresh.exists()
    assert not stale.exists()


def payload_of(number: int) -> bytes:
    return random.Random(number).randbytes(200 + 37 * number)


def work(directory: str, seed: int) -> int:
    """Put, get, damage and prune at random; gives the number of hits. Raises at a wrong payload."""
    chance = random.Random(seed)
    cache = Cache(Path(directory), limit_bytes=30_000)
    hits = 0
    for _ in range(400):
        number = chance.randrange(40)
        key = recipe(str(number))
        action = chance.random()
        if action < 0.45:
            cache.put(key, payload_of(number))
        elif action < 0.9:
            found = cache.get(key)
            assert found is None or found == payload_of(number)
            hits += found is not None
        elif action < 0.95:
            try:
                with entry_of(Path(directory), key).open("r+b") as file:
                    file.truncate(chance.randrange(100))
            except OSError:
                pass
        else:
            cache.prune()
    return hits


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_several_processes_at_once(tmp_path: Path, method: str) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {method} on this system")
    with multiprocessing.get_context(method).Pool(4) as pool:
        hits = pool.starmap(work, [(str(tmp_path), seed) for seed in range(4)])
    assert all(hits)
    assert not list(tmp_path.glob("??/.new-*"))


def test_a_recipe_depends_on_every_part_and_its_kind() -> None:
    recipes = {
        recipe(),
        recipe(""),
        recipe("ab"),
        recipe(b"ab"),
        recipe("a", "b"),
        recipe("b", "a"),
        recipe("a", "b", ""),
        recipe("a2:b"),
        recipe("\ud800"),
    }
    assert len(recipes) == 9
    assert recipe("a", b"b") == recipe("a", b"b")


@pytest.mark.parametrize(
    ("platform", "environment", "expected"),
    [
        ("linux", {}, "home/.cache/fwp"),
        ("linux", {"XDG_CACHE_HOME": "TMP/xdg"}, "xdg/fwp"),
        ("linux", {"XDG_CACHE_HOME": "relative"}, "home/.cache/fwp"),
        ("darwin", {}, "home/Library/Caches/fwp"),
        ("win32", {"LOCALAPPDATA": "TMP/local"}, "local/fwp"),
        ("win32", {}, "home/AppData/Local/fwp"),
        ("linux", {"FWP_CACHE_DIR": "TMP/chosen", "XDG_CACHE_HOME": "TMP/xdg"}, "chosen"),
    ],
)
def test_the_default_place(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    platform: str,
    environment: dict[str, str],
    expected: str,
) -> None:
    for name in ("FWP_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value.replace("TMP", str(tmp_path)))
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    monkeypatch.setattr(sys, "platform", platform)
    assert default_directory() == tmp_path / expected


def test_without_a_home_there_is_no_default_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("FWP_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    assert default_directory() is None
