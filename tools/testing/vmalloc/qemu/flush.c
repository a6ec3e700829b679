// SPDX-License-Identifier: GPL-2.0
/*
 * What of the kernel's addresses is flushed while a load runs, and how much of
 * that had to be. Both are seen by probes in the kernel: one on
 * flush_tlb_kernel_range(), which is what vmalloc calls whatever its design,
 * and one on the place where the bench says what it is about to unmap.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest.h"

/* Of an address in the trace, whatever the guest has. */
typedef uint64_t u64;

#define PROBES		TRACEFS "/kprobe_events"
#define PROBES_ENABLE	TRACEFS "/events/vmprobe/enable"
#define DEFAULT_CYCLES	"1000"
#define DEFAULT_IDLE	"1000"
#define PAGE_SHIFT	12
/* x86 flushes all, on all CPUs, rather than one by one more pages than this. */
#define CEILING_FILE	DEBUGFS "/x86/tlb_single_page_flush_ceiling"
/* The direct map is that far below the vmalloc space, in bytes. */
#define DIRECT_MAP_GAP	((u64)1 << 40)
#define MAX_UNMAPPED	200000

struct range {
	u64 start, end;
	bool pending;		/* not flushed since it was unmapped */
};

struct flushes {
	long ceiling;		/* in pages */
	long calls, global;
	long ranged_pages;	/* flushed by calls that are not global */
	long needed_pages;	/* of these, the ones that had to be */
	long unmapped_pages;
	u64 lowest;		/* of what was unmapped */
	struct range *unmapped;
	size_t nr_unmapped, first_pending;
};

static int note_unmapped(struct flushes *fl, u64 addr, u64 pages)
{
	struct range *range = &fl->unmapped[fl->nr_unmapped];

	if (fl->nr_unmapped == MAX_UNMAPPED)
		return fail("more than %d areas are unmapped", MAX_UNMAPPED);
	range->start = addr;
	range->end = addr + (pages << PAGE_SHIFT);
	range->pending = true;
	fl->unmapped_pages += pages;
	if (addr < fl->lowest)
		fl->lowest = addr;
	fl->nr_unmapped++;
	return 0;
}

/* How many pages of those that wait for it are in [@start, @end)? */
static long take_pending(struct flushes *fl, u64 start, u64 end)
{
	u64 from, to;
	struct range *range;
	long pages = 0;
	size_t i;

	for (i = fl->first_pending; i < fl->nr_unmapped; i++) {
		range = &fl->unmapped[i];
		from = range->start > start ? range->start : start;
		to = range->end < end ? range->end : end;
		if (!range->pending || from >= to)
			continue;
		/* Once: what is flushed in parts is not needed more often. */
		range->pending = false;
		pages += (to - from) >> PAGE_SHIFT;
	}
	while (fl->first_pending < fl->nr_unmapped &&
	       !fl->unmapped[fl->first_pending].pending)
		fl->first_pending++;
	return pages;
}

static void note_flush(struct flushes *fl, u64 start, u64 end)
{
	u64 pages = end > start ? (end - start) >> PAGE_SHIFT : 0;

	fl->calls++;
	if (pages > (u64)fl->ceiling) {
		fl->global++;
		take_pending(fl, 0, UINT64_MAX);
		return;
	}
	fl->ranged_pages += pages;
	/* In the direct map: of the one page whose attributes are restored. */
	if (end + DIRECT_MAP_GAP < fl->lowest)
		fl->needed_pages++;
	else
		fl->needed_pages += take_pending(fl, start, end);
}

static int read_trace(struct flushes *fl)
{
	char *trace = read_file(TRACEFS "/trace"), *line, *event, *save = NULL;
	unsigned long long start, end;
	unsigned long in, written;
	bool whole = false;
	int err = 0;

	if (!trace)
		return fail("%s: %m", TRACEFS "/trace");
	for (line = strtok_r(trace, "\n", &save); line && !err;
	     line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, "# entries-in-buffer/entries-written: %lu/%lu",
			   &in, &written) == 2)
			whole = in && in == written;
		event = strstr(line, " start=");
		if (event && sscanf(event, " start=%llx end=%llx", &start,
				    &end) == 2)
			note_flush(fl, start, end);
		event = strstr(line, " addr=");
		if (event && sscanf(event, " addr=%llx pages=%llx", &start,
				    &end) == 2)
			err = note_unmapped(fl, start, end);
	}
	free(trace);
	if (!whole)
		err = fail("the trace is empty, or not all of it is there");
	return err;
}

static int set_probes(void)
{
	if (!exists(PROBES))
		return fail("this kernel has no probes");
	if (write_file(PROBES,
		       "p:vmprobe/flush flush_tlb_kernel_range start=$arg1:x64 end=$arg2:x64\n"
		       "p:vmprobe/unmap churn_unmaps addr=$arg1:x64 pages=$arg2:x64\n") ||
	    write_file(TRACEFS "/buffer_size_kb", "16384"))
		return -1;
	return 0;
}

static int traced_churn(const char *kind)
{
	char command[64];
	int err;

	snprintf(command, sizeof(command), "churn %s %s %s", kind,
		 option("vmcycles", DEFAULT_CYCLES),
		 option("vmidle", DEFAULT_IDLE));
	if (bench_run("settle", false) || write_file(TRACEFS "/trace", "") ||
	    write_file(PROBES_ENABLE, "1"))
		return -1;
	err = bench_run(command, true);
	if (write_file(PROBES_ENABLE, "0"))
		return -1;
	return err;
}

static int churn(const char *kind)
{
	const char *cycles = option("vmcycles", DEFAULT_CYCLES);
	struct flushes fl = {
		.ceiling = read_long(CEILING_FILE),
		.lowest = UINT64_MAX,
	};
	int err;

	if (fl.ceiling <= 0)
		return fail("%s: %m", CEILING_FILE);
	fl.unmapped = calloc(MAX_UNMAPPED, sizeof(*fl.unmapped));
	if (!fl.unmapped)
		return fail("no memory");
	err = traced_churn(kind) || read_trace(&fl);
	free(fl.unmapped);
	if (err)
		return -1;
	if (fl.unmapped_pages < atol(cycles))
		return fail("%ld pages unmapped in %s cycles",
			    fl.unmapped_pages, cycles);
	if (!fl.global && !fl.needed_pages)
		return fail("none of them was flushed");
	out("flushes %s calls %ld global %ld ranged_pages %ld needed_pages %ld unmapped_pages %ld",
	    kind, fl.calls, fl.global, fl.ranged_pages, fl.needed_pages,
	    fl.unmapped_pages);
	out("bench global_flushes_%s_%s flushes %ld", kind, cycles, fl.global);
	out("bench flush_waste_%s pages/page %.2f", kind, fl.needed_pages ?
	    (double)fl.ranged_pages / fl.needed_pages : 0.0);
	return 0;
}

int scenario_churn(void)
{
	if (bench_present() || set_probes())
		return -1;
	return churn("setmem") ?: churn("bpf") ?: churn("mixed");
}
