#!/bin/sh
# Makes an account for a bot and prints an API token for it: ALDIS_PASSWORD=… token.sh USERNAME
# If the account is there already, the token is another one of it.
set -eu
. "$(dirname "$0")/aldis.sh"

if [ -z "${ALDIS_PASSWORD-}" ] || [ -z "${1-}" ]; then
  echo 'Say the name and the password of the account: ALDIS_PASSWORD=… token.sh USERNAME' >&2
  exit 2
fi
account=$(jq --null-input --arg username "$1" '{ $username, password: env.ALDIS_PASSWORD }')

if post /auth/register "$account" >/dev/null; then
  printf 'The code (123456, or in the log of the server): ' >&2
  read -r code
  post /auth/verify "$(jq --null-input --arg username "$1" --arg otp "$code" '$ARGS.named')" >/dev/null
fi
# An access token lives for an hour: long enough to make an API token, which lives until it is ended.
session=$(post /auth/login "$account")
ALDIS_TOKEN=$(pick "$session" .token)
made=$(post /auth/tokens '{ "name": "made by token.sh" }')
pick "$made" .token
