#!/bin/sh
# valgrind.sh SUITE: runs every test of the suite (built with the small runner)
# under Valgrind.  Children that exec are not followed; forked ones are.
set -eu
if [ $# -ne 1 ] || [ "$1" = --help ]; then
    sed -n '2,3s/^# //p' "$0"
    exit 2
fi
export BROOD_TEST_VALGRIND=1
exec valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite \
    --trace-children=no --child-silent-after-fork=no --fair-sched=yes \
    "$1" --quiet --timeout 600 -j 2
