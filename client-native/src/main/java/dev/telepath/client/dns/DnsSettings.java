package dev.telepath.client.dns;

import dev.telepath.client.config.Setting;
import dev.telepath.client.config.Settings;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.dns.HostServers;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * The {@code dns.*} settings.
 *
 * @param include suffixes of names that are the cluster's, in lower case without dots around them
 * @param exclude suffixes of names that are not
 * @param excludes names that are not
 * @param mappings names and what they stand for, a name or an address
 * @param servers in place of this machine's own; empty = its own
 */
record DnsSettings(
        Duration lookupTimeout,
        List<String> include,
        List<String> exclude,
        Set<String> excludes,
        Map<String, String> mappings,
        Duration cacheTtl,
        Duration negativeTtl,
        int cacheEntries,
        int maxPending,
        List<InetSocketAddress> servers) {
    DnsSettings {
        include = List.copyOf(include);
        exclude = List.copyOf(exclude);
        excludes = Set.copyOf(excludes);
        mappings = Map.copyOf(mappings);
        servers = List.copyOf(servers);
    }

    /**
     * Reads them.
     *
     * @throws Failure of kind USAGE, naming the key and where its value is from, when a server is none
     */
    static DnsSettings of(Settings settings) {
        return new DnsSettings(
                settings.duration(Setting.DNS_LOOKUP_TIMEOUT),
                names(settings, Setting.DNS_INCLUDE_SUFFIXES),
                names(settings, Setting.DNS_EXCLUDE_SUFFIXES),
                new LinkedHashSet<>(names(settings, Setting.DNS_EXCLUDES)),
                mappings(settings),
                settings.duration(Setting.DNS_CACHE_TTL),
                settings.duration(Setting.DNS_NEGATIVE_TTL),
                settings.number(Setting.DNS_CACHE_ENTRIES),
                settings.number(Setting.DNS_MAX_PENDING),
                servers(settings));
    }

    private static List<String> names(Settings settings, Setting setting) {
        return settings.words(setting).stream()
                .map(word -> plain(word.startsWith("*.") ? word.substring(2) : word))
                .toList();
    }

    private static Map<String, String> mappings(Settings settings) {
        var mappings = new LinkedHashMap<String, String>();
        for (String word : settings.words(Setting.DNS_MAPPINGS)) {
            int equals = word.indexOf('=');
            mappings.put(plain(word.substring(0, equals)), plain(word.substring(equals + 1)));
        }
        return mappings;
    }

    private static List<InetSocketAddress> servers(Settings settings) {
        var servers = new ArrayList<InetSocketAddress>();
        for (String word : settings.words(Setting.DNS_SERVERS)) {
            servers.add(HostServers.server(word)
                    .orElseThrow(() -> new Failure(
                            Kind.USAGE,
                            "setting 'dns.servers' ("
                                    + settings.value(Setting.DNS_SERVERS).source() + "): '" + word
                                    + "' is no ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT",
                            "docs/dns.md says what it is for")));
        }
        return servers;
    }

    /** In lower case, without dots around it. */
    static String plain(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        int from = 0;
        int to = lower.length();
        while (from < to && lower.charAt(from) == '.') {
            from++;
        }
        while (to > from && lower.charAt(to - 1) == '.') {
            to--;
        }
        return lower.substring(from, to);
    }
}
