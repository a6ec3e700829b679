// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bringing vmalloc up, from the layers below to those above.
 */

#include <linux/init.h>

#include "internal.h"

static void __init early_areas_import(void)
{
	struct vm_struct *vm;
	struct vmap_area *va;

	for (vm = vm_area_early_list(); vm; vm = vm->next) {
		va = vmap_area_alloc(GFP_NOWAIT, NUMA_NO_NODE);
		if (WARN_ON_ONCE(!va))
			continue;
		va->va_start = (unsigned long)vm->addr;
		va->va_end = va->va_start + vm->size;
		va->flags = 0;
		vmap_busy_add(va, vm);
	}
}

/**
 * vmalloc_init - make vmalloc() and its relatives usable
 *
 * Context: boot, one CPU, once the slab allocator is there.
 */
void __init vmalloc_init(void)
{
	vmap_areas_init();
	vm_area_init();
	vmap_space_init(vm_area_early_list());
	early_areas_import();
	vmap_block_init();
	vmalloc_alloc_init();
	vmap_drain_init(&vmap_block_client);
	vmap_initialized = true;
}
