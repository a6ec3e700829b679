// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel translations, in and out.
 *
 * This is all of mm/vmalloc/ that changes page tables. It knows addresses and
 * pages, but neither areas nor locks: whoever maps or unmaps a range owns it,
 * so that no two walks meet in a page table entry. Neighbours share the tables
 * above the entries: one is freed only by who owns all the addresses that it
 * translates, where a huge mapping takes its place, or where none is left, see
 * trim.c.
 *
 * A mapping that fails half-way leaves what it has mapped in place. The caller
 * unmaps the whole range, which is harmless where nothing is mapped.
 */
#include <linux/bug.h>
#include <linux/hugetlb.h>
#include <linux/io.h>
#include <linux/kmsan.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/pgalloc.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>

#include <linux/cacheflush.h>
#include <asm/tlb.h>
#include <asm/tlbflush.h>

#include "../pgalloc-track.h"
#include "internal.h"

/**
 * struct map_walk - what is mapped next, as one walk goes on
 * @pages: the pages not mapped yet; %NULL to map physical memory at @phys
 * @phys: physical address not mapped yet, if there are no @pages
 * @prot: protection of all of it
 * @max_page_shift: largest translation that may be used; only looked at for
 *	physical memory, pages are mapped one by one
 * @mask: levels at which the walk has changed a table
 */
struct map_walk {
	struct page **pages;
	phys_addr_t phys;
	pgprot_t prot;
	unsigned int max_page_shift;
	pgtbl_mod_mask mask;
};

/*
 * The entry of @start, if one table of entries maps all of the range and is there:
 * then nothing but entries is changed, and there is no need to walk, or to note at
 * which levels. Not for all that a table maps, which may be mapped without one.
 * *@empty: there is no table, so that nothing can be mapped.
 */
static __always_inline pte_t *pte_at_once(unsigned long start, unsigned long end,
					  bool *empty)
{
	pgd_t *pgd = pgd_offset_k(start);
	p4d_t *p4d;
	pud_t *pud;
	pmd_t *pmd;

	*empty = false;
	if (ARCH_PAGE_TABLE_SYNC_MASK & PGTBL_PTE_MODIFIED ||
	    start >= end || end - start >= PMD_SIZE ||
	    (start ^ (end - 1)) & PMD_MASK)
		return NULL;
	if (unlikely(pgd_none(*pgd)))
		goto none;
	if (unlikely(pgd_bad(*pgd)))
		return NULL;
	p4d = p4d_offset(pgd, start);
	if (unlikely(p4d_none(*p4d)))
		goto none;
	if (unlikely(p4d_leaf(*p4d) || p4d_bad(*p4d)))
		return NULL;
	pud = pud_offset(p4d, start);
	if (unlikely(pud_none(*pud)))
		goto none;
	if (unlikely(pud_leaf(*pud) || pud_bad(*pud)))
		return NULL;
	pmd = pmd_offset(pud, start);
	if (unlikely(pmd_none(*pmd)))
		goto none;
	if (unlikely(pmd_leaf(*pmd) || pmd_bad(*pmd)))
		return NULL;
	return pte_offset_kernel(pmd, start);
none:
	*empty = true;
	return NULL;
}

/* Memory comes and goes by no less, so that a page stands for its neighbours. */
#define PAGES_ALIKE	PFN_DOWN(SZ_2M)

/* Of pages that follow each other, the first is looked at, and its entry counted up. */
static int map_pte_pages(pte_t *pte, unsigned long addr, unsigned long end,
			 struct page **pages, pgprot_t prot)
{
	unsigned long nr = PFN_UP(end - addr), pfn, valid = ULONG_MAX;
	pte_t entry;

	while (nr) {
		struct page *page = *pages;

		if (WARN_ON_ONCE(!pte_none(ptep_get(pte))))
			return -EBUSY;
		if (WARN_ON_ONCE(!page))
			return -ENOMEM;
		pfn = page_to_pfn(page);
		if (pfn / PAGES_ALIKE != valid) {
			if (WARN_ON_ONCE(!pfn_valid(pfn)))
				return -EINVAL;
			valid = pfn / PAGES_ALIKE;
		}

		entry = mk_pte(page, prot);
		for (;;) {
			/* set_ptes() of user mode is wrong from the third on. */
			set_pte_at(&init_mm, addr, pte, entry);
			addr += PAGE_SIZE;
			pages++;
			pte++;
			if (!--nr || *pages != ++page || !(++pfn % PAGES_ALIKE) ||
			    !pte_none(ptep_get(pte)))
				break;
			/* An entry of two words may have the number in the other one. */
			entry = IS_ENABLED(CONFIG_64BIT) ? pte_next_pfn(entry) :
							   mk_pte(page, prot);
		}
	}
	return 0;
}

