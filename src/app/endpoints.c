/* See endpoints.h. */
#include "app/endpoints.h"

#include <string.h>

#include "core/backend.h"
#include "core/environ.h"

int endpoints_wanted(const struct scenario *s, bool *ret, struct err *err)
{
	if (environ_switch("TESTNET_PRINT_ENDPOINTS", ret, err) < 0)
		return -1;
	*ret = *ret && !(s->backend->caps & BACKEND_VIRTUAL);
	return 0;
}

bool endpoints_known(const struct model *m)
{
	return m->phases[PHASE_READY].ended && m->phases[PHASE_READY].ok;
}

static const char *url_text(const char *url)
{
	return url ? url : "<disabled>";
}

void endpoints_print(const struct scenario *s, const struct model *m, FILE *out)
{
	fprintf(out, "TESTNET_ENDPOINTS prometheus=%s grafana=%s\n",
		url_text(s->observability.query_url), url_text(s->observability.grafana_url));
	for (size_t i = 0; i < m->n_nodes; i++) {
		const char *at = m->nodes[i].endpoint;
		size_t len = at ? strlen(at) : 0;

		while (len > 0 && at[len - 1] == '/')
			len--;
		if (len > 0)
			fprintf(out,
				"TESTNET_PPROF node_%zu=%.*s/debug/pprof/profile?seconds=15&format="
				"proto\n",
				i, (int)len, at);
	}
	fflush(out);
}
