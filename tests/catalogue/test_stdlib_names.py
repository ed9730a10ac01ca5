"""The standard library's rows against the standard library that runs these tests."""

from __future__ import annotations

import importlib
import inspect
import sys
import tomllib

import pytest

from fwp_checks.catalogue.compile import FOLDER
from fwp_checks.catalogue.documents import Document, read_document

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="names differ by platform")

# Set on instances, or made up by __getattr__ or by C code, so not to be seen on the class;
# in_memory are objects that were made over a buffer, or for a database without a file,
# compressing those that compress, on_disk those that were made for a path.
ON_INSTANCES = (
    "asyncio.Condition.acquire",
    "asyncio.run_coroutine_threadsafe.future",
    "concurrent.futures.Executor.map.results",
    "concurrent.futures.as_completed.future",
    "multiprocessing.context.BaseContext.Process",
    "multiprocessing.managers.SyncManager.Queue.proxy",
    "multiprocessing.synchronize",
    "os._wrap_close",
    "select.poll",
    "pathlib.Path.of_kernel",
    "sqlite3.Connection.in_memory",
    "sqlite3.Cursor.in_memory",
    "subprocess.Popen.stderr",
    "subprocess.Popen.stdout",
    "tarfile.TarFile.compressing",
    "tarfile.TarFile.in_memory",
    "tempfile.TemporaryDirectory.name",
    "threading.Condition.acquire",
    "threading.Lock",
    "threading.RLock",
    "wave.Wave_read.on_disk",
    "wave.Wave_write.on_disk",
    "xmlrpc.client.ServerProxy.procedure",
    "zipfile.ZipFile.compressing",
    "zipfile.ZipFile.in_memory",
)
OTHER_PLATFORMS = (
    "asyncio.ProactorEventLoop",
    "select.kqueue",
    "selectors.DevpollSelector",
    "selectors.KqueueSelector",
)
NOT_STDLIB = ("uvloop",)
ADDED = {
    (3, 12): (
        "itertools.batched",
        "pathlib.Path.is_junction",
        "pathlib.Path.walk",
        "pathlib.PurePath.with_segments",
    ),
    (3, 13): ("asyncio.EventLoop", "pathlib.Path.from_uri"),
    (3, 14): (
        "concurrent.futures.InterpreterPoolExecutor",
        "pathlib.Path.copy",
        "pathlib.Path.copy_into",
        "pathlib.Path.move",
        "pathlib.Path.move_into",
    ),
}
REMOVED = {(3, 13): ("telnetlib",)}


def _documents() -> list[Document]:
    documents = []
    for path in sorted(FOLDER.glob("stdlib_*.toml")):
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        documents.append(read_document(data, path.name, shipped=True))
    return documents


def _names(document: Document) -> set[str]:
    names = {alias for alias, _, _ in document.aliases} | {row.name for row in document.types}
    for entry, _ in document.named():
        names.update((*entry.single, *entry.prefixes))
    return names


def _may_be_absent(name: str) -> bool:
    absent = [*ON_INSTANCES, *NOT_STDLIB, *OTHER_PLATFORMS]
    for version, names in ADDED.items():
        absent += names if sys.version_info < version else ()
    for version, names in REMOVED.items():
        absent += names if sys.version_info >= version else ()
    return any(name == known or name.startswith(f"{known}.") for known in absent)


def _resolve(name: str) -> object | None:
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:end]))
        except ImportError:
            continue
        for part in parts[end:]:
            found = getattr(found, part, None)
        return found
    return None


@pytest.mark.parametrize("document", _documents(), ids=lambda document: document.source)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_names_exist(document: Document) -> None:
    missing = [name for name in _names(document) if _resolve(name) is None]
    assert sorted(name for name in missing if not _may_be_absent(name)) == []


@pytest.mark.parametrize("document", _documents(), ids=lambda document: document.source)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_conditions_and_roles_speak_of_parameters(document: Document) -> None:
    """Each keyword that a row names is a parameter of at least one of the row's calls."""
    spoken = [(row.names.single, (*row.unless, *row.when)) for row in document.effects]
    spoken += [(role.names.single, tuple(map(str, role.arguments))) for role in document.roles]
    for names, texts in spoken:
        known: set[str] = set()
        for name in names:
            try:
                known |= set(inspect.signature(_resolve(name)).parameters)  # type: ignore[arg-type]
            except (TypeError, ValueError):
                break
        else:
            keywords = {text.partition("=")[0].rpartition(":")[2] for text in texts}
            unknown = {key for key in keywords if key.isidentifier() and key not in known}
            assert not unknown, (names, unknown)
