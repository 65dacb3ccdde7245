#!/usr/bin/env bash
# Texts from files reach no terminal as they are: names, levels, notes and attributes with escape
# codes are shown without them, by every command that shows them, and forge no line.
. "${ROOT:?the checkout}/tests/guard/lib.sh" || exit 1
/usr/bin/python3 -c 'import netCDF4, numpy' 2>/dev/null || skip "no python3-netcdf4 to make files"
t=$THREATLOOP_BIN
evil=$(printf 'x\033]0;owned\007\033[2J\302\2332J\342\200\256y\nthreatloop: info: forged')

# clean WHAT: nothing that a terminal would obey is in what was said, nor a forged line
clean() {
    local what
    what=$(printf %s "$1" | cat -v)
    LC_ALL=C grep -qP '\x1b|\x07|\x08|\x7f|\xc2[\x80-\x9f]|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]' out.txt err.txt &&
        { fail "$what: an escape code came through" && cat -v out.txt err.txt | head -n 5 >&2; }
    grep -q '^threatloop: info: forged' out.txt err.txt && fail "$what: a line was forged"
}
show() {
    "$t" "$@" >out.txt 2>err.txt
    clean "$*"
    cat out.txt err.txt >>seen.txt
}

# Files: names of members and tensors, types, a header that is no JSON
/usr/bin/python3 - "$evil" <<'P'
import json, struct, sys, zipfile, numpy, io
evil = sys.argv[1]
def npy(array):
    file = io.BytesIO(); numpy.save(file, array); return file.getvalue()
with zipfile.ZipFile("members.npz", "w") as file:
    file.writestr(evil + ".npy", npy(numpy.zeros(3)))
    file.writestr(evil, b"no array")
    file.writestr(evil + "2.npy", b"no array either")
with zipfile.ZipFile("fine.npz", "w") as file:
    file.writestr(evil + ".npy", npy(numpy.zeros(3)))
    file.writestr(evil, b"no array")
def tensors(name, header):
    text = json.dumps(header).encode()
    with open(name, "wb") as file: file.write(struct.pack("<Q", len(text)) + text + bytes(8))
tensors("fine.safetensors", {evil: {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}})
tensors("type.safetensors", {evil: {"dtype": evil, "shape": [2], "data_offsets": [0, 8]}})
tensors("shape.safetensors", {evil: {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}})
with open("type.npy", "wb") as file:
    head = ("{'descr': '\033[2J\033[1', 'fortran_order': False, 'shape': (3,), }").ljust(117) + "\n"
    file.write(b"\x93NUMPY\1\0" + struct.pack("<H", len(head)) + head.encode() + bytes(24))
P
for file in members.npz fine.npz fine.safetensors type.safetensors shape.safetensors type.npy "$evil.npz"; do
    [ -e "$file" ] || cp fine.npz "$file"
    show data info "$file"
    show data info "$file" --json
    show data verify "$file"
done

# A result file: names of variables, levels, title, note, units, claims
/usr/bin/python3 - "$evil" <<'P'
import sys, netCDF4, numpy
evil = "".join(c for c in sys.argv[1] if ord(c) < 128)  # other texts are no characters to the library
with netCDF4.Dataset("strange.nc", "w") as file:
    file.source = "threatloop 0.1.0 " + evil
    file.title = evil; file.data_source = evil; file.data_note = evil; file.split = evil
    file.plan = evil; file.hypotheses = '[{"effect": "%s"}]' % "\\u001b[2J"
    file.createDimension("trial", 4); file.createDimension("w", 64)
    v = file.createVariable("replicate", "i4", ("trial",)); v[:] = [0, 0, 1, 1]
    level = file.createVariable("poison", "S1", ("trial", "w"))
    level.setncattr("factor", evil); level.setncattr("long_name", evil)
    for t in range(4):
        text = (evil if t % 2 else "none").encode()[:64].ljust(64, b"\0")
        level[t] = numpy.frombuffer(text, "S1")
    status = file.createVariable("status", "i1", ("trial",)); status[:] = 2
    status.setncattr("flag_meanings", "planned running " + evil.replace(" ", "_"))
    for name in ("measure_utility_accuracy", "m\u009b2J\u202ex"):
        m = file.createVariable(name, "f8", ("trial",)); m[:] = [0.5, 0.4, 0.6, 0.3]
        for key in ("units", "long_name", "better", "downstream"): m.setncattr(key, evil)
