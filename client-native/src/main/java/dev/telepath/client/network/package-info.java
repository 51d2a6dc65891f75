/** What is known of the cluster's network. */
@NullMarked
package dev.telepath.client.network;

import org.jspecify.annotations.NullMarked;
