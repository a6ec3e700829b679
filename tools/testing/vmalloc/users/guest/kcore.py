# SPDX-License-Identifier: GPL-2.0
"""What gdb does in the user "kcore": compare lx-vmallocinfo and /proc/vmallocinfo.

Run by gdb itself on vmlinux and /proc/kcore. Lines that begin with "kcore: " are
for the host, and the last one is "kcore: done".
"""

import os
import sys

import gdb

# Where x86_64 has its vmalloc space if the kernel does not choose at boot.
VMALLOC_START = 0xFFFFC90000000000
VMALLOC_END = VMALLOC_START + (32 << 40)

# Until nothing has come or gone between the two lists.
TRIES = 20
# What is read of each area at most.
READ_BYTES = 1 << 20
# Of the words of a line, those that both lists have.
WORDS = {"ioremap", "vmalloc", "vmap", "user", "dma-coherent", "vpages",
         "vm_map_ram"}


def say(text):
    """Tell the host."""
    print(f"kcore: {text}", flush=True)


def fail(text):
    """Tell the host why there will be no "done"."""
    say(f"failed: {text}")
    sys.exit(1)


def normal(line):
    """Return what the two lists have in common of a line, or None."""
    fields = line.split()
    if len(fields) < 2 or "unpurged" in fields:
        return None
    what = []
    for field in fields[2:]:
        if field.startswith("pages="):
            what.append(field)
        elif field.startswith("phys="):
            what.append(f"phys={int(field[5:], 16):#x}")
        elif field in WORDS:
            what.append(field)
    return fields[0], int(fields[1]), tuple(what)


def areas(text):
    """Return the areas that a list has."""
    return sorted(filter(None, map(normal, text.splitlines())))


def vmallocinfo():
    """Return the areas that the kernel lists."""
    with open("/proc/vmallocinfo", encoding="ascii") as file:
        return areas(file.read())


def ask():
    """Return what lx-vmallocinfo says, by the tree's own script alone."""
    return gdb.execute("lx-vmallocinfo", to_string=True)


def teach_x86():
    """Let lx-vmallocinfo run on x86_64.

    In 6.12 it asks for the bounds of the vmalloc space, which the scripts know
    of arm64 only, whatever vmalloc it is. Nothing else of them is replaced.
    """
    try:
        areas(ask())
        say("lx-vmallocinfo runs as it is")
        return
    except gdb.error as error:
        say(f"lx-vmallocinfo as it is: {error}")
    module = sys.modules["linux.vmalloc"]
    module.is_vmalloc_addr = \
        lambda addr: VMALLOC_START <= int(addr) < VMALLOC_END


def compare():
    """See that both lists are one while nothing comes or goes."""
    for attempt in range(TRIES):
        before = vmallocinfo()
        seen = areas(ask())
        if before == vmallocinfo():
            break
    else:
        fail(f"areas come and go, {TRIES} times")
    for area in sorted(set(before) - set(seen)):
        say(f"not by gdb: {area}")
    for area in sorted(set(seen) - set(before)):
        say(f"by gdb alone: {area}")
    if before != seen:
        fail(f"gdb lists {len(seen)} areas, the kernel {len(before)}")
    say(f"{len(seen)} areas, the same in both lists, try {attempt + 1}")
    return before


def read_all(listed):
    """Read what is mapped, and the guard page after it, which reads as 0."""
    size = 0
    page = os.sysconf("SC_PAGESIZE")
    for where, length, what in listed:
        if "vmalloc" not in what:
            continue
        start, end = (int(addr, 16) for addr in where.split("-"))
        # Stacks come and go while they are read; what is gone reads as 0.
        gdb.selected_inferior().read_memory(start, min(length, READ_BYTES))
        size += min(length, READ_BYTES)
        guard = gdb.selected_inferior().read_memory(end - page, page)
        if any(bytes(guard)):
            fail(f"the guard page of {where} does not read as 0")
    say(f"{size >> 10} kB read")


def main():
    """Do all of it."""
    if "linux.vmalloc" not in sys.modules:
        fail("gdb has not loaded the scripts of the tree")
    teach_x86()
    read_all(compare())
    say("done")


main()
