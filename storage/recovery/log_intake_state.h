/* SPDX-License-Identifier: MIT
 *
 * What the parts of taking in the log share: log_intake.c (places), log_kept.c
 * (buffers that wait), log_parts.c (parts of large rows), log_judge.c (what
 * counts). */
#ifndef STORAGE_RECOVERY_LOG_INTAKE_STATE_H
#define STORAGE_RECOVERY_LOG_INTAKE_STATE_H

#include "storage/recovery/log_intake.h"

static inline struct log_stream *
log_intake_stream_of(struct log_intake *intake,
		     const struct buffer_header *header)
{
	return log_intake_stream(intake, header->stream);
}

static inline void
log_intake_raise(uint64_t *highest, uint64_t number)
{
	if (number > *highest)
		*highest = number;
}

bool log_intake_is_zero(const uint8_t *bytes, size_t size);
/* About a buffer. */
int log_intake_damaged(const struct log_intake *intake,
		       const struct buffer_header *header, const char *what,
		       struct error *error);
/* Bytes of a segment that were there before. */
MUST_CHECK int log_intake_read(struct log_intake *intake, uint32_t segment,
			       uint32_t offset, uint8_t *bytes, size_t size,
			       struct error *error);
/* A buffer counts; the second takes its records in, too. */
void log_intake_count(struct log_intake *intake,
		      const struct buffer_header *header);
MUST_CHECK int log_intake_replay(struct log_intake *intake,
				 const struct buffer_header *header,
				 const uint8_t *bytes, struct error *error);

/* ---- log_kept.c ---- */

/* Keeps a buffer, and notes its rows of table 3. */
MUST_CHECK int log_kept_add(struct log_intake *intake,
			    const struct buffer_header *header,
			    const uint8_t *bytes, struct error *error);
/* Replays those at the front that a watermark has reached meanwhile. */
MUST_CHECK int log_kept_replay_settled(struct log_intake *intake,
				       struct error *error);
/* When it is known what counts: replays the others, or rejects them. */
MUST_CHECK int log_kept_replay(struct log_intake *intake, struct error *error);

/* ---- log_parts.c ---- */

MUST_CHECK int log_parts_add(struct log_intake *intake,
			     const struct buffer_header *header,
			     struct error *error);
/* When it is known what counts: puts rows together and replays them. */
MUST_CHECK int log_parts_replay(struct log_intake *intake,
				struct error *error);

/* ---- log_judge.c ---- */

/* Decides what counts, and fails if something is missing. */
MUST_CHECK int log_judge(struct log_intake *intake, struct error *error);

#endif
