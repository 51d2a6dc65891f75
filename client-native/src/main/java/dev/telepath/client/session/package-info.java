/**
 * The session with the manager: attaching, staying attached, attaching again.
 */
@NullMarked
package dev.telepath.client.session;

import org.jspecify.annotations.NullMarked;