/* One entry, or as many as make up a huge page. Returns the bytes mapped. */
static __always_inline
unsigned long map_pte_phys_one(pte_t *pte, unsigned long addr,
			       unsigned long end, u64 pfn, pgprot_t prot,
			       unsigned int max_page_shift)
{
	pte_t entry = pfn_pte(pfn, prot);
#ifdef CONFIG_HUGETLB_PAGE
	unsigned long size = arch_vmap_pte_range_map_size(addr, end, pfn,
							  max_page_shift);

	if (size != PAGE_SIZE) {
		set_huge_pte_at(&init_mm, addr, pte,
				arch_make_huge_pte(entry, ilog2(size), 0),
				size);
		return size;
	}
#endif
	set_pte_at(&init_mm, addr, pte, entry);
	return PAGE_SIZE;
}

static int map_pte_phys(pte_t *pte, unsigned long addr, unsigned long end,
			struct map_walk *walk)
{
	unsigned int max_page_shift = walk->max_page_shift;
	u64 pfn = walk->phys >> PAGE_SHIFT;
	pgprot_t prot = walk->prot;
	unsigned long size;

	/* Part of a page would be taken for all of it. */
	if (WARN_ON_ONCE(!PAGE_ALIGNED(end - addr)))
		return -EINVAL;
	do {
		if (unlikely(!pte_none(ptep_get(pte)))) {
			WARN_ONCE(1, "%#lx is mapped already, not mapping pfn %#llx there\n",
				  addr, pfn);
			return -EBUSY;
		}
		size = map_pte_phys_one(pte, addr, end, pfn, prot,
					max_page_shift);
		pfn += PFN_DOWN(size);
		pte += PFN_DOWN(size);
		addr += size;
	} while (addr < end);

	walk->phys = (phys_addr_t)pfn << PAGE_SHIFT;
	return 0;
}

static int map_ptes(pte_t *pte, unsigned long addr, unsigned long end,
		    struct map_walk *walk)
{
	int err;

	/* Where entries need barriers, one set of them will do. */
	lazy_mmu_mode_enable();
	if (walk->pages) {
		err = map_pte_pages(pte, addr, end, walk->pages, walk->prot);
		walk->pages += PFN_UP(end - addr);
	} else {
		err = map_pte_phys(pte, addr, end, walk);
	}
	lazy_mmu_mode_disable();
	return err;
}

static int map_pte_range(pmd_t *pmd, unsigned long addr, unsigned long end,
			 struct map_walk *walk)
{
	pte_t *pte = pte_alloc_kernel_track(pmd, addr, &walk->mask);

	if (!pte)
		return -ENOMEM;
	walk->mask |= PGTBL_PTE_MODIFIED;
	return map_ptes(pte, addr, end, walk);
}

/* Whether one translation of 1 << @shift bytes can cover [@addr, @end). */
static bool huge_fits(const struct map_walk *walk, unsigned long addr,
		      unsigned long end, unsigned int shift)
{
	return walk->max_page_shift >= shift && end - addr == 1UL << shift &&
	       IS_ALIGNED(addr | walk->phys, 1UL << shift);
}

static bool huge_mapped(struct map_walk *walk, unsigned long size,
			pgtbl_mod_mask level)
{
	walk->phys += size;
	walk->mask |= level;
	return true;
}

/*
 * A huge mapping frees the table it replaces, and ptdump, which holds the
 * mmap lock of init_mm for writing, may be reading that table. Rather than
 * wait for it, fall back to small translations. Others that hold the lock for
 * reading own other ranges and cannot get at this table.
 */
static bool ptdump_shut_out(void)
{
	return mmap_read_trylock(&init_mm);
}

static void ptdump_let_in(void)
{
	mmap_read_unlock(&init_mm);
}

/* The table below, left there by smaller mappings, goes. */
static bool map_huge_pmd(pmd_t *pmd, unsigned long addr, unsigned long end,
			 struct map_walk *walk)
{
	bool mapped = false;

