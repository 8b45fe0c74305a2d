"""A first profile for a file that none reads: a guess for each column, to be checked by a person.

A guess is by the name of the column, in the words that exporters use, and by what its cells look like. What is not
sure is marked `# check`. Nothing is loaded by a draft.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence

from etl.profiles.recognise import normal

# By column of the contract, parts of names that mean it, each of which may be followed by more; = is the whole name.
_DAILY = {
    "date": "=date =day =date_day =stat_date =tag =datum =jour =fecha =día =dia =giorno =日期 =日付 =日 时间 统计日期",
    "marketing_spend": "spend spent =cost kosten ausgaben ausgegeben coût dépens coste costo =custo 花费 消耗 费用",
    "clicks": "click klick clic clique 点击数 点击量 点击次数 クリック",
    "reported_orders": "conversion konversion purchases sales verkäufe bestellungen results orders 转化 成交",
    "currency": "currency währung devise moneda valuta 货币 币种 通貨",
    "account": "account_id customer_id advertiser_id account 账户",
}
_ORDER = {
    "event_id": "order_id order_number order_no =order =name pedido bestellnummer commande 订单编号 订单号",
    "event_time": "created order_date purchase_date placed bestelldatum 下单时间 创建时间 提交时间 成交时间",
    "amount": "=total grand_total order_total amount summe betrag montant 实付金额 订单金额 应付金额 总金额 total",
    "status": "status =state zustand statut 订单状态",
    "buyer_id": "email e_mail customer_id buyer 买家 会员名 帐号 phone",
    "currency": "currency währung devise 币种 货币",
    "refunded": "refund erstattet rembours 退款金额",
    "order_source": "utm_source =source quelle",
    "coupon": "coupon discount_code gutschein 优惠码",
    "landing_page": "landing",
}
_DAY_FORMS = {
    r"\d{4}-\d{2}-\d{2}": "",
    r"\d{8}": "%Y%m%d",
    r"\d{4}/\d{1,2}/\d{1,2}": "%Y/%m/%d",
    r"\d{1,2}\.\d{1,2}\.\d{4}": "%d.%m.%Y",
    r"\d{1,2}/\d{1,2}/\d{4}": "%m/%d/%Y",
    r"[A-Z][a-z]{2} \d{1,2}, \d{4}": "%b %d, %Y",
    r"\d{4}年\d{1,2}月\d{1,2}日": "%Y年%m月%d日",
}
_TOTAL = re.compile(r"((grand )?total|gesamt|summe|合计|总计|汇总|全部)", re.IGNORECASE)
_COMMA = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+),\d{1,2}")
_POINT = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)\.\d+")
_CODE = re.compile(r"\(([A-Z]{3})\)$")  # a currency behind the name of an amount
_BLANK = re.compile(r"[+-]?\d{1,3}([ \u00a0\u202f]\d{3})+(,\d*)?")
_SIGNS = "$€£¥￥元"
_MISSING = {"-", "--", "—", "N/A", "n/a", "null", "NULL", "None"}
CHECK = "  # check"


def draft(name: str, names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The text of a profile for a file with these columns, by the first of its rows; `name` is that of the file."""
    cells = {
        column: [row[place].strip() for row in rows if place < len(row)] for place, column in enumerate(names) if column
    }
    daily, order = _guessed(_DAILY, cells), _guessed(_ORDER, cells)
    is_order = len(order) > len(daily) or ("event_id" in order and len(order) == len(daily))
    if not is_order and "date" not in daily and (day := _day_by_cells(cells)):
        daily = {"date": day} | {target: column for target, column in daily.items() if column != day}
    guessed = order if is_order else daily
    handles = {column: _handle(target, column) for target, column in guessed.items()}
    lines = [
        f"# A draft for {name}: read each line marked `check`, correct it, and run the check again.",
        f"exporter: WHICH PROGRAM WROTE IT{CHECK}",
        "evidence: real",
        f"source: {_quoted(f'a delivered file, {name}')}",
        f"contract: {'order_event' if is_order else 'platform_metric_daily'}{CHECK}",
        "columns:",
        *(f"  {handle}: {_quoted(_CODE.sub('({currency})', column))}" for column, handle in handles.items()),
        *(f"  # not read: {_quoted(column)}" for column in cells if column not in handles),
    ]
    lines += _file(cells, guessed, is_order=is_order)
    lines += _orders(guessed, handles) if is_order else _days(guessed, handles, rows)
    lines.append("# profile.yaml of its folder says the rest, as in constants: {platform: ..., currency: ...}")
    return "\n".join(lines) + "\n"


