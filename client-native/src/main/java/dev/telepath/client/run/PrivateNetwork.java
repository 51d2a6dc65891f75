package dev.telepath.client.run;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.gateway.DeviceAddresses;
import dev.telepath.client.gateway.GatewayClient;
import dev.telepath.client.tun.Links;
import dev.telepath.client.tun.LinuxTun;
import dev.telepath.client.tun.TunNetwork;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.linux.CLibrary;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jboss.logging.Logger;

/** Sets up the namespace that this process is in. Blocks; once. */
public final class PrivateNetwork {
    private static final Logger LOG = Logger.getLogger(PrivateNetwork.class);
    private static final String DEVICE = "tp0";
    private static final Path RESOLV_CONF = Path.of("/etc/resolv.conf");
    /** What answers for the machine outside, whatever resolv.conf says: systemd-resolved and nscd, by their sockets. */
    private static final List<Path> OTHER_RESOLVERS =
            List.of(Path.of("/run/systemd/resolve"), Path.of("/run/nscd"), Path.of("/run/avahi-daemon"));

    private PrivateNetwork() {}

    /**
     * Brings the device, its addresses, routes and resolv.conf.
     *
     * @param scratch a folder for the file that is shown as resolv.conf
     * @return the network at work
     * @throws Failure with what helps, when the system does not allow it
     */
    public static TunNetwork open(
            RunPlan plan, Path scratch, EventLoopGroup loops, Credit credit, MeterRegistry metrics) {
        var library = new CLibrary();
        try (var links = new Links(library)) {
            links.up("lo");
            LinuxTun device = device(plan, library);
            int index = library.interfaceIndex(DEVICE);
            DeviceAddresses addresses = plan.addresses();
            boolean ipv6 = links.configure(DEVICE, index, plan.mtu(), addresses.interface4(), addresses.interface6());
            links.route(index, InetAddress.getByAddress(new byte[4]), 0);
            if (ipv6) {
                links.route(index, InetAddress.getByAddress(new byte[16]), 0);
            }
            asInAPod();
            names(plan, scratch, library);
            var gateway = new GatewayClient(
                    plan.gateway(),
                    loops,
                    credit,
                    address -> plan.cluster().stream().anyMatch(each -> each.contains(address)));
            return TunNetwork.start(
                    device,
                    new TunNetwork.Setup(plan.addresses(), gateway, loops, credit, plan.limits()),
                    metrics,
                    (network, gone) -> {});
        } catch (IOException e) {
            throw new Failure(
                    Kind.FAILED,
                    "the network namespace cannot be set up: " + e.getMessage(),
                    "the proxy works without one: eval \"$(tp env)\"",
                    e);
        }
    }

    private static LinuxTun device(RunPlan plan, CLibrary library) throws IOException {
        try {
            return LinuxTun.open(DEVICE, plan.mtu(), library);
        } catch (IOException e) {
            throw new Failure(
                    Kind.FAILED,
                    "no network device can be made: " + e.getMessage(),
                    "/dev/net/tun has to be there for every user: sudo modprobe tun; sudo chmod 666 /dev/net/tun",
                    e);
        }
    }

    /** Ports below 1024 and ping are everybody's in a pod. */
    private static void asInAPod() {
        write(Path.of("/proc/sys/net/ipv4/ip_unprivileged_port_start"), "0");
        write(Path.of("/proc/sys/net/ipv4/ping_group_range"), "0 2147483647");
        // The range has to be of groups that are known here, which may be one.
        try {
            Object group = Files.getAttribute(Path.of("/proc/self"), "unix:gid");
            write(Path.of("/proc/sys/net/ipv4/ping_group_range"), group + " " + group);
        } catch (IOException | UnsupportedOperationException e) {
            LOG.debugf("group not known cause=\"%s\"", e.getMessage());
        }
    }

    private static void write(Path setting, String value) {
        try {
            Files.writeString(setting, value);
        } catch (IOException e) {
            LOG.debugf("not set setting=%s cause=\"%s\"", setting, e.getMessage());
        }
    }

    private static void names(RunPlan plan, Path scratch, CLibrary library) throws IOException {
        for (Path folder : OTHER_RESOLVERS) {
            if (Files.isDirectory(folder)) {
                library.emptyMount(folder);
            }
        }
        String text = "# of tp run: names of the cluster, and of this machine\n"
                + "nameserver " + plan.addresses().dns().getHostAddress() + "\n"
                + (plan.search().isEmpty() ? "" : "search " + String.join(" ", plan.search()) + "\n")
                + "options ndots:5\n";
        // A link into a folder that is hidden now leads to nothing; the file is made there.
        Path target = Files.isSymbolicLink(RESOLV_CONF)
                ? RESOLV_CONF
                        .resolveSibling(Files.readSymbolicLink(RESOLV_CONF))
                        .normalize()
                : RESOLV_CONF;
        if (!Files.exists(target)) {
            Files.writeString(target, text);
            return;
        }
        Path file = scratch.resolve("resolv.conf");
        Files.writeString(file, text);
        library.bindMount(file, target.toRealPath());
    }
}
