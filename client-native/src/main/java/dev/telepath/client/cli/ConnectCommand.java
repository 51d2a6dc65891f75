package dev.telepath.client.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.config.Setting;
import dev.telepath.client.config.Settings;
import dev.telepath.client.control.ControlClient;
import dev.telepath.client.daemon.Version;
import dev.telepath.client.output.Printer;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** {@code tp connect}. */
@CommandLine.Command(
        name = "connect",
        description =
                "attach to a manager, by kubeconfig or at an address; starts the daemon if none runs, and opens the proxy")
final class ConnectCommand extends Command {
    @CommandLine.Mixin
    AddressFlags address = new AddressFlags();

    @Option(
            names = {"-n", "--namespace"},
            paramLabel = "NAME",
            defaultValue = "",
            description = "namespace of the workloads")
    String namespace;

    @Option(
            names = "--name",
            paramLabel = "NAME",
            defaultValue = "",
            description = "name of this client (default user@host)")
    String name;

    @Option(
            names = "--proxy-port",
            paramLabel = "PORT",
            defaultValue = "",
            description = "port of the proxy; 0 = any free one")
    String proxyPort;

    @Option(
            names = "--network",
            paramLabel = "proxy|tun",
            defaultValue = "",
            description =
                    "how programs reach the cluster: by the proxy (and tp run), or, with sudo, all of this machine's as"
                            + " they are (Linux; experimental on macOS)")
    String network;

    @CommandLine.Mixin
    NetworkFlags networks = new NetworkFlags();

    @CommandLine.ArgGroup(exclusive = false, heading = "The way through Kubernetes, as kubectl has it:%n")
    KubeFlags kube = new KubeFlags();

    @Option(
            names = "--fresh",
            description = "take nothing over from a daemon that ended without tp quit: its session is ended")
    boolean fresh;

    ConnectCommand(Console console) {
        super(console);
    }

    @Override
    Map<Setting, String> settingFlags() {
        Map<Setting, String> flags = new EnumMap<>(Setting.class);
        address.put(flags);
        GlobalOptions.put(flags, Setting.MANAGER_NAMESPACE, kube.managerNamespace);
        GlobalOptions.put(flags, Setting.NAMESPACE, namespace);
        GlobalOptions.put(flags, Setting.NAME, name);
        GlobalOptions.put(flags, Setting.PROXY_PORT, proxyPort);
        GlobalOptions.put(flags, Setting.NETWORK_MODE, network);
        networks.put(flags);
        return flags;
    }

    @Override
    int run(Invocation invocation) {
        ObjectNode args = args(invocation);
        ControlClient running = invocation.started();
        Optional<Replacement> replaced =
                Replacement.needed(running) ? Optional.of(replaced(invocation, running, args)) : Optional.empty();
        Settings.Value mode = invocation.settings().value(Setting.NETWORK_MODE);
        boolean kept = replaced.filter(Replacement::device).isPresent() && !mode.isOfUser();
        try (ControlClient client = replaced.map(Replacement::client).orElse(running)) {
            JsonNode connected = invocation.ask(client, "connect", args);
            JsonNode result =
                    kept || mode.text().equals("tun") ? MachineDevice.bring(invocation, client, connected) : connected;
            return invocation.print(result, printer -> text(printer, result));
        }
    }

    /** A daemon of this version in the place of another. What that was connected to counts as connected still. */
    private static Replacement replaced(Invocation invocation, ControlClient running, ObjectNode args) {
        var replacement = Replacement.of(invocation, running);
        invocation
                .printer()
                .note("the daemon was of version " + replacement.before() + " and is replaced by one of "
                        + Version.current());
        if (replacement.leadsTo(args)) {
            // As in a second connect, the name of the first one stays.
            args.set("name", replacement.handed().path("name"));
        } else {
            // Elsewhere is a conflict, which the daemon tells once it is back where it was.
            replacement.connect(invocation);
        }
        return replacement;
    }

    private ObjectNode args(Invocation invocation) {
        Settings settings = invocation.settings();
        ObjectNode args = Invocation.args();
        args.put("namespace", settings.text(Setting.NAMESPACE))
                .put("name", settings.text(Setting.NAME).isEmpty() ? user() : settings.text(Setting.NAME))
                .put("proxyPort", settings.number(Setting.PROXY_PORT))
                .put("fresh", fresh);
        args.set("settings", NetworkFlags.given(settings));
        address.exclude(kube);
        if (kube.given() || settings.text(Setting.MANAGER).isEmpty()) {
            Settings.Value named = settings.value(Setting.MANAGER_NAMESPACE);
            args.set(
                    "kubernetes",
                    kube.options(invocation.console().environment()).required().json());
            args.put("managerNamespace", named.isOfUser() ? named.text() : "")
                    .put("namespaceIsDefault", settings.value(Setting.NAMESPACE).isDefault());
            return args;
        }
        args.put("manager", settings.text(Setting.MANAGER));
        // A file named on the command line is meant, whatever the environment holds.
        if (address.tokenFile.isEmpty()) {
            args.put("token", settings.text(Setting.TOKEN));
        }
        if (!settings.text(Setting.TOKEN_FILE).isEmpty()) {
            args.put(
                    "tokenFile",
                    Path.of(settings.text(Setting.TOKEN_FILE)).toAbsolutePath().toString());
        }
        return args;
    }

    private static String user() {
        String user = System.getProperty("user.name", "unknown");
        try {
            return user + "@" + InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return user + "@localhost";
        }
    }

    /** What was taken over from an earlier daemon, in a line. */
    static Optional<String> restored(JsonNode result) {
        JsonNode restored = result.path("restored");
        List<String> what = new ArrayList<>();
        if (restored.path("session").asBoolean()) {
            what.add("its session");
        }
        restored.path("engagements").forEach(name -> what.add(name.asText()));
        return what.isEmpty()
                ? Optional.empty()
                : Optional.of("Restored from the last daemon: " + String.join(", ", what));
    }

    /** What a cluster or kubeconfig sets that this version does not use, in a line. */
    private static Optional<String> unused(JsonNode connection) {
        List<String> keys = new ArrayList<>();
        connection.path("settings_not_used").forEach(key -> keys.add(key.asText()));
        return keys.isEmpty() ? Optional.empty() : Optional.of("Settings not used yet: " + String.join(", ", keys));
    }

    private static void text(Printer printer, JsonNode result) {
        JsonNode connection = result.path("connection");
        printer.line((result.path("already").asBoolean() ? "Connected already to " : "Connected to ")
                + connection.path("manager").asText() + ", namespace "
                + connection.path("namespace").asText() + " ("
                + (connection.path("manager_name").asText() + " "
                                + connection.path("manager_version").asText())
                        .strip() + ")");
        restored(result).ifPresent(printer::line);
        unused(connection).ifPresent(printer::line);
        StatusCommand.via(result).forEach(line -> printer.line("Via " + line));
        if (result.has("proxy_via_trouble")) {
            printer.warning(result.path("proxy_via_trouble").asText());
        }
        proxy(printer, result);
    }

    static void proxy(Printer printer, JsonNode result) {
        printer.raw("proxy-port=" + result.path("proxy").path("port").asInt());
        printer.raw("export ALL_PROXY=socks5h://"
                + result.path("proxy").path("address").asText());
    }
}
