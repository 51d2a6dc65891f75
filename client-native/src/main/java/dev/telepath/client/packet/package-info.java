/** IP packets as bytes: read, rewritten and made. Pure; knows neither devices nor sockets. */
@NullMarked
package dev.telepath.client.packet;

import org.jspecify.annotations.NullMarked;
