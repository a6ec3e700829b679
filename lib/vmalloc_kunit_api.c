// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit: the vmalloc() family, from one byte to huge pages, vrealloc(), and
 * what is told about areas in the log and in /proc/vmallocinfo.
 */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/mount.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include <asm/shmparam.h>

#include "vmalloc_kunit.h"

static const size_t sizes[] = {
	1, PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1, 2 * PAGE_SIZE,
	3 * PAGE_SIZE + 7, 16 * PAGE_SIZE, 64 * PAGE_SIZE - 1, 64 * PAGE_SIZE,
	100 * PAGE_SIZE, 256 * PAGE_SIZE, 257 * PAGE_SIZE,
	PAGE_SIZE / sizeof(long) * PAGE_SIZE,
	PAGE_SIZE / sizeof(long) * PAGE_SIZE + 1, 1024 * PAGE_SIZE + 5,
};

static void size_name(const size_t *size, char *name)
{
	snprintf(name, KUNIT_PARAM_DESC_SIZE, "%zu bytes", *size);
}

KUNIT_ARRAY_PARAM(size, sizes, size_name);

/* What is true of any area with pages of its own; it may have room to grow. */
static void expect_memory(struct kunit *test, void *p, size_t size)
{
	struct vm_struct *area = find_vm_area(p);
	size_t i;

	KUNIT_ASSERT_NOT_NULL(test, area);
	KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(p));
	KUNIT_EXPECT_PTR_EQ(test, area->addr, p);
	KUNIT_EXPECT_GE(test, get_vm_area_size(area), PAGE_ALIGN(size));
	KUNIT_EXPECT_EQ(test, area->nr_pages, PAGE_ALIGN(size) / PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, area->requested_size, size);
	KUNIT_EXPECT_EQ(test, area->flags & (VM_ALLOC | VM_UNINITIALIZED),
			VM_ALLOC);
	for (i = 0; i < area->nr_pages; i++) {
		void *at = p + i * PAGE_SIZE;

		if (!is_vmalloc_addr(at) ||
		    vmalloc_to_page(at + i % PAGE_SIZE) != area->pages[i] ||
		    vmalloc_to_pfn(at) != page_to_pfn(area->pages[i]))
			break;
	}
	KUNIT_EXPECT_EQ_MSG(test, i, area->nr_pages, "wrong page mapped");
	KUNIT_EXPECT_NULL(test, vmalloc_to_page(p + PAGE_ALIGN(size)));
}

/* Everything that is true of one that was allocated with that size. */
static void expect_ordinary(struct kunit *test, void *p, size_t size)
{
	struct vm_struct *area = find_vm_area(p);

	expect_memory(test, p, size);
	KUNIT_EXPECT_EQ(test, get_vm_area_size(area), PAGE_ALIGN(size));
}

static void allocates_and_frees_each_size(struct kunit *test)
{
	size_t size = *(const size_t *)test->param_value, i;
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	struct page *page;
	void *p;

	p = vmalloc(size);
	KUNIT_ASSERT_NOT_NULL(test, p);
	expect_ordinary(test, p, size);
	vmk_fill(p, size, size);
	KUNIT_EXPECT_TRUE(test, vmk_holds(p, size, size));
	if (!atomic_read(&ledger->foreign))
		KUNIT_EXPECT_GE(test, vmk_nr_pages() - ledger->pages,
				PAGE_ALIGN(size) / PAGE_SIZE);

	/* No two addresses lead to one page. */
	for (i = 0; i < PAGE_ALIGN(size); i += PAGE_SIZE)
		vmk_fill_page(vmalloc_to_page(p + i), i / PAGE_SIZE);
	for (i = 0; i < PAGE_ALIGN(size); i += PAGE_SIZE) {
		page = vmalloc_to_page(p + i);
		/* KASAN allows what was asked for, not all of its pages. */
		if (page_count(page) != 1 ||
		    !vmk_holds(p + i, min(PAGE_SIZE, size - i), i / PAGE_SIZE))
			break;
	}
	KUNIT_EXPECT_EQ_MSG(test, i, PAGE_ALIGN(size), "page shared");

	vfree(p);
	KUNIT_EXPECT_NULL(test, find_vm_area(p));
	KUNIT_EXPECT_NULL(test, vmalloc_to_page(p));
	vmk_expect_nothing_lost(test, ledger);
}

