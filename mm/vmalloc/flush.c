// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is to be flushed from TLBs, and in how many pieces.
 *
 * A flush of a range interrupts every CPU on most machines, whatever its width;
 * one that is wider than a ceiling which only the architecture knows becomes a
 * flush of everything, after which all that the kernel maps has to be walked
 * anew. So a few pages far from each other are flushed piece by piece, and
 * what is more than that as one range. Pages of the direct map are never in one
 * range with vmalloc addresses: nearly all that is mapped lies between.
 *
 * Of flushes, only those of drains are made use of by others: see lazy.c. If all
 * TLBs were flushed for another reason since the last area was unmapped, another
 * flush would be in vain, but no architecture tells of it: kernel mappings have
 * no generation as those of user space have on some.
 *
 * No locks: a struct vmap_flush belongs to the task that fills it.
 */

#include <linux/mm.h>
#include <asm/tlbflush.h>

#include "internal.h"

/*
 * The most pages that are flushed in pieces, 4 KiB each: x86 begins to flush
 * everything above 33 pages, riscv above 64 and arm64 above 512.
 */
#define FLUSH_CEILING	32

/**
 * vmap_flush_init - begin with nothing to be flushed
 * @flush: it
 */
void vmap_flush_init(struct vmap_flush *flush)
{
	flush->nr = 0;
	flush->pages = 0;
	flush->span = (struct vmap_span) { ULONG_MAX, 0 };
	flush->direct = (struct vmap_span) { ULONG_MAX, 0 };
}

static void span_widen(struct vmap_span *span, unsigned long start,
		       unsigned long end)
{
	span->start = min(span->start, start);
	span->end = max(span->end, end);
}

/* Join what touches; more pieces than there is room for are counted only. */
static void add_piece(struct vmap_flush *flush, unsigned long start,
		      unsigned long end)
{
	unsigned int i;

	flush->pages += (end - start) >> PAGE_SHIFT;
	for (i = 0; i < min(flush->nr, VMAP_FLUSH_PIECES); i++) {
		struct vmap_span *piece = &flush->piece[i];

		if (start == piece->end) {
			piece->end = end;
			return;
		}
		if (end == piece->start) {
			piece->start = start;
			return;
		}
	}
	if (i < VMAP_FLUSH_PIECES) {
		flush->piece[i].start = start;
		flush->piece[i].end = end;
	}
	flush->nr++;
}

/**
 * vmap_flush_add - let a range of vmalloc addresses be flushed
 * @flush: what is to be flushed
 * @start: first address
 * @end: end of the range
 */
void vmap_flush_add(struct vmap_flush *flush, unsigned long start,
		    unsigned long end)
{
	span_widen(&flush->span, start, end);
	add_piece(flush, start, end);
}

/**
 * vmap_flush_add_direct - let a range of the direct map be flushed
 * @flush: what is to be flushed
 * @start: first address
 * @end: end of the range
 */
void vmap_flush_add_direct(struct vmap_flush *flush, unsigned long start,
			   unsigned long end)
{
	span_widen(&flush->direct, start, end);
	add_piece(flush, start, end);
}

/**
 * vmap_flush_add_list - let the ranges of a list be flushed
 * @flush: what is to be flushed
 * @list: the ranges, lowest address first; not empty
 * @pages: how many there are in all of them
 *
 * They are looked at one by one only if they are few.
 */
void vmap_flush_add_list(struct vmap_flush *flush,
			 const struct list_head *list, unsigned long pages)
{
	const struct vmap_area *va, *last;

	if (pages <= FLUSH_CEILING) {
		list_for_each_entry(va, list, list)
			vmap_flush_add(flush, va->va_start, va->va_end);
		return;
	}
	flush->pages += pages;
	va = list_first_entry(list, struct vmap_area, list);
	last = list_last_entry(list, struct vmap_area, list);
	span_widen(&flush->span, va->va_start, last->va_end);
}

/* Returns the number of flushes: none for an empty span. */
static unsigned int span_flush(const struct vmap_span *span)
{
	if (span->start >= span->end)
		return 0;
	flush_tlb_kernel_range(span->start, span->end);
	vmap_stat_add(VMAP_STAT_FLUSHES, 1);
	vmap_stat_add(VMAP_STAT_FLUSHED_PAGES,
		      (span->end - span->start) >> PAGE_SHIFT);
	return 1;
}

/**
 * vmap_flush_run - flush
 * @flush: what is to be flushed
 *
 * Context: process, with interrupts enabled; no spinlock of vmalloc is held.
 * Return: how many flushes that took.
 */
unsigned int vmap_flush_run(const struct vmap_flush *flush)
{
	unsigned int nr = 0, i;

	if (flush->pages > FLUSH_CEILING || flush->nr > VMAP_FLUSH_PIECES)
		return span_flush(&flush->span) + span_flush(&flush->direct);

	for (i = 0; i < flush->nr; i++)
		nr += span_flush(&flush->piece[i]);
	return nr;
}
