/** Resumable streams of the client, both ways. */
@NullMarked
package dev.telepath.client.carry;

import org.jspecify.annotations.NullMarked;
