#!/bin/sh
# wine.sh PROGRAM [ARGUMENT] ...: runs a program for Windows under Wine, in a prefix of its
# own beside the program, which is made at first use, and ends what Wine has started.
# Addresses are not randomised: about one of 5,000 processes that Wine 8 starts fails over
# a clash of addresses otherwise.
set -eu
if [ $# -eq 0 ] || [ "$1" = --help ]; then
    sed -n '2,5s/^# //p' "$0"
    exit 2
fi

program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
shift
export WINEPREFIX="${program%/*}/wine" WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml='
unset DISPLAY WAYLAND_DISPLAY

# Debian keeps the server out of the path.
server=$(command -v wineserver || true)
for place in /usr/lib/wine/wineserver64 /usr/lib/wine/wineserver; do
    if [ -z "$server" ] && [ -x "$place" ]; then
        server=$place
    fi
done

if [ ! -e "$WINEPREFIX/system.reg" ]; then
    echo "wine: making $WINEPREFIX (ten seconds)"
    mkdir -p "$WINEPREFIX"
    timeout 120 wineboot -i </dev/null >"$WINEPREFIX/made.log" 2>&1
    # Processes of the set-up go on for a moment.
    [ -z "$server" ] || timeout 60 "$server" -w || true
fi

status=0
setarch -R wine "$program" "$@" </dev/null || status=$?
[ -z "$server" ] || "$server" -k || true
exit $status
