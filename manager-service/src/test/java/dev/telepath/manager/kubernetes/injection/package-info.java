/** Patches of pods. */
@NullMarked
package dev.telepath.manager.kubernetes.injection;

import org.jspecify.annotations.NullMarked;
