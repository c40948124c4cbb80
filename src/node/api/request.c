/* See request.h. */
#include "node/api/request.h"

#include <string.h>

#include "node/api/range.h"
#include "util/mem.h"
#include "util/units.h"

/* Undoes %XX; NULL for a broken escape, a NUL or a control character. */
static char *decode(const char *text, size_t len, bool plus)
{
	char *out = xmalloc(len + 1), *p = out;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c == '%') {
			if (len - i < 3 || !hex_decode(text + i + 1, 2, &c, 1))
				goto bad;
			i += 2;
		} else if (plus && c == '+') {
			c = ' ';
		}
		if (c < ' ' || c == 0x7f)
			goto bad;
		*p++ = (char)c;
	}
	*p = '\0';
	return out;
bad:
	free(out);
	return NULL;
}

static int add_pair(struct api_request *rq, const char *text, size_t len, struct err *err)
{
	const char *eq = memchr(text, '=', len);
	size_t key_len = eq ? (size_t)(eq - text) : len;

	if (len == 0)
		return 0;
	if (rq->n_query == API_MAX_QUERY)
		return err_set(err, ERR_USAGE, "more than %d query parameters", API_MAX_QUERY);
	char *key = decode(text, key_len, true);
	char *value = eq ? decode(eq + 1, len - key_len - 1, true) : xstrdup("");
	rq->query[rq->n_query].key = key;
	rq->query[rq->n_query++].value = value;
	if (!key || !value)
		return err_set(err, ERR_USAGE, "malformed query string");
	return 0;
}

int api_request_init(
	struct api_request *rq, const char *method, const char *target, struct err *err)
{
	size_t len = strlen(target), path_len = strcspn(target, "?#");
	const char *p = target + path_len;

	*rq = (struct api_request){ .method = method, .body = "" };
	if (len > API_MAX_URI)
		return err_set(err, ERR_USAGE, "request target of %zu bytes", len);
	rq->path = decode(target, path_len, false);
	if (!rq->path || rq->path[0] != '/')
		return err_set(err, ERR_USAGE, "malformed request target");
	while (*p == '?' || *p == '&') {
		size_t n = strcspn(++p, "&#");
		if (add_pair(rq, p, n, err))
			return -1;
		p += n;
	}
	return 0;
}

void api_request_release(struct api_request *rq)
{
	free(rq->path);
	for (size_t i = 0; i < rq->n_query; i++) {
		free(rq->query[i].key);
		free(rq->query[i].value);
	}
	*rq = (struct api_request){ 0 };
}

const char *api_query(const struct api_request *rq, const char *key)
{
	for (size_t i = 0; i < rq->n_query; i++)
		if (strcmp(rq->query[i].key, key) == 0)
			return rq->query[i].value;
	return NULL;
}

int api_query_u64(const struct api_request *rq, const char *key, uint64_t *ret, struct err *err)
{
	const char *text = api_query(rq, key);

	if (text && units_parse_u64(text, ret, NULL))
		return err_set(err, ERR_USAGE,
			"Failed to deserialize query string: %s: invalid digit found in string",
			key);
	return 0;
}

int api_query_id(const struct api_request *rq, const char *key, struct id32 *ret, bool *ret_given,
	struct err *err)
{
	const char *text = api_query(rq, key);

	*ret_given = text != NULL;
	if (text && !id32_parse(text, ret))
		return err_set(err, ERR_USAGE,
			"Failed to deserialize query string: %s: expected 64 hex digits", key);
	return 0;
}

bool api_path_matches(struct api_request *rq, const char *pattern)
{
	const char *p = rq->path;

	rq->param = NULL;
	while (*pattern) {
		if (*pattern != ':') {
			if (*pattern++ != *p++)
				return false;
			continue;
		}
		size_t len = strcspn(p, "/");
		if (len == 0 || len >= sizeof(rq->path_param))
			return false;
		memcpy(rq->path_param, p, len);
		rq->path_param[len] = '\0';
		rq->param = rq->path_param;
		p += len;
		pattern += strcspn(pattern, "/");
	}
	return *p == '\0';
}

void api_reply_release(struct api_reply *rp)
{
	strbuf_release(&rp->body);
	api_range_free(rp->range);
	*rp = (struct api_reply){ 0 };
}

void api_reply_text(struct api_reply *rp, int status, const char *fmt, ...)
{
	va_list ap;

	strbuf_clear(&rp->body);
	va_start(ap, fmt);
	strbuf_vaddf(&rp->body, fmt, ap);
	va_end(ap);
	rp->action = API_REPLY;
	rp->status = status;
	rp->content_type = rp->body.len ? API_TEXT : NULL;
}
