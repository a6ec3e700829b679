/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the plugins here call of QEMU. Debian 12's QEMU takes plugins, but its
 * packages have no header for them; newer ones have dropped functions that are not
 * used here, and with them the first version of the interface.
 */
#ifndef _VMALLOC_PLUGIN_H
#define _VMALLOC_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifndef PLUGIN_VERSION
#define PLUGIN_VERSION	1
#endif

/* What QEMU looks up by its name. */
#define PLUGIN_EXPORT	__attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;

/* What a callback of a memory access is told of it; opaque. */
typedef uint32_t qemu_plugin_meminfo_t;

struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_hwaddr;

/* Which registers of the guest a callback looks at. */
enum qemu_plugin_cb_flags {
	QEMU_PLUGIN_CB_NO_REGS,
	QEMU_PLUGIN_CB_R_REGS,
	QEMU_PLUGIN_CB_RW_REGS,
};

/* Which accesses of an instruction a callback is for. */
enum qemu_plugin_mem_rw {
	QEMU_PLUGIN_MEM_R = 1,
	QEMU_PLUGIN_MEM_W,
	QEMU_PLUGIN_MEM_RW,
};

typedef void (*plugin_fn)(qemu_plugin_id_t id);
typedef void (*plugin_vcpu_fn)(unsigned int vcpu, void *data);
typedef void (*plugin_tb_fn)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*plugin_mem_fn)(unsigned int vcpu, qemu_plugin_meminfo_t info,
			      uint64_t vaddr, void *data);

/*
 * Forget all callbacks and translated blocks, and then call @fn, which registers
 * others.
 */
void qemu_plugin_reset(qemu_plugin_id_t id, plugin_fn fn);

/* Called for each block of instructions when it is translated. */
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, plugin_tb_fn fn);
/* Called each time that a block or an instruction is about to be executed. */
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
					  plugin_vcpu_fn fn,
					  enum qemu_plugin_cb_flags flags,
					  void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    plugin_vcpu_fn fn,
					    enum qemu_plugin_cb_flags flags,
					    void *data);

/* Called with each access to memory, of an instruction that locks for both. */
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn,
				      plugin_mem_fn fn,
				      enum qemu_plugin_cb_flags flags,
				      enum qemu_plugin_mem_rw rw, void *data);

bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t info);
/* What is there of the guest's memory, until the callback returns. */
struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(qemu_plugin_meminfo_t info,
						  uint64_t vaddr);
bool qemu_plugin_hwaddr_is_io(const struct qemu_plugin_hwaddr *hwaddr);
uint64_t qemu_plugin_hwaddr_phys_addr(const struct qemu_plugin_hwaddr *hwaddr);

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb,
						 size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);

/* The third version copies what the first two point to. */
#if PLUGIN_VERSION < 3
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
#else
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *to,
			     size_t size);
#endif

/* Copy the code of @insn to @to, at most @size bytes; return how many it has. */
static inline size_t plugin_insn_code(const struct qemu_plugin_insn *insn,
				      void *to, size_t size)
{
	size_t len = qemu_plugin_insn_size(insn);

	len = len < size ? len : size;
#if PLUGIN_VERSION < 3
	memcpy(to, qemu_plugin_insn_data(insn), len);
#else
	len = qemu_plugin_insn_data(insn, to, len);
#endif
	return len;
}

#endif /* _VMALLOC_PLUGIN_H */
