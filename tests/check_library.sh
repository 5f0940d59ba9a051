#!/bin/sh
# check_library.sh CC BUILD: what can be seen of the library from outside.
# The header compiles alone as C11 and C++17; only brood_ symbols leave the
# library; it needs the C library alone; each layer includes only those below it;
# the README's program works; an installed copy serves a program.
set -eu
if [ $# -ne 2 ]; then
    sed -n '2,5s/^# //p' "$0"
    exit 2
fi
cc=$1 build=$2 failed=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

check() { # check DESCRIPTION OUTPUT: passes if OUTPUT is empty
    if [ -z "$2" ]; then
        echo "ok: $1"
    else
        echo "FAILED: $1:" "$2" >&2
        failed=1
    fi
}

strict='-Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only'
echo '#include <brood.h>' >"$scratch/alone.c"
check 'brood.h compiles alone as C11' \
    "$($cc -std=c11 $strict "$scratch/alone.c" 2>&1 || echo error)"
check 'brood.h compiles alone as C++17' \
    "$($cc -x c++ -std=c++17 $strict "$scratch/alone.c" 2>&1 || echo error)"

check 'only brood_ symbols leave the shared library' \
    "$(nm -D --defined-only "$build/libbrood.so" | awk '$3 !~ /^brood_[a-z]/ || $3 ~ /^brood__/')"
check 'only brood_ symbols are global in the archive' \
    "$(nm -g --defined-only "$build/libbrood.a" | awk 'NF == 3 && $3 !~ /^brood_/')"
check 'every function of brood.h is in the library' \
    "$($cc -E -Iinclude include/brood.h | grep -o 'brood_[a-z_]* *(' | tr -d ' (' | sort -u |
        grep -v -e '^brood_callback$' -e '^brood_task_main$' | while read -r name; do
        nm -D --defined-only "$build/libbrood.so" | grep -q " $name\$" || echo "$name"; done)"
check 'the shared library needs the C library alone' \
    "$(ldd "$build/libbrood.so" | awk '{print $1}' |
        grep -v -e '^linux-vdso' -e '^libc\.' -e 'ld-linux' -e 'ld-musl' -e '^statically' || true)"
check 'the shared library has a soname' \
    "$(readelf -d "$build/libbrood.so" | grep -q 'SONAME.*libbrood\.so\.0' || echo none)"

check 'no conditionals in portable files' \
    "$(grep -nE '^#[[:space:]]*if' src/loop/*.c src/streams/*.c src/subproc/*.c |
        grep -vE '_(posix|linux|bsd|windows)\.c:' || true)"

check 'docs/errors.md is in step with brood.h' \
    "$(docs/make_errors.sh | diff - docs/errors.md || true)"

check 'every behaviour that docs/semantics.md calls tested has a test' \
    "$(sed -n 's/^| \([0-9][0-9]\) |.*| test |$/\1/p' docs/semantics.md | while read -r number; do
        grep -rqE "^Test\([a-z_]+, sem_${number}_" tests || echo "$number"; done)"

check 'docs/platforms.md says why each test file is for one system only' \
    "$(for file in tests/loop/test_*_posix.c tests/loop/test_*_linux.c tests/streams/test_*_posix.c \
        tests/streams/test_*_linux.c tests/subproc/test_*_posix.c tests/subproc/test_*_linux.c \
        tests/examples/test_*_posix.c tests/examples/test_*_linux.c tests/*/test_*_kqueue.c \
        tests/*/test_*_emulated.c; do
        [ ! -e "$file" ] || grep -qF "| \`${file#tests/}\` |" docs/platforms.md || echo "$file"; done)"

names() { # of functions and constants in a text
    grep -oE '\b(brood_[a-z_]+|BROOD_[A-Z_]+[A-Z])' "$1" | sort -u
}
names include/brood.h >"$scratch/known"
sed -n 's/^ *X(\([A-Z0-9]*\),.*/BROOD_\1/p' include/brood.h | sort -u >>"$scratch/known"
check 'every name in the documents is in brood.h' \
    "$(for document in README.md docs/from-asyncio.md; do names "$document"; done | sort -u |
        grep -v -e '^brood__' | grep -vxFf "$scratch/known" || true)"

# The first program of the README in its three forms, from the README's own text.
awk -v scratch="$scratch" '/^    #include <brood.h>/ {n++; on = 1} on && /^[^ ]/ {on = 0}
    on {sub(/^    /, ""); print > (scratch "/first" n ".c")}' README.md
{ uname -s; uname -r; uname -m; } | sort >"$scratch/expected2"
uname -a | tee "$scratch/expected1" >"$scratch/expected3"
for n in 1 2 3; do
    check "the README's program, form $n, prints what its children do" \
        "$($cc -std=c11 -Wall -Wextra -Werror -Iinclude "$scratch/first$n.c" "$build/libbrood.a" \
            -pthread -o "$scratch/first" 2>&1 &&
            "$scratch/first" | sort | diff - "$scratch/expected$n" 2>&1 || true)"
    check "the README's program, form $n, has fewer than 25 lines" \
        "$(awk 'NF {last = NR} END {if (last >= 25) print last}' "$scratch/first$n.c")"
done

make -s install BUILD="$build" CC="$cc" PREFIX=/usr DESTDIR="$scratch/stage" >/dev/null
cat >"$scratch/user.c" <<'END'
#include <brood.h>
int main(void)
{
    brood_loop *loop;
    return brood_loop_open(&loop, NULL) < 0 || brood_loop_close(loop) < 0;
}
END
check 'an installed copy serves a program' \
    "$($cc "$scratch/user.c" -I"$scratch/stage/usr/include" -L"$scratch/stage/usr/lib" -lbrood \
        -o "$scratch/user" 2>&1 && LD_LIBRARY_PATH="$scratch/stage/usr/lib" "$scratch/user" 2>&1 || echo error)"
exit $failed
