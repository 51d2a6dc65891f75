package dev.telepath.client.daemon;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.config.Setting;
import dev.telepath.client.config.Settings;
import dev.telepath.client.control.Wire;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.home.Journal;
import dev.telepath.client.kubernetes.ClusterWay;
import dev.telepath.client.kubernetes.KubeOptions;
import dev.telepath.client.network.ProxyVia;
import dev.telepath.client.session.DirectWay;
import dev.telepath.client.session.Target;
import dev.telepath.client.session.Way;
import dev.telepath.tunnel.transport.ManagerAddress;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The arguments of {@code connect} on the control socket. They may hold a token, so they are never logged. */
final class Targets {
    private static final String KUBERNETES = "kubernetes";

    private Targets() {}

    /**
     * Where arguments lead.
     *
     * @param settings with what the cluster gives put among them
     * @param unused what the cluster or the kubeconfig sets and tp does not use
     */
    record Destination(Target target, Settings settings, List<String> unused) {}

    /**
     * Finds it. Blocks where the way leads through Kubernetes.
     *
     * @throws Failure of kind USAGE when they name no manager
     */
    static Destination find(JsonNode args, Settings settings, Journal journal) {
        String client = args.path("name").asText("unknown");
        if (!args.has(KUBERNETES)) {
            return new Destination(
                    new Target(direct(args), args.path("namespace").asText("default"), client), settings, List.of());
        }
        var found = ClusterWay.find(
                KubeOptions.of(args.path(KUBERNETES)),
                settings,
                args.path("managerNamespace").asText(""),
                workloads(args),
                journal.owner());
        return new Destination(new Target(found.way(), found.workloads(), client), found.settings(), found.unused());
    }

    private static DirectWay direct(JsonNode args) {
        String token = args.path("token").asText("");
        String file = args.path("tokenFile").asText("");
        try {
            return new DirectWay(
                    ManagerAddress.parse(args.path("manager").asText("")),
                    Optional.of(token).filter(text -> !text.isEmpty()),
                    Optional.of(file).filter(text -> !text.isEmpty()).map(Path::of));
        } catch (IllegalArgumentException e) {
            throw new Failure(Kind.USAGE, String.valueOf(e.getMessage()), "tp connect --manager host:port", e);
        }
    }

    /** The namespace that somebody named; empty = the context's. */
    private static String workloads(JsonNode args) {
        return args.path("namespaceIsDefault").asBoolean(false)
                ? ""
                : args.path("namespace").asText("");
    }

    /** Settings that the command line gives for this connection alone. */
    static Map<Setting, String> given(JsonNode args) {
        Map<Setting, String> given = new EnumMap<>(Setting.class);
        args.path("settings")
                .properties()
                .forEach(each -> Setting.of(each.getKey())
                        .ifPresent(setting -> given.put(setting, each.getValue().asText())));
        return given;
    }

    /** The arguments that connect to the target again. The proxy's port is in the journal. */
    static ObjectNode write(Target target) {
        ObjectNode args = Wire.JSON
                .createObjectNode()
                .put("namespace", target.namespace())
                .put("name", target.clientName());
        switch (target.way()) {
            case DirectWay direct -> {
                args.put("manager", direct.address().toString());
                direct.token().ifPresent(token -> args.put("token", token));
                direct.tokenFile().ifPresent(file -> args.put("tokenFile", file.toString()));
            }
            case ClusterWay cluster -> {
                args.set(KUBERNETES, cluster.options().json());
                args.put("managerNamespace", cluster.managerNamespace());
            }
            case Way other -> throw new IllegalStateException("no arguments lead " + other.name());
        }
        return args;
    }

    /**
     * The answer to a second {@code connect}.
     *
     * @throws Failure of kind CONFLICT when it leads elsewhere
     */
    static ObjectNode already(Engine engine, JsonNode args) {
        Target has = engine.session().target();
        boolean same = has.way() instanceof ClusterWay cluster
                ? args.has(KUBERNETES)
                        && cluster.options().equals(KubeOptions.of(args.path(KUBERNETES)))
                        && meant(args.path("managerNamespace").asText(""), cluster.managerNamespace())
                        && meant(workloads(args), has.namespace())
                : !args.has(KUBERNETES)
                        && has.address().equals(direct(args).name())
                        && has.namespace().equals(args.path("namespace").asText("default"));
        if (!same) {
            throw new Failure(
                    Kind.CONFLICT,
                    "connected already, to " + has.address() + " namespace " + has.namespace(),
                    "tp quit first");
        }
        String via = args.path("settings").path(Setting.NETWORK_VIA.key()).asText("");
        if (!via.isEmpty()
                && !Set.copyOf(ProxyVia.parse(Settings.words(via)))
                        .equals(Set.copyOf(engine.via().asked()))) {
            throw new Failure(Kind.CONFLICT, "connected already, with other --proxy-via than these", "tp quit first");
        }
        return Views.status(engine).put("already", true);
    }

    private static boolean meant(String asked, String has) {
        return asked.isEmpty() || asked.equals(has);
    }
}
