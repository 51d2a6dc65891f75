/** Connections to agents themselves, past the manager, where this machine reaches their addresses. */
@NullMarked
package dev.telepath.client.direct;

import org.jspecify.annotations.NullMarked;
