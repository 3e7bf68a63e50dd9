/* SPDX-License-Identifier: MIT */
#include "base/shell_word.h"

#include <stdbool.h>
#include <string.h>

static bool
is_plain(const char *path)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz"
				    "0123456789_./+,:@%-";

	return *path != '\0' && path[strspn(path, plain)] == '\0';
}

static bool
can_be_pasted(const char *path)
{
	for (; *path != '\0'; path++) {
		if ((unsigned char)*path < ' ' || *path == '\x7f')
			return false;
	}
	return true;
}

/* False when it doesn't fit, with the NUL. */
static bool
append(char *word, size_t size, const char *text)
{
	size_t used = strlen(word);

	if (strlen(text) >= size - used)
		return false;
	strcpy(word + used, text);
	return true;
}

static bool
append_quoted(char *word, size_t size, const char *path)
{
	bool fits = append(word, size, "'");

	for (; *path != '\0' && fits; path++) {
		const char one[] = { *path, '\0' };

		fits = append(word, size, *path == '\'' ? "'\\''" : one);
	}
	return fits && append(word, size, "'");
}

const char *
shell_word(const char *path, const char *instead, char *word, size_t size)
{
	bool fits;

	word[0] = '\0';
	fits = can_be_pasted(path) &&
	       (path[0] != '-' || append(word, size, "./"));
	if (fits)
		fits = is_plain(path) ? append(word, size, path) :
					append_quoted(word, size, path);
	return fits ? word : instead;
}
