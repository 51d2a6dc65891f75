/**
 * Who calls: the installation's CA, signed tokens, and the principal of each call.
 */
@NullMarked
package dev.telepath.manager.security;

import org.jspecify.annotations.NullMarked;
