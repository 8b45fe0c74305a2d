"""What a query with `-- portable: yes` may use: what gives the same values on DuckDB and on Spark.

The list is of what is allowed: whatever was not tried on both engines is refused, with what to write instead where
that is known. A syntax tree shows no types of columns and no NULLs: whether an order is total, whether a field of a
struct can be NULL, whether a column is a DATE is left to the author and to `make test-cluster`, which runs every
portable model on both engines. docs/portable-sql.md has the rules.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlglot import exp

FIRST_ROW = "take min(struct_pack(...)) or a qualify row_number() over (... total order ...) = 1"
QUANTILE = "median(cast(x as double)) is the only quantile"
UNTRIED = "is not among what gives the same values on both engines: see docs/portable-sql.md"
NO_FORMAT = "the engines write it otherwise: leave formats to whoever shows it"
WEEKDAY = "write date_diff('day', cast(date_trunc('week', x) as date), x) + 1, which is 1 on a Monday"
FROM_TABLE = "take the days from a table"

# The parts of a query, and its operators. What of them depends on their arguments is in RULES.
GRAMMAR = (
    *(exp.Alias, exp.Boolean, exp.Case, exp.Cast, exp.Column, exp.CTE, exp.DataType, exp.DataTypeParam, exp.Distinct),
    *(exp.Exists, exp.Filter, exp.From, exp.Group, exp.Having, exp.Identifier, exp.If, exp.Interval, exp.Join),
    *(exp.Lambda, exp.Literal, exp.Null, exp.Order, exp.Ordered, exp.Paren, exp.PropertyEQ, exp.Qualify, exp.Select),
    *(exp.Star, exp.Struct, exp.Subquery, exp.Table, exp.TableAlias, exp.Tuple, exp.Union, exp.Values, exp.Var),
    *(exp.Where, exp.Window, exp.WindowSpec, exp.With),
    *(exp.Add, exp.And, exp.Between, exp.Div, exp.EQ, exp.GT, exp.GTE, exp.In, exp.Is, exp.Like, exp.LT, exp.LTE),
    *(exp.Mod, exp.Mul, exp.Neg, exp.NEQ, exp.Not, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Or, exp.Sub),
)
FUNCTIONS = (
    *(exp.Count, exp.Sum, exp.Min, exp.Max, exp.Median, exp.LogicalAnd, exp.LogicalOr, exp.ArrayAgg),
    *(exp.RowNumber, exp.Rank, exp.DenseRank, exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue),
    *(exp.Abs, exp.Ceil, exp.Floor, exp.Round, exp.Sqrt, exp.Ln, exp.Greatest, exp.Least),
    *(exp.Coalesce, exp.Nullif),
    *(exp.DateDiff, exp.TimestampTrunc, exp.DateTrunc, exp.LastDay, exp.Year, exp.Quarter, exp.Month, exp.Day),
    *(exp.Concat, exp.ConcatWs, exp.DPipe, exp.Left, exp.Length, exp.Lower, exp.Upper, exp.RegexpExtract, exp.Replace),
    *(exp.RegexpReplace, exp.StartsWith, exp.Substring, exp.Trim),
    *(exp.Array, exp.ArrayConcat, exp.ArrayContains, exp.ArrayFilter, exp.ArraySort),
)
ALLOWED = frozenset(GRAMMAR + FUNCTIONS)
TIMES = (exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ)
TYPES = (
    *(exp.DType.BIGINT, exp.DType.BOOLEAN, exp.DType.DATE, exp.DType.DECIMAL, exp.DType.DOUBLE, exp.DType.INT),
    *(exp.DType.TEXT, exp.DType.VARCHAR, *TIMES, exp.DType.ARRAY),
)
# What to write instead of what is not allowed, by SQLGlot's name of the function or DuckDB's.
INSTEAD = {
    ("Avg", "mean"): "a mean is an exact sum over a count",
    ("First", "Last", "AnyValue", "Mode", "ArgMin", "ArgMax", "min_by", "max_by"): FIRST_ROW,
    ("Pivot",): "pivot with FILTER or CASE",
    ("GenerateSeries", "GenerateDateArray", "ExplodingGenerateSeries", "range"): FROM_TABLE,
    ("PercentileCont", "PercentileDisc", "Quantile", "quantile"): QUANTILE,
    ("ApproxQuantile", "ApproxDistinct", "ApproxTopK"): "no approximate functions",
    ("AtTimeZone",): "sessions are in UTC",
    ("IntDiv",): "write floor(x / y)",
    ("DayOfWeek", "DayOfWeekIso", "dayofweek", "weekday"): WEEKDAY,
    ("Extract",): f"write year(x), quarter(x), month(x) or day(x), and for the day of the week {WEEKDAY}",
    ("Rand", "random", "Uuid"): "a random number is no figure",
    ("Log",): "write ln(x)",
    ("Sign",): "write case when x > 0 then 1 when x < 0 then -1 else 0 end",
    ("TryCast",): "a text is a number on one engine and NULL on the other: cast where the file is read",
    ("Dayname", "Monthname"): NO_FORMAT,
    ("TimeToStr", "StrToTime", "StrToDate", "Format", "NumberToStr", "ToChar"): NO_FORMAT,
    ("Hour", "Minute", "Second", "TimeToUnix", "UnixToTime", "epoch", "epoch_ms"): "cast to DATE; count whole days",
    ("Skewness", "Kurtosis", "Corr", "CovarPop", "CovarSamp"): "write it out of exact sums",
    ("Stddev", "StddevPop", "StddevSamp", "Variance", "VariancePop"): "write it out of exact sums",
    ("ArrayDistinct", "ArrayUniqueAgg"): "count(distinct x), or the rows of a select distinct",
    ("ArraySize",): "count() instead",
    ("Transform", "ArrayApply"): "compute in a column before list(...)",
    ("ILike", "SimilarTo"): "write lower(x) like '...'",
    ("Right",): "write substring(x, n)",
    ("Power", "Pow"): "multiply, or exp() where the number is stored",
}
REASONS = {name.lower(): reason for names, reason in INSTEAD.items() for name in names}
NEED_ORDER = (exp.RowNumber, exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.Rank, exp.DenseRank)
# Which give a whole number whatever they are given; the value of others is as whole as their arguments.
WHOLE: tuple[type[exp.Expr], ...] = (
    *(exp.Count, exp.Floor, exp.Ceil, exp.DateDiff, exp.Length, exp.Year, exp.Quarter, exp.Month, exp.Day),
    *(exp.RowNumber, exp.Rank, exp.DenseRank),
)
FRACTION = (exp.Div, exp.Median, exp.Sqrt, exp.Ln)
SAME_TYPE: tuple[type[exp.Expr], ...] = (
    *(exp.Add, exp.Sub, exp.Mul, exp.Mod, exp.Neg, exp.Paren, exp.Coalesce, exp.Greatest, exp.Least),
    *(exp.Sum, exp.Min, exp.Max, exp.Abs, exp.Lag, exp.Lead),
)
LONGEST = 15  # digits: with more, a decimal literal is not the double next to what is written
MOST_DIGITS = 38


def unportable(tree: exp.Select, macros: Collection[str] = ()) -> Iterator[str]:
    """Every use of something that differs between the engines, as a sentence with the fix; only DuckDB has `macros`."""
    for node in tree.walk():
        if isinstance(node, exp.Anonymous) and node.name.lower() in macros:
            yield f"is portable, but {_shown(node)} is a macro of DuckDB: write out what it says"
            continue
        for rule in RULES:
            if reason := rule(node):
                yield f"is portable, but {_shown(node)}: {reason}"


def _allowed(node: exp.Expr) -> str | None:
    """What is on neither list was not tried, or differs."""
    if type(node) not in ALLOWED:
        name = node.name if isinstance(node, exp.Anonymous | exp.AnonymousAggFunc) else type(node).__name__
        return REASONS.get(name.lower(), UNTRIED)
    if isinstance(node, exp.DataType) and not node.is_type(*TYPES):
        return "columns are bigint, boolean, date, decimal, double, integer, timestamp (UTC) and varchar"
    return None


def _ratio(node: exp.Expr) -> str | None:
    """Rule 1: a ratio is DOUBLE; cast or rounded to DECIMAL, ties fall to different sides."""
    if isinstance(node, exp.Cast) and node.to.is_type(exp.DType.DECIMAL):
        for division in node.this.find_all(exp.Div):
            if not isinstance(division.this.unnest(), exp.Floor):
                return "a ratio stays DOUBLE; for fixed places divide floor(x * 10^n + 0.5) by 10^n"
    if isinstance(node, exp.Round) and (node.args.get("decimals") is not None or _is_double(node.this)):
        return "a double is rounded to other sides; write floor(x * 10^n + 0.5) / 10^n"
    if isinstance(node, exp.Div):
        has_decimal = _decimal(node.this) or _decimal(node.expression)
        if has_decimal and not (_is_double(node.this) or _is_double(node.expression)):
            return "cast both sides of a division of decimals to double"
    return None


def _digits(node: exp.Expr) -> str | None:
    """Rules 1 and 10: decimals keep their last place, and a literal is the number that is written."""
    if isinstance(node, exp.Literal) and _decimal(node):
        digits = len(node.name.replace(".", "").lstrip("0"))
        if digits > LONGEST or node.find_ancestor(exp.Values):
            return f"a decimal literal becomes another double: write {node.name}e0"
    if isinstance(node, exp.Mul | exp.Add | exp.Sub) and (wide := _decimal(node)):
        precision, scale = wide
        if precision > MOST_DIGITS and (isinstance(node, exp.Mul) or scale > 6):  # Spark then keeps six places at least
            return f"needs {precision} digits and loses places above {MOST_DIGITS}: cast a side to fewer digits"
    return None


def _dates(node: exp.Expr) -> str | None:
    """Rule 3: a truncated or shifted date is a timestamp on one engine; only days are counted alike."""
    if isinstance(node, exp.DateDiff):
        unit = str(node.args.get("unit") or "DAY").upper().strip("'")
        if unit != "DAY":
            return "count months as year * 12 + month, and only days with date_diff"
        timed = any(
            _is_cast(side, exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ) for side in (node.this, node.expression)
        )
        return "one engine counts midnights, the other 24 hours: cast both to DATE" if timed else None
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
    """Rules 6 and 7: which row of several is taken, in which order, and what becomes of NULL, must be determined."""
    is_distinct_on = isinstance(node, exp.Distinct) and node.args.get("on")
    is_other_place = isinstance(node, exp.Qualify) and node.find(exp.RowNumber) is None
    if is_distinct_on or is_other_place:
        return FIRST_ROW
    if isinstance(node, exp.Max) and isinstance(node.this, exp.Struct):
        return f"a NULL in it is the greatest on one engine and the least on the other: {FIRST_ROW}"
    if isinstance(node, exp.ArrayAgg):
        return _list(node)
    if isinstance(node, exp.Length) and node.find(exp.ArrayAgg):
        return "count() instead"
    return _lists(node)


def _lists(node: exp.Expr) -> str | None:
    """What a NULL list, or a NULL in a list, makes of a result."""
    if isinstance(node, exp.ArrayConcat):
        sides = [node.this, *node.expressions]
        is_known = all(isinstance(side, exp.Array | exp.ArrayFilter | exp.Coalesce) for side in sides)
        return None if is_known else "without one of the lists the other counts or none: coalesce(x, [])"
    if isinstance(node, exp.ArrayContains) and isinstance(node.parent, exp.Not):
        return "beside a NULL it is false or NULL, and so not: write coalesce(list_contains(x, y), false) before not"
    return None


def _list(node: exp.ArrayAgg) -> str | None:
    outer = node.parent if isinstance(node.parent, exp.Filter) else node
    if not isinstance(outer.parent, exp.ArraySort):
        return "put it into list_sort(...)"
    if not isinstance(node.this, exp.Struct) and outer is node:
        return "one engine keeps NULLs: list(x) filter (where x is not null)"
    if not isinstance(outer.parent.parent, exp.Coalesce):
        return "no rows give NULL or an empty list: coalesce(list_sort(...), [])"
    return None


def _explicit(node: exp.Expr) -> str | None:
    """Rule 8."""
    if isinstance(node, exp.Median):
        return None if _is_cast(node.this, exp.DType.DOUBLE) else "write median(cast(x as double))"
    is_all = isinstance(node, exp.Group) and node.args.get("all")
    is_all = is_all or (isinstance(node, exp.Ordered) and isinstance(node.this, exp.Var))
    is_but = isinstance(node, exp.Star) and (node.args.get("except_") or node.args.get("replace"))
    if is_all or is_but:
        return "list the columns"
    is_not_in = isinstance(node, exp.Not) and isinstance(node.this, exp.In) and node.this.args.get("query")
    return "write not exists" if is_not_in else None


def _casts(node: exp.Expr) -> str | None:
    """Rule 9: a number that is no whole one is rounded on one engine and cut on the other, and written otherwise."""
    if not isinstance(node, exp.Cast):
        return None
    if node.to.is_type(*exp.DataType.INTEGER_TYPES):
        if _is_cast(node.this, exp.DType.TEXT, exp.DType.VARCHAR):
            return "a text is read otherwise: cast where the file is read"
        return "round() or floor() it first" if _is_fraction(node.this) else None
    if node.to.is_type(exp.DType.TEXT, exp.DType.VARCHAR):
        return NO_FORMAT if _is_double(node.this) or isinstance(node.this.unnest(), exp.Div) else None
    return None


def _texts(node: exp.Expr) -> str | None:
    """Rule 9: patterns, and places in a text."""
    if isinstance(node, exp.RegexpReplace):
        if "g" not in str(node.args.get("modifiers") or ""):
            return "add 'g'"
        return "no group in a replacement" if "\\" in node.args["replacement"].name else None
    if isinstance(node, exp.Like) and (not isinstance(node.expression, exp.Literal) or "\\" in node.expression.name):
        return "LIKE takes a literal without a backslash: write starts_with(x, y) or compare a part"
    if isinstance(node, exp.Substring) and not _is_count(node.args.get("start"), least=1):
        return "a text begins at 1: give the place as a number"
    if isinstance(node, exp.Left) and isinstance(node.expression, exp.Neg):
        return "write left(x, length(x) - n)"
    return None


def _others(node: exp.Expr) -> str | None:
    if isinstance(node, exp.Lambda) and len(node.expressions) > 1:
        return "an index begins at 1 on one engine and at 0 on the other: number the rows before"
    if isinstance(node, exp.Div) and isinstance(node.expression, exp.Literal) and node.expression.is_number:
        return None if float(node.expression.name) else "nothing is divided by 0"
    return None


def _is_cast(node: exp.Expr, *kinds: exp.DType) -> bool:
    node = node.unnest()
    return isinstance(node, exp.Cast) and node.to.is_type(*kinds)


def _is_count(node: exp.Expr | None, *, least: int) -> bool:
    return isinstance(node, exp.Literal) and node.name.isdigit() and int(node.name) >= least


def _is_double(node: exp.Expr) -> bool:
    """Whether the value is seen to be a DOUBLE: it is cast to it, or computed from what is."""
    if isinstance(node, exp.Cast):
        return bool(node.to.is_type(exp.DType.DOUBLE))
    if isinstance(node, exp.Literal):
        return node.is_number and "e" in node.name.lower()
    return isinstance(node, FRACTION[1:]) or any(_is_double(child) for child in _operands(node))


def _is_fraction(node: exp.Expr) -> bool:
    """Whether the value is seen to be something else than a whole number."""
    if isinstance(node, exp.Cast):
        _, scale = _decimal(node) or (0, 0)
        return bool(scale) or _is_double(node)
    if isinstance(node, exp.Literal):
        return node.is_number and not node.name.isdigit()
    if isinstance(node, WHOLE) or (isinstance(node, exp.Round) and node.args.get("decimals") is None):
        return False
    return isinstance(node, FRACTION) or any(_is_fraction(child) for child in _operands(node))


def _decimal(node: exp.Expr) -> tuple[int, int] | None:
    """Digits and places of a value that is seen to be DECIMAL, as Spark counts them; None of anything else."""
    if isinstance(node, exp.Cast | exp.Literal):
        return _written(node)
    known = [one for one in map(_decimal, _operands(node)) if one]
    if isinstance(node, exp.Mul):  # of two; where one is a column the tree does not show its type
        return (known[0][0] + known[1][0] + 1, known[0][1] + known[1][1]) if len(known) > 1 else None
    if not known:
        return None
    scale, whole = max(s for _, s in known), max(p - s for p, s in known)
    if isinstance(node, exp.Sum):
        return MOST_DIGITS, scale
    return whole + scale + isinstance(node, exp.Add | exp.Sub), scale


def _written(node: exp.Cast | exp.Literal) -> tuple[int, int] | None:
    if isinstance(node, exp.Cast):
        width = [int(param.name) for param in node.to.find_all(exp.DataTypeParam)]
        widths = (width[0], width[1]) if len(width) == 2 else (18, 3)
        return widths if node.to.is_type(exp.DType.DECIMAL) else None
    whole, point, places = node.name.partition(".")
    is_decimal = node.is_number and point and "e" not in node.name.lower()
    return (len(whole.lstrip("0")) + len(places), len(places)) if is_decimal else None


def _operands(node: exp.Expr) -> list[exp.Expr]:
    """What the value is computed from, where its type is theirs."""
    if isinstance(node, exp.Case):
        otherwise = node.args.get("default")
        return [*(one.args["true"] for one in node.args["ifs"]), *([otherwise] if otherwise else [])]
    if isinstance(node, exp.Window | exp.Filter | exp.Nullif):
        return [node.this]
    return list(node.iter_expressions()) if isinstance(node, SAME_TYPE) else []


def _shown(node: exp.Expr) -> str:
    text = " ".join(node.sql("duckdb", comments=False).split())
    return text if len(text) <= 60 else text[:59] + "…"


RULES = (_allowed, _ratio, _digits, _dates, _window, _choice, _explicit, _casts, _texts, _others)
