/* SPDX-License-Identifier: MIT
 *
 * What a salvage has to tell.  A loss is a stretch of a file where rows stood,
 * or may have stood, that aren't saved; losses are gathered while it works, and
 * told at the end, one for each stretch, and one for a file that is gone,
 * however much stood there.  A note is about something that was damaged and
 * holds no rows. */
#ifndef STORAGE_SALVAGE_SALVAGE_LOSSES_H
#define STORAGE_SALVAGE_SALVAGE_LOSSES_H

#include "storage/salvage/salvage_source.h"

/* Of ${size} bytes (0: unknown); ${rows} of them are known. */
void salvage_lose(struct salvage_source *source, uint32_t segment,
		  uint32_t offset, uint32_t size, enum salvage_loss_kind kind,
		  uint64_t rows);
/* Buffers that should be somewhere, the first of them there or in a later
 * segment. */
void salvage_lose_buffers(struct salvage_source *source, uint8_t stream,
			  const struct salvage_gap *gap);
/* A row that the new database refuses, and why. */
void salvage_lose_row(struct salvage_source *source, uint32_t segment,
		      uint32_t offset, const char *why);

void salvage_note(struct salvage_source *source, const char *name,
		  uint64_t offset, const char *what);
/* The same with an error's message, which has path and offset in it. */
void salvage_note_failure(struct salvage_source *source, const char *name,
			  const char *message);

/* At the end, when source->is_certain and has_end are known: a file that is
 * gone and of which nothing is missed then held nothing. */
void salvage_tell_losses(struct salvage_source *source);

#endif