	if (!huge_fits(walk, addr, end, PMD_SHIFT) ||
	    !arch_vmap_pmd_supported(walk->prot))
		return false;
	if (!pmd_present(*pmd)) {
		mapped = pmd_set_huge(pmd, walk->phys, walk->prot);
	} else if (ptdump_shut_out()) {
		mapped = pmd_free_pte_page(pmd, addr) &&
			 pmd_set_huge(pmd, walk->phys, walk->prot);
		ptdump_let_in();
	}
	return mapped && huge_mapped(walk, PMD_SIZE, PGTBL_PMD_MODIFIED);
}

static int map_pmd_range(pud_t *pud, unsigned long addr, unsigned long end,
			 struct map_walk *walk)
{
	pmd_t *pmd = pmd_alloc_track(&init_mm, pud, addr, &walk->mask);
	unsigned long next;
	int err;

	if (!pmd)
		return -ENOMEM;
	do {
		next = pmd_addr_end(addr, end);
		if (map_huge_pmd(pmd, addr, next, walk))
			continue;
		err = map_pte_range(pmd, addr, next, walk);
		if (err)
			return err;
	} while (pmd++, addr = next, addr < end);
	return 0;
}

static bool map_huge_pud(pud_t *pud, unsigned long addr, unsigned long end,
			 struct map_walk *walk)
{
	bool mapped = false;

	if (!huge_fits(walk, addr, end, PUD_SHIFT) ||
	    !arch_vmap_pud_supported(walk->prot))
		return false;
	if (!pud_present(*pud)) {
		mapped = pud_set_huge(pud, walk->phys, walk->prot);
	} else if (ptdump_shut_out()) {
		mapped = pud_free_pmd_page(pud, addr) &&
			 pud_set_huge(pud, walk->phys, walk->prot);
		ptdump_let_in();
	}
	return mapped && huge_mapped(walk, PUD_SIZE, PGTBL_PUD_MODIFIED);
}

static int map_pud_range(p4d_t *p4d, unsigned long addr, unsigned long end,
			 struct map_walk *walk)
{
	pud_t *pud = pud_alloc_track(&init_mm, p4d, addr, &walk->mask);
	unsigned long next;
	int err;

	if (!pud)
		return -ENOMEM;
	do {
		next = pud_addr_end(addr, end);
		if (map_huge_pud(pud, addr, next, walk))
			continue;
		err = map_pmd_range(pud, addr, next, walk);
		if (err)
			return err;
	} while (pud++, addr = next, addr < end);
	return 0;
}

static bool map_huge_p4d(p4d_t *p4d, unsigned long addr, unsigned long end,
			 struct map_walk *walk)
{
	bool mapped = false;

	if (!huge_fits(walk, addr, end, P4D_SHIFT) ||
	    !arch_vmap_p4d_supported(walk->prot))
		return false;
	if (!p4d_present(*p4d)) {
		mapped = p4d_set_huge(p4d, walk->phys, walk->prot);
	} else if (ptdump_shut_out()) {
		mapped = p4d_free_pud_page(p4d, addr) &&
			 p4d_set_huge(p4d, walk->phys, walk->prot);
		ptdump_let_in();
	}
	return mapped && huge_mapped(walk, P4D_SIZE, PGTBL_P4D_MODIFIED);
}

static int map_p4d_range(pgd_t *pgd, unsigned long addr, unsigned long end,
			 struct map_walk *walk)
{
	p4d_t *p4d = p4d_alloc_track(&init_mm, pgd, addr, &walk->mask);
	unsigned long next;
	int err;

	if (!p4d)
		return -ENOMEM;
	do {
		next = p4d_addr_end(addr, end);
		if (map_huge_p4d(p4d, addr, next, walk))
			continue;
		err = map_pud_range(p4d, addr, next, walk);
		if (err)
			return err;
	} while (p4d++, addr = next, addr < end);
	return 0;
}

/* Out of line, as is what unmaps, so that only who needs it pays for the walk. */
static noinline int map_pgd_range(unsigned long start, unsigned long end,
				  struct map_walk *walk)
{
	unsigned long addr = start;
	unsigned long next;
	int err = 0;
	pgd_t *pgd;

	if (WARN_ONCE(start >= end, "mapping an empty range at %#lx\n", start))
		return -EINVAL;

