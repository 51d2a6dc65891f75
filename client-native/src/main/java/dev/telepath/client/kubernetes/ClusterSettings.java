package dev.telepath.client.kubernetes;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.telepath.client.config.Setting;
import dev.telepath.client.config.Settings;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Settings that a kubeconfig or a cluster gives. They are not this machine's, so what they may say is limited, and what is
 * unknown, not allowed or out of range is kept apart instead of being an error. Pure.
 *
 * @param values what applies
 * @param unused keys that are not used, dotted
 */
record ClusterSettings(Map<Setting, String> values, List<String> unused) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int MOST_KEYS = 1000;
    /** Where a user's data goes and who he is, is for his own machine to say; so is what a daemon has from its start. */
    private static final Set<Setting> OWN = Set.of(
            Setting.MANAGER,
            Setting.TOKEN,
            Setting.TOKEN_FILE,
            Setting.KUBERNETES_SERVICE_ACCOUNT,
            Setting.KUBERNETES_LOGIN_TIMEOUT,
            Setting.NAME,
            Setting.PROXY_PORT,
            Setting.DNS_SERVERS,
            Setting.NETWORK_VIA,
            Setting.IO_THREADS,
            Setting.TIMEOUT_DAEMON,
            Setting.STREAM_CREDIT,
            Setting.STREAM_POOL,
            Setting.STREAM_WINDOW,
            Setting.STREAM_WINDOW_MOST,
            Setting.STREAM_BUDGET,
            Setting.RESUME_WINDOW,
            Setting.RESUME_REMEMBER,
            Setting.STREAM_IDLE_LINKS,
            Setting.LOG_LEVEL,
            Setting.LOG_MAX_SIZE,
            Setting.LOG_KEEP,
            Setting.OUTPUT,
            Setting.PROGRESS);
    /** Telepresence's keys for what is a setting of ours. */
    private static final Map<String, Setting> THEIRS = Map.ofEntries(
            Map.entry("manager.namespace", Setting.MANAGER_NAMESPACE),
            Map.entry("cluster.defaultManagerNamespace", Setting.MANAGER_NAMESPACE),
            Map.entry("timeouts.clusterConnect", Setting.TIMEOUT_CONNECT),
            Map.entry("timeouts.intercept", Setting.TIMEOUT_INTERCEPT),
            Map.entry("timeouts.endpointDial", Setting.TIMEOUT_DIAL),
            Map.entry("timeouts.roundtripLatency", Setting.TIMEOUT_ROUNDTRIP),
            Map.entry("timeouts.trafficManagerAPI", Setting.TIMEOUT_CALL),
            Map.entry("grpc.maxReceiveSize", Setting.GRPC_MAX_MESSAGE),
            Map.entry("dns.lookupTimeout", Setting.DNS_LOOKUP_TIMEOUT),
            Map.entry("dns.includeSuffixes", Setting.DNS_INCLUDE_SUFFIXES),
            Map.entry("dns.excludeSuffixes", Setting.DNS_EXCLUDE_SUFFIXES));
    /** Settings of several words, which others write as lists. */
    private static final Set<Setting> LISTS = Set.of(
            Setting.DNS_INCLUDE_SUFFIXES, Setting.DNS_EXCLUDE_SUFFIXES, Setting.DNS_EXCLUDES, Setting.DNS_MAPPINGS);

    ClusterSettings {
        values = Map.copyOf(values);
        unused = List.copyOf(unused);
    }

    static ClusterSettings of(Map<String, Object> tree) {
        Map<String, Object> flat = new LinkedHashMap<>();
        flatten("", tree, flat);
        Map<Setting, String> values = new EnumMap<>(Setting.class);
        List<String> unused = new ArrayList<>();
        flat.forEach((key, value) -> {
            Setting setting = Setting.of(key).orElse(THEIRS.get(key));
            String text = setting != null && LISTS.contains(setting) ? words(value) : plain(String.valueOf(value));
            if (setting == null || OWN.contains(setting) || !Settings.allows(setting, text)) {
                unused.add(key);
            } else {
                values.put(setting, text);
            }
        });
        return new ClusterSettings(values, unused);
    }

    /** Of a file {@code client.yaml}; what is no map gives none. */
    static ClusterSettings ofYaml(@Nullable String yaml) {
        try {
            return yaml == null || yaml.isBlank() ? of(Map.of()) : of(map(new YAMLMapper().readTree(yaml)));
        } catch (JsonProcessingException e) {
            return new ClusterSettings(Map.of(), List.of("client.yaml (no valid YAML)"));
        }
    }

    static Map<String, Object> map(@Nullable Object tree) {
        try {
            return tree == null ? Map.of() : JSON.convertValue(tree, new TypeReference<Map<String, Object>>() {});
        } catch (IllegalArgumentException noMap) {
            return Map.of();
        }
    }

    /** Telepresence writes sizes as Kubernetes does. */
    private static String plain(String value) {
        return value.matches("\\d+[KMG]i") ? value.substring(0, value.length() - 1) : value;
    }

    /** A list in the way that a setting has it, with commas; Telepresence's mappings are maps of {@code name} and {@code aliasFor}. */
    private static String words(Object value) {
        if (!(value instanceof Collection<?> all)) {
            return String.valueOf(value);
        }
        return all.stream()
                .map(one -> one instanceof Map<?, ?> mapping
                        ? mapping.get("name") + "=" + mapping.get("aliasFor")
                        : String.valueOf(one))
                .collect(Collectors.joining(","));
    }

    private static void flatten(String prefix, Map<?, ?> tree, Map<String, Object> flat) {
        tree.forEach((key, value) -> {
            String path = prefix.isEmpty() ? String.valueOf(key) : prefix + "." + key;
            if (value instanceof Map<?, ?> deeper) {
                flatten(path, deeper, flat);
            } else if (flat.size() < MOST_KEYS) {
                flat.put(path, value instanceof Collection<?> ? value : String.valueOf(value));
            }
        });
    }
}
