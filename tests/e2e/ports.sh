#!/usr/bin/env bash
# On one host a run listens on no socket, alone and on several ranks, so that nobody else on
# the machine can talk to it; a program alone starts no daemon. What mpirun itself opens is out
# of reach where launch can make a network namespace.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
plan=$plans/small.yaml
ranks=""
trap 'kill -KILL $ranks 2>/dev/null; cleanup' EXIT

# sockets PID: those on which a process waits for others, of any kind, an address a line
sockets() {
    local net=/proc/$1/net inode
    for inode in $(readlink /proc/"$1"/fd/* | sed -n 's/^socket:\[\(.*\)\]$/\1/p'); do
        awk -v inode="$inode" '$10 == inode && ($4 == "0A" || $4 == "07") {print $2}' \
            $net/tcp $net/tcp6 $net/udp $net/udp6 2>/dev/null
        awk -v inode="$inode" '$7 == inode && $4 == "00010000" {print "unix", $8}' $net/unix
    done
}
network() { readlink "/proc/$1/ns/net"; }
descendants() { local child; for child in $(pgrep -P "$1"); do echo "$child" && descendants "$child"; done; }

# hold NAME COMMAND...: starts COMMAND run in the background, held up in its first step:
# `starter` is it, `ranks` are its ranks
hold() {
    local name=$1
    shift
    begin "$@" run "$plan" -o "$place/$name.nc" --dir "$place/$name.run" --inject hang:600,after=tick:1
    wait_until "$name at work" grep -q "a fault is injected" err.txt || { cat err.txt >&2 && finish; }
    ranks=$(ranks_of "$place/$name.run")
    [ -n "$ranks" ] || fail "$name: no ranks"
    for pid in $ranks; do
        [ -z "$(sockets "$pid")" ] || fail "$name: rank $pid listens on $(sockets "$pid" | tr '\n' ' ')"
    done
}
release() {
    kill -KILL $ranks
    wait "$starter" 2>/dev/null
    ranks=""
}

hold alone "$THREATLOOP_BIN"
[ -z "$(descendants "$starter")" ] || fail "alone: it started $(ps -o args= -p "$(descendants "$starter" | head -n 1)")"
release

hold bare mpirun -n 2 "$THREATLOOP_BIN"
[ -n "$(sockets "$starter")" ] || fail "the test sees no sockets of mpirun"
release

# is_out_of_reach NAME: nothing of `starter` listens in a network that others are in
is_out_of_reach() {
    local pid open=""
    for pid in $(descendants "$starter"); do
        [ "$(network "$pid")" != "$(network $$)" ] || open+=$(sockets "$pid")
    done
    [ -z "$open" ] || fail "$1: open to others: $open"
}
can_isolate() { "$@" sh -c 'ip link set lo up' 2>/dev/null; }
hold launched "$ROOT/cluster/launch" -n 2
if can_isolate unshare --net || can_isolate unshare --user --map-current-user --keep-caps --net; then
    is_out_of_reach launched
else
    echo "not tried: no network namespace is to be had here"
fi
release

# Another user than root, who has a namespace only with one of users around it.
nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
if [ "$(id -u)" = 0 ] && can_isolate "${nobody[@]}" unshare --user --map-current-user --keep-caps --net &&
    chmod 755 "$place" && "${nobody[@]}" "$THREATLOOP_BIN" --version >/dev/null 2>&1; then
    mkdir -m 777 home
    hold home/nobody "${nobody[@]}" env TMPDIR="$place/home" "$ROOT/cluster/launch" -n 2
    is_out_of_reach nobody
    [ "$(stat -c %u "$place/home/nobody.run")" = 65534 ] || fail "its files are not its own"
    release
else
    echo "not tried: another user than the one who runs the test"
fi

# Commands that may need the network have it.
expect 1 env THREATLOOP_MIRROR=http://127.0.0.1:9 "$ROOT/cluster/launch" -n 1 data fetch retinamnist --data d
says "127.0.0.1 port 9"
finish
