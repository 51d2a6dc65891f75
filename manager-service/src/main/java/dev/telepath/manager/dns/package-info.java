/**
 * Names as the workloads resolve them.
 */
@NullMarked
package dev.telepath.manager.dns;

import org.jspecify.annotations.NullMarked;
