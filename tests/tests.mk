# The tests: the suite, the figures, the runner's own; what checks them here.  Part of the
# Makefile.

# RUNNER=criterion, or own: the small one in tests/runner, where Criterion cannot
# run, or is not at hand.  The test sources are the same.
RUNNER ?= $(if $(filter Linux,$(SYSTEM)),$(if $(ZIG),own,criterion),own)
# A test file for some systems or for one backend only says so at the end of its name, and
# in docs/platforms.md why.
FOREIGN_Linux := %_windows.c %_bsd.c
FOREIGN_BSD := %_windows.c %_linux.c
FOREIGN_Darwin := %_windows.c %_linux.c
FOREIGN_Windows := %_posix.c %_linux.c %_bsd.c
KERNEL_LIBRARY := $(notdir $(BACKEND_$(LIBRARY)))
FOREIGN := $(FOREIGN_$(SYSTEM)) $(filter-out %_$(KERNEL_LIBRARY).c,%_epoll.c %_kqueue.c %_iocp.c)
# With an emulated kqueue the tests of what the library does with Linux' own calls go.
FOREIGN_TESTS := $(FOREIGN) $(if $(KQUEUE),%/test_pipe_read_linux.c %/test_spawn_stdio_linux.c %/test_spawn_share_linux.c \
                   $(wildcard tests/*/test_old_kernel*.c),%_emulated.c)
TESTS := $(filter-out $(FOREIGN_TESTS),$(sort $(wildcard tests/loop/test_*.c tests/streams/test_*.c \
           tests/subproc/test_*.c tests/examples/test_*.c $(if $(KQUEUE),tests/kqueue/test_*.c))))
FIGURES := $(sort $(wildcard tests/figures/test_*.c)) tests/figures/figures.c tests/figures/bare.c tests/figures/bare_exits.c \
           tests/figures/traced_linux.c
TEST_SUPPORT := $(filter-out $(FOREIGN) tests/support/child% tests/support/old_kernel%,$(sort $(wildcard tests/support/*.c \
                  tests/*/fake_*.c tests/*/*_recorder.c tests/*/*_recorder_*.c tests/*/helpers*.c)))
SUPPORT_OBJECTS := $(TEST_SUPPORT:%.c=$(BUILD)/%.o)
TEST_OBJECTS := $(TESTS:%.c=$(BUILD)/%.o)
FIGURE_OBJECTS := $(FIGURES:%.c=$(BUILD)/%.o)

# Calls that the tests can make fail: see tests/support/faults.h.
WRAPPED := pipe pipe2 socketpair setsockopt fcntl open sigaction brood__waitid fork brood__clone brood__process_open
WRAPPED_epoll := epoll_create1 epoll_ctl epoll_wait eventfd
WRAPPED_kqueue := kqueue kevent
ifneq ($(SYSTEM),Windows)
ifeq ($(ZIG)$(filter Darwin,$(SYSTEM)),)
WRAP_FLAGS := $(WRAPPED:%=-Wl,--wrap=%) $(WRAPPED_$(KERNEL_LIBRARY):%=-Wl,--wrap=%)
else # the library once more, with its calls renamed
BY_NAME := -DBROOD_FAULTS_BY_NAME
endif
endif
TESTED_LIBRARY := $(if $(BY_NAME),$(BUILD)/tested/libbrood.a,$(BUILD)/libbrood.a)

HALF := $(if $(filter Windows,$(SYSTEM)),windows,posix)
RUNNER_SOURCES := runner runner_registry runner_body isolate_$(HALF)
OWN_RUNNER_OBJECTS := $(RUNNER_SOURCES:%=$(BUILD)/tests/runner/%.o)
LACKING := $(if $(filter BSD Darwin,$(SYSTEM)),-include tests/support/lacking_bsd.h)
ifeq ($(RUNNER),own)
TEST_CC_FLAGS := -Itests/runner/include $(LACKING)
TEST_LIBS := $(if $(filter Windows,$(SYSTEM)),-lntdll) # for counting handles
RUNNER_OBJECTS := $(OWN_RUNNER_OBJECTS)
QUIET_SUITE := --quiet
else
TEST_CC_FLAGS := $(LACKING)
TEST_LIBS := -lcriterion
endif

$(BUILD)/tests/runner/%.o: private TEST_CC_FLAGS := -Itests/runner/include
$(BUILD)/tests/%.o: tests/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call SAY,CC $<)
	$(QUIET)$(CC) $(FLAGS) $(TEST_CC_FLAGS) $(BY_NAME) $(BELOW_subproc) -iquote tests/support -MMD -MP -c $< -o $@

TESTED_OBJECTS := $(SOURCES:%.c=$(BUILD)/tested/%.o)
NOT_RENAMED := $(BUILD)/tested/src/subproc/waitid_% $(BUILD)/tested/src/subproc/clone_%
$(filter-out $(NOT_RENAMED),$(TESTED_OBJECTS)): private FLAGS += -include tests/support/faults_names.h
$(TESTED_OBJECTS): $(BUILD)/tested/src/%.o: src/%.c tests/support/faults_names.h $(BUILD)/flags
	@mkdir -p $(@D)
	$(call SAY,CC $< (for the tests))
	$(QUIET)$(CC) $(FLAGS) $(BELOW_$(notdir $(patsubst %/,%,$(dir $*)))) -MMD -MP -c $< -o $@

$(BUILD)/tested/libbrood.a: $(TESTED_OBJECTS)
	$(call SAY,AR $@)
	@rm -f $@
	$(QUIET)$(AR) rcs $@ $^

$(BUILD)/suite$(EXE): $(TEST_OBJECTS)
$(BUILD)/figures: $(FIGURE_OBJECTS)
$(BUILD)/suite$(EXE) $(BUILD)/figures: $(SUPPORT_OBJECTS) $(RUNNER_OBJECTS) $(TESTED_LIBRARY)
	$(call SAY,LD $@)
	$(QUIET)$(CC) $(filter %.o,$^) $(filter %.a,$^) $(LINK_FLAGS) $(WRAP_FLAGS) $(TEST_LIBS) -o $@

# Static where that can be, so that starting one is quick, and never sanitized.
STATIC := $(if $(filter Linux Windows,$(SYSTEM)),$(if $(and $(ZIG),$(findstring linux-gnu,$(MACHINE))),,-static))
HELPER_CC ?= $(CC)
$(BUILD)/child$(EXE): tests/support/child.c \
    tests/support/child_$(HALF).c tests/support/child_program.h
$(BUILD)/child$(EXE): private CHILD_FLAGS := $(if $(filter Windows,$(SYSTEM)),-municode)
$(BUILD)/actor$(EXE): tests/examples/actor.c tests/examples/actor_$(HALF).c tests/examples/actor.h
$(BUILD)/producer: tests/figures/producer.c
$(BUILD)/old-kernel: tests/support/old_kernel_linux.c tests/support/hide_calls_linux.c tests/support/hide_calls_linux.h
$(BUILD)/child$(EXE) $(BUILD)/actor$(EXE) $(BUILD)/producer $(BUILD)/old-kernel: $(BUILD)/flags
	@mkdir -p $(@D)
	$(call SAY,CC $(filter %.c,$^))
	$(QUIET)$(HELPER_CC) -std=c11 -D_GNU_SOURCE -O2 $(WARNINGS) $(CPPFLAGS) $(CHILD_FLAGS) $(STATIC) $(filter %.c,$^) -o $@

# What callgrind counts the instructions of.
$(BUILD)/switches: $(BUILD)/tests/figures/switches.o $(BUILD)/libbrood.a
	$(call SAY,LD $@)
	$(QUIET)$(CC) $^ $(LINK_FLAGS) -o $@

# The small runner's own tests.
$(BUILD)/runner-samples$(EXE): $(BUILD)/tests/runner/samples.o $(BUILD)/tests/runner/samples_$(HALF).o $(OWN_RUNNER_OBJECTS)
	$(call SAY,LD $@)
	$(QUIET)$(CC) $^ $(LINK_FLAGS) -o $@
$(BUILD)/runner-selftest$(EXE): $(BUILD)/tests/runner/selftest.o $(BUILD)/tests/runner/selftest_$(HALF).o
	$(call SAY,LD $@)
	$(QUIET)$(CC) $^ $(LINK_FLAGS) -o $@

# What `make check` runs, in this order; SUITE_FLAGS goes to the suites.
.PHONY: check check-tools check-library check-runner check-suite check-figures
check: check-tools
	@$(MAKE) --no-print-directory check-library check-runner
	@$(MAKE) --no-print-directory check-figures; figures=$$?; \
	 $(MAKE) --no-print-directory check-suite && exit $$figures

check-tools:
	CC='$(CC)' tests/install_tools.sh $(CC) criterion valgrind

check-library: all
	tests/check_library.sh '$(CC)' $(BUILD)

check-runner: $(BUILD)/runner-selftest $(BUILD)/runner-samples
	$(BUILD)/runner-selftest $(BUILD)/runner-samples

check-figures: $(BUILD)/figures $(BUILD)/child $(BUILD)/producer $(BUILD)/switches
	$(BUILD)/figures -j1 $(SUITE_FLAGS)

check-suite: $(BUILD)/suite $(BUILD)/child $(BUILD)/actor examples
	BROOD_TEST_WATCHER=procfd $(BUILD)/suite $(QUIET_SUITE) $(SUITE_FLAGS)
	BROOD_TEST_WATCHER=sigchld $(BUILD)/suite $(QUIET_SUITE) $(SUITE_FLAGS)

# The suite as on a Linux before 5.1: every fall-back that is chosen at run time is forced.
# There is one child watcher then.
.PHONY: check-fallbacks
check-fallbacks: $(BUILD)/suite $(BUILD)/child $(BUILD)/actor $(BUILD)/old-kernel examples
	BROOD_TEST_WATCHER=sigchld $(BUILD)/old-kernel $(BUILD)/suite $(QUIET_SUITE) $(SUITE_FLAGS)

# The suite under the sanitizers.  Criterion cannot run under TSan, and the small
# runner lets LeakSanitizer look at each test by itself.
.PHONY: check-sanitize check-valgrind coverage
check-sanitize:
	tests/install_tools.sh gcc clang
	$(MAKE) --no-print-directory BUILD=$(BUILD)/asan-gcc CC=gcc RUNNER=own SANITIZE=address,undefined check-suite
	$(MAKE) --no-print-directory BUILD=$(BUILD)/asan-clang CC=clang RUNNER=own SANITIZE=address,undefined check-suite
	$(MAKE) --no-print-directory BUILD=$(BUILD)/tsan-gcc CC=gcc RUNNER=own SANITIZE=thread check-suite
	$(MAKE) --no-print-directory BUILD=$(BUILD)/tsan-clang CC=clang RUNNER=own SANITIZE=thread check-suite

check-valgrind:
	tests/install_tools.sh valgrind
	$(MAKE) --no-print-directory BUILD=$(BUILD)/valgrind RUNNER=own $(BUILD)/valgrind/suite $(BUILD)/valgrind/child $(BUILD)/valgrind/actor examples
	tests/valgrind.sh $(BUILD)/valgrind/suite

coverage:
	tests/install_tools.sh criterion gcovr
	$(MAKE) --no-print-directory BUILD=$(BUILD)/coverage CC=gcc MODE=debug COVERAGE=1 RUNNER=own check-suite
	gcovr --root . --filter src/ --object-directory $(BUILD)/coverage --gcov-ignore-parse-errors \
	  --txt $(BUILD)/coverage/report.txt --print-summary
	cat $(BUILD)/coverage/report.txt

-include $(TESTED_OBJECTS:.o=.d)
-include $(patsubst %.o,%.d,$(TEST_OBJECTS) $(SUPPORT_OBJECTS) $(FIGURE_OBJECTS) $(OWN_RUNNER_OBJECTS) \
           $(BUILD)/tests/figures/switches.o \
           $(BUILD)/tests/runner/samples.o $(BUILD)/tests/runner/selftest.o \
           $(BUILD)/tests/runner/samples_$(HALF).o $(BUILD)/tests/runner/selftest_$(HALF).o)
