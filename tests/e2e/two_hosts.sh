#!/usr/bin/env bash
# Two hosts: a rank killed, a host cut off, rank 0 killed, rank 0's host cut off. The run goes
# on with what is left, or stops with 75 and goes on later, to the undisturbed file; in the end
# nothing of it is left anywhere.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
export HOSTS_DIR=$place/hosts
hosts=$plans/hosts.sh
mkdir "$HOSTS_DIR"
trap '"$hosts" down; cleanup' EXIT
"$hosts" up 2 >out.txt 2>&1 || skip "$(cat out.txt)"
plan=$plans/sweep.yaml
expect 0 launch -n 2 run "$plan" -o whole.nc
printf '#!/bin/sh\nexec %s rsh "$@"\n' "$hosts" >rsh && chmod +x rsh

mapping=""
# run_over NAME [OPTIONS]: on both hosts, started from a third
run_over() {
    local name=$1
    shift
    "$hosts" exec n0 "$ROOT/cluster/launch" -n 4 --host n1:2,n2:2 \
        --mpirun "--mca plm_rsh_agent $place/rsh $mapping" \
        run "$plan" -o "$name.nc" --dir "$place/$name.run" "$@"
}
# rank NAME NUMBER: the process of a rank
rank() {
    ranks_of "$place/$1.run" | while read -r pid; do
        tr '\0' '\n' <"/proc/$pid/environ" | grep -qx "OMPI_COMM_WORLD_RANK=$2" && echo "$pid"
    done
}
# What the run may have left: ranks, mpirun and orted in the hosts' networks, shared memory.
left_overs() {
    local process
    ranks_of "$place/$1.run"
    for host in n0 n1 n2; do
        for process in $("$hosts" exec $host bash -c 'echo /proc/[0-9]*'); do
            [ "$(readlink "$process/ns/net" 2>/dev/null)" != \
                "$(readlink "/proc/$(cat "$HOSTS_DIR/$host.pid")/ns/net")" ] ||
                grep -lxE 'mpirun|orted' "$process/comm" 2>/dev/null
        done
        "$hosts" exec $host find /dev/shm -name 'vader_segment*'
    done
}
is_gone() { [ -z "$(left_overs "$1")" ]; }
# strike NAME WANTED COMMAND...: COMMAND in the midst of a run, which must leave with WANTED
strike() {
    local name=$1 wanted=$2
    shift 2
    begin run_over "$name" --inject slow:x3
    wait_for_steps "$name.run/journal.ndjson" 20 || finish
    "$@"
    ended "$name" "$wanted"
    if [ "$wanted" = 75 ]; then
        says "launch: rank 0"
        says "--resume"
        expect 0 launch -n 2 run "$plan" -o "$name.nc" --dir "$place/$name.run" --resume
    else
        says "is lost; its work goes to other ranks"
    fi
    wait_until "the end of all of $name" is_gone "$name" || left_overs "$name" >&2
    same whole.nc "$name.nc"
    done_once "$name.run/journal.ndjson"
}
kill_worker() { kill -KILL "$(rank worker 3)"; }
kill_leader() { kill -KILL "$(rank leader 0)"; }

expect 0 run_over calm
same whole.nc calm.nc
strike worker 0 kill_worker
# Ranks dealt out to the hosts in turn are numbered host by host: mpirun's 2 runs beside 0.
mapping="--map-by node"
kill_dealt() { kill -KILL "$(rank dealt 2)"; }
strike dealt 0 kill_dealt
says "rank 1 is lost"
mapping=""
strike leader 75 kill_leader
strike away 0 "$hosts" link n2 down
"$hosts" link n2 up
strike alone 75 "$hosts" link n1 down
[ -z "$(find . -name '.threatloop-exit.*')" ] || fail "an exit file was left"
finish
