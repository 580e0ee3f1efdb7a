# What the examples share.

url=${ALDIS_URL:-http://localhost:5000}
body=

# Asks until there is an answer, and prints it; where it says no, the problem's detail: call METHOD PATH [OPTION]…
# To ask again is harmless: a message has a key, and what else is made twice is not used.
call() {
  method=$1 path=$2
  shift 2
  while
    # What is secret comes by a file: arguments can be read by everybody on the machine.
    answer=$(curl --config /dev/fd/3 --silent --show-error --fail-with-body --max-time 60 --retry 5 \
      --request "$method" "$@" "$url$path" 3<<END
header = "Authorization: Bearer ${ALDIS_TOKEN-}"
${body:+data = $body}
END
    )
    status=$?
    case $status in
      # No name server, no address, no connection, too slow, or cut.
      5 | 6 | 7 | 28 | 35 | 52 | 55 | 56) true ;;
      *) false ;;
    esac
  do
    sleep 1
  done
  # There was an answer, and it says no.
  [ "$status" != 22 ] || printf '%s' "$answer" | jq --raw-output .detail >&2
  [ "$status" = 0 ] || return 1
  printf '%s\n' "$answer"
}

# A request with a body of JSON: post PATH JSON [OPTION]…
post() (
  path=$1
  # As curl's file of options wants it, which quotes as JSON does.
  body=$(printf '%s' "$2" | jq --raw-input --slurp .)
  shift 2
  call POST "$path" --header 'Content-Type: application/json' "$@"
)

# A part of what was answered: pick ANSWER FILTER
pick() {
  printf '%s' "$1" | jq --raw-output "$2"
}
