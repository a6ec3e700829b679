// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/ksft_vmalloc: areas of known content for the vmalloc selftests to look
 * at, and accesses that may fault. For root on a test machine alone: it reads
 * any kernel memory.
 *
 * An access is a load or store like any other, but for the entry in the
 * exception table that makes an error of its fault. It is done in an interrupt
 * of the CPU that is asked for: a switch to another process, which would take
 * the caller there, may flush what that CPU's TLB knows.
 */
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/prandom.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "ksft_vmalloc.h"

struct area {
	struct list_head list;
	struct ksft_vmalloc_area user;
	void *addr;
	struct page **pages;	/* NULL if they are vmalloc()'s own */
};

/* Of an open file. */
struct owner {
	struct mutex lock;	/* guards @areas */
	struct list_head areas;
};

static void put_pages(struct page **pages, unsigned int nr)
{
	while (nr)
		__free_page(pages[--nr]);
	kvfree(pages);
}

static struct page **get_pages(unsigned int nr)
{
	struct page **pages = kvcalloc(nr, sizeof(*pages), GFP_KERNEL);
	unsigned int i;

	for (i = 0; pages && i < nr; i++) {
		pages[i] = alloc_page(GFP_KERNEL);
		if (!pages[i]) {
			put_pages(pages, i);
			return NULL;
		}
	}
	return pages;
}

static void unmap_area(struct area *area)
{
	if (!area->addr)
		return;
	switch (area->user.kind) {
	case KSFT_VMALLOC:
		vfree(area->addr);
		break;
	case KSFT_VMAP:
		vunmap(area->addr);
		break;
	case KSFT_VM_MAP_RAM:
		vm_unmap_ram(area->addr, area->user.pages);
		break;
	}
}

static void free_area(struct area *area)
{
	unmap_area(area);
	if (area->pages)
		put_pages(area->pages, area->user.pages);
	kfree(area);
}

static int map_area(struct area *area)
{
	unsigned int nr = area->user.pages;

	if (area->user.kind == KSFT_VMALLOC) {
		area->addr = vmalloc(nr * PAGE_SIZE);
		return area->addr ? 0 : -ENOMEM;
	}
	area->pages = get_pages(nr);
	if (!area->pages)
		return -ENOMEM;
	if (area->user.kind == KSFT_VMAP)
		area->addr = vmap(area->pages, nr, VM_MAP, PAGE_KERNEL);
	else
		area->addr = vm_map_ram(area->pages, nr, NUMA_NO_NODE);
	return area->addr ? 0 : -ENOMEM;
}

static void fill_area(const struct area *area)
{
	size_t offset, size = area->user.pages * PAGE_SIZE;

	for (offset = 0; offset < size; offset += sizeof(u64))
		*(u64 *)(area->addr + offset) = ksft_word(area->user.seed, offset);
}

static long alloc_area(struct owner *owner, void __user *arg)
{
	struct area *area = kzalloc(sizeof(*area), GFP_KERNEL);
	long err = -EFAULT;

	if (!area)
		return -ENOMEM;
	if (copy_from_user(&area->user, arg, sizeof(area->user)))
		goto free;
	err = -EINVAL;
	if (area->user.kind >= KSFT_KINDS || area->user.pad ||
	    !area->user.pages || area->user.pages > KSFT_PAGES_MAX)
		goto free;
	err = map_area(area);
	if (err)
		goto free;
	fill_area(area);
	area->user.addr = (unsigned long)area->addr;
	err = -EFAULT;
	if (copy_to_user(arg, &area->user, sizeof(area->user)))
		goto free;

	mutex_lock(&owner->lock);
	list_add(&area->list, &owner->areas);
	mutex_unlock(&owner->lock);
	return 0;
free:
	free_area(area);
	return err;
}

static long forget_area(struct owner *owner, void __user *arg)
{
	struct area *area, *found = NULL;
	u64 addr;

	if (copy_from_user(&addr, arg, sizeof(addr)))
		return -EFAULT;
	mutex_lock(&owner->lock);
	list_for_each_entry(area, &owner->areas, list) {
		if (area->user.addr == addr) {
			found = area;
			list_del(&found->list);
			break;
		}
	}
	mutex_unlock(&owner->lock);
	if (!found)
		return -ENOENT;
	free_area(found);
	return 0;
}

static void peek(void *info)
{
	struct ksft_vmalloc_access *access = info;

	access->error = copy_from_kernel_nofault(&access->word,
						 (void *)(unsigned long)access->addr,
						 sizeof(access->word));
}

