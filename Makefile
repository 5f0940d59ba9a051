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

SYSTEM := $(shell uname -s)
ifneq ($(SYSTEM),Linux)
$(error brood runs on Linux so far; see the table in README.md)
endif

# ---- sources -----------------------------------------------------------------

LOOP := buffer error future loop memory posted reactor timer \
        clock_posix fork_posix io_posix io_linux signal_posix watch_posix
BACKEND_EPOLL := epoll
STREAMS := pipe pipe_read pipe_write pipe_posix
SUBPROC := options shell subprocess \
           child_posix program_posix spawn_posix stdio_posix watcher_posix \
           child_linux clone_linux process_linux

SOURCES := $(LOOP:%=src/loop/%.c) $(BACKEND_EPOLL:%=src/backend_epoll/%.c) \
           $(STREAMS:%=src/streams/%.c) $(SUBPROC:%=src/subproc/%.c)
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o)
HEADERS := $(wildcard include/*.h src/*/*.h tests/*/*.h tests/runner/include/criterion/*.h)

EXAMPLES := date_protocol df_protocol fanout

# ---- flags -------------------------------------------------------------------

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
            -Wmissing-prototypes -Wundef -Wvla -Wcast-qual -Wwrite-strings -Werror
ifeq ($(MODE),debug)
OPTIMISE := -O0
else
OPTIMISE := -O2
endif
SANITIZE ?=
SANITIZE_FLAGS := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all)
COVERAGE ?=
COVERAGE_FLAGS := $(if $(COVERAGE),--coverage -fprofile-update=atomic)

FLAGS = -std=c11 -D_GNU_SOURCE -g $(OPTIMISE) $(WARNINGS) -pthread -fPIC -fvisibility=hidden \
        $(CPPFLAGS) $(CFLAGS) $(COVERAGE_FLAGS) $(SANITIZE_FLAGS)
LINK_FLAGS = -pthread $(LDFLAGS) $(COVERAGE_FLAGS) $(SANITIZE_FLAGS)

# Each layer sees the layers below it and no others.
BELOW_loop := -Iinclude -Isrc/loop
BELOW_backend_epoll := $(BELOW_loop)
BELOW_streams := $(BELOW_loop) -Isrc/streams
BELOW_subproc := $(BELOW_streams) -Isrc/subproc

.PHONY: all
all: $(BUILD)/libbrood.a $(BUILD)/libbrood.so $(BUILD)/brood.pc examples

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
	$(CC) $(FLAGS) $(BELOW_$(notdir $(patsubst %/,%,$(dir $*)))) -MMD -MP -c $< -o $@

# Code that runs in a child which may share our memory: see child_posix.c.
$(BUILD)/src/subproc/child_posix.o $(BUILD)/src/subproc/child_linux.o \
$(BUILD)/src/subproc/clone_linux.o: SANITIZE_FLAGS :=
$(BUILD)/src/subproc/child_posix.o $(BUILD)/src/subproc/child_linux.o \
$(BUILD)/src/subproc/clone_linux.o: CFLAGS += -fno-stack-protector

$(BUILD)/libbrood.a: $(OBJECTS)
	rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/libbrood.so: $(OBJECTS)
	$(CC) -shared -Wl,-soname,libbrood.so.$(SONAME) -Wl,-z,defs $(LINK_FLAGS) $^ -o $@.$(VERSION)
	ln -sf libbrood.so.$(VERSION) $@.$(SONAME)
	ln -sf libbrood.so.$(VERSION) $@

$(BUILD)/brood.pc: Makefile $(BUILD)/flags
	@printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$(LIBDIR)' 'includedir=$(INCLUDEDIR)' '' \
	  'Name: brood' 'Description: asynchronous subprocesses for C' 'Version: $(VERSION)' \
	  'Cflags: -I$${includedir}' 'Libs: -L$${libdir} -lbrood' 'Libs.private: -pthread' > $@

.PHONY: install
install: $(BUILD)/libbrood.a $(BUILD)/libbrood.so $(BUILD)/brood.pc
	install -d $(DESTDIR)$(INCLUDEDIR) $(DESTDIR)$(LIBDIR)/pkgconfig
	install -m 644 include/brood.h $(DESTDIR)$(INCLUDEDIR)
	install -m 644 $(BUILD)/libbrood.a $(DESTDIR)$(LIBDIR)
	install -m 755 $(BUILD)/libbrood.so.$(VERSION) $(DESTDIR)$(LIBDIR)
	ln -sf libbrood.so.$(VERSION) $(DESTDIR)$(LIBDIR)/libbrood.so.$(SONAME)
	ln -sf libbrood.so.$(VERSION) $(DESTDIR)$(LIBDIR)/libbrood.so
	install -m 644 $(BUILD)/brood.pc $(DESTDIR)$(LIBDIR)/pkgconfig

# ---- examples ------------------------------------------------------------------

.PHONY: examples
examples: $(EXAMPLES:%=$(BUILD)/examples/%)

$(BUILD)/examples/%: examples/%.c $(BUILD)/libbrood.a $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(FLAGS) -Iinclude -MMD -MP $< $(BUILD)/libbrood.a $(LINK_FLAGS) -o $@

-include $(OBJECTS:.o=.d) $(EXAMPLES:%=$(BUILD)/examples/%.d)

# ---- tests ---------------------------------------------------------------------

# RUNNER=criterion, or own: the small one in tests/runner, where Criterion cannot
# run.  The test sources are the same.
RUNNER ?= criterion
TESTS := $(sort $(wildcard tests/loop/test_*.c tests/streams/test_*.c tests/subproc/test_*.c \
                           tests/examples/test_*.c tests/figures/test_*.c))
TEST_SUPPORT := tests/support/support.c tests/support/recorder.c tests/support/faults.c
TEST_OBJECTS := $(TESTS:%.c=$(BUILD)/%.o) $(TEST_SUPPORT:%.c=$(BUILD)/%.o)

# Calls that the tests can make fail: see tests/support/faults.h.
WRAPPED := pipe2 fcntl open epoll_create1 epoll_ctl epoll_wait eventfd sigaction waitid fork \
           brood__clone brood__process_open
WRAP_FLAGS := $(WRAPPED:%=-Wl,--wrap=%)

ifeq ($(RUNNER),own)
TEST_CC_FLAGS := -Itests/runner/include
RUNNER_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/runner/runner*.c tests/runner/isolate*.c))
else
TEST_CC_FLAGS :=
TEST_LIBS := -lcriterion
endif

$(BUILD)/tests/%.o: tests/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(FLAGS) $(TEST_CC_FLAGS) $(BELOW_subproc) -Itests/support -Itests/runner -MMD -MP -c $< -o $@

$(BUILD)/suite: $(TEST_OBJECTS) $(RUNNER_OBJECTS) $(BUILD)/libbrood.a
	$(CC) $^ $(LINK_FLAGS) $(WRAP_FLAGS) $(TEST_LIBS) -o $@

$(BUILD)/child: tests/support/child.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(FLAGS) -static $< $(LINK_FLAGS) -o $@

-include $(TEST_OBJECTS:.o=.d)
