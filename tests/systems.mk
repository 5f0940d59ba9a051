# Other systems than this one: built with other compilers, and run here as far as an
# emulation goes.  Part of the Makefile.  docs/platforms.md tells what each of these proves.

# The whole suite with all that it runs, and nothing that this system would have to run.
.PHONY: suite-parts helper-parts
suite-parts: all helper-parts $(BUILD)/suite$(EXE)
helper-parts: $(SUPPORT_OBJECTS) $(RUNNER_OBJECTS) $(BUILD)/child$(EXE) $(BUILD)/actor$(EXE)

# ---- any target of zig cc -------------------------------------------------------

zig = $(MAKE) --no-print-directory CC="zig cc -target $(1)" AR='zig ar' BUILD=$(BUILD)/$(1)

.PHONY: suite cross
suite:
	$(if $(TARGET),,$(error which one? e.g. make suite TARGET=x86_64-freebsd))
	tests/install_tools.sh zig
	+$(call zig,$(TARGET)) suite-parts

CROSS ?= x86_64-macos aarch64-macos x86_64-freebsd x86_64-netbsd x86_64-openbsd \
         x86_64-linux-gnu x86_64-linux-musl aarch64-linux-gnu aarch64-linux-musl \
         riscv64-linux-gnu riscv64-linux-musl arm-linux-gnueabihf arm-linux-musleabihf \
         x86_64-windows-gnu aarch64-windows-gnu
cross:
	tests/install_tools.sh zig
	+@for target in $(CROSS); do \
	  $(call zig,$$target) -s all helper-parts && echo "ok: $$target builds" || exit 1; done

# ---- the BSDs and macOS, on an emulation of kqueue ------------------------------

# As FreeBSD with the one watcher, and with the other as macOS, which starts children
# another way, and whose kqueue has other manners (tests/kqueue/emulation.h).
KQUEUE_MAKE = $(MAKE) --no-print-directory KQUEUE=$(1) BUILD=$(BUILD)/kqueue-$(1)
KQUEUE_RUN = BROOD_TEST_KQUEUE=$(1) BROOD_TEST_WATCHER=$(2) $(BUILD)/kqueue-$(3)/suite $(SUITE_FLAGS)
.PHONY: check-kqueue
check-kqueue:
	CC='$(CC)' tests/install_tools.sh $(CC) criterion
	+$(call KQUEUE_MAKE,BSD) suite-parts
	+$(call KQUEUE_MAKE,Darwin) suite-parts
	$(call KQUEUE_RUN,freebsd,procfd,BSD)
	$(call KQUEUE_RUN,others,sigchld,BSD)
	$(call KQUEUE_RUN,others,procfd,Darwin)
	$(call KQUEUE_RUN,freebsd,sigchld,Darwin)

# ---- other C libraries and processors on Linux ----------------------------------

# musl's own headers first; the kernel's lie with those of the other C library.
KERNEL_HEADERS = -idirafter /usr/include -idirafter /usr/include/$(shell gcc -print-multiarch)
.PHONY: check-musl
check-musl:
	tests/install_tools.sh gcc musl-gcc
	$(MAKE) --no-print-directory CC=musl-gcc RUNNER=own BUILD=$(BUILD)/musl CPPFLAGS='$(KERNEL_HEADERS)' \
	  suite-parts
	BROOD_TEST_WATCHER=procfd $(BUILD)/musl/suite -q -j2 $(SUITE_FLAGS)
	BROOD_TEST_WATCHER=sigchld $(BUILD)/musl/suite -q -j2 $(SUITE_FLAGS)

# Programs that a program under qemu-user starts are the host's: so the child of the tests
# is made for this machine.
QEMU ?= aarch64 arm
QEMU_CC_aarch64 := aarch64-linux-gnu-gcc
QEMU_CC_arm := arm-linux-gnueabihf-gcc
QEMU_CC_riscv64 := riscv64-linux-gnu-gcc
QEMU_CC_s390x := s390x-linux-gnu-gcc
qemu = tests/install_tools.sh qemu-$(1) $(QEMU_CC_$(1)) && \
  $(MAKE) --no-print-directory CC=$(QEMU_CC_$(1)) HELPER_CC='$(CC)' RUNNER=own LDFLAGS=-static SHARED= \
    BUILD=$(BUILD)/qemu-$(1) suite-parts && \
  tests/qemu.sh qemu-$(1) $(BUILD)/qemu-$(1) $(SUITE_FLAGS) &&
.PHONY: check-qemu
check-qemu:
	+$(foreach machine,$(QEMU),$(call qemu,$(machine))) true

# ---- Windows -----------------------------------------------------------------------

# And on it as far as Wine is that.
WINDOWS_CC ?= x86_64-w64-mingw32-gcc
WINDOWS_MAKE = $(MAKE) --no-print-directory CC='$(WINDOWS_CC)' BUILD=$(BUILD)/windows
.PHONY: windows check-windows
windows:
	tests/install_tools.sh mingw
	$(WINDOWS_MAKE) all

check-windows: windows
	tests/install_tools.sh wine
	$(WINDOWS_MAKE) check-wine

.PHONY: check-wine
check-wine: $(BUILD)/suite$(EXE) $(BUILD)/child$(EXE) $(BUILD)/actor$(EXE) $(BUILD)/runner-selftest$(EXE) \
            $(BUILD)/runner-samples$(EXE) examples
	tests/check_windows.sh $(CC:%-gcc=%) $(BUILD)
	tests/wine.sh $(BUILD)/runner-selftest$(EXE) $(BUILD)/runner-samples$(EXE)
	tests/wine.sh $(BUILD)/suite$(EXE) -q -j2 $(SUITE_FLAGS)