static void poke(void *info)
{
	struct ksft_vmalloc_access *access = info;
	unsigned long word = access->word;

	pagefault_disable();
	__put_kernel_nofault((void *)(unsigned long)access->addr, &word,
			     unsigned long, fault);
	pagefault_enable();
	access->error = 0;
	return;
fault:
	pagefault_enable();
	access->error = -EFAULT;
}

/* Is a stray store to @addr ours to make? */
static bool may_poke(struct owner *owner, u64 addr)
{
	struct area *area;
	bool found = false;

	mutex_lock(&owner->lock);
	list_for_each_entry(area, &owner->areas, list) {
		if (addr >= area->user.addr &&
		    addr < area->user.addr + (area->user.pages + 1) * PAGE_SIZE)
			found = true;
	}
	mutex_unlock(&owner->lock);
	return found;
}

static long access_memory(struct owner *owner, void __user *arg, bool store)
{
	struct ksft_vmalloc_access access;
	int err;

	if (copy_from_user(&access, arg, sizeof(access)))
		return -EFAULT;
	if (access.cpu >= nr_cpu_ids || access.addr % sizeof(access.word) ||
	    access.addr != (unsigned long)access.addr)
		return -EINVAL;
	if (store && !may_poke(owner, access.addr))
		return -EPERM;
	err = smp_call_function_single(access.cpu, store ? poke : peek, &access,
				       true);
	if (err)
		return err;
	return copy_to_user(arg, &access, sizeof(access)) ? -EFAULT : 0;
}

/* How many areas a caller has at a time. */
#define CHURN_AREAS	4

/*
 * One area is freed and another allocated, after a sleep: who wakes up preempts
 * somebody who reads of these areas, wherever that one is.
 */
static long churn(void __user *arg)
{
	void *addr[CHURN_AREAS] = {}, **one;
	struct ksft_vmalloc_churn churn;
	struct rnd_state rnd;
	unsigned int i;
	long err = 0;

	if (copy_from_user(&churn, arg, sizeof(churn)))
		return -EFAULT;
	if (!churn.pages || churn.pages > KSFT_PAGES_MAX || churn.pad)
		return -EINVAL;
	prandom_seed_state(&rnd, churn.seed);
	for (i = 0; i < churn.times && !err; i++) {
		one = &addr[prandom_u32_state(&rnd) % CHURN_AREAS];
		vfree(*one);
		*one = vmalloc((1 + prandom_u32_state(&rnd) % churn.pages) *
			       PAGE_SIZE);
		if (!*one)
			err = -ENOMEM;
		else if (signal_pending(current))
			err = -EINTR;
		usleep_range(20, 200);
	}
	for (i = 0; i < CHURN_AREAS; i++)
		vfree(addr[i]);
	return err;
}

static long ksft_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct owner *owner = file->private_data;

	switch (cmd) {
	case KSFT_ALLOC:
		return alloc_area(owner, (void __user *)arg);
	case KSFT_FREE:
		return forget_area(owner, (void __user *)arg);
	case KSFT_PEEK:
		return access_memory(owner, (void __user *)arg, false);
	case KSFT_POKE:
		return access_memory(owner, (void __user *)arg, true);
	case KSFT_CHURN:
		return churn((void __user *)arg);
	}
	return -ENOTTY;
}

static int ksft_open(struct inode *inode, struct file *file)
{
	struct owner *owner = kzalloc(sizeof(*owner), GFP_KERNEL);

	if (!owner)
		return -ENOMEM;
	mutex_init(&owner->lock);
	INIT_LIST_HEAD(&owner->areas);
	file->private_data = owner;
	return 0;
}

static int ksft_release(struct inode *inode, struct file *file)
{
	struct owner *owner = file->private_data;
	struct area *area, *next;

	list_for_each_entry_safe(area, next, &owner->areas, list)
		free_area(area);
	mutex_destroy(&owner->lock);
	kfree(owner);
	return 0;
}

static const struct file_operations ksft_fops = {
	.owner		= THIS_MODULE,
	.open		= ksft_open,
	.release	= ksft_release,
	.unlocked_ioctl	= ksft_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.llseek		= noop_llseek,
};

static struct miscdevice ksft_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= KSFT_VMALLOC_NAME,
	.mode	= 0600,
	.fops	= &ksft_fops,
};
module_misc_device(ksft_device);

MODULE_DESCRIPTION("Memory for the vmalloc selftests to look at");
MODULE_LICENSE("GPL");
