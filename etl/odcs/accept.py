"""Take a delivery contract of others into the home, where folders of the inbox choose it by its name."""

from __future__ import annotations

import re
from pathlib import Path

from etl.config import Settings
from etl.errors import FileError, MendError
from etl.odcs.read import DeliveryForm, delivery_profile, read_delivery, read_document
from etl.odcs.types import ENDING
from etl.warehouse import attached, memory
from etl.whole import write_whole


def accept_contract(settings: Settings, file: Path, name: str = "", *, replace: bool = False) -> list[str]:
    """Copy a contract into the home's profiles/ as NAME.odcs.yaml; sentences on what is held and what is next.

    Without a name it has that of the file. Raises MendError for a name that is taken or none, for a file that is not
    there, and for a contract that asks for what has no meaning here, with every such clause.
    """
    name = name or re.sub(r"(\.odcs)?\.ya?ml$", "", file.name)
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise MendError(f"{name!r} is no name of a contract here; write small letters, digits and _ with --as")
    path = settings.home / "profiles" / f"{name}{ENDING}"
    taken = [
        folder / f"{name}{ending}"
        for folder in settings.profile_folders
        for ending in (".yaml", ENDING)
        if (folder / f"{name}{ending}").exists()
    ]
    if taken and not (replace and taken == [path]):
        raise MendError(f"{taken[0]} has that name: choose another with --as, or --replace a contract of the home")
    if not file.is_file():
        raise MendError(f"{file} is no file; name the contract")
    try:
        document = read_document(file)
        delivery_profile(name, document)
        form = read_delivery(document)
    except FileError as error:
        raise MendError(f"{file} {str(error).replace('; schema[', f';{chr(10)}  schema[')}") from error
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, file.read_bytes())
    contract = form.contract
    needed = [form.names[column.name] for column in contract.columns if column.required and column.name in form.names]
    return [
        f"{path}: files under it load as {contract.name}",
        f"a file must have {', '.join(needed)}",
        *(f"{column} is always {value!r}" for column, value in form.constants.items()),
        *_unknown(settings, form),
        f"next: write `profile: {name}` into profile.yaml of their folder of the inbox, then `inbox check FILE`",
    ]


def _unknown(settings: Settings, form: DeliveryForm) -> list[str]:
    """A sentence on each constant that the published snapshot does not know: every row would be set aside for it."""
    places = {column.name: column.known_in for column in form.contract.columns if column.known_in}
    fixed = {name: value for name, value in form.constants.items() if name in places}
    if not fixed or not settings.serving_db.exists():
        return [
            f"note: no snapshot is published yet, so {name} {value!r} was not looked up"
            for name, value in fixed.items()
        ]
    told = []
    con = memory()
    with attached(con, settings.serving_db, "served"):
        for name, value in fixed.items():
            table, _, column = places[name].rpartition(".")
            if not con.execute(f"select 1 from served.{table} where {column} = ? limit 1", [value]).fetchall():
                told.append(
                    f"note: {table} does not know {name} {value!r}, so every row would go to quarantine: define it "
                    "(docs/adding-figures.md), or correct the contract and take it again with --replace"
                )
    return told
