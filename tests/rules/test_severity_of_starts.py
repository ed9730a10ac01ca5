"""How much findings weigh that stand where something is started: before it runs, and beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from fwp_checks.finding import Severity
from tests.rules.weighing import severities

SEVERITIES: dict[str, tuple[str, Severity | None]] = {
    "network before a command serves": (
        """
        class Hub:
            def __init__(self):
                self.tasks = []

            async def start(self):
                await asyncio.sleep(1)
                requests.get("https://example.org")
                server = uvicorn.Server(uvicorn.Config(app))
                self.tasks.append(asyncio.create_task(server.serve()))
                await asyncio.gather(*self.tasks)

        def main():
            asyncio.run(Hub().start())
        """,
        Severity.WARNING,
    ),
    "network while a command serves": (
        """
        async def start():
            server = uvicorn.Server(uvicorn.Config(app))
            task = asyncio.create_task(server.serve())
            requests.get("https://example.org")
            await task

        def main():
            asyncio.run(start())
        """,
        Severity.ERROR,
    ),
    "network before a task that is started again and again": (
        """
        async def tick():
            await asyncio.sleep(1)

        async def start():
            while True:
                requests.get("https://example.org")
                asyncio.create_task(tick())
                await asyncio.sleep(1)

        def main():
            asyncio.run(start())
        """,
        Severity.ERROR,
    ),
    "network before what serves, and that others call": (
        """
        async def start():
            await asyncio.sleep(1)
            requests.get("https://example.org")
            await uvicorn.Server(uvicorn.Config(app)).serve()

        def main():
            asyncio.run(start())

        @app.post("/")
        async def again(request: Request):
            await request.body()
            await start()
        """,
        Severity.ERROR,
    ),
    "network in the coroutine that makes an application to be served": (
        """
        async def configure() -> web.Application:
            await asyncio.sleep(1)
            requests.get("https://example.org")
            return web.Application()

        async def create() -> web.Application:
            return await configure()

        if __name__ == "__main__":
            web.run_app(create(), port=8000)
        """,
        Severity.WARNING,
    ),
    "network in what makes an application to be served, and in a handler": (
        """
        async def configure() -> web.Application:
            await asyncio.sleep(1)
            requests.get("https://example.org")
            return web.Application()

        @app.post("/")
        async def again(request: Request):
            await request.body()
            await configure()

        if __name__ == "__main__":
            web.run_app(configure(), port=8000)
        """,
        Severity.ERROR,
    ),
    "network before a group of tasks that is waited for": (
        """
        async def tick():
            await asyncio.sleep(1)

        async def measure():
            requests.get("https://example.org")
            await tick()
            async with asyncio.TaskGroup() as group:
                await asyncio.gather(*[group.create_task(tick()) for _ in range(3)])

        async def main():
            for _ in range(3):
                await measure()

        if __name__ == "__main__":
            asyncio.run(main())
        """,
        None,
    ),
    "network after a group of tasks that has been waited for": (
        """
        async def tick():
            await asyncio.sleep(1)

        async def main():
            async with asyncio.TaskGroup() as group:
                group.create_task(tick())
            requests.get("https://example.org")

        if __name__ == "__main__":
            asyncio.run(main())
        """,
        None,
    ),
    "network beside the tasks of a group": (
        """
        async def tick():
            await asyncio.sleep(1)

        async def measure():
            await tick()
            async with asyncio.TaskGroup() as group:
                group.create_task(tick())
                requests.get("https://example.org")

        if __name__ == "__main__":
            asyncio.run(measure())
        """,
        Severity.ERROR,
    ),
    "network in what is awaited beside the tasks of a group": (
        """
        async def tick():
            await asyncio.sleep(1)

        async def load():
            requests.get("https://example.org")

        async def measure():
            async with asyncio.TaskGroup() as group:
                group.create_task(tick())
                await load()

        if __name__ == "__main__":
            asyncio.run(measure())
        """,
        Severity.ERROR,
    ),
    "network in a task of a group": (
        """
        async def tick():
            requests.get("https://example.org")

        async def measure():
            async with asyncio.TaskGroup() as group:
                for _ in range(3):
                    group.create_task(tick())

        if __name__ == "__main__":
            asyncio.run(measure())
        """,
        Severity.ERROR,
    ),
    "network beside the tasks of a group that another function enters": (
        """
        async def tick():
            await asyncio.sleep(1)

        async def begin(group: asyncio.TaskGroup):
            await tick()
            group.create_task(tick())
            requests.get("https://example.org")

        async def measure():
            async with asyncio.TaskGroup() as group:
                await begin(group)

        if __name__ == "__main__":
            asyncio.run(measure())
        """,
        Severity.ERROR,
    ),
    "network before what a loop begins with starts anything, in its only task": (
        """
        def install(loop, callback):
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, callback)

        async def tick():
            await asyncio.sleep(1)

        async def work(once: bool):
            if once:
                requests.get("https://example.org")
                return
            await asyncio.gather(tick(), tick())

        async def main():
            task = asyncio.create_task(work(True))
            install(asyncio.get_running_loop(), task.cancel)
            try:
                await task
            except asyncio.CancelledError:
                pass

        def run():
            asyncio.run(main())
        """,
        None,
    ),
    "network before tasks in what a loop's beginning awaits first": (
        """
        async def tick():
            await asyncio.sleep(1)

        async def prepare():
            requests.get("https://example.org")
            asyncio.create_task(tick())

        async def work():
            await prepare()

        async def main():
            await work()
            await asyncio.sleep(60)

        def run():
            asyncio.run(main())
        """,
        None,
    ),
    "network in one of two tasks that a loop begins with": (
        """
        async def tick():
            await asyncio.sleep(1)

        async def work():
            requests.get("https://example.org")
            await asyncio.sleep(1)

        async def main():
            other = asyncio.create_task(tick())
            task = asyncio.create_task(work())
            await task
            await other

        def run():
            asyncio.run(main())
        """,
        Severity.ERROR,
    ),
    "network in what is awaited second": (
        """
        async def tick():
            await asyncio.sleep(1)

        async def prepare():
            asyncio.create_task(tick())

        async def work():
            requests.get("https://example.org")

        async def main():
            await prepare()
            await work()

        def run():
            asyncio.run(main())
        """,
        Severity.WARNING,
    ),
    "network in a task that is awaited again and again": (
        """
        async def tick():
            await asyncio.sleep(1)

        async def work():
            requests.get("https://example.org")
            asyncio.create_task(tick())

        async def main():
            while True:
                await work()

        def run():
            asyncio.run(main())
        """,
        Severity.ERROR,
    ),
    "network in what a loop's beginning awaits first, and a handler": (
        """
        async def tick():
            await asyncio.sleep(1)

        async def work():
            requests.get("https://example.org")
            asyncio.create_task(tick())

        @app.post("/")
        async def main():
            await work()

        def run():
            asyncio.run(main())
        """,
        Severity.ERROR,
    ),
    "network after all tasks of a command": (
        """
        async def tick():
            await asyncio.sleep(1)

        async def start():
            tasks = []
            for _ in range(4):
                tasks.append(asyncio.create_task(tick()))
            await asyncio.gather(*tasks)
            requests.get("https://example.org")

        def main():
            asyncio.run(start())
        """,
        Severity.WARNING,
    ),
    "network after all that a command's workers had to do": (
        """
        async def work(queue):
            while True:
                await queue.get()
                queue.task_done()

        async def start():
            queue = asyncio.Queue()
            queue.put_nowait(1)
            for _ in range(4):
                asyncio.create_task(work(queue))
            await queue.join()
            requests.get("https://example.org")

        def main():
            asyncio.run(start())
        """,
        Severity.WARNING,
    ),
    "network after some tasks of a command": (
        """
        async def tick():
            await asyncio.sleep(1)

        async def start():
            other = asyncio.create_task(tick())
            tasks = [asyncio.create_task(tick()) for _ in range(4)]
            await asyncio.wait(tasks)
            requests.get("https://example.org")
            await other

        def main():
            asyncio.run(start())
        """,
        Severity.ERROR,
    ),
    "network where a command may have waited for its tasks": (
        """
        async def tick():
            await asyncio.sleep(1)

        async def start(wait):
            tasks = [asyncio.create_task(tick()) for _ in range(4)]
            if wait:
                await asyncio.wait(tasks)
            requests.get("https://example.org")

        def main():
            asyncio.run(start(True))
        """,
        Severity.ERROR,
    ),
    "network when an application stops whose settings stand in a mapping": (
        """
        async def flush():
            requests.get("https://example.org")

        @contextlib.asynccontextmanager
        async def lifespan(app: FastAPI):
            yield
            await flush()

        settings: dict[str, Any] = dict(debug=True, lifespan=lifespan)

        def create():
            return FastAPI(title="Api", **settings)
        """,
        Severity.WARNING,
    ),
    "network in each round of a task that is left to a server": (
        """
        class Watch:
            def start(self):
                self.task = asyncio.create_task(self.run())

            async def run(self):
                while True:
                    requests.get("https://example.org")
                    await asyncio.sleep(1)

        @app.on_event("startup")
        async def begin():
            Watch().start()
        """,
        Severity.ERROR,
    ),
    "network in a helper of each round of a task that is left to a server": (
        """
        async def look():
            requests.get("https://example.org")

        async def watch(stopped: asyncio.Event):
            while not stopped.is_set():
                await look()
                await asyncio.sleep(1)

        @contextlib.asynccontextmanager
        async def lifespan(app: FastAPI):
            task = asyncio.create_task(watch(asyncio.Event()))
            yield
            task.cancel()
            await asyncio.gather(task)

        served = FastAPI(lifespan=lifespan)
        """,
        Severity.ERROR,
    ),
    "network before the rounds of a task that is left to a server": (
        """
        async def watch():
            requests.get("https://example.org")
            while True:
                await asyncio.sleep(1)

        @app.on_event("startup")
        async def begin():
            asyncio.create_task(watch())
        """,
        Severity.WARNING,
    ),
    "network in a task that is left to a server, some times": (
        """
        async def watch():
            times = 0
            while times < 3:
                requests.get("https://example.org")
                await asyncio.sleep(1)
                times += 1

        @app.on_event("startup")
        async def begin():
            asyncio.create_task(watch())
        """,
        Severity.WARNING,
    ),
    "network in each round of a task that the start waits for": (
        """
        async def is_there() -> bool:
            await asyncio.sleep(1)
            return True

        async def watch():
            while not await is_there():
                requests.get("https://example.org")
                await asyncio.sleep(1)

        @app.on_event("startup")
        async def begin():
            task = asyncio.create_task(watch())
            await task
        """,
        Severity.WARNING,
    ),
}

HEAD = """\
import asyncio
import contextlib
import signal
from typing import Any

import requests
import uvicorn
from aiohttp import web
from fastapi import FastAPI, Request

app = FastAPI()
"""


@pytest.mark.parametrize("name", SEVERITIES)
def test_severity(name: str, tmp_path: Path) -> None:
    source, severity = SEVERITIES[name]
    found = severities(tmp_path, HEAD, source)
    assert found == ([severity] if severity is not None else [])
