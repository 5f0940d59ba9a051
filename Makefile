# brood: build, test and install with GNU make and gcc or clang; nothing else is
# needed to build.  `make help` lists what there is.
#
#   make                      libbrood.a, libbrood.so and the examples, in build/
#   make MODE=debug CC=clang  with another compiler, without optimisation
#   make BUILD=/some/folder   somewhere else

VERSION   := 0.1.0
SONAME    := 0
BUILD     ?= build
MODE      ?= release
PREFIX    ?= /usr/local
LIBDIR    ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include

ifeq ($(origin CC),default)
CC := $(if $(shell command -v gcc),gcc,$(if $(shell command -v clang),clang,cc))
endif
AR ?= ar

# V=1 shows the commands.
V ?= 0
QUIET := $(if $(filter 1,$(V)),,@)
SAY = $(if $(filter 1,$(V)),,@echo '  $(1)')

ZIG := $(filter zig,$(notdir $(firstword $(CC))))

# The system that the compiler makes programs for.
MACHINE := $(shell $(CC) -dumpmachine 2>/dev/null)
ifeq ($(MACHINE),) # no such compiler, yet
MACHINE := $(shell uname -s)
endif
machine_has = $(findstring $(1),$(MACHINE))
SYSTEM := $(if $(call machine_has,mingw)$(call machine_has,windows)$(call machine_has,MINGW),Windows,$(if \
  $(call machine_has,inux),Linux,$(if \
  $(call machine_has,darwin)$(call machine_has,Darwin)$(call machine_has,macos),Darwin,$(if \
  $(call machine_has,bsd)$(call machine_has,BSD)$(call machine_has,dragonfly)$(call machine_has,DragonFly),BSD))))
ifeq ($(SYSTEM),)
$(error brood runs on Linux, macOS, the BSDs and Windows, not on $(MACHINE); see docs/platforms.md)
endif

# KQUEUE=BSD or Darwin: on Linux, what they would have, above an emulation of kqueue that is
# part of the tests.  For `make check-kqueue` alone.
KQUEUE ?=
LIBRARY := $(or $(KQUEUE),$(SYSTEM))

comma := ,

# ---- sources -----------------------------------------------------------------

LOOP := buffer clock error future group loop memory posted task timer wait
STREAMS := pipe pipe_read pipe_write reader reader_buffer reader_read reader_until writer
SUBPROC := communicate exchange file options process run shell subprocess

LOOP_Unix := reactor channels_posix clock_posix context_posix default_posix flow_posix fork_posix \
             io_posix signal_handler_posix signal_posix stack_posix switch_posix watch_posix
STREAMS_Unix := pipe_posix
SUBPROC_Unix := birth_posix child_posix file_posix program_posix reap_posix spawn_posix stdio_posix watcher_posix

LOOP_Linux := $(LOOP_Unix) io_linux pipe2_posix procfd_linux reserve_linux touch_linux
BACKEND_Linux := backend_epoll/epoll
STREAMS_Linux := $(STREAMS_Unix)
SUBPROC_Linux := $(SUBPROC_Unix) child_linux clone_linux reap_linux share_linux waitid_linux

LOOP_BSD := $(LOOP_Unix) io_bsd pipe2_posix procfd_bsd reserve_bsd touch_bsd
BACKEND_BSD := backend_kqueue/kqueue
STREAMS_BSD := $(STREAMS_Unix)
SUBPROC_BSD := $(SUBPROC_Unix) child_bsd clone_bsd close_bsd reap_bsd waitid_bsd

LOOP_Darwin := $(LOOP_Unix) io_bsd pipe2_darwin procfd_bsd reserve_bsd touch_bsd
BACKEND_Darwin := $(BACKEND_BSD)
STREAMS_Darwin := $(STREAMS_Unix)
SUBPROC_Darwin := $(SUBPROC_Unix) child_bsd clone_darwin close_darwin reap_bsd waitid_bsd

LOOP_Windows := clock_windows context_windows default_windows error_windows fork_windows \
                procfd_windows reserve_windows signal_windows stack_windows touch_windows watch_windows
