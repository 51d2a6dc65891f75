package dev.telepath.client.proxy;

import dev.telepath.client.failure.Failure;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.net.InetSocketAddress;

/** SOCKS5 (RFC 1928): no authentication, commands CONNECT and UDP ASSOCIATE, addresses and names. */
final class SocksDialect implements ProxyDialect {
    static final byte VERSION = 5;

    private static final int CONNECT = 1;
    private static final int UDP_ASSOCIATE = 3;

    private static final int GENERAL_FAILURE = 1;
    private static final int NETWORK_UNREACHABLE = 3;
    private static final int HOST_UNREACHABLE = 4;
    private static final int CONNECTION_REFUSED = 5;
    private static final int COMMAND_NOT_SUPPORTED = 7;
    private static final int ADDRESS_NOT_SUPPORTED = 8;

    private boolean greeted;

    @Override
    public Step read(ByteBuf received) {
        return greeted ? request(received) : greeting(received);
    }

    private Step greeting(ByteBuf received) {
        int at = received.readerIndex();
        if (received.readableBytes() < 2) {
            return new Step.More();
        }
        int methods = received.getUnsignedByte(at + 1);
        if (received.readableBytes() < 2 + methods) {
            return new Step.More();
        }
        boolean open = received.indexOf(at + 2, at + 2 + methods, (byte) 0) >= 0;
        received.skipBytes(2 + methods);
        if (!open) {
            return new Step.Refuse(Unpooled.wrappedBuffer(new byte[] {VERSION, (byte) 0xff}));
        }
        greeted = true;
        return new Step.Answer(Unpooled.wrappedBuffer(new byte[] {VERSION, 0}));
    }

    private static Step request(ByteBuf received) {
        int at = received.readerIndex();
        if (received.readableBytes() < 5) {
            return new Step.More();
        }
        if (received.getByte(at) != VERSION) {
            return new Step.Refuse(reply(GENERAL_FAILURE));
        }
        byte command = received.getByte(at + 1);
        if (command != CONNECT && command != UDP_ASSOCIATE) {
            return new Step.Refuse(reply(COMMAND_NOT_SUPPORTED));
        }
        int length = SocksAddress.length(received, at + 3);
        if (length < 0) {
            return new Step.Refuse(reply(ADDRESS_NOT_SUPPORTED));
        }
        if (received.readableBytes() < 3 + length) {
            return new Step.More();
        }
        received.skipBytes(3);
        SocksAddress address = SocksAddress.read(received);
        if (command == UDP_ASSOCIATE) {
            return new Step.Associate(address);
        }
        return address.isDestination()
                ? new Step.Dial(address.host(), address.port())
                : new Step.Refuse(reply(ADDRESS_NOT_SUPPORTED));
    }

    /** The answer to UDP ASSOCIATE: where the program is to send its datagrams. */
    static ByteBuf associated(InetSocketAddress relay) {
        byte[] address = relay.getAddress().getAddress();
        return Unpooled.buffer(22)
                .writeBytes(new byte[] {VERSION, 0, 0, (byte) (address.length == 4 ? 1 : 4)})
                .writeBytes(address)
                .writeShort(relay.getPort());
    }

    private static ByteBuf reply(int code) {
        return Unpooled.wrappedBuffer(new byte[] {VERSION, (byte) code, 0, 1, 0, 0, 0, 0, 0, 0});
    }

    @Override
    public ByteBuf dialled() {
        return reply(0);
    }

    @Override
    public ByteBuf failed(Failure why) {
        return reply(
                switch (why.kind()) {
                    case CONFLICT -> CONNECTION_REFUSED;
                    case NOT_FOUND, TIMED_OUT -> HOST_UNREACHABLE;
                    case UNREACHABLE, NOT_CONNECTED -> NETWORK_UNREACHABLE;
                    default -> GENERAL_FAILURE;
                });
    }

    @Override
    public ByteBuf tooLarge() {
        return reply(GENERAL_FAILURE);
    }
}
