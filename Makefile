# SPDX-License-Identifier: GPL-2.0-only
#
# The one entry to building, testing and measuring the ordered vmalloc. `make`
# alone prints what there is; the work is done by tools/testing/vmalloc/.

PROFILE ?= debug
IMPL	?= ordered
SERIES	?= ordered
KSRC	?=
SETUP	?=
ACCEL	?= tcg
SMP	?= 2
SEED	?= 1
TIME	?= 60
OPS	?= 100000000
JOBS	?= $(shell nproc)
ONLY	?=
CONFIG	?=
CASE	?= vmalloc_vfree_1
CPUS	?= 2 8

tools	 := tools/testing/vmalloc
profiles := $(shell env -u BASE -u KSRC $(tools)/kernel --list)
bases	 := $(shell $(tools)/base --list)

# Values are checked before anything runs, whatever the goal.
is-one	 = $(and $(filter 1,$(words $(1))),$(filter $(2),$(1)))
# A number from 1 of less than so many digits: each digit becomes a word, "@".
lower	 = $(subst 0, @,$(subst 1, @,$(subst 2, @,$(subst 3, @,$(subst 4, @,$(1))))))
higher	 = $(subst 5, @,$(subst 6, @,$(subst 7, @,$(subst 8, @,$(subst 9, @,$(1))))))
spelt	 = $(call higher,$(call lower,$(subst @,no,$(1))))
is-count = $(and $(filter 1,$(words $(1))),$(patsubst 0%,,$(1)),\
	   $(if $(filter-out @,$(spelt)),,y),$(if $(word $(2),$(spelt)),,y))

$(if $(call is-one,$(PROFILE),$(profiles)),,\
	$(error PROFILE is '$(PROFILE)', not one of: $(profiles)))
$(if $(call is-one,$(IMPL),ordered stock bounded),,\
	$(error IMPL is '$(IMPL)', not one of: ordered stock bounded))
$(if $(call is-one,$(ACCEL),tcg kvm),,\
	$(error ACCEL is '$(ACCEL)', not one of: tcg kvm))
$(if $(call is-count,$(JOBS),4),,\
	$(error JOBS is '$(JOBS)', not a number of jobs from 1 to 999))
$(if $(call is-count,$(SEED),10),,\
	$(error SEED is '$(SEED)', not a number from 1 to 999999999))
$(if $(call is-count,$(TIME),6),,\
	$(error TIME is '$(TIME)', not a number of seconds from 1 to 99999))
$(if $(call is-count,$(OPS),10),,\
	$(error OPS is '$(OPS)', not a number from 1 to 999999999))
$(if $(call is-one,$(SMP),1 2 3 4 5 6 7 8),,\
	$(error SMP is '$(SMP)', not a number of CPUs from 1 to 8))
ifneq ($(origin BASE),undefined)
$(if $(call is-one,$(BASE),$(bases)),,\
	$(error BASE is '$(BASE)', not one of: $(bases)))
endif
ifneq ($(filter qemu,$(MAKECMDGOALS)),)
$(if $(filter uml,$(PROFILE)),$(error PROFILE=uml runs without QEMU: make kunit))
endif
ifneq ($(SETUP),)
$(if $(call is-one,$(SETUP),done),,\
	$(error SETUP is '$(SETUP)', neither empty nor 'done'))
endif
ifneq ($(CONFIG),)
$(if $(and $(filter 1,$(words $(CONFIG))),$(or $(filter debian,$(CONFIG)),$(wildcard $(CONFIG)))),,\
	$(error CONFIG is '$(CONFIG)', neither a .config that is there nor 'debian'))
endif
ifneq ($(filter deb,$(MAKECMDGOALS)),)
$(if $(filter ordered,$(IMPL)),,$(error IMPL=$(IMPL): the packages are of the ordered vmalloc))
endif
ifneq ($(filter profile,$(MAKECMDGOALS)),)
cases	 := $(shell env -u BASE -u KSRC $(tools)/qemu/profile --list)
$(if $(call is-one,$(CASE),$(cases)),,\
	$(error CASE is '$(CASE)', not one of: $(cases)))
endif
# In make scale: what the kernels have room for, an even number each, none twice.
ifneq ($(filter scale,$(MAKECMDGOALS)),)
evens	 := $(filter %0 %2 %4 %6 %8,$(shell seq 2 64))
$(if $(and $(strip $(CPUS)),$(filter $(words $(sort $(CPUS))),$(words $(CPUS)))),\
	$(if $(filter-out $(evens),$(CPUS)),$(error CPUS has '$(filter-out $(evens),$(CPUS))', not even numbers from 2 to 64)),\
	$(error CPUS is '$(CPUS)', not numbers of CPUs that differ))
