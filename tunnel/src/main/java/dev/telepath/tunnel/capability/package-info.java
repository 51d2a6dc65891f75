/**
 * What a peer can do, learned from the handshake or from its first {@code UNIMPLEMENTED}. Nothing else in the code
 * looks at that status.
 */
@NullMarked
package dev.telepath.tunnel.capability;

import org.jspecify.annotations.NullMarked;
