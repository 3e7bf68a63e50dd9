/* SPDX-License-Identifier: MIT
 *
 * The corpus as an ordinary test: each file named on the command line, whole
 * and cut off at every byte. */
#include "base/buffer.h"
#include "tests/fuzz/parser_fuzz.h"

#include <stdio.h>
#include <stdlib.h>

static bool
read_file(const char *path, struct buffer *out)
{
	FILE *file = fopen(path, "rb");
	uint8_t bytes[4096];
	size_t size;

	if (file == NULL)
		return false;
	while ((size = fread(bytes, 1, sizeof(bytes), file)) > 0)
		buffer_append(out, bytes, size);
	size = (size_t)ferror(file);
	fclose(file);
	return size == 0 && !out->has_failed;
}

/* Copied, so that a read behind the prefix is seen. */
static void
replay_prefix(const struct buffer *text, size_t size)
{
	uint8_t *copy = malloc(size == 0 ? 1 : size);

	if (copy == NULL)
		abort();
	if (size > 0)
		memcpy(copy, text->data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

int
main(int argc, char **argv)
{
	int failed = 0;

	printf("1..%d\n", argc - 1);
	for (int i = 1; i < argc; i++) {
		struct buffer text = { 0 };
		bool is_read = read_file(argv[i], &text);

		for (size_t size = 0; is_read && size <= text.size; size++)
			replay_prefix(&text, size);
		printf("%s %d - %s\n", is_read ? "ok" : "not ok", i, argv[i]);
		failed |= !is_read;
		buffer_finish(&text);
	}
	return failed;
}
