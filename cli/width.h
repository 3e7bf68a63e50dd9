/* SPDX-License-Identifier: MIT
 *
 * How many cells cqlsh thinks a text takes.  Its idea of Unicode is that of
 * 2006, before emoji were wide: its tables can only be matched to the byte
 * with the same idea. */
#ifndef CLI_WIDTH_H
#define CLI_WIDTH_H

#include "base/slice.h"

size_t width_in_cqlsh(struct slice text);

#endif
