/**
 * Agents put into pods: what a pod's annotations and Services ask for, and the patch that follows.
 */
@NullMarked
package dev.telepath.manager.kubernetes.injection;

import org.jspecify.annotations.NullMarked;
