package dev.telepath.client.privileged;

import dev.telepath.client.network.IpNetwork;
import dev.telepath.client.tun.Links;
import dev.telepath.client.tun.LinuxTun;
import dev.telepath.tunnel.linux.CLibrary;
import dev.telepath.tunnel.linux.NetfilterRules;
import dev.telepath.tunnel.linux.NetfilterRules.Field;
import dev.telepath.tunnel.linux.NetfilterRules.Hook;
import dev.telepath.tunnel.linux.NetlinkSocket;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is changed of this machine. The kernel itself takes each away with what it hangs on: routes and addresses with the device,
 * the device with the daemon that has it open, the rules with the socket that they came by. One thread.
 */
final class Changes implements Machine {
    private static final String TABLE = "telepath-dns";
    private static final int DNS_PORT = 53;
    private static final byte[] PROTOCOLS = {6, 17};
    private static final byte FAMILY_IPV4 = 2;
    private static final byte FAMILY_IPV6 = 10;

    private final CLibrary library;
    private final int user;
    private final @Nullable OutputStream resolved;
    private final Set<IpNetwork> routes = new LinkedHashSet<>();
    private Order.@Nullable Device device;
    private @Nullable NetlinkSocket rules;

    /**
     * @param user number of the user who may open the device
     * @param resolved to {@link ResolvedScript}; null where there is none
     */
    Changes(CLibrary library, int user, @Nullable OutputStream resolved) {
        this.library = library;
        this.user = user;
        this.resolved = resolved;
    }

    @Override
    public List<String> apply(Order order) throws IOException {
        return switch (order) {
            case Order.Device wanted -> {
                make(wanted);
                yield List.of();
            }
            case Order.Routes(List<IpNetwork> networks) -> route(networks);
            case Order.Redirect wanted -> {
                redirect(wanted);
                yield List.of();
            }
            case Order.Names wanted -> {
                name(wanted);
                yield List.of();
            }
            case Order.Mac other -> throw new IOException("Linux carries no such order out: " + other);
        };
    }

    private void make(Order.Device wanted) throws IOException {
        if (device != null) {
            throw new IOException("there is a device already");
        }
        try (LinuxTun tun = LinuxTun.open(wanted.name(), wanted.mtu(), library)) {
            tun.lend(user);
        } catch (CLibrary.Refused e) {
            throw e.errno() == CLibrary.Refused.EBUSY
                    ? new IOException("the device " + wanted.name() + " is in use", e)
                    : e;
        }
        device = wanted;
        try (var links = new Links(library)) {
            // One that a crash has left behind has its addresses.
            links.configure(wanted.name(), index(wanted), wanted.mtu(), wanted.ipv4(), wanted.ipv6());
        }
    }

    private int index(Order.Device made) throws IOException {
        int index = library.interfaceIndex(made.name());
        if (index == 0) {
            throw new IOException("the device " + made.name() + " is gone");
        }
        return index;
    }

    private List<String> route(List<IpNetwork> networks) throws IOException {
        Order.Device made = device;
        if (made == null) {
            throw new IOException("there is no device to lead networks to");
        }
        List<String> failed = new ArrayList<>();
        int index = index(made);
        try (var links = new Links(library)) {
            for (IpNetwork old : List.copyOf(routes)) {
                if (!networks.contains(old)) {
                    links.removeRoute(index, old.address(), old.prefix());
                    routes.remove(old);
                }
            }
            for (IpNetwork fresh : networks) {
                if (!routes.contains(fresh)) {
                    try {
                        links.route(index, fresh.address(), fresh.prefix());
                        routes.add(fresh);
                    } catch (CLibrary.Refused e) {
                        failed.add(fresh + ": " + e.getMessage());
                    }
                }
            }
        }
        return failed;
    }

    private void redirect(Order.Redirect wanted) throws IOException {
        if (wanted.servers().isEmpty()) {
            if (rules != null) {
                rules.close();
                rules = null;
            }
            return;
        }
        NetlinkSocket socket = rules;
        if (socket == null) {
            socket = new NetlinkSocket(library, NetlinkSocket.NETFILTER);
            rules = socket;
        }
        try {
            socket.send("redirect DNS", rules(wanted));
        } catch (IOException e) {
            socket.close();
            rules = null;
            throw e;
        }
    }

    private void name(Order.Names wanted) throws IOException {
        Order.Device made = device;
        OutputStream script = resolved;
        if (made == null || script == null) {
            throw new IOException("there is no " + (made == null ? "device" : "process that tells systemd-resolved"));
        }
        if (!new IpNetwork(made.ipv4().address(), made.ipv4().prefix()).contains(wanted.server())) {
            throw new IOException(wanted.server().getHostAddress() + " is not in the network of " + made.name());
        }
        script.write(ResolvedScript.line(made.name(), wanted));
        script.flush();
    }

    private static byte[] rules(Order.Redirect wanted) {
        NetfilterRules table = NetfilterRules.nat(TABLE, Hook.OUTPUT, true);
        for (InetAddress server : wanted.servers()) {
            for (byte protocol : PROTOCOLS) {
                table.redirect(() -> condition(table, server, protocol, wanted.trafficClass()), wanted.port());
            }
        }
        return table.finish();
    }

    private static void condition(NetfilterRules table, InetAddress server, byte protocol, int trafficClass) {
        byte[] address = server.getAddress();
        boolean ipv4 = address.length == 4;
        table.is(Field.FAMILY, ipv4 ? FAMILY_IPV4 : FAMILY_IPV6);
        table.is(Field.PROTOCOL, protocol);
        table.is(Field.DESTINATION_PORT, NetfilterRules.port(DNS_PORT));
        table.is(ipv4 ? Field.IPV4_DESTINATION : Field.IPV6_DESTINATION, address);
        // The two low bits are for congestion, and the kernel's.
        int dscp = trafficClass & 0xfc;
        if (ipv4) {
            table.isNot(Field.IPV4_TOS, new byte[] {(byte) 0xfc}, new byte[] {(byte) dscp});
        } else {
            table.isNot(
                    Field.IPV6_CLASS, new byte[] {0x0f, (byte) 0xc0}, new byte[] {(byte) (dscp >> 4), (byte) (dscp << 4)
                    });
        }
    }

    /** Undoes what does not go by itself: rules, routes, and a device that nobody has opened. */
    @Override
    public void close() throws IOException {
        NetlinkSocket socket = rules;
        if (socket != null) {
            socket.close();
        }
        Order.Device made = device;
        if (made == null || library.interfaceIndex(made.name()) == 0) {
            return;
        }
        route(List.of());
        try (LinuxTun tun = LinuxTun.open(made.name(), made.mtu(), library)) {
            tun.own();
        } catch (CLibrary.Refused e) {
            // The daemon has it, and it goes with the daemon.
            if (e.errno() != CLibrary.Refused.EBUSY) {
                throw e;
            }
        }
    }
}
