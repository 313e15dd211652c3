/* SPDX-License-Identifier: GPL-2.0-only */
/* Defaults of what an operator can decide. */
#include "base/settings.h"

#include <string.h>

#define WATCH_EVENT_TIMEOUT_MS 20000 /* as upstream, since XSA-326 */

void xs_settings_default(struct xs_settings *settings)
{
	memset(settings, 0, sizeof(*settings));
	settings->watch_event_ms = WATCH_EVENT_TIMEOUT_MS;
	xs_limits_default(&settings->limits);
}
