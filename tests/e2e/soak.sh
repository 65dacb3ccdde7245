#!/usr/bin/env bash
# Kills at random, many times: workers of a run of four ranks (which goes on), whole runs and
# their first ranks (which are resumed). Every file is the undisturbed one by cmp, every step
# is done once, and none that was done is lost.
#   SOAK_WORKERS (200), SOAK_RUNS (100), SOAK_LEADERS (20): how many kills
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
plan=$plans/faults.yaml
seed_random
export THREATLOOP_START_TIMEOUT=30 # ranks that are killed before all have met
expect 0 launch -n 1 run "$plan" -o whole.nc --quiet
steps=$(done_keys whole.run/journal.ndjson | wc -l)
journal=x.run/journal.ndjson

start() { # start ARGUMENTS...: a run of four ranks in the background, `starter`
    begin launch -n 4 run "$plan" -o x.nc --dir "$place/x.run" --quiet --max-step-deaths 99 "$@"
}
clean() { rm -rf x.nc x.run x.run.nc; }
pause() { sleep "$(awk -v r=$RANDOM -v most="$1" 'BEGIN { printf "%.3f", r / 32768 * most }')"; }
rank_of() { tr '\0' '\n' <"/proc/$1/environ" 2>/dev/null | sed -n 's/^OMPI_COMM_WORLD_RANK=//p'; }
# Ranks of the run are there, or it has ended.
has_ranks() { [ -n "$(ranks_of "$place/x.run")" ] || ! kill -0 "$starter"; }
is_whole() {
    same whole.nc x.nc
    done_once $journal
    [ "$(done_keys $journal | sort -u | wc -l)" = "$steps" ] || fail "$1: steps are missing"
}
# Steps that were begun alone in an order and not done: in flight when the run was killed.
in_flight() {
    grep '"kind":"start"' $journal | sed 's/.*"key":"\([^"]*\)".*/\1/' | sort -u >started.txt
    done_keys $journal | sort -u | comm -23 started.txt - | wc -l
}
# What was done stays done: the keys of BEFORE are all in the journal of now.
nothing_lost() {
    [ -f before.txt ] || return 0
    [ -z "$(done_keys $journal | sort -u | comm -23 before.txt -)" ] || fail "finished steps were lost"
}

killed=0 runs=0 none=0 early=0
while [ "$killed" -lt "${SOAK_WORKERS:-200}" ]; do
    clean
    start
    runs=$((runs + 1))
    wait_until "ranks" has_ranks
    for _ in 1 2 3; do
        pause 1
        mapfile -t pids < <(ranks_of "$place/x.run" | while read -r pid; do
            case "$(rank_of "$pid")" in [1-9]*) echo "$pid" ;; esac
        done)
        [ "${#pids[@]}" -gt 0 ] || break
        kill -KILL "${pids[RANDOM % ${#pids[@]}]}" 2>/dev/null && killed=$((killed + 1))
    done
    wait "$starter"
    code=$?
    if [ "$code" = 75 ] && [ ! -f $journal ]; then
        early=$((early + 1)) # before all ranks had met: nothing was begun
        continue
    fi
    [ "$code" = 0 ] || { fail "workers: exit $code" && cat err.txt >&2; }
    grep -q ' is lost' err.txt || none=$((none + 1))
    is_whole workers
done
echo "workers: $killed killed in $runs runs of 4 ranks; in $early runs one before the start (exit 75), in $none none at work"

# interrupt WHAT COUNT: kills until there were COUNT; a run ends after at most four of them
interrupt() {
    local what=$1 count=$2 kills=0 finished=0 most=0 flight resume
    while [ "$kills" -lt "$count" ]; do
        clean
        rm -f before.txt
        resume=()
        for _ in 1 2 3 4; do
            start ${resume[@]+"${resume[@]}"}
            wait_until "ranks" has_ranks
            pause 2
            case $what in
            runs) victims=$(ranks_of "$place/x.run") ;;
            leaders) victims=$(for pid in $(ranks_of "$place/x.run"); do [ "$(rank_of "$pid")" != 0 ] || echo "$pid"; done) ;;
            esac
            [ -z "$victims" ] || { echo "$victims" | xargs kill -KILL 2>/dev/null && kills=$((kills + 1)); }
            wait "$starter"
            code=$?
            [ -f $journal ] || continue # killed before the start
            [ "$code" = 75 ] || [ "$code" = 0 ] || grep -q "the program did not start" err.txt ||
                { fail "$what: exit $code, wanted 75" && cat err.txt >&2; }
            nothing_lost
            done_keys $journal | sort -u >before.txt
            flight=$(in_flight)
            [ "$flight" -le "$most" ] || most=$flight
            [ ! -s before.txt ] && ! grep -q '"kind":"start"' $journal || resume=(--resume)
            [ "$code" != 0 ] || break
        done
        start --resume
        wait "$starter" || { fail "$what: the last resume failed" && cat err.txt >&2; }
        nothing_lost
        is_whole "$what"
        finished=$((finished + 1))
    done
    echo "$what: $kills killed, $finished resumed to the end; at most $most steps in flight at a kill"
}
interrupt runs "${SOAK_RUNS:-100}"
interrupt leaders "${SOAK_LEADERS:-20}"
finish