static void *zeroed_by_vzalloc(size_t size)
{
	return vzalloc(size);
}

static void *zeroed_by_vzalloc_node(size_t size)
{
	return vzalloc_node(size, first_online_node);
}

static void *zeroed_by_vmalloc_user(size_t size)
{
	return vmalloc_user(size);
}

static void *zeroed_by_vmalloc_32_user(size_t size)
{
	return vmalloc_32_user(size);
}

static void *zeroed_by_gfp(size_t size)
{
	return __vmalloc(size, GFP_KERNEL | __GFP_ZERO);
}

static void zeroing_calls_zero_whole_pages(struct kunit *test)
{
	static void *(* const call[])(size_t size) = {
		zeroed_by_vzalloc, zeroed_by_vzalloc_node,
		zeroed_by_vmalloc_user, zeroed_by_vmalloc_32_user,
		zeroed_by_gfp,
	};
	static const size_t some[] = { 1, PAGE_SIZE + 3, 33 * PAGE_SIZE };
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	size_t i, j;
	void *p;

	for (i = 0; i < ARRAY_SIZE(call); i++) {
		for (j = 0; j < ARRAY_SIZE(some); j++) {
			size_t whole = PAGE_ALIGN(some[j]);

			p = vmalloc(whole);
			KUNIT_ASSERT_NOT_NULL(test, p);
			memset(p, 0xa5, whole);
			vfree(p);

			p = call[i](some[j]);
			KUNIT_ASSERT_NOT_NULL(test, p);
			expect_ordinary(test, p, some[j]);
			KUNIT_EXPECT_NULL(test, memchr_inv(p, 0, some[j]));
			for (; whole; whole -= PAGE_SIZE) {
				struct page *page;
				void *kaddr;

				page = vmalloc_to_page(p + whole - PAGE_SIZE);
				kaddr = kmap_local_page(page);
				KUNIT_EXPECT_NULL(test, memchr_inv(kaddr, 0,
								   PAGE_SIZE));
				kunmap_local(kaddr);
			}
			vfree(p);
		}
	}
	vmk_expect_nothing_lost(test, ledger);
}

static void user_areas_are_marked_and_aligned(struct kunit *test)
{
	void *p = vmalloc_user(3 * PAGE_SIZE), *q = vmalloc_32_user(1);

	KUNIT_EXPECT_NOT_NULL(test, p);
	KUNIT_EXPECT_NOT_NULL(test, q);
	if (p && q) {
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)p, SHMLBA));
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)q, SHMLBA));
		KUNIT_EXPECT_TRUE(test, find_vm_area(p)->flags & VM_USERMAP);
		KUNIT_EXPECT_TRUE(test, find_vm_area(q)->flags & VM_USERMAP);
	}
	vfree(p);
	vfree(q);
}

static void pages_for_32_bits_lie_below_4_gigabytes(struct kunit *test)
{
	const unsigned int count = 40;
	unsigned int i;
	void *p, *q;

	if (IS_ENABLED(CONFIG_64BIT) && !IS_ENABLED(CONFIG_ZONE_DMA) &&
	    !IS_ENABLED(CONFIG_ZONE_DMA32))
		kunit_skip(test, "no zone ends at 4 gigabytes");
	p = vmalloc_32(count * PAGE_SIZE);
	q = vmalloc_32_user(count * PAGE_SIZE);
	KUNIT_EXPECT_NOT_NULL(test, p);
	KUNIT_EXPECT_NOT_NULL(test, q);
	for (i = 0; p && q && i < count; i++) {
		u64 pfn = max(vmalloc_to_pfn(p + i * PAGE_SIZE),
			      vmalloc_to_pfn(q + i * PAGE_SIZE));

		KUNIT_EXPECT_EQ(test, (pfn << PAGE_SHIFT) >> 32, 0);
	}
	vfree(p);
	vfree(q);
}

