package dev.telepath.client.doctor;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.config.Setting;
import dev.telepath.client.config.Settings;
import dev.telepath.client.control.ControlClient;
import dev.telepath.client.control.Wire;
import dev.telepath.client.home.DaemonHome;
import dev.telepath.client.kubernetes.ClusterWay;
import dev.telepath.client.kubernetes.KubeOptions;
import dev.telepath.client.session.DirectWay;
import dev.telepath.client.session.Way;
import dev.telepath.tunnel.transport.ManagerAddress;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;

/**
 * What the checks start from: the settings of this command, and what the daemon says, if one runs. The daemon is asked once.
 *
 * @param flags of this command, for the way through Kubernetes
 * @param status the answer of the daemon to {@code status}; empty when none runs
 */
record Evidence(Settings settings, DaemonHome home, ClusterFlags flags, Optional<JsonNode> status) {
    private static final String CLUSTER = "kubernetes:";

    static Evidence gather(Settings settings, DaemonHome home, ClusterFlags flags) {
        return new Evidence(settings, home, flags, ask(home, "status", Wire.JSON.createObjectNode()));
    }

    private static Optional<JsonNode> ask(DaemonHome home, String command, ObjectNode args) {
        try (ControlClient client = ControlClient.open(home.socket()).orElse(null)) {
            return client == null ? Optional.empty() : Optional.of(client.call(command, args, said -> {}));
        }
    }

    /** Asks the daemon, which must run. */
    JsonNode daemon(String command) {
        return ask(home, command, Wire.JSON.createObjectNode()).orElseThrow();
    }

    /** A part of the daemon's status; missing when none runs. */
    JsonNode status(String part) {
        return status.map(all -> all.path(part)).orElseGet(MissingNode::getInstance);
    }

    /**
     * The manager that the flags of this command name, else the one that the daemon is, or is to be, attached to, else the
     * one of the settings, else that of the kubeconfig's cluster; empty = none.
     */
    String manager() {
        if (flags.given()) {
            return CLUSTER;
        }
        String daemons = daemons();
        if (!daemons.isEmpty()) {
            return daemons;
        }
        String named = settings.text(Setting.MANAGER);
        return named.isEmpty() && flags.options().leadsAnywhere() ? CLUSTER : named;
    }

    private String daemons() {
        return status("connection").path("manager").asText("");
    }

    /** Whether it is reached through the API server of a cluster. */
    boolean inCluster() {
        return manager().startsWith(CLUSTER);
    }

    /** How the API server is reached; of the context that the daemon uses where no flag says otherwise. */
    KubeOptions kube() {
        String place = daemons();
        return flags.given() || !place.startsWith(CLUSTER)
                ? flags.options()
                : flags.options().withContext(place.substring(CLUSTER.length(), place.lastIndexOf('/')));
    }

    /** Namespace of the manager in its cluster; empty = as kubeconfig and settings say. */
    String managerNamespace() {
        String place = daemons();
        Settings.Value named = settings.value(Setting.MANAGER_NAMESPACE);
        return !flags.given() && place.startsWith(CLUSTER)
                ? place.substring(place.lastIndexOf('/') + 1)
                : named.isOfUser() ? named.text() : "";
    }

    /** Its address, where it is not in a cluster. */
    ManagerAddress address() {
        return ManagerAddress.parse(manager());
    }

    /** The way to it with the token of the settings; empty where they name none, for then only the daemon has it. */
    Optional<Way> way() {
        if (inCluster()) {
            // Whose its sessions are is nobody's matter: a greeting makes none.
            String owner = UUID.randomUUID().toString();
            return Optional.of(ClusterWay.find(kube().required(), settings, managerNamespace(), "", owner)
                    .way());
        }
        String token = settings.text(Setting.TOKEN);
        String file = settings.text(Setting.TOKEN_FILE);
        return Optional.of(address())
                .filter(address -> address.plaintext() || !token.isEmpty() || !file.isEmpty())
                .map(address -> new DirectWay(
                        address,
                        Optional.of(token).filter(text -> !text.isEmpty()),
                        Optional.of(file).filter(text -> !text.isEmpty()).map(Path::of)));
    }
}
