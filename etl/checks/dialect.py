"""Share an open DuckDB connection with SQLAlchemy, so that expectations run inside its transaction.

Great Expectations runs SQL through SQLAlchemy. The stock DuckDB dialect opens a connection of its own, which does
not see an uncommitted table, and rolls back between statements. Here SQLAlchemy uses the connection that builds the
table, and cannot commit, roll back or close it. Great Expectations takes the database for PostgreSQL; this module
holds the differences between PostgreSQL and DuckDB.
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


class SharedConnection:
    """An open connection as SQLAlchemy's `engine`; only the caller ends its transaction.

    `statements` are those that ran. After one failed, `error` has its error and no other runs: the transaction is
    aborted, and later errors would hide the cause.
    """

    def __init__(self, con: Connection) -> None:
        self.con = con
        self.statements: list[str] = []
        self.error: DatabaseError | None = None
        self.engine: Engine = create_engine(
            "postgresql+shared://", creator=lambda: _DriverConnection(self), poolclass=StaticPool
        )

    def ask(self, step: Callable[[], Answer]) -> Answer:
        """Run `step`, which executes or fetches; fetching can fail as well. Raises DatabaseError."""
        if self.error is not None:
            raise self.error
        try:
            return step()
        except DatabaseError as error:
            self.error = error
            raise


class _DriverConnection:
    """The connection as SQLAlchemy sees it: commit, rollback and close do nothing."""

    def __init__(self, shared: SharedConnection) -> None:
        self.shared = shared
        self.reader: _Cursor | None = None

    def cursor(self) -> _Cursor:
        return _Cursor(self)

    def commit(self) -> None: ...

    def rollback(self) -> None: ...

    def close(self) -> None: ...


class _Cursor:
    """A cursor that fetches on demand: a DuckDB connection holds only the result of its last statement."""

    arraysize = 1
    rowcount = -1

    def __init__(self, connection: _DriverConnection) -> None:
        self._connection = connection
        self._shared = connection.shared
        self.description: list[Any] | None = None

    def execute(self, sql: str, _: object = None) -> None:
        self._connection.reader = self
        self._shared.statements.append(sql)
        self.description = self._shared.ask(lambda: self._shared.con.execute(sql).description)

    def fetchone(self) -> Row | None:
        return self._fetch(self._shared.con.fetchone)

    def fetchmany(self, size: int = 1) -> list[Row]:
        return self._fetch(lambda: self._shared.con.fetchmany(size))

    def fetchall(self) -> list[Row]:
        return self._fetch(self._shared.con.fetchall)

    def close(self) -> None: ...

    def _fetch(self, step: Callable[[], Answer]) -> Answer:
        if self._connection.reader is not self:
            raise DatabaseError("this result was replaced by that of a later statement")
        return self._shared.ask(step)


class _Driver:
    """What SQLAlchemy needs of the module of a database driver."""

    paramstyle = "qmark"
    Error = DatabaseError


class _Names(PGIdentifierPreparer):
    def _requires_quotes(self, value: str) -> bool:
        return True  # DuckDB reserves words that PostgreSQL does not


class _Compiler(PGCompiler):
    def __init__(self, dialect: Any, statement: Any, **kw: Any) -> None:
        """Write values into the statement, so that the query that readers see is the one that ran, and 0.1 is exact."""
        kw["compile_kwargs"] = {**kw.get("compile_kwargs", {}), "literal_binds": True}
        super().__init__(dialect, statement, **kw)

    def visit_textclause(self, textclause: Any, add_to_result_map: Any = None, **_: Any) -> str:
        """Leave the query of a suite unchanged: `:name` is no placeholder in it."""
        self.isplaintext = self.isplaintext or not self.stack
        return str(textclause.text)

    def visit_custom_op_binary(self, element: Any, operator: Any, **kw: Any) -> Any:
        """PostgreSQL's `~` finds a match anywhere in a text; DuckDB's must match the whole of it."""
        if operator.opstring not in ("~", "!~"):
            return super().visit_custom_op_binary(element, operator, **kw)  # type: ignore[no-untyped-call]
        text, pattern = self.process(element.left, **kw), self.process(element.right, **kw)
        return f"{'not ' if operator.opstring == '!~' else ''}regexp_matches({text}, {pattern})"

    def visit_join(self, join: Any, *args: Any, **kw: Any) -> Any:
        """Join with IS NOT DISTINCT FROM: Great Expectations joins a table only to its own keys.

        With `=` a key with a NULL in it matches nothing, and its duplicates would pass as unique.
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


class SharedDialect(PGDialect):
    """PostgreSQL's dialect with DuckDB's differences, on a shared connection."""

    driver = "shared"
    preparer = _Names
    statement_compiler: type[PGCompiler] = _Compiler
    supports_statement_cache = False  # values are part of the statement
    _backslash_escapes = False

    @classmethod
    def import_dbapi(cls) -> Any:
        """A class in the place of the driver module: the connection is open already."""
        return _Driver

    def initialize(self, connection: Any) -> None:
        """Ask the server nothing: DuckDB does not know PostgreSQL's queries."""
        DefaultDialect.initialize(self, connection)

    def _get_server_version_info(self, connection: Any) -> tuple[int, ...]:
        return (16,)

    def _get_default_schema_name(self, connection: Any) -> str:
        return "main"

    def get_default_isolation_level(self, dbapi_conn: Any) -> Any:
        """Unknown: SQLAlchemy takes this error as the answer."""
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
        """No table of the warehouse has a primary key."""
        return {"constrained_columns": [], "name": None}


registry.register("postgresql.shared", __name__, "SharedDialect")
