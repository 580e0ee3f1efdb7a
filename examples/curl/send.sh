#!/bin/sh
# Sends a message and ends once it is stored: send.sh USERNAME TEXT
set -eu
. "$(dirname "$0")/aldis.sh"

message=$(jq --null-input --arg receiver "$1" --arg text "$2" '$ARGS.named')
# The key makes it one message, however often it is sent.
key=$(od -A n -N 16 -t x1 /dev/urandom | tr -d ' \n')
sent=$(post /api/messages "$message" --header "Idempotency-Key: $key")
pick "$sent" '"stored as number \(.seq) of \(.conversationId)"'
