#!/bin/sh
# Lists the conversations, or prints one of them, from its beginning or from behind a place: history.sh [ID [SEQ]]
set -eu
. "$(dirname "$0")/aldis.sh"

if [ $# = 0 ]; then
  next=
  while
    page=$(call GET "/api/conversations${next:+?next=$next}")
    pick "$page" '.items[] | "\(.id) \(.title // (.members | map(.username) | join(" and ")))"'
    next=$(pick "$page" '.next // empty')
    [ -n "$next" ]
  do :; done
  exit
fi

seq=${2:-0}
while [ -n "$seq" ]; do
  page=$(call GET "/api/conversations/$1/messages?afterSeq=$seq&limit=200")
  pick "$page" '.items[] | "\(.seq) \(.sender): \(.text)"'
  # Nothing behind it: that was the end.
  seq=$(pick "$page" '.items | last | .seq // empty')
done