static void takes_each_gfp_flag_in_use(struct kunit *test)
{
	static const gfp_t flags[] = {
		GFP_KERNEL, GFP_NOFS, GFP_NOIO, GFP_KERNEL | __GFP_NOWARN,
		GFP_KERNEL | __GFP_NOFAIL, GFP_NOFS | __GFP_NOFAIL,
		GFP_USER, GFP_KERNEL_ACCOUNT,
		GFP_KERNEL | __GFP_RETRY_MAYFAIL, GFP_KERNEL | __GFP_NORETRY,
		GFP_NOIO | __GFP_ZERO | __GFP_ACCOUNT,
	};
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	unsigned int i;
	void *p;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		size_t size = (5 + i) * PAGE_SIZE + i;

		p = __vmalloc(size, flags[i]);
		KUNIT_ASSERT_NOT_NULL_MSG(test, p, "gfp %pGg", &flags[i]);
		expect_ordinary(test, p, size);
		vmk_fill(p, size, i);
		KUNIT_EXPECT_TRUE(test, vmk_holds(p, size, i));
		vfree(p);
	}
	vmk_expect_nothing_lost(test, ledger);
}

static void allocates_on_each_node(struct kunit *test)
{
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	unsigned int i;
	int node;
	void *p;

	for_each_node_state(node, N_MEMORY) {
		p = vmalloc_node(10 * PAGE_SIZE, node);
		KUNIT_ASSERT_NOT_NULL(test, p);
		expect_ordinary(test, p, 10 * PAGE_SIZE);
		for (i = 0; i < 10; i++) {
			struct page *page = vmalloc_to_page(p + i * PAGE_SIZE);

			KUNIT_EXPECT_EQ(test, node, page_to_nid(page));
		}
		vfree(p);
	}
	p = vmalloc_node(PAGE_SIZE, NUMA_NO_NODE);
	KUNIT_EXPECT_NOT_NULL(test, p);
	vfree(p);
	vmk_expect_nothing_lost(test, ledger);
}

/* Where only CPUs are, memory comes from elsewhere, and nobody is told off for it. */
static void a_node_without_memory_will_do(struct kunit *test)
{
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	unsigned int nodes = 0;
	size_t size;
	int node;
	void *p;

	for_each_online_node(node) {
		if (node_state(node, N_MEMORY))
			continue;
		nodes++;
		for (size = PAGE_SIZE; size <= SZ_4M; size *= 32) {
			p = vmalloc_node(size, node);
			KUNIT_ASSERT_NOT_NULL(test, p);
			expect_ordinary(test, p, size);
			vmk_fill(p, size, node);
			KUNIT_EXPECT_TRUE(test, vmk_holds(p, size, node));
			vfree(p);
		}
	}
	vmk_expect_nothing_lost(test, ledger);
	if (!nodes)
		kunit_skip(test, "each node has memory");
}

static void aligns_as_asked(struct kunit *test)
{
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	unsigned long align;
	void *p, *q;

	for (align = 1; align <= SZ_4M; align <<= 1) {
		p = __vmalloc_node(PAGE_SIZE + 1, align, GFP_KERNEL,
				   NUMA_NO_NODE, __builtin_return_address(0));
		q = __vmalloc_node(PAGE_SIZE + 1, align, GFP_KERNEL,
				   NUMA_NO_NODE, __builtin_return_address(0));
		KUNIT_EXPECT_NOT_NULL(test, p);
		KUNIT_EXPECT_NOT_NULL(test, q);
		KUNIT_EXPECT_PTR_NE(test, p, q);
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)p, align));
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)q, align));
		KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(p));
		vfree(p);
		vfree(q);
	}
	vmk_expect_nothing_lost(test, ledger);
}

/*
 * From the size of a huge page on, memory comes in blocks of that size, and
 * below it of what the architecture maps at once, unless the kernel was told
 * otherwise.
 */
