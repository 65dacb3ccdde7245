#!/usr/bin/env bash
# A run that is asked to stop leaves with 75 and goes on later to the same file.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
plan=$plans/sweep.yaml
expect 0 launch -n 2 run "$plan" -o whole.nc

# stop_by NAME COMMAND...: a run that COMMAND stops, gone on with
stop_by() {
    local name=$1 starter code
    shift
    "$ROOT/cluster/launch" -n 2 run "$plan" -o "$name.nc" --dir "$place/$name.run" \
        >out.txt 2>err.txt &
    starter=$!
    wait_for_steps "$name.run/journal.ndjson" 20 || return
    "$@" "$starter"
    wait "$starter"
    code=$?
    [ "$code" = 75 ] || { fail "$name: exit $code, wanted 75" && cat err.txt; }
    says "stopped early"
    [ -s "$name.nc" ] || fail "$name: no table of what was done so far"
    "$THREATLOOP_BIN" status "$name.run" >out.txt || fail "$name: no status"
    expect 0 launch -n 3 run "$plan" -o "$name.nc" --dir "$place/$name.run" --resume
    same whole.nc "$name.nc"
    done_once "$name.run/journal.ndjson"
}
halt() { : >halt.run/halt; }
user_signal() { kill -USR1 "$1"; }
terminal() { kill -TERM "$1"; }
stop_by usr1 user_signal
stop_by term terminal
stop_by halt halt

code=0
launch -n 2 run "$plan" --set recipe.epochs=400 -o wall.nc --walltime 23 >out.txt 2>err.txt || code=$?
[ "$code" = 75 ] || fail "walltime: exit $code, wanted 75"
finish
