#!/usr/bin/env bash
# damaged_journal.sh CASES: a journal that is damaged at random gives the undisturbed result
# when the run is resumed, or a refusal in words; never another result, never a crash.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
command -v python3 >/dev/null || skip "no python3 to damage files with"
plan=$plans/hurt.yaml
expect 0 "$THREATLOOP_BIN" run "$plan" -o whole.nc
steps=$(done_keys whole.run/journal.ndjson | sort -u | wc -l)
resumed=0
refused=0
for case in $(seq "${1:-10}"); do
    rm -rf hurt.run hurt.nc hurt.run.nc
    cp -r whole.run hurt.run
    # Half of the cases: a run that was stopped on its way.
    [ $((case % 2)) = 0 ] || head -n $((5 + case * 7 % 60)) whole.run/journal.ndjson >hurt.run/journal.ndjson
    what="case $case: $(python3 "$plans/damage.py" hurt.run/journal.ndjson any "$case")"
    code=0
    "$THREATLOOP_BIN" run "$plan" -o hurt.nc --dir hurt.run --resume >out.txt 2>err.txt || code=$?
    if [ "$code" = 0 ]; then
        cmp whole.nc hurt.nc || fail "$what: another result"
        [ "$(done_keys hurt.run/journal.ndjson | sort -u | wc -l)" -ge "$steps" ] ||
            fail "$what: the journal was not made whole again"
        resumed=$((resumed + 1))
    elif [ "$code" = 1 ] || [ "$code" = 2 ]; then
        grep -q "hurt.run" err.txt || { fail "$what: exit $code without a reason" && cat err.txt >&2; }
        [ ! -e hurt.nc ] || fail "$what: refused, and yet a result"
        refused=$((refused + 1))
    else
        fail "$what: exit $code"
        tail -n 5 err.txt >&2
    fi
done
echo "$resumed resumed to the undisturbed result, $refused refused"
[ "$resumed" -gt $((${1:-10} / 2)) ] || fail "too few were resumed"

# A head whose line is lost: each step still says which build it was done under.
rm -rf hurt.run
cp -r whole.run hurt.run
sed -i 1d hurt.run/journal.ndjson
expect 0 "$THREATLOOP_BIN" run "$plan" -o hurt.nc --dir hurt.run --resume
says "0 steps done"
same whole.nc hurt.nc
finish
