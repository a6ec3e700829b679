# SPDX-License-Identifier: GPL-2.0-only
"""What Documentation/conf.py is given beside itself by `make docs`.

Of the kernel's pages those are built that stand beside ours or are linked from
them, as one project, so that these links are followed. All of them would take
a hundred times as long.
"""
include_patterns = [
    "admin-guide/kernel-parameters.rst",
    "admin-guide/mm/**",
    "admin-guide/sysctl/**",
    "core-api/memory-allocation.rst",
    "core-api/mm-api.rst",
    "mm/**",
]
master_doc = "mm/index"
