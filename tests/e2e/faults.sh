#!/usr/bin/env bash
# One kind of fault, at every place it can strike: the run goes on, or stops and is resumed,
# to the undisturbed file, and no finished step is lost or done twice.
#   faults.sh kill|hang|stop|exit|segv|nan|storage|torn|slow|usr1|linalg
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
kind=${1:?the kind of fault}
run() { launch -n 4 run "$plan" -o x.nc --dir "$place/x.run" --quiet "$@"; }

# use PLAN: strikes that follow are at this plan
use() {
    plan=$1
    rm -rf whole.nc whole.run whole.run.nc
    expect 0 launch -n 1 run "$plan" -o whole.nc --quiet
    steps=$(done_keys whole.run/journal.ndjson | wc -l)
}
use "$plans/faults.yaml"
# One step at a time, so that all ranks make a team.
{ cat "$plans/long.yaml" && echo "  - m2m.model_extraction: {queries: 90}"; } >team.yaml

# The directory x.run holds every step once, and x.nc is the undisturbed file.
is_whole() {
    same whole.nc x.nc
    done_once x.run/journal.ndjson
    [ "$(done_keys x.run/journal.ndjson | sort -u | wc -l)" = "$steps" ] || fail "$1: steps are missing"
}

# under CODE FAULT...: the run under these faults ends with CODE. A rank to which other ranks
# leave too little to do does not come to where its fault is: then the run is begun again.
under() {
    local wanted=$1 faults=() fault
    shift
    for fault in "$@"; do faults+=(--inject "$fault"); done
    for _ in $(seq 20); do
        rm -rf x.nc x.run x.run.nc
        run ${options[@]+"${options[@]}"} "${faults[@]}" >out.txt 2>err.txt
        code=$?
        ! grep -q "a fault is injected at" err.txt || break
        [ "$code" = 0 ] || break
        is_whole "without $*"
    done
    says "a fault is injected at"
    [ "$code" = "$wanted" ] || { fail "$*: exit $code, wanted $wanted" && tail -n 5 err.txt >&2; }
}
options=()

# strike CODE FAULT...: the same; then, if CODE is not 0, the run is resumed without the faults
strike() {
    local wanted=$1
    under "$@"
    shift
    [ -z "${said:-}" ] || says "$said"
    echo "$* exit=$wanted lost=$(grep -c ' is lost\| hangs' err.txt)"
    [ "$wanted" = 0 ] || expect 0 run --resume
    is_whole "$*"
}

# The places that workers of a team pass; of each two mates one is struck.
team_places="sum:7 broadcast:1 gather:1 agree:9"

case $kind in
kill)
    for at in idle:5 start:2 tick:5 step:2 send:2; do strike 0 "kill:rank=2,after=$at"; done
    strike 0 kill:rank=1,after=start:1 kill:rank=2,after=start:1 kill:rank=3,after=start:1
    strike 75 kill:rank=0,after=step:3
    strike 75 kill:after=seconds:0.4 slow:x40
    use team.yaml
    for at in $team_places; do strike 0 "kill:rank=1,after=$at" "kill:rank=3,after=$at"; done
    ;;
hang) # a busy rank may be taken for one that hangs, and its step then runs once more
    options=(--hung-after 2 --max-step-deaths 99)
    for at in start:3 tick:60 step:3; do strike 0 "hang:rank=2,after=$at"; done
    strike 75 hang:rank=0,after=start:3
    use team.yaml
    strike 0 hang:rank=1,after=sum:40 hang:rank=3,after=sum:40
    ;;
stop) # all of a process is silent: found after 10 s, and away at the end
    strike 0 stop:rank=2,after=start:2
    [ -z "$(ranks_of "$place/x.run")" ] || fail "a stopped rank was left behind"
    # Silent for 15 s while it works on: taken for dead after 10, then heard again and ended;
    # unless the run is over first, or rank 0 itself could not listen for a while.
    sed 's/epochs: 300/epochs: 5/' "$plan" >short.yaml && use short.yaml
    strike 0 hang:15,rank=1,after=seconds:0.3 slow:x20
    grep "rank 1 is lost" err.txt || echo "rank 1 was heard again in time"
    ;;
exit) strike 0 exit:3,rank=3,after=step:1 && strike 0 exit:0,rank=1,after=start:2 ;;
segv)
    strike 0 segv:rank=2,after=tick:4
    use team.yaml
    strike 0 segv:rank=1,after=agree:3 segv:rank=3,after=agree:3
    ;;
nan)
    under 3 nan:rank=1,after=tick:7
    says "is not finite at update"
    [ "$(grep -c '"kind":"diverged"' x.run/journal.ndjson)" = 1 ] || fail "not one step diverged"
    expect 0 run --resume # a step that diverged is tried again when asked to go on
    is_whole nan
    ;;
storage)
    for fault in enospc:rank=0,after=journal:4 eio:rank=0,after=sync:9 edquot:after=write:5 \
        erofs:rank=1,after=rename:1 eio:rank=2,after=rename:2; do
        said="$place/x.run/" strike 75 "$fault" # the path that failed
    done
    ;;
torn)
    for n in 0 1 60 200; do strike 75 "torn:$n,rank=0,after=journal:5"; done
    ;;
slow)
    options=(--hung-after 20)
    strike 0 slow:x10,rank=1
    ! grep -q ' is lost\| hangs' err.txt || fail "a slow rank was taken for one that hangs"
    ;;
usr1) strike 75 usr1:0.4,rank=2 slow:x40 && strike 75 usr1:0.5,rank=0 slow:x40 ;;
linalg) # a member dies inside ScaLAPACK; what that computes is left out of the comparison
    plan=$plans/scalapack.yaml
    expect 0 launch -n 1 run "$plan" -o alone.nc --quiet
    for n in 1 9 200; do
        rm -rf x.nc x.run x.run.nc
        expect 0 run --inject "kill:rank=3,after=linalg:$n" --inject "kill:rank=1,after=linalg:$n"
        says "a fault is injected"
        for file in alone x; do
            ncdump -p 9,17 "$file.nc" | grep -v '^netcdf' | sed '/_scalapack =/,/;/d' >"$file.txt"
        done
        same alone.txt x.txt
        done_once x.run/journal.ndjson
    done
    ;;
*) fail "no such kind: $kind" ;;
esac
finish
