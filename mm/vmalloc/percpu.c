// SPDX-License-Identifier: GPL-2.0-only
/*
 * Congruent areas for the per-CPU allocator: several areas at the same offsets
 * from each other as those of the first chunk, wherever that is. They lie far
 * apart and are taken from the top of the vmalloc space, where ordinary ones
 * rarely come.
 */

#include <linux/kasan.h>
#include <linux/log2.h>
#include <linux/slab.h>

#include "internal.h"

static bool layout_valid(const unsigned long *offsets, const size_t *sizes,
			 int nr, size_t align)
{
	unsigned long span = 0, all = 0;
	int i, j;

	if (offset_in_page(align) || !is_power_of_2(align))
		return false;
	for (i = 0; i < nr; i++) {
		if (!sizes[i] || !IS_ALIGNED(offsets[i], align) ||
		    !IS_ALIGNED(sizes[i], align))
			return false;
		for (j = 0; j < i; j++)
			if (offsets[i] < offsets[j] + sizes[j] &&
			    offsets[j] < offsets[i] + sizes[i])
				return false;
		span = max(span, offsets[i] + sizes[i]);
		all += sizes[i];
	}
	return all && span <= VMALLOC_END - ALIGN(VMALLOC_START, align);
}

static void areas_free(struct vmap_area **vas, struct vm_struct **vms, int nr)
{
	int i;

	for (i = 0; vas && i < nr; i++)
		if (vas[i])
			vmap_area_free(vas[i]);
	for (i = 0; vms && i < nr; i++)
		kfree(vms[i]);
	kfree(vas);
	kfree(vms);
}

static bool areas_alloc(struct vmap_area ***vas, struct vm_struct ***vms,
			int nr, gfp_t gfp)
{
	int i;

	*vas = kcalloc(nr, sizeof(**vas), gfp);
	*vms = kcalloc(nr, sizeof(**vms), gfp);
	if (!*vas || !*vms)
		goto err;
	for (i = 0; i < nr; i++) {
		(*vas)[i] = vmap_area_alloc(gfp, NUMA_NO_NODE);
		(*vms)[i] = kzalloc(sizeof(***vms), gfp);
		if (!(*vas)[i] || !(*vms)[i])
			goto err;
	}
	return true;
err:
	areas_free(*vas, *vms, nr);
	return false;
}

/* Returns 0, or -ENOSPC or -ENOMEM and has taken nothing. */
static int areas_take(struct vmap_area **vas, const unsigned long *offsets,
		      const size_t *sizes, int nr, size_t align, gfp_t gfp)
{
	LIST_HEAD(spares);
	int err;

	err = vmap_spares_fill(&spares, nr, gfp);
	if (!err)
		err = vmap_space_take_congruent(vas, offsets, sizes, nr, align,
						&spares);
	/* They are rare: what waits is drained for these alone. */
	if (err == -ENOSPC) {
		vmap_reclaim(NULL);
		err = vmap_space_take_congruent(vas, offsets, sizes, nr, align,
						&spares);
	}
	vmap_spares_free(&spares);
	return err;
}

/* On failure the areas are in nobody's hands any longer. */
static int areas_populate_shadow(struct vmap_area **vas, int nr, gfp_t gfp)
{
	int i, err = 0;

	for (i = 0; !err && i < nr; i++)
		err = kasan_populate_vmalloc(vas[i]->va_start, va_size(vas[i]),
					     gfp);
	if (!err)
		return 0;
	/* The drain releases the shadow that is there before the addresses. */
	for (i = 0; i < nr; i++) {
		vmap_area_retire(vas[i]);
		vas[i] = NULL;
	}
	return err;
}

/**
 * pcpu_get_vm_areas - make areas at given offsets from each other
 * @offsets: where each area starts, from a common base
 * @sizes: bytes in each area
 * @nr_vms: how many
 * @align: alignment of the base and of all of the above
 * @gfp: how memory for all that describes them may be got; the caller holds a
 *	lock that reclaim may need
 *
 * Context: process; may sleep, whatever @gfp says.
 * Return: an array of the areas, to be freed by pcpu_free_vm_areas(), or NULL.
 */
struct vm_struct **pcpu_get_vm_areas(const unsigned long *offsets,
				     const size_t *sizes, int nr_vms,
				     size_t align, gfp_t gfp)
{
	struct vmap_area **vas;
	struct vm_struct **vms;
	unsigned long pages = 0;
	int i;

	if (WARN_ON(!layout_valid(offsets, sizes, nr_vms, align)))
		return NULL;
	for (i = 0; i < nr_vms; i++)
		pages += sizes[i] >> PAGE_SHIFT;
	if (unlikely(READ_ONCE(vmap_backlog.set)))
		vmap_reduce_backlog(pages);
	if (!areas_alloc(&vas, &vms, nr_vms, gfp))
		return NULL;
	if (areas_take(vas, offsets, sizes, nr_vms, align, gfp) ||
	    areas_populate_shadow(vas, nr_vms, gfp)) {
		areas_free(vas, vms, nr_vms);
		return NULL;
	}

	for (i = 0; i < nr_vms; i++) {
		vms[i]->flags = VM_ALLOC;
		vms[i]->caller = pcpu_get_vm_areas;
		vms[i]->requested_size = sizes[i];
		vmap_busy_add(vas[i], vms[i]);
	}
	/* They are mapped by the per-CPU allocator, page by page. */
	kasan_unpoison_vmap_areas(vms, nr_vms, KASAN_VMALLOC_PROT_NORMAL);

	kfree(vas);
	return vms;
}

/**
 * pcpu_free_vm_areas - free areas made by pcpu_get_vm_areas()
 * @vms: the array, which is freed, too
 * @nr_vms: how many
 *
 * Context: process; may sleep.
 */
void pcpu_free_vm_areas(struct vm_struct **vms, int nr_vms)
{
	int i;

	for (i = 0; i < nr_vms; i++)
		free_vm_area(vms[i]);
	kfree(vms);
}
