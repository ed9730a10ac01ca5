"""What reads relations of objects of an asynchronous session: ``raises_`` functions raise."""

from __future__ import annotations

ASYNC = """
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, selectinload

from app.models import Category, Comment, Post, Profile, Publisher, Tag, User

async def raises_author(session: AsyncSession):
    return [post.author.name for post in await session.scalars(select(Post))]

async def raises_execute(session: AsyncSession):
    result = await session.execute(select(Post))
    for post in result.scalars().all():
        print(post.comments)

async def raises_get(session: AsyncSession):
    post = await session.get(Post, 1)
    return post.author.name

async def raises_scalar(session: AsyncSession):
    post = await session.scalar(select(Post))
    return len(post.comments)

async def raises_one(session: AsyncSession):
    post = (await session.execute(select(Post).where(Post.id == 1))).scalar_one_or_none()
    if post is None:
        return None
    return post.author.name

async def raises_property(session: AsyncSession):
    user = await session.get(User, 1)
    return user.label

async def raises_second_level(session: AsyncSession):
    post = await session.get(Post, 1, options=[joinedload(Post.author)])
    return post.author.publisher.name

async def raises_stream(session: AsyncSession):
    result = await session.stream(select(Post))
    async for post in result.scalars():
        print(post.author.name)

async def raises_stream_scalars(session: AsyncSession):
    async for post in await session.stream_scalars(select(Post)):
        print(post.author.name)

def name_of(post):
    return post.author.name

async def raises_helper(session: AsyncSession):
    post = await session.get(Post, 1)
    return name_of(post)

async def raises_after_refresh_of_other(session: AsyncSession):
    post = await session.get(Post, 1)
    other = await session.get(Post, 2)
    await session.refresh(other, ["author"])
    return post.comments

async def raises_from_run_sync(session: AsyncSession):
    posts = await session.run_sync(lambda s: s.scalars(select(Post)).all())
    return posts[0].author.name

async def flat_options(session: AsyncSession):
    posts = await session.scalars(
        select(Post).options(selectinload(Post.comments), joinedload(Post.author))
    )
    return [(post.author.name, len(post.comments)) for post in posts]

async def flat_awaitable(session: AsyncSession):
    post = await session.get(Post, 1)
    author = await post.awaitable_attrs.author
    return author.name, post.author.name

async def flat_refresh(session: AsyncSession):
    post = await session.get(Post, 1)
    await session.refresh(post, ["author"])
    return post.author.name

async def flat_refresh_names(session: AsyncSession):
    post = await session.get(Post, 1)
    await session.refresh(post, attribute_names=["comments"])
    return post.comments

def read_author(session, post):
    return post.author.name

async def flat_run_sync(session: AsyncSession):
    post = await session.get(Post, 1)
    return await session.run_sync(read_author, post)

async def flat_run_sync_closure(session: AsyncSession):
    post = await session.get(Post, 1)
    return await session.run_sync(lambda s: post.author.name)

async def flat_run_sync_query(session: AsyncSession):
    def names(s):
        return [post.author.name for post in s.scalars(select(Post))]

    return await session.run_sync(names)

async def flat_column(session: AsyncSession):
    post = await session.get(Post, 1)
    return post.title, post.author_id

async def flat_eager(session: AsyncSession):
    post = await session.get(Post, 1)
    return post.editor.name

async def flat_new(session: AsyncSession):
    post = Post(title="x", author_id=1)
    return post.comments

async def flat_same_query(session: AsyncSession):
    result = await session.execute(select(Post, User).join(Post.author))
    return [post.author.name for post, user in result]

async def flat_columns(session: AsyncSession):
    result = await session.execute(select(Post.title, User.name).join(Post.author))
    return [row.title for row in result]

async def flat_assigned(session: AsyncSession):
    post = await session.get(Post, 1)
    post.author = await session.get(User, 1)
    return post.author.name

async def grows_awaitable(session: AsyncSession):
    for post in await session.scalars(select(Post)):
        print(await post.awaitable_attrs.comments)
"""