	pgd = pgd_offset_k(addr);
	do {
		next = pgd_addr_end(addr, end);
		if (pgd_bad(*pgd))
			walk->mask |= PGTBL_PGD_MODIFIED;
		err = map_p4d_range(pgd, addr, next, walk);
	} while (!err && (pgd++, addr = next, addr < end));

	if (walk->mask & ARCH_PAGE_TABLE_SYNC_MASK)
		arch_sync_kernel_mappings(start, end);
	return err;
}

/**
 * vmap_range_noflush - map physical memory
 * @start: first address of the range
 * @end: end of the range
 * @phys: physical address that @start is mapped to
 * @prot: protection
 * @max_page_shift: the largest translation that may be used; the architecture
 *	and the alignment may call for smaller ones
 *
 * Context: Process context, may sleep. The caller owns the range, and flushes
 * the cache for it before it is used.
 * Return: 0, -ENOMEM, -EBUSY if something is mapped there already, -EINVAL for
 * a range that is empty or no whole pages.
 */
int vmap_range_noflush(unsigned long start, unsigned long end,
		       phys_addr_t phys, pgprot_t prot,
		       unsigned int max_page_shift)
{
	struct map_walk walk = {
		.phys = phys,
		.prot = prot,
		.max_page_shift = max_page_shift,
	};
	bool empty;
	pte_t *pte;

	might_sleep();
	pte = pte_at_once(start, end, &empty);
	if (likely(pte))
		return map_ptes(pte, start, end, &walk);
	return map_pgd_range(start, end, &walk);
}

static noinline int walk_small_pages(unsigned long start, unsigned long end,
				     pgprot_t prot, struct page **pages)
{
	struct map_walk walk = {
		.pages = pages,
		.prot = prot,
		.max_page_shift = PAGE_SHIFT,
	};

	return map_pgd_range(start, end, &walk);
}

static int map_small_pages(unsigned long start, unsigned long end,
			   pgprot_t prot, struct page **pages)
{
	bool empty;
	pte_t *pte;
	int err;

	pte = pte_at_once(start, end, &empty);
	if (unlikely(!pte))
		return walk_small_pages(start, end, prot, pages);
	lazy_mmu_mode_enable();
	err = map_pte_pages(pte, start, end, pages, prot);
	lazy_mmu_mode_disable();
	return err;
}

/* Each 1 << @page_shift bytes of @pages are physically contiguous. */
static noinline int map_large_pages(unsigned long start, unsigned long end,
				    pgprot_t prot, struct page **pages,
				    unsigned int page_shift)
{
	unsigned long size = 1UL << page_shift;
	unsigned long addr;
	int err;

	for (addr = start; addr < end; addr += size) {
		err = vmap_range_noflush(addr, addr + min(size, end - addr),
					 page_to_phys(*pages), prot,
					 page_shift);
		if (err)
			return err;
		pages += PFN_DOWN(size);
	}
	return 0;
}

/**
 * __vmap_pages_range_noflush - map pages without telling KMSAN
 * @start: first address of the range
 * @end: end of the range
 * @prot: protection
 * @pages: a page for each PAGE_SIZE of the range
 * @page_shift: see vmap_pages_range_noflush()
 *
 * For KMSAN itself, which maps its shadow with it.
 *
 * Context: See vmap_pages_range_noflush().
 * Return: 0, -ENOMEM if memory or a page is missing, -EBUSY if something is
 * mapped there already, -EINVAL if the arguments make no sense.
 */
int __vmap_pages_range_noflush(unsigned long start, unsigned long end,
			       pgprot_t prot, struct page **pages,
			       unsigned int page_shift)
{
	if (WARN_ON_ONCE(page_shift < PAGE_SHIFT || !pages))
		return -EINVAL;

	if (IS_ENABLED(CONFIG_HAVE_ARCH_HUGE_VMALLOC) &&
	    page_shift > PAGE_SHIFT)
		return map_large_pages(start, end, prot, pages, page_shift);
	return map_small_pages(start, end, prot, pages);
}

/*
 * KMSAN looks for the shadow of each page before one of them is mapped: what is
 * no range or no page must not get there.
 */
static int check_for_kmsan(unsigned long start, unsigned long end,
			   struct page **pages)
{
	unsigned long i;

	if (WARN_ON_ONCE(start >= end || !pages))
		return -EINVAL;
	for (i = 0; i < PFN_DOWN(end - start); i++) {
		if (WARN_ON_ONCE(!pages[i] ||
				 !pfn_valid(page_to_pfn(pages[i]))))
			return -ENOMEM;
	}
	return 0;
}

