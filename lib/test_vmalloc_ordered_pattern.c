// SPDX-License-Identifier: GPL-2.0
/*
 * The patterns that the vmalloc stress writes to all pages it has, and looks
 * for before it gives them back. Sixteen words of a page have it: the first,
 * the last, and some in between. A word says whose object it is in, which page
 * of it this is and which word, so that no page can be taken for another one.
 */
#include <linux/hash.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/uio.h>
#include <linux/vmalloc.h>

#include "test_vmalloc_ordered.h"

#define PATTERN_WORDS	16
/* Complaints that go to the log: the first ones say all there is to say. */
#define ERRORS_PRINTED	10

/* Offset of a word in its page. */
static size_t word_offset(unsigned int word)
{
	if (word == PATTERN_WORDS - 1)
		return PAGE_SIZE - sizeof(long);
	return word * (PAGE_SIZE / PATTERN_WORDS);
}

static unsigned long word_value(unsigned long tag, unsigned long page,
				unsigned int word)
{
	/* Zeroed memory holds no pattern. */
	return (tag ^ (page * PATTERN_WORDS + word) * GOLDEN_RATIO_PRIME) | 1;
}

/**
 * stress_fill - write a pattern
 * @to: first byte, page aligned
 * @size: bytes; a last word that does not fit is left out
 * @tag: tells one pattern from another
 *
 * Context: Any.
 */
void stress_fill(void *to, size_t size, unsigned long tag)
{
	unsigned int word;
	size_t page, at;

	for (page = 0; page << PAGE_SHIFT < size; page++) {
		for (word = 0; word < PATTERN_WORDS; word++) {
			at = (page << PAGE_SHIFT) + word_offset(word);
			if (at + sizeof(long) <= size)
				WRITE_ONCE(*(unsigned long *)(to + at),
					   word_value(tag, page, word));
		}
	}
}

/**
 * stress_holds - look for what stress_fill() wrote
 * @from: first byte, page aligned
 * @size: as written, or less
 * @tag: as written
 *
 * Context: Any.
 * Return: true if all of it is there.
 */
bool stress_holds(const void *from, size_t size, unsigned long tag)
{
	unsigned int word;
	size_t page, at;

	for (page = 0; page << PAGE_SHIFT < size; page++) {
		for (word = 0; word < PATTERN_WORDS; word++) {
			at = (page << PAGE_SHIFT) + word_offset(word);
			if (at + sizeof(long) <= size &&
			    READ_ONCE(*(unsigned long *)(from + at)) !=
			    word_value(tag, page, word))
				return false;
		}
	}
	return true;
}

/**
 * stress_fill_page - write a pattern by way of a page's own mapping
 * @page: the page, in high memory or not
 * @tag: tells one pattern from another
 *
 * Context: Any.
 */
void stress_fill_page(struct page *page, unsigned long tag)
{
	void *kaddr = kmap_local_page(page);

	stress_fill(kaddr, PAGE_SIZE, tag);
	kunmap_local(kaddr);
}

/**
 * stress_page_holds - look for a pattern by way of a page's own mapping
 * @page: the page
 * @tag: as written
 *
 * Context: Any.
 * Return: true if it is there.
 */
bool stress_page_holds(struct page *page, unsigned long tag)
{
	void *kaddr = kmap_local_page(page);
	bool holds = stress_holds(kaddr, PAGE_SIZE, tag);

	kunmap_local(kaddr);
	return holds;
}

/**
 * stress_pool_tag - tell the pattern of a page to map
 * @worker: whose pool it is in
 * @page: which one, counted round and round
 *
 * Context: Any.
 * Return: its tag.
 */
unsigned long stress_pool_tag(const struct stress_worker *worker,
			      unsigned int page)
{
	return hash_long((unsigned long)worker + page % STRESS_POOL,
			 BITS_PER_LONG);
}

/**
 * stress_vread - read vmalloc space as /proc/kcore does
 * @to: the buffer
 * @size: bytes
 * @addr: where to read
 *
 * Context: Any but hard interrupt.
 * Return: what vread_iter() says.
 */
long stress_vread(void *to, size_t size, const void *addr)
{
	struct kvec room = { .iov_base = to, .iov_len = size };
	struct iov_iter iter;

	iov_iter_kvec(&iter, ITER_DEST, &room, 1, size);
	return vread_iter(&iter, addr, size);
}

/**
 * stress_error - complain: the run has failed
 * @run: the run
 * @name: of the API
 * @fmt: what is wrong with it
 *
 * Context: Any.
 */
void stress_error(struct stress_run *run, const char *name,
		  const char *fmt, ...)
{
	int nr = atomic_inc_return(&run->errors);
	struct va_format vaf = { .fmt = fmt };
	va_list args;

	if (nr > ERRORS_PRINTED)
		return;
	va_start(args, fmt);
	vaf.va = &args;
	if (nr == 1)
		snprintf(run->first_error, sizeof(run->first_error), "%s: %pV",
			 name, &vaf);
	else
		pr_err("vmalloc stress: %s: %pV\n", name, &vaf);
	va_end(args);
	if (nr == 1)
		pr_err("vmalloc stress: %s\n", run->first_error);
}
