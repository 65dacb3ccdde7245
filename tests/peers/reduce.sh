#!/usr/bin/env bash
# The team's sum of 64 MiB beside MPI_Allreduce's, on one host and over TCP between two hosts
# (network namespaces; needs root), on 2 and 4 ranks: at least 0.9 of its rate.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
export HOSTS_DIR=$place/hosts
hosts=$plans/hosts.sh
mkdir "$HOSTS_DIR"

# fast_enough: what bench printed into out.txt
fast_enough() {
    cat out.txt
    awk '{ for (i = 1; i <= NF; i++) if (sub("^ratio=", "", $i)) exit !($i >= 0.9) }' out.txt ||
        fail "slower than 0.9 of MPI_Allreduce"
}

for n in 2 4; do
    expect 0 launch -n $n bench reduce
    fast_enough
done

trap '"$hosts" down; cleanup' EXIT
if "$hosts" up 2 >out.txt 2>&1; then
    printf '#!/bin/sh\nexec %s rsh "$@"\n' "$hosts" >rsh && chmod +x rsh
    for each in 1 2; do
        expect 0 "$hosts" exec n0 "$ROOT/cluster/launch" -n $((2 * each)) \
            --host n1:$each,n2:$each --mpirun "--mca plm_rsh_agent $place/rsh" bench reduce
        echo "two hosts:"
        fast_enough
    done
else
    echo "not over two hosts: $(cat out.txt)"
fi
finish