static void expect_huge(struct kunit *test, const struct vm_struct *area,
			size_t size)
{
#ifdef CONFIG_HAVE_ARCH_HUGE_VMALLOC
	unsigned int shift = arch_vmap_pte_supported_shift(size);

	if (size >= PMD_SIZE && arch_vmap_pmd_supported(PAGE_KERNEL))
		shift = PMD_SHIFT;
	if (vmk_booted_with("nohugevmalloc"))
		shift = PAGE_SHIFT;
	KUNIT_EXPECT_EQ(test, area->page_order, shift - PAGE_SHIFT);
#endif
}

static void huge_allocations_look_like_small_ones(struct kunit *test)
{
	/* Not static: powerpc64 finds out at boot how large PMD_SIZE is. */
	const size_t some[] = { 1, SZ_64K, PMD_SIZE - 1, PMD_SIZE,
				2 * PMD_SIZE + PAGE_SIZE };
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	unsigned int i;
	size_t at;

	for (i = 0; i < ARRAY_SIZE(some); i++) {
		struct vm_struct *area;
		void *p;

		/* A small space need not have that in one piece. */
		if (some[i] > (VMALLOC_END - VMALLOC_START) / 4)
			continue;
		p = vmalloc_huge(some[i], GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, p);
		area = find_vm_area(p);
		KUNIT_ASSERT_NOT_NULL(test, area);
		KUNIT_EXPECT_EQ(test, area->requested_size, some[i]);
		KUNIT_EXPECT_GE(test, get_vm_area_size(area), some[i]);
		KUNIT_EXPECT_EQ(test, get_vm_area_size(area),
				(unsigned long)area->nr_pages << PAGE_SHIFT);
		expect_huge(test, area, some[i]);
		vmk_fill(p, some[i], i);
		for (at = 0; at < some[i]; at += PAGE_SIZE)
			if (vmalloc_to_page(p + at) !=
			    area->pages[at >> PAGE_SHIFT])
				break;
		KUNIT_EXPECT_GE_MSG(test, at, some[i], "wrong page mapped");
		KUNIT_EXPECT_NULL(test,
				  vmalloc_to_page(p + get_vm_area_size(area)));
		KUNIT_EXPECT_TRUE(test, vmk_holds(p, some[i], i));
		vfree(p);
		KUNIT_EXPECT_NULL(test, find_vm_area(p));
	}
	vmk_expect_nothing_lost(test, ledger);
}

static int by_address(const void *a, const void *b)
{
	unsigned long left = *(const unsigned long *)a;
	unsigned long right = *(const unsigned long *)b;

	return left < right ? -1 : left > right;
}

static void live_areas_never_overlap(struct kunit *test)
{
	enum { COUNT = 400 };
	unsigned int *order, i, bad = 0;
	unsigned long *sorted;
	struct rnd_state rnd;
	size_t *size;
	void **p;

	p = kunit_kcalloc(test, COUNT, sizeof(*p), GFP_KERNEL);
	size = kunit_kcalloc(test, COUNT, sizeof(*size), GFP_KERNEL);
	order = kunit_kcalloc(test, COUNT, sizeof(*order), GFP_KERNEL);
	sorted = kunit_kcalloc(test, COUNT, sizeof(*sorted), GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, p && size && order && sorted);
	vmk_seed(test, &rnd);
	for (i = 0; i < COUNT; i++) {
		size[i] = 1 + vmk_random_below(&rnd, 8 * PAGE_SIZE);
		p[i] = vmalloc(size[i]);
		KUNIT_EXPECT_NOT_NULL(test, p[i]);
		if (!p[i])
			break;
		vmk_fill(p[i], size[i], i);
		sorted[i] = (unsigned long)p[i];
	}
	sort(sorted, i, sizeof(*sorted), by_address, NULL);
	while (i-- > 1) {
		struct vm_struct *area = find_vm_area((void *)sorted[i - 1]);

		bad += sorted[i - 1] + area->size > sorted[i];
	}
	KUNIT_EXPECT_EQ_MSG(test, bad, 0, "areas overlap");

	vmk_shuffle(&rnd, order, COUNT);
	for (i = 0, bad = 0; i < COUNT; i++) {
		unsigned int next = order[i];

		if (!p[next])
			continue;
		bad += !vmk_holds(p[next], size[next], next);
		vfree(p[next]);
		bad += vmk_area_at(p[next]);
	}
	KUNIT_EXPECT_EQ_MSG(test, bad, 0, "areas overwritten or not freed");
}

