"""What Django refuses on the event loop: bodies of async functions, each under its name."""

from __future__ import annotations

REFUSED = """
# get
Post.objects.get(pk=1)

# list
list(Post.objects.all())

# len
len(Post.objects.all())

# bool
bool(Post.objects.all())

# if
if Post.objects.filter(title="x"):
    pass

# not
if not Post.objects.filter(title="x"):
    pass

# or
return Post.objects.filter(title="x") or None

# repr
repr(Post.objects.all())

# str
str(Post.objects.all())

# fstring
f"{Post.objects.all()}"

# in
p = await Post.objects.aget(pk=1)
return p in Post.objects.all()

# index
Post.objects.all()[0]

# step
Post.objects.all()[::2]

# star
print(*Post.objects.all())

# next iterator
next(Post.objects.iterator())

# for iterator
for p in Post.objects.iterator():
    pass

# tuple unpack
a, *rest = Post.objects.all()

# set of values
set(Post.objects.values_list("id", flat=True))

# dict comp
{p.id: p for p in Post.objects.all()}

# sum
sum(p.id for p in Post.objects.all())

# any
any(Post.objects.all())

# sorted
sorted(Post.objects.all(), key=lambda p: p.id)

# enumerate
for i, p in enumerate(Post.objects.all()):
    pass

# zip
for i, p in zip([1], Post.objects.all()):
    pass

# union
list(Post.objects.all() | Post.objects.filter(title="x"))

# first
Post.objects.first()

# last
Post.objects.last()

# count
Post.objects.count()

# exists
Post.objects.filter(id=1).exists()

# aggregate
Post.objects.aggregate(Count("id"))

# update
Post.objects.filter(id=0).update(title="x")

# delete
Post.objects.filter(id=0).delete()

# create
Tag.objects.create(name="x")

# get or create
Tag.objects.get_or_create(name="x")

# bulk create
Tag.objects.bulk_create([Tag(name="x")])

# in bulk
Post.objects.in_bulk([1])

# explain
Post.objects.all().explain()

# save
t = await Tag.objects.aget(pk=1)
t.save()

# instance delete
t = await Tag.objects.acreate(name="x")
t.delete()

# new save
Tag(name="x").save()

# foreign key
p = await Post.objects.aget(pk=1)
return p.author.name

# foreign key of first
p = await Post.objects.afirst()
return p.author

# foreign key in a loop
async for p in Post.objects.all():
    print(p.author)

# foreign key in a comprehension
return [p.author async for p in Post.objects.all()]

# select other
p = await Post.objects.select_related("editor").aget(pk=1)
return p.author.name

# select none
p = await Post.objects.select_related("author").select_related(None).aget(pk=1)
return p.author.name

# select nested
p = await Post.objects.select_related("author").aget(pk=1)
return p.author.publisher.name

# prefetch filter
p = await Post.objects.prefetch_related("tags").aget(pk=1)
return list(p.tags.filter(name="x"))

# prefetch order
p = await Post.objects.prefetch_related("tags").aget(pk=1)
return [t for t in p.tags.order_by("name")]

# many to many
p = await Post.objects.aget(pk=1)
return [t.name for t in p.tags.all()]

# m2m add
p = await Post.objects.aget(pk=1)
p.tags.add(await Tag.objects.afirst())

# reverse set
p = await Post.objects.aget(pk=1)
return list(p.comment_set.all())

# reverse named
a = await Author.objects.aget(pk=1)
return a.comments.count()

# reverse other
p = await Post.objects.aget(pk=1)
async for c in p.comment_set.all():
    print(c.author.name)

# prefetch nested
p = await Post.objects.prefetch_related("comment_set").aget(pk=1)
return [c.author.name for c in p.comment_set.all()]

# prefetch to attr
lookup = Prefetch("comment_set", to_attr="all_comments")
p = await Post.objects.prefetch_related(lookup).aget(pk=1)
return [c.author.name for c in p.all_comments]

# prefetch to attr all
lookup = Prefetch("comment_set", to_attr="all_comments")
p = await Post.objects.prefetch_related(lookup).aget(pk=1)
return list(p.comment_set.all())

# o2o forward
p = await Profile.objects.aget(pk=1)
return p.author

# o2o reverse
a = await Author.objects.aget(pk=1)
return a.profile

# hasattr
a = await Author.objects.aget(pk=1)
return hasattr(a, "profile")

# getattr
a = await Author.objects.aget(pk=1)
return getattr(a, "profile", None)

# self fk
a = await Author.objects.aget(pk=1)
return a.mentor

# students
a = await Author.objects.aget(pk=1)
return list(a.students.all())

# abstract fk
p = await Post.objects.aget(pk=1)
return p.maker

# user reverse
u = await User.objects.aget(pk=1)
return u.made_posts.count()

# generic
n = await Note.objects.aget(pk=1)
return n.target

# generic relation
p = await Post.objects.aget(pk=1)
return list(p.comments_generic.all())

# method
p = await Post.objects.aget(pk=1)
return p.author_name()

# property
p = await Post.objects.select_related("author").aget(pk=1)
return p.publisher_name

# str method
p = await Post.objects.aget(pk=1)
return f"{p}"

# str call
p = await Post.objects.aget(pk=1)
return str(p)

# only
p = await Post.objects.only("title").aget(pk=1)
return p.published

# defer
p = await Post.objects.defer("title").aget(pk=1)
return p.title

# only fk id
p = await Post.objects.only("title").aget(pk=1)
return p.author_id

# chained
Post.chained.published().first()

# chained author
p = await Post.chained.published().aget(pk=1)
return p.author.name

# titles
return Post.chained.titles()

# chained for
for p in Post.chained.published():
    pass

# public
Post.public.count()

# beyond what a manager loads
p = await Post.full.aget(pk=1)
return p.editor, p.maker

# method of a manager
Post.full.newest()

# manager made from a queryset
list(Post.mixed.of("x"))

# mixed author
async for p in Post.mixed.all():
    print(p.author.name)

# manager made in place
async for p in Post.direct.published():
    print(p.author.name)

# child of a parent model
r = await Place.objects.aget(pk=1)
return r.restaurant

# foreign key of a child model
r = await Restaurant.objects.aget(pk=1)
return r.chef

# get object or 404
get_object_or_404(Post, pk=1)

# aget object fk
p = await aget_object_or_404(Post, pk=1)
return p.author

# get model
apps.get_model("blog", "Post").objects.count()

# user
User.objects.get(pk=1)

# check groups
u = await User.objects.aget(pk=1)
return list(u.groups.all())

# has perm
u = await User.objects.aget(pk=1)
return u.has_perm("x")

# atomic
with transaction.atomic():
    pass

# cursor
connection.cursor()

# not evaluated before
qs = Post.objects.all()
async for p in qs.filter(title="x"):
    pass
return len(qs)

# cleared
qs = Post.objects.all()
async for p in qs:
    pass
return len(qs.all())

# sync to async called
await sync_to_async(print)(Post.objects.get(pk=1))

# subquery list
return Post.objects.filter(author__in=list(Author.objects.all()))

# in bulk fk
d = await Post.objects.ain_bulk([1])
return d[1].author

# foreign key of an awaited row
return (await Post.objects.aget(pk=1)).author

# raw
for p in Post.objects.raw("select * from blog_post"):
    pass

# reverse fk after select
c = await Comment.objects.select_related("post").afirst()
return c.post.author

# reverse o2o chain
p = await Post.objects.select_related("author").aget(pk=1)
return p.author.profile

# related first
a = await Author.objects.aget(pk=1)
return a.post_set.first()

# m2m reverse
t = await Tag.objects.aget(pk=1)
return t.posts.count()

# m2m known
t = await Tag.objects.aget(pk=1)
async for p in t.posts.all():
    print(p.author)

# dates
list(Post.objects.dates("made", "year"))

# first branch
if asyncio:
    qs = Post.objects.all()
else:
    qs = Post.objects.filter(title="x")
p = await qs.aget(pk=1)
return p.author.name

# contains
p = await Post.objects.aget(pk=1)
return Post.objects.contains(p)

# dict values
posts = {p.id: p async for p in Post.objects.all()}
for p in posts.values():
    print(p.author)

# append
posts = [p async for p in Post.objects.all()]
return posts[0].author

# returned
p = await get_post(1)
return p.author

# passed
p = await get_post(1)
return show(p)
"""
