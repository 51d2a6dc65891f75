package dev.telepath.dns;

import io.netty.util.NetUtil;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The name servers that this machine is configured for.
 *
 * @param servers in order, at most {@value #MOST}
 * @param search domains that programs try a short name with, in order, at most {@value #MOST_SEARCH}
 * @param ndots dots from which on a name is tried as it is before it is tried with those domains, 0 to {@value #MOST_NDOTS}
 */
public record HostServers(List<InetSocketAddress> servers, List<String> search, int ndots) {
    /** Where programs look. */
    public static final Path RESOLV_CONF = Path.of("/etc/resolv.conf");
    /** Where systemd-resolved writes what it asks itself. */
    public static final Path RESOLVED = Path.of("/run/systemd/resolve/resolv.conf");

    static final int MOST = 8;
    static final int MOST_SEARCH = 32;
    static final int MOST_NDOTS = 15;
    private static final int PORT = 53;
    private static final int MAX_FILE = 64 * 1024;
    /** The addresses at which systemd-resolved takes questions. */
    private static final Set<String> STUBS = Set.of("127.0.0.53", "127.0.0.54");

    public HostServers {
        servers = List.copyOf(servers);
        search = List.copyOf(search);
    }

    /** Those that programs here ask now, even where that is systemd-resolved. Reads a file. */
    public static HostServers ofPrograms() {
        return read(RESOLV_CONF);
    }

    /** Those of a resolv.conf; a file that is not there or cannot be read has none. */
    public static HostServers read(Path resolvConf) {
        return parse(text(resolvConf));
    }

    /** Those of this machine now. Reads files. */
    public static HostServers ofThisMachine() {
        return read(RESOLV_CONF, RESOLVED);
    }

    /**
     * Those of a resolv.conf. Where its only servers are systemd-resolved's own addresses, which would ask this program again
     * once that is told to, those of the second file. A file that is not there or cannot be read has none.
     */
    public static HostServers read(Path resolvConf, Path resolved) {
        HostServers said = parse(text(resolvConf));
        HostServers behind = said.areResolved() ? parse(text(resolved)) : said;
        return behind.servers.isEmpty() ? said : new HostServers(behind.servers, said.search, said.ndots);
    }

    /** Whether all are addresses at which systemd-resolved takes questions; false where there are none. */
    public boolean areResolved() {
        return !servers.isEmpty()
                && servers.stream()
                        .allMatch(one -> STUBS.contains(one.getAddress().getHostAddress()));
    }

    static HostServers parse(String text) {
        List<InetSocketAddress> servers = new ArrayList<>();
        List<String> search = List.of();
        int ndots = 1;
        for (String line : text.lines().toList()) {
            List<String> words = Arrays.stream(line.strip().split("\\s+", -1))
                    .takeWhile(word -> !word.startsWith("#") && !word.startsWith(";"))
                    .toList();
            if (words.size() < 2) {
                continue;
            }
            switch (words.getFirst()) {
                case "nameserver" ->
                    server(words.get(1))
                            .filter(one -> servers.size() < MOST && !servers.contains(one))
                            .ifPresent(servers::add);
                // The last line of either word counts.
                case "search", "domain" -> search = words.subList(1, Math.min(words.size(), 1 + MOST_SEARCH));
                case "options" -> ndots = ndots(words, ndots);
                default -> {}
            }
        }
        return new HostServers(servers, search, ndots);
    }

    private static int ndots(List<String> words, int before) {
        int said = before;
        for (String word : words) {
            if (word.matches("ndots:[0-9]{1,9}")) {
                said = Math.min(Integer.parseInt(word.substring("ndots:".length())), MOST_NDOTS);
            }
        }
        return said;
    }

    /**
     * A server as settings name it: an address, or {@code ADDRESS:PORT}, {@code [ADDRESS]:PORT}.
     *
     * @return empty when it is none
     */
    public static Optional<InetSocketAddress> server(String text) {
        String host = text;
        int port = PORT;
        int colon = text.lastIndexOf(':');
        boolean withPort = text.startsWith("[") ? text.indexOf("]:") > 0 : colon >= 0 && colon == text.indexOf(':');
        if (withPort) {
            try {
                port = Integer.parseInt(text.substring(colon + 1));
            } catch (NumberFormatException e) {
                return Optional.empty();
            }
            host = text.substring(0, colon);
        }
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        }
        int given = port;
        return port < 1 || port > 65_535
                ? Optional.empty()
                : address(host).map(one -> new InetSocketAddress(one, given));
    }

    /** An address in letters, with a zone or without; never a name, so nothing is looked up. */
    public static Optional<InetAddress> address(String text) {
        boolean literal = NetUtil.isValidIpV4Address(text) || NetUtil.isValidIpV6Address(text);
        try {
            return literal ? Optional.of(InetAddress.getByName(text)) : Optional.empty();
        } catch (UnknownHostException noSuchZone) {
            return Optional.empty();
        }
    }

    private static String text(Path file) {
        try (var in = Files.newInputStream(file)) {
            return new String(in.readNBytes(MAX_FILE), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return "";
        }
    }
}
