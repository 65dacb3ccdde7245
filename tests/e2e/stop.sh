#!/usr/bin/env bash
# A run that is asked to stop leaves with 75 and goes on later to the same file; one that is
# ended at once says by which signal.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
plan=$plans/sweep.yaml
# Enough work for all the stops below, on a fast machine too.
longer=(--set replicates=6 --set recipe.epochs=40)
run_on=(run "$plan" -o stopped.nc --dir "$place/stopped.run" "${longer[@]}")
journal=stopped.run/journal.ndjson
expect 0 launch -n 2 run "$plan" -o whole.nc "${longer[@]}"

# in_the_midst NAME WANTED COMMAND...: starts COMMAND, takes it up again in later calls, and
# once it has done some more steps calls NAME with its process; it must leave with WANTED
resume=()
wanted_steps=0
in_the_midst() {
    local name=$1 wanted=$2 starter code
    shift 2
    wanted_steps=$((wanted_steps + 8))
    # A shell has what it starts in the background ignore INT.
    env --default-signal=INT "$@" "${run_on[@]}" ${resume[@]+"${resume[@]}"} >out.txt 2>err.txt &
    starter=$!
    wait_for_steps $journal $wanted_steps || finish
    "$name" "$starter"
    wait "$starter"
    code=$?
    [ "$code" = "$wanted" ] || { fail "$name: exit $code, wanted $wanted" && cat err.txt >&2; }
    [ "$wanted" != 75 ] || says "stopped early; resume with"
    [ "$wanted" != 75 ] || [ -s stopped.nc ] || fail "$name: no table of what was done so far"
    resume=(--resume)
    rm -f stopped.nc
    wanted_steps=$(done_keys $journal | wc -l)
}
user_1() { kill -USR1 "$1"; }
user_2() { kill -USR2 "$1"; }
terminate() { kill -TERM "$1"; }
interrupt() { kill -INT "$1"; }
hang_up() { kill -HUP "$1"; }
halt() { : >stopped.run/halt; }

# With launch, all of them ask.
starting=("$ROOT/cluster/launch" -n 2)
for how in user_1 user_2 terminate interrupt hang_up halt; do
    in_the_midst $how 75 "${starting[@]}"
done
# Alone, TERM, INT and HUP end the program at once.
in_the_midst user_2 75 "$THREATLOOP_BIN"
in_the_midst terminate 143 "$THREATLOOP_BIN"
in_the_midst interrupt 130 "$THREATLOOP_BIN"
in_the_midst hang_up 129 "$THREATLOOP_BIN"
"$THREATLOOP_BIN" status stopped.run >out.txt || fail "no status"
done_once $journal

# A second Ctrl-C does not wait for a rank that is held up.
twice() {
    local held
    held=$(ranks_of "$place/stopped.run" | while read -r pid; do
        tr '\0' '\n' <"/proc/$pid/environ" | grep -q '^OMPI_COMM_WORLD_RANK=1$' && echo "$pid"
    done)
    kill -STOP "$held"
    kill -INT "$1"
    wait_until "launch to stop gracefully" grep -q "signal again to kill it" err.txt
    kill -INT "$1"
    SECONDS=0
}
in_the_midst twice 130 "${starting[@]}"
[ "$SECONDS" -lt 9 ] || fail "the second Ctrl-C took $SECONDS s"
says "resume with:"
says "--resume"
[ -z "$(ranks_of "$place/stopped.run")" ] || fail "a rank was left"

expect 0 launch -n 3 "${run_on[@]}" --resume
same whole.nc stopped.nc
done_once $journal
finish
