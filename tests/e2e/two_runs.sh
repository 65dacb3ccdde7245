#!/usr/bin/env bash
# The second of two runs on one directory is refused; the first does not notice.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
# Who resumes waits 15 s for the lock; the first run does nothing for very much longer.
plan=(idle --set replicates=20000 --set idle.seconds=0.1)
"$ROOT/cluster/launch" -n 1 run "${plan[@]}" -o one.nc --dir "$place/shared.run" >out1.txt 2>err1.txt &
starter=$!
wait_for_steps shared.run/journal.ndjson 1
expect 2 "$THREATLOOP_BIN" run "${plan[@]}" -o two.nc --dir shared.run
says "shared.run"
expect 1 "$THREATLOOP_BIN" run "${plan[@]}" -o two.nc --dir shared.run --resume
says "is in use"
[ ! -e two.nc ] || fail "the second run wrote a result"
kill -USR1 "$starter"
wait "$starter"
code=$?
[ "$code" = 75 ] || fail "the first run ended with $code"
finish