/**
 * vmap_pages_range_noflush - map pages
 * @start: first address of the range
 * @end: end of the range
 * @prot: protection
 * @pages: a page for each PAGE_SIZE of the range
 * @page_shift: each 1 << @page_shift bytes of @pages are physically contiguous
 *	and aligned, and may be mapped by a single translation
 * @gfp_mask: how KMSAN may get memory; page tables heed what scope the caller
 *	is in, see memalloc_apply_gfp_scope()
 *
 * Context: Process context; sleeps if that scope allows it. The caller owns the
 * range, and flushes the cache for it before it is used.
 * Return: 0 or a negative errno.
 */
int vmap_pages_range_noflush(unsigned long start, unsigned long end,
			     pgprot_t prot, struct page **pages,
			     unsigned int page_shift, gfp_t gfp_mask)
{
	int err = 0;

	if (IS_ENABLED(CONFIG_KMSAN))
		err = check_for_kmsan(start, end, pages);
	if (!err)
		err = kmsan_vmap_pages_range_noflush(start, end, prot, pages,
						     page_shift, gfp_mask);
	if (err)
		return err;
	return __vmap_pages_range_noflush(start, end, prot, pages, page_shift);
}

/**
 * vmap_pages_range_gfp - map pages, ready for use, with flags
 * @start: first address of the range
 * @end: end of the range
 * @prot: protection
 * @pages: a page for each PAGE_SIZE of the range
 * @page_shift: see vmap_pages_range_noflush()
 * @gfp: how KMSAN may get memory
 *
 * Context: See vmap_pages_range_noflush(). The caller owns the range.
 * Return: 0 or a negative errno.
 */
int vmap_pages_range_gfp(unsigned long start, unsigned long end, pgprot_t prot,
			 struct page **pages, unsigned int page_shift,
			 gfp_t gfp)
{
	int err;

	err = vmap_pages_range_noflush(start, end, prot, pages, page_shift,
				       gfp);
	flush_cache_vmap(start, end);
	return err;
}

/**
 * vmap_pages_range - map pages, ready for use
 * @start: first address of the range
 * @end: end of the range
 * @prot: protection
 * @pages: a page for each PAGE_SIZE of the range
 * @page_shift: see vmap_pages_range_noflush()
 *
 * Context: Process context, may sleep. The caller owns the range.
 * Return: 0 or a negative errno.
 */
int vmap_pages_range(unsigned long start, unsigned long end, pgprot_t prot,
		     struct page **pages, unsigned int page_shift)
{
	return vmap_pages_range_gfp(start, end, prot, pages, page_shift,
				    GFP_KERNEL);
}

/* A table of entries has as many. */
#define PAGES_PER_PMD	PFN_DOWN(PMD_SIZE)

/**
 * vmap_pages_may_be_huge - tell whether it is worth to look closer
 * @pages: the pages
 * @nr: how many there are
 * @prot: protection
 *
 * Context: any.
 * Return: whether a large translation may be for the first of them.
 */
bool vmap_pages_may_be_huge(struct page **pages, unsigned int nr, pgprot_t prot)
{
	return nr >= PAGES_PER_PMD && arch_vmap_pmd_supported(prot) &&
	       *pages && IS_ALIGNED(page_to_pfn(*pages), PAGES_PER_PMD) &&
	       pages[PAGES_PER_PMD - 1] == *pages + PAGES_PER_PMD - 1;
}

/* Of many pages each one is looked at: as many in one turn of the loop. */
#define PAGES_A_TURN		8

static __always_inline bool pages_follow(struct page **pages, struct page *page)
{
	return pages[0] == page && pages[1] == page + 1 &&
	       pages[2] == page + 2 && pages[3] == page + 3 &&
	       pages[4] == page + 4 && pages[5] == page + 5 &&
	       pages[6] == page + 6 && pages[7] == page + 7;
}

/**
 * vmap_pages_are_huge - tell whether pages can have one large translation
 * @pages: %PMD_SIZE of them
 * @prot: protection
 *
 * Context: any.
 * Return: whether they are contiguous, and aligned, and the architecture has such.
 */
