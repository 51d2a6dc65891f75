/**
 * A program in a network of its own: a user, network and mount namespace whose only way out is a device that leads to the daemon.
 * Linux; needs no privileges.
 */
@NullMarked
package dev.telepath.client.run;

import org.jspecify.annotations.NullMarked;
