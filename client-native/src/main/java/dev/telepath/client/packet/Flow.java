package dev.telepath.client.packet;

import org.jspecify.annotations.Nullable;

/** What tells packets of one connection, or of one exchange of datagrams, from others of the same protocol. */
public record Flow(Endpoint source, Endpoint destination) {
    /** As answers have it. */
    public Flow reversed() {
        return new Flow(destination, source);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Flow that && source.equals(that.source) && destination.equals(that.destination);
    }

    @Override
    public int hashCode() {
        return 31 * source.hashCode() + destination.hashCode();
    }
}
