package dev.telepath.client.tun;

import dev.telepath.client.network.InterfaceAddress;
import dev.telepath.tunnel.linux.CLibrary;
import dev.telepath.tunnel.linux.NetlinkSocket;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Network interfaces of this process's network namespace, their addresses and routes, by rtnetlink(7). Needs CAP_NET_ADMIN there.
 * One thread.
 */
public final class Links implements AutoCloseable {
    private static final int AF_INET = 2;
    private static final int AF_INET6 = 10;

    private static final int NEW_LINK = 16;
    private static final int NEW_ADDRESS = 20;
    private static final int NEW_ROUTE = 24;
    private static final int DEL_ROUTE = 25;

    private static final int REQUEST = 1;
    private static final int ACK = 4;
    private static final int EXCLUSIVE = 0x200;
    private static final int CREATE = 0x400;

    private static final int LINK_NAME = 3;
    private static final int LINK_MTU = 4;
    private static final int UP = 1;
    private static final int ADDRESS = 1;
    private static final int LOCAL = 2;
    private static final int ADDRESS_FLAGS = 8;
    private static final int NO_DUPLICATE_DETECTION = 0x02;
    private static final int ROUTE_DESTINATION = 1;
    private static final int ROUTE_DEVICE = 4;
    private static final int TABLE_MAIN = 254;
    private static final int PROTOCOL_STATIC = 4;
    private static final int SCOPE_LINK = 253;
    private static final int UNICAST = 1;

    private static final int SIZE = 1024;
    private static final int HEADER = 16;
    private final NetlinkSocket socket;
    private int sequence;

    public Links(CLibrary library) throws IOException {
        this.socket = new NetlinkSocket(library, NetlinkSocket.ROUTE);
    }

    /**
     * Brings a device up with its packets' size and its addresses. One that has them already is fine.
     *
     * @param index the device's number
     * @return whether it has the address of IPv6 too: some systems have none, and do without
     */
    public boolean configure(String name, int index, int mtu, InterfaceAddress ipv4, InterfaceAddress ipv6)
            throws IOException {
        mtu(name, mtu);
        address(index, ipv4);
        boolean both = true;
        try {
            address(index, ipv6);
        } catch (CLibrary.Refused e) {
            both = false;
        }
        up(name);
        return both;
    }

    /** Brings an interface up. */
    public void up(String name) throws IOException {
        ByteBuffer message = link();
        attribute(message, LINK_NAME, (name + "\0").getBytes(StandardCharsets.US_ASCII));
        send("bring " + name + " up", message);
    }

    /** Sets the largest packet of an interface. */
    private void mtu(String name, int bytes) throws IOException {
        ByteBuffer message = link();
        message.putInt(HEADER + 8, 0).putInt(HEADER + 12, 0);
        attribute(message, LINK_NAME, (name + "\0").getBytes(StandardCharsets.US_ASCII));
        attribute(message, LINK_MTU, number(bytes));
        send("set the MTU of " + name, message);
    }

    private ByteBuffer link() {
        ByteBuffer message = begin(NEW_LINK, 0);
        return message.put((byte) 0)
                .put((byte) 0)
                .putShort((short) 0)
                .putInt(0)
                .putInt(UP)
                .putInt(UP);
    }

    /** Gives an interface an address, unless it has it. */
    private void address(int index, InterfaceAddress given) throws IOException {
        InetAddress address = given.address();
        int prefix = given.prefix();
        ByteBuffer message = begin(NEW_ADDRESS, CREATE | EXCLUSIVE);
        message.put((byte) family(address))
                .put((byte) prefix)
                .put((byte) NO_DUPLICATE_DETECTION)
                .put((byte) 0)
                .putInt(index);
        attribute(message, LOCAL, address.getAddress());
        attribute(message, ADDRESS, address.getAddress());
        attribute(message, ADDRESS_FLAGS, number(NO_DUPLICATE_DETECTION));
        try {
            send("give the device the address " + given, message);
        } catch (CLibrary.Refused e) {
            if (e.errno() != CLibrary.Refused.EEXIST) {
                throw e;
            }
        }
    }

    /** Leads a network to an interface. Fails where exactly that network has a route already. */
    public void route(int index, InetAddress network, int prefix) throws IOException {
        send(
                "lead " + network.getHostAddress() + "/" + prefix + " to the device",
                route(NEW_ROUTE, CREATE | EXCLUSIVE, index, network, prefix));
    }

    /** Takes such a route away. */
    public void removeRoute(int index, InetAddress network, int prefix) throws IOException {
        send(
                "take the route to " + network.getHostAddress() + "/" + prefix + " away",
                route(DEL_ROUTE, 0, index, network, prefix));
    }

    private ByteBuffer route(int type, int flags, int index, InetAddress network, int prefix) {
        ByteBuffer message = begin(type, flags);
        message.put((byte) family(network))
                .put((byte) prefix)
                .put((byte) 0)
                .put((byte) 0)
                .put((byte) TABLE_MAIN)
                .put((byte) PROTOCOL_STATIC)
                .put((byte) SCOPE_LINK)
                .put((byte) UNICAST)
                .putInt(0);
        attribute(message, ROUTE_DESTINATION, network.getAddress());
        attribute(message, ROUTE_DEVICE, number(index));
        return message;
    }

    private static int family(InetAddress address) {
        return address.getAddress().length == 4 ? AF_INET : AF_INET6;
    }

    private ByteBuffer begin(int type, int flags) {
        return ByteBuffer.allocate(SIZE)
                .order(ByteOrder.nativeOrder())
                .putInt(0)
                .putShort((short) type)
                .putShort((short) (REQUEST | ACK | flags))
                .putInt(++sequence)
                .putInt(0);
    }

    private static void attribute(ByteBuffer message, int type, byte[] value) {
        message.putShort((short) (4 + value.length)).putShort((short) type).put(value);
        while (message.position() % 4 != 0) {
            message.put((byte) 0);
        }
    }

    private static byte[] number(int value) {
        return ByteBuffer.allocate(4)
                .order(ByteOrder.nativeOrder())
                .putInt(value)
                .array();
    }

    private void send(String what, ByteBuffer message) throws IOException {
        message.putInt(0, message.position());
        byte[] bytes = new byte[message.position()];
        message.flip().get(bytes);
        socket.send(what, bytes);
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
