"""The contracts of this tree, from empty tables in memory: what a snapshot of any data has."""

from __future__ import annotations

from contextlib import closing
from functools import cache

from etl.contracts import Column
from etl.models.graph import create_statements
from etl.odcs.rules import VOCABULARY
from etl.odcs.types import Document
from etl.odcs.write import delivery_contracts, published_contracts
from etl.warehouse import create_table, memory, tables_of
from tests.support.models import project_models


@cache
def tree_contracts() -> dict[str, Document]:
    """Each contract by its name. Read only: copy what you change."""
    with closing(memory()) as con:
        for model in project_models():
            if model.name in VOCABULARY:  # its rows are the words
                con.execute(create_statements(model)[0])
            if not model.is_macro:
                columns = [Column(column.name, column.type, column.comment) for column in model.columns]
                con.execute(create_table(model.name, model.description, columns))
        for table, told in tables_of("meta").items():
            con.execute(create_table(table, *told))
        return published_contracts(con) | delivery_contracts()
