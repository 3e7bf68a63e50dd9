/* SPDX-License-Identifier: MIT */
#include "storage/verify/fault_text.h"

#include <stdlib.h>
#include <string.h>

const char *
fault_text_take_apart(const char *message, uint64_t *offset)
{
	static const char at[] = " at offset ";
	static const char damaged[] = " is damaged: ";
	const char *found = strstr(message, at);
	const char *what = found == NULL ? NULL : strstr(found, ": ");

	*offset = UINT64_MAX;
	if (what != NULL) {
		*offset = strtoull(found + sizeof(at) - 1, NULL, 10);
		return what + 2;
	}
	found = strstr(message, damaged);
	return found == NULL ? message : found + sizeof(damaged) - 1;
}
