#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# s_provider.sh over PostgreSQL.
srcdir=${srcdir:-$(dirname "$0")/..}
PROVIDER_ENGINE=postgresql
export srcdir PROVIDER_ENGINE
exec sh "$srcdir/tests/s_provider.sh" "$@"
