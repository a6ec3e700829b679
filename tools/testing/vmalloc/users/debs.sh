# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Debian packages with all that they depend on, unpacked below build/. Nothing of
# them is installed, so no script of a package is run. Sourced after common.sh,
# never run.

# Where the downloads are, the list of packages, and more options for apt-get.
DEBS='' DEBS_LIST=''
DEBS_OPTIONS=()
# What nobody reads where they are used.
UNREAD='usr/share/doc usr/share/man usr/share/locale usr/share/info'

# debs_of FOLDER LIST OPTIONS...: which packages the functions below are about.
debs_of()
{
	DEBS=$1 DEBS_LIST=$2
	shift 2
	DEBS_OPTIONS=("$@")
	if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
		die "this is no Debian: nothing can be fetched of $(basename "$DEBS_LIST")"
	fi
	mkdir -p "$DEBS/packages/partial" "$DEBS/none/partial"
	: >"$DEBS/status"
}

# debs_apt DOWNLOADS ARGUMENTS...: apt-get for a system with no package in it,
# for which it finds all that is needed.
debs_apt()
{
	local archives=$1
	shift

	apt-get -q -y --no-install-recommends \
		-o Dir::State::status="$DEBS/status" \
		-o Dir::Cache::archives="$archives" \
		-o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
		-o Debug::NoLocking=1 "${DEBS_OPTIONS[@]}" "$@"
}

debs_wanted()
{
	sed 's/#.*//; /^[[:space:]]*$/d' "$DEBS_LIST"
}

# The files of the packages: their names have the version in them. What is there
# already would be left out.
debs_find()
{
	# shellcheck disable=SC2046
	debs_apt "$DEBS/none" --print-uris install $(debs_wanted) >"$DEBS/resolve.log" 2>&1 ||
		return 1
	sed -n "s/^'[^']*' \([^ ]*\.deb\) .*/\1/p" "$DEBS/resolve.log" | sort
}

# Find them, by new lists if need be, and leave their names in DEBS/resolved.
debs_resolve()
{
	if ! debs_find >"$DEBS/resolved"; then
		debs_apt "$DEBS/none" update >"$DEBS/update.log" 2>&1 || true
		debs_find >"$DEBS/resolved" || {
			cat "$DEBS/update.log" "$DEBS/resolve.log" | grep '^E:' || true
			die "apt-get does not find the packages of $(basename "$DEBS_LIST")"
		}
	fi
	[ -s "$DEBS/resolved" ] || die "apt-get names no package of $(basename "$DEBS_LIST")"
}

debs_download()
{
	# shellcheck disable=SC2046
	debs_apt "$DEBS/packages" --download-only install $(debs_wanted) \
			>"$DEBS/download.log" 2>&1 || {
		grep '^E:' "$DEBS/download.log" || true
		die "apt-get does not fetch the packages of $(basename "$DEBS_LIST")"
	}
}

# Unpack those of DEBS/resolved below $1, where /bin and its like are links as
# Debian has them, whatever a package believes.
debs_unpack()
{
	local root=$1 dir package

	rm -rf "$root"
	for dir in bin sbin lib lib64; do
		mkdir -p "$root/usr/$dir"
		ln -s "usr/$dir" "$root/$dir"
	done
	while read -r package; do
		dpkg-deb --fsys-tarfile "$DEBS/packages/$package" |
			tar -x -C "$root" --keep-directory-symlink
	done <"$DEBS/resolved"
	for dir in $UNREAD; do
		rm -rf "${root:?}/$dir"
	done
}
