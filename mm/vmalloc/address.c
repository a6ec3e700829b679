// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an address is, and what is mapped there: questions that the rest of the
 * kernel asks in any context, so that there are no locks. Whether the answer
 * still holds when it is used is up to who asks.
 */
#include <linux/bug.h>
#include <linux/export.h>
#include <linux/kasan.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/vmalloc.h>

#include <asm/sections.h>

/**
 * is_vmalloc_addr - tell whether an address is in vmalloc's address range
 * @x: any address
 *
 * Context: Any context.
 * Return: true if it is, whether or not something is mapped there.
 */
bool is_vmalloc_addr(const void *x)
{
	unsigned long addr = (unsigned long)kasan_reset_tag(x);

	return addr >= VMALLOC_START && addr < VMALLOC_END;
}
EXPORT_SYMBOL(is_vmalloc_addr);

/**
 * is_vmalloc_or_module_addr - tell whether vmalloc or modules own an address
 * @x: any address
 *
 * Some architectures load modules to a range of their own, and others use
 * vmalloc's.
 *
 * Context: Any context.
 * Return: 1 if the address is in either range, 0 if not.
 */
int is_vmalloc_or_module_addr(const void *x)
{
#if defined(CONFIG_EXECMEM) && defined(MODULES_VADDR)
	unsigned long addr = (unsigned long)kasan_reset_tag(x);

	if (addr >= MODULES_VADDR && addr < MODULES_END)
		return 1;
#endif
	return is_vmalloc_addr(x);
}
EXPORT_SYMBOL_GPL(is_vmalloc_or_module_addr);

/**
 * vmalloc_to_page - look up the page that is mapped at an address
 * @vmalloc_addr: address in a vmalloc or module range
 *
 * Context: Any context. The caller sees to it that the address stays mapped.
 * Return: the page, of a huge mapping the one that holds the address; %NULL if
 * nothing is mapped there.
 */
struct page *vmalloc_to_page(const void *vmalloc_addr)
{
	unsigned long addr = (unsigned long)vmalloc_addr;
	pgd_t *pgd = pgd_offset_k(addr);
	p4d_t *p4d;
	pud_t *pud;
	pmd_t *pmd;
	pte_t pte;

	WARN_ON_ONCE(IS_ENABLED(CONFIG_DEBUG_VIRTUAL) &&
		     !is_vmalloc_or_module_addr(vmalloc_addr));

	/* Nothing maps as much as a pgd entry covers. */
	if (pgd_none(*pgd) || WARN_ON_ONCE(pgd_leaf(*pgd) || pgd_bad(*pgd)))
		return NULL;

	p4d = p4d_offset(pgd, addr);
	if (p4d_none(*p4d))
		return NULL;
	if (p4d_leaf(*p4d))
		return p4d_page(*p4d) + PFN_DOWN(addr & ~P4D_MASK);
	if (WARN_ON_ONCE(p4d_bad(*p4d)))
		return NULL;

	pud = pud_offset(p4d, addr);
	if (pud_none(*pud))
		return NULL;
	if (pud_leaf(*pud))
		return pud_page(*pud) + PFN_DOWN(addr & ~PUD_MASK);
	if (WARN_ON_ONCE(pud_bad(*pud)))
		return NULL;

	pmd = pmd_offset(pud, addr);
	if (pmd_none(*pmd))
		return NULL;
	if (pmd_leaf(*pmd))
		return pmd_page(*pmd) + PFN_DOWN(addr & ~PMD_MASK);
	if (WARN_ON_ONCE(pmd_bad(*pmd)))
		return NULL;

	pte = ptep_get(pte_offset_kernel(pmd, addr));
	return pte_present(pte) ? pte_page(pte) : NULL;
}
EXPORT_SYMBOL(vmalloc_to_page);

/**
 * vmalloc_to_pfn - look up the page frame that is mapped at an address
 * @vmalloc_addr: address in a vmalloc or module range, and mapped
 *
 * Context: Any context. The caller sees to it that the address stays mapped.
 * Return: the number of the page frame.
 */
unsigned long vmalloc_to_pfn(const void *vmalloc_addr)
{
	return page_to_pfn(vmalloc_to_page(vmalloc_addr));
}
EXPORT_SYMBOL(vmalloc_to_pfn);
