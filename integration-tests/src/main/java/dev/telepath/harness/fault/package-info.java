/**
 * Networks that misbehave when they are told to: a proxy that stands between two programs, and data that shows what the
 * fault did to it.
 */
@NullMarked
package dev.telepath.harness.fault;

import org.jspecify.annotations.NullMarked;
