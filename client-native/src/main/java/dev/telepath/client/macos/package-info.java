/** What is changed of a Mac's network, by its own programs and files. Experimental: not yet run on macOS. */
@NullMarked
package dev.telepath.client.macos;

import org.jspecify.annotations.NullMarked;
