/** Looks for what keeps Telepath from working here, step by step, and says what helps. */
@NullMarked
package dev.telepath.client.doctor;

import org.jspecify.annotations.NullMarked;
