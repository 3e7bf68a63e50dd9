/* SPDX-License-Identifier: MIT
 *
 * Takes an error's message apart, for those who tell file and offset in
 * fields of their own. */
#ifndef STORAGE_VERIFY_FAULT_TEXT_H
#define STORAGE_VERIFY_FAULT_TEXT_H

#include <stdint.h>

/* "PATH/NAME is damaged at offset N: WHAT": WHAT, and *offset is set to N.  Of
 * other messages it is all, or what stands behind "PATH/NAME is damaged: " or
 * "cannot open PATH/NAME: ", and the offset is UINT64_MAX. */
const char *fault_text_take_apart(const char *message, uint64_t *offset);

#endif