static void classifies_addresses_at_the_edges(struct kunit *test)
{
	void *slab = kunit_kzalloc(test, 8, GFP_KERNEL);
	void *p = vmalloc(1);

	KUNIT_EXPECT_TRUE(test, is_vmalloc_addr((void *)VMALLOC_START));
	KUNIT_EXPECT_TRUE(test, is_vmalloc_addr((void *)(VMALLOC_END - 1)));
	KUNIT_EXPECT_FALSE(test, is_vmalloc_addr((void *)(VMALLOC_START - 1)));
	KUNIT_EXPECT_FALSE(test, is_vmalloc_addr((void *)VMALLOC_END));
	KUNIT_EXPECT_FALSE(test, is_vmalloc_addr(NULL));
	KUNIT_EXPECT_FALSE(test, is_vmalloc_addr((void *)ULONG_MAX));
	KUNIT_EXPECT_FALSE(test, is_vmalloc_addr(slab));
	KUNIT_EXPECT_TRUE(test, is_vmalloc_addr(p));
	KUNIT_EXPECT_TRUE(test, is_vmalloc_or_module_addr(p));
	KUNIT_EXPECT_FALSE(test, is_vmalloc_or_module_addr(slab));
	KUNIT_EXPECT_FALSE(test, is_vmalloc_or_module_addr(NULL));
	vfree(p);
}

