# What the examples share.

url=${ALDIS_URL:-http://localhost:5000}

# Asks until there is an answer, and prints it; where it says no, the problem's detail: call METHOD PATH [OPTION]…
# To ask again is harmless: a message has a key, and what else is made twice is not used.
call() {
  method=$1 path=$2
  shift 2
  until
    answer=$(curl --silent --show-error --fail-with-body --max-time 60 --retry 5 --request "$method" \
      --header "Authorization: Bearer ${ALDIS_TOKEN-}" "$@" "$url$path")
    status=$?
    # 22: there was an answer, and it says no.
    [ "$status" = 0 ] || [ "$status" = 22 ]
  do
    sleep 1
  done
  if [ "$status" = 22 ]; then
    printf '%s' "$answer" | jq --raw-output .detail >&2
    return 1
  fi
  printf '%s\n' "$answer"
}

# A request with a body of JSON: post PATH JSON [OPTION]…
post() {
  path=$1 body=$2
  shift 2
  call POST "$path" --header 'Content-Type: application/json' --data "$body" "$@"
}

# A part of what was answered: pick ANSWER FILTER
pick() {
  printf '%s' "$1" | jq --raw-output "$2"
}
