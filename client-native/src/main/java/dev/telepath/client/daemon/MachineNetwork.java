package dev.telepath.client.daemon;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.dns.DnsServer;
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
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * This whole machine in the cluster's network: a device, the routes to it, and the names. Everything is brought to what it should be
 * again when the cluster's networks, this machine's routes or its name servers change. One thread of its own does it.
 */
final class MachineNetwork implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(MachineNetwork.class);
    private static final Duration WATCHDOG = Duration.ofSeconds(5);
    /** A machine that was too busy to answer itself will not be so for ever. */
    private static final Duration AGAIN = Duration.ofSeconds(30);

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
    private long troubleAt = System.nanoTime() - AGAIN.toNanos();
    private String told = "";
    private Order.@Nullable Resolvers resolvers;
    private volatile State state = new State("", List.of(), Map.of(), List.of(), List.of(), "");

    /**
     * What is so now.
     *
     * @param device its name; empty before there is one
     * @param routes that lead to it
     * @param mapped networks of the cluster that are shown as others
     * @param failed what could not be done, each with its cause
     * @param servers whose questions are redirected
     * @param dnsTrouble why none are; empty where some are
     */
    private record State(
            String device,
            List<IpNetwork> routes,
            Map<IpNetwork, IpNetwork> mapped,
            List<String> failed,
            List<InetAddress> servers,
            String dnsTrouble) {
        State names(List<InetAddress> now, String trouble) {
            return new State(device, routes, mapped, failed, now, trouble);
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
    }

    /**
     * Sets everything up. Blocks.
     *
     * @throws Failure when there is no device; routes and names that could not be had are in the status instead
     */
    void start(Duration poll) {
        String name = device();
        dns = DnsServer.listen(
                InetAddress.getLoopbackAddress(), 0, networking.loops(), networking.probed(), DnsServer.Limits.USUAL);
        state = new State(name, List.of(), Map.of(), List.of(), List.of(), "not tried yet");
        layOut();
        names();
        following = networking.onChange(() -> later(this::layOut));
        thread.scheduleWithFixedDelay(
                () -> guarded(() -> {
                    layOut();
                    names();
                }),
                poll.toMillis(),
                poll.toMillis(),
                TimeUnit.MILLISECONDS);
        thread.scheduleWithFixedDelay(
                () -> guarded(this::watch), WATCHDOG.toMillis(), WATCHDOG.toMillis(), TimeUnit.MILLISECONDS);
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

    private void later(Runnable task) {
        try {
            thread.execute(() -> guarded(task));
        } catch (RejectedExecutionException e) {
            LOG.debugf("network change not followed: ending");
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
            // In another network names are tried anew at once, whatever the trouble was in the last one.
            localBefore = local;
            troubleAt = System.nanoTime() - AGAIN.toNanos();
        }
        Layout layout = networking.layout(local, before.mapped());
        List<String> hidden = layout.hidden().stream()
                .map(each -> each + ": this machine has a route there, and it is too large to be shown as another")
                .toList();
        if (layout.routes().equals(before.routes()) && layout.mapped().equals(before.mapped())) {
            return;
        }
        networking.mapped(layout.mapped());
        List<String> failed = new ArrayList<>(link.order(new Order.Routes(layout.routes())));
        failed.addAll(hidden);
        state = new State(
                before.device(), layout.routes(), layout.mapped(), failed, before.servers(), before.dnsTrouble());
        LOG.infof(
                "routes device=%s networks=%s mapped=%s failed=%s",
                before.device(), layout.routes(), layout.mapped(), failed);
    }

    /** On a Mac the system itself asks the daemon for the cluster's names, by what it is told of their domains. */
    private void resolvers(DnsServer server) {
        var wanted = new Order.Resolvers(
                networking.clusterDomains().stream()
                        .filter(each -> Order.DOMAIN.matcher(each).matches())
                        .limit(Order.MOST_DOMAINS)
                        .toList(),
                networking.clusterSearch().stream().limit(Order.MOST_SEARCH).toList(),
                server.address().getPort());
        boolean waits = told.isEmpty() || System.nanoTime() - troubleAt < AGAIN.toNanos();
        if (wanted.equals(resolvers) && waits) {
            return;
        }
        resolvers = wanted;
        try {
            List<String> failed = link.order(wanted);
            state = state.names(List.of(), "");
            LOG.infof("names led here domains=%s failed=%s", wanted.domains(), failed);
            if (failed.isEmpty()) {
                told = "";
            } else {
                trouble(List.of(), String.join("; ", failed));
            }
        } catch (Failure e) {
            trouble(List.of(), e.message());
        }
    }

    /** Redirects the questions to this machine's name servers, as they are now, if that works. */
    private void names() {
        DnsServer server = dns;
        if (server != null && maker instanceof MacDevices) {
            resolvers(server);
            return;
        }
        List<InetAddress> wanted = networking.nameServers().stream()
                .map(InetSocketAddress::getAddress)
                .distinct()
                .limit(Order.MOST_SERVERS)
                .toList();
        State before = state;
        boolean waits = before.dnsTrouble().isEmpty() || System.nanoTime() - troubleAt < AGAIN.toNanos();
        if (server == null || (wanted.equals(before.servers()) && waits)) {
            return;
        }
        try {
            link.order(new Order.Redirect(wanted, server.address().getPort(), Networking.TRAFFIC_CLASS));
            state = before.names(wanted, wanted.isEmpty() ? "this machine has no name server" : "");
            if (!wanted.isEmpty() && strays(wanted.getFirst())) {
                undo(wanted, "the test question did not come here");
            } else {
                told = "";
                LOG.infof("names redirected servers=%s", wanted);
            }
        } catch (Failure e) {
            trouble(wanted, e.message());
        }
    }

    /** Told once, however often it is tried again. */
    private void trouble(List<InetAddress> servers, String why) {
        if (!why.equals(told)) {
            told = why;
            LOG.warnf("names not redirected cause=\"%s\"", why);
        }
        troubleAt = System.nanoTime();
        state = state.names(servers, why);
    }

    private void watch() {
        State now = state;
        if (now.dnsTrouble().isEmpty()
                && !now.servers().isEmpty()
                && strays(now.servers().getFirst())) {
            undo(now.servers(), "questions were not answered any more");
        }
    }

    /** Where no route leads to a server, as in a network that is away, a redirect does no harm, and is needed when it is back. */
    private boolean strays(InetAddress server) {
        return networking.probe(server) == NameProbe.Outcome.STRAYED;
    }

    private void undo(List<InetAddress> servers, String why) {
        link.order(new Order.Redirect(List.of(), 1, Networking.TRAFFIC_CLASS));
        trouble(servers, why);
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
                .put("dns", now.dnsTrouble().isEmpty() ? "redirected" : "not redirected: " + now.dnsTrouble());
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
        networking.mapped(Map.of());
    }
}
