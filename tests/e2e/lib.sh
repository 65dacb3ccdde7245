# Sourced by the tests here. THREATLOOP_BIN is the program, ROOT the checkout.
set -u
: "${THREATLOOP_BIN:?the program under test}" "${ROOT:?the checkout}"
export THREATLOOP_BIN
unset THREATLOOP_DATA
place=$(mktemp -d "${TMPDIR:-/tmp}/threatloop-e2e.XXXXXX")
cleanup() { cd / && rm -rf "$place"; }
trap cleanup EXIT
cd "$place" || exit 1
plans=$ROOT/tests/e2e
failures=0

fail() {
    echo "FAILED: $*" >&2
    failures=$((failures + 1))
}
finish() {
    [ "$failures" = 0 ] || echo "$failures failed" >&2
    exit $((failures > 0))
}
skip() {
    echo "skipped: $*"
    exit 77
}
launch() { "$ROOT/cluster/launch" "$@"; }

# expect CODE COMMAND...: runs it, its output in out.txt and err.txt
expect() {
    local wanted=$1 code=0
    shift
    "$@" >out.txt 2>err.txt || code=$?
    [ "$code" = "$wanted" ] || {
        fail "$*: exit $code, wanted $wanted"
        tail -n 5 out.txt err.txt >&2
    }
}
says() { grep -qF -- "$1" out.txt err.txt || { fail "'$1' was not said" && cat err.txt >&2; }; }
same() { cmp "$1" "$2" || fail "$1 and $2 differ"; }
done_keys() { grep -ao '"kind":"done","key":"[^"]*"' "$1" | sed 's/.*"key":"\([^"]*\)".*/\1/'; }

# No step in the journal was done twice.
done_once() {
    local twice
    twice=$(done_keys "$1" | sort | uniq -d | wc -l)
    [ "$twice" = 0 ] || fail "$1: $twice steps were done more than once"
}

# wait_for_steps JOURNAL COUNT: until so many steps are done, 60 s at most
wait_for_steps() {
    for _ in $(seq 1200); do
        [ "$(grep -c '"kind":"done"' "$1" 2>/dev/null || true)" -ge "$2" ] 2>/dev/null && return 0
        sleep 0.05
    done
    fail "$1 never had $2 steps"
    return 1
}

# The ranks of the run on directory DIR, a process id a line.
ranks_of() { pgrep -f -- "--dir $1( |\$)" | while read -r pid; do
    [ "$(readlink "/proc/$pid/exe")" = "$(readlink -f "$THREATLOOP_BIN")" ] && echo "$pid"
done; }
