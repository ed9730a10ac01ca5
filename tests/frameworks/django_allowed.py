"""What Django allows on the event loop: bodies of async functions, each under its name."""

from __future__ import annotations

ALLOWED = """
# slice
Post.objects.all()[:5]

# slice acount
await Post.objects.all()[:5].acount()

# query
str(Post.objects.filter(title="x").query)

# iterator
Post.objects.iterator()

# union
Post.objects.all() | Post.objects.filter(title="x")

# asave
await Tag(name="x").asave()

# fk id
p = await Post.objects.aget(pk=1)
return p.author_id, p.pk, p.id

# select
p = await Post.objects.select_related("author").aget(pk=1)
return p.author.name

# select all
p = await Post.objects.select_related("author").all().filter(id=1).afirst()
return p.author.name

# select nested
p = await Post.objects.select_related("author__publisher").aget(pk=1)
return p.author.publisher.name

# prefetch fk
p = await Post.objects.prefetch_related("author").aget(pk=1)
return p.author.name

# prefetch m2m
p = await Post.objects.prefetch_related("tags").aget(pk=1)
return [t.name for t in p.tags.all()]

# prefetch len
p = await Post.objects.prefetch_related("tags").aget(pk=1)
return len(p.tags.all()), p.tags.count(), p.tags.exists(), bool(p.tags.all())

# m2m manager
p = await Post.objects.aget(pk=1)
return p.tags, p.tags.all(), p.tags.filter(name="x")

# m2m async
p = await Post.objects.aget(pk=1)
return [t.name async for t in p.tags.all()]

# m2m aadd
p = await Post.objects.aget(pk=1)
await p.tags.aadd(await Tag.objects.afirst())

# reverse known
p = await Post.objects.aget(pk=1)
async for c in p.comment_set.all():
    print(c.post.title)

# prefetch back
p = await Post.objects.prefetch_related("comment_set").aget(pk=1)
return [c.post.title for c in p.comment_set.all()]

# prefetch nested
p = await Post.objects.prefetch_related("comment_set__author").aget(pk=1)
return [c.author.name for c in p.comment_set.all()]

# prefetch object
lookup = Prefetch("comment_set", queryset=Comment.objects.select_related("author"))
p = await Post.objects.prefetch_related(lookup).aget(pk=1)
return [c.author.name for c in p.comment_set.all()]

# prefetch to attr
lookup = Prefetch("comment_set", to_attr="all_comments")
p = await Post.objects.prefetch_related(lookup).aget(pk=1)
return [c.text for c in p.all_comments]

# o2o reverse
a = await Author.objects.select_related("profile").aget(pk=1)
return a.profile

# generic prefetch
n = await Note.objects.prefetch_related("target").aget(pk=1)
return n.target

# method
p = await Post.objects.select_related("author").aget(pk=1)
return p.author_name()

# property
p = await Post.objects.select_related("author__publisher").aget(pk=1)
return p.publisher_name

# str method
p = await Post.objects.select_related("author").aget(pk=1)
return f"{p}"

# assigned
p = await Post.objects.aget(pk=1)
p.author = await Author.objects.aget(pk=1)
return p.author.name

# aprefetch
p = await Post.objects.aget(pk=1)
await aprefetch_related_objects([p], "author")
return p.author.name

# offloaded read
p = await Post.objects.aget(pk=1)
author = await sync_to_async(lambda: p.author)()
return author.name, p.author.name

# offloaded getattr
p = await Post.objects.aget(pk=1)
author = await sync_to_async(getattr)(p, "author")
return author.name

# new
a = await Author.objects.aget(pk=1)
p = Post(title="x", author=a)
return p.author.name

# acreate
a = await Author.objects.aget(pk=1)
p = await Post.objects.acreate(title="x", author=a)
return p.author.name

# only
p = await Post.objects.only("title").aget(pk=1)
return p.title, p.pk, p.id

# only fk id
p = await Post.objects.only("title", "author").aget(pk=1)
return p.author_id

# values
async for row in Post.objects.values("author"):
    print(row["author"])

# values list
async for pk, author in Post.objects.values_list("pk", "author__name"):
    print(author)

# flat
return [x async for x in Post.objects.values_list("title", flat=True)]

# none
list(Post.objects.none())

# chained afirst
await Post.chained.published().afirst()

# chained author
p = await Post.chained.published().with_author().aget(pk=1)
return p.author.name

# beyond what a manager loads
p = await Post.full.aget(pk=1)
return p.author.publisher.name, [t for t in p.tags.all()]

# manager made from a queryset
Post.mixed.of("x").with_author()

# mixed author
async for p in Post.mixed.of("x").with_author():
    print(p.author.name)

# child of a parent model
r = await Restaurant.objects.aget(pk=1)
return r.name, r.stars

# aget object fk
p = await aget_object_or_404(Post.objects.select_related("author"), pk=1)
return p.author

# ahas perm
u = await User.objects.aget(pk=1)
return await u.ahas_perm("x")

# atomic create
transaction.atomic()

# evaluated before
qs = Post.objects.all()
async for p in qs:
    pass
return len(qs), [p.title for p in qs], bool(qs), qs.count(), qs[0]

# evaluated thread
qs = Post.objects.all()
await sync_to_async(list)(qs)
return [p.title for p in qs]

# sync to async
await sync_to_async(Post.objects.get)(pk=1)

# to thread
await asyncio.to_thread(Post.objects.count)

# decorated
await helper()

# subquery
return [p async for p in Post.objects.filter(author__in=Author.objects.filter(name="x"))]

# annotate
return [p.n async for p in Post.objects.annotate(n=Count("tags"))]

# adelete
await Tag.objects.filter(id=0).adelete()

# in bulk
d = await Post.objects.ain_bulk([1])
return d[1].title

# reverse fk after select
c = await Comment.objects.select_related("post__author").afirst()
return c.post.author.name

# related select
a = await Author.objects.aget(pk=1)
async for p in a.post_set.select_related("editor"):
    print(p.editor)

# related known
a = await Author.objects.aget(pk=1)
async for p in a.post_set.all():
    print(p.author.name)

# dates
Post.objects.dates("made", "year")

# first branch
qs = Post.objects.all()
if asyncio:
    qs = qs.select_related("author")
p = await qs.aget(pk=1)
return p.author.name

# refresh
p = await Post.objects.aget(pk=1)
await p.arefresh_from_db()

# returned
p = await get_full(1)
return p.author

# passed
p = await get_full(1)
return show(p)
"""
