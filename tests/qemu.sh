#!/bin/sh
# qemu.sh EMULATOR BUILD [OPTION] ...: runs the suite of another processor, in BUILD, under
# qemu-user; the options go to the suite.  The children that it starts are this machine's,
# the examples are the other's again.
set -eu
if [ $# -lt 2 ] || [ "$1" = --help ]; then
    sed -n '2,4s/^# //p' "$0"
    exit 2
fi
emulator=$(command -v "$1")
suite=$2/suite
shift 2
export BROOD_TEST_EMULATOR="$emulator"
for watcher in procfd sigchld; do
    BROOD_TEST_WATCHER=$watcher "$emulator" "$suite" -q -j2 "$@"
done
