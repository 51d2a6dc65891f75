package dev.telepath.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.telepath.harness.Installation;
import dev.telepath.harness.fault.Fault;
import dev.telepath.harness.fault.FaultProxy;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/** One stream of a client whose network takes 20 ms there and back, beside a connection by the same: what windows allow. */
final class LongWay implements AutoCloseable {
    private static final Duration EACH_WAY = Duration.ofMillis(10);

    private final Installation telepath = Installation.temporary().init().heap("256m");
    private final int service;
    private final int agent;
    private final FaultProxy network;
    private final FaultProxy same;

    /**
     * @param service answers {@code GET /bytes/N}, on the laptop and in the cluster
     */
    LongWay(int service) throws Exception {
        this.service = service;
        telepath.startManager();
        network = FaultProxy.before(telepath.managerPort());
        same = FaultProxy.before(service);
        telepath.through("", network.address());
        telepath.connect().orFail();
        agent = Bench.engaged(telepath, "web", service).port("port-http");
        network.apply(new Fault.Delay(EACH_WAY));
        same.apply(new Fault.Delay(EACH_WAY));
    }

    List<String> measure(long bytes) throws Exception {
        int socks = new ObjectMapper()
                .readTree(telepath.tp("status", "--output", "json").orFail().out())
                .path("proxy")
                .path("port")
                .asInt();
        var proxy = new Proxy(Proxy.Type.SOCKS, new InetSocketAddress("127.0.0.1", socks));
        // Windows grow first.
        Throughput.download(Proxy.NO_PROXY, agent, 1, bytes / 4);
        Throughput.download(proxy, service, 1, bytes / 4);
        double directly = Throughput.download(Proxy.NO_PROXY, same.port(), 1, bytes);
        double up = Throughput.download(Proxy.NO_PROXY, agent, 1, bytes);
        double down = Throughput.download(proxy, service, 1, bytes);
        return List.of(
                line("a connection by the same network", directly, directly),
                line("to the cluster, by an intercept", up, directly),
                line("from the cluster, by tp's proxy", down, directly));
    }

    private static String line(String what, double rate, double directly) {
        return String.format(Locale.ROOT, "%-36s %4.0f MiB/s, ratio %.2f", what, rate, rate / directly);
    }

    @Override
    public void close() {
        telepath.close();
        network.close();
        same.close();
    }
}
