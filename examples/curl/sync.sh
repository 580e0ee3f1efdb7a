#!/bin/sh
# Prints the messages that came since it was last run, in whichever conversation: sync.sh [CURSOR-FILE]
# The first run prints none, and begins from there.
set -eu
. "$(dirname "$0")/aldis.sh"

file=${1:-cursor}
cursor=
[ ! -e "$file" ] || cursor=$(cat "$file")
more=true
while [ "$more" = true ]; do
  page=$(call GET "/api/sync${cursor:+?cursor=$cursor}")
  pick "$page" '.events[] | select(.event == "message").data | "\(.sender): \(.text)"'
  cursor=$(pick "$page" .cursor)
  # In one step, so that the file is never half written.
  printf '%s' "$cursor" >"$file.new"
  mv "$file.new" "$file"
  more=$(pick "$page" .more)
done
