#!/usr/bin/env bash
# A disk that fills: the run stops with a message and loses nothing, and goes on when there
# is room again.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
if [ "${1:-}" != inside ]; then
    find_mounts || skip "mounting is refused here"
    exec "${mounts[@]}" bash "$0" inside
fi
mkdir disk
mount -t tmpfs -o size=600k tmpfs disk || skip "mounting is refused here"
trap "cd / && umount $place/disk; cleanup" EXIT
plan=$plans/hurt.yaml

# fills SIZE OPTIONS...: a disk of SIZE is too small for the run, one of 64 MiB is not
fills() {
    local size=$1 before
    shift
    mount -o "remount,size=$size" disk
    expect 0 launch -n 2 run "$plan" "$@" -o whole.nc
    expect 75 launch -n 2 run "$plan" "$@" -o disk/full.nc --dir disk/full.run
    says "No space left on device"
    says "disk/full.run/"
    says "--resume"
    [ ! -e disk/full.nc ] || fail "a result was left though the disk is full"
    [ -z "$(find disk -name '*.tmp')" ] || fail "temporary files were left"
    before=$(done_keys disk/full.run/journal.ndjson | wc -l)
    [ "$before" -gt 0 ] || fail "nothing was done before the disk was full"
    # Still full: the same words, whether it comes to begin or not; nothing is worse for it.
    launch -n 2 run "$plan" "$@" -o disk/full.nc --dir disk/full.run --resume >out.txt 2>err.txt
    case $? in 1 | 75) ;; *) fail "a disk that is still full: exit $?" ;; esac
    says "No space left on device"
    mount -o remount,size=64m disk
    expect 0 launch -n 2 run "$plan" "$@" -o disk/full.nc --dir disk/full.run --resume
    same whole.nc disk/full.nc
    done_once disk/full.run/journal.ndjson
    rm -r disk/full.* whole.*
}
fills 16m --set model.kind=mlp --set model.width=320
fills 600k
finish
