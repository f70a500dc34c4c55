/* SPDX-License-Identifier: Apache-2.0 */
/* For the static analyser alone: what base/err.h promises in words. */
#include "base/err.h"

#define err_set(...)	((err_set)(__VA_ARGS__), false)
#define err_system(...) ((err_system)(__VA_ARGS__), false)
#define err_prefix(...) ((err_prefix)(__VA_ARGS__), false)
