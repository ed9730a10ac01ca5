"""How much findings weigh where something has failed: what handles errors, and queries that Django
refuses.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from fwp_checks.finding import Severity
from tests.rules.weighing import severities

SEVERITIES = {
    "network behind an error that is passed on": (
        """
        async def pay(order):
            try:
                await charge(order)
            except ValueError:
                requests.post("https://alarm.example.org")
                raise
        """,
        Severity.WARNING,
    ),
    "a helper's network behind an error that becomes another": (
        """
        def alarm():
            requests.post("https://alarm.example.org")

        async def pay(order):
            try:
                await charge(order)
            except Exception as error:
                if order:
                    alarm()
                raise RuntimeError(order) from error
        """,
        Severity.WARNING,
    ),
    "network behind an error, in place of what has failed": (
        """
        async def price(item):
            try:
                return await cached(item)
            except KeyError:
                return requests.get("https://price.example.org")
        """,
        Severity.ERROR,
    ),
    "another attempt, and after the last one the error": (
        """
        async def pay(order):
            for attempt in range(5):
                try:
                    return await charge(order)
                except ValueError:
                    if attempt < 4:
                        time.sleep(5)
                        continue
                    raise
        """,
        Severity.ERROR,
    ),
    "another attempt in a helper, and after the last one the error": (
        """
        def connect():
            for attempt in range(5):
                try:
                    return attempt_once()
                except ValueError:
                    if attempt < 4:
                        time.sleep(5)
                        continue
                    raise

        async def pay(order):
            connect()
        """,
        Severity.ERROR,
    ),
    "a roll-back, and another attempt": (
        """
        async def store(connection: sqlite3.Connection):
            for attempt in range(5):
                try:
                    await charge(attempt)
                except ValueError:
                    connection.rollback()
        """,
        Severity.WARNING,
    ),
    "a roll-back that nothing has failed before": (
        """
        async def store(connection: sqlite3.Connection):
            await charge(connection)
            connection.rollback()
        """,
        Severity.ERROR,
    ),
    "computing behind an error that is passed on": (
        """
        async def pay(order):
            try:
                await charge(order)
            except ValueError:
                hashlib.pbkdf2_hmac("sha256", b"a", b"b", 600_000)
                raise
        """,
        Severity.INFO,
    ),
    "a refused query that a helper survives": (
        """
        def settings():
            try:
                user = User.objects.get(pk=1)
            except Exception:
                user = None
            return user

        async def home(request):
            return settings()
        """,
        Severity.WARNING,
    ),
    "a refused query that a helper survives with what it was handed": (
        """
        def settings(user=None, group=None):
            if user is None:
                try:
                    user = User.objects.get(pk=1)
                except ValueError:
                    group = None
                except Exception:
                    user = None
            return user, group

        async def home(request):
            return settings()
        """,
        Severity.WARNING,
    ),
    "a refused query that the view survives": (
        """
        async def home(request):
            try:
                user = User.objects.get(pk=1)
            except (ValueError, Exception):
                user = None
            return user
        """,
        Severity.WARNING,
    ),
    "a refused query that the view answers with an error": (
        """
        async def home(request):
            try:
                user = User.objects.get(pk=1)
            except Exception:
                return None
            return user
        """,
        Severity.ERROR,
    ),
    "a refused query for which there may be no row": (
        """
        def settings():
            try:
                return User.objects.get(pk=1)
            except User.DoesNotExist:
                return None

        async def home(request):
            return settings()
        """,
        Severity.ERROR,
    ),
    "a refused query that a helper survives, and another one": (
        """
        def settings():
            try:
                user = User.objects.get(pk=1)
            except Exception:
                user = None
            return user, User.objects.count()

        async def home(request):
            return settings()
        """,
        Severity.ERROR,
    ),
    "a refused query behind an error that is passed on": (
        """
        async def home(request):
            try:
                await charge(request)
            except ValueError:
                User.objects.count()
                raise
        """,
        Severity.ERROR,
    ),
}

HEAD = """\
import hashlib
import sqlite3
import time

import requests
from django.contrib.auth.models import User
"""


@pytest.mark.parametrize("name", SEVERITIES)
def test_severity(name: str, tmp_path: Path) -> None:
    source, severity = SEVERITIES[name]
    assert severities(tmp_path, HEAD, source) == [severity]
