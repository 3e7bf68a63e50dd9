/* SPDX-License-Identifier: MIT */
#include "planner/bind_using.h"

int
bind_using_timestamp(struct binder *binder, const struct ast_using *using,
	       struct expression **timestamp_us)
{
	struct receiver receiver = { .name = SLICE("[timestamp]"),
				     .type = type_native(TYPE_BIGINT),
				     .key_part = -1 };

	if (using->timestamp == NULL)
		return 0;
	if (binder->plan->is_conditional)
		return bind_error_at(binder, using->timestamp->place,
				     "Cannot provide custom timestamp for "
				     "conditional updates");
	return bind_term(binder, using->timestamp, &receiver, timestamp_us);
}

int
bind_using_ttl(struct binder *binder, const struct ast_using *using,
	 struct expression **ttl_s)
{
	struct receiver receiver = { .name = SLICE("[ttl]"),
				     .type = type_native(TYPE_INT),
				     .key_part = -1 };

	if (using->ttl == NULL)
		return 0;
	return bind_term(binder, using->ttl, &receiver, ttl_s);
}

int
bind_using_timeout(struct binder *binder, const struct ast_using *using)
{
	const struct ast_term *timeout = using->timeout;
	struct receiver receiver = { .name = SLICE("[timeout]"),
				     .type = type_native(TYPE_DURATION),
				     .key_part = -1 };
	struct expression *ignored;

	if (timeout == NULL)
		return 0;
	if (timeout->kind == AST_MARKER)
		return bind_term(binder, timeout, &receiver, &ignored);
	if (timeout->kind == AST_CONSTANT &&
	    timeout->as.constant.kind == AST_DURATION)
		return 0;
	return bind_error_at(binder, timeout->place,
			     "USING TIMEOUT takes a duration, such as 500ms");
}
