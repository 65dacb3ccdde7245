#!/usr/bin/env bash
# What plan foretells for a GPT-2 of 124 million parameters on two ranks: the memory that each
# takes at its peak, within 15 %; both together within 16 GiB. The time is told beside it, and
# judged only where the ranks had their cores to themselves.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
plan=$plans/gpt-124m.yaml
has=$(awk '/^MemAvailable:/ {print int($2 / 1048576)}' /proc/meminfo)
[ "$has" -ge 9 ] || skip "9 GiB of memory are wanted, $has are free"
expect 0 "$THREATLOOP_BIN" plan "$plan" --ranks 2 --measure --json
number() { sed -n "s/^ *\"$1\": \([0-9.e+]*\),*$/\1/p" plan.json; }
mv out.txt plan.json
[ "$(number parameters | head -n 1)" = 123849984 ] || grep -q 123849984 plan.json ||
    fail "the model has another size"

# Peaks of the ranks while they run, by rank: name, KiB, seconds of a core.
watch_peaks() {
    local pid peak spent rank
    while kill -0 "$1" 2>/dev/null; do
        for pid in $(ranks_of "$place/$2.run"); do
            rank=$(tr '\0' '\n' <"/proc/$pid/environ" | sed -n 's/^OMPI_COMM_WORLD_RANK=//p')
            peak=$(awk '/^VmHWM:/ {print $2}' "/proc/$pid/status")
            spent=$(awk '{print ($14 + $15) / 100}' "/proc/$pid/stat")
            [ -z "$peak" ] || echo "$peak $spent" >"peak.$rank"
        done 2>/dev/null
        sleep 0.3
    done
}
# train NAME OPTIONS...: a run whose peaks are watched; its time in wall
train() {
    local began starter name=$1
    shift
    rm -f peak.*
    began=$(date +%s.%N)
    launch -n 2 run "$plan" -o "$name.nc" --dir "$place/$name.run" "$@" >out.txt 2>err.txt &
    starter=$!
    watch_peaks "$starter" "$name"
    wait "$starter" || fail "$name: exit $?"
    wall=$(awk -v a="$began" -v b="$(date +%s.%N)" 'BEGIN {printf "%.1f", b - a}')
    grep -q '"width":2' "$name.run/journal.ndjson" || fail "the training had no team of two"
    read -r peak_0 spent_0 <peak.0 && read -r peak_1 spent_1 <peak.1
}

# near WHAT FORETOLD MEASURED PERCENT
near() {
    awk -v a="$2" -v b="$3" -v p="$4" 'BEGIN {d = a / b - 1; exit !(d < p / 100 && d > -p / 100)}' ||
        fail "$1: predicted $2, measured $3: more than $4 % apart"
}
# Memory, with checkpoints, which rank 0 holds whole; time, without.
first=$(number memory_bytes) other=$(number other_memory_bytes)
train memory --checkpoint-every 5
echo "rank 0: predicted $first bytes, peak $((peak_0 * 1024)); rank 1: $other, $((peak_1 * 1024))"
near "rank 0" "$first" $((peak_0 * 1024)) 15
near "rank 1" "$other" $((peak_1 * 1024)) 15
[ $((peak_0 + peak_1)) -le $((16 << 20)) ] || fail "the ranks take more than 16 GiB"
seconds=$(number seconds)
train time --checkpoint-every 1:00:00
echo "time: predicted $seconds s, taken $wall s, on cores $spent_0 and $spent_1 s"
if awk -v w="$wall" -v a="$spent_0" -v b="$spent_1" 'BEGIN {exit !(a > 0.85 * w && b > 0.85 * w)}'; then
    near time "$seconds" "$wall" 30
fi
finish
