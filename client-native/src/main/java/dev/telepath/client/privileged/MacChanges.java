package dev.telepath.client.privileged;

import dev.telepath.client.macos.MacCommands;
import dev.telepath.client.macos.ResolverFiles;
import dev.telepath.client.network.InterfaceAddress;
import dev.telepath.client.network.IpNetwork;
import dev.telepath.client.platform.SystemTool;
import dev.telepath.tunnel.macos.Handover;
import dev.telepath.tunnel.macos.MacLibrary;
import dev.telepath.tunnel.macos.UtunSocket;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is changed of a Mac. The system takes addresses and routes away with the device, which ends when daemon and this process have both closed
 * it; names are files, and {@link ResolverFiles} sees that they go. Experimental: not yet run on macOS.
 */
final class MacChanges implements Machine {
    /** What route says of one that somebody has taken away already. */
    private static final String GONE = "not in table";

    private final Device device;
    private final SystemTool tool;
    private final ResolverFiles resolvers;
    private final Set<IpNetwork> routes = new LinkedHashSet<>();
    private @Nullable String name;

    /** Makes a device. */
    interface Device extends AutoCloseable {
        /** @return its name */
        String make() throws IOException;

        /** Lets the daemon have it. */
        void handOver() throws IOException;

        /** Gives back what is held here of it. */
        @Override
        void close() throws IOException;
    }

    /**
     * Makes a utun. What is opened here stays open until it is closed: macOS can lose a descriptor that is closed on its way to another process.
     */
    static final class Utuns implements Device {
        private final MacLibrary library;
        private final Path handover;
        private final List<Integer> held = new ArrayList<>();

        /**
         * @param handover where the daemon takes it
         */
        Utuns(MacLibrary library, Path handover) {
            this.library = library;
            this.handover = handover;
        }

        @Override
        public String make() throws IOException {
            UtunSocket utun = UtunSocket.open(library);
            held.add(utun.descriptor());
            return utun.name();
        }

        @Override
        public void handOver() throws IOException {
            held.add(Handover.give(library, handover, held.getFirst()));
        }

        @Override
        public void close() throws IOException {
            for (int each : held) {
                library.close(each);
            }
            held.clear();
        }
    }

    MacChanges(Device device, SystemTool tool, ResolverFiles resolvers) {
        this.device = device;
        this.tool = tool;
        this.resolvers = resolvers;
    }

    @Override
    public List<String> apply(Order order) throws IOException {
        return switch (order) {
            case Order.Utun(int mtu, InterfaceAddress ipv4, InterfaceAddress ipv6) -> make(mtu, ipv4, ipv6);
            case Order.Routes(List<IpNetwork> networks) -> route(networks);
            case Order.Resolvers(List<String> domains, List<String> search, int port) ->
                resolvers.set(domains, search, port);
            default -> throw new IOException("macOS carries no such order out: " + order);
        };
    }

    private List<String> make(int mtu, InterfaceAddress ipv4, InterfaceAddress ipv6) throws IOException {
        if (name != null) {
            throw new IOException("there is a device already");
        }
        String made = device.make();
        try {
            must(MacCommands.address4(made, ipv4, mtu));
            must(MacCommands.add(made, new IpNetwork(ipv4.address(), ipv4.prefix())));
            // Some systems have no IPv6, and do without.
            Optional<String> without = run(MacCommands.address6(made, ipv6));
            device.handOver();
            name = made;
            return without.map(why -> "no address of IPv6: " + why).stream().toList();
        } catch (IOException e) {
            device.close();
            throw e;
        }
    }

    private List<String> route(List<IpNetwork> networks) throws IOException {
        String made = name;
        if (made == null) {
            throw new IOException("there is no device to lead networks to");
        }
        List<String> failed = new ArrayList<>();
        for (IpNetwork old : List.copyOf(routes)) {
            if (!networks.contains(old)) {
                Optional<String> why = run(MacCommands.delete(made, old)).filter(text -> !text.contains(GONE));
                why.ifPresent(text -> failed.add(old + ", not led away: " + text));
                if (why.isEmpty()) {
                    routes.remove(old);
                }
            }
        }
        for (IpNetwork fresh : networks) {
            if (!routes.contains(fresh)) {
                Optional<String> why = run(MacCommands.add(made, fresh));
                why.ifPresent(text -> failed.add(fresh + ": " + text));
                if (why.isEmpty()) {
                    routes.add(fresh);
                }
            }
        }
        return failed;
    }

    private void must(List<String> line) throws IOException {
        Optional<String> why = run(line);
        if (why.isPresent()) {
            throw new IOException(String.join(" ", line) + ": " + why.get());
        }
    }

    private Optional<String> run(List<String> line) throws IOException {
        return MacCommands.failure(line, tool.run(line));
    }

    /** Undoes the names at once; the rest goes with the device. */
    @Override
    public void close() throws IOException {
        try (device) {
            resolvers.close();
        }
    }
}