P
for words in "table" "table --csv" "effects" "effects --csv" "effects --json" "effects --claims"; do
    # shellcheck disable=SC2086
    show $words strange.nc
done
expect 0 "$t" table strange.nc
[ "$(wc -l <out.txt)" = 5 ] || fail "the table of strange.nc has other rows"

# A plan: name, levels, claims, keys, from the file and from --set
esc='\e[2J\e]0;x\a\x9b2J'
cat >evil.yaml <<Y
name: evil
about: "$esc"
replicates: 2
data: {source: synthetic/lesions, split: {pool: 40, keep: 0.5, validation: 12, attacker: 30, test: 36}}
model: {kind: linear}
chain: [{one_of: {as: poison, options: [none, d2m.label_flip: {rate: 0.2}]}}, train, measure.utility]
hypotheses: [{effect: poison, on: measure_utility_accuracy, direction: lowers, claim: "c $esc"}]
Y
show plan evil.yaml
grep -q 'about' seen.txt || true
show plan evil.yaml --text
show plan evil.yaml --json
show run evil.yaml --quiet
show effects evil.nc.run.nc
show status evil.run
for set in "name=$evil" "$evil=1" "recipe.lr=$evil" "data.source=$evil" "data.source=$evil.npz" "poison=$evil" "chain=[$evil]"; do
    show plan evil.yaml --set "$set"
done
sed "s/^name: evil/\"$esc\": 1/" evil.yaml >key.yaml
show plan key.yaml
show plan "$evil"
show run "$evil" --dir "$evil"

# Names of files that are listed, and what is typed
mkdir -p "data/text/$evil" && echo text >"data/text/$evil/one" && echo text >"data/text/$evil.txt"
show data list --data data
show data list --data data --json
show data info "text/$evil" --data data
show describe "$evil"
show list "$evil"
show "$evil"
show run evil.yaml "--$evil"
show data fetch "$evil"
show data fetch breastmnist --from "$evil" --data d

# A run directory whose journal, lock and facts say more than they should
mkdir -m 700 forged.run
printf '%s\n' "$evil" >forged.run/lock
printf '{"name":"\\u001b[2J","steps":1,"trials":1}' >forged.run/progress.json
printf '{"kind":"head","text":"\\u001b[2J","crc":"00000000"}\n%s\n' "$evil" >forged.run/journal.ndjson
cp evil.yaml forged.run/plan.yaml
cp -r evil.run named.run # records whose checksums are right
/usr/bin/python3 - named.run/journal.ndjson <<'P'
import sys, zlib
out = []
for line in open(sys.argv[1], "rb").read().split(b"\n"):
    if b',"crc"' in line:
        body = line[: line.rindex(b',"crc"')].replace(b'"stage":"measure.utility"', rb'"stage":"m\u001b[2J\u009b2Jm"')
        body = body.replace(rb'"text":"{', rb'"text":"\u001b[2J{')
        line = body + b',"crc":"%08x"}' % zlib.crc32(body)
    out.append(line)
open(sys.argv[1], "wb").write(b"\n".join(out))
P
show status named.run
show status named.run --json
show run evil.yaml --dir named.run -o named.nc --resume
show run evil.yaml --dir named.run -o named.nc --resume --accept-build
show status forged.run
show status forged.run --json
show run evil.yaml --dir forged.run -o forged.nc --quiet
show run evil.yaml --dir forged.run -o forged.nc --quiet --resume
[ "$(wc -l <seen.txt)" -gt 100 ] || fail "next to nothing was shown"
finish
