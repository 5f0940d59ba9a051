# The benchmarks: one program for each workload, with the peers that the machine has.  Part
# of the Makefile.  `make bench` runs them all and writes bench/results.md and its picture.

# In every program; and the programs that are started.
BENCH_PARTS := bench floor splitter
BENCH_CHILDREN := noop pause
WORKLOADS := $(sort $(patsubst bench/%.c,%,$(filter-out $(BENCH_PARTS:%=bench/%.c) $(BENCH_CHILDREN:%=bench/%.c) \
               bench/%_uv.c bench/%_glib.c,$(wildcard bench/*.c))))
PEER_uv := $(if $(shell pkg-config --exists libuv 2>/dev/null && echo yes),libuv)
PEER_glib := $(if $(shell pkg-config --exists gio-2.0 2>/dev/null && echo yes),gio-2.0)
# Their headers are not ours to warn about.
PEER_FLAGS_uv := $(if $(PEER_uv),$(subst -I,-isystem ,$(shell pkg-config --cflags $(PEER_uv))))
PEER_FLAGS_glib := $(if $(PEER_glib),$(subst -I,-isystem ,$(shell pkg-config --cflags $(PEER_glib))))
PEER_LIBS := $(if $(PEER_uv)$(PEER_glib),$(shell pkg-config --libs $(PEER_uv) $(PEER_glib)))

PEER_SIDES := $(if $(PEER_uv),$(wildcard bench/*_uv.c)) $(if $(PEER_glib),$(wildcard bench/*_glib.c))
BENCH_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(WORKLOADS:%=bench/%.c) $(BENCH_PARTS:%=bench/%.c) $(PEER_SIDES))
BENCH_PROGRAMS := $(WORKLOADS:%=$(BUILD)/bench/%)

# Programs are linked anew when a peer comes or goes.
$(BUILD)/bench/peers: FORCE
	@mkdir -p $(@D)
	@echo '$(PEER_LIBS)' | cmp -s - $@ || echo '$(PEER_LIBS)' > $@

$(BUILD)/bench/%_uv.o: private FLAGS += $(PEER_FLAGS_uv)
$(BUILD)/bench/%_glib.o: private FLAGS += $(PEER_FLAGS_glib)
$(BUILD)/bench/%.o: bench/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call SAY,CC $<)
	$(QUIET)$(CC) $(FLAGS) $(BELOW_subproc) -iquote bench -MMD -MP -c $< -o $@

$(foreach workload,$(WORKLOADS),$(eval $(BUILD)/bench/$(workload): \
  $(filter $(BUILD)/bench/$(workload).o $(BUILD)/bench/$(workload)_uv.o $(BUILD)/bench/$(workload)_glib.o,$(BENCH_OBJECTS))))
$(BENCH_PROGRAMS): $(BENCH_PARTS:%=$(BUILD)/bench/%.o) $(if $(PEER_uv),$(BUILD)/bench/child_uv.o) $(BUILD)/libbrood.a \
                   $(BUILD)/bench/peers
	$(call SAY,LD $@)
	$(QUIET)$(CC) $(filter %.o,$^) $(filter %.a,$^) $(LINK_FLAGS) -Wl,--as-needed $(PEER_LIBS) -o $@

$(BENCH_CHILDREN:%=$(BUILD)/bench/%): private START := -nostartfiles
$(BENCH_CHILDREN:%=$(BUILD)/bench/%): $(BUILD)/bench/%: bench/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call SAY,CC $<)
	$(QUIET)$(CC) -O2 $(WARNINGS) -static $(START) $< -o $@
$(BUILD)/bench/producer: $(BUILD)/producer
	@mkdir -p $(@D)
	@cp $< $@

.PHONY: bench bench-quick bench-programs
bench-programs: $(BENCH_PROGRAMS) $(BENCH_CHILDREN:%=$(BUILD)/bench/%) $(BUILD)/bench/producer $(BUILD)/libbrood.so
bench: bench-programs
	python3 -B bench/run.py --build $(BUILD) --compiler "$$($(CC) --version | head -n 1)" --write bench
bench-quick: bench-programs
	python3 -B bench/run.py --build $(BUILD) --compiler "$$($(CC) --version | head -n 1)" --quick

-include $(BENCH_OBJECTS:.o=.d)
