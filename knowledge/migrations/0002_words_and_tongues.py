"""Chunks get their stems; what each collection holds is counted by language and by word, by triggers from here on.

Language and stems of a row never change (a chunk that reads differently is another row), and vectors are given once:
so an UPDATE only ever adds vectors. The lock keeps two documents of one collection from waiting for each other's words.
"""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import pgvector.django.vector
from django.db import migrations, models

from knowledge.words import stems

_BATCH = 1000

COUNT_WHAT_IS_THERE = """
INSERT INTO knowledge_tongue (collection_id, language, chunks, total, total_en)
SELECT collection_id, language, count(*), sum(dense::vector), sum(dense_en::vector) FROM knowledge_chunk GROUP BY 1, 2;
INSERT INTO knowledge_word (collection_id, stem, chunks)
SELECT collection_id, stem, count(*) FROM knowledge_chunk, unnest(stems) AS stem GROUP BY 1, 2;
"""

COUNT_FROM_NOW_ON = """
CREATE FUNCTION knowledge_chunks_came() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(id::text, 0))
    FROM (SELECT DISTINCT collection_id AS id FROM came ORDER BY 1) AS touched;
    INSERT INTO knowledge_tongue AS had (collection_id, language, chunks, total, total_en)
    SELECT collection_id, language, count(*), sum(dense::vector), sum(dense_en::vector)
    FROM came GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (collection_id, language) DO UPDATE SET
        chunks = had.chunks + excluded.chunks,
        total = coalesce(had.total + excluded.total, had.total, excluded.total),
        total_en = coalesce(had.total_en + excluded.total_en, had.total_en, excluded.total_en);
    INSERT INTO knowledge_word AS had (collection_id, stem, chunks)
    SELECT collection_id, stem, count(*) FROM came, unnest(stems) AS stem GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (collection_id, stem) DO UPDATE SET chunks = had.chunks + excluded.chunks;
    RETURN NULL;
END $$;

CREATE FUNCTION knowledge_chunks_embedded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE knowledge_tongue AS had SET
        total = coalesce(had.total + more.total, had.total, more.total),
        total_en = coalesce(had.total_en + more.total_en, had.total_en, more.total_en)
    FROM (
        SELECT collection_id, language,
            sum(is_.dense::vector) FILTER (WHERE was.dense IS NULL) AS total,
            sum(is_.dense_en::vector) FILTER (WHERE was.dense_en IS NULL) AS total_en
        FROM is_ JOIN was USING (id, collection_id, language) GROUP BY 1, 2
    ) AS more
    WHERE had.collection_id = more.collection_id AND had.language = more.language
        AND (more.total IS NOT NULL OR more.total_en IS NOT NULL);
    RETURN NULL;
END $$;

CREATE FUNCTION knowledge_chunks_went() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(id::text, 0))
    FROM (SELECT DISTINCT collection_id AS id FROM went ORDER BY 1) AS touched;
    UPDATE knowledge_tongue AS had SET
        chunks = had.chunks - gone.chunks,
        total = coalesce(had.total - gone.total, had.total),
        total_en = coalesce(had.total_en - gone.total_en, had.total_en)
    FROM (
        SELECT collection_id, language, count(*) AS chunks, sum(dense::vector) AS total, sum(dense_en::vector) AS total_en
        FROM went GROUP BY 1, 2
    ) AS gone
    WHERE had.collection_id = gone.collection_id AND had.language = gone.language;
    UPDATE knowledge_word AS had SET chunks = had.chunks - gone.chunks
    FROM (
        SELECT collection_id, stem, count(*) AS chunks FROM went, unnest(stems) AS stem GROUP BY 1, 2
    ) AS gone
    WHERE had.collection_id = gone.collection_id AND had.stem = gone.stem;
    DELETE FROM knowledge_tongue WHERE chunks = 0 AND collection_id IN (SELECT collection_id FROM went);
    DELETE FROM knowledge_word WHERE chunks = 0 AND collection_id IN (SELECT collection_id FROM went);
    RETURN NULL;
END $$;

CREATE TRIGGER knowledge_chunks_came AFTER INSERT ON knowledge_chunk
    REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION knowledge_chunks_came();
CREATE TRIGGER knowledge_chunks_embedded AFTER UPDATE ON knowledge_chunk
    REFERENCING OLD TABLE AS was NEW TABLE AS is_ FOR EACH STATEMENT EXECUTE FUNCTION knowledge_chunks_embedded();
CREATE TRIGGER knowledge_chunks_went AFTER DELETE ON knowledge_chunk
    REFERENCING OLD TABLE AS went FOR EACH STATEMENT EXECUTE FUNCTION knowledge_chunks_went();
"""

COUNT_NO_MORE = """
DROP TRIGGER knowledge_chunks_came ON knowledge_chunk;
DROP TRIGGER knowledge_chunks_embedded ON knowledge_chunk;
DROP TRIGGER knowledge_chunks_went ON knowledge_chunk;
DROP FUNCTION knowledge_chunks_came, knowledge_chunks_embedded, knowledge_chunks_went;
"""


def give_stems(apps, editor):
    Chunk = apps.get_model("knowledge", "Chunk")
    batch = []
    for chunk in Chunk.objects.only("pk", "heading", "text", "stems").iterator(_BATCH):
        chunk.stems = stems(f"{chunk.heading} {chunk.text}")
        batch.append(chunk)
        if len(batch) == _BATCH:
            Chunk.objects.bulk_update(batch, ["stems"])
            batch = []
    Chunk.objects.bulk_update(batch, ["stems"])


class Migration(migrations.Migration):

    dependencies = [
        ('knowledge', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Tongue',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('language', models.CharField(blank=True, max_length=10)),
                ('chunks', models.PositiveIntegerField()),
                ('total', pgvector.django.vector.VectorField(dimensions=384, null=True)),
                ('total_en', pgvector.django.vector.VectorField(dimensions=384, null=True)),
                ('collection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tongues', to='knowledge.collection')),
            ],
        ),
        migrations.CreateModel(
            name='Word',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stem', models.TextField()),
                ('chunks', models.PositiveIntegerField()),
                ('collection', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='knowledge.collection')),
            ],
        ),
        migrations.AddConstraint(
            model_name='tongue',
            constraint=models.UniqueConstraint(fields=('collection', 'language'), name='one_tongue_per_language'),
        ),
        migrations.AddConstraint(
            model_name='word',
            constraint=models.UniqueConstraint(fields=('collection', 'stem'), name='one_count_per_word'),
        ),
        migrations.AddField(
            model_name='chunk',
            name='stems',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None),
        ),
        migrations.RunPython(give_stems, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name='chunk',
            index=models.Index(fields=['collection', 'language'], name='chunk_language'),
        ),
        migrations.AddIndex(
            model_name='chunk',
            index=django.contrib.postgres.indexes.GinIndex(fastupdate=False, fields=['stems'], name='chunk_stems'),
        ),
        migrations.RunSQL(COUNT_WHAT_IS_THERE, migrations.RunSQL.noop),
        migrations.RunSQL(COUNT_FROM_NOW_ON, COUNT_NO_MORE),
    ]
