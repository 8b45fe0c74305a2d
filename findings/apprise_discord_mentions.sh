#!/usr/bin/env bash
# A plain text that holds <@123> pings that member of a Discord channel, although it is escaped as Markdown.
#
# Version: Apprise 2.2.0.
# Guess:   a body of the format text is data: for a service that shows Markdown it is escaped, and nobody is pinged.
# Seen:    the body is escaped, and what looks like a mention in it is also taken out of it, told in the content of the
#          message and allowed in its allow_mentions: the member 123 is pinged.
# Matters: names of files and channels in an alert come from deliveries; etl/deliver.py puts a space without width
#          behind each @ of a message for Discord.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check apprise==2.2.0
"$folder/env/bin/python" - <<'PY'
import json
import sys
from unittest import mock

import apprise
import requests

sent = []


def answer(_, url, **options):
    sent.append(json.loads(options["data"]))
    response = requests.Response()
    response.status_code = 200
    return response


with mock.patch.object(requests, "post", lambda url, **options: answer(None, url, **options)):
    channel = apprise.Apprise("discord://123456789012345678/abcdefghijklmnopqrstuvwxyzabcdefghijklmnop?format=markdown")
    channel.notify(title="file", body="orders of <@123>.csv", body_format="text")
(message,) = sent
print("Apprise", apprise.__version__, "sends", json.dumps({k: message.get(k) for k in ("content", "allow_mentions")}))
print("body:", message["embeds"][0]["description"])
sys.exit("123" not in message["allow_mentions"]["users"])
PY