endif
ifneq ($(words $(CURDIR)),1)
$(error kbuild takes no folder with a space in its name, as '$(CURDIR)' has)
endif
ifneq ($(filter install-overlay remove-overlay,$(MAKECMDGOALS)),)
$(if $(KSRC),,$(error KSRC is empty: say which kernel tree is meant))
endif
ifneq ($(KSRC),)
$(if $(and $(filter 1,$(words $(KSRC))),$(wildcard $(KSRC)/mm/vmalloc.c)),,\
	$(error KSRC is '$(KSRC)', not a kernel tree: it has no mm/vmalloc.c))
endif

# If nobody says which base, it is that of the tree, or the default.
given	:= $(if $(filter undefined,$(origin BASE)),-u BASE,BASE=$(BASE))
found	:= $(shell env $(given) KSRC='$(KSRC)' $(tools)/base --chosen 2>&1)
$(if $(call is-one,$(found),$(bases)),,$(error $(strip $(patsubst base:,,$(found)))))
override BASE := $(found)
build	:= $(or $(VMALLOC_BUILD),$(CURDIR)/build)

ifneq ($(filter series series-check,$(MAKECMDGOALS)),)
$(if $(call is-one,$(SERIES),ordered bounded),,\
	$(error SERIES is '$(SERIES)', not one of: ordered bounded))
endif
ifneq ($(ONLY),)
there	:= $(shell BASE=$(BASE) KSRC= $(tools)/$(or $(if $(filter users,$(MAKECMDGOALS)),users/suite),\
			$(filter check test,$(MAKECMDGOALS)),matrix) --list)
$(if $(filter-out $(there),$(ONLY)),\
	$(error ONLY is '$(ONLY)', not some of: $(there)))
endif

export BASE SERIES KSRC SETUP ONLY CONFIG ACCEL SEED TIME OPS JOBS

MAKEFLAGS += --no-print-directory
.NOTPARALLEL:

.PHONY: help
help:
	@echo 'Ordered vmalloc for Linux $(BASE): make TARGET [VARIABLE=value...]'
	@echo
	@echo 'Targets, and what they take on two cores from nothing / once built. What is'
	@echo 'made is in $(build:$(CURDIR)/%=%)/$(BASE)/.'
	@echo '  demo    drain storm on all three: tables and chart       9 min / 3 min'
	@echo '  demo-i386  the same on i386, too                        16 min / 5 min'
	@echo '  test    every test there is                             40 min / 12 min'
	@echo '  matrix  the tests on every configuration, architecture   hours'
	@echo '  check   style, kernel-doc, sparse, W=1, layers, symbols  9 min / 1 min'
	@echo '  docs    docs/: the pages, by the kernel'\''s own rules          - / 1 min'
	@echo '  bench   costs, delays, flushes, what waits, on all three      - / 9 min'
	@echo '  profile where the instructions of CASE go, by function        - / 1 min'
	@echo '  scale   lines that move between CPUS, on all three           - / 1 min'
	@echo '  soak    OPS operations of the stress, with progress          - / hours'
	@echo '  kernel  PROFILE-IMPL/, an O= folder of kbuild            4 min / seconds'
	@echo '  qemu    a shell in a guest that runs PROFILE and IMPL    4 min / seconds'
	@echo '  users   real users of vmalloc, in guests with Debian        - / 8 min'
	@echo '  deb     Debian packages of a kernel that CONFIG describes      - / 3 min'
	@echo '  deb-check  in a new Debian: install, boot, remove them         - / 2 min'
	@echo '  kunit   the KUnit suites of IMPL in user mode            2 min / seconds'
	@echo '  user    ranges and drains in user space, by sanitizers   2 min'
	@echo '  fuzz    the same by libFuzzer, for TIME seconds          2 min'
	@echo '  tree    linux/: the kernel tree with this in it          1 min / seconds'
	@echo '  install-overlay  this into a tree of your own, KSRC       1 second'
	@echo '  remove-overlay   and out of it again                      1 second'
	@echo '  series  series/: patches to send by mail                30 seconds'
	@echo '          or, with SERIES=bounded, of that change: series-bounded/'
	@echo '  series-check  applies, builds and tests each of them      - / 50 min'
	@echo '  setup   install the Debian packages needed               1 min / seconds'
	@echo '  clean   remove build/'
	@echo
	@echo 'Variables'
	@echo '  BASE=$(BASE)    which Linux, one of: $(bases)'
	@echo '  PROFILE=$(PROFILE)  one of: $(profiles)'
	@echo '  IMPL=$(IMPL)   ordered: mm/vmalloc/; stock: mm/vmalloc.c; bounded:'
	@echo '                 mm/vmalloc.c that gives its lock up now and then'
	@echo '  KSRC=$(KSRC)        a tree to use in place of Debian'\''s linux-source-$(BASE):'
	@echo '                 6.12.115 or later, or 7.3.4 or later'
	@echo '  ACCEL=$(ACCEL)      tcg or kvm, for guests that are not measured'
	@echo '  SMP=$(SMP)          CPUs of the guest that `make qemu` starts, and possible'
	@echo '                 ones of those of `make profile`'
	@echo '  CASE=$(CASE)  what `make profile` looks at, a row of bench'
	@echo '  CPUS="$(CPUS)"     of the guests of `make scale`: even numbers up to 64'
	@echo '  SEED=$(SEED)         of the random tests'
	@echo '  TIME=$(TIME)        seconds of fuzzing'
	@echo '  OPS=$(OPS)  of the stress that `make soak` runs on IMPL'
	@echo '  JOBS=$(JOBS)         compilers at a time'
	@echo '  ONLY=$(ONLY)          of the checks, tests, the matrix'\''s cells or the users, some'
	@echo '  CONFIG=$(CONFIG)        of the packages: a .config, debian, or a small one'
	@echo '  SETUP=$(SETUP)          done: install nothing, all of it is there'

