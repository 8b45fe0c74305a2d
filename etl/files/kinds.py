"""Files that people send and that no reader of ours takes: what they are by their first bytes, and what to do.

Without this a reader would take them for text and refuse them for a reason that leads astray.
"""

from __future__ import annotations

_CSV = "save it as CSV in UTF-8"
_UNPACK = "unpack it, or pack it with gzip"
# The first bytes, what the file is, and what to do.
_KINDS = (
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an old Excel workbook (.xls) or another Office file",
        "save it as .xlsx or CSV",
    ),
    (b"\x09\x08", "an old Excel workbook (.xls)", "save it as .xlsx or CSV"),
    (b"%PDF", "a PDF", "deliver the table as CSV or XLSX"),
    (b"{\\rtf", "a document (RTF)", "deliver the table as CSV or XLSX"),
    (b"\x89PNG", "a picture", "deliver the table as CSV or XLSX"),
    (b"\xff\xd8\xff", "a picture", "deliver the table as CSV or XLSX"),
    (b"BZh", "packed with bzip2", _UNPACK),
    (b"\xfd7zXZ", "packed with xz", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "packed with Zstandard", _UNPACK),
    (b"7z\xbc\xaf", "a 7-Zip archive", _UNPACK),
    (b"Rar!", "a RAR archive", _UNPACK),
    (b"PK\x05\x06", "an empty zip archive", "deliver the files that belong in it"),
    (b"SQLite format 3", "an SQLite database", "export the table as CSV or Parquet"),
    (b"ARROW1", "an Arrow file (Feather)", "write Parquet"),
    (b"Obj\x01", "an Avro file", "write Parquet or one JSON object a line"),
    (b"ORC", "an ORC file", "write Parquet"),
    (b"\x00\x00\xfe\xff", "UTF-32", _CSV),
    (b"\xff\xfe\x00\x00", "UTF-32", _CSV),
    (b"\xff\xfe", "UTF-16", "save it as UTF-8"),
    (b"\xfe\xff", "UTF-16", "save it as UTF-8"),
)
# The same for text, after a byte order mark and blanks, without regard to case.
_TEXTS = (
    (b"[", "a JSON array", "write one object a line, without brackets and commas around them"),
    (b"<!doctype html", "a web page, perhaps of a login or an error", "download the file itself"),
    (b"<html", "a web page, perhaps of a login or an error", "download the file itself"),
    (b"<?xml", "XML", _CSV),
    (b"<", "a web page or XML", _CSV),
    (b"sep=", "a file that begins with Excel's line sep=", "remove this line, so that the header comes first"),
)


def unusable(start: bytes) -> str:
    """What a file that begins like this is, and what to do; empty when a reader should try it."""
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    found = [kind for kind in _KINDS if start.startswith(kind[0])] or [
        kind for kind in _TEXTS if text.startswith(kind[0])
    ]
    return f"is {found[0][1]}; {found[0][2]}" if found else ""
