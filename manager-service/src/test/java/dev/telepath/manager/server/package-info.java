/** The real server in one process, with peers made of the same stubs that the programs use. */
@NullMarked
package dev.telepath.manager.server;

import org.jspecify.annotations.NullMarked;
