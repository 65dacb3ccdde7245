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
# begin COMMAND...: starts it in the background, as `starter`, its output in out.txt and err.txt,
# which are empty from now on: what waits for words there does not see an earlier run's
begin() {
    [ "$1" != launch ] || set -- "$ROOT/cluster/launch" "${@:2}"
    : >out.txt
    : >err.txt
    "$@" >>out.txt 2>>err.txt &
    starter=$!
}
# ended WHAT CODE: the command that was begun ends with CODE
ended() {
    local code=0
    wait "$starter" || code=$?
    [ "$code" = "$2" ] || { fail "$1: exit $code, wanted $2" && tail -n 5 err.txt >&2; }
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

# wait_until WHAT COMMAND...: until COMMAND succeeds; fails with WHAT if what was begun ends before
# that, or after an hour
wait_until() {
    local what=$1 patience=$((SECONDS + 3600)) awaits=""
    shift
    [ -z "${starter:-}" ] || ! kill -0 "$starter" 2>/dev/null || awaits=$starter
    until "$@" 2>/dev/null; do
        if [ -n "$awaits" ] && ! kill -0 "$awaits" 2>/dev/null; then
            ! "$@" 2>/dev/null || return 0
            fail "waited for $what, but the run has ended" && cat err.txt >&2 && return 1
        fi
        [ "$SECONDS" -lt "$patience" ] || { fail "waited an hour in vain for $what" && return 1; }
        sleep 0.02
    done
}
has_steps() { [ "$(grep -c '"kind":"done"' "$1")" -ge "$2" ]; }
wait_for_steps() { wait_until "$2 steps in $1" has_steps "$1" "$2"; } # JOURNAL COUNT
# The background run that logs to err.txt has come to where --inject holds it up, having left
# a checkpoint in DIR.
is_held() { [ -n "$(find "$1/models" -name '*.part')" ] && grep -q 'a fault is injected' err.txt; }
wait_until_held() { wait_until "a training of $1 with a checkpoint" is_held "$1"; }

# With mounts of its own, `mounts` COMMAND runs, and the test is skipped where there are none. In a
# chroot, where / is no mount point, they are seen outside until they are unmounted.
find_mounts() {
    local way
    mkdir -p mounted
    for way in "--propagation private" "" "--user --map-root-user"; do
        # shellcheck disable=SC2206 # words are meant
        mounts=(unshare --mount --propagation unchanged $way)
        "${mounts[@]}" sh -c 'mount -t tmpfs tmpfs mounted && umount mounted' 2>/dev/null && return 0
    done
    return 1
}

# Draws from $RANDOM can be repeated: THREATLOOP_TEST_SEED (1) is the seed, and is told.
seed_random() {
    RANDOM=${THREATLOOP_TEST_SEED:=1}
    echo "THREATLOOP_TEST_SEED=$THREATLOOP_TEST_SEED"
}

# The ranks of the run on directory DIR, a process id a line.
ranks_of() { pgrep -f -- "--dir $1( |\$)" | while read -r pid; do
    [ "$(readlink "/proc/$pid/exe")" = "$(readlink -f "$THREATLOOP_BIN")" ] && echo "$pid"
done; }
