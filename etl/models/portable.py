"""What a query with `-- portable: yes` must not use: the same text would give other numbers on Spark.

The rules are those of docs/portable-sql.md that a syntax tree shows, each found by a difference in values. What it
does not show (whether an order is total, whether an argument can be NULL, whether a column is a DATE) is left to
the author and to the test that runs a model on both engines.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlglot import exp

ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Neg, exp.Paren, exp.Case, exp.If, exp.Coalesce)
FIRST_ROW = "take min(struct_pack(...)) or a qualify row_number() over (... total order ...) = 1"
# What is refused everywhere, by rule.
REFUSED: dict[tuple[type[exp.Expr], ...], str] = {
    (exp.Avg,): "a mean is an exact sum over a count",  # 2
    (exp.First, exp.Last, exp.AnyValue, exp.Mode, exp.ArgMin, exp.ArgMax): FIRST_ROW,  # 6
    (exp.Pivot,): "pivot with FILTER or CASE",  # 7
    (exp.GenerateSeries, exp.GenerateDateArray): "take the days from a table",
    (exp.PercentileCont, exp.PercentileDisc, exp.Quantile): "median(cast(x as double)) is the only quantile",  # 8
    (exp.ApproxQuantile, exp.ApproxDistinct, exp.ApproxTopK): "no approximate functions",
    (exp.AtTimeZone,): "sessions are in UTC",  # 9
    (exp.IntDiv,): "write floor(x / y)",
    (exp.DayOfWeek,): "write isodow(x)",
    (exp.Rand,): "a random number is no figure",
}
NEED_ORDER = (exp.RowNumber, exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.Rank, exp.DenseRank)
WEEKDAYS = frozenset({"dayofweek", "weekday", "dow"})


def unportable(tree: exp.Select, macros: Collection[str] = ()) -> Iterator[str]:
    """Every use of something that differs between the engines, as a sentence with the fix; only DuckDB has `macros`."""
    for node in tree.walk():
        if isinstance(node, exp.Anonymous) and node.name.lower() in macros:
            yield f"is portable, but {_shown(node)} is a macro of DuckDB: write out what it says"
        for rule in RULES:
            if reason := rule(node):
                yield f"is portable, but {_shown(node)}: {reason}"


def _ratio(node: exp.Expr) -> str | None:
    """Rule 1: a ratio is DOUBLE; cast or rounded to DECIMAL, ties fall to different sides."""
    if isinstance(node, exp.Cast) and node.to.is_type(exp.DType.DECIMAL):
        for division in node.this.find_all(exp.Div):
            if not isinstance(division.this.unnest(), exp.Floor):
                return "a ratio stays DOUBLE; for fixed places divide floor(x * 10^n + 0.5) by 10^n"
    return None


def _refused(node: exp.Expr) -> str | None:
    return next((reason for kinds, reason in REFUSED.items() if isinstance(node, kinds)), None)


def _dates(node: exp.Expr) -> str | None:
    """Rule 3: a truncated or shifted date is a timestamp on one engine; only days are counted alike."""
    if isinstance(node, exp.DateDiff):
        unit = str(node.args.get("unit") or "DAY").upper().strip("'")
        return None if unit == "DAY" else "count months as year * 12 + month, and only days with date_diff"
    if isinstance(node, exp.Interval) and str(node.args.get("unit")).upper().startswith("QUARTER"):
        return "write three months"
    is_shift = isinstance(node, exp.Add | exp.Sub) and isinstance(node.expression, exp.Interval)
    if is_shift or isinstance(node, exp.TimestampTrunc | exp.DateTrunc):
        around = node.parent
        while isinstance(around, exp.Paren):
            around = around.parent
        if not (isinstance(around, exp.Cast) and around.to.is_type(exp.DType.DATE)):
            return "cast it back to DATE"
    return None


def _window(node: exp.Expr) -> str | None:
    """Rules 4 to 6."""
    if isinstance(node, exp.Join) and str(node.args.get("method") or "").upper() == "ASOF":
        return "lead() to [valid_from, valid_to), then a range join"
    if not isinstance(node, exp.Window):
        return None
    if isinstance(node.this.unnest(), NEED_ORDER) and not node.args.get("order"):
        return "order the window, by a total order"
    spec = node.args.get("spec")
    if spec is not None and spec.find(exp.Interval):
        return "a range of quarters goes over year * 4 + quarter, one of days over a self join"
    return None


def _choice(node: exp.Expr) -> str | None:
    """Rules 6 and 7: which row of several is taken, and in which order, must be determined."""
    is_distinct_on = isinstance(node, exp.Distinct) and node.args.get("on")
    is_other_place = isinstance(node, exp.Qualify) and node.find(exp.RowNumber) is None
    if is_distinct_on or is_other_place:
        return FIRST_ROW
    if isinstance(node, exp.ArrayAgg) and not isinstance(node.parent, exp.ArraySort):
        return "put it into list_sort(...)"
    if isinstance(node, exp.Length | exp.ArraySize) and node.find(exp.ArrayAgg):
        return "count() instead"
    return None


def _explicit(node: exp.Expr) -> str | None:
    """Rule 8."""
    if isinstance(node, exp.Median):
        is_double = isinstance(node.this, exp.Cast) and node.this.to.is_type(exp.DType.DOUBLE)
        return None if is_double else "write median(cast(x as double))"
    is_all = isinstance(node, exp.Group) and node.args.get("all")
    is_all = is_all or (isinstance(node, exp.Ordered) and isinstance(node.this, exp.Var))
    is_but = isinstance(node, exp.Star) and (node.args.get("except_") or node.args.get("replace"))
    if is_all or is_but:
        return "list the columns"
    is_not_in = isinstance(node, exp.Not) and isinstance(node.this, exp.In) and node.this.args.get("query")
    return "write not exists" if is_not_in else None


def _functions(node: exp.Expr) -> str | None:
    """Rule 9."""
    if isinstance(node, exp.Cast) and node.to.is_type(*exp.DataType.INTEGER_TYPES) and _divides(node.this):
        return "round() or floor() it first"
    if isinstance(node, exp.RegexpReplace) and "g" not in str(node.args.get("modifiers") or ""):
        return "add 'g'"
    if isinstance(node, exp.Log) and node.expression is None:
        return "write ln(x), or log(base, x)"
    if isinstance(node, exp.Anonymous | exp.Extract) and node.name.lower() in WEEKDAYS:
        return "write isodow(x)"
    if isinstance(node, exp.Div) and isinstance(node.expression, exp.Literal) and node.expression.is_number:
        return None if float(node.expression.name) else "nothing is divided by 0"
    return None


def _divides(node: exp.Expr) -> bool:
    """Whether a division is the value, or part of its arithmetic, outside any function."""
    if isinstance(node, exp.Div):
        return True
    return isinstance(node, ARITHMETIC) and any(_divides(child) for child in node.iter_expressions())


def _shown(node: exp.Expr) -> str:
    text = " ".join(node.sql("duckdb", comments=False).split())
    return text if len(text) <= 60 else text[:59] + "…"


RULES = (_refused, _ratio, _dates, _window, _choice, _explicit, _functions)
