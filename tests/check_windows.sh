#!/bin/sh
# check_windows.sh PREFIX BUILD: what can be seen of the library for Windows from outside,
# with the tools of the compiler PREFIX-gcc: only brood_ symbols are global in it, and a
# program with it needs the system's kernel and C runtime alone.
set -eu
if [ $# -ne 2 ]; then
    sed -n '2,4s/^# //p' "$0"
    exit 2
fi
failed=0

check() { # check DESCRIPTION OUTPUT: passes if OUTPUT is empty
    if [ -z "$2" ]; then
        echo "ok: $1"
    else
        echo "FAILED: $1:" "$2" >&2
        failed=1
    fi
}

check 'only brood_ symbols are global in the archive' \
    "$("$1-nm" -g --defined-only "$2/libbrood.a" |
        awk 'NF == 3 && $3 !~ /^(\.refptr\.)?brood_/')"
check 'a program needs the kernel and the C runtime alone' \
    "$("$1-objdump" -p "$2/examples/fanout.exe" | awk '/DLL Name/ {print $3}' |
        grep -viE '^(kernel32|msvcrt|api-ms-win-crt-.*)\.dll$' || true)"
exit $failed
