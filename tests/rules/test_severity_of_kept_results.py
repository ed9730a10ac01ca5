"""How much findings weigh that are not of each request: what happens once, once for each key, or
until what is kept is no longer good.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from fwp_checks.finding import Severity
from tests.rules.weighing import severities

SEVERITIES = {
    "network once for each key": (
        """
        @functools.lru_cache
        def keys(tenant: str) -> dict:
            return requests.get(f"https://{tenant}.example.org").json()

        async def home(tenant: str):
            keys(tenant)
        """,
        Severity.WARNING,
    ),
    "network once for each key of a mapping": (
        """
        class Keys:
            def __init__(self):
                self.known = {}

            def of(self, tenant):
                if tenant not in self.known:
                    self.known[tenant] = requests.get(f"https://{tenant}.example.org").json()
                return self.known[tenant]

        async def home(tenant: str):
            Keys().of(tenant)
        """,
        Severity.WARNING,
    ),
    "network once for each key, until what is kept is closed": (
        """
        class Links:
            def __init__(self):
                self.known = {}

            def to(self, host):
                if host not in self.known or self.known[host].closed:
                    self.known[host] = requests.get(f"https://{host}.example.org")
                return self.known[host]

        async def home(host: str):
            Links().to(host)
        """,
        Severity.WARNING,
    ),
    "network once for what is added to a set": (
        """
        ready = set()

        class Store:
            def __init__(self, folder: str):
                self.folder = folder
                if self.folder not in ready:
                    requests.get(self.folder)
                    ready.add(self.folder)

        async def home(folder: str):
            Store(folder)
        """,
        Severity.WARNING,
    ),
    "network for what a caller adds to a set": (
        """
        told = set()

        def tell(name: str):
            if name not in told:
                requests.get(name)
                told.add(name)

        async def home(name: str):
            tell(name)
        """,
        Severity.ERROR,
    ),
    "network once, until what is kept is closed": (
        """
        class Links:
            def __init__(self):
                self.link = None

            def open(self):
                self.link = requests.get("https://example.org")

            def first(self):
                if self.link is None or self.link.is_closed():
                    self.open()
                return self.link

        async def home():
            Links().first()
        """,
        Severity.WARNING,
    ),
    "network once for each key, and each time": (
        """
        @functools.lru_cache
        def keys(tenant: str) -> dict:
            return fetch(tenant)

        def fetch(tenant: str) -> dict:
            return requests.get(f"https://{tenant}.example.org").json()

        def load(tenant: str) -> dict:
            return keys(tenant) | fetch(tenant)

        async def home(tenant: str):
            load(tenant)
        """,
        Severity.ERROR,
    ),
    "network once for each object": (
        """
        class Person:
            @functools.cached_property
            def profile(self) -> dict:
                return requests.get("https://example.org").json()

        async def home():
            Person().profile
        """,
        Severity.ERROR,
    ),
    "network in a coroutine that is made once": (
        """
        class Store:
            def __init__(self):
                self.ready = False

            async def open(self):
                if self.ready:
                    return
                self.ready = True
                await self._fill()

            async def _fill(self):
                requests.get("https://example.org")
        """,
        Severity.WARNING,
    ),
    "network in a coroutine that is made once, and elsewhere": (
        """
        class Store:
            def __init__(self):
                self.ready = False

            async def open(self):
                if self.ready:
                    return
                self.ready = True
                await self.fill()

            async def fill(self):
                requests.get("https://example.org")

        async def refill(store: Store):
            await store.fill()
        """,
        Severity.ERROR,
    ),
}

HEAD = """\
import functools

import requests
"""


@pytest.mark.parametrize("name", SEVERITIES)
def test_severity(name: str, tmp_path: Path) -> None:
    source, severity = SEVERITIES[name]
    assert severities(tmp_path, HEAD, source) == [severity]
