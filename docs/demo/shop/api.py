"""The handlers. Some of them have pitfalls, some show the way out."""

import bcrypt
import httpx
from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel
from sqlalchemy import select

from shop.database import Database, Order
from shop.payment import charge
from shop.transport import exchange_rates, stock

app = FastAPI()


class Payment(BaseModel):
    card: str
    amount: int


@app.post("/checkout")
async def checkout(request: Request):
    order = await request.json()
    return {"reference": charge(order["card"], order["amount"])}


@app.post("/checkout-in-thread")
async def checkout_in_thread(order: Payment):
    reference = await run_in_threadpool(charge, order.card, order.amount)
    return {"reference": reference}


@app.post("/orders")
async def orders(request: Request, database: Database):
    customer = (await request.json())["customer"]
    return database.scalars(select(Order).where(Order.customer == customer)).all()


@app.get("/orders/{customer}")
def orders_of(customer: str, database: Database):
    return database.scalars(select(Order).where(Order.customer == customer)).all()


@app.post("/login")
async def login(request: Request):
    form = await request.json()
    return {"ok": bcrypt.checkpw(form["password"].encode(), b"stored hash")}


@app.get("/rates")
async def rates():
    return exchange_rates()


@app.get("/stock/{product}")
async def pieces(product: str):
    async with httpx.AsyncClient() as client:
        return {"pieces": await stock(client, product)}
