/* SPDX-License-Identifier: MIT */
#include "storage/index/index_directory.h"

#include "base/error.h"

#include <assert.h>
#include <stdlib.h>

enum { ENTRIES_PER_PAGE = 46 /* on average */ };

void
index_set_slots(const struct index_place *place, unsigned depth, uint32_t name)
{
	uint32_t span = UINT32_C(1) << (place->end - depth);
	uint32_t first = place->slot & ~(span - 1);

	assert(depth >= place->base && depth <= place->end);
	for (uint32_t i = 0; i < span; i++)
		place->directory[first + i] = name;
}

void
index_set_page(struct primary_index *index, index_key key, unsigned depth,
	 uint32_t name)
{
	struct index_place place = index_locate(index, key);

	index_set_slots(&place, depth, name);
}

int
index_double_root(struct primary_index *index)
{
	size_t slots = (size_t)1 << index->root_bits;
	uint32_t *root = realloc(index->root, 2 * slots * sizeof(*root));

	if (root == NULL)
		return -ERROR_FULL;
	for (size_t i = slots; i-- > 0;) {
		root[2 * i + 1] = root[i];
		root[2 * i] = root[i];
	}
	index->root = root;
	index->root_bits++;
	return 0;
}

bool
index_may_double_root(const struct primary_index *index)
{
	uint64_t pages = index->expected / ENTRIES_PER_PAGE;

	if (pages < index->pool.pages)
		pages = index->pool.pages;
	return index->root_bits < INDEX_ROOT_BITS_MAX &&
	       pages >= UINT64_C(1) << index->root_bits >> 1;
}

/* A number whose entry in ->nodes is NULL; -ERROR_FULL. */
static int
take_node_number(struct primary_index *index, uint32_t *number)
{
	uint32_t capacity = index->node_capacity + index->node_capacity / 2 +
			    16;
	struct index_node **nodes;

	if (index->nodes_used < index->node_count) {
		/* Removal leaves gaps; it is rare enough to search. */
		for (*number = 0; index->nodes[*number] != NULL;)
			++*number;
		return 0;
	}
	if (index->node_count == index->node_capacity) {
		nodes = realloc(index->nodes, capacity * sizeof(*nodes));
		if (nodes == NULL)
			return -ERROR_FULL;
		index->nodes = nodes;
		index->node_capacity = capacity;
	}
	*number = index->node_count++;
	index->nodes[*number] = NULL;
	return 0;
}

int
index_put_node(struct primary_index *index, struct index_place place)
{
	uint32_t name = index_name_at(&place);
	struct index_node *node;
	uint32_t number;

	if (take_node_number(index, &number) < 0)
		return -ERROR_FULL;
	node = malloc(sizeof(*node));
	if (node == NULL)
		return -ERROR_FULL;
	node->base = place.end;
	for (unsigned i = 0; i < INDEX_NODE_SLOTS; i++)
		node->slots[i] = name;
	index->nodes[number] = node;
	index->nodes_used++;
	place.directory[place.slot] = number | INDEX_IS_NODE;
	return 0;
}

void
index_remove_empty_nodes(struct primary_index *index, index_key key)
{
	for (;;) {
		struct index_place place = index_locate(index, key);
		struct index_place parent = {
			.directory = index->root,
			.end = index->root_bits,
			.slot = index_root_slot(index, key),
		};
		struct index_node *node;
		uint32_t number;

		if (place.base == 0)
			return;
		for (unsigned i = 0; i < INDEX_NODE_SLOTS; i++)
			if (place.directory[i] != 0)
				return;
		while (number = index_name_at(&parent) ^ INDEX_IS_NODE,
		       node = index->nodes[number],
		       node->slots != place.directory)
			parent = index_node_place(node, key);
		index_set_slots(&parent, place.base, 0);
		free(node);
		index->nodes[number] = NULL;
		index->nodes_used--;
	}
}
