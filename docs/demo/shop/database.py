"""Sessions and tables."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

SessionLocal = sessionmaker(create_engine("postgresql+psycopg://localhost/shop"))


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    customer: Mapped[str]


def get_session() -> Iterator[Session]:
    """A session for one request. FastAPI runs this function in a thread."""
    with SessionLocal() as session:
        yield session


Database = Annotated[Session, Depends(get_session)]
