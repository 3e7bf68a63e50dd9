/* SPDX-License-Identifier: MIT
 *
 * Buffers above every watermark that has been seen: whether they count is known
 * only later, so they are kept, as copies while those are few. */
#include "storage/recovery/log_intake_state.h"

#include <stdlib.h>
#include <string.h>

enum { KEPT_BYTES_MAX = 8 << 20 };

int
log_kept_add(struct log_intake *intake, const struct buffer_header *header,
	     const uint8_t *bytes, struct error *error)
{
	size_t size = FORMAT_HEADER_SIZE + (size_t)header->data_size;
	struct kept_buffer *kept;

	if (intake->kept_count == intake->kept_capacity) {
		size_t capacity = intake->kept_capacity * 2 + 16;

		kept = realloc(intake->kept, capacity * sizeof(*kept));
		if (kept == NULL)
			return error_no_memory(error);
		intake->kept = kept;
		intake->kept_capacity = capacity;
	}
	kept = &intake->kept[intake->kept_count];
	*kept = (struct kept_buffer){ .header = *header };
	if (intake->kept_bytes + size <= KEPT_BYTES_MAX) {
		kept->bytes = malloc(size);
		if (kept->bytes == NULL)
			return error_no_memory(error);
		memcpy(kept->bytes, bytes, size);
		intake->kept_bytes += size;
	}
	intake->kept_count++;
	return replay_peek(&intake->replay, header, bytes, &kept->records_lsn,
			   error);
}

static int
replay_again(struct log_intake *intake, const struct buffer_header *header,
	     struct error *error)
{
	struct buffer_place where = { intake->engine->manifest.database_id,
				      header->segment, header->offset };
	size_t size = FORMAT_HEADER_SIZE + (size_t)header->data_size;
	struct buffer_header again;
	uint8_t *bytes = malloc(size);
	int status;

	if (bytes == NULL)
		return error_no_memory(error);
	status = log_intake_read(intake, header->segment, header->offset, bytes,
				 size, error);
	if (status == 0 &&
	    format_open_buffer(bytes, size, &where, &again) != FORMAT_VALID)
		status = log_intake_damaged(intake, header,
					    "a buffer's checksum is wrong",
					    error);
	if (status == 0)
		status = log_intake_replay(intake, &again, bytes, error);
	free(bytes);
	return status;
}

/* Kept buffers are mostly in the order of their sequences: those at the front
 * that count by now are done, so that few are kept at any time. */
int
log_kept_replay_settled(struct log_intake *intake, struct error *error)
{
	while (intake->kept_first < intake->kept_count) {
		struct kept_buffer *kept = &intake->kept[intake->kept_first];
		const struct buffer_header *header = &kept->header;
		int status;

		if (kept->bytes == NULL ||
		    header->write_sequence >
			    log_intake_stream_of(intake, header)->watermark)
			return 0;
		status = log_intake_replay(intake, header, kept->bytes, error);
		if (status < 0)
			return status;
		intake->kept_bytes -=
			FORMAT_HEADER_SIZE + (size_t)header->data_size;
		free(kept->bytes);
		kept->bytes = NULL;
		intake->kept_first++;
	}
	intake->kept_first = 0;
	intake->kept_count = 0;
	return 0;
}

int
log_kept_replay(struct log_intake *intake, struct error *error)
{
	for (size_t i = intake->kept_first; i < intake->kept_count; i++) {
		const struct kept_buffer *kept = &intake->kept[i];
		const struct buffer_header *header = &kept->header;
		int status;

		if (header->write_sequence >
		    log_intake_stream_of(intake, header)->accepted) {
			intake->rejected_bytes +=
				format_buffer_size(header->data_size);
			continue;
		}
		if (kept->bytes != NULL)
			status = log_intake_replay(intake, header, kept->bytes,
						   error);
		else
			status = replay_again(intake, header, error);
		if (status < 0)
			return status;
	}
	return 0;
}
