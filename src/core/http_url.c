/* See http_url.h; libcurl takes it apart, as it will be the one to use it. */
#include "core/http_url.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "core/option.h"

static bool has_part(CURLU *u, CURLUPart part)
{
	char *text = NULL;
	bool has = curl_url_get(u, part, &text, 0) == CURLUE_OK && text && *text;

	curl_free(text);
	return has;
}

static bool is_http(CURLU *u)
{
	char *scheme = NULL;
	bool is = curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
		  (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);

	curl_free(scheme);
	return is;
}

static bool is_clean(const char *url)
{
	for (const char *s = url; *s; s++) {
		if ((unsigned char)*s <= 0x20 || (unsigned char)*s >= 0x7f)
			return false;
	}
	return true;
}

static int check_parts(CURLU *u, const char *url, bool base, struct err *err)
{
	char buf[OPTION_QUOTE];

	if (!is_clean(url) || curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK || !is_http(u) ||
		!has_part(u, CURLUPART_HOST))
		return err_set(err, ERR_USAGE,
			"expected a URL such as http://localhost:9090, not %s",
			option_quote(url, buf, sizeof(buf)));
	/* Not quoted: it may be a password. */
	if (has_part(u, CURLUPART_USER) || has_part(u, CURLUPART_PASSWORD))
		return err_set(err, ERR_USAGE,
			"a URL with a user name or password would be recorded with the run; leave "
			"it out (a proxy on this machine can add it)");
	if (base && (has_part(u, CURLUPART_QUERY) || has_part(u, CURLUPART_FRAGMENT)))
		return err_set(err, ERR_USAGE,
			"expected the URL of a service, without \"?\" and \"#\", not %s",
			option_quote(url, buf, sizeof(buf)));
	return 0;
}

int http_url_check(const char *url, bool base, struct err *err)
{
	if (strlen(url) > HTTP_URL_MAX_BYTES)
		return err_set(err, ERR_USAGE, "a URL of more than %d bytes", HTTP_URL_MAX_BYTES);
	CURLU *u = curl_url();

	if (!u)
		abort(); /* out of memory */
	int rc = check_parts(u, url, base, err);

	curl_url_cleanup(u);
	return rc;
}
