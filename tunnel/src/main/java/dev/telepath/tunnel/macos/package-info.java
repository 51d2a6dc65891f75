/**
 * Calls of macOS that the platform has no classes for, and the bytes that they take. Experimental: written after Apple's headers
 * and manual pages, not yet run there. Nothing of it is looked up on another system.
 */
@NullMarked
package dev.telepath.tunnel.macos;

import org.jspecify.annotations.NullMarked;
