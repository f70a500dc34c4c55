/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp/cert.h"
