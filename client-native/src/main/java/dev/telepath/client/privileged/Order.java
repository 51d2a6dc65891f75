package dev.telepath.client.privileged;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.control.Wire;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.network.InterfaceAddress;
import dev.telepath.client.network.IpNetwork;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** What the daemon asks of the privileged process. Each says how things are to be, whatever they were. */
public sealed interface Order {
    /** Names of devices that are made; nothing else is touched. */
    Pattern DEVICE = Pattern.compile("tp[0-9]");

    /** Domains of a Mac's names, which are parts of file names too. */
    Pattern DOMAIN = Pattern.compile("(?=.{1,200}$)[a-z0-9_]([a-z0-9_-]{0,62})(\\.[a-z0-9_]([a-z0-9_-]{0,62}))*");

    int MOST_NETWORKS = 1024;
    int MOST_SERVERS = 16;
    int MOST_DOMAINS = 128;
    /** Each is a file. */
    int MOST_RESOLVERS = 64;
    /** That many macOS takes. */
    int MOST_SEARCH = 6;

    /** A domain as systemd-resolved takes it: plain for one that completes short names, with ~ for one that is only led somewhere. */
    Pattern LINK_DOMAIN = Pattern.compile("~?(?=.{1,253}$)[a-z0-9_][a-z0-9_-]{0,62}(\\.[a-z0-9_][a-z0-9_-]{0,62})*");

    /**
     * A device that is up, has these addresses, and may be opened by the user.
     *
     * @param ipv4 its address and the network around it
     * @param ipv6 the same of the other family
     */
    record Device(String name, int mtu, InterfaceAddress ipv4, InterfaceAddress ipv6) implements Order {}

    /** The networks that lead to the device: these, and no others. */
    record Routes(List<IpNetwork> networks) implements Order {
        public Routes {
            networks = List.copyOf(networks);
        }
    }

    /**
     * Questions to these name servers go to a port of this machine's loopback instead, but for those whose packets have the
     * daemon's traffic class. No servers: none do.
     *
     * @param trafficClass 1 to 255
     */
    record Redirect(List<InetAddress> servers, int port, int trafficClass) implements Order {
        public Redirect {
            servers = List.copyOf(servers);
        }
    }

    /**
     * The name server that systemd-resolved asks by the device for these domains, and for no others. No domains: it asks none there.
     *
     * @param server in the device's network
     */
    record Names(InetAddress server, List<String> domains) implements Order {
        public Names {
            domains = List.copyOf(domains);
        }
    }

    /** Orders that only a Mac carries out. */
    sealed interface Mac extends Order {}

    /**
     * A utun that is up and has these addresses. The system names it; its descriptor is handed over beside the socket, at
     * {@link #handover}.
     */
    record Utun(int mtu, InterfaceAddress ipv4, InterfaceAddress ipv6) implements Mac {}

    /**
     * Names under these domains, and no others, are asked of a port of this machine's loopback.
     *
     * @param domains in lower case without dots around them; empty = none
     * @param search domains that complete short names
     */
    record Resolvers(List<String> domains, List<String> search, int port) implements Mac {
        public Resolvers {
            domains = List.copyOf(domains);
            search = List.copyOf(search);
        }
    }

    /** Where the daemon takes the descriptor of a {@link Utun}. */
    static Path handover(Path socket) {
        return socket.resolveSibling("tun.sock");
    }

