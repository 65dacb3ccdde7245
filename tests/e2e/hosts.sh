#!/usr/bin/env bash
# Hosts on one machine: each a network, a hostname and a /dev/shm of its own, joined by a
# bridge. n0 is where mpirun is started, n1 .. nN compute. Needs root.
#
#   hosts.sh up N               makes them; exit 77 where that is refused
#   hosts.sh exec HOST CMD...   runs CMD there, in the same folder
#   hosts.sh rsh HOST CMD...    the same, as mpirun's plm_rsh_agent calls it
#   hosts.sh link HOST up|down  plugs the cable in, or pulls it
#   hosts.sh down               ends them and all that runs there
#
# HOSTS_DIR is the folder for their state.
set -eu
: "${HOSTS_DIR:?a folder for the state of the hosts}"

refused() {
    echo "no hosts here: $*" >&2
    exit 77
}
inside() {
    local host=$1
    shift
    nsenter -t "$(cat "$HOSTS_DIR/$host.pid")" -n -u -m --wd="$PWD" "$@"
}

up() {
    local last=$1 i
    [ "$(id -u)" = 0 ] || refused "not root"
    for tool in unshare nsenter ip setsid; do
        command -v $tool >/dev/null || refused "no $tool"
    done
    unshare --net --uts --mount true 2>/dev/null || refused "unshare is not allowed"
    {
        echo "127.0.0.1 localhost"
        for i in $(seq 0 "$last"); do echo "10.77.0.$((i + 1)) n$i"; done
    } >"$HOSTS_DIR/hosts"
    for i in $(seq 0 "$last"); do
        setsid unshare --net --uts --mount --propagation private bash -c "
            hostname n$i && mount -t tmpfs tmpfs /dev/shm &&
            mount --bind '$HOSTS_DIR/hosts' /etc/hosts && ip link set lo up &&
            echo \$\$ >'$HOSTS_DIR/n$i.new' && mv '$HOSTS_DIR/n$i.new' '$HOSTS_DIR/n$i.pid' &&
            exec sleep infinity" </dev/null >/dev/null 2>&1 &
        for _ in $(seq 100); do [ ! -s "$HOSTS_DIR/n$i.pid" ] || break && sleep 0.05; done
        [ -s "$HOSTS_DIR/n$i.pid" ] || refused "a namespace could not be made"
    done
    inside n0 ip link add br0 type bridge 2>/dev/null || refused "no bridges"
    inside n0 ip addr add 10.77.0.1/24 dev br0
    inside n0 ip link set br0 up
    for i in $(seq "$last"); do
        inside n0 ip link add "v$i" type veth peer name eth0 netns "$(cat "$HOSTS_DIR/n$i.pid")"
        inside n0 ip link set "v$i" master br0 up
        inside "n$i" ip addr add "10.77.0.$((i + 1))/24" dev eth0
        inside "n$i" ip link set eth0 up
    done
}

# Whatever still lives in the network of a host, and then the host.
down() {
    local file net process
    for file in "$HOSTS_DIR"/n*.pid; do
        [ -s "$file" ] || continue
        net=$(readlink "/proc/$(cat "$file")/ns/net") || continue
        for process in /proc/[0-9]*; do
            [ "$(readlink "$process/ns/net" 2>/dev/null)" != "$net" ] ||
                kill -KILL "${process#/proc/}" 2>/dev/null || true
        done
        rm -f "$file"
    done
}

case "${1:-}" in
up) up "$2" ;;
exec) shift && inside "$@" ;;
rsh) shift && host=$1 && shift && inside "$host" /bin/bash -c "$*" ;;
link) inside n0 ip link set "v${2#n}" "$3" ;;
down) down ;;
*) sed -n '2,12s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
esac
