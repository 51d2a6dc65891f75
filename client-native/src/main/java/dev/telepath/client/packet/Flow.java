package dev.telepath.client.packet;

/** What tells packets of one connection, or of one exchange of datagrams, from others of the same protocol. */
public record Flow(Endpoint source, Endpoint destination) {
    /** As answers have it. */
    public Flow reversed() {
        return new Flow(destination, source);
    }
}
