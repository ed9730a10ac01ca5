"""Talking to other services."""

import httpx
import requests


class Bank:
    def __init__(self, address: str) -> None:
        self.address = address
        self.session = requests.Session()

    def send(self, path: str, body: dict) -> dict:
        """Post a document and give the answer."""
        return self.session.post(self.address + path, json=body).json()


async def stock(client: httpx.AsyncClient, product: str) -> int:
    """How many pieces are left; waits without stopping anyone else."""
    response = await client.get(f"https://stock.example/{product}")
    return response.json()["pieces"]


def exchange_rates() -> dict:
    """The rates of the day."""
    return requests.get("https://rates.example/today").json()
