/** Folders in which a program of the system shows the files of a workload. */
@NullMarked
package dev.telepath.client.mount;

import org.jspecify.annotations.NullMarked;
