# SPDX-License-Identifier: GPL-2.0-only
"""What drgn says of the areas in a dump, for the script dump beside this.

Run by the Python that drgn is for. The arguments are vmlinux, the dump, and a
file with an address a line. The last line is "done".
"""

import sys

import drgn
from drgn.helpers.linux.mm import find_vmap_area, for_each_vmap_area


def text_of(area):
    """Return an area's range."""
    return f"{area.va_start.value_():x} {area.va_end.value_():x}"


def main():
    """Do all of it."""
    vmlinux, dump, asked = sys.argv[1:]
    prog = drgn.Program()
    prog.set_core_dump(dump)
    prog.load_debug_info([vmlinux])
    for area in for_each_vmap_area(prog):
        print(f"area {text_of(area)}")
    with open(asked, encoding="ascii") as file:
        for line in file:
            area = find_vmap_area(prog, int(line, 16))
            print(f"find {line.strip()}{' ' + text_of(area) if area else ''}")
    print("done")


main()
