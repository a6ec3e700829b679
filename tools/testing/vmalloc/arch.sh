# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034
#
# What differs between architectures: how a kernel is built for one, and which
# machine of QEMU runs it. Sourced after common.sh, never run.

# Where setup has unpacked the compilers for other architectures. Their
# assemblers need libraries from there.
CROSS=$SHARED/cross/root/usr
PATH=$PATH:$CROSS/bin
export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$CROSS/lib/x86_64-linux-gnu

# The prefix of the compiler and its binutils, the goal of make, and the file
# that comes of it. No machine: QEMU does not run it.
ARCH_CROSS='' ARCH_GOAL='' ARCH_IMAGE=''
ARCH_QEMU=''
# What the machine is, but for what a caller chooses.
ARCH_MACHINE=()
# The compiler's options for a static program that runs there.
ARCH_CFLAGS=()
# The console's name in the kernel. Results take a serial line where there are
# two, and a virtio one elsewhere: by device numbers.
ARCH_CONSOLE='' ARCH_RESULTS=''
ARCH_VIRTIO=229:0

# Set the above for architecture $1, by kbuild's name for it.
arch_is()
{
	ARCH_CROSS=''
	ARCH_GOAL=Image
	ARCH_IMAGE=arch/$1/boot/Image
	ARCH_MACHINE=()
	ARCH_CFLAGS=()
	ARCH_CONSOLE=ttyS0
	ARCH_RESULTS=$ARCH_VIRTIO
	case $1 in
	x86_64 | i386)
		ARCH_GOAL=bzImage
		ARCH_IMAGE=arch/x86/boot/bzImage
		ARCH_QEMU=qemu-system-$1
		ARCH_CFLAGS=(-m64)
		if [ "$1" = i386 ]; then
			ARCH_CFLAGS=(-m32)
		fi
		ARCH_RESULTS=4:65
		;;
	arm64)
		ARCH_CROSS=aarch64-linux-gnu-
		ARCH_QEMU=qemu-system-aarch64
		# Not "max": its pointer authentication is slow to emulate.
		ARCH_MACHINE=(-machine 'virt,gic-version=3' -cpu cortex-a72)
		ARCH_CONSOLE=ttyAMA0
		;;
	riscv)
		ARCH_CROSS=riscv64-linux-gnu-
		ARCH_QEMU=qemu-system-riscv64
		ARCH_MACHINE=(-machine virt)
		;;
	um)
		ARCH_GOAL=all
		ARCH_IMAGE=linux
		ARCH_QEMU=''
		;;
	*)
		die "nobody knows how to build for '$1': arch.sh"
		;;
	esac
}
