#!/usr/bin/env bash
# A mirror that sends without end, or elsewhere, or as somebody else, is left: nothing is kept.
. "${ROOT:?the checkout}/tests/guard/lib.sh" || exit 1
[ -x /usr/bin/python3 ] || skip "no /usr/bin/python3 to be a mirror"
t=$THREATLOOP_BIN
export no_proxy='*' NO_PROXY='*' XDG_CACHE_HOME=$place/cache
/usr/bin/python3 "$ROOT/tests/guard/endless_mirror.py" port &
servers=$!
trap 'kill $servers 2>/dev/null; cleanup' EXIT
wait_until "the mirror" test -s port || finish

# leave FROM WORDS ARGUMENTS...: the fetch fails, writes no more than it may, and leaves nothing
leave() {
    export THREATLOOP_MIRROR=$1
    local words=$2
    shift 2
    refused 200 "$words" bash -c 'ulimit -f 65536; exec "$@"' fetch "$t" data fetch "$@" --data d
    [ ! -e d ] || { fail "fetch $*: left $(find d)" && rm -rf d; }
}
plain=http://127.0.0.1:$(cat port)
leave "$plain/endless" "more than the 662.5 KiB that are allowed" breastmnist
leave "$plain/endless" "more than the 3.1 MiB that are allowed" breastmnist --size 64
leave "$plain/endless" "more than the 1.0 MiB that are allowed" breastmnist --max-size 0.0009765625
leave "$plain/lying" "more than the 662.5 KiB" breastmnist
leave "$plain/headers" "of headers" breastmnist
for word in file ftp gopher; do leave "$plain/$word" "rotocol" breastmnist; done
truncate -s 1G endless
refused 200 "endless: has more than the 662.5 KiB" "$t" data fetch breastmnist --from endless --data d
refused 200 "/dev/zero: is not a regular file" "$t" data fetch breastmnist --from /dev/zero --data d
[ ! -e d ] || fail "a copy without end left $(find d)"

# A certificate that nobody vouches for; and one that is trusted, but another host's.
if command -v openssl >/dev/null; then
    for name in localhost elsewhere.example; do
        openssl req -x509 -newkey rsa:2048 -nodes -keyout $name.key -out $name.pem -days 2 \
            -subj "/CN=$name" -addext "subjectAltName=DNS:$name" 2>/dev/null
        /usr/bin/python3 "$ROOT/tests/guard/endless_mirror.py" $name.port $name.pem $name.key &
        servers="$servers $!"
        wait_until "the mirror of $name" test -s $name.port || finish
    done
    safe=https://localhost:$(cat localhost.port)
    leave "$safe/endless" "certificate" breastmnist
    export CURL_CA_BUNDLE=$place/elsewhere.example.pem SSL_CERT_FILE=$place/elsewhere.example.pem
    leave "https://localhost:$(cat elsewhere.example.port)/endless" "certificate" breastmnist
else
    echo "no openssl: certificates are not tried"
fi
show_worst
finish
