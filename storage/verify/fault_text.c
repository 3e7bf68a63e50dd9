/* SPDX-License-Identifier: MIT */
#include "storage/verify/fault_text.h"

#include <stdlib.h>
#include <string.h>

const char *
fault_text_take_apart(const char *message, uint64_t *offset)
{
	static const char at[] = " at offset ";
	static const char damaged[] = " is damaged: ";
	static const char cannot[] = "cannot open ";
	const char *found = strstr(message, at);
	const char *what = found == NULL ? NULL : strstr(found, ": ");

	*offset = UINT64_MAX;
	if (what != NULL) {
		*offset = strtoull(found + sizeof(at) - 1, NULL, 10);
		return what + 2;
	}
	found = strstr(message, damaged);
	if (found != NULL)
		return found + sizeof(damaged) - 1;
	if (strncmp(message, cannot, sizeof(cannot) - 1) == 0)
		found = strrchr(message, ':');
	return found != NULL && found[1] == ' ' ? found + 2 : message;
}
