// SPDX-License-Identifier: GPL-2.0-only
/*
 * For the user "dump": areas of each kind, known by where they are and what is
 * in them. /proc/vmalloc_areas tells of them. Writing to the parameter "stop"
 * stops the machine, until the host has dumped its memory.
 */
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

/* The first word of each page is this and the page's number. */
#define MARK		0x5eedca11ab1e0000UL

/* The port of QEMU's pvpanic, and what is said there. */
#define PVPANIC_PORT	0x505
#define PVPANIC_PANIC	1

/* No memory is there, nor anything else: nobody accesses it. */
#define NO_DEVICE	0xc0000000UL

enum kind { VMALLOC, VMAP, VM_MAP_RAM, IOREMAP, VM_AREA };

/* By the words of /proc/vmallocinfo; nothing is known of the last. */
static const char *const kind_names[] = {
	"vmalloc", "vmap", "vm_map_ram", "ioremap", "area",
};

/*
 * Small ones come from a CPU's share of the space, and large ones from all of
 * it; a large vm_map_ram() has an area of its own. The largest reach across what
 * is one node's, so that the node of an address in them is not the area's.
 */
static struct area {
	enum kind kind;
	unsigned int pages;
	void *addr;
	struct page **backing;	/* of vmap() and vm_map_ram() */
	struct vm_struct *vm;
} areas[] = {
	{ VMALLOC, 1 }, { VMALLOC, 1 }, { VMALLOC, 2 }, { VMALLOC, 3 },
	{ VMALLOC, 7 }, { VMALLOC, 64 }, { VMALLOC, SZ_4M / PAGE_SIZE },
	{ VMALLOC, SZ_32M / PAGE_SIZE + 3 },
	{ VMAP, 1 }, { VMAP, 5 }, { VMAP, 700 },
	{ VM_MAP_RAM, 1 }, { VM_MAP_RAM, 4 }, { VM_MAP_RAM, 100 },
	{ IOREMAP, 1 }, { IOREMAP, 16 }, { IOREMAP, SZ_64M / PAGE_SIZE },
	{ VM_AREA, 1 }, { VM_AREA, 9 }, { VM_AREA, SZ_1G / PAGE_SIZE },
	{ VMALLOC, 1 }, { VMAP, 2 }, { VMALLOC, 1 }, { VM_AREA, 1 },
};

/* get_vm_area() is not exported. */
static struct vm_struct *(*get_area)(unsigned long size, unsigned long flags);

static int find_get_vm_area(void)
{
	struct kprobe probe = { .symbol_name = "get_vm_area" };
	int err = register_kprobe(&probe);

	if (err)
		return err;
	get_area = (void *)probe.addr;
	unregister_kprobe(&probe);
	return 0;
}

static void put_backing(struct area *area)
{
	unsigned int i;

	for (i = 0; area->backing && i < area->pages; i++) {
		if (area->backing[i])
			__free_page(area->backing[i]);
	}
	kvfree(area->backing);
}

static int get_backing(struct area *area)
{
	unsigned int i;

	area->backing = kvcalloc(area->pages, sizeof(*area->backing),
				 GFP_KERNEL);
	for (i = 0; area->backing && i < area->pages; i++) {
		area->backing[i] = alloc_page(GFP_KERNEL);
		if (!area->backing[i])
			return -ENOMEM;
	}
	return area->backing ? 0 : -ENOMEM;
}

static void drop(struct area *area)
{
	switch (area->addr ? area->kind : VMAP) {
	case VMALLOC:
		vfree(area->addr);
		break;
	case VMAP:
		if (area->addr)
			vunmap(area->addr);
		break;
	case VM_MAP_RAM:
		vm_unmap_ram(area->addr, area->pages);
		break;
	case IOREMAP:
		iounmap((void __iomem *)area->addr);
		break;
	case VM_AREA:
		free_vm_area(area->vm);
		break;
	}
	put_backing(area);
}

static void mark(const struct area *area)
{
	unsigned int i;

	if (area->kind == IOREMAP || area->kind == VM_AREA)
		return;
	for (i = 0; i < area->pages; i++)
		*(unsigned long *)(area->addr + i * PAGE_SIZE) = MARK + i;
}

static int make(struct area *area)
{
	unsigned long size = area->pages * PAGE_SIZE;

	if ((area->kind == VMAP || area->kind == VM_MAP_RAM) &&
	    get_backing(area))
		return -ENOMEM;
	switch (area->kind) {
	case VMALLOC:
		area->addr = vmalloc(size);
		break;
	case VMAP:
		area->addr = vmap(area->backing, area->pages, VM_MAP,
				  PAGE_KERNEL);
		break;
	case VM_MAP_RAM:
		area->addr = vm_map_ram(area->backing, area->pages,
					NUMA_NO_NODE);
		break;
	case IOREMAP:
		area->addr = (void __force *)ioremap(NO_DEVICE, size);
		break;
	case VM_AREA:
		area->vm = get_area(size, VM_MAP);
		area->addr = area->vm ? area->vm->addr : NULL;
		break;
	}
	if (!area->addr)
		return -ENOMEM;
	mark(area);
	return 0;
}

/* Its kind, address, bytes, and where its first page is. */
static int show(struct seq_file *m, void *unused)
{
	const struct area *area;

	for (area = areas; area < areas + ARRAY_SIZE(areas); area++) {
		unsigned long phys = 0;

		if (area->kind == IOREMAP)
			phys = NO_DEVICE;
		else if (area->kind != VM_AREA)
			phys = PFN_PHYS(vmalloc_to_pfn(area->addr));
		seq_printf(m, "%s %lx %lx %lx\n", kind_names[area->kind],
			   (unsigned long)area->addr, area->pages * PAGE_SIZE,
			   phys);
	}
	return 0;
}

static int stop(const char *text, const struct kernel_param *param)
{
	outb(PVPANIC_PANIC, PVPANIC_PORT);
	return 0;
}

static const struct kernel_param_ops stop_ops = { .set = stop };
module_param_cb(stop, &stop_ops, NULL, 0200);

static void drop_all(void)
{
	struct area *area;

	for (area = areas; area < areas + ARRAY_SIZE(areas); area++)
		drop(area);
}

static int __init areas_init(void)
{
	struct area *area;
	int err = find_get_vm_area();

	if (err)
		return err;
	for (area = areas; area < areas + ARRAY_SIZE(areas); area++) {
		err = make(area);
		if (err)
			goto drop;
	}
	if (proc_create_single("vmalloc_areas", 0400, NULL, show))
		return 0;
	err = -ENOMEM;
drop:
	drop_all();
	return err;
}

static void __exit areas_exit(void)
{
	remove_proc_entry("vmalloc_areas", NULL);
	drop_all();
}

module_init(areas_init);
module_exit(areas_exit);
MODULE_DESCRIPTION("Areas of vmalloc's for a dump to show");
MODULE_LICENSE("GPL");
