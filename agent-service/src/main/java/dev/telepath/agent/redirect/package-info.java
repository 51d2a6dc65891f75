/** Redirect rules of a pod's network, set by its init container: nf_tables over netlink, without any other program. */
@NullMarked
package dev.telepath.agent.redirect;

import org.jspecify.annotations.NullMarked;
