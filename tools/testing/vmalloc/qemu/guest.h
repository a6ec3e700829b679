/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of the guest's init share. Everything runs in one process,
 * PID 1; a failure is said once, by fail(), and handed up as -1.
 */
#ifndef _VMALLOC_QEMU_GUEST_H
#define _VMALLOC_QEMU_GUEST_H

#include <stdbool.h>
#include <stddef.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

#define BENCH_PARAM(name)	"/sys/module/vmalloc_bench/parameters/" name
#define TRACEFS			"/sys/kernel/tracing"
#define DEBUGFS			"/sys/kernel/debug"
/* Not every kernel has it. */
#define VMALLOC_STATS		DEBUGFS "/vmalloc/stats"
#define CONSOLE_DEVICE		"/dev/ttyS0"

/* guest.c */
void __printf(1, 2) out(const char *fmt, ...);
int __printf(1, 2) fail(const char *fmt, ...);
const char *option(const char *name, const char *fallback);
int results_open(void);
void results_flush(void);

/* file.c */
bool exists(const char *path);
char *read_file(const char *path);
long read_long(const char *path);
long read_count(const char *path, const char *name);
int write_expecting(const char *path, const char *text, int expected);
int write_file(const char *path, const char *text);
int load_module(const char *name, const char *args);
int unload_module(const char *name);

/* state.c */
struct state {
	long used;		/* VmallocUsed in pages, of what must stay */
	long areas;		/* lines of vmallocinfo, of what must stay */
	long blocks;		/* of vm_map_ram() */
	long percpu;		/* of per-CPU chunks */
	long busy;		/* all lines that are not lazily freed */
	long lazy_bytes;	/* the rest, waiting for a drain */
	long lazy_entries;	/* lines of these */
	long descriptors;	/* objects of the vmap_area cache, or -1 */
	long spares;		/* descriptors that are kept */
};

int state_peek(struct state *st);
int state_read(struct state *st);
int state_compare(const struct state *start);
int check_log(bool traces_allowed);
int check_kmemleak(void);
char *read_log(void);
void clear_log(void);

/* tests.c */
int scenario_boot(void);
int scenario_broken(void);
int scenario_kunit(void);
int scenario_faults(void);
int scenario_knobs(void);
int scenario_test_vmalloc(void);

/* bpf.c */
int bpf_array(unsigned int pages);
int bpf_program(void);

/* beside.c */
int beside_start(void);
int beside_stop(void);

/* inject.c */
int set_fault_knobs(void);
long failing_percent(void);
int load_failing(const char *name, const char *args, const char *prefix,
		 int threads);
int failing_check(void);

/* memcg.c */
int scenario_memcg(void);

/* iospace.c */
int scenario_iospace(void);

/* kselftest.c */
int scenario_kselftest(void);

/* measure.c */
int bench_present(void);
int bench_run(const char *command, bool relay);
int scenario_bench(void);
int scenario_drain(void);
int scenario_drainbench(void);
int scenario_fill(void);
int scenario_lazy(void);
int scenario_starve(void);
int trace_setup(void);
void print_trace(void);
long trace_quiet(unsigned int seconds);

/* reader.c */
int scenario_reader(void);

/* retention.c */
int scenario_retention(void);

/* stats.c */
int scenario_stats(void);

/* flush.c */
int scenario_churn(void);

/* hogs.c */
int scenario_hogs(void);

/* wakeup.c */
int scenario_wakeup(void);
int scenario_urgent(void);
int scenario_delay(void);

/* scale.c */
int scenario_scale(void);

/* stress.c */
int scenario_stress(void);

/* user.c */
int scenario_user(void);

/* shell.c */
int scenario_shell(void);

#endif /* _VMALLOC_QEMU_GUEST_H */