.PHONY: setup
setup:
	@$(tools)/setup

.PHONY: tree
tree: setup
	@$(tools)/tree

# kernel-<profile>-<impl>, for the targets that need certain kernels.
.PHONY: kernel
kernel: kernel-$(PROFILE)-$(IMPL)

$(profiles:%=kernel-%-ordered): kernel-%-ordered: tree
	@$(tools)/kernel $* ordered

$(profiles:%=kernel-%-stock): kernel-%-stock: tree
	@$(tools)/kernel $* stock

# Of the stock one, it is a file and a link more.
$(profiles:%=kernel-%-bounded): kernel-%-bounded: kernel-%-stock
	@$(tools)/kernel $* bounded

.PHONY: user
user: tree
	@$(MAKE) -C $(tools)/user run KTREE=$(build)/$(BASE)/linux \
		OUT=$(build)/$(BASE)/user SEED=$(SEED)

.PHONY: fuzz
fuzz: tree
	@$(tools)/user/fuzz

.PHONY: kunit
kunit: tree
	@$(tools)/kunit $(IMPL)

.PHONY: test
test: tree
	@$(tools)/test

.PHONY: matrix
matrix: tree
	@$(tools)/setup --matrix
	@$(tools)/matrix $(ONLY)

.PHONY: users
users: kernel-users-$(IMPL)
	@$(tools)/users/suite $(IMPL)

.PHONY: deb
deb: tree
	@$(tools)/setup --deb
	@$(tools)/deb/package

# What there is, whatever it was configured by.
.PHONY: deb-check
deb-check: setup
	@$(tools)/setup --deb
	@$(tools)/deb/check

.PHONY: check
check: tree
	@$(tools)/check

.PHONY: docs
docs: tree
	@$(tools)/setup --docs
	@$(tools)/docs

.PHONY: qemu
qemu: kernel
	@$(tools)/qemu/run --shell --profile $(PROFILE) --impl $(IMPL) --smp $(SMP)

.PHONY: bench
bench: kernel-bench-bounded kernel-bench-ordered kernel-trace-bounded \
		kernel-trace-ordered kernel-kasan-bounded kernel-kasan-ordered \
		kernel-rt-bounded kernel-rt-ordered
	@$(tools)/qemu/bench

.PHONY: profile
profile: kernel-bench-bounded kernel-bench-ordered
	@$(tools)/qemu/profile $(CASE) $(SMP)

.PHONY: scale
scale: kernel-bench-bounded kernel-bench-ordered
	@$(tools)/qemu/scale $(CPUS)

.PHONY: soak
soak: kernel-bench-$(IMPL)
	@$(tools)/qemu/soak $(IMPL)

.PHONY: demo
demo: kernel-trace-bounded kernel-trace-ordered
	@$(tools)/qemu/demo

.PHONY: demo-i386
demo-i386: kernel-trace-bounded kernel-trace-ordered kernel-i386-bounded \
		kernel-i386-ordered
	@$(tools)/qemu/demo i386

.PHONY: install-overlay
install-overlay:
	@$(tools)/overlay --install $(KSRC)

.PHONY: remove-overlay
remove-overlay:
	@$(tools)/overlay --remove $(KSRC)

.PHONY: series
series: setup
	@$(tools)/series/make

# The small one is compiled alone.
.PHONY: series-check
series-check: tree series
ifneq ($(SERIES),bounded)
series-check: kernel-bench-stock kernel-bench-ordered kernel-i386-ordered \
		kernel-tiny-ordered kernel-uml-ordered
endif
series-check:
	@$(tools)/series/check

.PHONY: clean
clean:
	rm -rf build
