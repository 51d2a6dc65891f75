package dev.telepath.client.doctor;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.config.Setting;
import dev.telepath.client.config.Settings;
import dev.telepath.client.control.ControlClient;
import dev.telepath.client.control.Wire;
import dev.telepath.client.home.DaemonHome;
import dev.telepath.client.session.DirectWay;
import dev.telepath.tunnel.transport.ManagerAddress;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What the checks start from: the settings of this command, and what the daemon says, if one runs. The daemon is asked once.
 *
 * @param status the answer of the daemon to {@code status}; empty when none runs
 */
record Evidence(Settings settings, DaemonHome home, Optional<JsonNode> status) {
    static Evidence gather(Settings settings, DaemonHome home) {
        return new Evidence(settings, home, ask(home, "status", Wire.JSON.createObjectNode()));
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

    /** The manager that the daemon is, or is to be, attached to, else the one of the settings; empty = none. */
    String manager() {
        String daemons = status("connection").path("manager").asText("");
        return daemons.isEmpty() ? settings.text(Setting.MANAGER) : daemons;
    }

    /** Whether it is reached through the API server of a cluster. */
    boolean inCluster() {
        return manager().startsWith("kubernetes:");
    }

    /** Its address, where it is not in a cluster. */
    ManagerAddress address() {
        return ManagerAddress.parse(manager());
    }

    /** The way to it with the token of the settings; empty where they name none, for then only the daemon has it. */
    Optional<DirectWay> way() {
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
