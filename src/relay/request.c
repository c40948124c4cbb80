/* See request.h. */
#include "relay/request.h"

#include <string.h>

#include "util/nearest.h"

static const struct json_limits limits = { .max_bytes = REQUEST_MAX_BYTES, .max_depth = 8 };

/* --- small things ----------------------------------------------------------------------- */

static int check_members(
	const cJSON *obj, const char *what, const char *const *names, struct err *err)
{
	if (!cJSON_IsObject(obj))
		return err_set(err, ERR_USAGE, "%s is no object", what);
	json_each (v, obj) {
		size_t i = 0;

		while (names[i] && strcmp(names[i], v->string) != 0)
			i++;
		if (names[i])
			continue;
		const char *near = nearest_name(v->string, names);
		return err_set(err, ERR_USAGE, "%s has no member '%.60s'%s%s%s", what, v->string,
			near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	}
	return 0;
}

static bool is_name(const char *s, size_t max, bool is_id)
{
	size_t len = strlen(s);

	if (len == 0 || len > max)
		return false;
	for (; *s; s++) {
		bool ok = (*s >= '0' && *s <= '9') || (*s >= 'a' && *s <= 'z') ||
			  (*s >= 'A' && *s <= 'Z') || strchr("._-", *s) ||
			  (is_id && strchr(":>", *s));
		if (!ok)
			return false;
	}
	return true;
}

static int check_name(const char *name, const char *member, size_t max, bool is_id, struct err *err)
{
	if (name && is_name(name, max, is_id))
		return 0;
	return err_set(err, ERR_USAGE, "%s: %s%.80s%s; wanted are 1 to %zu of A-Z a-z 0-9 . _ -%s",
		member, name ? "'" : "", name ? name : "missing", name ? "'" : "", max,
		is_id ? " : >" : "");
}

static int read_name(const cJSON *obj, const char *member, bool is_id, char **ret, struct err *err)
{
	const char *text = json_get_str(obj, member);

	if (check_name(text, member, is_id ? LINK_ID_MAX : NAME_MAX_CHARS, is_id, err))
		return -1;
	*ret = xstrdup(text);
	return 0;
}

static int read_list(const cJSON *array, const char *member, size_t max, bool is_id,
	struct strlist *ret, struct err *err)
{
	if (!cJSON_IsArray(array))
		return err_set(err, ERR_USAGE, "%s is no list of names", member);
	json_each (v, array) {
		const char *text = json_as_str(v);

		if (ret->len >= max)
			return err_set(
				err, ERR_LIMIT, "%s: more than %zu are not possible", member, max);
		if (check_name(text, member, is_id ? LINK_ID_MAX : NAME_MAX_CHARS, is_id, err))
			return -1;
		strlist_add(ret, text);
	}
	return 0;
}

/* As read_list, when the member is there. */
static int read_optional(const cJSON *obj, const char *member, bool is_id, struct strlist *ret,
	bool *ret_has, struct err *err)
{
	const cJSON *v = json_get(obj, member);

	*ret_has = v != NULL;
	return v ? read_list(v, member, LIST_MAX, is_id, ret, err) : 0;
}

/* The one list of a body, and the body, which the caller frees. */
static cJSON *parse_body(const char *body, size_t len, const char *member, size_t max,
	const cJSON **ret_list, struct err *err)
{
	const char *const names[] = { member, NULL };
	cJSON *json = json_parse(body, len, &limits, err);

	if (!json)
		return NULL;
	*ret_list = json_get(json, member);
	int rc = check_members(json, "the body", names, err);
	if (rc == 0 && !cJSON_IsArray(*ret_list))
		rc = err_set(err, ERR_USAGE, "the body has no list '%s'", member);
	if (rc == 0 && (size_t)cJSON_GetArraySize(*ret_list) > max)
		rc = err_set(err, ERR_LIMIT, "%s: more than %zu are not possible", member, max);
	if (rc == 0)
		return json;
	cJSON_Delete(json);
	return NULL;
}

/* --- links ---------------------------------------------------------------------------- */

static int read_endpoint(
	const cJSON *obj, const char *member, struct endpoint *ret, struct err *err)
{
	const char *text = json_get_str(obj, member);

	if (!text)
		return err_set(err, ERR_USAGE, "%s: HOST:PORT is missing", member);
	return endpoint_parse(text, ret, err) ? err_prefix(err, "%s", member) : 0;
}

static int read_endpoints(const cJSON *obj, struct link_spec *ret, struct err *err)
{
	if (read_endpoint(obj, "listen", &ret->listen, err) ||
		read_endpoint(obj, "target", &ret->target, err))
		return -1;
	if (ret->listen.addr.len == 0)
		return err_set(err, ERR_USAGE,
			"listen: '%s' is a name; a numeric address of this machine is wanted, such as "
			"127.0.0.1 or 0.0.0.0",
			ret->listen.host);
	if (ret->target.port == 0)
		return err_set(err, ERR_USAGE, "target: port 0 cannot be connected to");
	return 0;
}

static int read_kind(const cJSON *obj, enum link_kind *ret, struct err *err)
{
	const char *text = json_get_str(obj, "kind");

	*ret = text && strcmp(text, "udp") == 0 ? LINK_UDP : LINK_TCP;
	if (text && (*ret == LINK_UDP || strcmp(text, "tcp") == 0))
		return 0;
	return err_set(err, ERR_USAGE, "kind: tcp or udp is wanted");
}

static int read_link(const cJSON *obj, struct link_spec *ret, struct err *err)
{
	static const char *const names[] = { "id", "from", "to", "kind", "listen", "target",
		"groups", "rule", NULL };
	const cJSON *groups = json_get(obj, "groups"), *rule = json_get(obj, "rule");

	if (check_members(obj, "a link", names, err) || read_name(obj, "id", true, &ret->id, err))
		return -1;
	if (read_name(obj, "from", false, &ret->from, err) ||
		read_name(obj, "to", false, &ret->to, err) || read_kind(obj, &ret->kind, err) ||
		read_endpoints(obj, ret, err) ||
		(groups && read_list(groups, "groups", GROUPS_MAX, false, &ret->groups, err)))
		return err_prefix(err, "link '%s'", ret->id);
	if (strcmp(ret->from, ret->to) == 0)
		return err_set(err, ERR_USAGE, "link '%s': from and to are the same node", ret->id);
	ret->has_rule = rule != NULL;
	if (rule && rule_from_json(rule, &ret->rule, err))
		return err_prefix(err, "link '%s'", ret->id);
	return 0;
}

int request_links(const char *body, size_t len, struct link_specs *ret, struct err *err)
{
	const cJSON *list = NULL;
	int rc = 0;

	*ret = (struct link_specs){ 0 };
	cJSON *json = parse_body(body, len, "links", LINKS_MAX, &list, err);
	if (!json)
		return -1;
	json_each (v, list) {
		struct link_spec spec = { 0 };

		rc = read_link(v, &spec, err);
		if (rc && !spec.id) /* else the text has it */
			err_prefix(err, "links[%zu]", ret->len);
		vec_push(ret, spec);
		if (rc)
			break;
	}
	cJSON_Delete(json);
	return rc;
}

void link_specs_release(struct link_specs *s)
{
	for (size_t i = 0; i < s->len; i++)
		link_spec_release(&s->items[i]);
	vec_free(s);
}

/* --- rules ------------------------------------------------------------------------------ */

static int read_change(const cJSON *obj, struct rule_change *ret, struct err *err)
{
	static const char *const names[] = { "links", "from", "to", "groups", "both", "rule",
		NULL };
	const cJSON *both = json_get(obj, "both"), *rule = json_get(obj, "rule");

	if (check_members(obj, "a change of rules", names, err) ||
		read_optional(obj, "links", true, &ret->links, &ret->has_links, err) ||
		read_optional(obj, "from", false, &ret->from, &ret->has_from, err) ||
		read_optional(obj, "to", false, &ret->to, &ret->has_to, err) ||
		read_optional(obj, "groups", false, &ret->groups, &ret->has_groups, err))
		return -1;
	if (both && !json_as_bool(both, &ret->both))
		return err_set(err, ERR_USAGE, "both: true or false is wanted");
	if (!rule)
		return err_set(
			err, ERR_USAGE, "'rule' is missing; {} is the one that does nothing");
	return rule_from_json(rule, &ret->rule, err);
}

int request_rules(const char *body, size_t len, struct rule_changes *ret, struct err *err)
{
	const cJSON *list = NULL;
	int rc = 0;

	*ret = (struct rule_changes){ 0 };
	cJSON *json = parse_body(body, len, "rules", RULES_MAX, &list, err);
	if (!json)
		return -1;
	json_each (v, list) {
		struct rule_change change = { 0 };

		rc = read_change(v, &change, err);
		if (rc)
			err_prefix(err, "rules[%zu]", ret->len);
		vec_push(ret, change);
		if (rc)
			break;
	}
	cJSON_Delete(json);
	return rc;
}

void rule_changes_release(struct rule_changes *c)
{
	for (size_t i = 0; i < c->len; i++)
		rule_change_release(&c->items[i]);
	vec_free(c);
}

int request_ids(const char *body, size_t len, struct strlist *ret, struct err *err)
{
	const cJSON *list = NULL;
	cJSON *json = parse_body(body, len, "links", LINKS_MAX, &list, err);

	if (!json)
		return -1;
	int rc = read_list(list, "links", LINKS_MAX, true, ret, err);
	cJSON_Delete(json);
	return rc;
}
