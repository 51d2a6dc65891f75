package dev.telepath.client.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.control.ControlClient;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.privileged.PrivilegedLauncher;
import dev.telepath.dns.HostServers;
import java.nio.file.Path;

/** The device of a whole machine, brought to a daemon by a process that has the right to. */
final class MachineDevice {
    private MachineDevice() {}

    /**
     * Brings it, if it is not there. Blocks, as long as a person types a password.
     *
     * @param client to a daemon that is connected to a manager
     * @param connected what {@code connect} answered
     * @return that, with the status as it is with the device
     * @throws Failure when there is none; the connection stays
     */
    static JsonNode bring(Invocation invocation, ControlClient client, JsonNode connected) {
        try {
            JsonNode waiting = invocation.ask(client, "tun-listen", Invocation.args());
            if (!waiting.path("already").asBoolean()) {
                new PrivilegedLauncher(invocation.home(), invocation.launcher().self())
                        .start(
                                Path.of(waiting.path("socket").asText()),
                                HostServers.address(waiting.path("nameServer").asText()));
            }
            ObjectNode result = connected.deepCopy();
            return result.setAll((ObjectNode) invocation.ask(client, "tun-start", Invocation.args()));
        } catch (Failure e) {
            throw new Failure(e.kind(), "connected, without a device: " + e.message(), e.hint(), e);
        }
    }
}
