"""How much findings weigh: by what is waited for, and by where."""

from __future__ import annotations

from pathlib import Path

import pytest

from fwp_checks.finding import Severity
from tests.rules.weighing import severities

SEVERITIES = {
    "network under a test that a distant helper asks": (
        """
        def ask(tenant: str) -> dict:
            return requests.get(f"https://{tenant}.example.org").json()

        def load(tenant: str) -> dict:
            return ask(tenant) if tenant.startswith("x") else {}

        def show(tenant: str) -> dict:
            return load(tenant)

        async def home():
            show("xerox")
        """,
        Severity.INFO,
    ),
    "network under a test of what a handler is given": (
        """
        def ask(tenant: str) -> dict:
            return requests.get(f"https://{tenant}.example.org").json()

        def load(tenant: str) -> dict:
            return ask(tenant) if tenant.startswith("x") else {}

        def show(tenant: str) -> dict:
            return load(tenant)

        async def home(tenant: str):
            show(tenant)
        """,
        Severity.ERROR,
    ),
    "network under a test that a near helper asks": (
        """
        def ask(tenant: str) -> dict:
            return requests.get(f"https://{tenant}.example.org").json()

        def load(tenant: str) -> dict:
            return ask(tenant) if tenant.startswith("x") else {}

        async def home(tenant: str):
            load(tenant)
        """,
        Severity.ERROR,
    ),
    "network that most of several callees wait for": (
        """
        class Web:
            def load(self) -> dict:
                return requests.get("https://example.org").json()

        class Mail(Web):
            pass

        class Chat(Web):
            pass

        class Null:
            def load(self) -> dict:
                return {}

        LOADERS = {"web": Web, "mail": Mail, "chat": Chat, "null": Null}

        async def home(kind: str):
            LOADERS[kind]().load()
        """,
        Severity.INFO,
    ),
    "network that all of several callees wait for": (
        """
        class Web:
            def load(self) -> dict:
                return requests.get("https://example.org").json()

        class Mail(Web):
            pass

        LOADERS = {"web": Web, "mail": Mail}

        async def home(kind: str):
            LOADERS[kind]().load()
        """,
        Severity.ERROR,
    ),
    "network when the process is asked to end": (
        """
        async def drain():
            requests.get("https://example.org")

        def stop():
            asyncio.create_task(drain())

        async def serve():
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, stop)
        """,
        Severity.WARNING,
    ),
    "network before the loop runs for ever": (
        """
        class Hub:
            async def prepare(self):
                requests.get("https://example.org")

        def main():
            loop = asyncio.new_event_loop()
            hub = Hub()
            loop.run_until_complete(hub.prepare())
            loop.run_forever()
        """,
        Severity.WARNING,
    ),
    "network before Tornado's loop starts": (
        """
        class Hub:
            async def prepare(self, options):
                requests.get("https://example.org")

            @classmethod
            def main(cls, options=None):
                self = cls()
                loop = IOLoop(make_current=False)
                loop.run_sync(functools.partial(self.prepare, options))
                loop.start()
        """,
        Severity.WARNING,
    ),
    "network in a task of a loop that runs for ever": (
        """
        async def poll():
            requests.get("https://example.org")

        def main():
            loop = asyncio.new_event_loop()
            loop.create_task(poll())
            loop.run_forever()
        """,
        Severity.ERROR,
    ),
    "network at another signal": (
        """
        def reload():
            requests.get("https://example.org")

        async def serve():
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload)
        """,
        Severity.ERROR,
    ),
    "network in a script whose client answers pings": (
        """
        async def listen():
            async with websockets.connect("wss://example.org") as socket:
                async for message in socket:
                    requests.post("https://example.org", data=message)

        if __name__ == "__main__":
            asyncio.run(listen())
        """,
        Severity.WARNING,
    ),
    "network in a script that is a server": (
        """
        async def listen():
            async with websockets.serve(print, "localhost", 80) as server:
                requests.post("https://example.org")

        if __name__ == "__main__":
            asyncio.run(listen())
        """,
        Severity.ERROR,
    ),
    "network in a handler": (
        """
        @app.post("/")
        async def home(request: Request):
            await request.body()
            requests.get("https://example.org")
        """,
        Severity.ERROR,
    ),
    "network in an async function": (
        """
        async def home():
            requests.get("https://example.org")
        """,
        Severity.ERROR,
    ),
    "network through a helper": (
        """
        def fetch():
            requests.get("https://example.org")

        async def home():
            fetch()
        """,
        Severity.ERROR,
    ),
    "computing": (
        """
        async def home():
            hashlib.pbkdf2_hmac("sha256", b"a", b"b", 600_000)
        """,
        Severity.WARNING,
    ),
    "file content in a handler": (
        """
        @app.post("/")
        async def home(request: Request):
            await request.body()
            Path("terms.txt").read_text()
        """,
        Severity.INFO,
    ),
    "network at start-up": (
        """
        @contextlib.asynccontextmanager
        async def lifespan(app):
            requests.get("https://example.org")
            yield

        other = FastAPI(lifespan=lifespan)
        """,
        Severity.WARNING,
    ),
    "network at the start-up that the maker of an application is handed": (
        """
        async def load():
            requests.get("https://example.org")

        @contextlib.asynccontextmanager
        async def lifespan(app):
            await load()
            yield

        def create(lifespan: contextlib.AbstractAsyncContextManager = None) -> FastAPI:
            return FastAPI(lifespan=lifespan)

        other = create(lifespan)
        """,
        Severity.WARNING,
    ),
    "network at a start-up that is declared to be another thing": (
        """
        async def load():
            requests.get("https://example.org")

        @contextlib.asynccontextmanager
        async def lifespan(app):
            await load()
            yield

        def create(*, title: str, lifespan: contextlib.AsyncExitStack) -> FastAPI:
            return FastAPI(title=title, lifespan=lifespan)

        other = create(title="other", lifespan=lifespan)
        """,
        Severity.WARNING,
    ),
    "network in what is called beside the start-up that is handed over": (
        """
        async def load():
            requests.get("https://example.org")

        @contextlib.asynccontextmanager
        async def lifespan(app):
            yield

        def create(lifespan: contextlib.AsyncExitStack, loading: Request) -> FastAPI:
            return FastAPI(lifespan=lifespan)

        other = create(lifespan, load)
        """,
        Severity.ERROR,
    ),
    "computing at start-up": (
        """
        @contextlib.asynccontextmanager
        async def lifespan(app):
            hashlib.scrypt(b"secret", salt=b"salt", n=16384, r=8, p=1)
            yield

        other = FastAPI(lifespan=lifespan)
        """,
        Severity.INFO,
    ),
    "network behind the start-up": (
        """
        async def load():
            requests.get("https://example.org")

        @contextlib.asynccontextmanager
        async def lifespan(app):
            await load()
            yield

        other = FastAPI(lifespan=lifespan)
        """,
        Severity.WARNING,
    ),
    "network behind the start-up of an application class": (
        """
        class Application(FastAPI):
            pass

        async def load():
            requests.get("https://example.org")

        @contextlib.asynccontextmanager
        async def lifespan(app):
            await load()
            yield

        def make():
            return Application(lifespan=lifespan)
        """,
        Severity.WARNING,
    ),
    "network behind start-up and handler": (
        """
        async def load():
            requests.get("https://example.org")

        @contextlib.asynccontextmanager
        async def lifespan(app):
            await load()
            yield

        other = FastAPI(lifespan=lifespan)

        @app.get("/")
        async def home():
            await load()
        """,
        Severity.ERROR,
    ),
    "network in a command beside its tasks": (
        """
        async def tick():
            await asyncio.sleep(1)

        async def watch():
            asyncio.create_task(tick())

        async def run():
            await watch()
            requests.get("https://example.org")

        @click.command()
        def start():
            asyncio.run(run())
        """,
        Severity.WARNING,
    ),
    "network beside what a command gathers": (
        """
        async def tick():
            await asyncio.sleep(1)

        async def watch():
            asyncio.create_task(tick())

        async def gather():
            requests.get("https://example.org")
            await asyncio.gather(tick(), tick())

        @click.command()
        def start():
            asyncio.run(run())

        async def run():
            await watch()
            await gather()
        """,
        Severity.WARNING,
    ),
    "network in what a command gathers": (
        """
        async def tick():
            requests.get("https://example.org")

        async def watch():
            asyncio.create_task(asyncio.sleep(1))

        @click.command()
        def start():
            asyncio.run(run())

        async def run():
            await watch()
            await asyncio.gather(tick(), tick())
        """,
        Severity.ERROR,
    ),
    "a question in a task": (
        """
        async def ask():
            input("Go on? ")

        async def watch():
            asyncio.create_task(ask())
        """,
        Severity.WARNING,
    ),
    "a question in a handler": (
        """
        @app.get("/")
        async def home(request: Request):
            await request.body()
            input("Go on? ")
        """,
        Severity.ERROR,
    ),
    "network in a task of a command": (
        """
        async def tick():
            requests.get("https://example.org")

        @click.command()
        def start():
            asyncio.run(watch())

        async def watch():
            asyncio.create_task(tick())
        """,
        Severity.ERROR,
    ),
    "handler that awaits nothing": (
        """
        @app.get("/")
        async def home():
            requests.get("https://example.org")
        """,
        Severity.ERROR,
    ),
    "handler that awaits nothing and computes": (
        """
        @app.get("/")
        async def home():
            hashlib.pbkdf2_hmac("sha256", b"a", b"b", 600_000)
        """,
        Severity.WARNING,
    ),
}

HEAD = """\
import asyncio
import contextlib
import functools
import hashlib
import signal
from pathlib import Path

import click
import requests
import websockets
from fastapi import FastAPI, Request
from tornado.ioloop import IOLoop

app = FastAPI()
"""


@pytest.mark.parametrize("name", SEVERITIES)
def test_severity(name: str, tmp_path: Path) -> None:
    source, severity = SEVERITIES[name]
    assert severities(tmp_path, HEAD, source) == [severity]
