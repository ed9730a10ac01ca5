"""Tornado: methods of handlers and callbacks of the loop run on it, written ``def`` or not."""

from __future__ import annotations

from pathlib import Path

from tests.frameworks.projects import findings, labels, places


def test_methods_of_handlers(tmp_path: Path) -> None:
    source = """
        import time
        from tornado.web import Application, RequestHandler
        from tornado.websocket import WebSocketHandler

        class Base(RequestHandler):
            def prepare(self):
                time.sleep(1)

        class Home(Base):
            def get(self):
                time.sleep(1)

            async def post(self):
                time.sleep(1)

            def helper(self):
                time.sleep(1)

        class Feed(WebSocketHandler):
            def on_message(self, message):
                time.sleep(1)

        app = Application([("/", Home), ("/feed", Feed)])
    """
    assert labels(tmp_path, app=source) == {
        "prepare": "handler",
        "get": "handler",
        "post": "async handler",
        "on_message": "websocket handler",
    }


def test_generators_under_gen_coroutine(tmp_path: Path) -> None:
    source = """
        import time
        from tornado import gen
        from tornado.web import RequestHandler

        @gen.coroutine
        def load():
            time.sleep(1)
            yield gen.sleep(1)

        class Home(RequestHandler):
            @gen.coroutine
            def get(self):
                time.sleep(1)
                yield load()
    """
    assert labels(tmp_path, app=source) == {"load": "function", "get": "handler"}


def test_methods_that_an_executor_runs_are_silent(tmp_path: Path) -> None:
    source = """
        import time
        from tornado.concurrent import run_on_executor
        from tornado.web import RequestHandler

        class Home(RequestHandler):
            @run_on_executor
            def get(self):
                time.sleep(1)

            async def post(self):
                await self.work()

            @run_on_executor(executor="pool")
            def work(self):
                time.sleep(1)
    """
    assert places(tmp_path, app=source) == []


def test_callbacks_of_the_loop(tmp_path: Path) -> None:
    source = """
        import time
        from tornado.ioloop import IOLoop, PeriodicCallback

        def tick():
            time.sleep(1)

        def later(value):
            time.sleep(1)

        def repeated():
            time.sleep(1)

        def unused():
            time.sleep(1)

        def main():
            loop = IOLoop.current()
            loop.add_callback(tick)
            loop.call_later(5, later, 1)
            PeriodicCallback(repeated, 1000).start()
            loop.start()
    """
    assert labels(tmp_path, app=source) == {
        "tick": "event loop callback",
        "later": "event loop callback",
        "repeated": "event loop callback",
    }


def test_what_the_application_holds(tmp_path: Path) -> None:
    source = """
        import redis
        from tornado.web import Application, RequestHandler

        class Shop(Application):
            def __init__(self):
                super().__init__([("/", Home)])
                self.cache = redis.Redis()

        class Home(RequestHandler):
            def get(self):
                self.write(self.application.cache.get("a"))
    """
    assert places(tmp_path, app=source) == ["app:12 FWP101"]


def test_the_way_out_of_methods_that_are_not_awaited(tmp_path: Path) -> None:
    source = """
        import time
        from tornado.web import RequestHandler

        class Home(RequestHandler):
            def set_default_headers(self):
                time.sleep(1)

            def get(self):
                time.sleep(1)
    """
    headers, get = findings(tmp_path, app=source)
    assert headers.endswith("do it in prepare(), which may be async.")
    assert get.endswith("make 'get' an async function and use await asyncio.sleep().")


def test_what_is_put_on_a_plain_application(tmp_path: Path) -> None:
    source = """
        import redis
        from tornado.web import Application, RequestHandler

        class Home(RequestHandler):
            def get(self):
                self.write(self.application.cache.get("a"))

        app = Application([("/", Home)])
        app.cache = redis.Redis()
    """
    assert places(tmp_path, app=source) == ["app:7 FWP101"]


def test_settings_of_the_application(tmp_path: Path) -> None:
    source = """
        import redis
        from tornado.web import Application, RequestHandler

        class Base(RequestHandler):
            @property
            def store(self):
                return self.settings["store"]

        class Home(Base):
            async def get(self):
                self.store.get("a")
                self.settings["store"].get("b")
                self.application.settings["store"].get("c")
                self.settings.get("late").get("d")
                self.settings["own"].get("e")
                self.settings["debug"].get("f")
                self.settings["other"].get("g")

        class Own(Application):
            def __init__(self):
                settings = dict(own=redis.Redis(), debug=True)
                super().__init__([("/", Home)], **settings)

        def main():
            app = Application([("/", Home)], store=redis.Redis())
            app.settings["late"] = redis.Redis()
    """
    assert places(tmp_path, app=source) == [f"app:{line} FWP101" for line in range(12, 17)]
