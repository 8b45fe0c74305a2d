"""Delivered files made by chance, each with what may become of its rows, worked out apart from the product.

A file has sound rows and rows with one odd cell each. What a cell says is read here by its own rules: a number, a name
or a day, or nothing that may be loaded. A row that is loaded has to say exactly that; a sound one has to be loaded
unless the file is refused; every other one has to be in quarantine.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import re
import unicodedata
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import openpyxl  # type: ignore[import-untyped]

from etl.errors import MendError
from etl.inbox.load import FileLoad
from etl.remote import ecb
from tests.support.inbox_files import Inbox

COLUMNS = ("platform", "date", "channel", "currency", "orders", "gmv")
FORMS = ("csv", "csv.gz", "ndjson", "parquet", "xlsx", "bytes")
NUMBERS = (
    *("0", "7", "007", "+7", "7.0", "7.5", "12.3400", "99999999999999", "100000000000000", "1.00005", ".5", "5.", "-0"),
    *("-7", "1e3", "1E-3", "1_000", "0x10", " 7", "7 ", "- ", " - ", "+ ", "1e ", "1E ", "1e1.", "NaN", "inf", "-inf"),
    *(
        "1,5",
        "1 000",
        "1.000,50",
        "4.812",
        "٣",
        "７",
        "½",
        "7%",
        "€7",
        "7-",
        "--7",
        "seven",
        "TRUE",
        "2025-01-01",
        "'7",
    ),
)  # fmt: skip
NAMES = (
    *("search", "feed ads", "搜索", "a|b", "c,d", 'e"f', "Größe", unicodedata.normalize("NFD", "Größe"), "x" * 200),
    *(
        " search",
        "search ",
        "search\u00a0",
        "\u3000search",
        "sea\u200brch",
        "\u202esearch",
        "ｓearch",
        "=1+1",
        "+x",
        "@x",
    ),
    *(
        "-x",
        "#N/A",
        "#REF!",
        "nan",
        "NULL",
        "None",
        "1.23457E+15",
        "???",
        "a\ufffdb",
        "x" * 201,
        "tab\there",
        "\x7f",
        "１",
    ),
    *("3001", "search\ufe0f", "１２", "\ue000", "a\u00adb", "＝1", "C:\\N", "\\N", "true", "2025-01-01"),
)
DAYS = (
    *("2025-01-01", "2025-01-01 00:00:00", "2025-01-01T00:00:00", "2025-01-01 10:00:00", "2025/01/01", "2025-1-1", "x"),
    *("01.02.2025", "20250101", "2025-02-30", "1989-12-31", "9999-12-31", "12000-01-01", "infinity", "epoch", "45658"),
    *(" 2025-01-01", "2025-01-01 ", "2025-01-01+08:00", "２０25-01-01", "2999-01-01", "today", "0001-01-01"),
)
CODES = ("CNY", "USD", "EUR", "RMB", "XXX", "QQQ", "XAU", "cny", "DEM", "CNY ", "CN", "CNYX", "¥", "TRL", "CNH")
# Numbers of typed files, each after its Parquet type.
TYPED = [
    (kind, text)
    for kind, texts in {
        "tinyint": "7",
        "ubigint": "18446744073709551615",
        "hugeint": "7",
        "bigint": "99999999999999",
        "decimal(18,4)": "12.3456",
        "decimal(38,20)": "1.00001",
        "decimal(38,4)": "123456789012345.5",
        "float": "1234.56 16777217 123456.78 5000000 0.1",
        "double": "0.30000000000000004 1234.56789 1e15 7 nan inf 1234.5600000000213 -1",
        "varchar": "7.5 1e3",
        "boolean": "true",
        "date": "2025-01-01",
    }.items()
    for text in texts.split(" ")
]


@dataclass(frozen=True)
class Row:
    """One row as delivered: its cells by column, and whether all of them are sound."""

    cells: dict[str, Any]
    is_sound: bool


def delivered(chance: random.Random) -> tuple[str, bytes | tuple[str, str], list[Row]]:
    """A form, the bytes of a file (of Parquet the query and the type of its odd column), and its rows."""
    form = chance.choice(FORMS)
    rows = []
    for number in range(chance.randrange(6, 14)):
        day = date(2025, 1, 1) + timedelta(days=number)
        cells = dict(zip(COLUMNS, ("pdd", str(day), f"c{number}", "CNY", str(number), f"{number}.5"), strict=True))
        rows.append(Row(cells, is_sound=True))
    for _ in range(chance.randrange(0, 3)):
        place, column = chance.randrange(len(rows)), chance.choice(COLUMNS[1:])
        pool = {"date": DAYS, "channel": NAMES, "currency": CODES}.get(column, NUMBERS)
        if form != "parquet" or column in ("channel", "currency"):
            rows[place] = Row(rows[place].cells | {column: chance.choice(pool)}, is_sound=False)
    makers: dict[str, Callable[[list[Row], random.Random], Any]]
    makers = dict(zip(FORMS, (_csv, _packed, _ndjson, _parquet, _xlsx, _noise), strict=True))
    return form, makers[form](rows, chance), rows


def _csv(rows: Sequence[Row], chance: random.Random) -> bytes:
    order = chance.sample(COLUMNS, len(COLUMNS))
    ending = chance.choice(("\n", "\r\n"))
    lines = [",".join(order)]
    for row in rows:
        cells = [str(row.cells[name]) for name in order]
        always = chance.random() < 0.1
        lines.append(
            ",".join(f'"{c.replace(chr(34), chr(34) * 2)}"' if always or re.search('[",\n]', c) else c for c in cells)
        )
        if chance.random() < 0.05:
            lines.append(chance.choice(("", ",,,,,")))
    return (chance.choice(("", "\ufeff")) + ending.join(lines) + chance.choice(("", ending))).encode()


def _packed(rows: Sequence[Row], chance: random.Random) -> bytes:
    return gzip.compress(_csv(rows, chance))


def _ndjson(rows: Sequence[Row], chance: random.Random) -> bytes:
    lines = []
    for row in rows:
        cells = dict(chance.sample(list(row.cells.items()), len(row.cells)))
        for name in ("orders", "gmv"):  # a number of JSON where the text is one
            if chance.random() < 0.5 and re.fullmatch(
                r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?", str(cells[name])
            ):
                cells[name] = json.loads(cells[name], parse_float=Number, parse_int=Number)
        lines.append(json.dumps(cells, ensure_ascii=chance.random() < 0.5, default=str, cls=Encoder))
    return "\n".join(lines).encode("utf-8", "surrogatepass") + b"\n"


class Number(str):
    """A number as it is written in JSON."""


class Encoder(json.JSONEncoder):
    """Writes a Number as it was written."""

    def encode(self, o: Any) -> str:
        if isinstance(o, dict):
            return "{" + ", ".join(f"{super(Encoder, self).encode(k)}: {self.encode(v)}" for k, v in o.items()) + "}"
        return str(o) if isinstance(o, Number) else super().encode(o)


def _xlsx(rows: Sequence[Row], chance: random.Random) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(list(COLUMNS))
    for row in rows:
        cells: list[Any] = []
        for name in COLUMNS:
            text = str(row.cells[name])
            is_plain = re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,4})?", text) and name in ("orders", "gmv")
            cells.append(float(text) if is_plain else datetime.fromisoformat(text) if _is_day(name, text) else text)
        if any(isinstance(cell, str) and re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", cell) for cell in cells):
            cells = [re.sub(r"[\x00-\x1f]", "\x7f", c) if isinstance(c, str) else c for c in cells]
        sheet.append(cells)
        for cell in sheet[sheet.max_row]:
            if isinstance(cell.value, str) and cell.value.startswith("="):
                cell.data_type = "s"  # a text, no formula
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _is_day(name: str, text: str) -> bool:
    return name == "date" and bool(re.fullmatch(r"2025-01-[0-9]{2}", text))


def _parquet(rows: list[Row], chance: random.Random) -> tuple[str, str]:
    """A query for the rows, in which one column may have an odd type; and the condition of nothing."""
    odd = chance.choice(("orders", "gmv", ""))
    kind, text = chance.choice(TYPED)
    types = {"orders": "bigint", "gmv": "decimal(18,4)"} | ({odd: kind} if odd else {})
    if odd:
        place = chance.randrange(len(rows))
        rows[place] = Row(rows[place].cells | {odd: (kind, text)}, is_sound=False)
        for n, row in enumerate(rows):
            if n != place:
                rows[n] = Row(row.cells | {odd: None}, row.is_sound)
    selects = []
    for row in rows:
        cells = []
        for name in COLUMNS:
            cell = row.cells[name]
            plain = (
                "null"
                if cell is None
                else "'" + str(cell[1] if isinstance(cell, tuple) else cell).replace("'", "''") + "'"
            )
            cast = types.get(name, "date" if name == "date" else "varchar")
            is_unmarked = name == "channel" and len(rows) % 2 and cell  # bytes without the mark of a text
            cells.append(f"encode({plain}) as {name}" if is_unmarked else f"{plain}::{cast} as {name}")
        selects.append("select " + ", ".join(cells))
    return " union all ".join(selects), odd


def _noise(rows: Sequence[Row], chance: random.Random) -> bytes:
    """A CSV file with bytes changed, cut or put in: anything may become of it but a crash or a figure of its own."""
    content = bytearray(_csv(rows, chance))
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(len(content))
        what = chance.randrange(4)
        if what == 0:
            content[at] = chance.randrange(256)
        elif what == 1:
            del content[at : at + chance.randrange(1, 9)]
        elif what == 2:
            content[at:at] = chance.choice(
                (b"\0", b'"', b"\xff\xfe", b"\r", b",", b"\n", b"\xe6\x90", "\u2028".encode())
            )
        else:
            del content[at:]
        if not content:
            return b"x"
    return bytes(content)


def meaning(column: str, cell: Any) -> Any:
    """What a cell says: a value, None for an empty one, or the exception class for nothing that may be loaded."""
    if isinstance(cell, tuple):
        return _typed(column, *cell)
    if cell is None or cell == "":
        return ValueError if column == "date" else "" if column == "channel" else None
    text = str(cell)
    if column in ("orders", "gmv"):
        text = text.strip(" ")
        if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)", text, re.ASCII):
            return ValueError
        value = Decimal(text)
        places = 0 if column == "orders" else 4
        fits = value == value.quantize(Decimal(1).scaleb(-places)) and 0 <= value < 10 ** (
            18 if column == "orders" else 14
        )
        return value if fits else ValueError
    if column == "date":
        found = re.fullmatch(r" *([0-9]{4}-[0-9]{2}-[0-9]{2})([ T]00:00(:00)?)? *", text, re.ASCII)
        try:
            day = date.fromisoformat(found[1]) if found else date.min
        except ValueError:
            return ValueError
        return day if date(1990, 1, 1) <= day <= date(2026, 3, 1) else ValueError
    if column == "currency":
        return text if text in ("CNY", "USD", "EUR") else ValueError
    return _name(text)


def _name(text: str) -> Any:
    name = unicodedata.normalize("NFC", text)
    hidden = [c for c in name if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Co", "Cs") or c in "\ufffd"]
    spaces = [c for c in name if unicodedata.category(c) == "Zs" and c != " "]
    wide = [
        c
        for c in name
        if unicodedata.normalize("NFKC", c) != c and unicodedata.normalize("NFKC", c).isascii() and c.isalnum()
    ]
    is_lost = name in ("nan", "NULL", "None", "\\N", "#N/A", "#REF!", "1.23457E+15", "???")
    is_odd = name.strip() != name or len(name.encode()) > 200 or name[0] in "=+-@＝"
    return ValueError if hidden or spaces or wide or is_lost or is_odd else name


def _typed(column: str, kind: str, text: str) -> Any:
    if kind in ("boolean", "date") or text in ("nan", "inf"):
        return ValueError
    if kind == "varchar":
        return meaning(column, text)
    if kind == "float" and text in ("16777217", "123456.78"):
        return Decimal(16777216) if text == "16777217" else ValueError
    value = Decimal({"0.30000000000000004": "0.3", "1234.5600000000213": "1234.56"}.get(text, text))
    return meaning(column, f"{value:f}")


def problems(inbox: Inbox, rows: Sequence[Row], load: FileLoad) -> list[str]:
    """What is wrong with what became of a file: silent changes and losses. Accounting is checked by the inbox."""
    found: list[str] = []
    columns = ", ".join(COLUMNS)
    kept = {row[2]: row for row in inbox.rows(columns)}
    if load.status == "refused":
        return [f"refused, but {len(kept)} rows loaded"] if kept else []
    expected: dict[Any, tuple[Any, ...] | None] = {}
    for row in rows:
        said = tuple(meaning(name, row.cells[name]) for name in COLUMNS[1:])
        is_fine = ValueError not in said and not (said[4] is not None and said[2] is None)
        key = said[1] if said[1] is not ValueError else None
        if is_fine:
            expected[key] = ("pdd", *said)
        elif row.is_sound:
            found.append(f"the generator made {row} wrongly")
    for name, row_kept in kept.items():
        wanted = expected.get(name)
        if wanted is None:
            found.append(f"{row_kept} was loaded and nobody delivered it")
        elif any(a != b for a, b in zip(row_kept, wanted, strict=True)):
            found.append(f"{wanted} was delivered and {row_kept} loaded")
    sound = [row.cells["channel"] for row in rows if row.is_sound]
    found += [f"the sound row {name} was not loaded" for name in sound if name not in kept]
    return found


def try_one(inbox: Inbox, seed: int) -> list[str]:
    """Deliver one file of chance to an empty inbox; what is wrong with what became of it."""
    for table in ("core.platform_metric_daily", "raw.platform_metric_daily_history", "audit.load", "audit.quarantine"):
        inbox.con.execute(f"delete from {table}")
    form, content, rows = delivered(random.Random(seed))
    path = inbox.put(f"{seed}", b"")
    if isinstance(content, tuple):
        inbox.con.execute(f"copy ({content[0]}) to '{path}' (format parquet)")
    else:
        path.write_bytes(content)
    try:
        (load,) = inbox.load()
    except Exception as error:
        return [f"seed {seed}, {form}: {type(error).__name__}: {str(error)[:200]}"]
    finally:
        path.unlink()
    if form == "bytes":  # changed bytes may be another figure, but no other kind of one
        odd = inbox.rows("distinct currency", f"core.platform_metric_daily where currency not in {CODES[:3]}")
        return [f"seed {seed}: currency {odd}"] if odd else []
    return [f"seed {seed}, {form}: {problem}" for problem in problems(inbox, rows, load)]


def try_answer(seed: int) -> list[str]:
    """Read one body of the European Central Bank with changed bytes; anything but rates or a MendError is wrong."""
    chance = random.Random(seed)
    text = "Date,USD,JPY,BGN,\n" + "".join(f"2026-01-{day:02d},1.1{day},16{day}.5,N/A,\n" for day in range(5, 25))
    content = bytearray(text.encode())
    if chance.random() < 0.5:
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("eurofxref-hist.csv", text)
        content = bytearray(target.getvalue())
    for _ in range(chance.randrange(1, 5)):
        at = chance.randrange(len(content))
        if chance.random() < 0.7:
            content[at] = chance.randrange(256)
        else:
            del content[at : at + chance.randrange(1, 30)]
    try:
        list(ecb.read(bytes(content), "ecb"))
    except MendError:
        return []
    except Exception as error:
        return [f"seed {seed}, ecb: {type(error).__name__}: {str(error)[:200]}"]
    return []
