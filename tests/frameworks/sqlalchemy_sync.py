"""What reads relations of many rows. ``grows_`` functions run more queries where there are more
rows, ``flat_`` ones do not.
"""

from __future__ import annotations

SYNC = """
from sqlalchemy import func, select
from sqlalchemy.orm import (
    Query,
    Load,
    Session,
    aliased,
    contains_eager,
    defaultload,
    immediateload,
    joinedload,
    lazyload,
    load_only,
    noload,
    raiseload,
    selectinload,
    subqueryload,
)

from app.models import Category, Comment, Post, Profile, Publisher, Tag, User

def grows_author(session: Session):
    return [post.author.name for post in session.scalars(select(Post))]

def grows_query_author(session: Session):
    for post in session.query(Post).filter(Post.id > 0).order_by(Post.title).all():
        print(post.author.name)

def grows_execute(session: Session):
    for (post,) in session.execute(select(Post)):
        print(post.comments)

def grows_execute_scalars(session: Session):
    for post in session.execute(select(Post)).scalars().all():
        print(post.comments)

def grows_unique(session: Session):
    for post in session.execute(select(Post)).unique().scalars():
        print(post.tags)

def grows_pairs(session: Session):
    for post, author in session.execute(select(Post, User).join(Post.author)):
        print(post.comments, author.name)

def grows_query_pairs(session: Session):
    for post, author in session.query(Post, User).join(Post.author):
        print(author.publisher.name)

def grows_property(session: Session):
    return [user.label for user in session.scalars(select(User))]

def grows_hybrid(session: Session):
    return [post.first_comment for post in session.scalars(select(Post)).all()]

def grows_backref(session: Session):
    return [len(tag.posts) for tag in session.scalars(select(Tag))]

def grows_user_comments(session: Session):
    return [len(user.comments) for user in session.scalars(select(User))]

def grows_mixin(session: Session):
    return [comment.owner.name for comment in session.scalars(select(Comment))]

def grows_one_to_one_back(session: Session):
    return [user.profile.bio for user in session.scalars(select(User))]

def grows_proxy(session: Session):
    return [list(post.tag_names) for post in session.scalars(select(Post))]

def grows_second_level(session: Session):
    for post in session.scalars(select(Post).options(joinedload(Post.author))):
        print(post.author.publisher.name)

def grows_other_option(session: Session):
    for post in session.scalars(select(Post).options(selectinload(Post.tags))):
        print(post.comments)

def grows_inner(session: Session):
    for post in session.scalars(select(Post).options(selectinload(Post.comments))):
        for comment in post.comments:
            print(comment.author.name)

def grows_lazyload(session: Session):
    for post in session.scalars(select(Post).options(lazyload(Post.editor))):
        print(post.editor.name)

def grows_lazy_all(session: Session):
    for post in session.scalars(select(Post).options(lazyload("*"))):
        print(post.editor.name)

def grows_defaultload(session: Session):
    for post in session.scalars(
        select(Post).options(defaultload(Post.comments).joinedload(Comment.author))
    ):
        print(post.comments)

def grows_dynamic(session: Session):
    for post in session.scalars(select(Post)):
        print(post.notes.all())

def grows_dynamic_count(session: Session):
    for post in session.scalars(select(Post)):
        print(post.notes.count())

def grows_one_post_comments(session: Session):
    post = session.get(Post, 1)
    return [comment.author.name for comment in post.comments]

def grows_first_post_comments(session: Session):
    post = session.scalars(select(Post).options(selectinload(Post.comments))).first()
    return [comment.author.name for comment in post.comments]

def grows_join_only(session: Session):
    query = session.query(Post).join(Post.author).filter(User.name != "")
    return [post.author.publisher.name for post in query]

def grows_many_to_many_back(session: Session):
    for post in session.scalars(select(Post).options(selectinload(Post.tags))):
        for tag in post.tags:
            print(len(tag.posts))

def name_of(post):
    return post.author.name

def grows_helper(session: Session):
    return [name_of(post) for post in session.scalars(select(Post))]

def all_posts(session: Session):
    return session.scalars(select(Post).order_by(Post.id)).all()

def grows_from_helper(session: Session):
    for post in all_posts(session):
        print(post.author.name)

def grows_conditional(session: Session, wanted=None):
    statement = select(Post)
    if wanted:
        statement = statement.where(Post.title == wanted)
    return [post.author.name for post in session.scalars(statement)]

def grows_children(session: Session):
    return [len(category.children) for category in session.scalars(select(Category))]

def grows_with_entities(session: Session):
    return [
        user.publisher.name
        for user in session.query(Post).join(Post.author).with_entities(User)
    ]

def grows_sorted(session: Session):
    return [
        post.title
        for post in sorted(session.scalars(select(Post)), key=lambda post: post.author.name)
    ]

def grows_slice(session: Session):
    return [post.author.name for post in session.query(Post)[0:1000]]

def flat_titles(session: Session):
    return [post.title for post in session.scalars(select(Post))]

def flat_key(session: Session):
    return [post.author_id for post in session.scalars(select(Post))]

def flat_joinedload(session: Session):
    return [
        post.author.name
        for post in session.scalars(select(Post).options(joinedload(Post.author)))
    ]

def flat_selectinload(session: Session):
    return [
        len(post.comments)
        for post in session.scalars(select(Post).options(selectinload(Post.comments)))
    ]

def flat_subqueryload(session: Session):
    return [
        len(post.comments) for post in session.query(Post).options(subqueryload(Post.comments))
    ]

def flat_contains_eager(session: Session):
    statement = select(Post).join(Post.author).options(contains_eager(Post.author))
    return [post.author.name for post in session.scalars(statement)]

def flat_chained(session: Session):
    statement = select(Post).options(selectinload(Post.comments).joinedload(Comment.author))
    return [
        comment.author.name for post in session.scalars(statement) for comment in post.comments
    ]

def flat_nested_options(session: Session):
    statement = select(Post).options(
        selectinload(Post.comments).options(
            joinedload(Comment.author), joinedload(Comment.owner)
        )
    )
    return [
        comment.owner.name for post in session.scalars(statement) for comment in post.comments
    ]

def flat_load(session: Session):
    statement = select(Post).options(Load(Post).joinedload(Post.author))
    return [post.author.name for post in session.scalars(statement)]

def flat_mapped_eager(session: Session):
    return [post.editor.name for post in session.scalars(select(Post))]

def flat_known_parent(session: Session):
    statement = select(Post).options(selectinload(Post.comments))
    return [
        comment.post.title for post in session.scalars(statement) for comment in post.comments
    ]

def flat_known_parent_one_to_one(session: Session):
    statement = select(User).options(joinedload(User.profile))
    return [user.profile.user.name for user in session.scalars(statement)]

def flat_assigned(session: Session):
    someone = session.get(User, 1)
    for post in session.scalars(select(Post)):
        post.author = someone
        print(post.author.name)
    session.rollback()

def flat_primed(session: Session):
    users = session.scalars(select(User)).all()
    print(len(users))
    return [post.author.name for post in session.scalars(select(Post))]

def flat_whole_tree(session: Session):
    return [
        category.parent.name
        for category in session.scalars(select(Category)).all()
        if category.parent
    ]

def flat_in_variable(session: Session):
    options = [joinedload(Post.author)]
    return [post.author.name for post in session.scalars(select(Post).options(*options))]

def flat_pairs(session: Session):
    return [
        (post.title, user.name)
        for post, user in session.execute(select(Post, User).join(Post.author))
    ]

def flat_pairs_in_session(session: Session):
    return [
        post.author.name for post, user in session.execute(select(Post, User).join(Post.author))
    ]

def flat_columns(session: Session):
    return [
        row.title for row in session.execute(select(Post.title, User.name).join(Post.author))
    ]

def flat_one(session: Session):
    post = session.scalars(select(Post)).first()
    return post.author.name

def flat_new(session: Session):
    posts = [Post(title="x") for _ in range(3)]
    return [post.author for post in posts]

def flat_aliased(session: Session):
    other = aliased(Post)
    return [
        post.author.name
        for post in session.scalars(select(other).options(joinedload(other.author)))
    ]

def with_author(query):
    return query.options(joinedload(Post.author))

def flat_option_helper(session: Session):
    return [post.author.name for post in with_author(session.query(Post))]

def flat_get(session: Session):
    post = session.get(
        Post, 1, options=[selectinload(Post.comments).joinedload(Comment.author)]
    )
    return [comment.author.name for comment in post.comments]

def annotated_posts(session: Session) -> list[Post]:
    return session.scalars(select(Post)).all()

def annotated_query(session: Session) -> "Query[Post]":
    return session.query(Post)

def grows_annotated_helper(session: Session):
    return [post.author.name for post in annotated_posts(session)]

def grows_annotated_query(session: Session):
    return [post.author.name for post in annotated_query(session)]

def grows_annotated_variable(session: Session):
    posts: list[Post] = session.scalars(select(Post)).all()
    return [post.author.name for post in posts]

def grows_legacy_conditional(session: Session, wanted=None):
    query = session.query(Post)
    if wanted:
        query = query.filter(Post.title == wanted)
    return [post.author.name for post in query.all()]

def flat_fixed_parent(session: Session):
    post = session.get(Post, 1)
    return [
        comment.post.title
        for comment in session.scalars(select(Comment).where(Comment.post_id == post.id))
    ]

def flat_fixed_relation(session: Session):
    post = session.get(Post, 1)
    return [
        comment.post.title for comment in session.query(Comment).filter(Comment.post == post)
    ]

def flat_filter_by(session: Session):
    return [comment.post.title for comment in session.query(Comment).filter_by(post_id=1)]

def grows_fixed_other(session: Session):
    return [comment.author.name for comment in session.query(Comment).filter_by(post_id=1)]

def flat_one_branch_loads(session: Session, wanted=None):
    query = session.query(Post)
    if wanted is None:
        query = query.options(joinedload(Post.author))
    return [post.author.name for post in query]
"""
