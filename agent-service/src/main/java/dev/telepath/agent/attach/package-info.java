/** The connection to a manager: arriving, watching, staying, coming back. */
@NullMarked
package dev.telepath.agent.attach;

import org.jspecify.annotations.NullMarked;
