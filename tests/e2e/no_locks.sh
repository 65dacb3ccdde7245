#!/usr/bin/env bash
# Where file locks fail (NFS, Lustre without flock) a run works, with one warning at its
# start; a second one is still refused, and a stale lock is named with the line that removes
# it. A file that somebody else holds locked is no "NetCDF file" the less.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
. "$ROOT/tests/e2e/guard_lib.sh"
library=$preloaded/libtl_no_locks.so
[ -e "$library" ] || skip "no $library, as under sanitizers"
unset HDF5_USE_FILE_LOCKING
write_plan tiny
expect 0 "$t" run tiny.yaml -o whole.nc --quiet
without() { LD_PRELOAD=$library "$@"; }

for error in 37 95 38; do # ENOLCK, EOPNOTSUPP, ENOSYS
    export TL_NO_LOCKS=$error
    rm -rf x.*
    expect 0 without "$t" run tiny.yaml -o x.nc --quiet
    [ "$(grep -c 'locks fail here' err.txt)" = 1 ] || fail "not one warning: $(cat err.txt)"
    grep -n . err.txt | head -n 1 | grep -q 'locks fail here' || fail "not at its start"
    same whole.nc x.nc
    nothing_left .
    expect 0 without "$t" run tiny.yaml -o x.nc --resume --quiet
    expect 0 without "$t" effects x.nc
    expect 0 without "$t" table x.nc
    expect 0 without "$t" status x.run
    says "no run uses"
done
expect 0 without "$ROOT/cluster/launch" -n 2 run tiny.yaml -o y.nc --quiet
same whole.nc y.nc

# Two at once, and what a kill leaves.
LD_PRELOAD=$library "$t" run idle --set replicates=600 --set idle.seconds=0.1 -o one.nc --dir first.run >out1.txt 2>err1.txt &
first=$!
wait_for_steps first.run/journal.ndjson 1
expect 0 without "$t" status first.run
says "running now: process $first on host"
expect 2 without "$t" run tiny.yaml -o one.nc --dir first.run --quiet
says "first.run is in use by process $first on host $(hostname) since"
expect 1 without "$t" run tiny.yaml -o one.nc --dir second.run --quiet
says "one.nc is in use by process $first on host $(hostname) since"
[ ! -e second.run ] || fail "the second run began"
expect 1 without "$t" run idle --set replicates=600 --set idle.seconds=0.1 -o other.nc --dir first.run --resume
says "first.run is in use by process $first on host"
kill -KILL "$first"
wait "$first" 2>/dev/null
again=(run idle --set replicates=600 --set idle.seconds=0.1 -o one.nc --dir first.run --resume --walltime 2)
expect 1 without "$t" "${again[@]}"
says "one.nc is still locked by process $first on host"
line=$(sed -n "s/.*: \(rm '.*\)/\1/p" err.txt)
[ "$line" = "rm 'one.nc.lock' 'first.run/lock'" ] || fail "no line that removes it: $line"
eval "$line"
expect 75 without "$t" "${again[@]}"
# The same where locks work again: a lock by its name counts there too.
echo "process $first on host $(hostname) since 2024-01-01T00:00:00Z; no locks here" >one.nc.lock
expect 1 "$t" "${again[@]}"
says "remove its lock yourself: rm 'one.nc.lock'"
rm one.nc.lock
echo "process 1 on host elsewhere since 2024-01-01T00:00:00Z; no locks here" >it\'s.nc.lock
expect 1 without "$t" table whole.nc -o it\'s.nc
says "if that one has ended, remove its lock: rm 'it'\\''s.nc.lock'"

# Locked by somebody else, however.
for how in -s -x; do
    expect 0 flock "$how" whole.nc "$t" table whole.nc
    expect 0 flock "$how" whole.nc env HDF5_USE_FILE_LOCKING=TRUE "$t" effects whole.nc
done
finish
