"""The sandbox LMS's own records, for what nobody can do through its pages: columns that vanish, 500 learners."""

from __future__ import annotations

import json
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row


class Book:
    """A connection to the sandbox's database; every change is there at once."""

    def __init__(self, sandbox):
        self._db = psycopg.connect(sandbox.env["COACHTOOL_SANDBOX_DATABASE_URL"], autocommit=True, row_factory=dict_row)

    def close(self) -> None:
        self._db.close()

    def rows(self, query: str, *values: Any) -> list[dict]:
        return self._db.execute(query, values or None).fetchall()

    def run(self, query: str, *values: Any) -> None:
        self._db.execute(query, values or None)

    def another(self, table: str, **changes: Any) -> int:
        """A row like the table's first, but for `changes`; its id."""
        first = self._db.execute(sql.SQL("SELECT * FROM {} ORDER BY id LIMIT 1").format(sql.Identifier(table)))
        row = first.fetchone() | changes
        row.pop("id")
        values = [json.dumps(value) if isinstance(value, dict | list) else value for value in row.values()]
        made = self._db.execute(
            sql.SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING id").format(
                sql.Identifier(table),
                sql.SQL(", ").join(map(sql.Identifier, row)),
                sql.SQL(", ").join(sql.Placeholder() * len(row)),
            ),
            values,
        )
        return made.fetchone()["id"]
