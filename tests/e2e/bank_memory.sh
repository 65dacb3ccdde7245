#!/usr/bin/env bash
# The memory of a rank does not grow with the bank that it trains and visits: its peak with 256
# models of one MB is less than 64 MiB above that with 8, whether it trained them or only reads.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
python=/usr/bin/python3
$python -c 'import resource' 2>/dev/null || skip "no Python to ask for the peak of memory"
plan=$plans/bank_memory.yaml
limit=$((64 << 10)) # KiB

# peak NAME COMMAND...: runs it and sets `kib` to the largest peak among its processes
peak() {
    local name=$1
    shift
    expect 0 $python - "$name.kib" "$@" <<'PYTHON'
import resource, subprocess, sys
code = subprocess.run(sys.argv[2:], stdin=subprocess.DEVNULL).returncode
with open(sys.argv[1], "w") as file:
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=file)
sys.exit(code)
PYTHON
    read -r kib <"$name.kib"
}
# run NAME RANKS MODELS OPTIONS...
run() {
    local name=$1 ranks=$2 models=$3
    shift 3
    peak "$name" "$ROOT/cluster/launch" -n "$ranks" run "$plan" --set "lira.models=$models" \
        --set "rmia.models=$models" -o "$name.nc" "$@"
}
# bounded WHAT FEW MANY
bounded() {
    echo "$1: peak with 8 models $2 KiB, with 256 models $3 KiB: $((($3 - $2) / 1024)) MiB above"
    [ $(($3 - $2)) -lt $limit ] || fail "$1: 256 models take $(($3 - $2)) KiB more than 8"
}

for ranks in 1 2; do
    run "few$ranks" $ranks 8
    few=$kib
    run "many$ranks" $ranks 256
    size=$(find "many$ranks.run/models" -name '*.safetensors' -size +1000k | wc -l)
    [ "$size" = 258 ] || fail "$ranks ranks: $size models of one MB"
    bounded "$ranks ranks, trained and asked" "$few" "$kib"
done
# Models that an earlier run has trained: the tests alone.
grep -av '"stage":"m2d[^}]*"measure":\[\[' few1.run/journal.ndjson >kept && cp kept few1.run/journal.ndjson
grep -av '"stage":"m2d[^}]*"measure":\[\[' many1.run/journal.ndjson >kept && cp kept many1.run/journal.ndjson
run few1 1 8 --resume
says "2 steps done"
few=$kib
run many1 1 256 --resume
says "2 steps done"
bounded "asked" "$few" "$kib"
finish
