"""Lend an open DuckDB connection to SQLAlchemy, so that expectations run inside its transaction.

Great Expectations speaks SQL through SQLAlchemy. The stock DuckDB dialect opens a connection of its own,
which cannot see a table that is not committed yet, and rolls back between statements. Here SQLAlchemy gets
the very connection that builds the table, and neither commits, rolls back nor closes it. What belongs
here: the differences between PostgreSQL, as which Great Expectations knows the database, and DuckDB.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Engine, create_engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.base import PGCompiler, PGDialect, PGIdentifierPreparer
from sqlalchemy.engine import reflection
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.pool import StaticPool
from sqlalchemy.sql import operators, visitors
from sqlalchemy.sql.elements import BinaryExpression
from sqlalchemy.types import UserDefinedType

from etl.warehouse import Connection, DatabaseError

Row = tuple[Any, ...]
Answer = TypeVar("Answer")


class Loan:
    """An open connection as SQLAlchemy's `engine`; the transaction stays the caller's.

    `statements` are those that ran. After one failed, `error` says why and no other runs: the transaction is
    aborted, and the errors of what came after would hide the cause.
    """

    def __init__(self, con: Connection) -> None:
        self.con = con
        self.statements: list[str] = []
        self.error: DatabaseError | None = None
        self.engine: Engine = create_engine(
            "postgresql+lent://", creator=lambda: _LentConnection(self), poolclass=StaticPool
        )

    def ask(self, step: Callable[[], Answer]) -> Answer:
        """Execute or fetch, as `step` does; a late row can fail as well. Raises DatabaseError."""
        if self.error is not None:
            raise self.error
        try:
            return step()
        except DatabaseError as error:
            self.error = error
            raise


class _LentConnection:
    """What SQLAlchemy takes for a connection of its own, and may neither commit, roll back nor close."""

    def __init__(self, loan: Loan) -> None:
        self.loan = loan
        self.reader: _Cursor | None = None

    def cursor(self) -> _Cursor:
        return _Cursor(self)

    def commit(self) -> None: ...

    def rollback(self) -> None: ...

    def close(self) -> None: ...


class _Cursor:
    """Reads lazily: a DuckDB connection holds one result, that of its last statement."""

    arraysize = 1
    rowcount = -1

    def __init__(self, connection: _LentConnection) -> None:
        self._connection = connection
        self._loan = connection.loan
        self.description: list[Any] | None = None

    def execute(self, sql: str, _: object = None) -> None:
        self._connection.reader = self
        self._loan.statements.append(sql)
        self.description = self._loan.ask(lambda: self._loan.con.execute(sql).description)

    def fetchone(self) -> Row | None:
        return self._fetch(self._loan.con.fetchone)

    def fetchmany(self, size: int = 1) -> list[Row]:
        return self._fetch(lambda: self._loan.con.fetchmany(size))

    def fetchall(self) -> list[Row]:
        return self._fetch(self._loan.con.fetchall)

    def close(self) -> None: ...

    def _fetch(self, step: Callable[[], Answer]) -> Answer:
        if self._connection.reader is not self:
            raise DatabaseError("this result was replaced by that of a later statement")
        return self._loan.ask(step)


class _Driver:
    """What SQLAlchemy asks of the module of a database driver."""

    paramstyle = "qmark"
    Error = DatabaseError


class _Names(PGIdentifierPreparer):
    def _requires_quotes(self, value: str) -> bool:
        return True  # DuckDB reserves words that PostgreSQL does not


class _Compiler(PGCompiler):
    def __init__(self, dialect: Any, statement: Any, **kw: Any) -> None:
        """Write values into the statement: what a reader is shown is what ran, and 0.1 is exact."""
        kw["compile_kwargs"] = {**kw.get("compile_kwargs", {}), "literal_binds": True}
        super().__init__(dialect, statement, **kw)

    def visit_textclause(self, textclause: Any, add_to_result_map: Any = None, **_: Any) -> str:
        """A suite's own query is SQL as it stands: `:name` is no placeholder in it."""
        self.isplaintext = self.isplaintext or not self.stack
        return str(textclause.text)

    def visit_custom_op_binary(self, element: Any, operator: Any, **kw: Any) -> Any:
        """PostgreSQL's `~` finds a match anywhere in a text; DuckDB's must match the whole of it."""
        if operator.opstring not in ("~", "!~"):
            return super().visit_custom_op_binary(element, operator, **kw)  # type: ignore[no-untyped-call]
        text, pattern = self.process(element.left, **kw), self.process(element.right, **kw)
        return f"{'not ' if operator.opstring == '!~' else ''}regexp_matches({text}, {pattern})"

    def visit_join(self, join: Any, *args: Any, **kw: Any) -> Any:
        """Great Expectations joins a table only to its own keys, where NULL must meet NULL.

        With `=` a key with a NULL in it meets nothing, and its duplicates would pass as unique.
        """
        join = join._clone()
        join.onclause = visitors.replacement_traverse(join.onclause, {}, _null_safe)
        return super().visit_join(join, *args, **kw)  # type: ignore[no-untyped-call]


def _null_safe(element: Any, **_: Any) -> Any:
    if isinstance(element, BinaryExpression) and element.operator is operators.eq:
        return element.left.is_not_distinct_from(element.right)
    return None


class DuckType(UserDefinedType[Any]):
    """A column type under DuckDB's own name for it, e.g. DECIMAL(18,3) or VARCHAR[]."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_: Any) -> str:
        """The type in SQL."""
        return self.name


class LentDialect(PGDialect):
    """PostgreSQL as DuckDB speaks it, on a connection that is lent."""

    driver = "lent"
    preparer = _Names
    statement_compiler: type[PGCompiler] = _Compiler
    supports_statement_cache = False  # values are part of the statement
    _backslash_escapes = False

    @classmethod
    def import_dbapi(cls) -> Any:
        """A stand-in for the driver module: the connection is there already."""
        return _Driver

    def initialize(self, connection: Any) -> None:
        """Ask the server nothing: PostgreSQL's questions have no answer in DuckDB."""
        DefaultDialect.initialize(self, connection)

    def _get_server_version_info(self, connection: Any) -> tuple[int, ...]:
        return (16,)

    def _get_default_schema_name(self, connection: Any) -> str:
        return "main"

    def get_default_isolation_level(self, dbapi_conn: Any) -> Any:
        """Left as it is; SQLAlchemy takes the error for that answer."""
        raise NotImplementedError

    @reflection.cache
    def get_columns(self, connection: Any, table_name: str, schema: str | None = None, **_: Any) -> Any:
        """Columns of a table as the connection sees it, also when it is temporary or not committed."""
        name = ".".join(self.identifier_preparer.quote(part) for part in (schema, table_name) if part)
        rows = connection.exec_driver_sql(f"describe {name}").fetchall()
        return [
            {"name": column, "type": DuckType(type_), "nullable": nullable == "YES", "default": default}
            for column, type_, nullable, _key, default, _extra in rows
        ]

    def get_pk_constraint(self, *_: Any, **__: Any) -> Any:
        """No table of this house has a primary key."""
        return {"constrained_columns": [], "name": None}


registry.register("postgresql.lent", __name__, "LentDialect")