    /** As it goes over the socket. */
    default ObjectNode json() {
        ObjectNode json = Wire.JSON.createObjectNode();
        switch (this) {
            case Device(String name, int mtu, InterfaceAddress ipv4, InterfaceAddress ipv6) ->
                json.put("order", "device")
                        .put("name", name)
                        .put("mtu", mtu)
                        .put("ipv4", ipv4.toString())
                        .put("ipv6", ipv6.toString());
            case Routes(List<IpNetwork> networks) -> {
                ArrayNode all = json.put("order", "routes").putArray("networks");
                networks.forEach(each -> all.add(each.toString()));
            }
            case Redirect(List<InetAddress> servers, int port, int trafficClass) -> {
                ArrayNode all = json.put("order", "redirect")
                        .put("port", port)
                        .put("trafficClass", trafficClass)
                        .putArray("servers");
                servers.forEach(each -> all.add(each.getHostAddress()));
            }
            case Names(InetAddress server, List<String> domains) -> {
                ArrayNode all = json.put("order", "names")
                        .put("server", server.getHostAddress())
                        .putArray("domains");
                domains.forEach(all::add);
            }
            case Utun(int mtu, InterfaceAddress ipv4, InterfaceAddress ipv6) ->
                json.put("order", "utun")
                        .put("mtu", mtu)
                        .put("ipv4", ipv4.toString())
                        .put("ipv6", ipv6.toString());
            case Resolvers(List<String> domains, List<String> search, int port) -> {
                ArrayNode all = json.put("order", "resolvers").put("port", port).putArray("domains");
                domains.forEach(all::add);
                search.forEach(json.putArray("search")::add);
            }
        }
        return json;
    }

    /**
     * Reads one, with suspicion: whoever sends it has fewer rights.
     *
     * @throws Failure of kind USAGE for anything but what {@link #json} makes
     */
    static Order of(JsonNode json) {
        return switch (json.path("order").asText()) {
            case "device" -> {
                String name = json.path("name").asText();
                if (!DEVICE.matcher(name).matches()) {
                    throw refused(json);
                }
                yield new Device(name, number(json, "mtu", 1280, 65_535), face(json, "ipv4"), face(json, "ipv6"));
            }
            case "routes" -> {
                List<IpNetwork> networks = new ArrayList<>();
                for (JsonNode each : json.path("networks")) {
                    networks.add(IpNetwork.parse(each.asText())
                            .filter(network -> network.prefix() > 0)
                            .orElseThrow(() -> refused(json)));
                }
                if (networks.size() > MOST_NETWORKS) {
                    throw refused(json);
                }
                yield new Routes(networks);
            }
            case "redirect" -> {
                List<InetAddress> servers = new ArrayList<>();
                json.path("servers").forEach(each -> servers.add(address(json, each.asText())));
                if (servers.size() > MOST_SERVERS) {
                    throw refused(json);
                }
                yield new Redirect(servers, number(json, "port", 1, 65_535), number(json, "trafficClass", 1, 255));
            }
            case "names" ->
                new Names(
                        address(json, json.path("server").asText()),
                        domains(json, "domains", LINK_DOMAIN, MOST_DOMAINS));
            case "utun" -> new Utun(number(json, "mtu", 1280, 65_535), face(json, "ipv4"), face(json, "ipv6"));
            case "resolvers" ->
                new Resolvers(
                        domains(json, "domains", DOMAIN, MOST_RESOLVERS),
                        domains(json, "search", DOMAIN, MOST_SEARCH),
                        number(json, "port", 1, 65_535));
            default -> throw refused(json);
        };
    }

    private static int number(JsonNode json, String field, int least, int most) {
        int number = json.path(field).asInt();
        if (number < least || number > most) {
            throw refused(json);
        }
        return number;
    }

    private static List<String> domains(JsonNode json, String field, Pattern form, int most) {
        List<String> domains = new ArrayList<>();
        json.path(field).forEach(each -> domains.add(each.asText()));
        if (domains.size() > most
                || !domains.stream().allMatch(each -> form.matcher(each).matches())) {
            throw refused(json);
        }
        return domains;
    }

    private static InterfaceAddress face(JsonNode json, String name) {
        String text = json.path(name).asText();
        int slash = text.indexOf('/');
        IpNetwork network = IpNetwork.parse(text)
                .filter(any -> slash > 0 && any.isIpv4() == name.equals("ipv4") && any.prefix() >= 8)
                .orElseThrow(() -> refused(json));
        return new InterfaceAddress(address(json, text.substring(0, slash)), network.prefix());
    }

    private static InetAddress address(JsonNode json, String text) {
        byte[] bytes = NetUtil.createByteArrayFromIpAddressString(text);
        if (bytes == null) {
            throw refused(json);
        }
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address of 4 or 16 bytes is always accepted", e);
        }
    }

    private static Failure refused(JsonNode json) {
        String text = json.toString();
        return new Failure(
                Kind.USAGE, "no order that is carried out: " + text.substring(0, Math.min(200, text.length())), "");
    }
}
