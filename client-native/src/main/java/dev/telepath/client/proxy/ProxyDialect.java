package dev.telepath.client.proxy;

import dev.telepath.client.failure.Failure;
import io.netty.buffer.ByteBuf;

/** How a local program asks for a stream. Confined to one event loop; keeps what it needs between two reads. */
sealed interface ProxyDialect permits SocksDialect, HttpDialect {
    /** What to do next. */
    sealed interface Step {
        /** The request is not whole yet. */
        record More() implements Step {}

        /** Send this and go on. */
        record Answer(ByteBuf bytes) implements Step {}

        /** Send this and close. */
        record Refuse(ByteBuf bytes) implements Step {}

        /** Send this, which is all that was asked for, and close. */
        record Serve(ByteBuf bytes) implements Step {}

        /** Open a relay for datagrams; port 0 where the program does not say yet from which it will send. */
        record Associate(SocksAddress from) implements Step {}

        /** Dial; what is left in the buffer belongs to the stream. */
        record Dial(String host, int port) implements Step {}
    }

    /** Consumes what it understands. */
    Step read(ByteBuf received);

    /** What the program is sent when the dial worked; may be empty. */
    ByteBuf dialled();

    /** What it is sent when the dial failed. */
    ByteBuf failed(Failure why);

    /** What it is sent when its request is too large. */
    ByteBuf tooLarge();
}
