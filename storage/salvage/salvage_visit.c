/* SPDX-License-Identifier: MIT
 *
 * Goes through all segments of a damaged database, buffer by buffer, intact
 * ones and what may have been some. */
#include "storage/salvage/salvage_state.h"

#include <string.h>

static bool
is_blank(const uint8_t *bytes)
{
	return bytes[0] == 0 &&
	       memcmp(bytes, bytes + 1, FORMAT_BLOCK_SIZE - 1) == 0;
}

/* Where the next intact buffer starts, or the segment's end. */
static uint32_t
find_next_buffer(const struct salvage_scan *scan, uint32_t segment,
		 uint32_t offset, const uint8_t *bytes)
{
	const struct segment_manager *segments = &scan->engine->segments;
	struct buffer_place place = { segments->database_id, segment, offset };
	struct buffer_header header;

	while (place.offset < segments->segment_size &&
	       format_open_buffer(bytes + place.offset,
				  segments->segment_size - place.offset, &place,
				  &header) != FORMAT_VALID)
		place.offset += FORMAT_BLOCK_SIZE;
	return place.offset;
}

static int
visit_segment(struct salvage_scan *scan, uint32_t segment, const uint8_t *bytes,
	      const struct salvage_visitor *visitor, struct error *error)
{
	const struct segment_manager *segments = &scan->engine->segments;
	struct buffer_place place = { segments->database_id, segment, 0 };
	uint32_t size = segments->segment_size;

	scan->hashed = 0;
	scan->last_write = 0;
	scan->last_life = 0;
	while (place.offset < size) {
		struct buffer_header header;
		uint32_t next;
		int status = 0;

		if (format_open_buffer(bytes + place.offset,
				       size - place.offset, &place,
				       &header) == FORMAT_VALID) {
			next = place.offset +
			       format_buffer_size(header.data_size);
			status = visitor->on_buffer(scan, &header,
						    bytes + place.offset,
						    error);
		} else {
			next = find_next_buffer(scan, segment,
						place.offset +
							FORMAT_BLOCK_SIZE,
						bytes);
			if (visitor->on_damage != NULL &&
			    !is_blank(bytes + place.offset))
				status = visitor->on_damage(
					scan, segment, place.offset, next,
					bytes, error);
		}
		if (status < 0)
			return status;
		place.offset = next;
	}
	return 0;
}

int
salvage_visit(struct salvage_scan *scan,
	      const struct salvage_visitor *visitor, bool is_told,
	      struct error *error)
{
	const struct segment_manager *segments = &scan->engine->segments;
	uint8_t *bytes = scan->source->data;

	for (uint32_t i = 0; i < segments->segment_count; i++) {
		int status;

		salvage_read(scan->source, i, 0, bytes, segments->segment_size,
			     is_told);
		status = visit_segment(scan, i, bytes, visitor, error);
		if (status == 0)
			status = salvage_go_on(scan->source,
					       segments->segment_size, error);
		if (status < 0)
			return status;
	}
	return 0;
}
