#!/usr/bin/env bash
# Storage that fails while a run goes on: it stops with the path and the reason, loses nothing
# that was finished, and goes on from there when told to.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
plan=$plans/hurt.yaml
expect 0 launch -n 2 run "$plan" -o whole.nc

# goes_on WHAT: what is in x.run can be resumed to the undisturbed result
goes_on() {
    expect 0 launch -n 2 run "$plan" -o x.nc --dir "$place/x.run" --resume
    cmp whole.nc x.nc || fail "$1: another result after resuming"
    done_once x.run/journal.ndjson
    [ -z "$(find x.run -name '*.tmp')" ] || fail "$1: temporary files were left"
    rm -rf x.run x.nc x.run.nc
}

# refused FAULT REASON: every rank or one, from the nth time on
refused() {
    expect 75 launch -n 2 run "$plan" -o x.nc --dir "$place/x.run" --inject "$1"
    says "$2"
    says "x.run/"
    says "--resume"
    goes_on "$1"
}
refused enospc,rank=0,after=write:20 "No space left on device"
refused enospc,rank=1,after=rename:3 "No space left on device"
refused eio,rank=0,after=sync:30 "Input/output error"
refused eio,rank=1,after=write:5 "Input/output error"
refused edquot,after=write:25 "Disk quota exceeded"
refused erofs,after=rename:5 "Read-only file system"

# At the start nothing is lost, and nothing needs resuming.
expect 1 "$THREATLOOP_BIN" run "$plan" -o x.nc --dir x.run --inject enospc,after=write:1
says "x.run/"
says "No space left on device"
expect 0 "$THREATLOOP_BIN" run "$plan" -o x.nc --dir x.run
same whole.nc x.nc
rm -rf x.run x.nc x.run.nc

# A write of the journal, or of a model, that ends in the middle.
for torn in torn:1,after=journal:4 torn:100,after=journal:9 torn:0,after=journal:6 torn:5,after=write:12 torn:3,after=write:16; do
    code=0
    launch -n 2 run "$plan" -o x.nc --dir "$place/x.run" --inject "$torn,rank=0" >out.txt 2>err.txt || code=$?
    [ "$code" != 0 ] || fail "$torn: ended with 0"
    [ ! -e x.nc ] || fail "$torn: left a result"
    goes_on "$torn"
done

# held FILE: a run in the background, one rank of which stays in a step until the run is to stop
held() {
    begin launch -n 2 run "$plan" -o "$1" --dir "$place/x.run" --hung-after 0 --inject hold:rank=0,after=start:4
    wait_until "a step that is held up" grep -q "a fault is injected" err.txt
}
stopped() { ended "$1" 75; }
held x.nc
mv x.run away.run
stopped "a run directory that was moved"
says "the run directory was moved or removed"
[ ! -e x.run ] || fail "a run directory that was moved was made again"
mv away.run x.run
goes_on "moved and put back"

held x.nc
rm -r x.run
stopped "a run directory that was removed"
says "the run directory was moved or removed"
rm -rf x.nc x.run # a rank may have put a file into it while it went
expect 0 launch -n 2 run "$plan" -o x.nc --dir "$place/x.run"
same whole.nc x.nc
rm -rf x.run x.nc x.run.nc

# The folder of the result is gone at the end: the journal has it all.
mkdir out
begin launch -n 2 run "$plan" -o out/x.nc --dir "$place/x.run" --hung-after 0 --inject stop:rank=0,after=start:4
wait_until "a rank that is stopped" grep -q "a fault is injected" err.txt
rm -r out
ranks_of "$place/x.run" | xargs kill -CONT
stopped "a result that cannot be written"
says "out/x.nc: its folder cannot be opened"
mkdir out
expect 0 launch -n 2 run "$plan" -o out/x.nc --dir "$place/x.run" --resume
says "0 steps done"
same whole.nc out/x.nc

# A result that is damaged is written again by a run that has nothing left to do.
truncate -s 1000 out/x.nc
expect 2 launch -n 1 run "$plan" -o out/x.nc --dir "$place/x.run"
expect 0 launch -n 1 run "$plan" -o out/x.nc --dir "$place/x.run" --force
same whole.nc out/x.nc
rm out/x.nc
expect 0 launch -n 2 run "$plan" -o out/x.nc --dir "$place/x.run" --resume
same whole.nc out/x.nc

# Others have no business in a run directory, whatever the umask.
rm -rf x.run
(umask 0 && exec "$THREATLOOP_BIN" run "$plan" -o x.nc --dir x.run >/dev/null 2>&1)
[ -z "$(find x.run -perm /077)" ] || fail "others may enter: $(find x.run -perm /077 | head -3)"
ln -sf "$place/victim" x.run/plan.yaml.tmp
rm x.run/plan.yaml && ln -s "$place/victim" x.run/plan.yaml
echo precious >victim
for name in plan.yaml plan.yaml.tmp; do
    expect 2 "$THREATLOOP_BIN" run "$plan" -o x.nc --dir x.run --resume
    says "is a symbolic link, which is not followed"
    [ "$(cat victim)" = precious ] || fail "a link in the run directory was followed"
    rm "x.run/$(sed -n 's,.*x.run/\([a-z.]*\) is a symbolic.*,\1,p' err.txt)"
done
expect 0 "$THREATLOOP_BIN" run "$plan" -o x.nc --dir x.run --resume
[ "$(cat victim)" = precious ] || fail "a link in the run directory was followed"
finish
