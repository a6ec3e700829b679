/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the bench's loads share with the rest of it.
 */
#ifndef _VMALLOC_BENCH_H
#define _VMALLOC_BENCH_H

#include <linux/compiler_attributes.h>
#include <linux/errno.h>

struct vm_struct;

/* A module cannot link against the functions the kernel does not export. */
#define BENCH_HAS_AREAS		(!__is_defined(MODULE))

#define bench_needs_builtin	"needs the bench built into the kernel"

/* vmalloc_bench.c */
void __printf(1, 2) bench_report(const char *fmt, ...);
int bench_refuse(const char *what, const char *why, int err);
struct vm_struct *bench_area(unsigned int nr_pages);
struct vm_struct *bench_area_mapped(unsigned int nr_pages);

/* vmalloc_bench_f*.c, vmalloc_bench_load.c, which are no part of a module */
#ifndef MODULE
int bench_fragment(void);
void bench_defragment(void);
int bench_fill(unsigned int rounds, unsigned long seed);
int bench_starve(unsigned int nr);
int bench_hogs(unsigned int nr);
int bench_churn(const char *kind, unsigned int nr, unsigned int idle,
		unsigned long seed);
#else
static inline int bench_fragment(void)
{
	return bench_refuse("fragment", bench_needs_builtin, -EOPNOTSUPP);
}

static inline void bench_defragment(void)
{
}

static inline int bench_fill(unsigned int rounds, unsigned long seed)
{
	return bench_refuse("fill", bench_needs_builtin, -EOPNOTSUPP);
}

static inline int bench_starve(unsigned int nr)
{
	return bench_refuse("starve", bench_needs_builtin, -EOPNOTSUPP);
}

static inline int bench_hogs(unsigned int nr)
{
	return bench_refuse("hogs", bench_needs_builtin, -EOPNOTSUPP);
}

static inline int bench_churn(const char *kind, unsigned int nr,
			      unsigned int idle, unsigned long seed)
{
	return bench_refuse("churn", bench_needs_builtin, -EOPNOTSUPP);
}
#endif

#endif /* _VMALLOC_BENCH_H */