bool vmap_pages_are_huge(struct page **pages, pgprot_t prot)
{
	struct page *page = *pages;
	unsigned int i;

	/* No constant on all machines. */
	if (PAGES_PER_PMD % PAGES_A_TURN)
		return false;
	if (!vmap_pages_may_be_huge(pages, PAGES_PER_PMD, prot) ||
	    !pfn_valid(page_to_pfn(page)))
		return false;
	for (i = 0; i < PAGES_PER_PMD; i += PAGES_A_TURN) {
		if (!pages_follow(pages + i, page + i))
			return false;
	}
	return true;
}

/* Whether [@addr, @end) begins with what may have one. */
static bool huge_at(unsigned long addr, unsigned long end, pgprot_t prot,
		    struct page **pages)
{
	return IS_ALIGNED(addr, PMD_SIZE) && end - addr >= PMD_SIZE &&
	       vmap_pages_are_huge(pages, prot);
}

/**
 * vmap_pages_range_huge - map pages, by large translations where they allow it
 * @start: first address of the range
 * @end: end of the range
 * @prot: protection
 * @pages: a page for each PAGE_SIZE of the range
 *
 * Ready for use. Not for KMSAN, whose shadow is not contiguous where memory is.
 *
 * Context: Process context, may sleep. The caller owns the range.
 * Return: 0 or a negative errno, see vmap_pages_range_noflush().
 */
int vmap_pages_range_huge(unsigned long start, unsigned long end,
			  pgprot_t prot, struct page **pages)
{
	unsigned long addr, next;
	int err = 0;
	bool huge;

	for (addr = start; !err && addr < end; addr = next) {
		huge = huge_at(addr, end, prot, pages);
		next = huge ? addr + PMD_SIZE : pmd_addr_end(addr, end);
		if (huge)
			err = vmap_range_noflush(addr, next, page_to_phys(*pages),
						 prot, PMD_SHIFT);
		else
			err = map_small_pages(addr, next, prot, pages);
		pages += PFN_DOWN(next - addr);
		cond_resched();
	}
	flush_cache_vmap(start, end);
	return err;
}

/*
 * One entry, or the several that are one huge page: these go together, even if
 * some are not in the range. Returns the bytes of the range that are unmapped.
 */
static __always_inline unsigned long unmap_pte_one(pte_t *pte,
						   unsigned long addr,
						   unsigned long end)
{
	unsigned long size = PAGE_SIZE;
	pte_t old;

#ifdef CONFIG_HUGETLB_PAGE
	size = arch_vmap_pte_range_unmap_size(addr, pte);
	if (size != PAGE_SIZE) {
		unsigned long start = ALIGN_DOWN(addr, size);

		WARN_ON_ONCE(start != addr || end - addr < size);
		old = huge_ptep_get_and_clear(&init_mm, start,
					      pte - PFN_DOWN(addr - start),
					      size);
		size = min(start + size, end) - addr;
	} else
#endif
		old = ptep_get_and_clear(&init_mm, addr, pte);
	WARN_ON_ONCE(!pte_none(old) && !pte_present(old));
	return size;
}

static void unmap_ptes(pte_t *pte, unsigned long addr, unsigned long end)
{
	unsigned long size;

	lazy_mmu_mode_enable();
	do {
		size = unmap_pte_one(pte, addr, end);
	} while (pte += PFN_DOWN(size), addr += size, addr < end);
	lazy_mmu_mode_disable();
}

static void unmap_pmd_range(pud_t *pud, unsigned long addr, unsigned long end,
			    pgtbl_mod_mask *mask)
{
	pmd_t *pmd = pmd_offset(pud, addr);
	unsigned long next;

	do {
		next = pmd_addr_end(addr, end);
		if (pmd_clear_huge(pmd)) {
			WARN_ON_ONCE(next - addr < PMD_SIZE);
			*mask |= PGTBL_PMD_MODIFIED;
			continue;
		}
		if (pmd_bad(*pmd))
			*mask |= PGTBL_PMD_MODIFIED;
		if (pmd_none_or_clear_bad(pmd))
			continue;
		unmap_ptes(pte_offset_kernel(pmd, addr), addr, next);
		*mask |= PGTBL_PTE_MODIFIED;
		cond_resched();
	} while (pmd++, addr = next, addr < end);
}

