/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the plugins here call of QEMU. Debian 12's QEMU takes plugins, but its
 * packages have no header for them; newer ones have dropped functions that are not
 * used here, and with them the first version of the interface.
 */
#ifndef _VMALLOC_PLUGIN_H
#define _VMALLOC_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifndef PLUGIN_VERSION
#define PLUGIN_VERSION	1
#endif

/* What QEMU looks up by its name. */
#define PLUGIN_EXPORT	__attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;

struct qemu_plugin_tb;
struct qemu_plugin_insn;

/* Which registers of the guest a callback looks at. */
enum qemu_plugin_cb_flags {
	QEMU_PLUGIN_CB_NO_REGS,
	QEMU_PLUGIN_CB_R_REGS,
	QEMU_PLUGIN_CB_RW_REGS,
};

typedef void (*plugin_vcpu_fn)(unsigned int vcpu, void *data);
typedef void (*plugin_tb_fn)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);

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

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb,
						 size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

#endif /* _VMALLOC_PLUGIN_H */
