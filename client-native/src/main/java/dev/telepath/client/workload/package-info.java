/**
 * What workloads there are, and what their agents lend: environment, files, logs.
 */
@NullMarked
package dev.telepath.client.workload;

import org.jspecify.annotations.NullMarked;