def _file(cells: Mapping[str, Sequence[str]], guessed: Mapping[str, str], *, is_order: bool) -> list[str]:
    signs = sorted({sign for column in cells.values() for cell in column for sign in cell if sign in _SIGNS})
    values = [cell.strip("".join(signs) + " \u00a0\u202f") for column in cells.values() for cell in column]
    has_commas, has_points = any(map(_COMMA.fullmatch, values)), any(map(_POINT.fullmatch, values))
    numbers = "1.234,56" if has_commas and not has_points else "1,234.56"
    numbers = "1 234,56" if any(map(_BLANK.fullmatch, values)) else numbers
    lines = ["file:", f"  numbers: {_quoted(numbers)}{CHECK}"]
    if signs:
        lines.append(f"  strip: [{', '.join(map(_quoted, signs))}]")
    if missing := sorted({cell for column in cells.values() for cell in column} & _MISSING):
        lines.append(f"  missing: [{', '.join(map(_quoted, missing))}]")
    day = guessed.get("event_time" if is_order else "date", "")
    days = [cell for cell in cells.get(day, []) if cell]
    form = next((form for found, form in _DAY_FORMS.items() for cell in days if re.match(f"{found}($| )", cell)), "")
    if form == "%m/%d/%Y" and any(int(cell.split("/")[0]) > 12 for cell in days if "/" in cell):
        form = "%d/%m/%Y"
    if form:
        times = [f"{form} %H:%M:%S", f"{form} %H:%M"] if is_order else [form]
        lines.append(f"  {'times' if is_order else 'dates'}: [{', '.join(map(_quoted, times))}]{CHECK} day and month")
    if is_order:
        lines.append(f"  zone: UTC{CHECK} of times without an offset, as in Europe/Berlin")
    return lines


def _orders(guessed: Mapping[str, str], handles: Mapping[str, str]) -> list[str]:
    lines = ["map:"]
    for target, column in guessed.items():
        handle = handles[column]
        if target == "status":
            lines += [
                "  status: >-" + CHECK + " the words of this exporter",
                f"    case lower({handle}) when 'paid' then 'placed' when 'completed' then 'placed'",
                f"    when 'cancelled' then 'cancelled' when 'refunded' then 'refunded' else {handle} end",
            ]
        else:
            lines.append(f"  {target}: {handle}")
    return lines if "status" in guessed else [*lines, f"  status: \"'placed'\"{CHECK}"]


def _days(guessed: Mapping[str, str], handles: Mapping[str, str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines: list[str] = []
    totals = [cell.strip() for row in rows for cell in row[:2] if _TOTAL.match(cell.strip())]
    if totals:
        text = re.split(r"[:：]", totals[0])[0].replace("'", "''")
        lines += ["skip:", f"  - {{where: \"any_cell like '{text}%'\", as: total, check: all}}{CHECK}"]
    lines += ["map:", *(f"  {target}: {handles[column]}" for target, column in guessed.items())]
    if "currency" not in guessed and any(map(_CODE.search, handles)):
        lines.append("  currency: currency")
    if "date" not in guessed:
        lines.append(f"  date: WHICH COLUMN{CHECK} no column looks like a day")
    return [*lines, f"constants: {{channel: CHANNEL}}{CHECK}"]


def _guessed(words: Mapping[str, str], cells: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """By column of the contract the column of the file that seems to be it; rather one with values than without."""
    found: dict[str, str] = {}
    for target, listed in words.items():
        ranked = []
        for column in cells:
            place = next((n for n, word in enumerate(listed.split()) if _means(column, word)), None)
            if place is not None and column not in found.values():
                ranked.append((not any(cells[column]), place, column))
        if ranked:
            found[target] = min(ranked)[2]
    return found


def _day_by_cells(cells: Mapping[str, Sequence[str]]) -> str:
    """The first column whose cells are days, but for a row of totals; '' where there is none."""
    for column, texts in cells.items():
        days = [text for text in texts if text and any(re.fullmatch(f"{form}( .*)?", text) for form in _DAY_FORMS)]
        if len(days) > 1 and len(days) >= len([text for text in texts if text]) - 1:
            return column
    return ""


def _means(column: str, word: str) -> bool:
    plain = re.sub(r"[\s_.-]+", "_", normal(column))
    return plain == word[1:] if word.startswith("=") else word in plain


def _handle(target: str, column: str) -> str:
    letters = unicodedata.normalize("NFKD", normal(column)).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^a-z0-9]+", "_", letters).strip("_")
    return plain if re.fullmatch(r"[a-z][a-z0-9_]*", plain) else target


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
