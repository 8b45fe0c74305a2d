#!/usr/bin/env bash
# A fact of an inline report whose context ends on 31 February is valid and ends in the year 9999.
#
# Version: Arelle 2.47.3 (arelle-release).
# Guess:   the error is logged, and the fact has no period or is marked invalid.
# Seen:    the error is logged for the date; the fact is marked valid, its context ends on 9999-12-31, and the run counts
#          as a success. In xBRL-CSV a fact with a wrong date has no period instead.
# Matters: etl/figures/xbrl.py sets aside a fact whose context ends after the year 3000, and never trusts the exit code.
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
cat > report.html <<'XML'
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:ix="http://www.xbrl.org/2013/inlineXBRL"
  xmlns:xbrli="http://www.xbrl.org/2003/instance" xmlns:link="http://www.xbrl.org/2003/linkbase"
  xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:iso4217="http://www.xbrl.org/2003/iso4217"
  xmlns:e="http://example.org/concepts">
<head><title>A report</title></head>
<body><div style="display:none"><ix:header>
<ix:references><link:schemaRef xlink:type="simple" xlink:href="concepts.xsd"/></ix:references>
<ix:resources><xbrli:context id="c"><xbrli:entity><xbrli:identifier scheme="http://example.org">1</xbrli:identifier>
</xbrli:entity><xbrli:period><xbrli:startDate>2019-03-01</xbrli:startDate><xbrli:endDate>2020-02-31</xbrli:endDate>
</xbrli:period></xbrli:context><xbrli:unit id="u"><xbrli:measure>iso4217:USD</xbrli:measure></xbrli:unit>
</ix:resources></ix:header></div>
<p><ix:nonFraction name="e:Revenue" contextRef="c" unitRef="u" decimals="0">5</ix:nonFraction></p></body></html>
XML
env/bin/python - <<'PY'
import sys
from importlib.metadata import version

from arelle.api.Session import Session
from arelle.logging.handlers.StructuredMessageLogHandler import StructuredMessageLogHandler
from arelle.RuntimeOptions import RuntimeOptions
from arelle.XmlValidateConst import VALID

options = RuntimeOptions(
    entrypointFile="report.html", internetConnectivity="offline", validate=True, keepOpen=True,
    disablePersistentConfig=True,
)
with Session() as session:
    is_success = session.run(options, logHandler=StructuredMessageLogHandler())
    errors = [entry["messageCode"] for entry in session.get_log_messages() if entry["levelname"] == "ERROR"]
    (model,) = session.get_models()
    (fact,) = model.facts
    found = (is_success, bool(errors), fact.xValid == VALID, str(fact.context.endDatetime)[:10])
print(f"Arelle {version('arelle-release')}: success, errors logged, fact valid, end of 2020-02-31: {found}")
sys.exit(found != (True, True, True, "9999-12-31"))
PY