static void unmap_pud_range(p4d_t *p4d, unsigned long addr, unsigned long end,
			    pgtbl_mod_mask *mask)
{
	pud_t *pud = pud_offset(p4d, addr);
	unsigned long next;

	do {
		next = pud_addr_end(addr, end);
		if (pud_clear_huge(pud)) {
			WARN_ON_ONCE(next - addr < PUD_SIZE);
			*mask |= PGTBL_PUD_MODIFIED;
			continue;
		}
		if (pud_bad(*pud))
			*mask |= PGTBL_PUD_MODIFIED;
		if (!pud_none_or_clear_bad(pud))
			unmap_pmd_range(pud, addr, next, mask);
	} while (pud++, addr = next, addr < end);
}

static void unmap_p4d_range(pgd_t *pgd, unsigned long addr, unsigned long end,
			    pgtbl_mod_mask *mask)
{
	p4d_t *p4d = p4d_offset(pgd, addr);
	unsigned long next;

	do {
		next = p4d_addr_end(addr, end);
		p4d_clear_huge(p4d);
		if (p4d_bad(*p4d))
			*mask |= PGTBL_P4D_MODIFIED;
		if (!p4d_none_or_clear_bad(p4d))
			unmap_pud_range(p4d, addr, next, mask);
	} while (p4d++, addr = next, addr < end);
}

static noinline void unmap_pgd_range(unsigned long start, unsigned long end)
{
	unsigned long addr = start;
	pgtbl_mod_mask mask = 0;
	unsigned long next;
	pgd_t *pgd;

	if (WARN_ONCE(start >= end, "unmapping an empty range at %#lx\n",
		      start))
		return;

	pgd = pgd_offset_k(addr);
	do {
		next = pgd_addr_end(addr, end);
		if (pgd_bad(*pgd))
			mask |= PGTBL_PGD_MODIFIED;
		if (!pgd_none_or_clear_bad(pgd))
			unmap_p4d_range(pgd, addr, next, &mask);
	} while (pgd++, addr = next, addr < end);

	if (mask & ARCH_PAGE_TABLE_SYNC_MASK)
		arch_sync_kernel_mappings(start, end);
}

/**
 * __vunmap_range_noflush - unmap a range without telling KMSAN
 * @start: first address of the range
 * @end: end of the range
 *
 * For KMSAN itself. Others call vunmap_range_noflush().
 *
 * Context: Process context, may sleep. The caller owns the range.
 */
void __vunmap_range_noflush(unsigned long start, unsigned long end)
{
	bool empty;
	pte_t *pte;

	pte = pte_at_once(start, end, &empty);
	if (likely(pte))
		unmap_ptes(pte, start, end);
	else if (!empty)
		unmap_pgd_range(start, end);
}

/**
 * vunmap_range_noflush - unmap a range and leave its TLB entries alone
 * @start: first address of the range
 * @end: end of the range
 *
 * The caller calls flush_cache_vunmap() first. The translations are gone from
 * the page tables afterwards but not from the TLBs: flush those before the
 * range is used for anything else.
 *
 * Context: Process context, may sleep. The caller owns the range.
 */
void vunmap_range_noflush(unsigned long start, unsigned long end)
{
	kmsan_vunmap_range_noflush(start, end);
	__vunmap_range_noflush(start, end);
}

/**
 * vunmap_range - unmap a range and flush caches and TLBs for it
 * @start: first address of the range
 * @end: end of the range
 *
 * Context: Process context, may sleep. The caller owns the range.
 */
void vunmap_range(unsigned long start, unsigned long end)
{
	flush_cache_vunmap(start, end);
	vunmap_range_noflush(start, end);
	flush_tlb_kernel_range(start, end);
}

/* === Tables that nothing uses === */

#ifdef CONFIG_VMALLOC_ORDERED_TRIM
/**
 * vmap_table_entry - find the table that translates an address
 * @addr: the address
 *
 * Context: any, where nobody frees that table, nor one above it.
 * Return: the entry that it hangs on, or %NULL if there is no such table.
 */
pmd_t *vmap_table_entry(unsigned long addr)
{
	pgd_t *pgd = pgd_offset_k(addr);
	p4d_t *p4d;
	pud_t *pud;
	pmd_t *pmd;

	if (pgd_none(*pgd) || pgd_bad(*pgd))
		return NULL;
	p4d = p4d_offset(pgd, addr);
	if (p4d_none(*p4d) || p4d_leaf(*p4d) || p4d_bad(*p4d))
		return NULL;
	pud = pud_offset(p4d, addr);
	if (pud_none(*pud) || pud_leaf(*pud) || pud_bad(*pud))
		return NULL;
	pmd = pmd_offset(pud, addr);
	if (pmd_none(*pmd) || pmd_leaf(*pmd) || pmd_bad(*pmd))
		return NULL;
	return pmd;
}

