#!/usr/bin/env bash
# A run that is asked to stop leaves with 75 and goes on later to the same file; one that is
# ended at once says by which signal.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
plan=$plans/sweep.yaml
small=(--set long.epochs=20)
run_on=(run "$plan" "${small[@]}" -o stopped.nc --dir "$place/stopped.run")
journal=stopped.run/journal.ndjson
expect 0 launch -n 2 run "$plan" "${small[@]}" -o whole.nc

# in_the_midst NAME WANTED COMMAND...: starts COMMAND, takes it up again in later calls, and
# once it has done some more steps calls NAME with its process; it must leave with WANTED.
# Steps are slowed down, so that the run has not ended before.
resume=()
wanted_steps=0
in_the_midst() {
    local name=$1 wanted=$2
    shift 2
    wanted_steps=$((wanted_steps + 4))
    # A shell has what it starts in the background ignore INT.
    begin env --default-signal=INT "$@" "${run_on[@]}" --inject slow:x20 ${resume[@]+"${resume[@]}"}
    wait_for_steps $journal $wanted_steps || finish
    "$name" "$starter"
    ended "$name" "$wanted"
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

# With launch, and alone, all of them ask; and what was done so far is shown.
starting=("$ROOT/cluster/launch" -n 2)
for how in user_1 user_2 terminate interrupt hang_up halt; do
    in_the_midst $how 75 "${starting[@]}"
done
for how in user_2 terminate interrupt hang_up halt; do
    in_the_midst $how 75 "$THREATLOOP_BIN"
    says "Means over replicates"
done
"$THREATLOOP_BIN" status stopped.run >out.txt || fail "no status"
done_once $journal

# ranks_named NUMBER: those of this rank
rank_named() {
    ranks_of "$place/stopped.run" | while read -r pid; do
        tr '\0' '\n' <"/proc/$pid/environ" | grep -q "^OMPI_COMM_WORLD_RANK=$1\$" && echo "$pid"
    done
}
# A second signal does not wait for a rank that is held up: for ever, or it would be given up.
twice() {
    kill -STOP "$(rank_named 1)"
    kill -INT "$1"
    wait_until "launch to stop gracefully" grep -q "signal again to kill it" err.txt
    kill -INT "$1"
}
in_the_midst twice 130 "${starting[@]}"
says "resume with:"
says "--resume"
[ -z "$(ranks_of "$place/stopped.run")" ] || fail "a rank was left"

# Alone, in a step that does not end by itself.
twice_alone() {
    local first=$2 second=$3
    begin env --default-signal=INT "$THREATLOOP_BIN" "${run_on[@]}" --resume --inject hang:3600,after=start:1
    wait_until "a step that hangs" grep -q "a fault is injected" err.txt
    kill -"$first" "$starter"
    wait_until "the first signal" grep -q "signal again to end at once" err.txt
    kill -"$second" "$starter"
    ended "$first, $second" "$1"
    says "finished steps are kept, continue with --resume"
}
twice_alone 130 INT INT
twice_alone 143 TERM TERM
twice_alone 129 INT HUP
# Before the run has begun, or where nothing could be kept, the first ends it.
begin env --default-signal=INT "$THREATLOOP_BIN" bench gemm
wait_until "the bench" grep -q . out.txt
kill -INT "$starter"
wait "$starter"
code=$?
[ "$code" = 130 ] || [ "$code" = 0 ] || fail "a bench that was interrupted: exit $code"

# mpirun without launch kills a second after Ctrl-C: who was at work says what is left.
begin env --default-signal=INT mpirun -n 2 "$THREATLOOP_BIN" "${run_on[@]}" --resume --inject slow:x20
wait_for_steps $journal $((wanted_steps + 2)) || finish
kill -INT "$starter"
wait "$starter" && fail "mpirun that was interrupted ended with 0"
says "ended by signal 15; finished steps are kept, continue with --resume"

expect 0 launch -n 3 "${run_on[@]}" --resume
same whole.nc stopped.nc
done_once $journal
finish
