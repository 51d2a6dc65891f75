package dev.telepath.manager.kubernetes.injection;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * How the volumes of workloads are lent. Pure.
 *
 * @param policies by name of a volume, or by a path (it begins with a slash) that holds for all mounts at it and below it
 */
public record MountPolicies(Map<String, Policy> policies) {
    /** Whatever nobody speaks of. */
    public static final MountPolicies NONE = new MountPolicies(Map.of());

    private static final ObjectMapper JSON = new ObjectMapper();

    /** The four of Telepresence. */
    public enum Policy {
        /** Not lent. */
        IGNORE,
        /** Not lent, and who runs in the workload's place is told to have a directory of its own there. */
        LOCAL,
        /** Lent, and clients may write where the volume and the agent's user allow it. */
        REMOTE,
        /** Lent for reading. */
        REMOTE_READ_ONLY;

        private static Policy of(String text) {
            return switch (text.strip().toLowerCase(Locale.ROOT)) {
                case "ignore" -> IGNORE;
                case "local" -> LOCAL;
                case "remote" -> REMOTE;
                case "remotereadonly" -> REMOTE_READ_ONLY;
                default ->
                    throw new IllegalArgumentException(
                            "'" + text + "' is no mount policy (Ignore, Local, Remote, RemoteReadOnly)");
            };
        }
    }

    public MountPolicies {
        policies = Map.copyOf(policies);
    }

    /**
     * Reads an object of JSON, {@code {"data": "Remote", "/tmp": "Local"}}, or a list, {@code data=Remote,/tmp=Local}.
     *
     * @throws IllegalArgumentException with a message for the user
     */
    public static MountPolicies parse(String text) {
        Map<String, Policy> policies = new LinkedHashMap<>();
        if (text.strip().startsWith("{")) {
            object(text)
                    .properties()
                    .forEach(
                            each -> put(policies, each.getKey(), each.getValue().asText()));
        } else {
            for (String one : text.split(",", -1)) {
                int sign = one.lastIndexOf('=');
                if (sign < 0 && one.isBlank()) {
                    continue;
                }
                if (sign < 0) {
                    throw new IllegalArgumentException("'" + one.strip() + "' is no NAME=POLICY");
                }
                put(policies, one.substring(0, sign), one.substring(sign + 1));
            }
        }
        return new MountPolicies(policies);
    }

    private static JsonNode object(String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("no JSON: " + e.getOriginalMessage(), e);
        }
    }

    private static void put(Map<String, Policy> policies, String key, String policy) {
        if (key.isBlank()) {
            throw new IllegalArgumentException("a mount policy names no volume and no path");
        }
        policies.put(key.strip(), Policy.of(policy));
    }

    /** The volume's own, else that of the longest path. */
    Optional<Policy> of(String volume, String mountPath) {
        Policy own = policies.get(volume);
        if (own != null) {
            return Optional.of(own);
        }
        Path path = Path.of(mountPath).normalize();
        return policies.entrySet().stream()
                .filter(each -> each.getKey().startsWith("/")
                        && path.startsWith(Path.of(each.getKey()).normalize()))
                .max(Comparator.comparingInt(
                        each -> Path.of(each.getKey()).normalize().getNameCount()))
                .map(Map.Entry::getValue);
    }
}
