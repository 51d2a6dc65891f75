@NullMarked
package dev.telepath.manager.wire;

import org.jspecify.annotations.NullMarked;
