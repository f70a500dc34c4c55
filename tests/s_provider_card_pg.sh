#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# s_provider_card.sh over PostgreSQL.
srcdir=${srcdir:-$(dirname "$0")/..}
PROVIDER_ENGINE=postgresql
export srcdir PROVIDER_ENGINE
exec sh "$srcdir/tests/s_provider_card.sh" "$@"