BACKEND_Windows := backend_iocp/iocp
STREAMS_Windows := pipe_windows
SUBPROC_Windows := command_windows environment_windows file_windows program_windows random_windows \
                   search_windows spawn_windows stdio_windows text_windows watcher_windows

LOOP += $(LOOP_$(LIBRARY))
STREAMS += $(STREAMS_$(LIBRARY))
SUBPROC += $(SUBPROC_$(LIBRARY))
SOURCES := $(LOOP:%=src/loop/%.c) $(BACKEND_$(LIBRARY):%=src/%.c) \
           $(STREAMS:%=src/streams/%.c) $(SUBPROC:%=src/subproc/%.c)
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o) $(if $(KQUEUE),$(BUILD)/tests/kqueue/emulation.o $(BUILD)/tests/kqueue/emulation_kevent.o) \
           $(if $(filter Darwin,$(KQUEUE)),$(BUILD)/tests/kqueue/darwin.o)
HEADERS := $(wildcard include/*.h src/*/*.h tests/*/*.h tests/runner/include/criterion/*.h)

EXAMPLES := date_protocol df_protocol fanout date_streams df_streams lines to_upper python_repl login \
            prompt pep3145 lsp_client

# ---- flags -------------------------------------------------------------------

# WERROR= for a compiler with warnings that nobody knows yet.
WERROR ?= -Werror
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
            -Wmissing-prototypes -Wundef -Wvla -Wcast-qual -Wwrite-strings $(WERROR)
ifeq ($(MODE),debug)
OPTIMISE := -O0
else
OPTIMISE := -O2
endif
SANITIZE ?=
SANITIZE_FLAGS := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all)
COVERAGE ?=
COVERAGE_FLAGS := $(if $(COVERAGE),--coverage -fprofile-update=atomic)

SYSTEM_FLAGS_Linux := -pthread -fPIC $(if $(KQUEUE),-Itests/kqueue/include) \
                      $(if $(filter Darwin,$(KQUEUE)),-Itests/kqueue/darwin -DBROOD_TEST_DARWIN)
SYSTEM_FLAGS_BSD := -pthread -fPIC
SYSTEM_FLAGS_Darwin := -pthread -fPIC
# Programs end in .exe, and need nothing but what comes with the system.
EXE := $(if $(filter Windows,$(SYSTEM)),.exe)
SHARED := $(if $(filter Linux BSD,$(SYSTEM)),$(if $(KQUEUE),,$(BUILD)/libbrood.so))
SYSTEM_LINK_Linux := -pthread $(if $(KQUEUE),-Wl$(comma)--wrap=close)
SYSTEM_LINK_BSD := -pthread
SYSTEM_LINK_Darwin := -pthread
SYSTEM_LINK_Windows := -static
FLAGS = -std=c11 -D_GNU_SOURCE -g $(OPTIMISE) $(WARNINGS) $(SYSTEM_FLAGS_$(SYSTEM)) -fvisibility=hidden \
        $(CPPFLAGS) $(CFLAGS) $(COVERAGE_FLAGS) $(SANITIZE_FLAGS)
LINK_FLAGS = $(SYSTEM_LINK_$(SYSTEM)) $(LDFLAGS) $(COVERAGE_FLAGS) $(SANITIZE_FLAGS)

# Each layer sees the layers below it and no others.
BELOW_loop := -Iinclude -iquote src/loop -iquote src/$(dir $(BACKEND_$(LIBRARY)))
BELOW_backend_epoll := $(BELOW_loop)
BELOW_backend_iocp := $(BELOW_loop)
BELOW_backend_kqueue := $(BELOW_loop)
BELOW_streams := $(BELOW_loop) -iquote src/streams
BELOW_subproc := $(BELOW_streams) -iquote src/subproc

.PHONY: all
all: $(BUILD)/libbrood.a $(SHARED) $(BUILD)/brood.pc examples

# Objects are made anew when the compiler or its flags change.
$(BUILD)/flags: FORCE
	@mkdir -p $(BUILD)
	@echo '$(CC) $(FLAGS) | $(LINK_FLAGS) | $(TEST_CC_FLAGS)' | cmp -s - $@ || \
	 echo '$(CC) $(FLAGS) | $(LINK_FLAGS) | $(TEST_CC_FLAGS)' > $@
.PHONY: FORCE
FORCE:

# ---- the library ---------------------------------------------------------------

$(BUILD)/src/%.o: src/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call SAY,CC $<)
	$(QUIET)$(CC) $(FLAGS) $(BELOW_$(notdir $(patsubst %/,%,$(dir $*)))) -MMD -MP -c $< -o $@

# Code that runs in a child which may share our memory: see child_posix.c.
IN_CHILD := $(filter %/child_posix.o %/child_linux.o %/child_bsd.o %/clone_linux.o %/clone_bsd.o \
              %/close_bsd.o %/close_darwin.o,\
              $(OBJECTS) $(SOURCES:%.c=$(BUILD)/tested/%.o))
$(IN_CHILD): private SANITIZE_FLAGS :=
$(IN_CHILD): private CFLAGS += -fno-stack-protector

# The switch of stacks does without shadow stacks, and so does a program that has it.
ifneq ($(call machine_has,x86_64),)
$(BUILD)/src/loop/switch_posix.o: private CFLAGS += -fcf-protection=none
endif

$(BUILD)/libbrood.a: $(OBJECTS)
	$(call SAY,AR $@)
	@rm -f $@
	$(QUIET)$(AR) rcs $@ $^

# On the BSDs a library's environ is the program's.
NO_UNDEFINED := $(if $(filter Linux,$(SYSTEM)),-Wl$(comma)-z$(comma)defs)
$(BUILD)/libbrood.so: $(OBJECTS)
	$(call SAY,LD $@)
	$(QUIET)$(CC) -shared -Wl,-soname,libbrood.so.$(SONAME) $(NO_UNDEFINED) $(LINK_FLAGS) $^ -o $@.$(VERSION)
	@ln -sf libbrood.so.$(VERSION) $@.$(SONAME)
	@ln -sf libbrood.so.$(VERSION) $@

$(BUILD)/brood.pc: FORCE # PREFIX may be another one each time
	@mkdir -p $(BUILD)
	@printf '%s\n' 'prefix=$(abspath $(PREFIX))' 'libdir=$(abspath $(LIBDIR))' \
	  'includedir=$(abspath $(INCLUDEDIR))' '' \
	  'Name: brood' 'Description: asynchronous subprocesses for C' 'Version: $(VERSION)' \
	  'Cflags: -I$${includedir}' 'Libs: -L$${libdir} -lbrood' \
	  'Libs.private:$(if $(filter Windows,$(SYSTEM)),, -pthread)' > $@

.PHONY: install
install: $(BUILD)/libbrood.a $(SHARED) $(BUILD)/brood.pc
	install -d $(DESTDIR)$(INCLUDEDIR) $(DESTDIR)$(LIBDIR)/pkgconfig
	install -m 644 include/brood.h $(DESTDIR)$(INCLUDEDIR)
	install -m 644 $(BUILD)/libbrood.a $(DESTDIR)$(LIBDIR)
ifneq ($(SHARED),)
	install -m 755 $(SHARED).$(VERSION) $(DESTDIR)$(LIBDIR)
	ln -sf libbrood.so.$(VERSION) $(DESTDIR)$(LIBDIR)/libbrood.so.$(SONAME)
	ln -sf libbrood.so.$(VERSION) $(DESTDIR)$(LIBDIR)/libbrood.so
endif
	install -m 644 $(BUILD)/brood.pc $(DESTDIR)$(LIBDIR)/pkgconfig

# ---- examples ------------------------------------------------------------------

# What the examples run, for a system that lacks it.
STAND_INS_Windows := bc cat date df gzip sh sort tr

.PHONY: examples
examples: $(EXAMPLES:%=$(BUILD)/examples/%$(EXE)) $(STAND_INS_$(SYSTEM):%=$(BUILD)/examples/%$(EXE))

$(STAND_INS_Windows:%=$(BUILD)/examples/%.exe): $(BUILD)/examples/%.exe: examples/windows/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call SAY,CC $<)
	$(QUIET)$(CC) $(FLAGS) -MMD -MP $< $(LINK_FLAGS) -o $@

# Folders and files of any size on 32-bit systems too.
$(BUILD)/examples/%$(EXE): examples/%.c $(BUILD)/libbrood.a $(BUILD)/flags
	@mkdir -p $(@D)
	$(call SAY,CC $<)
	$(QUIET)$(CC) $(FLAGS) -D_FILE_OFFSET_BITS=64 -Iinclude -MMD -MP $< $(BUILD)/libbrood.a $(LINK_FLAGS) -o $@

-include $(OBJECTS:.o=.d) $(EXAMPLES:%=$(BUILD)/examples/%.d)

# ---- the main job, shown -------------------------------------------------------

.PHONY: demo
demo: all
	$(BUILD)/examples/date_protocol
	$(BUILD)/examples/df_protocol
	$(BUILD)/examples/fanout
	$(BUILD)/examples/python_repl
	$(BUILD)/examples/login

include tests/tests.mk
include tests/systems.mk
include bench/bench.mk

# ---- care ----------------------------------------------------------------------

# The public header is laid out by hand: its tables and comments line up.
OWN_FILES = $(filter-out include/brood.h,$(shell git ls-files '*.c' '*.h'))
.PHONY: format check-format lint clean help
format:
	tests/install_tools.sh clang-format
	clang-format -i $(OWN_FILES)

check-format:
	tests/install_tools.sh clang-format
	clang-format --dry-run -Werror $(OWN_FILES)

lint: check-format
	tests/install_tools.sh clang-tidy
	clang-tidy --quiet --warnings-as-errors='*' $(SOURCES) $(EXAMPLES:%=examples/%.c) -- \
	  -std=c11 -D_GNU_SOURCE $(BELOW_subproc)

clean:
	rm -rf $(BUILD)

help:
	@printf '%s\n' \
	  'make                  the library and the examples, in $(BUILD)/' \
	  'make demo             build, and show the main job on real processes' \
	  'make check            install what the tests need, and run them all' \
	  'make check-suite      the tests alone, with each child watcher' \
	  'make check-fallbacks  the tests with the newer calls of Linux hidden, as on an old kernel' \
	  'make check-figures    ratios: cost of an exit, of a spawn, of bulk data (a minute or two)' \
	  'make check-sanitize   the tests under ASan + UBSan and TSan, gcc and clang' \
	  'make check-valgrind   the tests under Valgrind' \
	  'make coverage         the tests, and which lines of src/ they run' \
	  'make bench            every workload beside bare system calls and other libraries: under ten' \
	  '                      minutes; writes bench/results.md.  make bench-quick: under one' \
	  'make lint             clang-format and clang-tidy;  make format: reformat' \
	  'make install PREFIX=/usr/local DESTDIR=;  make clean' \
	  'Variables: CC=gcc|clang  MODE=release|debug  BUILD=folder  CFLAGS  LDFLAGS  V=1  WERROR=' \
	  '           SUITE_FLAGS: for the test runner, e.g. --filter="spawn/*"' \
	  '' \
	  'Other systems, from Linux (each installs what it needs; docs/platforms.md):' \
	  'make windows          the library and the examples for Windows, in $(BUILD)/windows/' \
	  'make check-windows    the tests for Windows, under Wine' \
	  'make check-kqueue     the tests through the kqueue backend, on an emulation of kqueue' \
	  'make check-musl       the tests with musl in place of glibc' \
	  'make check-qemu       the tests for other processors, under qemu-user: $(QEMU)' \
	  'make cross            library, examples and the helpers of the tests for every other system' \
	  'make suite TARGET=x86_64-freebsd   the suite and all it needs, in $(BUILD)/TARGET/, to be' \
	  '                      copied to such a machine and run there'
