#!/bin/sh
# Sends a file: upload.sh USERNAME FILE [TEXT]
set -eu
. "$(dirname "$0")/aldis.sh"

[ -r "$2" ] || { printf 'There is no file %s that can be read.\n' "$2" >&2; exit 1; }
name=$(basename "$2" | jq --raw-input --raw-output @uri)
# Without a type of its own the bytes say what it is.
file=$(call POST "/api/attachments?name=$name" --header 'Content-Type: application/octet-stream' --data-binary "@$2")
message=$(printf '%s' "$file" | jq --arg receiver "$1" --arg text "${3-}" '$ARGS.named + { attachments: [.id] }')
# The file is another one each time, and so a good key.
sent=$(post /api/messages "$message" --header "Idempotency-Key: $(pick "$file" .id)")
pick "$sent" '"stored as number \(.seq) of \(.conversationId)"'
