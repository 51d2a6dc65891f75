/** Serves the lent files by SFTP, for clients that mount them. */
@NullMarked
package dev.telepath.agent.sftp;

import org.jspecify.annotations.NullMarked;
