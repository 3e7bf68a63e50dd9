/* SPDX-License-Identifier: MIT */
#include "storage/io/io_support.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

void
io_support_prepare(struct io_operation *operation)
{
	assert(operation->file != NULL);
	assert(operation->on_done != NULL);
	if (operation->kind == IO_WRITE) {
		assert(operation->size > 0);
		assert(operation->offset % IO_ALIGNMENT == 0);
		assert(operation->size % IO_ALIGNMENT == 0);
		assert((uintptr_t)operation->data % IO_ALIGNMENT == 0);
	}
	if (operation->kind == IO_RENAME || operation->kind == IO_EXCHANGE) {
		assert(io_support_check_name(operation->from) == 0);
		assert(io_support_check_name(operation->to) == 0);
	}
	operation->done = 0;
}

void
io_support_push(struct io_queue *queue, struct io_operation *operation)
{
	operation->next = NULL;
	if (queue->head == NULL)
		queue->head = operation;
	else
		queue->tail->next = operation;
	queue->tail = operation;
	queue->count++;
}

struct io_operation *
io_support_pop(struct io_queue *queue)
{
	struct io_operation *operation = queue->head;

	if (operation == NULL)
		return NULL;
	queue->head = operation->next;
	queue->count--;
	return operation;
}

int
io_support_check_name(const char *name)
{
	if (name[0] == '\0' || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0 || strchr(name, '/') != NULL)
		return -EINVAL;
	return strlen(name) > NAME_MAX ? -ENAMETOOLONG : 0;
}

static int64_t
read_clock_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t
io_support_clock_us(struct io *io)
{
	(void)io;
	return read_clock_us(CLOCK_REALTIME);
}

int64_t
io_support_monotonic_us(struct io *io)
{
	(void)io;
	return read_clock_us(CLOCK_MONOTONIC);
}

void
io_support_random(struct io *io, void *bytes, size_t size)
{
	uint8_t *to = bytes;

	(void)io;
	while (size > 0) {
		ssize_t got = getrandom(to, size, 0);

		/* It fails only while interrupted, since Linux 3.17. */
		if (got > 0) {
			to += got;
			size -= (size_t)got;
		}
	}
}
