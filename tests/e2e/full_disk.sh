#!/usr/bin/env bash
# A disk that fills: the run stops with a message and loses nothing, and goes on when there
# is room again.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
if [ "${1:-}" != inside ]; then
    mkdir disk
    if [ "$(id -u)" = 0 ]; then
        exec unshare --mount --propagation private bash "$0" inside
    fi
    unshare --user --map-root-user --mount true 2>/dev/null || skip "no mounts for users here"
    exec unshare --user --map-root-user --mount bash "$0" inside
fi
mkdir disk
mount -t tmpfs -o size=600k tmpfs disk 2>/dev/null || skip "mounting is refused here"
trap "cd / && umount $place/disk; cleanup" EXIT
plan=$plans/sweep.yaml
expect 0 launch -n 2 run "$plan" -o whole.nc
expect 1 launch -n 2 run "$plan" -o disk/full.nc --dir disk/full.run
says "No space left on device"
[ ! -e disk/full.nc ] || fail "a result was left though the disk is full"
[ -z "$(find disk -name '*.tmp')" ] || fail "temporary files were left"
mount -o remount,size=64m disk
expect 0 launch -n 2 run "$plan" -o disk/full.nc --dir disk/full.run --resume
same whole.nc disk/full.nc
done_once disk/full.run/journal.ndjson
finish
