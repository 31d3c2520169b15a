"""Collections of the institution's own documents, and the chunks that questions are answered from."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils import timezone
from pgvector.django import HalfVectorField, HnswIndex, VectorField

from coachtool.attempts.models import Course, Person, Tenant

DIMENSIONS = 384  # of both embedding models
# Languages with an index of their own; the others share one. In an index of all, a search for one language finds its
# candidates mostly in the others: it lost a fifth of what a scan finds.
INDEXED = ("de", "en", "es", "fr", "it", "nl", "pt")


class Collection(models.Model):
    """Documents that an activity may be given. Without a course it is there for every course of the tenant."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="collections")
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="collections", null=True, blank=True)
    name = models.CharField(max_length=200)
    created = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "course", "name"], nulls_distinct=False, name="one_collection_per_name"
            )
        ]

    def __str__(self):
        return self.name


class Crawl(models.Model):
    """Pages of one web site, from `url` along its links: `depth` links far (0: that page only), `pages` at most.

    `read`, `unchanged` and `failed` count the pages that were tried. `skipped` says which addresses were left out
    and why: [{"place", "reason"}].
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    BUSY = (State.WAITING, State.RUNNING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="crawls")
    url = models.URLField(max_length=2000)
    depth = models.PositiveSmallIntegerField(default=0)
    pages = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    problem = models.CharField(max_length=500, blank=True)  # a sentence for people
    found = models.PositiveIntegerField(default=0)
    read = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    skipped = models.JSONField(default=list, blank=True)
    created = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    started = models.DateTimeField(null=True)
    finished = models.DateTimeField(null=True)
    # What a step leaves to the next: {"todo": [[address, depth, id of the parent document]], "seen": [addresses],
    # "site": where the start led to, "robots": that site's robots.txt, "known": how many addresses an earlier run
    # left, "fetched": how many were fetched}
    frontier = models.JSONField(default=dict, blank=True)
    due = models.DateTimeField(default=timezone.now)  # no step begins earlier; a step under way holds it ahead

    class Meta:
        ordering = ["-created"]
        constraints = [models.UniqueConstraint(fields=["collection", "url"], name="one_crawl_per_address")]

    def __str__(self):
        return self.url

    @property
    def is_busy(self) -> bool:
        return self.state in self.BUSY

    @property
    def tried(self) -> int:
        """How many pages count so far towards `pages`; what was fetched and not kept is none of them."""
        return self.read + self.unchanged + self.failed


class Document(models.Model):
    """A file that was uploaded, or a page that was fetched; `digest` (sha256) says which bytes.

    `read` lists what was read: [{"place", "words", "note"}]; `skipped` what was not, and why: [{"place", "reason"}].
    A page that was found at `depth` links from the crawl's start hangs on the page that led to it, its `parent`.
    """

    class Kind(models.TextChoices):
        FILE = "file"
        PAGE = "page"

    class State(models.TextChoices):
        WAITING = "waiting"
        READING = "reading"
        READ = "read"
        FAILED = "failed"  # with `problem`; what an earlier reading left stays there
        GONE = "gone"  # a page that is no longer at its address; what was read of it has been deleted

    BUSY = (State.WAITING, State.READING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="documents")
    kind = models.CharField(max_length=4, choices=Kind)
    name = models.CharField(max_length=300)  # the file's name, or the page's title
    url = models.URLField(max_length=2000, blank=True)
    crawl = models.ForeignKey(Crawl, on_delete=models.CASCADE, related_name="documents", null=True, blank=True)
    parent = models.ForeignKey("self", on_delete=models.SET_NULL, related_name="children", null=True, blank=True)
    depth = models.PositiveSmallIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True, db_index=True)  # of the bytes to be read
    read_digest = models.CharField(max_length=64, blank=True)  # of the bytes that the chunks were read from
    size = models.PositiveBigIntegerField(default=0)  # bytes
    media_type = models.CharField(max_length=100, blank=True)
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    progress = models.PositiveSmallIntegerField(default=0)  # 0 to 100
    problem = models.CharField(max_length=500, blank=True)  # a sentence for people
    added = models.DateTimeField(auto_now_add=True)
    added_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    read_at = models.DateTimeField(null=True)
    due = models.DateTimeField(default=timezone.now)  # no step of its reading begins earlier
    language = models.CharField(max_length=10, blank=True)  # of most of its chunks, as in "en"
    pages = models.PositiveIntegerField(default=0)  # pages or slides; 0 where the format has none
    words = models.PositiveIntegerField(default=0)
    passages = models.PositiveIntegerField(default=0)  # chunks
    read = models.JSONField(default=list, blank=True)
    skipped = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["name", "added"]
        constraints = [
            models.UniqueConstraint(
                fields=["collection", "name"], condition=models.Q(kind="file"), name="one_file_per_name"
            ),
            models.UniqueConstraint(
                fields=["collection", "url"], condition=models.Q(kind="page"), name="one_page_per_address"
            ),
        ]

    def __str__(self):
        return self.name or self.url

    @property
    def is_busy(self) -> bool:
        return self.state in self.BUSY


class Chunk(models.Model):
    """A stretch of a document that answers by itself: some paragraphs under one heading, or rows of a table.

    `digest` is of its text, headings and embedding models: a chunk whose digest is unchanged keeps its row and its
    vectors. `dense` is of the multilingual model; `dense_en` of the English one, for English chunks only. `stems` are
    the words of text and headings (words.stems).
    """

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="chunks")
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="chunks")
    ordinal = models.PositiveIntegerField()
    text = models.TextField()
    heading = models.CharField(max_length=500, blank=True)  # the path, as in "Limits > Authority"
    page = models.PositiveIntegerField(null=True)  # page or slide, from 1
    digest = models.CharField(max_length=64)
    language = models.CharField(max_length=10, blank=True)
    stems = ArrayField(models.TextField(), default=list)
    dense_en = HalfVectorField(dimensions=DIMENSIONS, null=True)
    dense = HalfVectorField(dimensions=DIMENSIONS, null=True)

    class Meta:
        ordering = ["document", "ordinal"]
        indexes = [
            models.Index(name="chunk_language", fields=["collection", "language"]),
            GinIndex(name="chunk_stems", fields=["stems"], fastupdate=False),
            HnswIndex(
                name="chunk_dense_en", fields=["dense_en"], m=32, ef_construction=200, opclasses=["halfvec_cosine_ops"]
            ),
            *(
                HnswIndex(
                    name=f"chunk_world_{name}",
                    fields=["dense"],
                    condition=condition,
                    m=32,
                    ef_construction=128,
                    opclasses=["halfvec_cosine_ops"],
                )
                for name, condition in (
                    *((language, models.Q(language=language)) for language in INDEXED),
                    ("others", ~models.Q(language__in=INDEXED)),
                )
            ),
        ]


class Tongue(models.Model):
    """What a collection holds in one language. Kept by triggers on Chunk (migration 0002), so that it is always right.

    `total` and `total_en` are the sums of its chunks' vectors: what they have in common is no sign of any one of them.
    """

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="tongues")
    language = models.CharField(max_length=10, blank=True)
    chunks = models.PositiveIntegerField()
    total = VectorField(dimensions=DIMENSIONS, null=True)
    total_en = VectorField(dimensions=DIMENSIONS, null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["collection", "language"], name="one_tongue_per_language")]


class Word(models.Model):
    """In how many chunks of a collection a stem stands. Kept by triggers on Chunk (migration 0002)."""

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="+", db_index=False)
    stem = models.TextField()
    chunks = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["collection", "stem"], name="one_count_per_word")]
