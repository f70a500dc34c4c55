#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# dist.sh SOURCE DIST: the tarball's folder has every file that git has, but what
# is of use with git alone.  A file that no list in Makefile.am names is missed
# there, and one that is nobody's is noticed.
set -u
cd "$1" || exit 2
case $2 in
/*) dist=$2 ;;
*) dist=$OLDPWD/$2 ;;
esac
# in the tarball's own folder there is no git
[ -e .git ] || exit 0
git ls-files | grep -vxE '\.gitignore|\.ci/run' | {
	missing=0
	while read -r file; do
		[ ! -e "$file" ] || [ -e "$dist/$file" ] && continue
		echo "$file is not in the tarball: a list in Makefile.am" >&2
		missing=1
	done
	exit $missing
}
