package dev.telepath.client.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.config.Setting;
import dev.telepath.client.config.Settings;
import dev.telepath.client.network.ProxyVia;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Option;

/** The flags of {@code tp connect} about the way to the cluster, and which addresses are there. They hold for one connection. */
final class NetworkFlags {
    @Option(
            names = "--transport",
            paramLabel = "auto|port-forward|HOST:PORT",
            defaultValue = "",
            description =
                    "straight to the manager where it answers at its pod's address, or at this one, else through the API"
                            + " server (auto, HOST:PORT); or always that way (port-forward)")
    String transport = "";

    @Option(
            names = "--also-proxy",
            paramLabel = "CIDR",
            description = "a network that lies behind the cluster; may be repeated")
    List<String> also = new ArrayList<>();

    @Option(
            names = "--never-proxy",
            paramLabel = "CIDR",
            description = "a network that this machine reaches itself, whatever the cluster says; may be repeated")
    List<String> never = new ArrayList<>();

    @Option(
            names = "--allow-conflicting-subnets",
            paramLabel = "CIDR",
            description =
                    "a network of the cluster that is reached as it is though this machine has a route there; may be repeated")
    List<String> allowed = new ArrayList<>();

    @Option(
            names = "--proxy-via",
            paramLabel = "CIDR=WORKLOAD",
            description =
                    "addresses that only agents of that workload dial, shown here as others: a network, or also, service,"
                            + " pods or all; may be repeated")
    List<String> via = new ArrayList<>();

    /**
     * @throws dev.telepath.client.failure.Failure of kind USAGE where one cannot be read
     */
    void put(Map<Setting, String> flags) {
        GlobalOptions.put(flags, Setting.KUBERNETES_TRANSPORT, transport);
        GlobalOptions.put(flags, Setting.NETWORK_ALSO, String.join(",", also));
        GlobalOptions.put(flags, Setting.NETWORK_NEVER, String.join(",", never));
        GlobalOptions.put(flags, Setting.NETWORK_ALLOW, String.join(",", allowed));
        ProxyVia.parse(via);
        GlobalOptions.put(flags, Setting.NETWORK_VIA, String.join(",", via));
    }

    /** What of the user's settings the daemon is told: flags and environment, which it does not see itself. */
    static ObjectNode given(Settings settings) {
        ObjectNode given = Invocation.args();
        for (Setting setting : List.of(
                Setting.KUBERNETES_TRANSPORT,
                Setting.NETWORK_ALSO,
                Setting.NETWORK_NEVER,
                Setting.NETWORK_ALLOW,
                Setting.NETWORK_VIA)) {
            Settings.Value value = settings.value(setting);
            if (value.isOfUser()) {
                given.put(setting.key(), value.text());
            }
        }
        return given;
    }
}
