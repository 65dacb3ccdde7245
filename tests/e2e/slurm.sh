#!/usr/bin/env bash
# A Slurm job, with Slurm's commands played by scripts: the run stops before the job's end,
# goes back into the queue, and goes on; one that has no time to do anything does not.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
plan=$plans/long.yaml
expect 0 launch -n 1 run "$plan" -o whole.nc

mkdir bin
cat >bin/squeue <<'X'
#!/bin/sh
echo "$*" >>squeue.log
[ -z "$JOB_SECONDS" ] && echo N/A || date -d "@$(($(date +%s) + JOB_SECONDS))" +%Y-%m-%dT%H:%M:%S
X
cat >bin/scontrol <<'X'
#!/bin/sh
echo "$*" >>scontrol.log
X
# The script stays a minute after it is back in the queue.
printf '#!/bin/sh\n[ "$1" = 60 ] || exec %s "$@"\n' "$(command -v sleep)" >bin/sleep
chmod +x bin/*

# job COUNT SECONDS [OPTIONS of run]: the COUNT-th start of a job that has SECONDS; a stop in
# its first LEAST seconds ends it
least=1
job() {
    local count=$1 seconds=$2
    shift 2
    rm -f squeue.log scontrol.log
    exec env SLURM_JOB_ID=77 SLURM_NTASKS=2 SLURM_RESTART_COUNT="$count" JOB_SECONDS="$seconds" \
        THREATLOOP_HOME="$ROOT" THREATLOOP_LEAST_SECONDS=$least PATH="$place/bin:$PATH" \
        bash "$ROOT/cluster/slurm/run.sbatch" "$plan" -o job.nc --dir "$place/job.run" "$@"
}
start() { (job "$@"); }

# The job's end comes while the training is under way, which a busy machine begins late.
for seconds in 8 40 200; do
    expect 75 start 0 $seconds --inject hold:after=tick:50
    ! grep -q "a fault is injected" err.txt || break
    rm -rf job.run
done
says "the end of the Slurm job is in"
says "stopped early: requeued"
[ "$(cat scontrol.log)" = "requeue 77" ] || fail "the job was not requeued"
[ "$(wc -l <squeue.log)" = 1 ] || fail "Slurm was not asked once"

# Slurm's signal before the end, or at preemption.
# The training is held up, so that it cannot be over before.
begin job 1 "" --inject hold:after=tick:20
wait_until "the training" grep -q "a fault is injected" err.txt
says "training resumes after update"
kill -USR1 "$starter"
ended "after USR1" 75
[ "$(cat scontrol.log)" = "requeue 77" ] || fail "the job was not requeued after USR1"

# To the end: nothing more to queue for.
expect 0 start 2 ""
[ ! -e scontrol.log ] || fail "a job that is done was requeued"
same whole.nc job.nc
done_once job.run/journal.ndjson

# No time for anything: once is enough. Who knows the end does not ask.
rm -rf job.run
least=3600
SLURM_JOB_END_TIME=$(($(date +%s) + 30)) expect 75 start 0 "" --set recipe.epochs=100000
says "not requeued"
[ ! -e scontrol.log ] || fail "a job in which nothing fits was requeued"
[ ! -e squeue.log ] || fail "Slurm was asked though it had told"
finish