static bool table_is_empty(pmd_t *pmd, unsigned long addr)
{
	pte_t *pte = pte_offset_kernel(pmd, addr);
	unsigned int i;

	for (i = 0; i < PTRS_PER_PTE; i++)
		if (!pte_none(ptep_get(pte + i)))
			return false;
	return true;
}

static bool may_detach(pmd_t *pmd, unsigned long addr)
{
	/* Boot has made some of other memory. */
	if (PageReserved(pmd_page(*pmd)))
		return false;
	return !IS_ENABLED(CONFIG_DEBUG_VMALLOC) ||
	       !WARN_ONCE(!table_is_empty(pmd, addr),
			  "vmalloc: something is mapped at %#lx, which is free\n",
			  addr);
}

/* Go on at *@addr; returns how many tables there are in @tables. */
static unsigned int detach_tables(unsigned long *addr, unsigned long end,
				  pte_t **tables)
{
	unsigned int nr = 0;

	for (; *addr < end && nr < VMAP_TABLES_BATCH; *addr += PMD_SIZE) {
		pmd_t *pmd = vmap_table_entry(*addr);

		if (pmd && may_detach(pmd, *addr)) {
			tables[nr++] = pte_offset_kernel(pmd, *addr);
			pmd_clear(pmd);
		}
		cond_resched();
	}
	return nr;
}

/**
 * vmap_range_free_tables - free the page tables of a range
 * @start: first address, where a table begins
 * @end: end of the range, where one ends
 * @freed: gets the number of tables that were freed
 *
 * Of entries alone. What is left in TLBs, of any address, is flushed once for each
 * %VMAP_TABLES_BATCH of them.
 *
 * Context: Process context, may sleep. The caller owns the range, in which nothing
 * is mapped, nor in any TLB.
 * Return: 0, or -EBUSY if some are left because they are being looked at.
 */
int vmap_range_free_tables(unsigned long start, unsigned long end,
			   unsigned long *freed)
{
	pte_t *tables[VMAP_TABLES_BATCH];
	unsigned long addr = start;
	unsigned int nr, i;

	*freed = 0;
	while (addr < end) {
		if (!ptdump_shut_out())
			return -EBUSY;
		nr = detach_tables(&addr, end, tables);
		/*
		 * Of everything: a flush of addresses is for what is mapped there,
		 * and may leave what CPUs have cached of the tables above alone. It
		 * need not interrupt them; who walks with interrupts off, as perf
		 * does, is waited for after that.
		 */
		if (nr) {
			flush_tlb_all();
			tlb_remove_table_sync_one();
		}
		for (i = 0; i < nr; i++) {
			if (!(i % VMAP_PACE_STEP))
				vmap_pace_frees(tables[i]);
			pte_free_kernel(&init_mm, tables[i]);
		}
		ptdump_let_in();
		*freed += nr;
	}
	return 0;
}

/**
 * vmap_next_table - pass over addresses that have no tables
 * @start: where to begin
 * @end: where to stop
 *
 * Looks no lower than at tables that are never freed, so that the range may be
 * anybody's.
 *
 * Context: process context; may reschedule.
 * Return: the first address in [@start, @end) that there may be a table for, or
 * @end.
 */
unsigned long vmap_next_table(unsigned long start, unsigned long end)
{
	unsigned long addr, next;

	for (addr = start; addr < end; addr = next) {
		pgd_t *pgd = pgd_offset_k(addr);
		p4d_t *p4d;
		pud_t *pud;

		cond_resched();
		next = pgd_addr_end(addr, end);
		if (pgd_none(*pgd))
			continue;
		p4d = p4d_offset(pgd, addr);
		next = p4d_addr_end(addr, next);
		if (p4d_none(*p4d))
			continue;
		pud = pud_offset(p4d, addr);
		next = pud_addr_end(addr, next);
		if (!pud_none(READ_ONCE(*pud)) && !pud_leaf(READ_ONCE(*pud)))
			return addr;
	}
	return end;
}
#endif /* CONFIG_VMALLOC_ORDERED_TRIM */
