package dev.telepath.client.daemon;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.dns.DnsServer;
import dev.telepath.client.dns.Suffixes;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.network.IpNetwork;
import dev.telepath.client.network.Layout;
import dev.telepath.client.network.LocalRoutes;
import dev.telepath.client.privileged.Order;
import dev.telepath.client.privileged.PrivilegedLink;
import dev.telepath.client.tun.TunDevice;
import dev.telepath.client.tun.TunNetwork;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * This whole machine in the cluster's network: a device, the routes to it, and the names. Everything is brought to what it should be
 * again when the cluster's networks, this machine's routes or its name servers change. One thread of its own does it.
 */
final class MachineNetwork implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(MachineNetwork.class);
    private static final Duration WATCHDOG = Duration.ofSeconds(5);
    private static final Duration LAY_OUT = Duration.ofSeconds(2);

    private final Networking networking;
    private final PrivilegedLink link;
    private final Runnable whenGone;
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(
            Thread.ofVirtual().name("machine-network").factory());
    private final DeviceMaker maker;
    private @Nullable TunNetwork network;
    private @Nullable DnsServer dns;
    private @Nullable Runnable following;
    private List<IpNetwork> localBefore = List.of();
    private final NamesLed names;
    private volatile State state = new State("", List.of(), Map.of(), List.of());

    /**
     * What is so now.
     *
     * @param device its name; empty before there is one
     * @param routes that lead to it
     * @param mapped networks of the cluster that are shown as others
     * @param failed what could not be done, each with its cause
     */
    private record State(
            String device, List<IpNetwork> routes, Map<IpNetwork, IpNetwork> mapped, List<String> failed) {}

    /** This machine as its names see it. */
    private final class Names implements MachineNames.Machine {
        @Override
        public Optional<InetAddress> stub() {
            return networking.resolver().stub();
        }

        @Override
        public boolean isTaken() {
            return networking.suffixes().search().stream().allMatch(networking.resolver()::completesWith);
        }

        @Override
        public List<String> domains() {
            Suffixes suffixes = networking.suffixes();
            return Stream.concat(
                            suffixes.search().stream(),
                            suffixes.routed().stream().map(each -> "~" + each))
                    .filter(each -> Order.LINK_DOMAIN.matcher(each).matches())
                    .limit(Order.MOST_DOMAINS)
                    .toList();
        }

        @Override
        public List<InetAddress> servers() {
            return networking.nameServers().stream()
                    .map(InetSocketAddress::getAddress)
                    .distinct()
                    .limit(Order.MOST_SERVERS)
                    .toList();
        }

        @Override
        public NameProbe.Outcome ask(InetAddress server) {
            return networking.probe().ask(server);
        }

        @Override
        public NameProbe.Outcome askThrough(InetAddress stub, String domain) {
            return networking.probe().askThrough(stub, domain);
        }

        @Override
        public void resolve(List<String> domains) {
            link.order(new Order.Names(networking.addresses().dns(), domains));
        }

        @Override
        public void redirect(List<InetAddress> servers) {
            DnsServer server = dns;
            if (server != null) {
                link.order(new Order.Redirect(servers, server.address().getPort(), Networking.TRAFFIC_CLASS));
            }
        }
    }

    /**
     * @param link to the privileged process, which is there
     * @param whenGone told when the device or that process went away by itself
     */
    MachineNetwork(Networking networking, PrivilegedLink link, Runnable whenGone) {
        this.networking = networking;
        this.link = link;
        this.whenGone = whenGone;
        this.maker = DeviceMaker.ofThisMachine(networking);
        this.names = switch (maker) {
            case LinuxDevices linux -> new MachineNames(new Names());
            case MacDevices mac -> new MacNames(networking::suffixes, this::dnsPort, link::order);
        };
    }

    /**
     * Sets everything up. Blocks.
     *
     * @throws Failure when there is no device; routes and names that could not be had are in the status instead
     */
    void start(Duration poll) {
        String name = device();
        dns = DnsServer.listen(
                InetAddress.getLoopbackAddress(), 0, networking.loops(), networking.probe(), DnsServer.Limits.USUAL);
        state = new State(name, List.of(), Map.of(), List.of());
        layOut();
        names.bring();
        following = networking.onChange(() -> later(this::layOut));
        thread.scheduleWithFixedDelay(
                () -> guarded(() -> {
                    layOut();
                    names.bring();
                }),
                poll.toMillis(),
                poll.toMillis(),
                TimeUnit.MILLISECONDS);
        thread.scheduleWithFixedDelay(
                () -> guarded(names::watch), WATCHDOG.toMillis(), WATCHDOG.toMillis(), TimeUnit.MILLISECONDS);
        LOG.infof("device up device=%s routes=%s", name, state.routes());
    }

    private String device() {
        TunDevice made = maker.make(link);
        try {
            network = networking.serve(made, (served, cause) -> gone());
            return made.name();
        } catch (IOException e) {
            made.close();
            throw new Failure(
                    Kind.FAILED, "the device " + made.name() + " cannot be used: " + e.getMessage(), maker.hint(), e);
        }
    }

    /** Of the daemon's resolver; 0 before it listens. */
    private int dnsPort() {
        DnsServer server = dns;
        return server == null ? 0 : server.address().getPort();
    }

    private void later(Runnable task) {
        try {
            thread.execute(() -> guarded(task));
        } catch (RejectedExecutionException e) {
            LOG.debugf("network change not followed: ending");
        }
    }

    /** Leads the cluster's networks here as they are now. Blocks until that is done, two seconds at most. */
    void layOutNow() {
        var done = new CompletableFuture<Void>();
        later(() -> {
            try {
                layOut();
            } finally {
                done.complete(null);
            }
        });
        if (!thread.isShutdown()) {
            done.completeOnTimeout(null, LAY_OUT.toMillis(), TimeUnit.MILLISECONDS)
                    .join();
        }
    }

    private void guarded(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException e) {
            LOG.warnf("network not brought up to date cause=\"%s\"", e.getMessage());
        }
    }

    /** Leads the cluster's networks here, as they and this machine's own are now. */
    private void layOut() {
        State before = state;
        List<IpNetwork> local = LocalRoutes.read(device -> !device.equals(before.device()));
        if (!local.equals(localBefore)) {
            localBefore = local;
            names.forget();
        }
        Layout layout = networking.layOut(local);
        List<String> hidden = layout.hidden().stream()
                .map(each -> each + ": this machine has a route there, and it is too large to be shown as another")
                .toList();
        if (layout.routes().equals(before.routes()) && layout.mapped().equals(before.mapped())) {
            return;
        }
        List<String> failed = new ArrayList<>(link.order(new Order.Routes(layout.routes())));
        failed.addAll(hidden);
        state = new State(before.device(), layout.routes(), layout.mapped(), failed);
        LOG.infof(
                "routes device=%s networks=%s mapped=%s failed=%s",
                before.device(), layout.routes(), layout.mapped(), failed);
    }

    private void gone() {
        LOG.warnf("device gone device=%s", state.device());
        whenGone.run();
    }

    /** Tells what is so. */
    void describe(ObjectNode status) {
        State now = state;
        ObjectNode device = status.putObject("device").put("name", now.device());
        var routes = device.putArray("routes");
        now.routes().forEach(each -> routes.add(each.toString()));
        ObjectNode mapped = device.putObject("mapped");
        now.mapped().forEach((real, shown) -> mapped.put(real.toString(), shown.toString()));
        var failed = device.putArray("failed");
        now.failed().forEach(failed::add);
        TunNetwork open = network;
        device.put("connections", open == null ? 0 : open.connections())
                .put("experimental", maker instanceof MacDevices)
                .put("dns", names.described());
    }

    /** Undoes all of it. Blocks. */
    @Override
    public void close() {
        thread.shutdownNow();
        Runnable end = following;
        if (end != null) {
            end.run();
        }
        // First what would keep this machine's names from being answered.
        link.close();
        if (dns != null) {
            dns.close();
        }
        if (network != null) {
            network.close();
        }
        networking.layOut(List.of());
    }
}
