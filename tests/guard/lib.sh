# Sourced by the tests here, after tests/e2e/lib.sh.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1

# Limits of a reading command, and what it may take of memory, MiB: far less than a bomb holds.
# A sanitizer's own memory is not limited, and not measured.
limits=(prlimit --nofile=64 --cpu=60)
is_plain=
if (ulimit -v 2097152 && "$THREATLOOP_BIN" version) >/dev/null 2>&1; then
    is_plain=1
    limits+=(--as=2147483648)
fi

# bounded MIB COMMAND...: runs it within the limits, output in out.txt and err.txt, its exit status
# in `code` and its peak, with that of its children, in `peak`; adds a line to worst.txt.
bounded() {
    local most=$1
    shift
    "${limits[@]}" /usr/bin/python3 -c '
import resource, subprocess, sys, time
begun = time.time()
code = subprocess.run(sys.argv[1:], stdout=open("out.txt", "wb"), stderr=open("err.txt", "wb")).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(code, used.ru_maxrss // 1024, f"{used.ru_utime + used.ru_stime:.1f}")
' "$@" >used.txt || fail "$*: did not end within its limits"
    read -r code peak cpu <used.txt
    echo "${cpu} s ${peak} MiB exit ${code}: ${*##*/}" >>worst.txt
    [ -z "$is_plain" ] || [ "$peak" -le "$most" ] || fail "$*: took $peak MiB, $most are allowed"
}
# refused MIB WORDS COMMAND...: ends with 1 or 2, says WORDS, and shows nothing on stdout
refused() {
    local most=$1 words=$2
    shift 2
    bounded "$most" "$@"
    { [ "$code" = 1 ] || [ "$code" = 2 ]; } || { fail "$*: exit $code, not refused" && tail -n 3 err.txt >&2; }
    says "$words"
    [ ! -s out.txt ] || fail "$*: printed a result"
}
allowed() {
    local most=$1
    shift
    bounded "$most" "$@"
    [ "$code" = 0 ] || { fail "$*: exit $code" && tail -n 3 err.txt >&2; }
}
show_worst() { sort -rn worst.txt | head -n 3 && sort -k3 -rn worst.txt | head -n 3; }
