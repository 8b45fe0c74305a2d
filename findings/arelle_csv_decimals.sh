#!/usr/bin/env bash
# A cell of an xBRL-CSV report with wrong decimals makes a fact of infinite precision.
#
# Version: Arelle 2.47.3 (arelle-release).
# Guess:   the error is logged, and the fact has no decimals or is left out, like a row with an unknown concept.
# Seen:    the error is logged; the fact is marked valid and its decimals are INF, for the cell "x" as for "INF", which
#          xBRL-CSV does not allow: what is least known becomes exact. The message counts rows from the header (row 3),
#          the identifier of the same fact from the first row of data (r_2).
# Matters: a half width of zero would win against every other print; etl/figures/xbrl.py ties each message to its fact
#          and sets it aside.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check arelle-release==2.47.3
cd "$folder"
cat > concepts.xsd <<'XML'
<schema xmlns="http://www.w3.org/2001/XMLSchema" xmlns:xbrli="http://www.xbrl.org/2003/instance"
  targetNamespace="http://example.org/concepts" elementFormDefault="qualified">
<import namespace="http://www.xbrl.org/2003/instance"
  schemaLocation="http://www.xbrl.org/2003/xbrl-instance-2003-12-31.xsd"/>
<element name="Revenue" id="Revenue" type="xbrli:monetaryItemType" substitutionGroup="xbrli:item" nillable="true"
  xbrli:periodType="duration"/>
</schema>
XML
cat > report.json <<'JSON'
{"documentInfo": {"documentType": "https://xbrl.org/2021/xbrl-csv", "taxonomy": ["concepts.xsd"], "namespaces": {
    "e": "http://example.org/concepts", "iso4217": "http://www.xbrl.org/2003/iso4217", "id": "http://example.org"}},
 "tableTemplates": {"facts": {"columns": {"period": {}, "decimals": {}, "value": {"decimals": "$decimals",
    "dimensions": {"concept": "e:Revenue", "period": "$period", "unit": "iso4217:USD", "entity": "id:1"}}}}},
 "tables": {"facts": {"url": "facts.csv"}}}
JSON
printf 'period,decimals,value\n2018,-3,5000\n2019,x,6000\n2020,INF,7000\n' > facts.csv
env/bin/python - <<'PY'
import sys
from importlib.metadata import version

from arelle.api.Session import Session
from arelle.logging.handlers.StructuredMessageLogHandler import StructuredMessageLogHandler
from arelle.RuntimeOptions import RuntimeOptions
from arelle.XmlValidateConst import VALID

options = RuntimeOptions(
    entrypointFile="report.json", internetConnectivity="offline", validate=True, keepOpen=True,
    disablePersistentConfig=True,
)
with Session() as session:
    session.run(options, logHandler=StructuredMessageLogHandler())
    messages = [e["msg"] for e in session.get_log_messages() if e["messageCode"] == "xbrlce:invalidDecimalsValue"]
    (model,) = session.get_models()
    found = [(fact.id, fact.value, fact.decimals, fact.xValid == VALID) for fact in model.facts]
print(f"Arelle {version('arelle-release')}: {found}")
print("\n".join(messages))
expected = [("facts.r_1.value", "5000", "-3"), ("facts.r_2.value", "6000", "INF"), ("facts.r_3.value", "7000", "INF")]
sys.exit(found != [(*fact, True) for fact in expected] or "row 3 " not in messages[0])
PY
