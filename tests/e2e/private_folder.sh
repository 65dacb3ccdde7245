#!/usr/bin/env bash
# A run directory in which others could have put or changed something is refused, with whose
# it is and what to do; no link in it is followed; values that cannot be are not believed.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
. "$ROOT/tests/e2e/guard_lib.sh"
[ -x /usr/bin/python3 ] || skip "no /usr/bin/python3 to forge a journal with"
write_plan tiny
expect 0 "$t" run tiny.yaml -o whole.nc --quiet

# forge FILE: gives each accuracy of a journal the value 7.5, with right checksums
forge() {
    /usr/bin/python3 - "$1" <<'P'
import re, sys, zlib
out = []
for line in open(sys.argv[1], 'rb').read().split(b'\n'):
    if b'"stage":"measure.utility"' in line and b'"done"' in line:
        body = re.sub(rb"(\[\[[^]]*\],\[)[^,]*,", rb"\g<1>7.5,", line[:line.rindex(b',"crc"')])
        line = body + b',"crc":"%08x"}' % zlib.crc32(body)
    out.append(line)
open(sys.argv[1], 'wb').write(b'\n'.join(out))
P
}
# fresh: x.run, a finished run of this user
fresh() { rm -rf x.run x.nc x.run.nc && cp -r whole.run x.run; }
go_on() { within 60 "$1" "$t" run tiny.yaml -o x.nc --dir x.run --resume --quiet "${@:2}"; }

# Everything in it may be written by this user alone, at any depth.
for what in . journal.ndjson plan.yaml progress.json models "models/*" "models/*/*"; do
    for bits in o+w g+w; do
        fresh
        # shellcheck disable=SC2086 # a pattern
        chmod $bits x.run/$what
        go_on 2
        says "mode 0"
        says "chmod -R g"
        [ ! -e x.nc ] || fail "$what, $bits: a result was written"
        [ "$bits" = o+w ] || go_on 0 --trust-group
        [ "$bits" = g+w ] || go_on 2 --trust-group
    done
done
fresh
chmod g+w x.run
expect 2 "$t" status x.run
expect 0 "$t" status x.run --trust-group

# Belonging to somebody else: here the program takes itself for another user.
if [ -e "$preloaded/libtl_other_user.so" ] && [ "$(id -u)" != 0 ]; then
    fresh
    LD_PRELOAD=$preloaded/libtl_other_user.so TL_OTHER_USER=4242 go_on 2
    says "uid $(id -u)"
fi

# Really two users: one prepares a directory in a place that all may write, the journal forged.
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    chmod 755 "$place" && mkdir -m 1777 open && mkdir me && chown 4243 me
    other=(setpriv --reuid 4242 --regid 4242 --clear-groups env HOME=/nonexistent)
    me=(setpriv --reuid 4243 --regid 4243 --clear-groups env HOME=/nonexistent)
    if "${me[@]}" test -x "$t"; then
        # as_me WORDS: the directory open/x.run is refused for that reason
        as_me() {
            within 60 2 "${me[@]}" "$t" run tiny.yaml -o me/b.nc --dir open/x.run --quiet "${@:2}"
            says "$1"
            [ ! -e me/b.nc ] || fail "a result was made of another user's directory"
        }
        expect 0 "${other[@]}" "$t" run tiny.yaml -o open/a.nc --dir open/x.run --quiet
        forge open/x.run/journal.ndjson
        chmod -R 777 open/x.run
        as_me "belongs to uid 4242"
        as_me "belongs to uid 4242" --resume --trust-group
        within 60 2 "${me[@]}" "$t" status open/x.run
        chown 4243 open/x.run && chmod 700 open/x.run
        as_me "open/x.run/" --resume
        chown -R 4243 open/x.run && chmod -R go= open/x.run
        chown 4242 open/x.run/journal.ndjson
        as_me "open/x.run/journal.ndjson belongs to uid 4242" --resume
        # a link of theirs to a directory of mine, and links of theirs inside one of mine
        rm -rf open/x.run && cp -r whole.run me/own.run && chown -R 4243 me/own.run
        "${other[@]}" ln -s "$place/me/own.run" open/x.run
        as_me "open/x.run belongs to uid 4242" --resume
        rm open/x.run && mv me/own.run open/x.run && rm -r open/x.run/models
        mkdir -m 777 open/theirs && chown 4242 open/theirs
        ln -s ../theirs open/x.run/models && chown -h 4242 open/x.run/models
        as_me "open/x.run/models belongs to uid 4242" --resume
        [ -z "$(ls open/theirs)" ] || fail "written through a link: $(ls open/theirs)"
        # root is trusted
        rm -rf open/x.run && cp -r whole.run open/x.run && chown 4243 open/x.run
        chmod -R go+rX open/x.run
        within 60 0 "${me[@]}" "$t" status open/x.run
        # result files may be anybody's
        chmod 644 whole.nc && expect 0 "${me[@]}" "$t" effects whole.nc
    else
        echo "skipped in part: another user cannot run $t"
    fi
else
    echo "skipped in part: two users need root and setpriv"
fi

# Of this user, but nothing that a run made: links, pipes and sockets, wherever they are.
mkdir aside
for name in plan.yaml journal.ndjson progress.json lock models samples models/00; do
    for kind in link loop pipe; do
        fresh
        rm -rf "x.run/${name:?}"
        case $kind in
        link) ln -s "$place/aside" "x.run/$name" ;;
        loop) ln -s "${name##*/}" "x.run/$name" ;;
        pipe) mkfifo "x.run/$name" ;;
        esac
        go_on 2
        says "x.run"
        [ -z "$(ls aside)" ] || fail "$name: written through a link: $(ls aside)"
    done
done
fresh
model=$(find x.run/models -name '*.safetensors' | head -n 1)
cp "$model" kept && ln -sf "$place/kept" "$model"
go_on 2
says "a symbolic link, which is not followed"
# what only asks for a stop is taken away
for make in "touch" "mkfifo" "mkdir" "ln -s nowhere"; do
    fresh
    $make x.run/halt
    go_on 0
    [ ! -e x.run/halt ] || fail "halt is still there"
done

# A lock is never written into what is none.
for make in "echo mine >" "ln kept"; do
    fresh
    eval "$make x.run/lock"
    sum=$(cat x.run/lock kept | md5sum)
    go_on 1
    says "x.run/lock is in the way"
    [ "$sum" = "$(cat x.run/lock kept | md5sum)" ] || fail "$make: the lock was written into it"
done

# Right checksums, impossible values: the lines do not count.
fresh
forge x.run/journal.ndjson
go_on 0
says "= 7.5 in the journal, which it cannot be"
same whole.nc x.nc
fresh
forge x.run/journal.ndjson
within 60 2 "$t" run tiny.yaml -o x.nc --dir x.run --quiet
says "unfinished"
nothing_left .
finish
