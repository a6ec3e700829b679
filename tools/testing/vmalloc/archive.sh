# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The base's source from Debian's archive, with apt's own means, but for its
# folders: what the host knows of packages stays as it is, and nothing takes root.
# Sourced after common.sh, never run.

KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
PACKAGE=linux-source-$BASE
# Where apt's lists are.
APT=''

# Print what this machine lacks for it, if anything.
archive_lacks()
{
	if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
		say 'only Debian has packages of it'
	elif [ ! -e "$KEYRING" ]; then
		say 'no keys of the archive: install debian-archive-keyring'
	fi
}

# apt for a system of its own, without a package and with the sources in $1.
apt_of()
{
	local sources=$1 tool=$2
	shift 2

	"$tool" -q -o Dir::Etc::sourcelist="$sources" -o Dir::Etc::sourceparts=- \
		-o Dir::State="$APT/state" -o Dir::State::status=/dev/null \
		-o Dir::Cache="$APT/cache" -o APT::Sandbox::User=root \
		-o APT::Get::List-Cleanup=false -o APT::Default-Release= \
		-o Acquire::Languages=none \
		-o Acquire::AllowInsecureRepositories=false \
		-o APT::Get::AllowUnauthenticated=false "$@"
}

# Where the host's apt gets what has the label $1 from.
archive()
{
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
		'Origin: Debian' "Label: $1" 'Component: main' | head -n 1
}

# Fetch the lists of those of SUITES that are there into the folder $1; which they
# are is in its sources.list.
archive_update()
{
	local suite uri

	APT=$1
	rm -rf "$APT"
	mkdir -p "$APT"/{state/lists/partial,cache/archives/partial}
	: >"$APT/sources.list"
	for suite in $SUITES; do
		uri=$(archive "${suite%:*}")
		[ "$uri" ] || continue
		say "deb [signed-by=$KEYRING] $uri ${suite#*:} main" >"$APT/suite.list"
		if apt_of "$APT/suite.list" apt-get --error-on=any update >"$APT/${suite#*:}.log" 2>&1; then
			cat "$APT/suite.list" >>"$APT/sources.list"
		else
			say "no ${suite#*:}: $(grep -m 1 '^E:' "$APT/${suite#*:}.log" || say 'see its log')"
		fi
	done
}

# Print the versions of the package $1 that are in those.
archive_versions()
{
	apt_of "$APT/sources.list" apt-cache madison "$1" | awk '{ print $3 }'
}

# Put the tarball of version $1 of the source into the file $2, by way of the empty
# folder $3. All of it or nothing; what apt says of a failure goes to standard error.
archive_fetch()
{
	local version=$1 to=$2 folder=$3

	rm -rf "$folder"
	mkdir -p "$folder"
	(cd "$folder" && apt_of "$APT/sources.list" apt-get download "$PACKAGE=$version") >&2 &&
		dpkg-deb --fsys-tarfile "$folder"/*.deb |
			tar -xO "./usr/src/$PACKAGE.tar.xz" >"$to.new" ||
		{ rm -rf "$folder" "$to.new"; return 1; }
	rm -r "$folder"
	mv "$to.new" "$to"
}