static void reallocation_keeps_contents(struct kunit *test)
{
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	void *p, *q;

	p = vrealloc(NULL, 3 * PAGE_SIZE + 5, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	expect_ordinary(test, p, 3 * PAGE_SIZE + 5);
	vmk_fill(p, 3 * PAGE_SIZE + 5, 1);

	/* Within the last page, and down: in place. */
	q = vrealloc(p, 4 * PAGE_SIZE, GFP_KERNEL);
	KUNIT_EXPECT_PTR_EQ(test, p, q);
	KUNIT_EXPECT_EQ(test, find_vm_area(p)->requested_size, 4 * PAGE_SIZE);
	q = vrealloc(p, PAGE_SIZE + 1, GFP_KERNEL);
	KUNIT_EXPECT_PTR_EQ(test, p, q);
	KUNIT_EXPECT_EQ(test, find_vm_area(p)->requested_size, PAGE_SIZE + 1);
	KUNIT_EXPECT_TRUE(test, vmk_holds(p, PAGE_SIZE + 1, 1));
	q = vrealloc(p, 2 * PAGE_SIZE, GFP_KERNEL);
	KUNIT_EXPECT_PTR_EQ(test, p, q);

	q = vrealloc(p, 50 * PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, q);
	expect_memory(test, q, 50 * PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, vmk_holds(q, PAGE_SIZE + 1, 1));

	KUNIT_EXPECT_NULL(test, vrealloc(q, 0, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, find_vm_area(q));
	KUNIT_EXPECT_NULL(test, vrealloc(NULL, 0, GFP_KERNEL));
	vmk_expect_nothing_lost(test, ledger);
}

static void reallocation_zeroes_what_it_adds(struct kunit *test)
{
	const gfp_t gfp = GFP_KERNEL | __GFP_ZERO;
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	size_t small = PAGE_SIZE / 2, mid = 3 * PAGE_SIZE;
	void *p;

	p = vrealloc(NULL, mid, gfp);
	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_EXPECT_NULL(test, memchr_inv(p, 0, mid));
	memset(p, 0xee, mid);
	p = vrealloc(p, small, gfp);
	KUNIT_ASSERT_NOT_NULL(test, p);
	p = vrealloc(p, mid, gfp);
	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_EXPECT_NULL(test, memchr_inv(p, 0xee, small));
	KUNIT_EXPECT_NULL(test, memchr_inv(p + small, 0, mid - small));
	p = vrealloc(p, 20 * PAGE_SIZE, gfp);
	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_EXPECT_NULL(test, memchr_inv(p, 0xee, small));
	KUNIT_EXPECT_NULL(test, memchr_inv(p + small, 0,
					   20 * PAGE_SIZE - small));
	vfree(p);
	vmk_expect_nothing_lost(test, ledger);
}

static void describes_an_object(struct kunit *test)
{
	void *slab = kunit_kzalloc(test, 8, GFP_KERNEL);
	unsigned long stop = jiffies + HZ;
	char expected[96];
	bool known;
	void *p;
	u64 mark;

	if (!IS_ENABLED(CONFIG_PRINTK))
		kunit_skip(test, "needs CONFIG_PRINTK");
	p = vmalloc(7 * PAGE_SIZE);
	KUNIT_ASSERT_NOT_NULL(test, p);
	mark = vmk_log_mark();
	pr_info("vmalloc_kunit:");
	/* It waits for no lock; somebody may read vmallocinfo just now. */
	do {
		known = vmalloc_dump_obj(p);
	} while (!known && time_before(jiffies, stop));
	KUNIT_EXPECT_TRUE(test, known);
	snprintf(expected, sizeof(expected),
		 " 7-page vmalloc region starting at %#lx allocated at ",
		 (unsigned long)p);
	KUNIT_EXPECT_EQ(test, vmk_log_count(mark, expected), 1);
	vfree(p);
	KUNIT_EXPECT_FALSE(test, vmalloc_dump_obj(p));
	KUNIT_EXPECT_FALSE(test, vmalloc_dump_obj(slab));
	KUNIT_EXPECT_FALSE(test, vmalloc_dump_obj(NULL));
}

/* What /proc/vmallocinfo holds now, without a /proc to look into. */
static char *read_vmallocinfo(struct kunit *test, size_t room)
{
	struct file_system_type *proc = get_fs_type("proc");
	char *text = kunit_kzalloc(test, room, GFP_KERNEL);
	struct vfsmount *mnt;
	struct file *file;
	struct path root;
	loff_t pos = 0;

	if (!proc)
		kunit_skip(test, "needs CONFIG_PROC_FS");
	KUNIT_ASSERT_NOT_NULL(test, text);
	mnt = vfs_kern_mount(proc, SB_KERNMOUNT, "proc", NULL);
	put_filesystem(proc);
	KUNIT_ASSERT_FALSE(test, IS_ERR(mnt));
	root.mnt = mnt;
	root.dentry = mnt->mnt_root;
	file = file_open_root(&root, "vmallocinfo", O_RDONLY, 0);
	KUNIT_EXPECT_FALSE(test, IS_ERR(file));
	if (!IS_ERR(file)) {
		KUNIT_EXPECT_EQ(test, 0400, file_inode(file)->i_mode & 0777);
		while (pos < room - 1)
			if (kernel_read(file, text + pos, room - 1 - pos,
					&pos) <= 0)
				break;
		__fput_sync(file);
	}
	kern_unmount(mnt);
	KUNIT_ASSERT_LT(test, pos, room - 1);
	return text;
}

/* Count lines that start as they should, name this file's caller and @end. */
static unsigned int count_lines(const char *text, const char *end)
{
	const char *line, *next;
	unsigned long size;
	unsigned int count = 0;
	char copy[256];

	for (line = text; *line; line = next) {
		next = strchrnul(line, '\n');
		strscpy(copy, line, min(sizeof(copy), next - line + 1UL));
		next += *next == '\n';
		/* Addresses are not told to everybody, nor early in the boot. */
		if (sscanf(copy, "0x%*s %lu ", &size) != 1)
			continue;
		if (strstr(copy, end) &&
		    (strstr(copy, "proc_lists_each_kind_of_area") ||
		     !strstr(copy, "+0x")))
			count++;
	}
	return count;
}

static noinline void proc_lists_each_kind_of_area(struct kunit *test)
{
	struct page **page = vmk_alloc_pages(test, VMK_BLOCK_PAGES + 1);
	struct vm_struct *io, *sparse, *dma;
	/* If its list of pages is larger than a page, that is vmalloc()ed, too. */
	const char *large = 1025 * sizeof(*page) > PAGE_SIZE ?
			    " pages=1025 vmalloc vpages" : " pages=1025 vmalloc";
	void *p, *user, *mapped, *ram;
	char *text;

	if (!IS_ENABLED(CONFIG_KALLSYMS))
		kunit_skip(test, "needs CONFIG_KALLSYMS");
	p = vmalloc(1025 * PAGE_SIZE);
	user = vmalloc_user(3 * PAGE_SIZE);
	mapped = vmap(page, 3, VM_MAP, PAGE_KERNEL);
	ram = vm_map_ram(page, VMK_BLOCK_PAGES + 1, NUMA_NO_NODE);
	io = get_vm_area(PAGE_SIZE, VM_IOREMAP);
	sparse = get_vm_area(PAGE_SIZE, VM_SPARSE);
	dma = get_vm_area(PAGE_SIZE, VM_DMA_COHERENT);
	KUNIT_ASSERT_TRUE(test, p && user && mapped && ram && io && sparse && dma);
	io->phys_addr = 0x12345000;
	/* As dma_common_pages_remap() does: pages of its own, and no count. */
	dma->pages = p;

	text = read_vmallocinfo(test, SZ_256K);
	KUNIT_EXPECT_EQ(test, 1, count_lines(text, large));
	KUNIT_EXPECT_EQ(test, 1, count_lines(text, " pages=3 vmalloc user"));
	KUNIT_EXPECT_EQ(test, 1, count_lines(text, " vmap"));
	KUNIT_EXPECT_EQ(test, 1, count_lines(text, " phys=0x"));
	KUNIT_EXPECT_EQ(test, 1, count_lines(text, " ioremap"));
	KUNIT_EXPECT_EQ(test, 1, count_lines(text, " sparse"));
	KUNIT_EXPECT_EQ(test, 1, count_lines(text, " dma-coherent vpages"));
	KUNIT_EXPECT_GE(test, count_lines(text, " vm_map_ram"), 1);
	if (IS_ENABLED(CONFIG_NUMA))
		KUNIT_EXPECT_EQ(test, 1, count_lines(text, " user N"));

	vunmap(mapped);
	vfree(user);
	vm_unmap_ram(ram, VMK_BLOCK_PAGES + 1);
	text = read_vmallocinfo(test, SZ_256K);
	KUNIT_EXPECT_EQ(test, 0, count_lines(text, " vmap"));
	KUNIT_EXPECT_EQ(test, 0, count_lines(text, " user"));
	KUNIT_EXPECT_GE(test, count_lines(text, " unpurged vm_area"), 1);
	free_vm_area(io);
	free_vm_area(sparse);
	free_vm_area(dma);
	vfree(p);
}

static struct kunit_case vmalloc_api_cases[] = {
	KUNIT_CASE_PARAM(allocates_and_frees_each_size, size_gen_params),
	KUNIT_CASE(zeroing_calls_zero_whole_pages),
	KUNIT_CASE(user_areas_are_marked_and_aligned),
	KUNIT_CASE(pages_for_32_bits_lie_below_4_gigabytes),
	KUNIT_CASE(takes_each_gfp_flag_in_use),
	KUNIT_CASE(allocates_on_each_node),
	KUNIT_CASE(a_node_without_memory_will_do),
	KUNIT_CASE(aligns_as_asked),
	KUNIT_CASE(huge_allocations_look_like_small_ones),
	KUNIT_CASE(live_areas_never_overlap),
	KUNIT_CASE(classifies_addresses_at_the_edges),
	KUNIT_CASE(reallocation_keeps_contents),
	KUNIT_CASE(reallocation_zeroes_what_it_adds),
	KUNIT_CASE(describes_an_object),
	KUNIT_CASE(proc_lists_each_kind_of_area),
	{}
};

static struct kunit_suite vmalloc_api_suite = {
	.name = "vmalloc_api",
	.init = vmk_init,
	.test_cases = vmalloc_api_cases,
};

kunit_test_suite(vmalloc_api_suite);
