package dev.telepath.client.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.control.Wire;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.gateway.DeviceAddresses;
import dev.telepath.client.network.IpNetwork;
import dev.telepath.client.tun.TunNetwork;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What the daemon tells a process that makes a network namespace. Holds no secret.
 *
 * @param gateway the socket that leads to the daemon
 * @param addresses of the device
 * @param mtu bytes of the device's largest packet
 * @param limits of what programs can ask of it
 * @param cluster networks of the cluster, as they were shown when it began
 * @param search where short names are looked for, as a pod's resolv.conf has it
 */
public record RunPlan(
        Path gateway,
        DeviceAddresses addresses,
        int mtu,
        TunNetwork.Limits limits,
        List<IpNetwork> cluster,
        List<String> search) {
    public RunPlan {
        cluster = List.copyOf(cluster);
        search = List.copyOf(search);
    }

    /** As it goes from one process to another. */
    public ObjectNode json() {
        ObjectNode plan = Wire.JSON
                .createObjectNode()
                .put("gateway", gateway.toString())
                .put("ipv4", addresses.ipv4().toString())
                .put("ipv6", addresses.ipv6().toString())
                .put("mtu", mtu)
                .put("connections", limits.connections())
                .put("udpFlows", limits.udpFlows())
                .put("udpIdleMillis", limits.udpIdle().toMillis());
        ArrayNode networks = plan.putArray("cluster");
        cluster.forEach(each -> networks.add(each.toString()));
        ArrayNode names = plan.putArray("search");
        search.forEach(names::add);
        return plan;
    }

    /**
     * @throws Failure when it is none of this version's
     */
    public static RunPlan of(JsonNode json) {
        List<IpNetwork> cluster = new ArrayList<>();
        json.path("cluster").forEach(each -> IpNetwork.parse(each.asText()).ifPresent(cluster::add));
        List<String> search = new ArrayList<>();
        json.path("search").forEach(each -> search.add(each.asText()));
        return new RunPlan(
                Path.of(json.path("gateway").asText()),
                new DeviceAddresses(network(json, "ipv4"), network(json, "ipv6")),
                json.path("mtu").asInt(),
                new TunNetwork.Limits(
                        json.path("connections").asInt(),
                        json.path("udpFlows").asInt(),
                        Duration.ofMillis(json.path("udpIdleMillis").asLong())),
                cluster,
                search);
    }

    private static IpNetwork network(JsonNode json, String name) {
        return IpNetwork.parse(json.path(name).asText())
                .orElseThrow(() -> new Failure(
                        Kind.FAILED,
                        "the daemon's plan has no network " + name,
                        "is tp newer than its daemon? tp restart"));
    }
}
