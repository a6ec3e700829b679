/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trace events of a drain, beside those of include/trace/events/vmalloc.h.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vmalloc
/* The name of a variable, which that header has for itself. */
#undef TRACE_SYSTEM_VAR
#define TRACE_SYSTEM_VAR vmalloc_drain

#if !defined(_MM_VMALLOC_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _MM_VMALLOC_TRACE_H

#include <linux/tracepoint.h>

/**
 * vmap_drain_begin - a drain has taken what waits
 * @areas: areas freed since the last one
 * @ranges: ranges they were joined to
 * @pages: pages in them
 */
TRACE_EVENT(vmap_drain_begin,

	TP_PROTO(unsigned long areas, unsigned long ranges,
		 unsigned long pages),

	TP_ARGS(areas, ranges, pages),

	TP_STRUCT__entry(
		__field(unsigned long, areas)
		__field(unsigned long, ranges)
		__field(unsigned long, pages)
	),

	TP_fast_assign(
		__entry->areas = areas;
		__entry->ranges = ranges;
		__entry->pages = pages;
	),

	TP_printk("areas=%lu ranges=%lu pages=%lu", __entry->areas,
		  __entry->ranges, __entry->pages)
);

/**
 * vmap_drain_end - a drain is over
 * @areas: areas freed since the one before it
 * @ranges: ranges they were joined to
 * @pages: pages in them
 * @start: lowest address of them
 * @end: end of the highest one
 * @flushes: how many TLB flushes it took
 * @hold_ns: how long it held a lock at the most, while it made ranges free
 */
TRACE_EVENT(vmap_drain_end,

	TP_PROTO(unsigned long areas, unsigned long ranges,
		 unsigned long pages, unsigned long start, unsigned long end,
		 unsigned int flushes, u64 hold_ns),

	TP_ARGS(areas, ranges, pages, start, end, flushes, hold_ns),

	TP_STRUCT__entry(
		__field(unsigned long, areas)
		__field(unsigned long, ranges)
		__field(unsigned long, pages)
		__field(unsigned long, start)
		__field(unsigned long, end)
		__field(unsigned int, flushes)
		__field(u64, hold_ns)
	),

	TP_fast_assign(
		__entry->areas = areas;
		__entry->ranges = ranges;
		__entry->pages = pages;
		__entry->start = start;
		__entry->end = end;
		__entry->flushes = flushes;
		__entry->hold_ns = hold_ns;
	),

	TP_printk("areas=%lu ranges=%lu pages=%lu start=0x%lx end=0x%lx flushes=%u hold_ns=%llu",
		  __entry->areas, __entry->ranges, __entry->pages,
		  __entry->start, __entry->end, __entry->flushes,
		  __entry->hold_ns)
);

/**
 * vmap_drain_batch - some ranges have been made free
 * @node: of which node, or -1 for the heap
 * @ranges: how many
 * @pages: pages in them
 * @hold_ns: how long the lock was held at the most meanwhile
 */
TRACE_EVENT(vmap_drain_batch,

	TP_PROTO(int node, unsigned int ranges, unsigned long pages,
		 u64 hold_ns),

	TP_ARGS(node, ranges, pages, hold_ns),

	TP_STRUCT__entry(
		__field(int, node)
		__field(unsigned int, ranges)
		__field(unsigned long, pages)
		__field(u64, hold_ns)
	),

	TP_fast_assign(
		__entry->node = node;
		__entry->ranges = ranges;
		__entry->pages = pages;
		__entry->hold_ns = hold_ns;
	),

	TP_printk("node=%d ranges=%u pages=%lu hold_ns=%llu", __entry->node,
		  __entry->ranges, __entry->pages, __entry->hold_ns)
);

#endif /* _MM_VMALLOC_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH ../../mm/vmalloc
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
