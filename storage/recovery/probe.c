/* SPDX-License-Identifier: MIT */
#include "storage/recovery/probe.h"

#include "storage/format/format.h"

#include <errno.h>
#include <stdlib.h>

enum { PROBES = 128 };

struct probe {
	struct io_operation operation;
	uint8_t *block;
	uint32_t segment;
	bool is_in_flight;
	bool is_used; /* not looked at yet */
};

struct prober {
	const struct segment_manager *segments;
	probe_visit *visit;
	void *context;
	struct probe *probes;
	uint8_t *blocks;
	const uint32_t *list;
	uint32_t count;
	uint32_t next; /* in the list */
	uint32_t in_flight;
	unsigned failures; /* of polls */
};

static void
on_probe_done(struct io_operation *operation)
{
	CONTAINER_OF(operation, struct probe, operation)->is_in_flight = false;
}

static void
submit_probe(struct prober *prober, struct probe *probe)
{
	struct io *io = prober->segments->io;
	uint32_t segment = prober->list[prober->next++];
	struct segment_place place =
		segment_manager_place(prober->segments, segment, 0);

	probe->segment = segment;
	probe->is_in_flight = true;
	probe->is_used = true;
	probe->operation = (struct io_operation){
		.kind = IO_READ,
		.file = place.file,
		.offset = place.offset,
		.data = probe->block,
		.size = FORMAT_BLOCK_SIZE,
		.on_done = on_probe_done,
	};
	prober->in_flight++;
	io->methods->submit(io, &probe->operation);
}

static int
look_at(struct prober *prober, struct probe *probe, struct error *error)
{
	int64_t result = probe->operation.result;

	probe->is_used = false;
	prober->in_flight--;
	if (result >= 0 && result != FORMAT_BLOCK_SIZE)
		result = -EIO;
	if (result < 0)
		return segment_manager_io_error(prober->segments, (int)result,
						"read", probe->segment, 0,
						error);
	prober->visit(prober->context, probe->segment, probe->block);
	return 0;
}

static int
wait_for_probes(struct prober *prober, struct error *error)
{
	struct io *io = prober->segments->io;
	int status = io_poll_patiently(io, &prober->failures);

	if (status < 0)
		return io_error(io, status, "wait for", NULL, IO_NO_OFFSET,
				error);
	return 0;
}

static int
run(struct prober *prober, struct error *error)
{
	int status = 0;

	while (prober->next < prober->count || prober->in_flight > 0) {
		for (uint32_t i = 0; i < PROBES && status == 0; i++) {
			struct probe *probe = &prober->probes[i];

			if (probe->is_used && !probe->is_in_flight)
				status = look_at(prober, probe, error);
			if (status == 0 && !probe->is_used &&
			    prober->next < prober->count)
				submit_probe(prober, probe);
		}
		if (status == 0 && prober->in_flight > 0)
			status = wait_for_probes(prober, error);
		if (status < 0)
			return status;
	}
	return 0;
}

/* The kernel may still be writing into the blocks. */
static void
finish(struct prober *prober)
{
	struct io *io = prober->segments->io;

	for (uint32_t i = 0; i < PROBES; i++) {
		if (io_wait(io, &prober->probes[i].is_in_flight) < 0)
			return;
	}
	free(prober->blocks);
	free(prober->probes);
}

int
probe_segments(const struct segment_manager *segments, const uint32_t *list,
	       uint32_t count, probe_visit *visit, void *context,
	       struct error *error)
{
	struct prober prober = { .segments = segments,
				 .list = list,
				 .count = count,
				 .visit = visit,
				 .context = context };
	void *blocks;
	int status;

	if (posix_memalign(&blocks, IO_ALIGNMENT,
			   (size_t)PROBES * FORMAT_BLOCK_SIZE) != 0)
		return error_no_memory(error);
	prober.blocks = blocks;
	prober.probes = calloc(PROBES, sizeof(*prober.probes));
	if (prober.probes == NULL) {
		free(blocks);
		return error_no_memory(error);
	}
	for (uint32_t i = 0; i < PROBES; i++)
		prober.probes[i].block =
			prober.blocks + (size_t)i * FORMAT_BLOCK_SIZE;
	status = run(&prober, error);
	finish(&prober);
	return status;
}
